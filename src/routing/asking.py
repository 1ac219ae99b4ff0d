"""Whether the answers to an objective task are sure enough together, and one more place where they are not.

An objective task is one whose answers have a `label`; the choices are those of the task's payload (`choices`), or those
that were given. Projects without `consensus_target` keep to their `overlap`. What one person's answer counts is what is
believed of the person in the task's domain, at the task's difficulty, moved by what they answered in this project
(`routing/refitting.py`: whatever was stored last, however old).
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from kernel import db, outbox
from kernel.ids import uuid7
from kernel.sql import load
from routing.refitting import Beliefs, beliefs
from routing.unclear import ask
from skills.belief import Belief, expected
from skills.profiles import load_profile

sql = load(__package__)

LEAST_CHOICES = 2
MOST_ACCURACY = 0.99
"""As `routing.consensus`: one answer never settles a task for good."""


class _Asked(msgspec.Struct, frozen=True):
    project_id: UUID
    domain: str
    difficulty_mean: float
    difficulty_variance: float
    choices: Any


class _Question(_Asked, frozen=True):
    target: float
    overlap: int
    most_answers: int
    places: int
    slot_id: UUID


async def ask_for_more(task_id: UUID, half_life_days: float) -> None:
    """Opens one more place if the target is missed and the limit not reached; before the task is settled.

    The decision is an event either way: `task.answer_wanted` or `task.answers_suffice`. Locks the task: of two people
    who finish at once only the second sees that no place is open.
    """
    db.require_transaction()
    await db.execute(sql.lock_task, task_id=task_id)
    asked = await db.fetch_one_as(_Question, sql.consensus_question, task_id=task_id)
    if asked is None:
        return
    answers = await db.fetch(sql.labels_of_task, task_id=task_id)
    if not answers or any(row["label"] is None for row in answers):
        return
    crowd = await beliefs(asked.project_id, [row["author_id"] for row in answers])
    await _decide(task_id, asked, await _together(asked, answers, crowd, half_life_days), crowd)


async def _together(
    asked: _Asked, answers: Sequence[Any], crowd: Beliefs | None, half_life_days: float
) -> dict[str, float]:
    difficulty = Belief(asked.difficulty_mean, asked.difficulty_variance)
    given = []
    for row in answers:
        profile = (await load_profile(row["author_id"], half_life_days)).belief(asked.domain)
        chance = expected(profile, difficulty)
        given.append((row["label"], crowd.chance(row["author_id"], asked.domain, chance) if crowd else chance))
    declared = asked.choices if isinstance(asked.choices, list) else []
    return agreed(given, [str(choice) for choice in declared])


async def posterior_of(task_id: UUID, half_life_days: float) -> dict[str, float]:
    """What a task's answers say together now, before calibration; empty where they have no labels."""
    asked = await db.fetch_one_as(_Asked, sql.question_of_task, task_id=task_id)
    answers = await db.fetch(sql.labels_of_task, task_id=task_id)
    if asked is None or not answers or any(row["label"] is None for row in answers):
        return {}
    crowd = await beliefs(asked.project_id, [row["author_id"] for row in answers])
    return await _together(asked, answers, crowd, half_life_days)


async def _decide(task_id: UUID, asked: _Question, posterior: Mapping[str, float], crowd: Beliefs | None) -> None:
    import numpy as np  # noqa: PLC0415  loaded where a project asks for a consensus: decision 9

    from routing import overlap  # noqa: PLC0415  as numpy

    sampled = (
        crowd is not None and overlap.sample_helps(crowd.domains, crowd.evidence) and overlap.in_sample(str(task_id))
    )
    least = max(asked.overlap, overlap.SAMPLE_ANSWERS) if sampled else asked.overlap
    rule = overlap.Stopping(asked.target, least, asked.most_answers)
    temperature = crowd.temperature if crowd else overlap.TEMPERATURE
    found = overlap.wanted(np.array(list(posterior.values())), asked.places, rule, temperature=temperature)
    if found.another:
        await db.execute(sql.add_answer_slot, id=uuid7(), slot_id=asked.slot_id)
    await outbox.publish(
        "task.answer_wanted" if found.another else "task.answers_suffice",
        {"task_id": str(task_id), "places": asked.places, "why": found.why, "sure": round(found.sure, 4), "target": asked.target,
         "temperature": temperature, "estimate": crowd.version if crowd else None,
         "posterior": {label: round(chance, 4) for label, chance in posterior.items()}},
        project_id=asked.project_id, subject_id=task_id,
    )  # fmt: skip
    if not found.another and found.sure < asked.target:
        await ask(task_id, asked.project_id, found.why)


def agreed(given: Sequence[tuple[str, float]], choices: Sequence[str]) -> dict[str, float]:
    """Choice → chance of being true, before calibration, from (label, chance that its author is right).

    Whoever errs picks any other choice equally often; nobody counts as worse than a guess, or better than 0.99. Labels
    beside the declared choices count as choices; a single one is held against one that nobody named.
    """
    names = list(dict.fromkeys([*choices, *(label for label, _ in given)]))
    if len(names) < LEAST_CHOICES:
        names.append("" if "" not in names else "?")
    log_q = dict.fromkeys(names, 0.0)
    for label, chance in given:
        right = min(max(chance, 1 / len(names)), MOST_ACCURACY)
        for name in names:
            log_q[name] += math.log(right if name == label else (1 - right) / (len(names) - 1))
    highest = max(log_q.values())
    grown = {name: math.exp(value - highest) for name, value in log_q.items()}
    return {name: value / sum(grown.values()) for name, value in grown.items()}
