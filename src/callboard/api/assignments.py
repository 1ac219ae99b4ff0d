"""The core loop: claim, keep, save, hand in or hand back, judge."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from litestar import Response
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import Meta

from callboard.access import visibility
from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api.desk import Desk
from callboard.api.paging import DEFAULT_LIMIT, Cursor, Limit, Page, check_limit, read_cursor, write_cursor
from callboard.api.request import Call
from callboard.api.routes import get, post
from callboard.api.shapes import Assignment, Claimed, outward
from callboard.api.work import IDEMPOTENCY_KEY, NO_CONTENT, answer, etag, fingerprint_of, if_match, reply, unit_of_work
from callboard.breaking import breaker
from callboard.handing_in import submit_dialogue
from kernel.errors import Invalid, NotFound
from routing import leases
from routing.assignments import assignment, assignments
from routing.gold_giving import claim_hiding
from routing.heads import KINDS
from routing.leases import Lease
from routing.review import VerdictDraft, VerdictGiven, give_verdict
from routing.submission import Submitted, submit
from routing.together import Ask

READ, WORK = Permission.ASSIGNMENTS_READ, Permission.WORK
Epoch = Annotated[int, Meta(ge=1, le=2_147_483_647)]
State = Literal["live", "submitted", "released", "declined", "expired", "cancelled"]
AssignmentId = FromPath[UUID]


class ClaimWish(msgspec.Struct, forbid_unknown_fields=True):
    annotator_id: UUID | None = None
    """For whom; people claim for themselves."""
    project_ids: Annotated[list[UUID], Meta(min_length=1, max_length=100)] | None = None
    kinds: Annotated[list[Literal["annotation", "review"]], Meta(min_length=1, max_length=2)] | None = None
    limit: Annotated[int, Meta(ge=1, le=50)] = 1


class Beat(msgspec.Struct, forbid_unknown_fields=True):
    epoch: Epoch
    active: bool = True
    """Whether there was a sign of work since the last one; only such time counts as active."""


class DraftToSave(msgspec.Struct, forbid_unknown_fields=True):
    epoch: Epoch
    payload: dict[str, Any]


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    version: int
    saved_at: datetime
    payload: dict[str, Any] | None = None


class Work(msgspec.Struct, forbid_unknown_fields=True):
    epoch: Epoch
    payload: dict[str, Any] | None = None
    """Left out: the dialogue that was held here is handed in."""


class Release(msgspec.Struct, forbid_unknown_fields=True):
    epoch: Epoch
    reason: Annotated[str, Meta(max_length=500)] = ""


class Decline(msgspec.Struct, forbid_unknown_fields=True):
    epoch: Epoch
    reason: Annotated[str, Meta(min_length=1, max_length=500)]


@post("/assignments/claim", guards=[require(WORK)], status_code=200, operation_id="claim", tags=["work"])
async def claim_work(request: Call, data: JSONBody[ClaimWish]) -> Response[Claimed]:
    """The tasks that this person's time is best spent on, each held with a lease; or why there are none, and when to ask again."""
    together = await _together(request, data)
    if together is not None:
        return together

    async def act() -> Claimed:
        annotator_id = await visibility.worker(request.actor, data.annotator_id)
        found = await claim_hiding(
            annotator_id, request.settings, limit=data.limit, kinds=data.kinds or KINDS, project_ids=data.project_ids
        )
        return Claimed(
            assignments=[await outward(view) for view in found.assignments], reason=found.reason, detail=found.detail,
            counts=found.counts, retry_after_seconds=found.retry_after_seconds,
        )  # fmt: skip

    return await unit_of_work(request, act)


async def _together(request: Call, data: ClaimWish) -> Response[Claimed] | None:
    """The common wish, one task, is served with all others that wait at this moment."""
    actor = request.actor
    annotator_id = data.annotator_id or actor.annotator_id
    own = annotator_id == actor.annotator_id
    if data.limit > 1 or annotator_id is None or not (own or actor.may(Permission.WORK_BEHALF)):
        return None
    ask = Ask(
        annotator_id, frozenset(data.kinds or KINDS), None if data.project_ids is None else frozenset(data.project_ids),
        actor.label, actor.sees_everybody, actor.vendor_id, own,
    )  # fmt: skip
    desk: Desk = request.app.state.desk
    key = request.headers.get(IDEMPOTENCY_KEY)
    found = await desk.claim(ask, key, b"" if key is None else await fingerprint_of(request))
    return None if found is None else answer(200, found, {})


