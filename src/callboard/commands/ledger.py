import asyncio
import sys

import click

from callboard.commands.options import with_settings
from kernel.settings import Settings


@click.group()
def command() -> None:
    """The books: double entry, append-only, hash-chained."""


@command.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--head", help="A hash that was noted down: it must still be in the ledger's chain.")
@click.option("--note", is_flag=True, help="Write down what was found, for the checklist of a pay period.")
@with_settings
def verify(settings: Settings, as_json: bool, head: str | None, note: bool) -> None:
    """Add everything up again and hash every transfer and audit row anew. Names each row that does not fit; status 1 then."""
    from callboard.embedded.attach import installation  # noqa: PLC0415  each command imports only what it needs
    from callboard.ledger_check import run_ledger_check  # noqa: PLC0415

    with installation(settings, "callboard ledger verify") as endpoints:
        report = asyncio.run(run_ledger_check(endpoints.database_url, head, note=note))
    click.echo(report.to_json() if as_json else report.to_text())
    sys.exit(0 if report.ok else 1)
