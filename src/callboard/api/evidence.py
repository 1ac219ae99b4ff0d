"""What is known about somebody's skills, and since when: the evidence, the history of a belief, the way to the next level."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import UNSET, Meta, UnsetType

from callboard.access import visibility
from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api.paging import DEFAULT_LIMIT, Cursor, Limit, Page, check_limit, page, read_cursor
from callboard.api.request import Call
from callboard.api.routes import get, put
from callboard.api.shapes import Items
from callboard.api.work import reply, unit_of_work
from callboard.persons.evidence import EvidenceKind, EvidenceRow, Wish, story_of
from callboard.persons.evidence import evidence as evidence_rows
from callboard.persons.prospects import NextLevel, next_level
from kernel import clock
from routing.caps import set_cap_per_day
from routing.projects import DayCap
from skills import annotators, domains
from skills.annotators import AnnotatorView
from skills.history import Point

READ, WRITE = Permission.ANNOTATORS_READ, Permission.ANNOTATORS_WRITE
AnnotatorId = FromPath[UUID]


class Capacity(msgspec.Struct, forbid_unknown_fields=True):
    capacity: Annotated[int, Meta(ge=1, le=50)]
    """Units that may be held at once; a task takes what its project says, one as a rule."""
    cap_per_day: DayCap | UnsetType | None = UNSET
    """Most tasks given on a day (UTC) over all projects; null: no cap; left out: as it is."""
    reason: Annotated[str, Meta(max_length=500)] = ""


@get(
    "/annotators/{annotator_id:uuid}/evidence",
    guards=[require(READ)],
    operation_id="listEvidence",
    tags=["annotators"],
)
async def list_evidence(
    request: Call,
    annotator_id: AnnotatorId,
    *,
    domain: FromQuery[str | None] = None,
    kind: FromQuery[EvidenceKind | None] = None,
    counted: FromQuery[bool | None] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Response[Page[EvidenceRow]]:
    """Newest first, with its source and what it did to the belief; retracted rows say why. `counted` leaves out the others."""
    limit = check_limit(limit, request.settings)
    await visibility.check_annotator(request.actor, annotator_id)
    before = read_cursor(cursor, tuple[datetime, UUID])
    story = await story_of(annotator_id, request.settings)
    wish = Wish(domain=domain, kind=kind, counted=counted, silent=request.actor.may(Permission.GOLD_WRITE))
    rows = await evidence_rows(annotator_id, story, wish, before=before, limit=limit + 1)
    return reply(page(rows, limit, lambda row: (row.at, row.id)))


@get(
    "/annotators/{annotator_id:uuid}/skills/{domain:str}/history",
    guards=[require(READ)],
    operation_id="readSkillHistory",
    tags=["annotators"],
)
async def read_history(request: Call, annotator_id: AnnotatorId, domain: FromPath[str]) -> Response[Items[Point]]:
    """What was believed from the first evidence to now; the last point is the belief as `readSkills` has it."""
    await visibility.check_annotator(request.actor, annotator_id)
    await domains.domain(domain)
    story = await story_of(annotator_id, request.settings)
    return reply(Items(story.points(domain, clock.now())))


@get(
    "/annotators/{annotator_id:uuid}/skills/{domain:str}/next",
    guards=[require(READ)],
    operation_id="readNextLevel",
    tags=["annotators"],
)
async def read_next(request: Call, annotator_id: AnnotatorId, domain: FromPath[str]) -> Response[NextLevel]:
    """What opens the next level: so much accepted work, an exam, a credential; and how much work waits behind it."""
    await visibility.check_annotator(request.actor, annotator_id)
    return reply(await next_level(annotator_id, domain, request.settings))


@put(
    "/annotators/{annotator_id:uuid}/capacity",
    guards=[require(WRITE)],
    operation_id="putCapacity",
    tags=["annotators"],
)
async def put_capacity(request: Call, annotator_id: AnnotatorId, data: JSONBody[Capacity]) -> Response[AnnotatorView]:
    """How much somebody may hold at once, and the most that they are given on a day. What they hold beyond it stays theirs."""

    async def act() -> AnnotatorView:
        await visibility.check_annotator(request.actor, annotator_id)
        if data.cap_per_day is not UNSET:  # first, because it locks the holder
            await set_cap_per_day(annotator_id, data.cap_per_day, data.reason)
        await annotators.set_capacity(annotator_id, data.capacity, data.reason)
        return await annotators.annotator(annotator_id)

    return await unit_of_work(request, act)


route_handlers = [list_evidence, read_history, read_next, put_capacity]
