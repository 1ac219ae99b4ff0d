"""What adaptive stages of a plan have found so far, and how much they look at next: worked out by the clock, read at every hand-in."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from kernel import db
from kernel.ids import uuid7
from kernel.sql import load
from routing.review_plans import Stage, plan_of
from routing.sampling import GRID, Promise, Seen, Tally, outgoing, shares

sql = load(__package__)
JOB = "routing.sample_reviews"


class StagePromise(msgspec.Struct, frozen=True):
    """An adaptive stage: what is promised, and what is known of what counts."""

    stage: int
    name: str
    promised_defects: float
    confidence: float
    passed: int
    """Pieces that the stage let pass or found good."""
    looked: int
    handed_in: int
    estimate: float
    """Share of defects in what counts."""
    lower: float
    upper: float
    """Of an interval that holds while it is watched, with `confidence`."""
    surely_least: float
    surely_most: float
    """By the guard, which trusts no model of the authors."""
    computed_at: datetime | None


async def refresh(project_id: UUID, stage: int, promise: Promise) -> None:
    """Reads all that the stage decided in this project, and keeps the next chances by author, domain and difficulty."""
    db.require_transaction()
    tallies = {
        (str(row["author"]), f"{row['domain']}|{row['band']}"): Tally(
            row["looks"], row["defects"], row["skipped"], row["coming"]
        )
        for row in await db.fetch(sql.sampling_tallies, project_id=project_id, stage=stage)
    }
    row = await db.fetch_one(sql.sampling_found, project_id=project_id, stage=stage)
    assert row is not None
    found = {one["percent"]: one["n"] for one in row["found"] or []}
    seen = Seen(row["passed"], found, row["least"] or GRID)
    chances = shares(seen, tallies, promise)
    out = outgoing(seen, tallies, promise.confidence)
    kept = {
        "chances": {"|".join(key): chance for key, chance in chances.items()},
        "passed": seen.passed, "looked": sum(int(one.looks) for one in tallies.values()), "outgoing": out._asdict(),
        "handed_in": row["handed_in"], "promise": msgspec.to_builtins(promise),
    }  # fmt: skip
    await db.execute(sql.keep_sampling, id=uuid7(), project_id=project_id, stage=stage, found=db.jsonb(kept))


async def refresh_all() -> int:
    """Every adaptive stage in force at which something was decided or judged since the last look; how many."""
    done = 0
    for row in await db.fetch(sql.projects_that_sample):
        project_id = UUID(int=row["project_id"].int)
        for n, promise in _adaptive((await plan_of(project_id, row["expert_level"])).stages):
            if await db.fetch_value(sql.sampling_is_stale, project_id=project_id, stage=n):
                await refresh(project_id, n, promise)
                done += 1
    return done


def _adaptive(stages: list[Stage]) -> list[tuple[int, Promise]]:
    return [(n, one.share.promise) for n, one in enumerate(stages, 1) if one.share.mode == "adaptive"]


async def chance_of(
    project_id: UUID, stage: int, author_id: UUID, stratum: tuple[str, int], promise: Promise
) -> tuple[float, dict[str, Any]]:
    """Of a look at the author's next piece, and why. Whatever is not known yet is looked at."""
    row = await db.fetch_one(
        sql.sampling_for, project_id=project_id, stage=stage, author_id=author_id, limit=promise.newcomers,
        key=f"{author_id}|{stratum[0]}|{stratum[1]}",
    )  # fmt: skip
    assert row is not None
    if row["own"] < promise.newcomers:
        return 1.0, {"why": "newcomer", "own": row["own"], "of": promise.newcomers}
    if row["chance"] is None:
        return 1.0, {"why": "unknown"}
    chance = max(promise.floor, min(1.0, float(row["chance"])))
    return chance, {"why": "promise", "promised": promise.defects, "estimate": row["estimate"], "upper": row["upper"]}


async def promises(project_id: UUID) -> list[StagePromise]:
    """Of the plan in force; stages that look at all or at a share promise nothing."""
    stages = (await plan_of(project_id, 1)).stages
    kept = {row["stage"]: row for row in await db.fetch(sql.samplings, project_id=project_id)}
    return [_view(n, stages[n - 1].name, promise, kept.get(n)) for n, promise in _adaptive(stages)]


def _view(n: int, name: str, promise: Promise, row: Any) -> StagePromise:
    found = {} if row is None else row["found"]
    out = found.get("outgoing", {})
    return StagePromise(
        n, name, promise.defects, promise.confidence, found.get("passed", 0), found.get("looked", 0), found.get("handed_in", 0),
        out.get("estimate", 0.0), out.get("lower", 0.0), out.get("upper", 1.0), out.get("surely_least", 0.0),
        out.get("surely_most", 1.0), None if row is None else row["computed_at"],
    )  # fmt: skip
