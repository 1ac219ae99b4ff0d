import asyncio

import click

from callboard.commands.options import with_settings
from kernel.settings import Settings


@click.command()
@with_settings
def command(settings: Settings) -> None:
    """Bring the database to the schema of this version; safe to run twice or at once."""
    from callboard.embedded.attach import servers  # noqa: PLC0415  each command imports only what it needs
    from callboard.migrate import migrate  # noqa: PLC0415

    with servers(settings, "callboard migrate") as endpoints:
        applied = asyncio.run(migrate(endpoints.database_url, settings))
    click.echo("\n".join(f"applied {name}" for name in applied) or "The schema is up to date.")
