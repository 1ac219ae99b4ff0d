"""From stage to stage of a plan: each looks at the work or lets it pass, and says why; after the last one it counts.

A look is a place in the routing engine like any other: a lane, a lease, a price. A piece that was sent back goes to the
stage that sent it back, and is always looked at. Where the ladder asked less of its author (`second_review`), one stage more
follows the last one, by the same rules, and looks at every such piece.
"""

import hashlib
from typing import Any
from uuid import UUID

import msgspec

from kernel import db, outbox
from kernel.ids import uuid7
from kernel.settings import Settings
from kernel.sql import load
from routing.eligibility import judge
from routing.events import WorkAccepted, emit
from routing.intake import lanes_known
from routing.ladder import SECOND_REVIEW
from routing.lanes import ANNOTATION, lane_of
from routing.promises import chance_of
from routing.review_plans import BUILT_IN, Plan, Share, plan_of
from routing.risk_staging import Piece, chosen
from routing.views import Views
from skills.profiles import load_profile

sql = load(__package__)
SECOND_LOOK_SECONDS = 4 * 3600
"""So long a second look is kept for whoever sent the work back; then anybody takes it."""
STRATUM_MEMORY = 200
"""Of an author's newest pieces at a stage: by so many a stratified share is evened out."""
EVENING = 0.5
"""Of what a stratum is behind or ahead, in looks: how much its next chance is moved."""


class Look(msgspec.Struct, frozen=True):
    """Whether a stage looks at a piece, with which chance, and why."""

    looked: bool
    chance: float
    reason: dict[str, Any]


class _Work(msgspec.Struct, frozen=True):
    submission_id: UUID
    slot_id: UUID
    task_id: UUID
    project_id: UUID
    author_id: UUID
    author_vendor_id: UUID | None
    assignment_id: UUID
    expert_level: int
    domain: str
    band: int
    plan_version: int | None
    sent_back_by: int | None
    language_level: int
    half_life_days: int | None
    relaxed_step: int | None
    """Of the ladder, on which the author took it, if that one asks for one look more."""


def drawn(submission_id: UUID, stage: int) -> float:
    """A number in [0, 1) that nobody can foresee before the work is handed in, and everybody can work out afterwards."""
    return int.from_bytes(hashlib.sha256(submission_id.bytes + bytes([stage])).digest()[:7], "big") / 2**56


def fixed(share: float, draw: float) -> Look:
    return Look(draw < share, share, {"rule": "fixed", "share": share})


def stratified(share: float, seen: int, looked: int, draw: float) -> Look:
    """A stratum that is behind its share is made up for, one that is ahead is spared; never certain to be let pass."""
    chance = min(1.0, max(share / 4, share + EVENING * (share * seen - looked)))
    return Look(draw < chance, chance, {"rule": "stratified", "share": share, "seen": seen, "looked": looked})


async def begin(submission_id: UUID, settings: Settings) -> bool:
    """What was just handed in, at its first stage. Whether somebody looks at it; if not, it counts now."""
    row: Any = await db.fetch_one(sql.work_for_stage, submission_id=submission_id)
    work = msgspec.convert(dict(row), _Work, strict=False)
    plan = await plan_of(work.project_id, work.expert_level)
    more = await _one_more(row, work, settings)
    start = min(work.sent_back_by or 1, len(plan.stages) + more)
    return await _from(start, row, work, plan, back=work.sent_back_by is not None, more=more)


async def would_look(submission_id: UUID, settings: Settings) -> bool:
    """Whether somebody would look at this piece, by the same draws; nothing is written down."""
    row: Any = await db.fetch_one(sql.work_for_stage, submission_id=submission_id)
    work = msgspec.convert(dict(row), _Work, strict=False)
    if await _one_more(row, work, settings):
        return True
    plan = await plan_of(work.project_id, work.expert_level)
    for stage in range(1, len(plan.stages) + 1):
        if (await _look(work, plan.stages[stage - 1].share, stage, sent_back=False)).looked:
            return True
    return False


async def go_on(submission_id: UUID, after: int, settings: Settings | None) -> bool:
    """After a stage let it pass. Whether another one looks; if not, it counts now (the caller writes that down).

    Without `settings` only stages of the plan: nobody looked, so that a look more than the plan has none to follow.
    """
    row: Any = await db.fetch_one(sql.work_for_stage, submission_id=submission_id)
    work = msgspec.convert(dict(row), _Work, strict=False)
    # Work without a record was handed in before there were plans.
    plan = await plan_of(work.project_id, work.expert_level, work.plan_version or BUILT_IN)
    more = settings is not None and await _one_more(row, work, settings)
    return await _from(after + 1, row, work, plan, back=False, more=more)


