"""Disputes of pay: somebody's word against a line of their earnings, and who answers it."""

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
from callboard.api.request import Call
from callboard.api.routes import get, post
from callboard.api.shapes import Items, MoneyIn
from callboard.api.work import reply, unit_of_work
from callboard.pay_answers import answer
from kernel.errors import Forbidden
from payments import pay_dispute_views, pay_disputes
from payments.pay_dispute_views import PayDisputeFilters, PayDisputeView, Place, Sort
from payments.pay_disputes import MOST_AT_ONCE, Answer, Kind, PayDisputeAnswer, PayDisputeDraft

WORK, READ, WRITE = Permission.WORK, Permission.ANNOTATORS_READ, Permission.MONEY_WRITE
State = Literal["open", "upheld", "refused", "withdrawn"]


class PayDisputeWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """About a line, or about work that has none."""

    line: Annotated[int, Meta(ge=1, le=2**63 - 1)] | None = None
    """`seq` of a line of the earnings."""
    assignment_id: UUID | None = None
    """Work that paid nothing; work that has a line is disputed by it."""
    reason: Annotated[str, Meta(min_length=1, max_length=2000)]
    wanted: MoneyIn | None = None
    """What it should have brought more."""
    annotator_id: UUID | None = None
    """For programs that act for somebody; else it is one's own."""


class PayDisputeDecision(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    ids: Annotated[list[UUID], Meta(min_length=1, max_length=MOST_AT_ONCE)]
    outcome: Literal["uphold", "refuse"]
    """`uphold`: the person is right, and gets an adjustment that corrects the line."""
    answer: Answer
    """`our_mistake`, `counted_wrong` and `work_counts` uphold, `as_agreed`, `counted_right`, `work_not_accepted` and `still_in_review` refuse; `other`
    goes with a reason."""
    reason: Annotated[str, Meta(max_length=2000)] = ""
    """The person reads it."""
    amount: MoneyIn | None = None
    """For one dispute; without it what was voided or deducted, else what is wanted."""


class PayDisputeWithdrawal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    annotator_id: UUID | None = None
    """For programs that act for somebody."""


@post("/pay-disputes", guards=[require(WORK)], operation_id="disputePay", tags=["money"])
async def open_one(request: Call, data: JSONBody[PayDisputeWish]) -> Response[PayDisputeView]:
    """By whoever earns by it; somebody who did not cause the line answers by `due_at`. One at a time about one line, each answered once."""

    async def act() -> PayDisputeView:
        worker = await visibility.worker(request.actor, data.annotator_id)
        draft = PayDisputeDraft(
            line=data.line, assignment_id=data.assignment_id, reason=data.reason, wanted=data.wanted.money() if data.wanted else None
        )  # fmt: skip
        return (await _some(request, [await pay_disputes.open_dispute(worker, draft, request.settings)]))[0]

    return await unit_of_work(request, act, status=201)


@post("/pay-disputes/{dispute_id:uuid}/withdraw", guards=[require(WORK)], status_code=200, operation_id="withdrawPayDispute", tags=["money"])  # fmt: skip
async def withdraw(
    request: Call, dispute_id: FromPath[UUID], data: JSONBody[PayDisputeWithdrawal]
) -> Response[PayDisputeView]:
    """By whoever opened it; the line stays, and can be disputed again."""

    async def act() -> PayDisputeView:
        await pay_disputes.withdraw(dispute_id, await visibility.worker(request.actor, data.annotator_id))
        return (await _some(request, [dispute_id]))[0]

    return await unit_of_work(request, act)


@post("/pay-disputes/decide", guards=[require(WRITE)], status_code=200, operation_id="decidePayDisputes", tags=["money"])  # fmt: skip
async def decide(request: Call, data: JSONBody[PayDisputeDecision]) -> Response[Items[PayDisputeView]]:
    """All of them or none. Nobody answers for a line that they caused or earn by; above `approval_limits` a second person approves the adjustment."""
    if request.actor.person_id is None:
        raise Forbidden("Pay beside the price of work is a person's decision.")

    async def act() -> Items[PayDisputeView]:
        wish = PayDisputeAnswer(
            outcome=data.outcome, answer=data.answer, reason=data.reason, amount=data.amount.money() if data.amount else None
        )  # fmt: skip
        await answer(request.actor, data.ids, wish, request.settings)
        return Items(await _some(request, data.ids))

    return await unit_of_work(request, act)


async def _some(request: Call, ids: list[UUID]) -> list[PayDisputeView]:
    own = await visibility.annotator_behind(request.actor)
    return await pay_dispute_views.some(ids, me=visibility.decider(request.actor), own=own)


@get("/pay-disputes", guards=[require(READ)], operation_id="listPayDisputes", tags=["money"])
async def list_all(
    request: Call,
    *,
    in_state: Annotated[State | None, QueryParameter(name="state")] = None,
    kind: FromQuery[Kind | None] = None,
    overdue: FromQuery[bool] = False,
    annotator_id: FromQuery[UUID | None] = None,
    project_id: FromQuery[UUID | None] = None,
    sort: FromQuery[Sort] = "due",
    cursor: Cursor = None,
    limit: Limit = paging.DEFAULT_LIMIT,
) -> Response[Page[PayDisputeView]]:
    """Open ones by their date, then the others, newest first, unless `sort` says otherwise; annotators: their own."""
    most = check_limit(limit, request.settings)
    scope = visibility.filter_for(request.actor)
    filters = PayDisputeFilters(
        state=in_state, kind=kind, overdue=overdue, annotator_id=scope.annotator_id or annotator_id, project_id=project_id,
        vendor_id=scope.vendor_id,
    )  # fmt: skip
    found = await pay_dispute_views.pay_disputes(
        filters, limit=most, sort=sort, after=read_cursor(cursor, Place), me=visibility.decider(request.actor),
        own=await visibility.annotator_behind(request.actor),
    )  # fmt: skip
    return reply(Page(found.items, paging.write_cursor(found.next_place) if found.next_place else None))


route_handlers = [open_one, withdraw, decide, list_all]
"""In the order in which they are documented."""
