"""A second look at a verdict: it is overturned or upheld, in one transaction with all that rested on it.

The verdict itself stays; a row of `overturn` says what counts from now on, who decided it, and why. The work's states
follow along drawn edges, the author is paid where work counts after all, and evidence is corrected so that beliefs and
the task's difficulty end where the right verdict would have brought them (`routing.relearning`).
"""

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from kernel import audit, db, outbox
from kernel.ids import uuid7
from kernel.sql import load
from routing.errors import NoSuchVerdict, OwnVerdict, SameOutcome, VerdictSuperseded
from routing.events import WorkReinstated, emit
from routing.holds import after_second_look, refuse_overturn
from routing.lanes import ANNOTATION
from routing.relearning import Relearned, relearn
from routing.settling import settle

sql = load(__package__)
ACCEPTED, REJECTED, REWORK = "accepted", "rejected", "rework"


class OverturnDraft(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    outcome: Literal["accept", "reject"]
    reason: Annotated[str, Meta(min_length=1, max_length=4000, pattern=r"\S")]
    """Both people read it."""
    scores: dict[Annotated[str, Meta(max_length=80)], Annotated[int, Meta(ge=1, le=5)]] = {}
    """Rubric dimension → 1 to 5, in the place of the reviewer's; none: theirs stand."""


class UpholdDraft(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    reason: Annotated[str, Meta(min_length=1, max_length=4000, pattern=r"\S")]


class Overturned(msgspec.Struct, frozen=True):
    overturn_id: UUID
    verdict_id: UUID
    outcome: str
    """What counts now."""
    upheld: bool
    submission_state: str
    task_state: str
    relearned: Relearned


class _Judged(msgspec.Struct, frozen=True):
    """A verdict with its work, locked."""

    verdict_id: UUID
    given: str
    outcome: str
    """What counts so far: the newest overturn's outcome, else the verdict's own."""
    reviewer_id: UUID
    reviewer_vendor_id: UUID | None
    submission_id: UUID
    state: str
    author_id: UUID
    author_vendor_id: UUID | None
    assignment_id: UUID
    slot_id: UUID
    slot_state: str
    slot_assignment_id: UUID | None
    reserved_for: UUID | None
    task_id: UUID
    project_id: UUID
    project_state: str
    answers: int
    answer_limit: int
    reviewers: list[UUID]
    """Who looked at the work, at all its stages."""
    superseded: bool
    """Another stage looked, or is to look, at it since."""


async def overturn(verdict_id: UUID, draft: OverturnDraft, *, by: UUID | None, of_lot: bool = False) -> Overturned:
    """`by`: the annotator who decides, where it is one. `of_lot`: a lot's sample found it, so that the breaker does not sum it up.

    Raises `NoSuchVerdict`, `OwnVerdict`, `SameOutcome`,
    `VerdictSuperseded`, `ReviewerHeld` or `RejectionTrips` (as a verdict, `callboard.breaking`), and `BudgetExhausted` where there is no money for work that counts after all.
    """
    work = await _locked(verdict_id, by)
    if work.outcome == draft.outcome:
        raise SameOutcome
    _check_newest(work)
    await refuse_overturn(work.verdict_id, work.author_id, rejected=draft.outcome == "reject" and not of_lot)
    overturn_id = await _store(work, draft.outcome, draft.reason, draft.scores, upheld=False)
    state = ACCEPTED if draft.outcome == "accept" else REJECTED
    await _follow(work, state)
    task_state = await _settle(work)
    relearned = await relearn(work.task_id, work.verdict_id, draft.reason)
    await _tell(work, draft.outcome, draft.reason, task_state)
    await after_second_look(work.verdict_id)
    return Overturned(overturn_id, verdict_id, draft.outcome, False, state, task_state, relearned)


async def uphold(verdict_id: UUID, reason: str, *, by: UUID | None) -> Overturned:
    """A second look found the same: nothing moves but the reviewer's record. Raises `NoSuchVerdict`, `OwnVerdict`."""
    work = await _locked(verdict_id, by)
    await refuse_overturn(work.verdict_id, work.author_id, rejected=False)
    overturn_id = await _store(work, work.outcome, reason, {}, upheld=True)
    relearned = await relearn(work.task_id, work.verdict_id, reason)
    await after_second_look(work.verdict_id)
    task_state = await db.fetch_value("SELECT state FROM task WHERE id = :id", id=work.task_id)
    facts = {"verdict_id": str(verdict_id), "task_id": str(work.task_id), "outcome": work.outcome}
    await outbox.publish(
        "review.upheld", facts | {"annotator_id": str(work.reviewer_id)}, project_id=work.project_id,
        subject_id=work.task_id, vendor_id=work.reviewer_vendor_id,
    )  # fmt: skip
    return Overturned(overturn_id, verdict_id, work.outcome, True, work.state, task_state, relearned)


async def _locked(verdict_id: UUID, by: UUID | None) -> _Judged:
    """The answer's place first, then the submission and the task: the order in which every writer locks."""
    db.require_transaction()
    await db.execute(sql.lock_slot_of_verdict, verdict_id=verdict_id)
    work = await db.fetch_one_as(_Judged, sql.verdict_for_overturn, verdict_id=verdict_id)
    if work is None:
        raise NoSuchVerdict
    if by is not None and by in {work.author_id, *work.reviewers}:
        raise OwnVerdict
    return work


def _check_newest(work: _Judged) -> None:
    """An answer that went back is its author's until it is taken again; from then on the next round decides."""
    if work.superseded:
        raise VerdictSuperseded(
            "Another stage of the plan looks at this work after it; the verdict of the last one decides."
        )
    waits = work.slot_state == "free" and work.reserved_for == work.author_id
    if work.state == REWORK and not waits:
        raise VerdictSuperseded("The work went back and was taken again; the verdict on its next round decides.")
    if work.state != REWORK and (work.slot_state, work.slot_assignment_id) != ("done", work.assignment_id):
        raise VerdictSuperseded


async def _store(work: _Judged, outcome: str, reason: str, scores: dict[str, int], *, upheld: bool) -> UUID:
    overturn_id = uuid7()
    await db.execute(
        sql.insert_overturn, id=overturn_id, verdict_id=work.verdict_id, outcome=outcome, upheld=upheld,
        scores=db.jsonb(scores), reason=reason,
    )  # fmt: skip
    state = "upheld" if upheld or outcome != "accept" else "overturned"
    await db.execute(sql.close_dispute, verdict_id=work.verdict_id, state=state, decision=reason)
    action = "verdict.upheld" if upheld else "verdict.overturned"
    before, after = {"outcome": work.outcome}, {"outcome": outcome, "overturn_id": str(overturn_id)}
    await audit.record(action, "verdict", work.verdict_id, before=before, after=after, reason=reason)
    return overturn_id


async def _follow(work: _Judged, state: str) -> None:
    """What the new outcome does to the answer: it counts and is paid, or another person's answer is wanted."""
    if work.state == REWORK:
        await db.execute(
            sql.keep_answer, slot_id=work.slot_id, author_id=work.author_id, assignment_id=work.assignment_id
        )
    if state == work.state:
        return
    await db.execute(sql.redecide_submission, submission_id=work.submission_id, before=work.state, state=state)
    if state == REJECTED:
        # What was paid stays paid: the author kept to what was asked, and was told that it was good.
        if work.answers < work.answer_limit and work.project_state != "closed":
            await db.execute(sql.add_answer_slot, id=uuid7(), slot_id=work.slot_id)
        return
    if work.state == REJECTED:
        await db.execute(sql.cancel_replacement, task_id=work.task_id)
    await emit(
        WorkReinstated(
            work.assignment_id, work.task_id, work.project_id, work.author_id, ANNOTATION, work.author_vendor_id
        )
    )


async def _settle(work: _Judged) -> str:
    """A task that was closed is looked at again; from there its state follows from its answers, as ever."""
    await db.execute(sql.reopen_task, task_id=work.task_id)
    await settle([work.task_id])
    return str(await db.fetch_value("SELECT state FROM task WHERE id = :id", id=work.task_id))


async def _tell(work: _Judged, outcome: str, reason: str, task_state: str) -> None:
    """The author and the reviewer each hear it as their own news."""
    facts = {
        "verdict_id": str(work.verdict_id), "task_id": str(work.task_id), "submission_id": str(work.submission_id),
        "before": work.outcome, "outcome": outcome, "reason": reason,
    }  # fmt: skip
    where = {"project_id": work.project_id, "subject_id": work.task_id}
    author, reviewer = {"annotator_id": str(work.author_id)}, {"annotator_id": str(work.reviewer_id)}
    await outbox.publish("verdict.overturned", facts | author, vendor_id=work.author_vendor_id, **where)
    await outbox.publish("review.overturned", facts | reviewer, vendor_id=work.reviewer_vendor_id, **where)
    if task_state in (ACCEPTED, REJECTED, "open"):
        kind = f"task.{'reopened' if task_state == 'open' else task_state}"
        await outbox.publish(kind, facts | author, vendor_id=work.author_vendor_id, **where)
