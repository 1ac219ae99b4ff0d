"""Double entry: every movement is one row with a debit and a credit account, pending until it is posted or voided.

The accounts' four sums are kept by the statement that writes the row, so both change together. A journal row is never
changed; an account's sums can always be folded from the journal again (`payments.verify`).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from kernel import audit, db
from kernel.errors import Invalid
from kernel.ids import plain_uuid, plain_uuid_or_none, uuid7
from kernel.money import Money, amount_text
from kernel.sql import load
from payments.errors import BusinessKeyReused, HoldMissing, HoldResolved, NoSuchProject
from routing.events import BudgetExhausted, Hold

sql = load(__package__)

FUNDING_OWNER = UUID(int=0)
"""One funding account per currency stands for the world outside; it belongs to no project."""
LARGEST_FUNDING_MICROS = 10**17
"""A hundred thousand million units: ninety such fundings still fit the BIGINT of an account."""
LONGEST_KEY = 180
EARNINGS, EXCHANGE = "annotator_earnings", "exchange"


class AccountRef(msgspec.Struct, frozen=True):
    kind: str
    """`funding`, `project_budget`, `annotator_earnings`, `exchange` (of a person, between two currencies), `fees` (of a project),
    `payout_clearing` (on its way) or `paid_out`."""
    owner_id: UUID


class TransferView(msgspec.Struct, frozen=True):
    seq: int
    """Rises with the journal; the place of a page."""
    id: UUID
    kind: str
    """`direct`, `pending`, `post` and `void`, which name the pending transfer that they end, `share`: a part of posted pay, `deduct`,
    `convert`: between a person's exchange account and their earnings; `fee_held`, which `fee` or `fee_back` ends; of payouts `earmark`,
    which `clear` or `unmark` ends, then `paid` or `return`; `bounce` brings back what was paid."""
    business_key: str
    debit: AccountRef
    credit: AccountRef
    amount: Money
    pending_id: UUID | None
    project_id: UUID | None
    annotator_id: UUID | None
    assignment_id: UUID | None
    task_id: UUID | None
    exam_attempt_id: UUID | None
    rate_card_id: UUID | None
    inputs: dict[str, Any]
    reason: str
    created_at: datetime


class Earmark(msgspec.Struct, frozen=True, kw_only=True):
    """Money to set aside: for an assignment, or for an attempt at an exam."""

    key: str
    """Names the hold; one hold per key, ever."""
    project_id: UUID
    annotator_id: UUID
    amount: Money
    inputs: dict[str, Any]
    assignment_id: UUID | None = None
    task_id: UUID | None = None
    exam_attempt_id: UUID | None = None
    adjustment_id: UUID | None = None
    for_period: UUID | None = None
    """The pay period that it is paid in, whenever it moves."""


class Resolution(msgspec.Struct, frozen=True):
    """How a hold ended. Stays inside: its ids are the driver's own UUIDs."""

    transfer_id: UUID
    kind: str
    """`post` or `void`."""
    assignment_id: UUID | None
    task_id: UUID | None
    """Of a task's work; neither for an attempt at an exam."""
    project_id: UUID
    annotator_id: UUID
    amount: Money
    fresh: bool
    """False where it had been done before and nothing moved now."""
    business_key: str = ""
    held_id: UUID | None = None
    rate_card_id: UUID | None = None
    exchange: dict[str, Any] | None = None
    """How the hold's amount becomes the person's, where they are paid in another currency; of a fresh one."""
    measured: dict[str, Any] = {}
    """What was counted of a metered price."""