async def _one_more(row: Any, work: _Work, settings: Settings) -> bool:
    """Whether the author took it on a step that asks for one look more, and does not meet what was asked at first."""
    if work.relaxed_step is None:
        return False
    profile = await load_profile(work.author_id, settings.skill_half_life_days)
    seen = Views(profile, settings.skill_half_life_days).of(work.half_life_days)
    return bool(judge(seen, lane_of(row), work.language_level, settings.skill_lower_bound_z))


async def _from(first: int, row: Any, work: _Work, plan: Plan, *, back: bool, more: bool) -> bool:
    for stage in range(first, len(plan.stages) + more + 1):
        sent_back = back and stage == first
        if stage > len(plan.stages) and not sent_back:
            look = Look(looked=True, chance=1.0, reason={"rule": SECOND_REVIEW, "step": work.relaxed_step})
        else:
            look = await _look(work, plan.at(stage).share, stage, sent_back=sent_back)
        await _record(work, plan, stage, look)
        if look.looked:
            await _place(row, work, plan, stage)
            return True
    return False


async def _look(work: _Work, share: Share, stage: int, *, sent_back: bool) -> Look:
    if sent_back:
        return Look(looked=True, chance=1.0, reason={"rule": "sent_back"})
    draw = drawn(work.submission_id, stage)
    if share.mode == "fixed":
        return fixed(share.share, draw)
    if share.mode == "adaptive":
        stratum = work.domain, work.band
        chance, why = await chance_of(work.project_id, stage, work.author_id, stratum, share.promise)
        return Look(draw < chance, chance, {"rule": "adaptive"} | why)
    if share.mode == "risk":
        piece = Piece(
            work.submission_id, work.task_id, work.project_id, work.author_id, work.domain, work.half_life_days
        )
        chance, why = await chosen(piece, stage, share.risk)
        return Look(draw < chance, chance, {"rule": "risk"} | why)
    row = await db.fetch_one(
        sql.stratum, project_id=work.project_id, stage=stage, author_id=work.author_id, domain=work.domain, band=work.band,
        limit=STRATUM_MEMORY,
    )  # fmt: skip
    assert row is not None
    return stratified(share.share, row["seen"], row["looked"], draw)


async def _record(work: _Work, plan: Plan, stage: int, look: Look) -> None:
    of = plan.at(stage)
    await db.execute(
        sql.record_step, id=uuid7(), submission_id=work.submission_id, project_id=work.project_id, stage=stage,
        plan_version=plan.version, looked=look.looked, chance=look.chance, reason=db.jsonb(look.reason | {"stage": of.name}),
        author_id=work.author_id, domain=work.domain, band=work.band, due_hours=of.due_hours if look.looked else None,
        overdue=of.overdue,
    )  # fmt: skip


async def _place(row: Any, work: _Work, plan: Plan, stage: int) -> None:
    lane = plan.lane(lane_of(row), stage)
    placed = await db.fetch_value(
        sql.place_review, id=uuid7(), slot_id=work.slot_id, lane_id=(await lanes_known([lane]))[lane.key], stage=stage,
        submission_id=work.submission_id, author_id=work.author_id, author_vendor_id=work.author_vendor_id,
        same_reviewer=plan.at(stage).second_look == "same", kept_seconds=SECOND_LOOK_SECONDS,
    )  # fmt: skip
    assert placed is not None, "a place that is open is no place of another submission"


async def accept_unseen(submission_id: UUID, reason: str) -> None:
    """Nobody looks at it (any more): it counts and is paid; nothing is learned of its author. Settle the task afterwards."""
    db.require_transaction()
    row: Any = await db.fetch_one(sql.work_for_stage, submission_id=submission_id)
    work = msgspec.convert(dict(row), _Work, strict=False)
    await db.execute(sql.decide_submission, submission_id=submission_id, state="accepted")
    await emit(
        WorkAccepted(
            work.assignment_id, work.task_id, work.project_id, work.author_id, ANNOTATION, work.author_vendor_id
        )
    )
    facts = {
        "submission_id": str(submission_id),
        "task_id": str(work.task_id),
        "annotator_id": str(work.author_id),
        "reason": reason,
    }
    await outbox.publish(
        "submission.accepted",
        facts,
        project_id=work.project_id,
        subject_id=work.task_id,
        vendor_id=work.author_vendor_id,
    )
