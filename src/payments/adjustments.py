"""Bonuses and adjustments: money beside the price of work, with its reason and author.

Above a limit a second person approves (the table holds it too); below it, the author may undo it for some minutes. What
is added is set aside in the project's budget at once, so that an approval can always be paid.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from kernel import audit, db, outbox
from kernel.ids import plain_uuid, plain_uuid_or_none, uuid7
from kernel.money import MICROS, Money, amount_text
from kernel.settings import Settings
from kernel.sql import load
from payments import exchange, ledger
from payments.errors import AdjustmentDecided, AdjustmentsChanged, BadAdjustment, NoSuchAdjustment, OwnAdjustment
from payments.ledger import Earmark

sql = load(__package__)

JOB = "payments.adjustments"
BATCH = 200
MOST_AT_ONCE = 200
LARGEST_MICROS = 10**12
"""A million units: whatever lies above is a slip of the keyboard."""
MINUTE, DAY = 60.0, 86_400.0
MOST_MATCHING = 1000
"""Decided in one transaction: some seconds."""
OPEN = ("waiting", "scheduled")

Kind = Literal["bonus", "adjustment"]
Decision = Literal["approve", "refuse", "undo"]


class AdjustmentDraft(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    kind: Kind
    project_id: UUID
    """Whose budget pays; amounts are in its currency."""
    annotator_ids: Annotated[list[UUID], Meta(min_length=1, max_length=MOST_AT_ONCE)]
    """Each gets the whole amount."""
    amount: Money
    """Below zero for a deduction: only as an adjustment, and only of what was earned."""
    reason: Annotated[str, Meta(min_length=1, max_length=500)]
    """The person reads it."""
    corrects: int | None = None
    """`seq` of the transfer that it corrects."""


class Matching(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is given must hold."""

    state: Literal["waiting", "short"]
    kind: str | None = None
    project_id: UUID | None = None
    period_id: UUID | None = None
    """Of top-ups."""
    annotator_id: UUID | None = None