async def fund(project_id: UUID, amount: Money, business_key: str, reason: str) -> TransferView:
    """Adds to a project's budget, once per key; a repeat returns the first transfer.

    Raises `Invalid` for an amount that is not positive or in another currency than the project's, `BusinessKeyReused`,
    `NoSuchProject`.
    """
    db.require_transaction()
    if not 0 < amount.micros <= LARGEST_FUNDING_MICROS:
        raise Invalid(f"A budget grows by more than zero and at most {amount_text(LARGEST_FUNDING_MICROS)}.")
    if not 0 < len(business_key) <= LONGEST_KEY:
        raise Invalid(f"A key has 1 to {LONGEST_KEY} characters.")
    # Under the project's lock a repeat that arrives at the same time waits here, and then finds the first transfer.
    currency = await db.fetch_value(sql.lock_project, project_id=project_id)
    if currency is None:
        raise NoSuchProject
    if currency != amount.currency:
        raise Invalid(f"The project pays in {currency}; its budget cannot be funded in {amount.currency}.")
    key = f"fund:{business_key}"  # apart from the keys of holds, which callers do not choose
    first = await db.fetch_one(sql.transfer_by_key, business_key=key)
    if first is not None:
        return _same_funding(transfer_view(first), project_id, amount)
    await open_account("project_budget", project_id, currency)
    await open_account("funding", FUNDING_OWNER, currency)
    await db.execute(
        sql.fund, id=uuid7(), business_key=key, project_id=project_id, funding_owner=FUNDING_OWNER,
        amount_micros=amount.micros, currency=currency, reason=reason,
    )  # fmt: skip
    await audit.record("budget.funded", "project", project_id, after=amount.to_json(), reason=reason)
    return transfer_view(await db.fetch_one(sql.transfer_by_key, business_key=key))


def _same_funding(first: TransferView, project_id: UUID, amount: Money) -> TransferView:
    if (first.project_id, first.amount) != (project_id, amount):
        raise BusinessKeyReused
    return first


async def hold(wanted: Hold) -> None:
    """Sets the price of an assignment aside, inside its claim; nothing to do where the price is zero or it is held.

    Raises `BudgetExhausted`, after which the transaction can still be used: no row was written.
    """
    price = wanted.price
    if price.micros == 0:
        return
    await set_aside(
        Earmark(
            key=_hold_key(wanted.assignment_id), project_id=wanted.project_id, annotator_id=wanted.annotator_id,
            amount=Money(price.micros, price.currency), inputs=price.inputs, assignment_id=wanted.assignment_id,
            task_id=wanted.task_id,
        )
    )  # fmt: skip


def _again_key(assignment_id: UUID) -> str:
    return f"again:{assignment_id}"


def _hold_key(assignment_id: UUID) -> str:
    return f"hold:{assignment_id}"


def payee(inputs: Mapping[str, Any]) -> str:
    """The kind of the person's account that a price is held for: what is exchanged goes through one of its own."""
    return EXCHANGE if "exchange" in inputs else EARNINGS


async def set_aside(wanted: Earmark) -> None:
    """Nothing to do where it is held. Raises `BudgetExhausted`, after which the transaction can still be used."""
    db.require_transaction()
    # Twice, because the first hold of a person in a currency opens the account that it needs.
    for _ in range(2):
        seq = await db.fetch_value(
            sql.hold, id=uuid7(), key=wanted.key, assignment_id=wanted.assignment_id, task_id=wanted.task_id,
            exam_attempt_id=wanted.exam_attempt_id, adjustment_id=wanted.adjustment_id, for_period=wanted.for_period,
            project_id=wanted.project_id, annotator_id=wanted.annotator_id, amount_micros=wanted.amount.micros, currency=wanted.amount.currency,
            rate_card_id=wanted.inputs.get("rate_card_id"), inputs=db.jsonb(wanted.inputs), payee=payee(wanted.inputs),
        )  # fmt: skip
        if seq is not None or await _held_already(wanted):
            return
    raise _exhausted(wanted, 0)


async def hold_together(wanted: Sequence[Hold]) -> None:
    """`hold` for assignments that are all new and have a price, in one statement; all of them or none.

    Raises `BudgetExhausted`, also where somebody has no account yet: whoever called holds them one by one then.
    """
    db.require_transaction()
    if not wanted:
        return
    written = await db.execute(
        sql.hold_together, ids=[uuid7() for _ in wanted], assignment_ids=[hold.assignment_id for hold in wanted],
        task_ids=[hold.task_id for hold in wanted], project_ids=[hold.project_id for hold in wanted],
        annotator_ids=[hold.annotator_id for hold in wanted], amounts=[hold.price.micros for hold in wanted],
        currencies=[hold.price.currency for hold in wanted],
        rate_card_ids=[hold.price.inputs.get("rate_card_id") for hold in wanted],
        inputs=[db.jsonb(hold.price.inputs) for hold in wanted], payees=[payee(hold.price.inputs) for hold in wanted],
    )  # fmt: skip
    if written != len(wanted):
        raise BudgetExhausted("A budget does not cover all of these, or somebody has no account yet.")


