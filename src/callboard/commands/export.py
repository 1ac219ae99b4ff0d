import asyncio
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import aclosing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, NamedTuple, get_args
from uuid import UUID

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from callboard.commands.options import with_settings
from dialogue import snapshot_files, snapshots
from dialogue.export import Filters, Identities, State, Writer, export_dialogues, format_named
from dialogue.formats import FORMATS
from dialogue.snapshots import SnapshotDraft, SnapshotView
from kernel import db
from kernel.settings import Settings

ACTOR = "system:export"
_MOMENT = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"])


class Wish(NamedTuple):
    """What the options say."""

    project: str | None
    code: str
    filters: Filters
    identities: Identities
    reason: str
    keep: bool
    snapshot: UUID | None


@click.command()
@click.option("--project", help="Name or id of the project; default: all of them.")
@click.option("--format", "code", type=click.Choice(list(FORMATS)), help="Default: callboard, the whole truth.")
@click.option("--chat", is_flag=True, help="The same as --format openai.")
@click.option("--all", "everything", is_flag=True, help="Also what is pending, was sent back or rejected.")
@click.option(
    "--what",
    type=click.Choice(["all", "work", "imported"]),
    default="all",
    help="What was handed in, or came with tasks.",
)
@click.option("--since", type=_MOMENT, help="Handed in, or come, from then on (UTC).")
@click.option("--until", type=_MOMENT, help="… and before then.")
@click.option("--language", "languages", multiple=True, help="A tag; zh finds zh-CN as well. May be repeated.")
@click.option("--domain", "domains", multiple=True, help="May be repeated.")
@click.option(
    "--verdict",
    "verdicts",
    multiple=True,
    type=click.Choice(["accept", "fix", "rework", "reject"]),
    help="The last one.",
)
@click.option("--at-least", metavar="DIMENSION=VALUE", help="Quality: helpfulness=4, or rating=4 for the plain form.")
@click.option("--real-ids", is_flag=True, help="Show who people are, instead of pseudonyms; audited. Needs --reason.")
@click.option("--reason", default="", help="Why real ids are wanted.")
@click.option("--keep", is_flag=True, help="Make a snapshot of the project: the same id gives the same file for ever.")
@click.option("--snapshot", type=click.UUID, help="Write the file of this snapshot; no other option counts then.")
@click.option(
    "--output", "-o", type=click.Path(dir_okay=False, path_type=Path), help="File that is written; default: stdout."
)
@with_settings
def command(settings: Settings, output: Path | None, **given: Any) -> None:
    """Write dialogues in a form that trainers read, or whole, as NDJSON. docs/exports.md shows the forms.

    People appear under pseudonyms. Without --keep the file holds what there is while it is written.
    """
    from callboard.embedded.attach import installation  # noqa: PLC0415  each command imports only what it needs

    wish = _wish(given)
    with installation(settings, "callboard export") as endpoints, _destination(output) as file:
        said = asyncio.run(_export(endpoints.applied_to(settings), file, wish))
    click.echo(said, err=True)


def _wish(given: dict[str, Any]) -> Wish:
    """Raises `click.UsageError`."""
    dimension, _, value = (given["at_least"] or "").partition("=")
    try:
        at_least = float(value) if given["at_least"] else None
    except ValueError as error:
        raise click.UsageError("--at-least reads DIMENSION=VALUE, for example helpfulness=4.") from error
    everything: list[Any] = list(get_args(State))
    filters = Filters(
        what=given["what"], states=everything if given["everything"] else ["accepted"], since=_utc(given["since"]),
        until=_utc(given["until"]), languages=list(given["languages"]), domains=list(given["domains"]),
        verdicts=list(given["verdicts"]), dimension=dimension, at_least=at_least,
    )  # fmt: skip
    if given["real_ids"] and not given["reason"].strip():
        raise click.UsageError("Real ids go out with a --reason only.")
    if given["keep"] and not given["project"]:
        raise click.UsageError("A snapshot is of one --project.")
    return Wish(
        project=given["project"], code="openai" if given["chat"] else given["code"] or "callboard", filters=filters,
        identities="real" if given["real_ids"] else "pseudonym", reason=given["reason"], keep=given["keep"],
        snapshot=given["snapshot"],
    )  # fmt: skip


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=UTC)


