import contextlib

import click

from callboard.commands.options import with_settings
from kernel.settings import Settings


@click.command()
@click.option("--demo", is_flag=True, help="Fill a fresh installation with a believable workforce and work.")
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on.")
@with_settings
def command(settings: Settings, demo: bool) -> None:
    """Start everything on this machine and keep it running until Ctrl-C."""
    from callboard.up import Site  # noqa: PLC0415  the other commands need none of it

    Site(settings, say, demo=demo).run()


def say(text: str) -> None:
    """A terminal that was closed must not end the site."""
    with contextlib.suppress(OSError):
        click.echo(text)
