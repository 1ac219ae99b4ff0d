"""Who may look at the sample of a lot beside managers: whoever meets what the lot asks, as a stage of review asks it."""

from typing import Any
from uuid import UUID

import msgspec

from kernel import db
from kernel.ids import plain_uuid
from kernel.settings import Settings
from kernel.sql import load
from routing.eligibility import passes
from routing.errors import BadRequirement, NoSuchLot
from routing.lanes import Requirements
from routing.requirements import Credential, Level
from routing.wanted import Known, Stated, read
from skills.profiles import Profile, load_profile

sql = load(__package__)
REVIEWER = "reviewer"
MOST_LOTS = 100


class OpenLot(msgspec.Struct, frozen=True):
    """A lot that the reader may look at. Its pieces come one at a time."""

    id: UUID
    project_id: UUID
    project_name: str
    name: str
    sample: int
    looked: int


class PieceToInspect(msgspec.Struct, frozen=True):
    """The next piece of a sample, as it was accepted; without its author and its reviewers."""

    id: UUID
    place: int
    task_id: UUID
    title: str
    domain: str
    kind: str
    language: str
    project_id: UUID
    assignment_id: UUID
    payload: dict[str, Any]
    task: dict[str, Any]
    """What it was asked to be."""


async def check(project_id: UUID, stated: Stated, domain: str | None) -> None:
    """Raises `BadRequirement` with the position, from `inspectors` on. A level and a credential are of the lot's one domain."""
    bar = await db.fetch_value("SELECT expert_level FROM project WHERE id = :id", id=project_id)
    try:
        asked = await _read(stated, bar or 1)
    except BadRequirement as error:
        raise BadRequirement(f"inspectors: {error.detail}", **(error.extra | {"at": "inspectors"})) from error
    if domain is None and (asked.min_level is not None or asked.credential):
        raise BadRequirement("inspectors: this lot has no one domain; name the domain in `require`.", at="inspectors")


async def _read(stated: Stated, bar: int) -> Requirements:
    return read(stated, await Known.of([stated]), bar)


async def lots_for(person: UUID, settings: Settings, lot_id: UUID | None = None) -> list[OpenLot]:
    """Open lots that this person may look at, the oldest first."""
    rows = await db.fetch(sql.open_lots, lot_id=lot_id, limit=MOST_LOTS)
    if not rows:
        return []
    profile = await load_profile(person, settings.skill_half_life_days)
    return [
        OpenLot(plain_uuid(row["id"]), plain_uuid(row["project_id"]), row["project_name"], row["name"], row["sample"], row["looked"])
        for row in rows
        if _may(profile, await _read(row["inspectors"], row["expert_level"]), row, settings)
    ]  # fmt: skip


def _may(profile: Profile, asked: Requirements, row: Any, settings: Settings) -> bool:
    """What is left out is as usual: role `reviewer`. A level is asked for in the lot's domain, where it has one."""
    project, z = plain_uuid(row["project_id"]), settings.skill_lower_bound_z
    if profile.state != "active" or not profile.holds(asked.role or REVIEWER, project):
        return False
    domain = row["filter"].get("domain")
    parts = [asked.require]
    if asked.min_level is not None:
        parts.append(Level(domain, asked.min_level))
    if asked.credential:
        parts.append(Credential(domain))
    return all(passes(part, profile, project, z) for part in parts)


async def lot_for(person: UUID, lot_id: UUID, settings: Settings) -> OpenLot:
    """Raises `NoSuchLot`, also for one that this person may not look at."""
    found = await lots_for(person, settings, lot_id)
    if not found:
        raise NoSuchLot
    return found[0]


async def next_piece(person: UUID, lot_id: UUID) -> PieceToInspect | None:
    """None: nothing waits that this person neither made nor reviewed."""
    return await db.fetch_one_as(PieceToInspect, sql.piece_to_inspect, lot_id=lot_id, annotator_id=person)
