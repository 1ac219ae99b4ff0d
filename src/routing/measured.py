"""Looks that decide nothing about the work and measure whoever looks: doubles beside a verdict, and pieces of a set.

To whoever does one it is a review like any other: the same lane, page, price and answer. A double shows the work as the first
reviewer saw it. What is said stands in `measured_look`, not among the verdicts: nothing moves but the reviewers' own records.
"""

import hashlib
from typing import TYPE_CHECKING
from uuid import UUID

from kernel import db, outbox
from kernel.ids import plain_uuid, uuid7
from kernel.settings import Settings
from kernel.sql import load
from routing import leases
from routing.errors import ReviewerHeld
from routing.events import WorkAccepted, emit
from routing.lanes import REVIEW
from routing.look_ends import end_hold
from routing.outcomes import PASSING
from skills.belief import Belief
from skills.evidence import Observation, lock_people, observe

if TYPE_CHECKING:
    from routing.review import Judged, VerdictDraft

sql = load(__package__)
DOUBLE, CALIBRATION = "double", "calibration"
DOUBLE_WEIGHT = 0.5
"""Of two who differ one was right, and nobody says which: half a proof for each."""
STALE_DAYS = 14
JOB = "routing.tidy_measured"
TASK_STATE = {"accept": "accepted", "fix": "accepted", "rework": "rework", "reject": "open"}
"""What the answer to such a verdict says of the task: the same as usually."""


def likeness(said: str, other: str) -> float:
    """How like two verdicts are: 1 the same, 0.5 the work goes on, or does not, by both; 0 otherwise."""
    if said == other:
        return 1.0
    return 0.5 if (said in PASSING) == (other in PASSING) else 0.0


def drawn(verdict_id: UUID, what: bytes) -> float:
    """In [0, 1): nobody can foresee it, as nobody knows a verdict's id before it is given."""
    return int.from_bytes(hashlib.sha256(verdict_id.bytes + what).digest()[:7], "big") / 2**56


async def after_verdict(verdict_id: UUID, task_id: UUID, project_id: UUID, *, settled: bool) -> None:
    """Places second looks beside the verdicts of a task that is settled, and pieces of sets, in the shares that are asked for.

    Only then, so that nobody who is still needed for the task is used up by looks that decide nothing. The task is locked; for a
    piece of a set another one is, or it is passed by.
    """
    if settled:
        for one in await db.fetch(sql.verdicts_to_double, task_id=task_id):
            if drawn(plain_uuid(one["id"]), b"double") < one["share"]:
                await place(DOUBLE, plain_uuid(one["id"]), None)
    for one in await db.fetch(sql.sets_in_use, project_id=project_id):
        set_id = plain_uuid(one["id"])
        if drawn(verdict_id, set_id.bytes) < one["share"]:
            item = await db.fetch_one(sql.item_to_place, set_id=set_id)
            if item is not None:
                await place(CALIBRATION, plain_uuid(item["verdict"]), plain_uuid(item["id"]))


async def place(kind: str, verdict_id: UUID, item_id: UUID | None) -> bool:
    """False: the task is open, or nobody who reviewed here in the last 30 days could take it."""
    db.require_transaction()
    return bool(
        await db.execute(
            sql.place_measured, id=uuid7(), kind=kind, verdict_id=verdict_id, item_id=item_id, slot_id=uuid7()
        )
    )


async def tidy() -> int:
    """How many places nobody took in `STALE_DAYS` and are withdrawn. Whoever had a part in a task since is named at the others,
    so that claims pass them by.
    """
    db.require_transaction()
    await db.execute(sql.name_insiders)
    return int(await db.execute(sql.withdraw_stale, days=STALE_DAYS))


async def take(mine: leases.LiveAssignment, work: "Judged", draft: "VerdictDraft", settings: Settings) -> UUID:
    """Ends the look with what was said, pays it, and writes it down as evidence about the reviewers. The look's id.

    Raises `LeaseLost`; `ReviewerHeld` as for any other review.
    """
    if draft.outcome not in PASSING and await db.fetch_value(sql.open_hold_of, subject=str(mine.annotator_id)):
        raise ReviewerHeld
    look = await db.fetch_one(sql.measured_look_at, slot_id=mine.slot_id)
    assert look is not None, "a place of this stage is made with its look"
    like = likeness(draft.outcome, look["other"])
    await end_hold(mine, settings)
    look_id = plain_uuid(look["id"])
    await db.execute(
        sql.give_measured, id=look_id, assignment_id=mine.id, reviewer_id=mine.annotator_id, outcome=draft.outcome,
        scores=db.jsonb(draft.scores), reasons=db.jsonb(draft.reasons), comment=draft.comment,
        corrected=None if draft.corrected is None else db.jsonb(draft.corrected), likeness=like,
    )  # fmt: skip
    await emit(WorkAccepted(mine.id, mine.task_id, mine.project_id, mine.annotator_id, REVIEW, mine.vendor_id))
    # Of a piece of a set the one who looked is measured against what is right; of a double both, against each other.
    double = look["kind"] == DOUBLE
    whom = {mine.annotator_id, plain_uuid(look["first"])} if double else {mine.annotator_id}
    await _learn(
        look_id, whom, work, outcome=(1 + like) / 2 if double else like, weight=DOUBLE_WEIGHT if double else 1.0
    )
    # Managers hear of it; nothing in it is the reviewer's own news, by which they could tell it from others.
    facts = {"look_id": str(look_id), "kind": look["kind"], "outcome": draft.outcome, "other": look["other"]}
    await outbox.publish("review.measured", facts, project_id=mine.project_id, subject_id=mine.task_id)
    return look_id


async def _learn(look_id: UUID, whom: set[UUID], work: "Judged", *, outcome: float, weight: float) -> None:
    await lock_people(whom)
    for person in sorted(whom):
        await observe(
            Observation(
                annotator_id=person, domain=work.domain, kind="review_given", source_type="measured_look", source_id=look_id,
                outcome=outcome, weight=weight, task_kind=REVIEW,
                difficulty=Belief(work.difficulty_mean, work.difficulty_variance),
            )
        )  # fmt: skip
