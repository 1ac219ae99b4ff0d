"""What becomes of an answer to gold: scored at once, told where the project wants it, and paid when other work would be.

To whoever handed it in it looks like what goes to review, or like what the plan lets pass, by the plan's own draw. Nobody looks at it:
it counts after as long a wait as the work beside it had.
"""

import secrets
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from kernel import clock, db
from kernel.ids import plain_uuid, plain_uuid_or_none
from kernel.settings import Settings
from kernel.sql import load
from routing.errors import NoSuchGold
from routing.gold_doubts import doubt_itself, locked
from routing.gold_reading import scored
from routing.gold_scoring import GoldKey
from routing.settling import settle
from routing.staging import accept_unseen, would_look
from skills.belief import Belief, expected
from skills.evidence import BY_KEY, Observation, measure

sql = load(__package__)
JOB = "routing.pass_gold"
BATCH = 100
NOT_SAMPLED = "not_sampled"
"""The same word as of work that the plan lets pass."""


class Answered(msgspec.Struct, frozen=True):
    """An answer to gold, as it was locked and handed in."""

    assignment_id: UUID
    submission_id: UUID
    task_id: UUID
    project_id: UUID
    author_id: UUID
    payload: dict[str, Any]


class GoldDoubtSeen(msgspec.Struct, frozen=True):
    """The newest doubt about its key since, one's own before others'."""

    state: str
    """`open`, `upheld`, `corrected`."""
    own: bool
    reason: str
    """Of one's own; else empty."""
    decision: str
    due_at: datetime


class GoldResult(msgspec.Struct, frozen=True):
    """What an author hears of gold, where the project tells."""

    met: bool
    share: float
    """0 to 1."""
    answer: Any
    """The known one; none where ratings are judged."""
    bands: dict[str, tuple[float, float]]
    missed: list[str]
    """Dimensions whose mean rating lies outside of its band."""
    corrected: bool
    """The key was another one when it was answered."""
    doubt: GoldDoubtSeen | None


async def of_task(task_id: UUID) -> Any:
    """The copy that a task is; none of work."""
    return await db.fetch_one(sql.gold_of_task, task_id=task_id)


async def take(copy: Any, work: Answered, settings: Settings) -> str:
    """The state of the submission: what that of work would be. The last locks of a transaction: task, account, gold, skill.

    Where the project tells nothing, beliefs move later, too: whoever watches their own would know.
    """
    db.require_transaction()
    looked = await would_look(work.submission_id, settings)
    later = looked or not copy["feedback"]
    passes_at = clock.now() + timedelta(seconds=await _wait(work.project_id, settings)) if later else None
    if not looked:
        await accept_unseen(work.submission_id, NOT_SAMPLED)
    await settle([work.task_id])
    stands = await locked(plain_uuid(copy["gold_id"]))
    key = msgspec.convert(stands["key"], GoldKey)
    found = await scored(work.project_id, copy["kind"], key, work.payload, settings)
    seconds = await db.fetch_value("SELECT active_seconds FROM assignment WHERE id = :id", id=work.assignment_id)
    await db.execute(
        sql.score_gold, serving_id=copy["id"], submission_id=work.submission_id, passes_at=passes_at, share=found.share,
        met=found.met, seconds=seconds, version=stands["version"], shown=copy["feedback"],
    )  # fmt: skip
    if copy["feedback"]:
        await _learn(work.task_id, settings)
    return "pending" if looked else "accepted"


async def _wait(project_id: UUID, settings: Settings) -> float:
    """Seconds: as long as a piece waited that is taken at random from the newest of the project."""
    rows = await db.fetch(sql.review_delays, project_id=project_id)
    dice = secrets.SystemRandom()
    if not rows:
        return settings.gold_pass_hours * 3600 * dice.uniform(0.5, 1.5)
    return float(dice.choice(rows)["seconds"]) * dice.uniform(0.8, 1.25)


async def _learn(task_id: UUID, settings: Settings) -> None:
    """By the score that stands."""
    copy = await of_task(task_id)
    if copy["learned"]:
        return
    gold_id = plain_uuid(copy["gold_id"])
    await locked(gold_id)
    difficulty = Belief(copy["difficulty_mean"], copy["difficulty_variance"])
    measured = await measure(
        Observation(
            annotator_id=plain_uuid(copy["annotator_id"]), domain=copy["domain"], kind=BY_KEY[0], source_type=BY_KEY[1],
            source_id=plain_uuid(copy["submission_id"]), outcome=copy["share"], task_kind=copy["kind"],
            difficulty=difficulty,
            weight=settings.gold_band_weight if msgspec.convert(copy["key"], GoldKey).bands else 1.0,
        )
    )  # fmt: skip
    await db.execute(sql.gold_learned, serving_id=copy["id"], expected=expected(measured.before, difficulty))
    if not copy["met"] and copy["state"] != "contested":
        await doubt_itself(gold_id, settings)


async def pass_due(settings: Settings) -> int:
    """Gold that waited long enough counts, and is paid; how many. Locks as everybody does: submission, task, account."""
    db.require_transaction()
    rows = await db.fetch(sql.gold_to_pass, limit=BATCH)
    passed = []
    for row in rows:
        submission_id = plain_uuid(row["submission_id"])
        await db.execute(sql.lock_submission, submission_id=submission_id)
        if await db.execute(sql.gold_passed, serving_id=row["id"]):
            passed.append((submission_id, plain_uuid(row["task_id"])))
    for submission_id, task_id in passed:
        if await db.fetch_value("SELECT state FROM submission WHERE id = :id", id=submission_id) == "pending":
            await accept_unseen(submission_id, NOT_SAMPLED)
            await settle([task_id])
    for _, task_id in passed:
        await _learn(task_id, settings)
    return len(passed)


async def result(assignment_id: UUID, annotator_id: UUID, settings: Settings) -> GoldResult | None:
    """None: it was work, or the project does not tell, or it is somebody else's."""
    row = await db.fetch_one(sql.gold_result, assignment_id=assignment_id, annotator_id=annotator_id)
    if row is None:
        return None
    key = msgspec.convert(row["key"], GoldKey)
    found = await scored(plain_uuid(row["project_id"]), row["kind"], key, row["payload"], settings)
    doubt = None if row["contest"] is None else msgspec.json.decode(row["contest"], type=GoldDoubtSeen)
    if doubt is not None and not doubt.own:
        doubt = msgspec.structs.replace(doubt, reason="")
    return GoldResult(row["met"], row["share"], key.answer, key.bands, found.missed, row["corrected"], doubt)


async def gold_met_by(assignment_id: UUID, annotator_id: UUID) -> UUID:
    """For its author, where they were told. Raises `NoSuchGold`."""
    row = await db.fetch_one(sql.gold_result, assignment_id=assignment_id, annotator_id=annotator_id)
    found = plain_uuid_or_none(row["gold_id"]) if row else None
    if found is None:
        raise NoSuchGold
    return found
