"""How much gold a project mixes in, for newcomers and for the others, and for whom it is another share."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from kernel import audit, db, outbox
from kernel.errors import PreconditionFailed
from kernel.ids import uuid7
from kernel.settings import Settings
from kernel.sql import load
from routing.errors import NoSuchProject
from skills.errors import NoSuchAnnotator

sql = load(__package__)
Share = Annotated[float, Meta(ge=0, le=0.5)]
"""Probability that the next task is gold."""
Reason = Annotated[str, Meta(min_length=1, max_length=1000, pattern=r"\S")]


class GoldRuleDraft(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is left out is as the installation's settings say (`gold_newcomer_share` and so on)."""

    enabled: bool
    feedback: bool = False
    """Whether whoever answered gold hears at once that it was gold, and how they did."""
    newcomer_share: Share | None = None
    newcomer_tasks: Annotated[int, Meta(ge=0, le=1000)] | None = None
    """Tasks handed in in the project during which somebody is a newcomer."""
    share: Share | None = None
    reason: Annotated[str, Meta(max_length=1000)] = ""


class GoldRuleView(msgspec.Struct, frozen=True, kw_only=True):
    enabled: bool
    feedback: bool
    newcomer_share: float
    newcomer_tasks: int
    share: float
    version: int
    """0: the project never said; no gold is mixed in."""
    changed_at: datetime | None


class GoldRateDraft(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    share: Share | None
    """None: like everybody again."""
    reason: Reason


class GoldRateView(msgspec.Struct, frozen=True):
    annotator_id: UUID
    name: str
    share: float
    reason: str
    set_by: str
    set_at: datetime


async def rule_of(project_id: UUID, settings: Settings) -> GoldRuleView:
    found = await db.fetch_one_as(GoldRuleView, sql.gold_rule_of, project_id=project_id)
    return found or GoldRuleView(
        enabled=False, feedback=False, newcomer_share=settings.gold_newcomer_share,
        newcomer_tasks=settings.gold_newcomer_tasks, share=settings.gold_share, version=0, changed_at=None,
    )  # fmt: skip


async def put_rule(
    project_id: UUID, draft: GoldRuleDraft, settings: Settings, *, version: int | None = None
) -> GoldRuleView:
    """From the next hand-in on. Raises `NoSuchProject`, `PreconditionFailed` when `version` is not the newest."""
    db.require_transaction()
    if await db.fetch_value(sql.lock_project_for_form, project_id=project_id) is None:
        raise NoSuchProject
    before = await rule_of(project_id, settings)
    if version is not None and version != before.version:
        raise PreconditionFailed
    said = {name: getattr(draft, name) for name in ("newcomer_share", "newcomer_tasks", "share")}
    usual = {
        "newcomer_share": settings.gold_newcomer_share, "newcomer_tasks": settings.gold_newcomer_tasks,
        "share": settings.gold_share,
    }  # fmt: skip
    wanted = {name: usual[name] if value is None else value for name, value in said.items()}
    wanted |= {"enabled": draft.enabled, "feedback": draft.feedback}
    if before.version and all(getattr(before, name) == value for name, value in wanted.items()):
        return before
    await db.execute(sql.put_gold_rule, project_id=project_id, **wanted)
    after = await rule_of(project_id, settings)
    await audit.record(
        "gold.rule_changed", "project", project_id, before=msgspec.to_builtins(before), after=msgspec.to_builtins(after),
        reason=draft.reason or None,
    )  # fmt: skip
    facts = {"what": "gold", "version": after.version}
    await outbox.publish("project.changed", facts, project_id=project_id, subject_id=project_id)
    return after


async def rates(project_id: UUID) -> list[GoldRateView]:
    """By name."""
    return await db.fetch_as(GoldRateView, sql.gold_rates, project_id=project_id)


async def put_rate(project_id: UUID, annotator_id: UUID, draft: GoldRateDraft, by: str) -> None:
    """Audited. Raises `NoSuchProject`, `NoSuchAnnotator`."""
    db.require_transaction()
    if await db.fetch_value(sql.lock_project_for_form, project_id=project_id) is None:
        raise NoSuchProject
    if not await db.fetch_value("SELECT 1 FROM annotator WHERE id = :id", id=annotator_id):
        raise NoSuchAnnotator
    before = next((one.share for one in await rates(project_id) if one.annotator_id == annotator_id), None)
    if draft.share is None:
        await db.execute(sql.drop_gold_rate, project_id=project_id, annotator_id=annotator_id)
    else:
        await db.execute(
            sql.put_gold_rate, id=uuid7(), project_id=project_id, annotator_id=annotator_id, share=draft.share,
            reason=draft.reason, by=by,
        )  # fmt: skip
    await audit.record(
        "gold.rate_changed", "annotator", annotator_id, before={"share": before},
        after={"share": draft.share, "project_id": str(project_id)}, reason=draft.reason,
    )  # fmt: skip