async def _held_already(wanted: Earmark) -> bool:
    """Why the hold wrote nothing; opens the person's account where that was the reason. Raises `BudgetExhausted`."""
    amount = wanted.amount
    why = await db.fetch_one(
        sql.why_no_hold, key=wanted.key, annotator_id=wanted.annotator_id, project_id=wanted.project_id,
        currency=amount.currency, payee=payee(wanted.inputs),
    )  # fmt: skip
    assert why is not None
    if why["held"] is not None:
        if why["held"] != [str(amount.micros), amount.currency, str(wanted.annotator_id), str(wanted.project_id)]:
            raise BusinessKeyReused("This assignment holds another amount already; a price is fixed at the claim.")
        return True
    if why["left_micros"] < amount.micros:
        raise _exhausted(wanted, why["left_micros"])
    if not why["has_account"]:
        await open_person(wanted.annotator_id, amount.currency, wanted.inputs)
    return False


def _exhausted(wanted: Earmark, left_micros: int) -> BudgetExhausted:
    left = Money(left_micros, wanted.amount.currency)
    return BudgetExhausted(project_id=str(wanted.project_id), left=left.to_json())


async def post(assignment_id: UUID) -> Resolution | None:
    """The held money becomes earned, once; a repeat returns the first posting. `None` where the price is zero.

    Raises `HoldResolved` where it was given back before, `HoldMissing` where a price has no hold.
    """
    return await _resolve_work("post", assignment_id, "")


async def void(assignment_id: UUID, reason: str) -> Resolution | None:
    """The held money goes back to the budget, once; a repeat returns the first. `None` where nothing was held.

    Raises `HoldResolved` where it was paid before.
    """
    return await _resolve_work("void", assignment_id, reason)


async def hold_again(assignment_id: UUID) -> None:
    """Sets aside once more what was given back, as it was held the first time; nothing to do where it was paid, or free.

    Raises `BudgetExhausted`.
    """
    db.require_transaction()
    earlier = await db.fetch_one(sql.resolution_of, held_key=_hold_key(assignment_id))
    if earlier is None or earlier["kind"] != "void" or await _held_again(assignment_id):
        return
    if await db.fetch_value(sql.hold_again, id=uuid7(), assignment_id=assignment_id) is None:
        raise BudgetExhausted(project_id=str(earlier["project_id"]))


async def _held_again(assignment_id: UUID) -> bool:
    key = _again_key(assignment_id)
    return await db.fetch_value("SELECT 1 FROM transfer WHERE business_key = :key", key=key) is not None


async def _resolve_work(kind: str, assignment_id: UUID, reason: str) -> Resolution | None:
    """Of two holds the second is the one that counts: the first was given back before there was another."""
    db.require_transaction()
    held, key = _hold_key(assignment_id), f"{kind}:{assignment_id}"
    # Nearly always this is all: a second hold is there only where the first has ended.
    resolution = await _end_hold(kind, held, key, reason)
    if resolution is not None:
        return resolution
    if await _held_again(assignment_id):
        # Paid is paid once, whatever was held; given back it may be twice.
        held, key = _again_key(assignment_id), key if kind == "post" else f"{kind}:{_again_key(assignment_id)}"
        resolution = await resolve(kind, held, key, reason)
    else:
        resolution = await _earlier(kind, held)
    if resolution is None and kind == "post":
        price = await db.fetch_value("SELECT price_micros FROM assignment WHERE id = :id", id=assignment_id)
        if price:
            raise HoldMissing(assignment_id=str(assignment_id))
    return resolution


