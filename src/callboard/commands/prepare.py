import asyncio

import click

from callboard.commands.options import with_settings
from kernel.settings import Settings


@click.command(hidden=True)
@with_settings
def command(settings: Settings) -> None:
    """What `up` does before the site is ready: schema and first account. Prints what a person should read."""
    from callboard.embedded.attach import servers  # noqa: PLC0415  each command imports only what it needs

    with servers(settings, "callboard prepare") as endpoints:
        for line in asyncio.run(prepare(endpoints.applied_to(settings))):
            click.echo(line)


async def prepare(settings: Settings) -> list[str]:
    """Safe to repeat and to run twice at once; the first account's password is in the answer this once."""
    from callboard.access.people import FIRST_ADMIN, ensure_admin  # noqa: PLC0415
    from callboard.migrate import migrate  # noqa: PLC0415
    from kernel import db  # noqa: PLC0415

    assert settings.database_url is not None
    await migrate(settings.database_url, settings)
    async with db.pool(settings.database_url, settings, min_size=1):
        password = await ensure_admin(settings)
    if password is None:
        return []
    return [
        f"Administrator: {FIRST_ADMIN}   password: {password}   (shown this once; change it after the first sign-in)"
    ]
