"""Somebody's word against a line of their earnings: paid wrongly, not paid, held too long, or missing altogether.

Whoever answers neither earns by it nor caused the line. Who is right gets an adjustment that corrects the line, by the rules of adjustments: above
the limit a second person approves. Locks: disputes, then their projects, budgets and earnings, each by id.
"""

from collections.abc import Sequence
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from kernel import audit, db, outbox
from kernel.ids import plain_uuid, plain_uuid_or_none, uuid7
from kernel.money import Money, amount_text
from kernel.settings import Settings
from kernel.sql import load
from payments import adjustments
from payments.adjustments import LARGEST_MICROS, AdjustmentDraft
from payments.errors import (
    BadPayDispute,
    NoSuchPayDispute,
    NoSuchPayLine,
    OwnPayDispute,
    PayDisputeEarly,
    PayDisputeLate,
    PayDisputeMade,
    PayDisputeOver,
    PayDisputeOvertaken,
)

sql = load(__package__)
JOB = "payments.pay_disputes"
BATCH = 200
MOST_AT_ONCE = 200

Kind = Literal["posted", "voided", "held", "missing"]
Answer = Literal[
    "as_agreed",
    "work_not_accepted",
    "still_in_review",
    "counted_right",
    "our_mistake",
    "counted_wrong",
    "work_counts",
    "other",
]
ANSWERS: dict[str, tuple[str, ...]] = {
    "uphold": ("our_mistake", "counted_wrong", "work_counts", "other"),
    "refuse": ("as_agreed", "counted_right", "work_not_accepted", "still_in_review", "other"),
}
"""What may be answered, by the outcome; each is said in the reader's language. `other` says it in words."""
IN_WORDS = {
    "our_mistake": "It was our mistake.", "counted_wrong": "It was counted wrongly.", "work_counts": "The work counts after all.",
}  # fmt: skip
"""On the statement, where nothing else was written."""


