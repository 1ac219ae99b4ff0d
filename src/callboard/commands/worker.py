import click

from callboard.commands.options import with_settings
from kernel.settings import Settings


@click.command()
@with_settings
def command(settings: Settings) -> None:
    """Run a background worker alone; any number of them may run."""
    from callboard.embedded.attach import servers  # noqa: PLC0415  each part imports only what it needs
    from callboard.worker import run_worker  # noqa: PLC0415

    with servers(settings, "callboard worker", guest_seconds=settings.stop_seconds / 2) as endpoints:
        run_worker(endpoints.applied_to(settings))
