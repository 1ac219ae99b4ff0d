"""Bonuses, adjustments, and the floors per active hour."""

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from litestar import Response
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import Meta

from callboard.access import visibility
from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api import paging
from callboard.api.paging import Cursor, Limit, Page, check_limit, read_cursor
from callboard.api.projects import ProjectId
from callboard.api.request import Call
from callboard.api.routes import get, post, put
from callboard.api.shapes import Items, MoneyIn
from callboard.api.work import reply, unit_of_work
from kernel.errors import Forbidden
from payments import adjustments, floors
from payments.adjustments import MOST_AT_ONCE, MOST_MATCHING, AdjustmentDraft, AdjustmentView, Matching
from payments.floors import PayFloorDraft, PayFloorView
from routing.projects import project

LEDGER, WRITE, READ_PROJECT = Permission.LEDGER_READ, Permission.MONEY_WRITE, Permission.PROJECTS_READ
State = Literal["waiting", "scheduled", "posted", "refused", "undone", "expired", "short"]


class AdjustmentWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    kind: Literal["bonus", "adjustment"]
    project_id: UUID
    """Whose budget pays."""
    annotator_ids: Annotated[list[UUID], Meta(min_length=1, max_length=MOST_AT_ONCE)]
    """Each gets the whole amount."""
    amount: MoneyIn
    """Below zero for a deduction: only as an adjustment, and only of what was earned."""
    reason: Annotated[str, Meta(min_length=1, max_length=500)]
    """The person reads it."""
    corrects: Annotated[int, Meta(ge=1, le=2**63 - 1)] | None = None
    """`seq` of the transfer that it corrects."""


class AdjustmentDecision(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    ids: Annotated[list[UUID], Meta(min_length=1, max_length=MOST_AT_ONCE)]
    action: Literal["approve", "refuse", "undo"]
    note: Annotated[str, Meta(max_length=500)] = ""


class MatchingDecision(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All that are in `state` and fit what else is given."""

    state: Literal["waiting", "short"]
    kind: Literal["bonus", "adjustment", "floor"] | None = None
    project_id: UUID | None = None
    period_id: UUID | None = None
    annotator_id: UUID | None = None
    action: Literal["approve", "refuse"]
    expected: Annotated[int, Meta(ge=1, le=MOST_MATCHING)]
    """How many there were when somebody looked; another number decides nothing."""
    note: Annotated[str, Meta(max_length=500)] = ""


class Decided(msgspec.Struct, frozen=True):
    count: int


class PayFloorWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    hourly: MoneyIn
    """Per active hour; zero: none from now on."""
    language: Annotated[str, Meta(min_length=2, max_length=20)] | None = None
    """Of the tasks; without one it holds for all languages that have none of their own."""
    reason: Annotated[str, Meta(min_length=1, max_length=500)]


@get("/adjustments", guards=[require(LEDGER)], operation_id="listAdjustments", tags=["money"])
async def list_all(
    request: Call,
    *,
    in_state: Annotated[State | None, QueryParameter(name="state")] = None,
    kind: FromQuery[Literal["bonus", "adjustment", "floor"] | None] = None,
    annotator_id: FromQuery[UUID | None] = None,
    project_id: FromQuery[UUID | None] = None,
    period_id: FromQuery[UUID | None] = None,
    cursor: Cursor = None,
    limit: Limit = paging.DEFAULT_LIMIT,
) -> Response[Page[AdjustmentView]]:
    """The newest first, top-ups to the floor among them; `period_id` finds the top-ups of one period."""
    most = check_limit(limit, request.settings)
    scope = visibility.filter_for(request.actor)
    rows = await adjustments.adjustments(
        limit=most + 1, state=in_state, kind=kind, annotator_id=scope.annotator_id or annotator_id, project_id=project_id,
        period_id=period_id, vendor_id=scope.vendor_id, before=read_cursor(cursor, UUID),
    )  # fmt: skip
    return reply(paging.page(rows, most, lambda one: one.id))


def _person(request: Call) -> str:
    """Whose eyes these are. Raises `Forbidden` for a program that no person stands behind."""
    if request.actor.person_id is None:
        raise Forbidden("Pay beside the price of work is a person's decision.")
    return visibility.decider(request.actor)


@post("/adjustments", guards=[require(WRITE)], operation_id="proposeAdjustment", tags=["money"])
async def propose(request: Call, data: JSONBody[AdjustmentWish]) -> Response[Items[AdjustmentView]]:
    """One per person. Up to a limit (`approval_limits`) it is paid when it can no longer be undone, above it a second person approves."""
    author = _person(request)

    async def act() -> Items[AdjustmentView]:
        given = {name: getattr(data, name) for name in data.__struct_fields__}
        draft = AdjustmentDraft(**(given | {"amount": data.amount.money()}))
        own = await visibility.annotator_behind(request.actor)
        made = await adjustments.propose(draft, author, request.settings, own)
        return Items(await adjustments.some(made))

    return await unit_of_work(request, act, status=201)


@post("/adjustments/decide", guards=[require(WRITE)], status_code=200, operation_id="decideAdjustments", tags=["money"])
async def decide(request: Call, data: JSONBody[AdjustmentDecision]) -> Response[Items[AdjustmentView]]:
    """All of them or none. `approve` and `refuse` are for somebody else than the author, `undo` for the author until it is decided."""
    by = _person(request)

    async def act() -> Items[AdjustmentView]:
        own = await visibility.annotator_behind(request.actor)
        await adjustments.decide(data.ids, data.action, by, data.note, own)
        return Items(await adjustments.some(data.ids))

    return await unit_of_work(request, act)


@post("/adjustments/decide-all", guards=[require(WRITE)], status_code=200, operation_id="decideMatchingAdjustments", tags=["money"])  # fmt: skip
async def decide_all(request: Call, data: JSONBody[MatchingDecision]) -> Response[Decided]:
    """Everything of a filter that the caller may decide, all of it or nothing; `expected` is how many they saw."""
    by = _person(request)

    async def act() -> Decided:
        own = await visibility.annotator_behind(request.actor)
        wanted = Matching(**{name: getattr(data, name) for name in Matching.__struct_fields__})
        return Decided(
            await adjustments.decide_matching(wanted, data.action, data.expected, by, note=data.note, own=own)
        )

    return await unit_of_work(request, act)


@get("/projects/{project_id:uuid}/pay-floors", guards=[require(READ_PROJECT)], operation_id="listPayFloors", tags=["money"])  # fmt: skip
async def list_floors(project_id: ProjectId) -> Response[Items[PayFloorView]]:
    """Every version, the newest first."""
    await project(project_id)
    return reply(Items(await floors.pay_floors(project_id)))


@put("/projects/{project_id:uuid}/pay-floors", guards=[require(WRITE)], operation_id="setPayFloor", tags=["money"])
async def set_floor(request: Call, project_id: FromPath[UUID], data: JSONBody[PayFloorWish]) -> Response[PayFloorView]:
    """A new version, for work that is taken from now on."""

    async def act() -> PayFloorView:
        draft = PayFloorDraft(hourly=data.hourly.money(), language=data.language, reason=data.reason)
        return await floors.set_pay_floor(project_id, draft, visibility.decider(request.actor))

    return await unit_of_work(request, act)


route_handlers = [list_all, propose, decide, decide_all, list_floors, set_floor]
"""In the order in which they are documented."""
