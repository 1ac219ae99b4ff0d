"""What was decided wrongly is put right: verdicts, keys of exams, single pieces of evidence. Always with a reason."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from callboard.access import visibility
from callboard.access.actor import Actor
from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api.request import Call
from callboard.api.routes import post
from callboard.api.work import unit_of_work
from callboard.breaking import breaker
from kernel import db
from kernel.sql import load
from routing import overturn
from routing.overturn import OverturnDraft, Overturned, UpholdDraft
from skills import evidence, gold
from skills.errors import NoSuchAnnotator, NoSuchEvidence
from skills.gold import KeyCorrected

EXAMS, SKILLS, VERDICTS = Permission.EXAMS_WRITE, Permission.SKILLS_WRITE, Permission.VERDICTS_WRITE
skills_sql = load("skills")
Because = Annotated[str, Meta(min_length=1, max_length=2000, pattern=r"\S")]
Share = Annotated[float, Meta(ge=0, le=1)]
MOST_OPTIONS = 8


class Retraction(msgspec.Struct, forbid_unknown_fields=True):
    reason: Because


class Correction(msgspec.Struct, forbid_unknown_fields=True):
    outcome: Share
    """0 (not acceptable) to 1 (acceptable)."""
    reason: Because


class RightKey(msgspec.Struct, forbid_unknown_fields=True):
    answer: Annotated[int, Meta(ge=0, lt=MOST_OPTIONS)]
    """Place of the right option in the bank, from 0."""
    reason: Because


class Corrected(msgspec.Struct, frozen=True):
    annotator_id: UUID
    evidence_id: UUID | None
    """Of the row that counts now; none after a retraction."""


@post(
    "/verdicts/{verdict_id:uuid}/overturn",
    guards=[require(VERDICTS)],
    status_code=200,
    operation_id="overturnVerdict",
    tags=["tasks"],
)
async def overturn_verdict(
    request: Call, verdict_id: FromPath[UUID], data: JSONBody[OverturnDraft]
) -> Response[Overturned]:
    """The work, its pay, the evidence about both people and the task's difficulty follow; the verdict itself stays."""

    async def act() -> Overturned:
        return await overturn.overturn(verdict_id, data, by=await visibility.annotator_behind(request.actor))

    async with breaker(request.actor.label):
        return await unit_of_work(request, act)


@post(
    "/verdicts/{verdict_id:uuid}/uphold",
    guards=[require(VERDICTS)],
    status_code=200,
    operation_id="upholdVerdict",
    tags=["tasks"],
)
async def uphold_verdict(
    request: Call, verdict_id: FromPath[UUID], data: JSONBody[UpholdDraft]
) -> Response[Overturned]:
    """A second look found the same: it speaks for the reviewer, and changes nothing else."""

    async def act() -> Overturned:
        return await overturn.uphold(verdict_id, data.reason, by=await visibility.annotator_behind(request.actor))

    return await unit_of_work(request, act)


@post(
    "/exams/items/{item_id:uuid}/correct-key",
    guards=[require(EXAMS)],
    status_code=200,
    operation_id="correctExamKey",
    tags=["exams"],
)
async def correct_key(request: Call, item_id: FromPath[UUID], data: JSONBody[RightKey]) -> Response[KeyCorrected]:
    """Everybody's evidence from this question is corrected; results stand, and the reply names those that would differ."""

    async def act() -> KeyCorrected:
        return await gold.correct_key(item_id, data.answer, data.reason)

    return await unit_of_work(request, act)


async def _person_of(actor: Actor, evidence_id: UUID) -> UUID:
    """Whose evidence it is, if the actor may see that person. Raises `NoSuchEvidence`."""
    row = await db.fetch_one(skills_sql.evidence_by_id, evidence_id=evidence_id)
    if row is None:
        raise NoSuchEvidence
    try:
        await visibility.check_annotator(actor, row["annotator_id"])
    except NoSuchAnnotator:
        raise NoSuchEvidence from None
    return UUID(int=row["annotator_id"].int)


@post(
    "/evidence/{evidence_id:uuid}/retract",
    guards=[require(SKILLS)],
    status_code=200,
    operation_id="retractEvidence",
    tags=["annotators"],
)
async def retract(request: Call, evidence_id: FromPath[UUID], data: JSONBody[Retraction]) -> Response[Corrected]:
    """It counts no more, and every belief about the person ends where it would have been without it."""

    async def act() -> Corrected:
        annotator_id = await _person_of(request.actor, evidence_id)
        await evidence.retract(evidence_id, data.reason)
        return Corrected(annotator_id, None)

    return await unit_of_work(request, act)


@post(
    "/evidence/{evidence_id:uuid}/correct",
    guards=[require(SKILLS)],
    status_code=200,
    operation_id="correctEvidence",
    tags=["annotators"],
)
async def correct(request: Call, evidence_id: FromPath[UUID], data: JSONBody[Correction]) -> Response[Corrected]:
    """Another row of the same source and time takes its place. A verdict is overturned instead: that moves the work, too."""

    async def act() -> Corrected:
        annotator_id = await _person_of(request.actor, evidence_id)
        return Corrected(annotator_id, await evidence.correct(evidence_id, data.reason, outcome=data.outcome))

    return await unit_of_work(request, act)


route_handlers = [overturn_verdict, uphold_verdict, correct_key, retract, correct]
