import asyncio
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from pathlib import Path
from typing import IO
from uuid import UUID

import click
import msgspec
from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn

from callboard.commands.options import with_settings
from kernel.settings import Settings


@click.command()
@click.option("--project", help="Name or id of the project; default: all of them.")
@click.option("--all", "everything", is_flag=True, help="Also what is pending, was sent back or rejected.")
@click.option("--chat", is_flag=True, help='Only {"messages": […]}, the form in which chat models are trained.')
@click.option(
    "--output", "-o", type=click.Path(dir_okay=False, path_type=Path), help="File that is written; default: stdout."
)
@with_settings
def command(settings: Settings, project: str | None, everything: bool, chat: bool, output: Path | None) -> None:
    """Write the accepted dialogues as NDJSON, one a line; people appear under pseudonyms. docs/bots.md names the fields."""
    from callboard.embedded.attach import installation  # noqa: PLC0415  each command imports only what it needs

    with installation(settings, "callboard export") as endpoints, _destination(output) as file:
        count = asyncio.run(_export(endpoints.applied_to(settings), file, project, everything=everything, chat=chat))
    click.echo(f"{count:,} dialogues", err=True)


async def _export(settings: Settings, file: IO[bytes], project: str | None, *, everything: bool, chat: bool) -> int:
    from callboard.importing.write import find_project  # noqa: PLC0415
    from dialogue.export import export_dialogues  # noqa: PLC0415
    from kernel import db  # noqa: PLC0415

    assert settings.database_url is not None
    count = 0
    async with db.pool(settings.database_url, settings):
        project_id: UUID | None = (await find_project(project)).id if project else None
        with _progress() as bar:
            task = bar.add_task("", total=None)
            lines = export_dialogues(settings, project_id=project_id, accepted_only=not everything)
            async with aclosing(lines):
                async for line in lines:
                    if chat and not line["messages"]:
                        continue
                    wanted = {"messages": line["messages"]} if chat else line
                    file.write(msgspec.json.encode(wanted) + b"\n")
                    count += 1
                    bar.update(task, completed=count)
    return count


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
    columns = (TextColumn("Exporting {task.completed:,} dialogues"), TimeElapsedColumn())
    return Progress(*columns, console=console, disable=not console.is_terminal, transient=True)