async def resolve(kind: str, held_key: str, key: str, reason: str) -> Resolution | None:
    """Ends the hold of `held_key`, once; `None` where there is none. Raises `HoldResolved`."""
    db.require_transaction()
    return await _end_hold(kind, held_key, key, reason) or await _earlier(kind, held_key)


async def _earlier(kind: str, held_key: str) -> Resolution | None:
    """A statement of its own: what decided the race may have been committed after the first one took its snapshot."""
    earlier = await db.fetch_one(sql.resolution_of, held_key=held_key)
    if earlier is None:
        return None
    if earlier["kind"] != kind:
        raise HoldResolved(hold=held_key, resolution=earlier["kind"])
    return _resolution(
        earlier, kind, earlier["business_key"], exchange=earlier["exchange"], measured=earlier["measured"], fresh=False
    )


async def _end_hold(kind: str, held_key: str, key: str, reason: str) -> Resolution | None:
    """Measuring is a statement of its own: nearly every price is fixed, and does not pay for the question."""
    rows = await db.fetch(sql.resolve_hold, id=uuid7(), kind=kind, held_key=held_key, key=key, reason=reason)
    if rows:
        exchanged = EXCHANGE in [row["account_kind"] for row in rows]
        terms = await db.fetch_value(sql.exchange_of_hold, held_id=rows[0]["pending"]) if exchanged else None
        return _resolution(rows[0], kind, key, exchange=terms)
    if kind == "post":
        row = await db.fetch_one(sql.post_metered, id=uuid7(), held_key=held_key, key=key, reason=reason)
        return row and _resolution(row, kind, key, exchange=row["exchange"], measured=row["measured"])
    return None


async def open_person(annotator_id: UUID, currency: str, inputs: Mapping[str, Any]) -> None:
    """Every account that paying this price needs."""
    kinds = [(payee(inputs), currency)]
    if "exchange" in inputs:
        kinds += [(EARNINGS, inputs["exchange"]["to"]), (EXCHANGE, inputs["exchange"]["to"])]
    for kind, code in sorted(kinds):
        await open_account(kind, annotator_id, code)


async def open_account(kind: str, owner_id: UUID, currency: str) -> None:
    """Where it is not there yet."""
    await db.execute(sql.open_account, id=uuid7(), kind=kind, owner_id=owner_id, currency=currency)


def _resolution(
    row: Any, kind: str, key: str, *, exchange: Any, measured: dict[str, Any] | None = None, fresh: bool = True
) -> Resolution:
    return Resolution(
        transfer_id=row["id"],
        kind=kind,
        assignment_id=row["assignment_id"],
        task_id=row["task_id"],
        project_id=row["project_id"],
        annotator_id=row["annotator_id"],
        amount=Money(row["amount_micros"], row["currency"]),
        fresh=fresh,
        business_key=key,
        held_id=row["pending"],
        rate_card_id=row["rate_card"],
        exchange=exchange,
        measured=measured or {},
    )


def transfer_view(row: Any) -> TransferView:
    """Of a row of the queries `transfers` and `transfer_by_key`."""
    return TransferView(
        seq=row["seq"],
        id=plain_uuid(row["id"]),
        kind=row["kind"],
        business_key=row["business_key"],
        debit=AccountRef(row["debit_kind"], plain_uuid(row["debit_owner"])),
        credit=AccountRef(row["credit_kind"], plain_uuid(row["credit_owner"])),
        amount=Money(row["amount_micros"], row["currency"]),
        pending_id=plain_uuid_or_none(row["pending"]),
        project_id=plain_uuid_or_none(row["project_id"]),
        annotator_id=plain_uuid_or_none(row["annotator_id"]),
        assignment_id=plain_uuid_or_none(row["assignment_id"]),
        task_id=plain_uuid_or_none(row["task_id"]),
        exam_attempt_id=plain_uuid_or_none(row["exam_attempt_id"]),
        rate_card_id=plain_uuid_or_none(row["rate_card"]),
        inputs=row["inputs"],
        reason=row["reason"],
        created_at=row["created_at"],
    )
