"""Ratings by the project's rubric, and passages that are marked with a reason."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta

from callboard.access import visibility
from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api.assignments import AssignmentId, Epoch
from callboard.api.dialogue import Text
from callboard.api.request import Call
from callboard.api.routes import delete, post, put
from callboard.api.work import unit_of_work
from dialogue import scoring
from dialogue.scoring import ScoreIn, SpanIn, SpanView
from dialogue.views import ConversationView

WORK = Permission.WORK
HERE = "/assignments/{assignment_id:uuid}/dialogue"
Place = Annotated[int, Meta(ge=0, le=10_000_000)]


class Scores(msgspec.Struct, forbid_unknown_fields=True):
    epoch: Epoch
    scores: Annotated[list[ScoreIn], Meta(min_length=1, max_length=500)]
    version: Annotated[int, Meta(ge=1)] | None = None
    """Of the dialogue as it was read."""


class Passage(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    epoch: Epoch
    text_version: Annotated[int, Meta(ge=1, le=32_767)]
    from_char: Place
    """In code points of that version of the text; the first one has 0."""
    to_char: Place
    """Behind the last one."""
    label: Annotated[str, Meta(min_length=1, max_length=40)]
    reason: Text = ""


@put(f"{HERE}/scores", guards=[require(WORK)], operation_id="putScores", tags=["dialogue"])
async def put_scores(request: Call, assignment_id: AssignmentId, data: JSONBody[Scores]) -> Response[ConversationView]:
    """Of turns, candidates, or the whole dialogue (no turn), as often as the mind changes; all of them or none."""

    async def act() -> ConversationView:
        holder = await visibility.holder(request.actor, assignment_id)
        return await scoring.score(
            assignment_id, holder, data.epoch, data.scores, settings=request.settings, seen=data.version
        )

    return await unit_of_work(request, act)


@post(f"{HERE}/turns/{{turn_id:uuid}}/spans", guards=[require(WORK)], operation_id="markPassage", tags=["dialogue"])
async def mark(
    request: Call, assignment_id: AssignmentId, turn_id: FromPath[UUID], data: JSONBody[Passage]
) -> Response[SpanView]:
    """A passage of one version of the text; an edit leaves it where it was marked."""
    span = SpanIn(
        text_version=data.text_version, from_char=data.from_char, to_char=data.to_char, label=data.label,
        reason=data.reason,
    )  # fmt: skip

    async def act() -> SpanView:
        holder = await visibility.holder(request.actor, assignment_id)
        return await scoring.mark(assignment_id, holder, data.epoch, turn_id, span, settings=request.settings)

    return await unit_of_work(request, act, status=201)


@delete(
    f"{HERE}/spans/{{span_id:uuid}}",
    guards=[require(WORK)], status_code=204, operation_id="unmarkPassage", tags=["dialogue"],
)  # fmt: skip
async def unmark(
    request: Call, assignment_id: AssignmentId, span_id: FromPath[UUID], epoch: FromQuery[int]
) -> Response[None]:
    """It is marked no longer; doing it again changes nothing."""

    async def act() -> None:
        holder = await visibility.holder(request.actor, assignment_id)
        await scoring.unmark(assignment_id, holder, epoch, span_id)

    return await unit_of_work(request, act, status=204)


route_handlers = [put_scores, mark, unmark]
