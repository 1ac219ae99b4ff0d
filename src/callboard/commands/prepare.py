import asyncio

import click

from callboard.commands.options import with_settings
from kernel.settings import Settings


@click.command(hidden=True)
@click.option("--demo", is_flag=True)
@with_settings
def command(settings: Settings, demo: bool) -> None:
    """What `up` does before the site starts: schema, first account, demo. Prints what a person should read."""
    from callboard.embedded.attach import servers  # noqa: PLC0415  each command imports only what it needs
    from callboard.migrate import migrate  # noqa: PLC0415

    with servers(settings, "callboard prepare") as endpoints:
        asyncio.run(migrate(endpoints.database_url, settings))
