import asyncio
import sys
from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from callboard.commands.options import with_settings
from callboard.roster_import.plan import Rights
from callboard.roster_import.reading import Format, Lines, csv_bytes, mend_file, read
from callboard.roster_import.write import PeopleImported, import_people
from kernel.settings import Settings

SHOWN_LINES = 40
ACTOR = "command-line"


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object with every line.")
@click.option("--bad", type=click.Path(dir_okay=False, path_type=Path), help="Write the bad lines there, to be mended.")
@with_settings
def command(settings: Settings, file: Path, dry_run: bool, as_json: bool, bad: Path | None) -> None:
    """Add people out of FILE, CSV or NDJSON; docs/people.md names the columns. The same file again changes nothing."""
    from callboard.embedded.attach import installation  # noqa: PLC0415  help must not load the servers

    lines = read(file.read_bytes(), settings, _format(file))
    with installation(settings, "callboard import-people") as endpoints:
        report = asyncio.run(_import(lines, endpoints.applied_to(settings), dry_run=dry_run, quiet=as_json))
    if bad is not None:
        _write_bad(bad, lines, report)
    click.echo(msgspec.json.encode(report).decode() if as_json else "\n".join(_text(file.name, report)))
    sys.exit(1 if report.bad else 0)


def _format(file: Path) -> Format:
    return "ndjson" if file.suffix.lower() in {".ndjson", ".jsonl"} else "csv"


async def _import(lines: Lines, settings: Settings, *, dry_run: bool, quiet: bool) -> PeopleImported:
    from callboard.wiring import wire  # noqa: PLC0415
    from kernel import db  # noqa: PLC0415

    wire()
    assert settings.database_url is not None
    console = Console(stderr=True)
    columns = (TextColumn("People"), MofNCompleteColumn(), BarColumn())
    async with db.pool(settings.database_url, settings):
        with Progress(*columns, console=console, disable=quiet or not console.is_terminal, transient=True) as bar:
            task = bar.add_task("", total=len(lines.people) + len(lines.bad))
            return await import_people(
                lines,
                Rights(),
                settings,
                ACTOR,
                dry_run=dry_run,
                progress=lambda done: bar.update(task, completed=done),
            )


def _write_bad(path: Path, lines: Lines, report: PeopleImported) -> None:
    reasons = {line.line: line.reason or "" for line in report.lines if line.outcome == "bad"}
    try:
        path.write_bytes(csv_bytes(*mend_file(lines, reasons)))
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written: {error.strerror}.") from error


def _text(name: str, report: PeopleImported) -> list[str]:
    would = "would be " if report.dry_run else ""
    counts = f"new {report.created:,}, changed {report.updated:,}, as they are {report.unchanged:,}, bad {report.bad:,}"
    found = [f"{name}: {report.records:,} people ({report.encoding}); {would}{counts}."]
    if report.ignored_columns:
        found.append(f"  columns that mean nothing here: {', '.join(report.ignored_columns)}")
    bad = [line for line in report.lines if line.outcome == "bad"]
    found += [f"  line {line.line:,}: {line.reason}" for line in bad[:SHOWN_LINES]]
    if len(bad) > SHOWN_LINES:
        found.append(f"  and {len(bad) - SHOWN_LINES:,} more; --bad writes all of them into a file")
    return found
