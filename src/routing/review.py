"""A verdict and everything that follows from it, in one transaction: states, evidence, difficulty, money, events."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta

from kernel import db, outbox
from kernel.ids import uuid7
from kernel.settings import Settings
from kernel.sql import load
from routing import holds, leases, measured, verdict_items
from routing.asking import ask_for_more
from routing.errors import BadCorrection, ReasonRequired, ReworkLimit, WrongState
from routing.events import AssignmentEnded, WorkAccepted, emit, main_writer
from routing.forms import store as forms
from routing.lanes import ANNOTATION, REVIEW
from routing.look_ends import ADJUDICATION, MEASURED, end_hold
from routing.outcomes import EVIDENCE_OUTCOME, PASSING, Outcome
from routing.relearning import relearn
from routing.settling import settle
from routing.staging import go_on
from skills.belief import Belief, difficulty_updated
from skills.evidence import Observation, lock_people, measure, settled_by_key

sql = load(__package__)

SUBMISSION_STATE = {"accept": "accepted", "fix": "accepted", "rework": "rework", "reject": "rejected"}


class Reason(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which rubric item, and why; `turn_no` where it concerns one turn."""

    item: Annotated[str, Meta(min_length=1, max_length=80)]
    text: Annotated[str, Meta(min_length=1, max_length=4000)]
    turn_no: int | None = None


