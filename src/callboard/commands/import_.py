import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from callboard.commands.options import with_settings
from callboard.importing.files import stage_file
from callboard.importing.mapping import Rules, choose
from callboard.importing.source import PARSERS, Format
from callboard.importing.stage import Report, Stage
from callboard.importing.summary import Summary
from callboard.importing.write import Outcome, find_project, judge_by_database, write
from kernel import db
from kernel.settings import Settings
from routing.intake import TaskDraft


class Wish(NamedTuple):
    """What the options say."""

    path: Path
    mapping: str | None
    places: tuple[str, ...]
    constants: tuple[str, ...]
    values: tuple[str, ...]
    file_format: Format | None
    skip_bad_lines: bool
    dry_run: bool
    errors: Path | None
    quiet: bool

    def revised(self, rules: Rules) -> Rules:
        return rules.with_options(self.places, self.constants, self.values)

    def base(self) -> Rules | None:
        return choose(self.mapping) if self.mapping else None


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--project", help="Name or id of the project that gets the tasks. A dry run does without.")
@click.option(
    "--mapping", help="Name of a mapping that comes along, or a TOML file. Default: told from the first record."
)
@click.option("--map", "places", multiple=True, metavar="FIELD=PATH", help="Where a field stands: domain=category.")
@click.option("--set", "constants", multiple=True, metavar="FIELD=VALUE", help="The same for all: language=en.")
@click.option(
    "--map-value", "values", multiple=True, metavar="FIELD.VALUE=RESULT", help="Translate: domain.math=general."
)
@click.option("--format", "file_format", type=click.Choice(list(PARSERS)), help="Default: told from the content.")
@click.option("--skip-bad-lines", is_flag=True, help="Import the good records although some are bad.")
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
@click.option(
    "--errors", type=click.Path(dir_okay=False, path_type=Path), help="Write every bad line there, as NDJSON."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@with_settings
def command(settings: Settings, file: Path, project: str | None, as_json: bool, **options: Any) -> None:
    """Make tasks out of FILE: NDJSON, a JSON array or CSV, plain or .gz. docs/importing.md has the mapping language.

    Nothing is imported when a record is bad, unless --skip-bad-lines; a second run of the same file adds nothing.
    """
    wish = Wish(path=file, quiet=as_json, **options)
    if project is None and not wish.dry_run:
        raise click.UsageError("Say which --project gets the tasks, or try it with --dry-run.")
    with ExitStack() as stack:
        if project is None:
            report, outcome = _judge_only(wish, settings)
        else:
            from callboard.embedded.attach import installation  # noqa: PLC0415  a dry run needs no servers

            endpoints = stack.enter_context(installation(settings, "callboard import"))
            report, outcome = asyncio.run(_import(wish, endpoints.applied_to(settings), project))
    refused = report.bad > 0 and not wish.skip_bad_lines
    summary = Summary(file.name, project, report, outcome, refused=refused)
    click.echo(summary.as_json() if as_json else summary.as_text())
    sys.exit(1 if refused or not report.good else 0)


def _judge_only(wish: Wish, settings: Settings) -> tuple[Report, Outcome | None]:
    with _stage(wish, settings, lambda _: None) as stage:
        return stage.report, None


async def _import(wish: Wish, settings: Settings, project: str) -> tuple[Report, Outcome | None]:
    from callboard.wiring import wire  # noqa: PLC0415  it imports every package, and a dry run needs none

    wire()
    assert settings.database_url is not None
    async with db.pool(settings.database_url, settings):
        owner = await find_project(project)
        with _stage(wish, settings, await judge_by_database(owner.id)) as stage:
            report = stage.report
            if wish.dry_run or not report.good or (report.bad and not wish.skip_bad_lines):
                return report, None
            with _progress(wish, TextColumn("Writing"), MofNCompleteColumn()) as bar:
                task = bar.add_task("", total=report.good)
                outcome = await write(stage, owner.id, wish.path.name, lambda done: bar.update(task, completed=done))
            return report, outcome


def _stage(wish: Wish, settings: Settings, judge: Callable[[TaskDraft], str | None]) -> Stage:
    with _error_file(wish.errors) as on_error, _progress(wish, TextColumn("Reading"), DownloadColumn()) as bar:
        task = bar.add_task("", total=wish.path.stat().st_size)
        return stage_file(
            wish.path,
            settings,
            wish.base(),
            file_format=wish.file_format,
            revise=wish.revised,
            judge=judge,
            on_error=on_error,
            progress=lambda done: bar.update(task, completed=done),
        )


@contextmanager
def _error_file(path: Path | None) -> Iterator[Any]:
    if path is None:
        yield lambda _: None
        return
    try:
        file = path.open("wb")
    except OSError as error:
        raise click.ClickException(f"The error file {path} cannot be written: {error.strerror}.") from error
    with file:
        yield lambda error: file.write(msgspec.json.encode(error) + b"\n")


def _progress(wish: Wish, *columns: Any) -> Progress:
    """On stderr and only for people: a pipe gets the result alone."""
    console = Console(stderr=True)
    hidden = wish.quiet or not console.is_terminal
    return Progress(*columns, BarColumn(), TimeRemainingColumn(), console=console, disable=hidden, transient=True)
