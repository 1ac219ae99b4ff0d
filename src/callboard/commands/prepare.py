import asyncio

import click

from callboard.commands.options import with_settings
from kernel.settings import Settings


@click.command(hidden=True)
@click.option("--demo", is_flag=True, help="Fill a fresh installation with the demo.")
@with_settings
def command(settings: Settings, demo: bool) -> None:
    """What `up` does before the site is ready: schema, first account, demo. Prints what a person should read."""
    from callboard.embedded.attach import servers  # noqa: PLC0415  each command imports only what it needs

    with servers(settings, "callboard prepare") as endpoints:
        for line in asyncio.run(_prepare_all(endpoints.applied_to(settings), demo=demo)):
            click.echo(line)


async def _prepare_all(settings: Settings, *, demo: bool) -> list[str]:
    lines = await prepare(settings)
    return lines + await _add_demo(settings) if demo else lines


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


async def _add_demo(settings: Settings) -> list[str]:
    """An installation that has work of its own goes on without the demo: `make run` is for it as well."""
    from callboard.demo.seeding import NotFresh, describe_logins, seed  # noqa: PLC0415
    from callboard.wiring import wire  # noqa: PLC0415
    from kernel import db  # noqa: PLC0415

    wire()
    assert settings.database_url is not None
    async with db.pool(settings.database_url, settings, min_size=1):
        try:
            await seed(settings)
        except NotFresh as error:
            return [f"The demo was left out: {error.detail}."]
    return describe_logins()
