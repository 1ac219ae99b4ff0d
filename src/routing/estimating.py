"""Priors of difficulty for tasks that come in, the nightly fit they rest on, and what managers see of both."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID
from zlib import crc32

import msgspec

from kernel import db, outbox
from kernel.settings import Settings
from kernel.sql import load
from routing.difficulty import (
    Closed,
    DifficultySource,
    Errors,
    Model,
    Prior,
    estimate,
    fit,
    inputs_of,
    lane_key,
    weights_by_name,
)
from routing.wording import text_of
from skills.belief import Belief
from skills.difficulty import seen_of

sql = load(__package__)

JOB = "routing.fit_difficulty"
NEWEST = 5000
"""Closed tasks that a fit looks at: 20 weights need no more, it takes a few seconds, and guidelines change."""
READ_AT_ONCE = 500
SAYS_NOTHING = 0.02
"""Precision below which a task's outcomes are left out: less than a tenth of what one surprising verdict says."""
FIT_LOCK = 7276655021


class Draft(msgspec.Struct, frozen=True):
    """Of a task what its prior rests on."""

    kind: str
    domain: str
    language: str
    level: int | None
    payload: dict[str, Any]


class ModelInUse(msgspec.Struct, frozen=True):
    version: int
    fitted_at: datetime
    model: Model


class BandSeen(msgspec.Struct, frozen=True):
    """Closed tasks of one band: what was predicted, and what came of it."""

    band: int
    tasks: int
    predicted: float
    """Mean difficulty before anybody did them, logits."""
    seen: float
    """Mean difficulty after their outcomes, logits."""
    surprise: float
    """Standard deviation of what the outcomes moved, in units of what the prior left open: 1 is as unsure as it should be."""
    first_pass: float | None
    """Share accepted at the first look."""


class DifficultyReport(msgspec.Struct, frozen=True):
    """`model` fields are none until enough tasks are closed; priors are then the stated level, or the middle."""

    version: int | None
    fitted_at: datetime | None
    needs: int
    """Closed tasks from which on a model is fitted."""
    closed: int
    """Closed tasks that outcomes said something of, counted up to what a fit reads."""
    errors: Errors | None
    text_variance: float | None
    stated_variance: float | None
    left_open: dict[str, float]
    weights: dict[str, float]
    bands: list[BandSeen]


class TaskDifficulty(msgspec.Struct, frozen=True):
    """Where a task's difficulty came from and what it is now. Logits."""

    prior: Belief | None
    now: Belief
    model_version: int | None
    sources: list[DifficultySource]


class _Kept(msgspec.Struct, frozen=True):
    """What stays with the task."""

    model: int | None
    sources: list[DifficultySource]


async def model_in_use() -> ModelInUse | None:
    """The newest fit that foretold better than one difficulty for all."""
    row = await db.fetch_one(sql.difficulty_model_in_use)
    if row is None:
        return None
    return ModelInUse(row["version"], row["fitted_at"], msgspec.json.decode(row["model"], type=Model))


async def priors(project_id: UUID, drafts: Sequence[Draft]) -> list[tuple[Prior, str]]:
    """With each the sources as JSON, for the task's row."""
    used = await model_in_use()
    version = None if used is None else used.version
    return [
        (prior, db.jsonb(_Kept(version, _rounded(prior.sources))))
        for draft in drafts
        for prior in (_prior(project_id, draft, None if used is None else used.model),)
    ]


def _prior(project_id: UUID, draft: Draft, model: Model | None) -> Prior:
    if model is None:
        return estimate(None, draft.level, "", ())
    text, turns = text_of(draft.payload)
    lane = lane_key(str(project_id), draft.domain, draft.language, draft.kind, draft.level)
    return estimate(model, draft.level, lane, inputs_of(text, turns, draft.domain, draft.language))


def _rounded(sources: list[DifficultySource]) -> list[DifficultySource]:
    return [
        DifficultySource(one.source, round(one.mean, 3), round(one.variance, 3), round(one.share, 3)) for one in sources
    ]


async def fit_difficulty(settings: Settings) -> int | None:
    """The new version, or None while too few tasks are closed. Kept also where it is no use, so that its error is seen."""
    db.require_transaction()
    await db.execute("SELECT pg_advisory_xact_lock(:key)", key=FIT_LOCK)
    closed = await _closed_tasks()
    if len(closed) < settings.difficulty_fit_tasks:
        return None
    model = await asyncio.to_thread(fit, closed)
    useful = model.floors["unstated"] < model.errors.base_variance
    version: int = await db.fetch_value(
        sql.insert_difficulty_model,
        tasks=len(closed),
        active=useful,
        model=db.jsonb(model),
        error=db.jsonb(model.errors),
    )
    await outbox.publish("difficulty.fitted", {"version": version, "tasks": len(closed), "active": useful})
    return version


async def _closed_tasks() -> list[Closed]:
    rows = await db.fetch(sql.closed_tasks, limit=NEWEST)
    found = []
    for first in range(0, len(rows), READ_AT_ONCE):
        some = rows[first : first + READ_AT_ONCE]
        payloads = {
            row["id"]: row["payload"]
            for row in await db.fetch(sql.payloads_of_tasks, task_ids=[row["id"] for row in some])
        }
        found += [_closed(row, payloads[row["id"]]) for row in some]
    return [task for task in found if task.seen.precision >= SAYS_NOTHING]


def _closed(row: Any, payload: Any) -> Closed:
    content = msgspec.json.decode(payload) if isinstance(payload, str | bytes) else payload
    text, turns = text_of(content)
    level = row["difficulty_level"]
    seen = seen_of(
        Belief(row["prior_mean"], row["prior_variance"]), Belief(row["difficulty_mean"], row["difficulty_variance"])
    )
    lane = lane_key(str(row["project"]), row["domain"], row["language"], row["kind"], level)
    inputs = inputs_of(text, turns, row["domain"], row["language"])
    return Closed(lane, level, inputs, seen, crc32(text.encode()))


async def report(settings: Settings) -> DifficultyReport:
    """The newest fit, used or not, and how the priors of closed tasks turned out, whatever made them."""
    row = await db.fetch_one(sql.newest_difficulty_model)
    model = None if row is None else msgspec.json.decode(row["model"], type=Model)
    return DifficultyReport(
        version=None if row is None else row["version"],
        fitted_at=None if row is None else row["fitted_at"],
        needs=settings.difficulty_fit_tasks,
        closed=await db.fetch_value(sql.count_closed_tasks, limit=NEWEST),
        errors=None if model is None else model.errors,
        text_variance=None if model is None else model.text_variance,
        stated_variance=None if model is None else model.stated_variance,
        left_open=model.floors if model else {},
        weights={name: round(weight, 4) for name, weight in weights_by_name(model).items()} if model else {},
        bands=await db.fetch_as(BandSeen, sql.difficulty_by_band, limit=NEWEST),
    )


async def of_task(task_id: UUID) -> TaskDifficulty:
    """Of a task that is there."""
    row = await db.fetch_one(sql.difficulty_of_task, task_id=task_id)
    assert row is not None
    kept = msgspec.json.decode(row["prior_sources"], type=_Kept) if row["prior_sources"] else _Kept(None, [])
    prior = None if row["prior_mean"] is None else Belief(row["prior_mean"], row["prior_variance"])
    return TaskDifficulty(prior, Belief(row["difficulty_mean"], row["difficulty_variance"]), kept.model, kept.sources)
