"""Tasks as a stream of lines: judged completely before anything is written, then written chunk by chunk."""

import asyncio
from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Response
from litestar.params import FromPath, FromQuery, QueryParameter

from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api.request import Call, check_media_type
from callboard.api.routes import post
from callboard.api.work import reply
from callboard.importing.events import AboveLimit, LineError, Unreadable
from callboard.importing.mapping import Rules, built_in
from callboard.importing.source import PARSERS
from callboard.importing.stage import Stage
from callboard.importing.write import judge_by_database, write
from callboard.problems import too_large
from kernel.errors import Invalid, TooManyRequests
from kernel.settings import Settings
from routing.projects import project

NDJSON = ("application/x-ndjson", "application/jsonl")
OWN_FORM, DETECT = "callboard", "auto"
AT_ONCE = 2
"""Imports under way in one process: each takes a thread, and people at work come first."""
_running = 0


class ImportRefused(Invalid):
    code = "import_refused"
    title = "Some lines cannot be imported, so none was"


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    import_id: UUID | None
    """None after a dry run."""
    mapping: str
    records: int
    good: int
    bad: int
    created: int
    existing: int
    already: bool
    """The same content had been imported before: nothing was added."""
    errors: list[LineError]
    warned: int
    warnings: list[LineError]


@post(
    "/projects/{project_id:uuid}/tasks/import",
    guards=[require(Permission.TASKS_WRITE)], status_code=200, operation_id="importTasks", tags=["tasks"],
    request_max_body_size=None,
)  # fmt: skip
async def import_lines(
    request: Call,
    project_id: FromPath[UUID],
    mapping: Annotated[str, QueryParameter(max_length=60)] = OWN_FORM,
    skip_bad_lines: FromQuery[bool] = False,
    dry_run: FromQuery[bool] = False,
) -> Response[Imported]:
    """One task a line (`application/x-ndjson`), in our own form, in one that `mapping` names, or told from the first (`auto`).

    Bad lines are listed with their numbers; then nothing is imported, unless `skip_bad_lines`. The same lines again add
    nothing, so an import that was cut off is simply sent again.
    """
    global _running  # noqa: PLW0603  one bound per process
    check_media_type(request, NDJSON)
    await project(project_id)
    if _running >= AT_ONCE:
        raise TooManyRequests("Other imports are under way; try again in a moment.", retry_after_seconds=5)
    _running += 1
    try:
        with Stage(request.settings, _rules(mapping), judge=await judge_by_database(project_id)) as stage:
            await _fill(request, stage)
            return reply(
                await _finish(stage, project_id, request.actor.label, skip_bad_lines=skip_bad_lines, dry_run=dry_run)
            )
    finally:
        _running -= 1


def _rules(mapping: str) -> Rules | None:
    """Only mappings that come along: a name from outside must never become the path of a file here."""
    if mapping == DETECT:
        return None
    known = built_in()
    if mapping not in known:
        raise Invalid(f"There is no mapping {mapping!r}; known are {', '.join(sorted(known))}.")
    return known[mapping]


async def _fill(request: Call, stage: Stage) -> None:
    """Reads at most `import_limit_bytes`; parsing happens in a thread, a chunk at a time."""
    settings: Settings = request.settings
    limit, total = settings.import_limit_bytes, 0
    parser: Any = PARSERS["ndjson"](settings)
    take: Callable[[Any], None] = stage.take
    try:
        async for chunk in request.stream():
            total += len(chunk)
            if total > limit:
                raise too_large(limit)
            if chunk:
                await asyncio.to_thread(lambda piece: take(parser.feed(piece)), chunk)
        await asyncio.to_thread(lambda: take(parser.close()))
    except AboveLimit as error:
        raise too_large(limit) from error
    except Unreadable as error:
        raise ImportRefused(str(error)) from error
    if not stage.report.records:
        raise ImportRefused("The body holds no lines.")


async def _finish(stage: Stage, project_id: UUID, actor: str, *, skip_bad_lines: bool, dry_run: bool) -> Imported:
    report = stage.report
    counts: dict[str, Any] = {
        "mapping": report.mapping, "records": report.records, "good": report.good, "bad": report.bad,
        "errors": report.errors, "warned": report.warned, "warnings": report.warnings,
    }  # fmt: skip
    if report.bad and not skip_bad_lines and not dry_run:
        raise ImportRefused(
            f"{report.bad} of {report.records} lines cannot be imported.", **msgspec.to_builtins(counts)
        )
    if dry_run or not report.good:
        return Imported(import_id=None, created=0, existing=0, already=False, **counts)
    done = await write(stage, project_id, "API", actor=actor)
    return Imported(
        import_id=done.import_id, created=done.created, existing=done.existing, already=done.already, **counts
    )


route_handlers = [import_lines]