@get("/assignments", guards=[require(READ)], operation_id="listAssignments", tags=["work"])
async def list_all(
    request: Call,
    annotator_id: FromQuery[UUID | None] = None,
    assignment_state: Annotated[State | None, QueryParameter(name="state")] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Response[Page[Assignment]]:
    """Newest first: one's own, one's people's, or everybody's."""
    limit = check_limit(limit, request.settings)
    scope = visibility.filter_for(request.actor)
    if annotator_id is not None:
        await visibility.check_annotator(request.actor, annotator_id)
    rows = await assignments(
        annotator_id=annotator_id or scope.annotator_id, vendor_id=scope.vendor_id, state=assignment_state,
        before=read_cursor(cursor, UUID), limit=limit + 1,
    )  # fmt: skip
    more = write_cursor(rows[limit - 1].id) if len(rows) > limit else None
    return reply(Page([await outward(view) for view in rows[:limit]], more))


@get("/assignments/{assignment_id:uuid}", guards=[require(READ)], operation_id="readAssignment", tags=["work"])
async def read(request: Call, assignment_id: AssignmentId) -> Response[Assignment]:
    scope = visibility.filter_for(request.actor)
    view = await assignment(assignment_id, annotator_id=scope.annotator_id, vendor_id=scope.vendor_id)
    return reply(await outward(view))


@post(
    "/assignments/{assignment_id:uuid}/heartbeat",
    guards=[require(WORK)],
    status_code=200,
    operation_id="heartbeat",
    tags=["work"],
)
async def heartbeat(request: Call, assignment_id: AssignmentId, data: JSONBody[Beat]) -> Response[Lease]:
    """Keeps the hold, never past its deadline."""

    async def act() -> Lease:
        holder = await visibility.holder(request.actor, assignment_id)
        return await leases.heartbeat(assignment_id, holder, data.epoch, request.settings, active=data.active)

    return await unit_of_work(request, act)


@post(
    "/assignments/{assignment_id:uuid}/draft",
    guards=[require(WORK)],
    status_code=200,
    operation_id="saveDraft",
    tags=["work"],
)
async def save_draft(request: Call, assignment_id: AssignmentId, data: JSONBody[DraftToSave]) -> Response[Draft]:
    """Kept also when the hold is over. `If-Match` with the version that was read keeps two tabs from overwriting each other."""
    version = if_match(request)

    async def act() -> Draft:
        holder = await visibility.holder(request.actor, assignment_id)
        saved, at = await leases.save_draft(assignment_id, holder, data.payload, version=version)
        return Draft(version=saved, saved_at=at)

    return await unit_of_work(request, act, headers=lambda draft: etag(draft.version))


@get("/assignments/{assignment_id:uuid}/draft", guards=[require(WORK)], operation_id="readDraft", tags=["work"])
async def read_draft(request: Call, assignment_id: AssignmentId) -> Response[Draft]:
    """The newest draft of this person for this task, also from an earlier hold."""
    holder = await visibility.holder(request.actor, assignment_id)
    found = await leases.draft_of((await assignment(assignment_id, annotator_id=holder)).task_id, holder)
    if found is None:
        raise NotFound("Nothing was saved yet.")
    return reply(Draft(version=found.version, saved_at=found.saved_at, payload=found.payload), etag(found.version))


@post(
    "/assignments/{assignment_id:uuid}/submit",
    guards=[require(WORK)],
    status_code=200,
    operation_id="submit",
    tags=["work"],
)
async def hand_in(request: Call, assignment_id: AssignmentId, data: JSONBody[Work]) -> Response[Submitted]:
    """Late work is never lost: it counts if the place is still free, and is kept as `surplus` if not."""

    async def act() -> Submitted:
        holder = await visibility.holder(request.actor, assignment_id)
        if data.payload is None:
            return await submit_dialogue(assignment_id, holder, data.epoch, request.settings)
        view = await assignment(assignment_id, annotator_id=holder)
        if view.task_kind == "dialogue" and request.actor.kind == "person":
            raise Invalid("A dialogue is handed in as it was held here: leave the payload out.")
        return await submit(assignment_id, holder, data.epoch, data.payload, request.settings)

    return await unit_of_work(request, act)


@post(
    "/assignments/{assignment_id:uuid}/release",
    guards=[require(WORK)],
    status_code=NO_CONTENT,
    operation_id="release",
    tags=["work"],
)
async def release(request: Call, assignment_id: AssignmentId, data: JSONBody[Release]) -> Response[None]:
    """Back to the pool; the draft is kept, and the same person may be given the task again."""

    async def act() -> None:
        holder = await visibility.holder(request.actor, assignment_id)
        await leases.release(assignment_id, holder, data.epoch, request.settings, reason=data.reason)

    return await unit_of_work(request, act, status=NO_CONTENT)


@post(
    "/assignments/{assignment_id:uuid}/decline",
    guards=[require(WORK)],
    status_code=NO_CONTENT,
    operation_id="decline",
    tags=["work"],
)
async def decline(request: Call, assignment_id: AssignmentId, data: JSONBody[Decline]) -> Response[None]:
    """Back to the pool, and not to this person again."""

    async def act() -> None:
        holder = await visibility.holder(request.actor, assignment_id)
        await leases.decline(assignment_id, holder, data.epoch, request.settings, reason=data.reason)

    return await unit_of_work(request, act, status=NO_CONTENT)


@post(
    "/assignments/{assignment_id:uuid}/verdict",
    guards=[require(WORK)],
    status_code=200,
    operation_id="giveVerdict",
    tags=["work"],
)
async def verdict(request: Call, assignment_id: AssignmentId, data: JSONBody[VerdictDraft]) -> Response[VerdictGiven]:
    """Of a review: accept, fix (with the corrected work), rework or reject (each with reasons)."""

    async def act() -> VerdictGiven:
        holder = await visibility.holder(request.actor, assignment_id)
        return await give_verdict(assignment_id, holder, data, request.settings)

    async with breaker(request.actor.label):
        return await unit_of_work(request, act)


route_handlers = [
    claim_work, list_all, read, heartbeat, save_draft, read_draft, hand_in, release, decline, verdict,
]  # fmt: skip
