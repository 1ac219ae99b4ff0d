"""A project's own estimate of its crowd: refitted off the hot path, stored, and read when a task's answers are weighed.

Where a refit is late or fails the last estimate goes on; `callboard_consensus_lag_seconds` says how late the latest is.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from kernel import clock, db, outbox
from kernel.settings import Settings
from kernel.sql import load
from routing.projects import project

sql = load(__package__)

JOB = "routing.refit_consensus"
FIT = "routing.fit_consensus"
NEWEST = 20_000
"""Answers that a fit looks at: it takes under a second with reading them, and people change."""
SECONDS_PER_DAY = 86_400
UNREVIEWED = 0.7
"""Temperature without reviews: `routing.overlap.TEMPERATURE`, which costs loading numpy; a test compares them."""
PROFILE_ANSWERS = 12.0
"""Answers in the project that what is believed of somebody in general is worth, at this task's difficulty: as
`routing.consensus.PERSON_ANSWERS` for a level that came from elsewhere."""


class Beliefs(msgspec.Struct, frozen=True):
    """What the stored estimate says of some people."""

    version: int
    temperature: float
    domains: int
    evidence: float
    people: dict[str, dict[str, tuple[float, float]]]

    def chance(self, person: UUID, domain: str, profile: float) -> float:
        """That they are right: `profile`, moved by what they answered in this project."""
        accuracy, answers = self.people.get(str(person), {}).get(domain, (0.0, 0.0))
        return (PROFILE_ANSWERS * profile + answers * accuracy) / (PROFILE_ANSWERS + answers)


class ForetoldError(msgspec.Struct, frozen=True):
    """Of reviewed tasks, each foretold without its own review: the halves take turns."""

    tasks: int
    claimed: float
    """Mean calibrated chance of being right, 0 to 1."""
    right: float
    """Share that was."""
    calibration: float
    """ECE: mean gap between claim and truth over ten bins of the claim."""
    calibration_before: float
    """The same at the temperature that is used before any review, 0.7."""


class ConsensusReport(msgspec.Struct, frozen=True):
    """The estimate in use; everything but `lag_seconds` and `newest` is none until there is one."""

    lag_seconds: float
    """For how long there have been answers or verdicts that it has not seen; 0: none."""
    newest: int
    """Answers that a fit looks at."""
    version: int | None = None
    fitted_at: datetime | None = None
    answers: int | None = None
    tasks: int | None = None
    people: int | None = None
    domains: int | None = None
    """That are told apart: those with at least 100 tasks, and the others together."""
    strength: float | None = None
    """Answers in one domain that somebody's general level is worth there: 12, or less where domains differ."""
    temperature: float | None = None
    expected_accuracy: float | None = None
    """Mean calibrated chance that the likeliest label of an answered task is the true one."""
    errors: ForetoldError | None = None
    """None until enough tasks are reviewed."""


async def ask_all() -> int:
    """One job for each project with something new, so that one that fails holds up no other."""
    db.require_transaction()
    projects = await db.fetch(sql.consensus_behind)
    for row in projects:
        await outbox.enqueue(FIT, {"project_id": str(row["id"])}, key=f"{FIT}:{row['id']}")
    return len(projects)


async def refit(project_id: UUID, settings: Settings) -> int | None:
    """The new version, or None where the project asks for no consensus any more."""
    db.require_transaction()
    await db.execute(sql.lock_consensus_fit, project_id=str(project_id))
    question = await db.fetch_one(sql.consensus_to_fit, project_id=project_id)
    if question is None:
        return None
    half_life = question["half_life_days"] or settings.skill_half_life_days
    rows = await db.fetch(sql.consensus_answers, project_id=project_id, limit=NEWEST)
    found = await asyncio.to_thread(_fit, rows, half_life)
    people, evidence, domains = found.pop("people", {}), found.pop("evidence", 0.0), found.pop("domains", 1)
    version: int = await db.fetch_value(
        sql.keep_consensus_model, project_id=project_id, read_at=question["read_at"], domains=max(question["domains"], domains),
        temperature=found.pop("temperature", UNREVIEWED), evidence=evidence, people=db.jsonb(people), found=db.jsonb(found),
    )  # fmt: skip
    return version


def _fit(rows: Sequence[Any], half_life_days: float) -> dict[str, Any]:
    """Empty where there is too little to go by: the project is then known not to have anything to learn yet."""
    from routing.crowd_estimate import Given, fit  # noqa: PLC0415  numpy: decision 9

    now = clock.now()
    given = [
        Given(
            UUID(int=row["author"].int), UUID(int=row["task"].int), row["domain"], row["label"], _names(row["choices"]), row["truth"],
            0.5 ** ((now - row["submitted_at"]).total_seconds() / SECONDS_PER_DAY / half_life_days),
        )
        for row in rows
    ]  # fmt: skip
    found = fit(given)
    return {} if found is None else msgspec.to_builtins(found)


def _names(choices: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(map(str, choices))) if isinstance(choices, list) else ()


async def beliefs(project_id: UUID, people: Sequence[UUID]) -> Beliefs | None:
    """None before the first fit."""
    row = await db.fetch_one(sql.consensus_beliefs, project_id=project_id, people=[str(one) for one in people])
    if row is None:
        return None
    return Beliefs(
        row["version"], row["temperature"], row["domains"], row["evidence"],
        row["people"],
    )  # fmt: skip


async def lag() -> float:
    """Seconds since the oldest answer or verdict that a project's estimate has not seen; 0 where all are up to date."""
    return float(await db.fetch_value(sql.consensus_lag, project_id=None))


async def report(project_id: UUID) -> ConsensusReport:
    """Raises `NoSuchProject`."""
    await project(project_id)
    late = float(await db.fetch_value(sql.consensus_lag, project_id=project_id))
    row = await db.fetch_one(sql.consensus_model_of, project_id=project_id)
    if row is None:
        return ConsensusReport(late, NEWEST)
    return msgspec.convert(
        row["found"] | {"lag_seconds": late, "newest": NEWEST, "version": row["version"], "fitted_at": row["fitted_at"],
                 "people": row["people"], "domains": row["domains"], "temperature": row["temperature"]},
        ConsensusReport,
    )  # fmt: skip
