"""A request body through parser and stage, while it arrives: what `files` does for a file on disk."""

from collections.abc import AsyncIterable, Callable
from contextlib import ExitStack
from pathlib import Path

from callboard.importing.events import Unreadable
from callboard.importing.mapping import Rules, choose
from callboard.importing.parser import NdjsonParser
from callboard.importing.stage import Stage
from kernel.settings import Settings
from routing.intake import TaskDraft

OWN_FORM = "callboard"


async def stage_stream(
    blocks: AsyncIterable[bytes],
    settings: Settings,
    rules: Rules | None = None,
    *,
    judge: Callable[[TaskDraft], str | None] = lambda _: None,
    folder: Path | None = None,
) -> Stage:
    """NDJSON in our own form, unless `rules` say otherwise. The caller closes the stage.

    A connection that breaks off raises out of `blocks`, and nothing of it stays. Raises `Unreadable`.
    """
    parser = NdjsonParser(settings)
    with ExitStack() as until_complete:
        stage = until_complete.enter_context(Stage(settings, rules or choose(OWN_FORM), judge=judge, folder=folder))
        async for block in blocks:
            stage.take(parser.feed(block))
        stage.take(parser.close())
        if not stage.report.records:
            raise Unreadable("The request holds no records.")
        until_complete.pop_all()
        return stage