class AdjustmentView(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    kind: str
    """`bonus`, `adjustment` or `floor`: a top-up to the floor per active hour."""
    project_id: UUID
    project: str
    annotator_id: UUID
    name: str
    amount: Money
    reason: str
    corrects: int | None
    period_id: UUID | None
    """Of a top-up."""
    language: str | None
    inputs: dict[str, Any]
    author: str
    needs_approval: bool
    state: str
    """`waiting` for a second person, `scheduled` until it can no longer be undone, `posted`, `refused`, `undone`, `expired`, or
    `short`: there is nothing to take it from."""
    acts_at: datetime
    """When what is scheduled is paid, and what waits expires."""
    decided_by: str | None
    decided_at: datetime | None
    decision: str
    created_at: datetime


def limits(text: str) -> dict[str, int]:
    """Micros by currency of `USD 50, JPY 7500`; a currency that is not named has none, so everything in it is approved."""
    pairs = (part.split() for part in text.split(","))
    return {currency: int(amount) * MICROS for currency, amount in pairs}


async def propose(draft: AdjustmentDraft, author: str, settings: Settings, own: UUID | None = None) -> list[UUID]:
    """One for each person; `own` is the author's own annotator. In another currency it goes by the rate of now.

    Raises `BadAdjustment`, `OwnAdjustment`, `BudgetExhausted`, `ExchangeRateMissing`.
    """
    db.require_transaction()
    micros = draft.amount.micros
    if micros == 0 or abs(micros) > LARGEST_MICROS:
        raise BadAdjustment(f"An amount is not zero, and at most {amount_text(LARGEST_MICROS)}.")
    if draft.kind == "bonus" and micros < 0:
        raise BadAdjustment("A bonus adds; what takes away is an adjustment.")
    if not draft.reason.strip():
        raise BadAdjustment("Say why: the person reads it.")
    if own in draft.annotator_ids:
        raise OwnAdjustment
    return [
        await _propose_one(draft, annotator_id, author, settings) for annotator_id in sorted(set(draft.annotator_ids))
    ]


async def _propose_one(draft: AdjustmentDraft, annotator_id: UUID, author: str, settings: Settings) -> UUID:
    ground = await db.fetch_one(
        sql.adjustment_ground, project_id=draft.project_id, annotator_id=annotator_id, author=author, corrects=draft.corrects
    )  # fmt: skip
    if ground is None:
        raise BadAdjustment("There is no such project or person.")
    if ground["currency"] != draft.amount.currency:
        raise BadAdjustment(f"The project pays in {ground['currency']}, not in {draft.amount.currency}.")
    if draft.corrects is not None and ground["corrected_annotator"] != annotator_id:
        raise BadAdjustment("The transfer that this corrects is somebody else's, or there is none.")
    # Many small ones by the same hand within a day are one: otherwise the limit would be a matter of patience.
    so_far = ground["lately_micros"] + abs(draft.amount.micros)
    needs = so_far > limits(settings.approval_limits).get(draft.amount.currency, 0)
    terms = await exchange.terms_for(annotator_id, draft.amount, draft.corrects)
    adjustment_id, inputs = uuid7(), {"kind": draft.kind, "corrects": draft.corrects, **terms}
    await db.execute(
        sql.add_adjustment, id=adjustment_id, kind=draft.kind, project_id=draft.project_id, annotator_id=annotator_id,
        amount_micros=draft.amount.micros, currency=draft.amount.currency, reason=draft.reason.strip(), corrects=draft.corrects,
        inputs=db.jsonb(inputs), author=author, needs_approval=needs,
        seconds=settings.adjustment_wait_days * DAY if needs else settings.adjustment_undo_minutes * MINUTE,
    )  # fmt: skip
    if draft.amount.micros > 0:
        row = await db.fetch_one(sql.lock_adjustment, id=adjustment_id)
        assert row is not None
        await ledger.set_aside(_earmark(row))
    await audit.record(
        "adjustment.proposed", "adjustment", adjustment_id, reason=draft.reason,
        after={"annotator_id": str(annotator_id), "kind": draft.kind, **draft.amount.to_json(), "needs_approval": needs},
    )  # fmt: skip
    return adjustment_id


def _earmark(row: Mapping[str, Any], period: UUID | None = None) -> Earmark:
    return Earmark(
        key=_key(row["id"]), project_id=plain_uuid(row["project"]), annotator_id=plain_uuid(row["annotator"]),
        amount=Money(row["amount_micros"], row["currency"]), inputs=row["inputs"], adjustment_id=plain_uuid(row["id"]), for_period=period,
    )  # fmt: skip


def _key(adjustment_id: UUID) -> str:
    return f"adjust:{adjustment_id}"


async def decide(ids: Sequence[UUID], decision: Decision, by: str, note: str = "", own: UUID | None = None) -> None:
    """All of them or none, each once: what was decided so before is left. `own` is the decider's own annotator.

    Raises `NoSuchAdjustment`, `AdjustmentDecided`, `OwnAdjustment`: nobody approves what they proposed, or for themselves.
    """
    db.require_transaction()
    for adjustment_id in sorted(set(ids)):
        row = await db.fetch_one(sql.lock_adjustment, id=adjustment_id)
        if row is None:
            raise NoSuchAdjustment
        await _decide_one(row, decision, by, note, own)


async def decidable(wanted: Matching, by: str, own: UUID | None) -> tuple[list[UUID], list[Money]]:
    """Of a filter what this person may decide, at most `MOST_MATCHING` + 1, and their sums by currency."""
    rows = await db.fetch(sql.to_be_decided, by=by, own=own, limit=MOST_MATCHING + 1, **msgspec.structs.asdict(wanted))
    sums: dict[str, int] = {}
    for row in rows:
        sums[row["currency"]] = sums.get(row["currency"], 0) + row["amount_micros"]
    return [plain_uuid(row["id"]) for row in rows], [Money(sums[name], name) for name in sorted(sums)]


async def decide_matching(
    wanted: Matching, decision: Decision, expected: int, by: str, *, note: str = "", own: UUID | None = None
) -> int:
    """All of a filter that this person may decide; how many. Raises `AdjustmentsChanged` where they are not `expected`, `BadAdjustment`."""
    db.require_transaction()
    ids, _ = await decidable(wanted, by, own)
    if len(ids) > MOST_MATCHING:
        raise BadAdjustment(f"More than {MOST_MATCHING:,} at once; narrow the list by project, person or kind.")
    if len(ids) != expected:
        raise AdjustmentsChanged(found=len(ids))
    await decide(ids, decision, by, note, own)
    return len(ids)


async def _decide_one(row: Any, decision: Decision, by: str, note: str, own: UUID | None) -> None:
    state = row["state"]
    if state == {"approve": "posted", "refuse": "refused", "undo": "undone"}[decision]:
        return
    if decision == "undo":
        if state not in (*OPEN, "short"):
            raise AdjustmentDecided(state=state)
        if row["author"] != by and row["kind"] != "floor":
            raise OwnAdjustment("Only its author takes it back; refuse it instead.")
        await _end(row, "undone", by, note)
        return
    retried = state == "short" and decision == "approve"
    if state != "waiting" and not retried:
        raise AdjustmentDecided(state=state)
    if row["author"] == by and not (retried and not row["needs_approval"]):
        raise OwnAdjustment
    if own is not None and plain_uuid(row["annotator"]) == own:
        raise OwnAdjustment
    if decision == "refuse":
        await _end(row, "refused", by, note)
    else:
        await pay(row, by, note)


async def _end(row: Any, state: str, by: str | None, note: str) -> None:
    if row["amount_micros"] > 0 and row["state"] in OPEN and row["kind"] != "floor":
        await ledger.resolve("void", _key(row["id"]), f"void:{_key(row['id'])}", state)
    await db.execute(sql.decide_adjustment, id=row["id"], state=state, decided_by=by, decision=note)


async def end_unpaid(row: Any, by: str, note: str) -> None:
    """Of a locked row that waits or is scheduled: what it was for was paid otherwise."""
    await _end(row, "undone", by, note)


async def pay(row: Any, by: str | None, note: str = "") -> bool:
    """Of a locked row. False, and `short`, where a deduction is not covered by what was earned."""
    adjustment_id, amount = plain_uuid(row["id"]), Money(row["amount_micros"], row["currency"])
    key, annotator_id, project_id = _key(adjustment_id), plain_uuid(row["annotator"]), plain_uuid(row["project"])
    if amount.micros < 0:
        if not await _deduct(row, f"post:{key}"):
            await db.execute(sql.decide_adjustment, id=adjustment_id, state="short", decided_by=by, decision=note)
            return False
    else:
        if row["state"] == "short" or row["kind"] == "floor":
            # A top-up that found the budget empty is retried when its period may be closed already: then it is a late line.
            period = plain_uuid_or_none(row["period"]) if row["state"] == "scheduled" else None
            earmark = _earmark(row, period)
            if row["kind"] == "floor":
                terms = await exchange.terms_for(annotator_id, amount)
                earmark = msgspec.structs.replace(earmark, inputs=earmark.inputs | terms)
            await ledger.set_aside(earmark)
        done = await ledger.resolve("post", key, f"post:{key}", row["reason"])
        await exchange.convert(exchange.of_resolution(done) if done else [])
    await db.execute(sql.decide_adjustment, id=adjustment_id, state="posted", decided_by=by, decision=note)
    data = {
        "adjustment_id": str(adjustment_id), "annotator_id": str(annotator_id), "project_id": str(project_id), "kind": row["kind"],
        "amount": amount_text(amount.micros), "currency": amount.currency, "reason": row["reason"],
    }  # fmt: skip
    await outbox.publish("adjustment.posted", data, project_id=project_id, subject_id=adjustment_id)
    return True


async def _deduct(row: Any, key: str) -> bool:
    """Out of what was earned, in the person's currency; False where that does not cover it."""
    annotator_id, project_id, micros, inputs = (
        plain_uuid(row["annotator"]),
        plain_uuid(row["project"]),
        -row["amount_micros"],
        row["inputs"],
    )
    own = exchange.paid(inputs) or Money(micros, row["currency"])
    if "exchange" in inputs:
        # The budget first, as every movement of a project's money.
        await db.execute(sql.lock_budgets, project_ids=[project_id])
        await ledger.open_person(annotator_id, row["currency"], inputs)
        await exchange.lock([annotator_id], [own.currency])
    seq = await db.fetch_value(
        sql.deduct, id=uuid7(), key=key, project_id=project_id, annotator_id=annotator_id, amount_micros=micros,
        currency=row["currency"], adjustment_id=plain_uuid(row["id"]), inputs=db.jsonb(inputs), reason=row["reason"],
        payee=ledger.payee(inputs), paid_micros=own.micros, paid_currency=own.currency,
    )  # fmt: skip
    if seq is not None:
        await exchange.convert(exchange.of_deduction(key, annotator_id, micros, inputs))
    return seq is not None


async def sweep() -> int:
    """Pays what can no longer be undone, and ends what waited too long; how many, at most `BATCH`."""
    db.require_transaction()
    due = await db.fetch(sql.due_adjustments, limit=BATCH)
    for one in due:
        row = await db.fetch_one(sql.lock_adjustment, id=one["id"])
        assert row is not None
        if one["state"] == "scheduled":
            await pay(row, None)
        else:
            await _end(row, "expired", None, "")
    return len(due)


async def adjustments(
    *,
    limit: int,
    state: str | None = None,
    kind: str | None = None,
    annotator_id: UUID | None = None,
    project_id: UUID | None = None,
    period_id: UUID | None = None,
    vendor_id: UUID | None = None,
    before: UUID | None = None,
) -> list[AdjustmentView]:
    """The newest first."""
    rows = await db.fetch(
        sql.adjustments, id=None, state=state, kind=kind, annotator_id=annotator_id, project_id=project_id, period_id=period_id,
        vendor_id=vendor_id, before=before, limit=limit,
    )  # fmt: skip
    return [_view(row) for row in rows]


async def some(ids: Sequence[UUID]) -> list[AdjustmentView]:
    """In the order of their ids."""
    found = []
    for one in ids:
        rows = await db.fetch(
            sql.adjustments, id=one, state=None, kind=None, annotator_id=None, project_id=None, period_id=None, vendor_id=None,
            before=None, limit=1,
        )  # fmt: skip
        found += [_view(row) for row in rows]
    return found


def _view(row: Any) -> AdjustmentView:
    return AdjustmentView(
        id=plain_uuid(row["id"]), kind=row["kind"], project_id=plain_uuid(row["project_id"]), project=row["project_name"],
        annotator_id=plain_uuid(row["annotator_id"]), name=row["name"], amount=Money(row["amount_micros"], row["currency"]),
        reason=row["reason"], corrects=row["corrects"], period_id=plain_uuid_or_none(row["period_id"]), language=row["language"],
        inputs=row["inputs"], author=row["author"], needs_approval=row["needs_approval"], state=row["state"], acts_at=row["acts_at"],
        decided_by=row["decided_by"], decided_at=row["decided_at"], decision=row["decision"], created_at=row["created_at"],
    )  # fmt: skip
