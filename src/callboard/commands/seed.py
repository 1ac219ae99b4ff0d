import asyncio

import click

from callboard.commands.options import with_settings
from kernel.settings import Settings


@click.command()
@with_settings
def command(settings: Settings) -> None:
    """Fill a fresh installation with the demo's people, projects and tasks; a second time adds nothing."""
    from callboard.embedded.attach import servers  # noqa: PLC0415  each command imports only what it needs

    with servers(settings, "callboard seed") as endpoints:
        for line in asyncio.run(_seed(endpoints.applied_to(settings))):
            click.echo(line)


async def _seed(settings: Settings) -> list[str]:
    from callboard.commands.prepare import prepare  # noqa: PLC0415
    from callboard.demo.seeding import describe_logins, seed  # noqa: PLC0415
    from callboard.wiring import wire  # noqa: PLC0415
    from kernel import db  # noqa: PLC0415

    wire()
    lines = await prepare(settings)
    assert settings.database_url is not None
    async with db.pool(settings.database_url, settings, min_size=1):
        added = await seed(settings)
    if added.projects:
        lines.append(f"Added {added.people} people, {added.projects} projects and {added.tasks} tasks.")
    else:
        lines.append("The demo is here already; nothing was added.")
    return [*lines, *describe_logins()]
