"""Who decides between answers sees all of them, without names, and says what is right, with a reason. That is the task's truth.

Each answer gets a verdict at the stage after all stages of review: it stands, or it counts as it was corrected, and it is paid.
So the crowd's estimate, the authors' records, disputes and second looks go their usual way.
"""

import hashlib
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta

from kernel import db, outbox
from kernel.ids import plain_uuid, uuid7
from kernel.settings import Settings
from kernel.sql import load
from routing import leases
from routing.agreeing import LABEL, letter
from routing.assignments import assignment
from routing.errors import NoSuchAssignment, UnknownLabel, WrongState
from routing.events import WorkAccepted, emit
from routing.lanes import ANNOTATION, REVIEW
from routing.look_ends import ADJUDICATION, end_hold
from routing.review import Judged, VerdictDraft, learn
from routing.settling import settle
from skills.evidence import lock_people

sql = load(__package__)


class AdjudicationDraft(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    epoch: int
    label: Annotated[str, Meta(min_length=1, max_length=400, pattern=r"\S")]
    """What is right: one of the task's choices, or, where it names none, any."""
    reason: Annotated[str, Meta(min_length=1, max_length=4000, pattern=r"\S")]
    """Everybody who answered reads it."""


class BlindAnswer(msgspec.Struct, frozen=True):
    name: str
    """`A`, `B` …: neither who answered nor in which order says anything."""
    label: str | None
    payload: dict[str, Any]


class AdjudicationWork(msgspec.Struct, frozen=True):
    answers: list[BlindAnswer]
    choices: list[str]
    """Of the task, or those that were given."""
    open: bool
    """Anything else may be right, too: the task names no choices."""


class Adjudicated(msgspec.Struct, frozen=True):
    adjudication_id: UUID
    task_id: UUID
    label: str
    right: int
    """Answers that said so."""
    answers: int
    task_state: str


class AdjudicationView(msgspec.Struct, frozen=True):
    id: UUID
    label: str
    reason: str
    answers: int
    adjudicator_id: UUID
    display_name: str
    decided_at: Any


def choices_of(payload: dict[str, Any]) -> list[str]:
    named = payload.get("choices")
    if not isinstance(named, list):
        return []
    return list(
        dict.fromkeys(str(one["value"]) if isinstance(one, dict) and "value" in one else str(one) for one in named)
    )


async def work(assignment_id: UUID, person_id: UUID) -> AdjudicationWork:
    """Raises `NoSuchAssignment`, also for an assignment that is no adjudication."""
    held = await assignment(assignment_id, annotator_id=person_id)
    if held.kind != REVIEW or held.stage != ADJUDICATION:
        raise NoSuchAssignment
    rows = await db.fetch(sql.answers_of_task, task_id=held.task_id)
    mixed = sorted(rows, key=lambda row: hashlib.sha256(assignment_id.bytes + row["id"].bytes).digest())
    answers = [BlindAnswer(letter(n), _label(row["payload"]), row["payload"]) for n, row in enumerate(mixed)]
    choices = choices_of(held.payload)
    given = sorted({one.label for one in answers if one.label is not None} - set(choices))
    return AdjudicationWork(answers, choices + given, not choices)


def _label(payload: dict[str, Any]) -> str | None:
    found = payload.get(LABEL)
    return found if isinstance(found, str) else None


async def decide(assignment_id: UUID, person_id: UUID, draft: AdjudicationDraft, settings: Settings) -> Adjudicated:
    """Raises `NoSuchAssignment`, `StaleEpoch`, `LeaseLost`, `WrongState` for another kind of work, `UnknownLabel`."""
    mine = await leases.hold(assignment_id, person_id, draft.epoch)
    if mine.kind != REVIEW or mine.stage != ADJUDICATION:
        raise WrongState("This is no adjudication: a review ends with POST …/verdict, other work with POST …/submit.")
    seen, label = await work(assignment_id, person_id), draft.label.strip()
    if label not in seen.choices and not seen.open:
        raise UnknownLabel(allowed=seen.choices)
    answers = [plain_uuid(row["id"]) for row in await db.fetch(sql.lock_answers, task_id=mine.task_id)]
    await end_hold(mine, settings)
    adjudication_id = uuid7()
    await db.execute(
        sql.insert_adjudication, id=adjudication_id, task_id=mine.task_id, project_id=mine.project_id, assignment_id=mine.id,
        adjudicator_id=person_id, label=label, reason=draft.reason.strip(), answers=len(answers),
    )  # fmt: skip
    judged = [await _judged(one) for one in answers]
    await lock_people({person_id, *(one.author_id for one in judged)})
    right = sum([await _verdict(mine, one.id, label, draft.reason.strip()) for one in judged])
    await emit(WorkAccepted(mine.id, mine.task_id, mine.project_id, person_id, REVIEW, mine.vendor_id))
    await settle([mine.task_id])
    state = str(await db.fetch_value("SELECT state FROM task WHERE id = :id", id=mine.task_id))
    facts = {
        "task_id": str(mine.task_id), "adjudication_id": str(adjudication_id), "label": label, "right": right,
        "answers": len(answers),
    }  # fmt: skip
    where: dict[str, Any] = {"project_id": mine.project_id, "subject_id": mine.task_id}
    await outbox.publish("task.adjudicated", facts, **where)
    if state == "accepted":
        await outbox.publish("task.accepted", facts, **where)
    return Adjudicated(adjudication_id, mine.task_id, label, right, len(answers), state)


async def _judged(submission_id: UUID) -> Judged:
    found = await db.fetch_one_as(Judged, sql.submission_for_review, submission_id=submission_id)
    assert found is not None
    return found


async def _verdict(mine: leases.LiveAssignment, submission_id: UUID, label: str, reason: str) -> bool:
    """One answer stands, or counts as it should have been; whether it was right. Read anew: each moves the difficulty."""
    one = await _judged(submission_id)
    right = _label(one.payload) == label
    draft = VerdictDraft(
        epoch=mine.epoch, outcome="accept" if right else "fix", comment=reason,
        corrected=None if right else one.payload | {LABEL: label},
    )  # fmt: skip
    await db.execute(
        sql.record_adjudicated,
        id=uuid7(),
        submission_id=one.id,
        stage=ADJUDICATION,
        author_id=one.author_id,
        domain=one.domain,
    )
    await db.execute(
        sql.insert_verdict, id=uuid7(), submission_id=one.id, stage=ADJUDICATION, assignment_id=mine.id, reviewer_id=mine.annotator_id,
        author_id=one.author_id, outcome=draft.outcome, scores=db.jsonb({}), reasons=db.jsonb([]), comment=reason,
        corrected=None if draft.corrected is None else db.jsonb(draft.corrected),
    )  # fmt: skip
    if one.state == "pending":
        await db.execute(sql.decide_submission, submission_id=one.id, state="accepted")
        await emit(
            WorkAccepted(
                one.assignment_id, one.task_id, one.project_id, one.author_id, ANNOTATION, one.author_vendor_id
            )
        )
    await learn(mine, one, draft)
    facts = {
        "task_id": str(one.task_id), "submission_id": str(one.id), "annotator_id": str(one.author_id), "outcome": draft.outcome,
        "review_assignment_id": str(mine.id),
    }  # fmt: skip
    await outbox.publish(
        "verdict.given", facts, project_id=one.project_id, subject_id=one.task_id, vendor_id=one.author_vendor_id
    )
    return right


async def of_task(task_id: UUID) -> AdjudicationView | None:
    """What was decided about a task last, and by whom."""
    return await db.fetch_one_as(AdjudicationView, sql.adjudication_of_task, task_id=task_id)
