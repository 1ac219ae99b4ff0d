import sys
from pathlib import Path

import click


@click.group()
def command() -> None:
    """Statements of pay, as files."""


@command.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def verify(file: Path) -> None:
    """Compute FILE again: every price from its inputs, every hash, the sum. It needs no installation; status 1 if anything differs."""
    from kernel.money import amount_text  # noqa: PLC0415  each command imports only what it needs
    from payments import statements  # noqa: PLC0415

    document = statements.read(file.read_bytes())
    view, wrong = document.statement, statements.check(document)
    click.echo(f"statement {view.number} of {view.name}, {view.starts_at:%Y-%m-%d} to {view.ends_at:%Y-%m-%d}")
    click.echo(
        f"lines {view.lines}, sum {amount_text(sum(line.amount.micros for line in document.lines))} {view.earned.currency}"
    )
    click.echo(f"carried in {amount_text(view.carried_in.micros)}, payable {amount_text(view.payable.micros)}, carried on {amount_text(view.carried_out.micros)}")  # fmt: skip
    click.echo(f"hash {view.hash}")
    click.echo(f"before {document.previous_hash}")
    click.echo(f"ledger {document.chain_head}")
    for one in wrong:
        click.echo(f"FAIL  {one}")
    click.echo("NOT everything fits" if wrong else "everything fits")
    sys.exit(1 if wrong else 0)
