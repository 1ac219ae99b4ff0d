"""Projects: the rules under which work is made. Every change is audited; states change along the drawn edges."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from kernel import audit, db, outbox
from kernel.errors import Invalid, PreconditionFailed
from kernel.ids import uuid7
from kernel.money import parse_currency
from kernel.settings import Settings
from kernel.sql import load
from routing.caps import MOST_A_DAY, MOST_LIVE, count_today
from routing.errors import NoSuchCalendar, NoSuchProject, ProjectExists, WrongState
from routing.events import PriceQuery, pricing
from routing.ladder import parse
from routing.lanes import ANNOTATION
from routing.wanted import Known, read
from skills.registry import check_roles, roles

sql = load(__package__)

DRAWN = {
    "published": ("draft", "paused"),
    "paused": ("published",),
    "closed": ("draft", "published", "paused"),
}
"""State → the states it may be entered from; the database's legal_transition says the same."""


ProjectName = Annotated[str, Meta(min_length=1, max_length=120, pattern=r"\S")]
Description = Annotated[str, Meta(max_length=4000)]
Guidelines = Annotated[str, Meta(max_length=100_000)]
RoleCode = Annotated[str, Meta(min_length=1, max_length=40)]
HalfLife = Annotated[int, Meta(ge=1, le=3650)]
GraceMinutes = Annotated[int, Meta(ge=0, le=240)]
DayCap = Annotated[int, Meta(ge=1, le=MOST_A_DAY)]
StickToAuthor = Literal["same", "different"]
LiveCap = Annotated[int, Meta(ge=1, le=MOST_LIVE)]
Turns = Annotated[int, Meta(ge=1, le=100)]


