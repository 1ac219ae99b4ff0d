"""Bank details, and payouts from the draft to the bank's last word."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from litestar import Response
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta

from callboard.access import visibility
from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api import paging
from callboard.api.paging import Cursor, Limit, Page, check_limit, read_cursor
from callboard.api.request import Call, check_media_type
from callboard.api.routes import get, post, put
from callboard.api.shapes import Items, MoneyIn
from callboard.api.work import reply, unit_of_work
from kernel import db
from kernel.errors import Forbidden
from payments import bank, bank_answers, payout_views, payouts
from payments.bank import BankDetailsDraft, BankDetailsView
from payments.bank_answers import BankAnswerReport
from payments.payout_views import BatchView, LeftOut, LineView
from payments.payouts import MOST_LINES, PayoutDraft, PayoutFile

WRITE, BANK = Permission.PAYOUTS_WRITE, Permission.BANK_WRITE
DETAILS = "/annotators/{annotator_id:uuid}/bank-details"
HERE = "/payouts/{payout_id:uuid}"
STATUS_TYPES = ("application/xml", "text/csv", "application/octet-stream")
Ids = Annotated[list[UUID], Meta(min_length=1, max_length=MOST_LINES)]
Why = Annotated[str, Meta(min_length=1, max_length=300)]


class PayoutWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    period_id: UUID
    """A closed one; what is owed of earlier ones is paid with it."""
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")]
    format: Literal["pain.001", "nacha", "csv"]
    pay_on: date
    """Today or later."""


class PayoutReason(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    reason: Why


class LinesTakenOut(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    ids: Ids
    reason: Why


class PayoutOutcome(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    outcome: Literal["paid", "returned", "bounced"]
    """`bounced`: it came back after it had been written down as paid."""
    ids: Ids
    reason: Annotated[str, Meta(max_length=300)] = ""
    """Of the bank, for what came back."""


class BankTotal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    left: MoneyIn
    """What the bank's statement says has left the account for good."""


@get(DETAILS, guards=[require(BANK)], operation_id="listBankDetails", tags=["money"])
async def read_details(request: Call, annotator_id: FromPath[UUID]) -> Response[Items[BankDetailsView]]:
    """The newest version first. Only the last digits are ever shown."""
    await visibility.check_annotator(request.actor, annotator_id)
    return reply(Items(await bank.details(annotator_id)))


@put(DETAILS, guards=[require(BANK)], operation_id="setBankDetails", tags=["money"])
async def set_details(
    request: Call, annotator_id: FromPath[UUID], data: JSONBody[BankDetailsDraft]
) -> Response[BankDetailsView]:
    """A new version, checked and sealed; a change shortly before a payout is pointed out to whoever approves it."""
    await visibility.check_annotator(request.actor, annotator_id)

    async def act() -> BankDetailsView:
        return await bank.set_details(annotator_id, data, visibility.decider(request.actor), request.settings)

    return await unit_of_work(request, act)


def person(request: Call) -> str:
    """Whose eyes these are. Raises `Forbidden` for a program that no person stands behind."""
    if request.actor.person_id is None:
        raise Forbidden("A payout is a person's decision.")
    return visibility.decider(request.actor)


@get("/payouts", guards=[require(WRITE)], operation_id="listPayouts", tags=["money"])
async def list_all(
    request: Call, period_id: FromQuery[UUID | None] = None, cursor: Cursor = None, limit: Limit = paging.DEFAULT_LIMIT
) -> Response[Page[BatchView]]:
    """The newest first."""
    most = check_limit(limit, request.settings)
    rows = await payouts.batches(limit=most + 1, period_id=period_id, before=read_cursor(cursor, int))
    return reply(paging.page(rows, most, lambda one: one.number))


@post("/payouts", guards=[require(WRITE)], operation_id="draftPayout", tags=["money"])
async def draft(request: Call, data: JSONBody[PayoutWish]) -> Response[BatchView]:
    """Everybody who can be paid, of all statements up to that period that are not yet paid or on their way."""
    author = person(request)

    async def act() -> BatchView:
        wish = PayoutDraft(data.period_id, data.currency, data.format, data.pay_on)
        return await payouts.batch(await payouts.draft(wish, author, request.settings))

    return await unit_of_work(request, act, status=201)


@get(HERE, guards=[require(WRITE)], operation_id="getPayout", tags=["money"])
async def read(payout_id: FromPath[UUID]) -> Response[BatchView]:
    """With what became of its lines."""
    return reply(await payouts.batch(payout_id))


@get(f"{HERE}/lines", guards=[require(WRITE)], operation_id="listPayoutLines", tags=["money"])
async def lines(
    request: Call, *, payout_id: FromPath[UUID], flagged: FromQuery[bool] = False, cursor: Cursor = None, limit: Limit = paging.DEFAULT_LIMIT
) -> Response[Page[LineView]]:  # fmt: skip
    """`flagged`: only those that are worth a look before the approval."""
    await payouts.batch(payout_id)
    most = check_limit(limit, request.settings)
    rows = await payout_views.lines(
        payout_id, request.settings, limit=most + 1, after=read_cursor(cursor, UUID), flagged=flagged
    )
    return reply(paging.page(rows, most, lambda one: one.id))


