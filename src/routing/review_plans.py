"""How a project's work is reviewed: stages, each with who looks, at how much, by when. Versions, as policies have them.

Version 0 is one look at everything by whoever reviews in the domain, with no due time. A version is never changed; going
back is putting an older one in force again. What waits for review keeps the version that it was handed in under.
"""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from kernel import audit, db, outbox
from kernel.ids import uuid7
from kernel.sql import load
from routing import requirements as req
from routing.errors import BadPlan, BadRequirement, NoSuchPlan, NoSuchProject, PlanInForce
from routing.lanes import Lane, Requirements, review_lane
from routing.risk_review import Budget
from routing.sampling import Promise
from routing.wanted import Known, read

sql = load(__package__)

BUILT_IN, MOST_STAGES, LONGEST_NOTE, MOST_ACTIVATIONS, MOST_COMPARED = 0, 5, 1000, 50, 1000
HOURS_OF_A_YEAR = 8760
Overdue = Literal["wait", "escalate", "accept"]


class Share(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much of what reaches a stage is looked at."""

    mode: Literal["fixed", "stratified", "adaptive", "risk"] = "fixed"
    """`fixed`: each piece with the same chance. `stratified`: the same share of each author's work of one domain and
    difficulty, so that none is left out by luck. `adaptive`: as little as keeps `promise`. `risk`:
    a budget of looks, spent where errors are likeliest."""
    share: Annotated[float, Meta(ge=0.01, le=1)] = 1.0
    """Of `fixed` and `stratified`."""
    promise: Promise = Promise()
    """Of `adaptive`."""
    risk: Budget = Budget()
    """Of `risk`."""


class Stage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: Annotated[str, Meta(min_length=1, max_length=60, pattern=r"\S")]
    who: dict[str, Any] | str = {}
    """What is asked of its reviewers, as a task's `requirements`; a level or role that it names takes the place of the
    usual one (role `reviewer`, the work's level)."""
    other_vendor: bool = False
    """Never somebody of the author's vendor."""
    share: Share = Share()
    due_hours: Annotated[int, Meta(ge=1, le=HOURS_OF_A_YEAR)] | None = None
    """From when it waits for this stage."""
    overdue: Overdue = "wait"
    """When nobody has taken it by then. `escalate`: the next stage looks at once; at the last one it goes before
    everything else and managers are told. `accept`: it counts as it is. `wait`: it waits."""
    second_look: Literal["same", "anybody"] = "anybody"
    """After rework: whoever sent it back, if they are there, or anybody eligible."""
    double_share: Annotated[float, Meta(ge=0, le=1)] = 0.0
    """Of what was looked at here, how much somebody else looks at, too, who does not know of the first verdict; it decides
    nothing and shows how far reviewers agree."""


class Adjudicator(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who decides where as many people as may be asked do not agree surely enough."""

    who: dict[str, Any] | str = {}
    """As that of a stage."""
    other_vendor: bool = False
    """Never somebody of the vendor of anybody who answered."""


class PlanDraft(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    stages: Annotated[list[Stage], Meta(min_length=1, max_length=MOST_STAGES)]
    note: Annotated[str, Meta(min_length=1, max_length=LONGEST_NOTE, pattern=r"\S")]
    adjudicator: Adjudicator | None = None
    """None: what stays unclear is left to the stages."""


class ReviewPlanView(msgspec.Struct, frozen=True):
    version: int
    """0: one look at everything."""
    stages: list[Stage]
    note: str
    created_by: str | None
    created_at: datetime | None
    active: bool
    adjudicator: Adjudicator | None = None


class PlanActivation(msgspec.Struct, frozen=True):
    version: int
    reason: str
    activated_by: str
    active_from: datetime


ONE_LOOK = [Stage(name="review")]


class Plan(msgspec.Struct, frozen=True):
    """A version as the engine uses it."""

    version: int
    stages: list[Stage]
    asked: list[Requirements]

    def at(self, stage: int) -> Stage:
        """Stages count from 1; beyond the last the last one says who looks, and by when."""
        return self.stages[min(stage, len(self.stages)) - 1]

    def lane(self, work: Lane, stage: int) -> Lane:
        n = min(stage, len(self.stages)) - 1
        return review_lane(work, stage, self.asked[n], other_vendor=self.stages[n].other_vendor)


DEFAULT = Plan(BUILT_IN, ONE_LOOK, [Requirements()])


async def plan_of(project_id: UUID, expert_level: int, version: int | None = None) -> Plan:
    """The one in force, or the version that is named."""
    if version == BUILT_IN:
        return DEFAULT
    if version is None:
        row = await db.fetch_one(sql.plan_in_force, project_id=project_id)
        if row is None or row["version"] == BUILT_IN:
            return DEFAULT
        version, stages = row["version"], row["stages"]
    else:
        stages = (await _row(project_id, version))["stages"]
    return await _read(version, msgspec.convert(stages, list[Stage]), expert_level)


async def _read(version: int, stages: list[Stage], expert_level: int) -> Plan:
    known = await Known.of([stage.who for stage in stages])
    return Plan(version, stages, [read(stage.who, known, expert_level) for stage in stages])


async def adjudicator_of(project_id: UUID, expert_level: int) -> tuple[Adjudicator, Requirements] | None:
    """By the plan in force."""
    row = await db.fetch_one(sql.plan_in_force, project_id=project_id)
    if row is None or row["adjudicator"] is None:
        return None
    who = msgspec.convert(row["adjudicator"], Adjudicator)
    return who, read(who.who, await Known.of([who.who]), expert_level)


class StageOf(msgspec.Struct, frozen=True):
    of: int
    """Stages of the plan that the work goes by."""
    name: str


async def stage_of(submission_id: UUID, stage: int) -> StageOf | None:
    """Where in its plan a look at this work stands; None: it was handed in before there were plans."""
    return await db.fetch_one_as(StageOf, sql.stage_of_look, submission_id=submission_id, stage=stage)


async def active_version(project_id: UUID) -> int:
    row = await db.fetch_one(sql.plan_in_force, project_id=project_id)
    return BUILT_IN if row is None else int(row["version"])


async def plans(project_id: UUID, *, before: int | None = None, limit: int = 50) -> list[ReviewPlanView]:
    """Newest first; the one that every project begins with stands last."""
    active = await active_version(project_id)
    rows = await db.fetch(sql.plan_versions, project_id=project_id, version=None, before=before, limit=limit)
    found = [_view(row, active) for row in rows]
    if len(found) < limit and (before is None or before > BUILT_IN):
        found.append(_built_in(active))
    return found


async def plan(project_id: UUID, version: int) -> ReviewPlanView:
    """Raises `NoSuchPlan`."""
    active = await active_version(project_id)
    return _built_in(active) if version == BUILT_IN else _view(await _row(project_id, version), active)


async def _row(project_id: UUID, version: int) -> Any:
    row = await db.fetch_one(sql.plan_versions, project_id=project_id, version=version, before=None, limit=1)
    if row is None:
        raise NoSuchPlan
    return row


def _built_in(active: int) -> ReviewPlanView:
    return ReviewPlanView(BUILT_IN, ONE_LOOK, "", None, None, active == BUILT_IN)


def _view(row: Any, active: int) -> ReviewPlanView:
    stages = msgspec.convert(row["stages"], list[Stage])
    return ReviewPlanView(
        row["version"], stages, row["note"], row["created_by"], row["created_at"], row["version"] == active,
        msgspec.convert(row["adjudicator"], Adjudicator | None),
    )  # fmt: skip


async def create_plan(project_id: UUID, draft: PlanDraft, by: str) -> ReviewPlanView:
    """The next version, not yet in force. Raises `NoSuchProject`, `BadPlan`, `BadRequirement` with the stage at fault."""
    db.require_transaction()
    expert_level = await db.fetch_value(sql.lock_project_for_plan, project_id=project_id)
    if expert_level is None:
        raise NoSuchProject
    await _check(draft, expert_level)
    row = await db.fetch_one(
        sql.insert_plan, id=uuid7(), project_id=project_id, stages=db.jsonb(msgspec.to_builtins(draft.stages)),
        adjudicator=None if draft.adjudicator is None else db.jsonb(msgspec.to_builtins(draft.adjudicator)), note=draft.note,
        created_by=by,
    )  # fmt: skip
    assert row is not None
    after = {"version": row["version"]} | {
        name: msgspec.to_builtins(getattr(draft, name)) for name in ("stages", "adjudicator")
    }
    await audit.record("review_plan.created", "project", project_id, after=after, reason=draft.note)
    return await plan(project_id, row["version"])


async def _check(draft: PlanDraft, expert_level: int) -> None:
    names = [stage.name.strip().lower() for stage in draft.stages]
    if len(set(names)) < len(names):
        raise BadPlan("Two stages have the same name; reports and reasons name stages.")
    for n, stage in enumerate(draft.stages):
        if stage.overdue != "wait" and stage.due_hours is None:
            raise BadPlan(
                f"Stage {stage.name!r} says what happens when it is overdue, and not when that is: due_hours."
            )
        await _check_who(stage.who, f"stages[{n}].who", expert_level, f"look at stage {stage.name!r}")
    if draft.adjudicator is not None:
        await _check_who(draft.adjudicator.who, "adjudicator.who", expert_level, "decide between answers")


async def _check_who(who: dict[str, Any] | str, at: str, expert_level: int, what: str) -> None:
    try:
        asked = read(who, await Known.of([who]), expert_level)
    except BadRequirement as error:
        raise BadRequirement(f"{at}: {error.detail}", **(error.extra | {"at": at})) from error
    if req.canonical(asked.require) == req.NOBODY:
        raise BadPlan(f"Nobody could ever {what}.")


async def activate(project_id: UUID, version: int, reason: str, by: str) -> ReviewPlanView:
    """From the next hand-in on. Raises `NoSuchProject`, `NoSuchPlan`, `PlanInForce`."""
    db.require_transaction()
    if await db.fetch_value(sql.lock_project_for_plan, project_id=project_id) is None:
        raise NoSuchProject
    wanted = await plan(project_id, version)
    if wanted.active:
        raise PlanInForce
    before = {"version": await active_version(project_id)}
    await db.execute(
        sql.activate_plan, id=uuid7(), project_id=project_id, version=version, reason=reason, activated_by=by
    )
    after = {"version": version}
    await audit.record("review_plan.activated", "project", project_id, before=before, after=after, reason=reason)
    await outbox.publish(
        "review_plan.activated", after | {"before": before["version"], "reason": reason}, project_id=project_id,
        subject_id=project_id,
    )  # fmt: skip
    return await plan(project_id, version)


async def activations(project_id: UUID) -> list[PlanActivation]:
    return await db.fetch_as(PlanActivation, sql.plan_activations, project_id=project_id, limit=MOST_ACTIVATIONS)


class PlanDifference(msgspec.Struct, frozen=True):
    stage: int
    """0: of what goes for all stages."""
    field: str
    """Of the stage, or `stage` where one of the two has none here."""
    a: Any
    b: Any


class PlanComparison(msgspec.Struct, frozen=True):
    a: int
    b: int
    looks_a: float | None
    """Looks per 100 pieces handed in, if every look lets the work pass; none: an adaptive stage decides as it goes."""
    looks_b: float | None
    differences: list[PlanDifference]


async def compare(project_id: UUID, a: int, b: int) -> PlanComparison:
    """Two versions, stage by stage, and how much each looks. Raises `NoSuchPlan`."""
    first, second = await plan(project_id, a), await plan(project_id, b)
    found = differences(first.stages, second.stages)
    sides = [msgspec.to_builtins(one.adjudicator) for one in (first, second)]
    if sides[0] != sides[1]:
        found.append(PlanDifference(0, "adjudicator", *sides))
    return PlanComparison(a, b, looks(first.stages), looks(second.stages), found)


def looks(stages: list[Stage]) -> float | None:
    if any(stage.share.mode == "adaptive" for stage in stages):
        return None
    return round(100 * sum(share_looked_at(stage.share) for stage in stages), 1)


def share_looked_at(of: Share) -> float:
    """Of stages that are not adaptive."""
    return of.risk.budget if of.mode == "risk" else of.share


def differences(a: list[Stage], b: list[Stage]) -> list[PlanDifference]:
    """Field by field; pure."""
    found = []
    for n in range(max(len(a), len(b))):
        if n >= len(a) or n >= len(b):
            sides = [one[n].name if n < len(one) else None for one in (a, b)]
            found.append(PlanDifference(n + 1, "stage", *sides))
            continue
        one, other = msgspec.to_builtins(a[n]), msgspec.to_builtins(b[n])
        found += [
            PlanDifference(n + 1, name, one[name], other[name]) for name in one if one[name] != other[name]
        ]  # fmt: skip
    return found