class VerdictDraft(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    epoch: int
    outcome: Outcome
    scores: dict[Annotated[str, Meta(max_length=80)], Annotated[int, Meta(ge=1, le=5)]] = {}
    """Rubric dimension → 1 to 5."""
    reasons: list[Reason] = []
    comment: Annotated[str, Meta(max_length=8000)] = ""
    corrected: dict[str, Any] | None = None
    """With `fix`: the work as it should have been."""


class VerdictGiven(msgspec.Struct, frozen=True):
    verdict_id: UUID
    submission_id: UUID
    outcome: str
    task_state: str


class Judged(msgspec.Struct, frozen=True):
    """The submission under review, locked with its task."""

    id: UUID
    slot_id: UUID
    task_id: UUID
    project_id: UUID
    author_id: UUID
    author_vendor_id: UUID | None
    assignment_id: UUID
    round: int
    state: str
    payload: dict[str, Any]
    difficulty_mean: float
    difficulty_variance: float
    domain: str
    task_kind: str
    rework_limit: int
    answer_limit: int
    price_micros: int
    rework_rounds: int
    answers: int


async def give_verdict(assignment_id: UUID, reviewer_id: UUID, draft: VerdictDraft, settings: Settings) -> VerdictGiven:
    """Raises `NoSuchAssignment`, `StaleEpoch`, `LeaseLost`, `ReasonRequired`, `UnknownItem`, `BadCorrection`, `AnswerRefused`, `ReviewerHeld`, `ReworkLimit`, `WrongState`.

    `RejectionTrips` (a `ReviewerHeld`) undoes everything but its hold, which the caller writes (`callboard.breaking`).
    """
    mine = await leases.hold(assignment_id, reviewer_id, draft.epoch)
    if mine.kind != REVIEW or mine.submission_id is None:
        raise WrongState("Only a review ends with a verdict; hand work in with POST …/submit.")
    if mine.stage == ADJUDICATION:
        raise WrongState("A decision between answers ends with what is right: POST …/adjudicate.")
    work = await db.fetch_one_as(Judged, sql.submission_for_review, submission_id=mine.submission_id)
    assert work is not None
    if mine.stage == MEASURED:
        # As whoever is measured has it before them: it waits for its verdict, in its round.
        work = msgspec.structs.replace(work, state="pending", rework_rounds=work.round - 1)
        look_id = await measured.take(mine, work, await _checked(draft, work), settings)
        return VerdictGiven(look_id, work.id, draft.outcome, measured.TASK_STATE[draft.outcome])
    return await _decide(mine, work, await _checked(draft, work), settings)


async def _decide(mine: leases.LiveAssignment, work: Judged, draft: VerdictDraft, settings: Settings) -> VerdictGiven:
    if draft.outcome not in PASSING:
        await holds.refuse(mine.annotator_id, work.author_id)
    verdict_id = await _store(mine, work, draft, settings)
    if draft.outcome not in PASSING or not await go_on(work.id, mine.stage, settings):
        await db.execute(sql.decide_submission, submission_id=work.id, state=SUBMISSION_STATE[draft.outcome])
        await _follow(work, draft)
    await emit(WorkAccepted(mine.id, mine.task_id, mine.project_id, mine.annotator_id, REVIEW, mine.vendor_id))
    await learn(mine, work, draft)
    await ask_for_more(work.task_id, settings.skill_half_life_days)
    task_state = await _settle(mine, work, draft)
    settled = task_state in ("accepted", "rejected")
    await measured.after_verdict(verdict_id, work.task_id, work.project_id, settled=settled)
    return VerdictGiven(verdict_id, work.id, draft.outcome, task_state)


async def _checked(draft: VerdictDraft, work: Judged) -> VerdictDraft:
    """A correction of a declared kind is held against its form, and keeps the order of the candidates."""
    _check(draft, work)
    if draft.outcome not in PASSING:
        await verdict_items.check(work.project_id, work.payload, [reason.item for reason in draft.reasons])
    if draft.outcome != "fix" or not draft.corrected:
        return draft
    declared = await forms.corrected(work.assignment_id, work.payload, draft.corrected)
    if declared is None and not same_shape(work.payload, draft.corrected):
        raise BadCorrection
    return draft if declared is None else msgspec.structs.replace(draft, corrected=declared)


def _check(draft: VerdictDraft, work: Judged) -> None:
    if work.state != "pending":
        raise WrongState(f"This submission is {work.state}; it was judged already.")
    if draft.outcome in ("rework", "reject") and not draft.reasons:
        raise ReasonRequired
    if draft.outcome == "fix" and not draft.corrected:
        raise ReasonRequired("A fix comes with the corrected work in `corrected`.")
    if draft.outcome == "rework" and work.rework_rounds >= work.rework_limit:
        raise ReworkLimit(
            f"This work was sent back {work.rework_rounds} times, the project's limit; accept, fix or reject it."
        )


def same_shape(work: Any, corrected: Any) -> bool:
    """Whether a correction could stand in the work's place: the same keys, the same kinds of values, all the way down.

    Lists may differ in length; what they hold is compared with the first thing that the work's list holds.
    """
    if isinstance(work, dict):
        if not isinstance(corrected, dict):
            return False
        return work.keys() <= corrected.keys() and all(same_shape(part, corrected[key]) for key, part in work.items())
    if isinstance(work, list):
        return isinstance(corrected, list) and all(same_kind(work[0], part) for part in corrected if work)
    return same_kind(work, corrected)


def same_kind(one: Any, other: Any) -> bool:
    """Text stays text, an object an object; whatever was nothing may become something, and the other way round."""
    if one is None or other is None:
        return True
    numbers = (int, float)
    return type(one) is type(other) or (isinstance(one, numbers) and isinstance(other, numbers))


async def _store(mine: leases.LiveAssignment, work: Judged, draft: VerdictDraft, settings: Settings) -> UUID:
    await end_hold(mine, settings)
    verdict_id = uuid7()
    await db.execute(
        sql.insert_verdict, id=verdict_id, submission_id=work.id, stage=mine.stage, assignment_id=mine.id, reviewer_id=mine.annotator_id,
        author_id=work.author_id, outcome=draft.outcome, scores=db.jsonb(draft.scores), reasons=db.jsonb(draft.reasons),
        comment=draft.comment, corrected=None if draft.corrected is None else db.jsonb(draft.corrected),
    )  # fmt: skip
    return verdict_id


async def _follow(work: Judged, draft: VerdictDraft) -> None:
    """What the outcome does to the answer: it counts, it goes back, or another person's answer is wanted."""
    if draft.outcome in PASSING:
        await emit(
            WorkAccepted(
                work.assignment_id, work.task_id, work.project_id, work.author_id, ANNOTATION, work.author_vendor_id
            )
        )
        return
    if draft.outcome == "rework":
        await emit(AssignmentEnded(work.assignment_id, "returned for rework"))
        await db.execute(
            sql.return_to_author, slot_id=work.slot_id, author_id=work.author_id, price_micros=work.price_micros
        )
        return
    await emit(AssignmentEnded(work.assignment_id, "rejected: " + "; ".join(reason.item for reason in draft.reasons)))
    if work.answers < work.answer_limit:
        await db.execute(sql.add_answer_slot, id=uuid7(), slot_id=work.slot_id)


async def learn(mine: leases.LiveAssignment, work: Judged, draft: VerdictDraft) -> None:
    """What a verdict, as given at this stage, says of the author, the reviewer and the task's difficulty."""
    difficulty = Belief(work.difficulty_mean, work.difficulty_variance)
    outcome = EVIDENCE_OUTCOME[draft.outcome]
    about: dict[str, Any] = {
        "domain": work.domain,
        "source_type": "submission",
        "source_id": work.id,
        "difficulty": difficulty,
    }
    # That a review was given is on record; what it says about the reviewer is known when somebody checks it.
    reviewer = Observation(
        annotator_id=mine.annotator_id, kind="review_given", outcome=1.0, weight=0.0, task_kind=REVIEW, **about
    )
    earlier = await db.fetch(sql.earlier_looks, submission_id=work.id, stage=mine.stage)
    if earlier:
        await _look_back(mine, work, reviewer, earlier)
        return
    # Of a dialogue that passed through several hands the verdict says most about whoever wrote most of it.
    learner = await main_writer(work.assignment_id) or work.author_id
    # One piece of work is no two proofs of the same: where its right answer was known, that has spoken (decision 12).
    weight = 0.0 if await settled_by_key(learner, work.id) else 1.0
    observations = [
        Observation(
            annotator_id=learner,
            kind="review_verdict",
            outcome=outcome,
            weight=weight,
            task_kind=work.task_kind,
            **about,
        ),
        reviewer,
    ]
    # By id, so that two people who judge each other's work do not wait for each other's skill rows.
    learned = {one.kind: await measure(one) for one in sorted(observations, key=lambda item: item.annotator_id)}
    # The belief that the outcome was held against, which the evidence alone decides: an overturn can work it out again.
    harder = difficulty_updated(learned["review_verdict"].before, difficulty, outcome)
    await db.execute(sql.update_difficulty, task_id=work.task_id, mean=harder.mean, variance=harder.variance)


async def _look_back(mine: leases.LiveAssignment, work: Judged, reviewer: Observation, earlier: Sequence[Any]) -> None:
    """A later stage says whether the earlier ones were right; of the author one thing is learned, by what counts now."""
    author = await main_writer(work.assignment_id) or work.author_id
    await lock_people({author, work.author_id, mine.annotator_id, *(row["reviewer"] for row in earlier)})
    await measure(reviewer)
    await relearn(work.task_id, earlier[-1]["id"], f"looked at again at stage {mine.stage}")


async def _settle(mine: leases.LiveAssignment, work: Judged, draft: VerdictDraft) -> str:
    await settle([work.task_id])
    state = await db.fetch_value("SELECT state FROM task WHERE id = :task_id", task_id=work.task_id)
    facts = {
        "task_id": str(work.task_id),
        "submission_id": str(work.id),
        "annotator_id": str(work.author_id),
        "outcome": draft.outcome,
        "review_assignment_id": str(mine.id),
    }
    where = {"project_id": work.project_id, "subject_id": work.task_id, "vendor_id": work.author_vendor_id}
    await outbox.publish("verdict.given", facts, **where)
    if state in ("accepted", "rejected", "rework", "open"):
        await outbox.publish(f"task.{'reopened' if state == 'open' else state}", facts, **where)
    return str(state)


class SubmissionView(msgspec.Struct, frozen=True):
    id: UUID
    task_id: UUID
    project_id: UUID
    author_id: UUID
    assignment_id: UUID
    round: int
    state: str
    payload: dict[str, Any]
    submitted_at: Any
    decided_at: Any


async def submission(submission_id: UUID) -> SubmissionView:
    """For whoever may see it; callers check that first (a reviewer through the assignment that names it)."""
    row = await db.fetch_one_as(SubmissionView, sql.submission_by_id, submission_id=submission_id)
    if row is None:
        raise WrongState("There is no such submission.")
    return row


async def standing(submission_id: UUID, stage: int) -> dict[str, Any] | None:
    """The work as an earlier stage mended it, which is what the next one looks at; none: as it was handed in."""
    rows = await db.fetch(sql.earlier_looks, submission_id=submission_id, stage=stage)
    return next((row["corrected"] for row in reversed(rows) if row["corrected"] is not None), None)


async def correction(assignment_id: UUID) -> dict[str, Any] | None:
    """The corrected work that this review ended with, if it was a fix."""
    return await db.fetch_value(sql.correction_given, assignment_id=assignment_id)  # type: ignore[no-any-return]


class AuthorFeedback(msgspec.Struct, frozen=True):
    outcome: str
    scores: dict[str, int]
    reasons: list[Reason]
    comment: str
    given_at: Any
    round: int
    given: str | None
    """What the reviewer had said, where it was overturned; `outcome` is what counts."""
    overturned_because: str | None


async def feedback(task_id: UUID, annotator_id: UUID) -> AuthorFeedback | None:
    """What the newest verdict told this author about this task."""
    return await db.fetch_one_as(
        AuthorFeedback, sql.last_verdict_for_author, task_id=task_id, annotator_id=annotator_id
    )


async def round_before(work: SubmissionView) -> dict[str, Any] | None:
    """What was sent back, where this is what came of it."""
    return await db.fetch_value(sql.round_before, submission_id=work.id) if work.round > 1 else None


class SameFeedback(msgspec.Struct, frozen=True):
    """A rule that was named of another work of the author, before and after they were told."""

    item: str
    text: str
    given_at: Any
    before: dict[str, Any]
    after: dict[str, Any] | None
    then_state: str | None


async def same_feedback(work: SubmissionView, items: list[str], limit: int = 3) -> list[SameFeedback]:
    """Of the author's other works in the project, newest first; for whoever reviews this one."""
    return await db.fetch_as(SameFeedback, sql.same_feedback, submission_id=work.id, items=items, limit=limit)


class Returned(msgspec.Struct, frozen=True):
    slot_id: UUID
    task_id: UUID
    external_id: str
    domain: str
    language: str
    payload: dict[str, Any]
    price_micros: int
    currency: str
    project_name: str
    returned_at: Any
    reasons: list[Reason]
    comment: str
    price_inputs: dict[str, Any]


async def returned_to(annotator_id: UUID) -> list[Returned]:
    """Rework that waits for this author; the next claim takes it first."""
    return await db.fetch_as(Returned, sql.returned_to, annotator_id=annotator_id)