@get(f"{HERE}/left-out", guards=[require(WRITE)], operation_id="listLeftOut", tags=["money"])
async def left_out(request: Call, payout_id: FromPath[UUID]) -> Response[Items[LeftOut]]:
    """Who is owed something and cannot be paid like this, and why: most money first, at most 50."""
    found = await payouts.batch(payout_id)
    return reply(Items((await payouts.left_out(found.period_id, found.currency, found.format, request.settings))[0]))


@post(f"{HERE}/take-out", guards=[require(WRITE)], status_code=200, operation_id="takeOutPayoutLines", tags=["money"])
async def take_out(request: Call, payout_id: FromPath[UUID], data: JSONBody[LinesTakenOut]) -> Response[BatchView]:
    """Of a draft; they can be in a later batch."""
    by = person(request)

    async def act() -> BatchView:
        await payouts.take_out(payout_id, data.ids, by, data.reason)
        return await payouts.batch(payout_id)

    return await unit_of_work(request, act)


@post(f"{HERE}/approve", guards=[require(WRITE)], status_code=200, operation_id="approvePayout", tags=["money"])
async def approve(request: Call, payout_id: FromPath[UUID]) -> Response[BatchView]:
    """By somebody else than its author, who is not paid by it. The money is set apart."""
    by = person(request)

    async def act() -> BatchView:
        await payouts.approve(payout_id, by, await visibility.annotator_behind(request.actor))
        return await payouts.batch(payout_id)

    return await unit_of_work(request, act)


@post(f"{HERE}/cancel", guards=[require(WRITE)], status_code=200, operation_id="cancelPayout", tags=["money"])
async def cancel(request: Call, payout_id: FromPath[UUID], data: JSONBody[PayoutReason]) -> Response[BatchView]:
    """Before it has left."""
    by = person(request)

    async def act() -> BatchView:
        await payouts.cancel(payout_id, by, data.reason)
        return await payouts.batch(payout_id)

    return await unit_of_work(request, act)


@post(f"{HERE}/export", guards=[require(WRITE)], status_code=200, operation_id="exportPayout", tags=["money"])
async def export(request: Call, payout_id: FromPath[UUID]) -> Response[BatchView]:
    """Writes the file, once, and the money leaves; fetch it at `/file`."""
    by = person(request)

    async def act() -> BatchView:
        await payouts.export(payout_id, by, request.settings)
        return await payouts.batch(payout_id)

    return await unit_of_work(request, act)


@get(f"{HERE}/file", guards=[require(WRITE)], operation_id="downloadPayout", tags=["money"])
async def download(request: Call, payout_id: FromPath[UUID]) -> Response[bytes]:
    """The same bytes each time; who takes them away is audited."""
    return await file_answer(request, payout_id)


async def file_answer(request: Call, payout_id: UUID) -> Response[bytes]:
    """Raises `NoSuchPayout`, `PayoutState`."""
    async with db.transaction(request.actor.label):
        found: PayoutFile = await payouts.file(payout_id, request.settings)
    headers = {
        "content-disposition": f'attachment; filename="{found.name}"', "etag": f'"{found.digest}"', "cache-control": "no-store",
        "x-content-type-options": "nosniff",
    }  # fmt: skip
    return Response(content=found.content, media_type=found.media_type, headers=headers)


@post(f"{HERE}/confirm", guards=[require(WRITE)], status_code=200, operation_id="confirmPayout", tags=["money"])
async def confirm(request: Call, payout_id: FromPath[UUID], data: JSONBody[PayoutOutcome]) -> Response[BatchView]:
    """What the bank says of some lines: all of them or none, and the same again changes nothing."""
    by = person(request)

    async def act() -> BatchView:
        await payouts.confirm(payout_id, data.ids, data.outcome, by, data.reason)
        return await payouts.batch(payout_id)

    return await unit_of_work(request, act)


@post(f"{HERE}/reconcile", guards=[require(WRITE)], status_code=200, operation_id="reconcilePayout", tags=["money"])
async def reconcile(request: Call, payout_id: FromPath[UUID], data: JSONBody[BankTotal]) -> Response[BatchView]:
    """Once every line is paid or returned, and the sum is the bank's."""
    by = person(request)

    async def act() -> BatchView:
        await payouts.reconcile(payout_id, data.left.money(), by)
        return await payouts.batch(payout_id)

    return await unit_of_work(request, act)


@post("/payouts/bank-status", guards=[require(WRITE)], status_code=200, operation_id="takeBankStatus", tags=["money"])
async def bank_status(request: Call, dry_run: FromQuery[bool] = False) -> Response[BankAnswerReport]:
    """A bank's file as it came: pain.002, camt.054, a NACHA return file, or CSV with `reference` and `status`; the same bytes are taken once."""
    check_media_type(request, STATUS_TYPES)
    by, content = person(request), await request.body()
    if dry_run:
        return reply(await bank_answers.look(content))

    async def act() -> BankAnswerReport:
        return await bank_answers.take(content, "", by)

    return await unit_of_work(request, act)


route_handlers = [read_details, set_details, list_all, draft, bank_status, read, lines, left_out, take_out, approve, cancel, export, download, confirm, reconcile]  # fmt: skip
"""In the order in which they are documented."""
