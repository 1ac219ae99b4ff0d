import click

from callboard.commands.options import with_settings
from kernel.settings import Settings


@click.command()
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on.")
@with_settings
def command(settings: Settings) -> None:
    """Run the web server alone: JSON API, pages and live streams."""
    from callboard.embedded.attach import servers  # noqa: PLC0415  each part imports only what it needs
    from callboard.server import run_api  # noqa: PLC0415

    with servers(settings, "callboard api", guest_seconds=settings.stop_seconds / 2) as endpoints:
        run_api(endpoints.applied_to(settings))