class CapacityCost(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How many units of a person's capacity a task takes while it is held, by what is done with it."""

    annotation: Annotated[int, Meta(ge=1, le=50)] = 1
    review: Annotated[int, Meta(ge=1, le=50)] = 1


class ProjectDraft(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    name: Annotated[str, Meta(min_length=1, max_length=120)]
    description: Description = ""
    guidelines: Guidelines = ""
    currency: Annotated[str, Meta(min_length=3, max_length=3)] = "USD"
    overlap: Annotated[int, Meta(ge=1, le=5)] = 1
    min_turns: Turns = 3
    max_turns: Turns = 20
    language_level: Annotated[int, Meta(ge=1, le=5)] = 3
    required_role: RoleCode | None = None
    review_other_vendor: bool = False
    rework_limit: Annotated[int, Meta(ge=0, le=10)] = 2
    answer_limit: Annotated[int, Meta(ge=1, le=20)] = 3
    lease_seconds: Annotated[int, Meta(ge=1, le=86_400)] | None = None
    deadline_seconds: Annotated[int, Meta(ge=1, le=1_209_600)] | None = None
    lease_grace_minutes: GraceMinutes | None = None
    """So long a task whose lease lapsed is kept for whoever held it; 0: not at all; none: the setting of that name."""
    capacity_cost: CapacityCost = CapacityCost()
    cap_per_person_day: DayCap | None = None
    """Most tasks that one person is given on a day of the project's calendar's zone (UTC without one); none: no cap."""
    cap_per_person_live: LiveCap | None = None
    """Most tasks of the project that one person holds at a time; none: no cap."""
    sla_seconds: Annotated[int, Meta(ge=60, le=31_536_000)] = 86_400
    skill_half_life_days: HalfLife | None = None
    """After so long without news a skill counts half in this project; none: the setting of that name."""
    expert_level: Annotated[int, Meta(ge=1, le=5)] = 4
    """The bar that the lower bound of an expert's skill must reach."""
    consensus_target: Annotated[float, Meta(ge=0.5, le=0.99)] | None = None
    """Calibrated chance of being right that the answers to an objective task must reach together; none: `overlap` answers."""
    most_answers: Annotated[int, Meta(ge=1, le=20)] = 5
    """Of one task, where the target asks for more than `overlap`."""
    calendar: Annotated[str, Meta(max_length=80)] | None = None
    """By name: when the project's clocks run; none: around the clock."""
    ladder: Annotated[list[dict[str, Any]], Meta(max_length=8)] = []
    """What is asked less of people when work waits: steps of `routing.ladder.Step`."""
    task_expires_days: Annotated[int, Meta(ge=1, le=3650)] | None = 14
    """An untouched task is cancelled after so long; none: never."""
    requirements: dict[str, Any] | str = {}
    """What every task of the project asks, together with its own: docs/routing.md."""
    push: bool = False
    """Whether its tasks are also offered to people who are there."""
    stick_to_topic: bool = False
    """Whether tasks go preferably to whoever worked in the same domain of the project a moment ago."""
    stick_to_author: StickToAuthor | None = None
    """Whether a review goes preferably to who judged the author last in the project (`same`), or to somebody else (`different`)."""


class ProjectChange(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The rules of a project beside what it asks of people, and how much of it one person gets. What is left out stays."""

    name: ProjectName | UnsetType = UNSET
    description: Description | UnsetType = UNSET
    guidelines: Guidelines | UnsetType = UNSET
    """Shown beside the work from the next time that a page is opened."""
    required_role: RoleCode | UnsetType | None = UNSET
    """As `expert_level` of what waits, too: it moves to the lanes of the new demand."""
    expert_level: Annotated[int, Meta(ge=1, le=5)] | UnsetType = UNSET
    skill_half_life_days: HalfLife | UnsetType | None = UNSET
    calendar: Annotated[str, Meta(max_length=80)] | UnsetType | None = UNSET
    ladder: Annotated[list[dict[str, Any]], Meta(max_length=8)] | UnsetType = UNSET
    task_expires_days: Annotated[int, Meta(ge=1, le=3650)] | UnsetType | None = UNSET
    """Of tasks that come from now on."""
    lease_grace_minutes: GraceMinutes | UnsetType = UNSET
    capacity_cost: CapacityCost | UnsetType = UNSET
    """Of claims from now on: what is held gives back what it took."""
    cap_per_person_day: DayCap | UnsetType | None = UNSET
    cap_per_person_live: LiveCap | UnsetType | None = UNSET
    sla_seconds: Annotated[int, Meta(ge=60, le=31_536_000)] | UnsetType = UNSET
    lease_seconds: Annotated[int, Meta(ge=1, le=86_400)] | UnsetType = UNSET
    """Of claims from now on, as the deadline."""
    deadline_seconds: Annotated[int, Meta(ge=1, le=1_209_600)] | UnsetType = UNSET
    language_level: Annotated[int, Meta(ge=1, le=5)] | UnsetType = UNSET
    overlap: Annotated[int, Meta(ge=1, le=5)] | UnsetType = UNSET
    """Of tasks that come from now on."""
    consensus_target: Annotated[float, Meta(ge=0.5, le=0.99)] | UnsetType | None = UNSET
    most_answers: Annotated[int, Meta(ge=1, le=20)] | UnsetType = UNSET
    review_other_vendor: bool | UnsetType = UNSET
    """Of reviews that are claimed from now on."""
    rework_limit: Annotated[int, Meta(ge=0, le=10)] | UnsetType = UNSET
    answer_limit: Annotated[int, Meta(ge=1, le=20)] | UnsetType = UNSET
    push: bool | UnsetType = UNSET
    stick_to_topic: bool | UnsetType = UNSET
    stick_to_author: StickToAuthor | UnsetType | None = UNSET
    """Of reviews that are opened from now on."""
    min_turns: Turns | UnsetType = UNSET
    """Of dialogues that are handed in from now on, as the most."""
    max_turns: Turns | UnsetType = UNSET
    reason: Annotated[str, Meta(max_length=500)] = ""


CHANGEABLE = tuple(name for name in ProjectChange.__struct_fields__ if name != "reason")


class ProjectView(msgspec.Struct, frozen=True):
    id: UUID
    name: str
    description: str
    guidelines: str
    state: str
    currency: str
    overlap: int
    min_turns: int
    max_turns: int
    language_level: int
    required_role: str | None
    review_other_vendor: bool
    rework_limit: int
    answer_limit: int
    lease_seconds: int
    deadline_seconds: int
    lease_grace_minutes: int
    capacity_cost: CapacityCost
    cap_per_person_day: int | None
    cap_per_person_live: int | None
    sla_seconds: int
    skill_half_life_days: int | None
    expert_level: int
    consensus_target: float | None
    most_answers: int
    calendar: str | None
    ladder: list[dict[str, Any]]
    task_expires_days: int | None
    paused_at: datetime | None
    """Since when the clocks of its tasks stand still: a pause, or a draft that was not published yet."""
    paused_seconds: int
    """Of pauses that are over."""
    push: bool
    stick_to_topic: bool
    stick_to_author: StickToAuthor | None
    requirements: dict[str, Any] | str
    version: int
    created_at: datetime


async def create_project(draft: ProjectDraft, settings: Settings) -> UUID:
    """In state `draft`: it takes tasks, and gives out none until it is published. Raises `Invalid`, `NoSuchRole`, `ProjectExists`."""
    db.require_transaction()
    parse_currency(draft.currency)
    _check_together(draft)
    if draft.required_role is not None:
        await check_roles({draft.required_role})
    project_id = uuid7()
    lease, deadline = _clocks(draft, settings)
    read(draft.requirements, await Known.of([draft.requirements]), draft.expert_level)
    values = msgspec.structs.asdict(draft) | {
        "lease_seconds": lease, "deadline_seconds": deadline, "requirements": db.jsonb(draft.requirements),
    }  # fmt: skip
    if values["lease_grace_minutes"] is None:
        values["lease_grace_minutes"] = settings.lease_grace_minutes
    values |= {
        "calendar_id": await calendar_id(values.pop("calendar")),
        "ladder": db.jsonb(await _ladder(draft.ladder)),
        **_costs(values.pop("capacity_cost")),
    }
    if not await db.execute(sql.insert_project, id=project_id, **values):
        raise ProjectExists(f"There is a project named {draft.name!r} already; choose another name.")
    await audit.record("project.created", "project", project_id, after=msgspec.to_builtins(draft))
    await outbox.publish("project.created", {"name": draft.name}, project_id=project_id, subject_id=project_id)
    return project_id


async def calendar_id(name: str | None) -> UUID | None:
    """Raises `NoSuchCalendar`."""
    if name is None:
        return None
    found: UUID | None = await db.fetch_value("SELECT id FROM calendar WHERE name = :name", name=name)
    if found is None:
        raise NoSuchCalendar
    return found


async def _ladder(steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    known = {one.code for one in await roles(counted=False) if not one.archived} if steps else set()
    plain: list[dict[str, Any]] = msgspec.to_builtins(parse(steps, known))
    return plain


async def change_project(project_id: UUID, change: ProjectChange, *, version: int | None = None) -> ProjectView:
    """Raises `NoSuchProject`, `NoSuchCalendar`, `NoSuchRole`, `ProjectExists`, `BadRequirement`, `Invalid` (naming the step), `PreconditionFailed`."""
    db.require_transaction()
    await db.execute("SELECT FROM project WHERE id = :id FOR NO KEY UPDATE", id=project_id)
    from routing.relaning import move, moves_of  # noqa: PLC0415  which reads projects itself

    before = await project(project_id)
    if version is not None and version != before.version:
        raise PreconditionFailed
    wish = {name: value for name in CHANGEABLE if (value := getattr(change, name)) is not UNSET}
    if "ladder" in wish:
        wish["ladder"] = await _ladder(wish["ladder"])
    was = {name: getattr(before, name) for name in wish if getattr(before, name) != wish[name]}
    if not was:
        return before
    after = msgspec.structs.replace(before, **wish)
    _check_together(after)
    await _check_names(was, after)
    moves = await moves_of(after) if {"required_role", "expert_level"} & set(was) and before.state != "closed" else []
    values = {name: getattr(after, name) for name in CHANGEABLE}
    values |= {"calendar_id": await calendar_id(values.pop("calendar")), "ladder": db.jsonb(after.ladder)}
    values |= _costs(values.pop("capacity_cost"))
    await db.execute(sql.change_project, id=project_id, **values)
    await move(after, moves)
    if after.sla_seconds != before.sla_seconds:
        await db.execute(sql.rank_by_sla, project_id=project_id, before=before.sla_seconds, now=after.sla_seconds)
    if before.cap_per_person_day is None and after.cap_per_person_day is not None:
        await count_today(project_id)
    new = {name: getattr(after, name) for name in was}
    await audit.record(
        "project.changed", "project", project_id, before=msgspec.to_builtins(was), after=msgspec.to_builtins(new),
        reason=change.reason or None,
    )  # fmt: skip
    await outbox.publish("project.changed", {"name": before.name}, project_id=project_id, subject_id=project_id)
    return await project(project_id)


async def _check_names(was: dict[str, Any], after: ProjectView) -> None:
    """Raises `ProjectExists`, `NoSuchRole`."""
    if "name" in was and await db.fetch_value("SELECT id FROM project WHERE name = :name", name=after.name) is not None:
        raise ProjectExists(f"There is a project named {after.name!r} already; choose another name.")
    if "required_role" in was and after.required_role is not None:
        await check_roles({after.required_role})


def _costs(cost: CapacityCost) -> dict[str, int]:
    return {"annotation_cost": cost.annotation, "review_cost": cost.review}


def _check_together(rules: ProjectDraft | ProjectView) -> None:
    """What two settings must not say together. Raises `Invalid`."""
    if rules.min_turns > rules.max_turns:
        raise Invalid(
            f"min_turns ({rules.min_turns}) is above max_turns ({rules.max_turns}); lower it, or raise the other."
        )
    lease, deadline = rules.lease_seconds, rules.deadline_seconds
    if lease and deadline and lease > deadline:
        raise Invalid(
            f"lease_seconds ({lease}) is above deadline_seconds ({deadline}): no lease outlives the deadline."
        )
    if rules.consensus_target is not None and rules.most_answers < rules.overlap:
        raise Invalid(
            f"most_answers ({rules.most_answers}) is below overlap ({rules.overlap}); raise it, or lower the other."
        )


def _clocks(draft: ProjectDraft, settings: Settings) -> tuple[int, int]:
    """Lease and deadline in seconds: what was asked for stands, and the default gives way to it."""
    lease, deadline = draft.lease_seconds, draft.deadline_seconds
    if deadline:
        return lease or min(settings.lease_seconds, deadline), deadline
    lease = lease or settings.lease_seconds
    return lease, max(lease, settings.deadline_seconds)


async def project(project_id: UUID) -> ProjectView:
    return _one(await db.fetch_as(ProjectView, sql.projects, id=project_id, name=None, before=None, limit=1))


async def project_named(name: str) -> ProjectView:
    return _one(await db.fetch_as(ProjectView, sql.projects, id=None, name=name, before=None, limit=1))


def _one(rows: list[ProjectView]) -> ProjectView:
    if not rows:
        raise NoSuchProject
    return rows[0]


async def projects(*, before: UUID | None = None, limit: int = 100) -> list[ProjectView]:
    return await db.fetch_as(ProjectView, sql.projects, id=None, name=None, before=before, limit=limit)


async def projects_of(ids: list[UUID]) -> set[UUID]:
    """Those of the named ones that are there."""
    return {UUID(int=row["id"].int) for row in await db.fetch(sql.existing_projects, ids=ids)}


async def change_state(
    project_id: UUID, state: str, *, version: int | None = None, reason: str | None = None
) -> ProjectView:
    """`published`, `paused` or `closed`. Publishing what is published changes nothing.

    Raises `WrongState` for an edge that is not drawn, `NoRateCard` when there is no price to publish with, `PreconditionFailed` when `version` is not the newest.
    """
    db.require_transaction()
    await db.execute("SELECT FROM project WHERE id = :id FOR NO KEY UPDATE", id=project_id)
    before = await project(project_id)
    if version is not None and version != before.version:
        raise PreconditionFailed
    if before.state == state:
        return before
    if before.state not in DRAWN.get(state, ()):
        raise WrongState(f"A project that is {before.state} cannot become {state}.", state=before.state)
    if state == "published":
        # Raises NoRateCard: nobody is offered work whose price is not known.
        await pricing().quote([PriceQuery(project_id, ANNOTATION, 1, expert=False)])
    await db.execute(sql.change_project_state, id=project_id, state=state)
    if reason:
        await audit.record("project.reason", "project", project_id, after={"state": state}, reason=reason)
    await outbox.publish(f"project.{state}", {"name": before.name}, project_id=project_id, subject_id=project_id)
    return await project(project_id)
