import click

from callboard.commands.options import with_settings
from kernel.settings import Settings


@click.command()
@with_settings
def command(settings: Settings) -> None:
    """Run the clock and the relay alone; of several, one leads and the others stand by."""
    from callboard.clock import run_clock  # noqa: PLC0415  each part imports only what it needs
    from callboard.embedded.attach import servers  # noqa: PLC0415

    with servers(settings, "callboard clock", guest_seconds=settings.stop_seconds / 2) as endpoints:
        run_clock(endpoints.applied_to(settings))
