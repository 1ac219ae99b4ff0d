import asyncio
import sys

import click

from callboard.commands.options import with_settings
from kernel.settings import Settings


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@with_settings
def command(settings: Settings, as_json: bool) -> None:
    """Test every invariant on the data: counts of violations, all 0 when it is well. Status 1 when not."""
    from callboard.checks import run_checks  # noqa: PLC0415  each command imports only what it needs
    from callboard.embedded.attach import installation  # noqa: PLC0415

    with installation(settings, "callboard check") as endpoints:
        report = asyncio.run(run_checks(endpoints.database_url))
    click.echo(report.to_json() if as_json else report.to_text())
    sys.exit(0 if report.ok else 1)
