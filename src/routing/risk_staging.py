"""What a stage with a budget of looks knows when a piece comes in: its risk, the newest decisions, and what was found so far."""

from typing import Any
from uuid import UUID

import msgspec

from kernel import db
from kernel.sql import load
from routing.asking import posterior_of
from routing.refitting import UNREVIEWED, beliefs
from routing.review_plans import plan_of
from routing.risk_review import WINDOW, Budget, Past, Reviewed, choose, error_rate, outgoing, risk_of
from skills.belief import HALF_LIFE_DAYS, Belief, expected
from skills.profiles import load_profile

sql = load(__package__)
OWN_MEMORY = 200
"""Of an author's newest pieces at a stage: what reviews found in them."""


class Piece(msgspec.Struct, frozen=True):
    submission_id: UUID
    task_id: UUID
    project_id: UUID
    author_id: UUID
    domain: str
    half_life_days: float | None
    """Of the project; none: that of skills in general."""


class StageRisk(msgspec.Struct, frozen=True):
    """A stage that looks by risk: its budget, what it spent, and what is known of what counts."""

    stage: int
    name: str
    budget: float
    """Share of what is handed in; work that came back after rework is beside it."""
    handed_in: int
    looked: int
    defects: int
    """That looks found."""
    passed: int
    """Pieces that the stage let pass or found good."""
    estimate: float
    """Share of defects in what counts: each that was found stands for as many as its chance says."""
    lower: float
    upper: float
    """Of a normal interval with 95 %, and no wider than 0 to 1; rough while few defects were found by lot."""


async def chosen(piece: Piece, stage: int, budget: Budget) -> tuple[float, dict[str, Any]]:
    """The chance of a look at what was just handed in, and why, with what later decisions are ranked by."""
    own = await db.fetch_one(
        sql.risk_of_own, submission_id=piece.submission_id, task_id=piece.task_id, project_id=piece.project_id, stage=stage,
        author_id=piece.author_id, domain=piece.domain, memory=OWN_MEMORY, newcomers=budget.newcomers,
    )  # fmt: skip
    assert own is not None
    rows = await db.fetch(sql.risk_window, project_id=piece.project_id, stage=stage, limit=WINDOW)
    window = [Past(row["risk"], row["chance"], row["newcomer"]) for row in rows]
    newcomer = own["pieces"] < budget.newcomers
    risk = round(await _risk(piece, own), 6)
    found = choose(budget, risk, newcomer=newcomer, window=window)
    return found.chance, {"why": found.why, "risk": risk, "newcomer": newcomer, "budget": budget.budget}


async def _risk(piece: Piece, own: Any) -> float:
    half_life = piece.half_life_days or HALF_LIFE_DAYS
    crowd = await beliefs(piece.project_id, [piece.author_id])
    if own["others"] and own["label"] is not None:
        posterior = await posterior_of(piece.task_id, half_life)
        if own["label"] in posterior:
            return risk_of(posterior, own["label"], crowd.temperature if crowd else UNREVIEWED)
    profile = (await load_profile(piece.author_id, half_life)).belief(piece.domain)

    def wrong(mean: float) -> float:
        right = expected(profile, Belief(mean, own["difficulty_variance"]))
        return 1 - (crowd.chance(piece.author_id, piece.domain, right) if crowd else right)

    believed = wrong(own["difficulty_mean"])
    usual = believed if own["usual_difficulty"] is None else wrong(own["usual_difficulty"])
    here = Reviewed(own["looks_here"], own["defects_here"])
    elsewhere = Reviewed(own["looks"] - own["looks_here"], own["defects"] - own["defects_here"])
    return error_rate(here, elsewhere, believed, usual)


async def risks(project_id: UUID) -> list[StageRisk]:
    """Of the stages of the plan in force that look by risk."""
    stages = (await plan_of(project_id, 1)).stages
    return [
        await _view(project_id, n, one.name, one.share.risk.budget)
        for n, one in enumerate(stages, 1)
        if one.share.mode == "risk"
    ]


async def _view(project_id: UUID, stage: int, name: str, budget: float) -> StageRisk:
    row = await db.fetch_one(sql.risk_found, project_id=project_id, stage=stage)
    assert row is not None
    found = [(one["chance"], one["n"]) for one in row["found"] or []]
    told = outgoing(row["passed"], found)
    return StageRisk(
        stage, name, budget, row["handed_in"], row["looked"], row["defects"], row["passed"], round(told.estimate, 4),
        round(told.lower, 4), round(told.upper, 4),
    )  # fmt: skip