class PayDisputeDraft(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """About a line, or about work that has none."""

    line: Annotated[int, Meta(ge=1, le=2**63 - 1)] | None = None
    """`seq` of a line of one's earnings."""
    assignment_id: UUID | None = None
    """Work of one's own that paid nothing; work that has a line is disputed by it."""
    reason: Annotated[str, Meta(min_length=1, max_length=2000)]
    wanted: Money | None = None
    """What it should have brought more; in the line's currency."""


class PayDisputeAnswer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    outcome: Literal["uphold", "refuse"]
    """`uphold`: the person is right."""
    answer: Answer
    reason: str = ""
    """Needed with `other`; the person reads it."""
    amount: Money | None = None
    """To be paid, for one dispute; without it the amount that was voided or deducted, else the one that is wanted. A line that is only held is
    paid by its review, and needs none."""


class Ground(msgspec.Struct, frozen=True):
    """What somebody disputes, as it stands."""

    kind: str
    line: int | None
    corrects: int | None
    """`seq` of the row that a statement shows."""
    project_id: UUID
    assignment_id: UUID | None
    amount: Money
    late: bool
    early: bool


async def open_dispute(annotator_id: UUID, draft: PayDisputeDraft, settings: Settings) -> UUID:
    """Raises `NoSuchPayLine`, `PayDisputeMade`, `PayDisputeEarly`, `PayDisputeLate`, `BadPayDispute`."""
    db.require_transaction()
    if (draft.line is None) == (draft.assignment_id is None):
        raise BadPayDispute("Name a line, or work that has none.")
    reason, wanted = draft.reason.strip(), draft.wanted
    if not reason:
        raise BadPayDispute("Say what is wrong: whoever answers reads it.")
    ground = await _ground(annotator_id, draft.line, draft.assignment_id, settings)
    if wanted is not None and (wanted.currency != ground.amount.currency or not 0 < wanted.micros <= LARGEST_MICROS):
        raise BadPayDispute(f"What is wanted is an amount in {ground.amount.currency}, above zero.")
    if ground.early:
        raise PayDisputeEarly
    if ground.late:
        raise PayDisputeLate(f"A line can be disputed for {settings.pay_dispute_window_days} days.")
    dispute_id = uuid7()
    made = await db.fetch_value(
        sql.add_pay_dispute, id=dispute_id, kind=ground.kind, project_id=ground.project_id, annotator_id=annotator_id, line=ground.line,
        assignment_id=ground.assignment_id, currency=ground.amount.currency, line_micros=ground.amount.micros,
        wanted_micros=wanted.micros if wanted else None, reason=reason, hours=settings.pay_dispute_decision_hours,
    )  # fmt: skip
    if made is None:
        raise PayDisputeMade
    facts = {"kind": ground.kind, "line": ground.line}
    await audit.record("pay_dispute.opened", "pay_dispute", dispute_id, after=facts, reason=reason)
    await _tell("opened", await _locked(dispute_id), facts)
    return dispute_id


async def _ground(annotator_id: UUID, line: int | None, assignment_id: UUID | None, settings: Settings) -> Ground:
    days = {"window_days": settings.pay_dispute_window_days, "held_days": settings.pay_held_too_long_days}
    if assignment_id is not None:
        row = await db.fetch_one(
            sql.work_to_dispute, annotator_id=annotator_id, assignment_id=assignment_id, window_days=days["window_days"]
        )
        if row is None:
            raise NoSuchPayLine
        if row["line"] is None:
            return Ground(
                "missing", None, None, plain_uuid(row["project_id"]), assignment_id, Money(0, row["currency"]), row["late"], row["early"]
            )  # fmt: skip
        line = row["line"]
    row = await db.fetch_one(sql.line_to_dispute, annotator_id=annotator_id, line=line, **days)
    if row is None:
        raise NoSuchPayLine
    return Ground(
        row["kind"], line, row["corrects"], plain_uuid(row["project_id"]), plain_uuid_or_none(row["assignment_id"]),
        Money(row["amount_micros"], row["currency"]), row["late"], row["early"],
    )  # fmt: skip


async def withdraw(dispute_id: UUID, annotator_id: UUID) -> None:
    """By whoever opened it. Raises `NoSuchPayDispute`, `PayDisputeOver`."""
    db.require_transaction()
    row = await _locked(dispute_id)
    if plain_uuid(row["annotator"]) != annotator_id:
        raise NoSuchPayDispute
    _check_open(row)
    await db.execute(
        sql.end_pay_dispute, id=dispute_id, state="withdrawn", by=None, answer="", decision="", adjustment_id=None
    )
    await _tell("withdrawn", row, {})


async def decide(
    ids: Sequence[UUID], wish: PayDisputeAnswer, by: str, settings: Settings, own: UUID | None = None
) -> list[UUID]:
    """All of them or none; the assignments whose review somebody should look at now. `own` is the decider's own annotator.

    Raises `NoSuchPayDispute`, `PayDisputeOver`, `OwnPayDispute`, `BadPayDispute`, `PayDisputeOvertaken`, and what an adjustment raises.
    """
    db.require_transaction()
    reason = wish.reason.strip()
    if wish.answer not in ANSWERS[wish.outcome]:
        raise BadPayDispute("This answer does not go with the outcome.")
    if wish.answer == "other" and not reason:
        raise BadPayDispute("Say why: the person reads it.")
    if wish.amount is not None and (len(set(ids)) > 1 or wish.outcome == "refuse"):
        raise BadPayDispute("An amount is given for one dispute that is upheld.")
    rows = [await _locked(dispute_id) for dispute_id in sorted(set(ids))]
    for row in rows:
        _check_open(row)
        await _check_other(row, by, own)
    if wish.outcome == "uphold":
        projects = sorted({plain_uuid(row["project"]) for row in rows})
        await db.execute(sql.lock_projects, ids=projects)
        await db.execute(
            sql.lock_accounts,
            project_ids=projects,
            annotator_ids=sorted({plain_uuid(row["annotator"]) for row in rows}),
        )
    return await _answer(rows, wish, by, settings, own)


async def _answer(
    rows: Sequence[Any], wish: PayDisputeAnswer, by: str, settings: Settings, own: UUID | None
) -> list[UUID]:
    reason, waiting = wish.reason.strip(), []
    for row in rows:
        dispute_id = plain_uuid(row["id"])
        adjustment_id = await _correct(row, wish, by, settings, own) if wish.outcome == "uphold" else None
        state = "upheld" if wish.outcome == "uphold" else "refused"
        await db.execute(
            sql.end_pay_dispute, id=dispute_id, state=state, by=by, answer=wish.answer, decision=reason, adjustment_id=adjustment_id
        )  # fmt: skip
        facts = {"answer": wish.answer, "adjustment_id": str(adjustment_id) if adjustment_id else None}
        await audit.record(f"pay_dispute.{state}", "pay_dispute", dispute_id, after=facts, reason=reason or wish.answer)
        await _tell(state, row, facts)
        if state == "upheld" and row["kind"] == "held" and row["assignment_id"] is not None:
            waiting.append(plain_uuid(row["assignment_id"]))
    return waiting


async def _check_other(row: Any, by: str, own: UUID | None) -> None:
    """Nobody answers for what they caused, or for themselves."""
    causes = await db.fetch_one(sql.causes_of_pay_dispute, id=row["id"])
    assert causes is not None
    if own is not None and own in (plain_uuid(row["annotator"]), *(plain_uuid(one) for one in causes["reviewers"])):
        raise OwnPayDispute
    if by in causes["people"]:
        raise OwnPayDispute


async def _correct(row: Any, wish: PayDisputeAnswer, by: str, settings: Settings, own: UUID | None) -> UUID | None:
    """The adjustment that pays whoever is right; none for a line that is only held, unless an amount is given."""
    amount = wish.amount or _due(row)
    if amount is None:
        if row["kind"] == "held":
            return None
        raise BadPayDispute("Say how much is to be paid.")
    if amount.currency != row["currency"] or not 0 < amount.micros <= LARGEST_MICROS:
        raise BadPayDispute(f"What is paid is an amount in {row['currency']}, above zero.")
    found = await db.fetch_one(sql.pay_of_disputed, id=row["id"])
    assert found is not None
    draft = AdjustmentDraft(
        kind="adjustment", project_id=plain_uuid(row["project"]), annotator_ids=[plain_uuid(row["annotator"])], amount=amount,
        reason=(wish.reason.strip() or IN_WORDS[wish.answer])[:500], corrects=found["corrects"],
    )  # fmt: skip
    (made,) = await adjustments.propose(draft, by, settings, own)
    # Asked under the lock of the budget, which the proposal took: an overturn that pays the work at this moment is seen, or comes after.
    again = await db.fetch_one(sql.pay_of_disputed, id=row["id"])
    assert again is not None
    if again["paid_meanwhile"]:
        raise PayDisputeOvertaken
    return made


def _due(row: Any) -> Money | None:
    if row["kind"] == "held":
        return None
    if row["kind"] == "voided":
        return Money(row["line_micros"], row["currency"])
    if row["line_micros"] < 0:
        return Money(-row["line_micros"], row["currency"])
    return None if row["wanted_micros"] is None else Money(row["wanted_micros"], row["currency"])


async def _locked(dispute_id: UUID) -> Any:
    row = await db.fetch_one(sql.lock_pay_dispute, id=dispute_id)
    if row is None:
        raise NoSuchPayDispute
    return row


def _check_open(row: Any) -> None:
    if row["state"] != "open":
        raise PayDisputeOver(state=row["state"])


async def _tell(what: str, row: Any, more: dict[str, Any]) -> None:
    facts = {
        "dispute_id": str(row["id"]), "annotator_id": str(row["annotator"]), "project_id": str(row["project"]), "kind": row["kind"],
        "line": row["line"], "amount": amount_text(row["line_micros"]), "currency": row["currency"],
    }  # fmt: skip
    await outbox.publish(
        f"pay_dispute.{what}", facts | more, project_id=plain_uuid(row["project"]), subject_id=plain_uuid(row["id"]),
        vendor_id=plain_uuid_or_none(row["vendor"]),
    )  # fmt: skip


async def sweep(settings: Settings) -> int:
    """One batch: managers hear once of what nobody answered by its date, and a dispute whose adjustment paid nothing (refused, undone, run out)
    is open again; how many.
    """
    db.require_transaction()
    again = await db.fetch(sql.unpaid_pay_disputes, limit=BATCH)
    for one in again:
        await db.execute(sql.reopen_pay_dispute, id=one["id"], hours=settings.pay_dispute_decision_hours)
        await _tell("reopened", await _locked(plain_uuid(one["id"])), {"adjustment": one["adjustment_state"]})
    late = await db.fetch(sql.overdue_pay_disputes, limit=BATCH)
    for one in late:
        await _tell("overdue", await _locked(plain_uuid(one["id"])), {})
    return len(again) + len(late)