async def _export(settings: Settings, file: IO[bytes], wish: Wish) -> str:
    from callboard.importing.write import find_project  # noqa: PLC0415

    assert settings.database_url is not None
    async with db.pool(settings.database_url, settings):
        if wish.snapshot is not None:
            view = await snapshots.snapshot_by_id(wish.snapshot)
            return await _download(file, await _there_again(settings, view))
        project_id = (await find_project(wish.project)).id if wish.project else None
        if wish.keep:
            assert project_id is not None
            return await _download(file, await _make(settings, project_id, wish))
        if wish.identities == "real":
            async with db.transaction(ACTOR):
                await snapshots.record_real_ids(project_id, wish.code, wish.reason)
        return await _stream(settings, file, wish, project_id)


async def _stream(settings: Settings, file: IO[bytes], wish: Wish, project_id: UUID | None) -> str:
    writer, count = Writer(format_named(wish.code)), 0
    source = export_dialogues(settings, project_id=project_id, filters=wish.filters, identities=wish.identities)
    file.write(writer.head())
    with _progress() as bar:
        task = bar.add_task("", total=None)
        async with aclosing(source):
            async for record in source:
                file.write(writer.take([record]))
                count += 1
                bar.update(task, completed=count)
    file.write(writer.tail())
    return _said(count, writer.lines, writer.left_out)


async def _make(settings: Settings, project_id: UUID, wish: Wish) -> SnapshotView:
    """Made here, slice by slice: no worker need be running."""
    draft = SnapshotDraft(format=wish.code, filters=wish.filters, identities=wish.identities, reason=wish.reason)
    async with db.transaction(ACTOR):
        view = await snapshots.make(project_id, draft, made_by=ACTOR)
    return await _finished(settings, view)


async def _there_again(settings: Settings, view: SnapshotView) -> SnapshotView:
    """A file that was removed is built again, here."""
    if view.state != "removed":
        return view
    async with db.transaction(ACTOR):
        await snapshot_files.rebuild(view.project_id, view.id)
    return await _finished(settings, await snapshots.snapshot(view.project_id, view.id))


async def _finished(settings: Settings, view: SnapshotView) -> SnapshotView:
    project_id = view.project_id
    with _progress() as bar:
        task = bar.add_task("", total=view.dialogues)
        while view.state in {"making", "rebuilding"}:
            async with db.transaction(ACTOR):
                await snapshot_files.advance(view.id, settings)
            view = await snapshots.snapshot(project_id, view.id)
            bar.update(task, completed=view.done)
    return view


async def _download(file: IO[bytes], view: SnapshotView) -> str:
    async with db.transaction(ACTOR):
        await snapshots.record_download(view)
    async for piece in snapshot_files.content(view.id):
        file.write(piece)
    said = _said(view.dialogues, view.lines, view.left_out)
    return f"{said}\nsnapshot {view.id}\nsha256 {view.sha256}"


def _said(dialogues: int, lines: int, left_out: Mapping[str, int]) -> str:
    reasons = ", ".join(f"{reason} {count:,}" for reason, count in sorted(left_out.items()))
    return f"{dialogues:,} dialogues, {lines:,} lines" + (f"; left out: {reasons}" if reasons else "")


@contextmanager
def _destination(output: Path | None) -> Iterator[IO[bytes]]:
    """A file appears whole or not at all; whoever reads our stdout may stop reading."""
    if output is None:
        try:
            yield sys.stdout.buffer
            sys.stdout.buffer.flush()
        except BrokenPipeError:
            os.dup2(
                os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno()
            )  # the interpreter flushes once more at its end
        return
    try:
        with tempfile.NamedTemporaryFile(dir=output.parent, prefix=f".{output.name}.", delete=False) as file:
            aside = Path(file.name)
            try:
                yield file
                file.flush()
                os.fsync(file.fileno())
                aside.chmod(0o640)
                aside.replace(output)
            except BaseException:
                aside.unlink(missing_ok=True)
                raise
    except OSError as error:
        if isinstance(error, ConnectionError | TimeoutError):
            raise  # the database's, not the file's
        raise click.ClickException(f"{output} cannot be written: {error.strerror}.") from error


def _progress() -> Progress:
    """On stderr and only for people."""
    console = Console(stderr=True)
    columns = (TextColumn("Exporting {task.completed:,} dialogues"), BarColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console, disable=not console.is_terminal, transient=True)
