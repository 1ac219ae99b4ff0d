"""A file on disk through parser and stage: everything about an import that needs no database."""

import errno
import shutil
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from callboard.importing.events import AboveLimit, LineError, Unreadable
from callboard.importing.mapping import Rules
from callboard.importing.source import PARSERS, Format, peek, read_blocks, tell_format
from callboard.importing.stage import Stage
from kernel.errors import StorageFull
from kernel.settings import Settings
from routing.intake import TaskDraft

FREE_SPACE_FACTOR = 2
"""Free bytes wanted per byte of the file: the staged drafts are about as large as it, and the database needs room too."""


def stage_file(
    path: Path,
    settings: Settings,
    rules: Rules | None = None,
    *,
    file_format: Format | None = None,
    revise: Callable[[Rules], Rules] = lambda rules: rules,
    judge: Callable[[TaskDraft], str | None] = lambda _: None,
    on_error: Callable[[LineError], None] = lambda _: None,
    progress: Callable[[int], None] | None = None,
    folder: Path | None = None,
) -> Stage:
    """The caller closes the stage. `progress` hears the bytes of the file read so far; `folder` is for what is staged.

    Raises `Unreadable` (the file as a whole is no use), `StorageFull`, `BadMapping`, `BadExpression`.
    """
    try:
        _check_size(path, settings, folder)
        head, blocks = peek(read_blocks(path, settings, progress))
        parser = PARSERS[file_format or tell_format(head, path.name)](settings)
        with ExitStack() as until_complete:
            stage = until_complete.enter_context(
                Stage(
                    settings,
                    rules,
                    textual=parser.textual,
                    revise=revise,
                    judge=judge,
                    on_error=on_error,
                    folder=folder,
                )
            )
            for block in blocks:
                stage.take(parser.feed(block))
            stage.take(parser.close())
            if not stage.report.records:
                raise Unreadable(f"The file {path} holds no records.")
            until_complete.pop_all()
            return stage
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise StorageFull from error
        raise Unreadable(f"The file {path} cannot be read: {error.strerror or error}.") from error


def _check_size(path: Path, settings: Settings, folder: Path | None) -> None:
    size = path.stat().st_size
    if size > settings.import_limit_bytes:
        raise AboveLimit(f"The file has {size:,} bytes; an import may have {settings.import_limit_bytes:,}.")
    free = shutil.disk_usage(folder or tempfile.gettempdir()).free
    if free < size * FREE_SPACE_FACTOR:
        raise StorageFull(
            f"An import of {size:,} bytes needs {size * FREE_SPACE_FACTOR:,} free bytes; {free:,} are left."
        )
