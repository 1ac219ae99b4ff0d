"""One eligibility at every door: what the explanation says of a place is what claim, manager's hand and offer do, wherever the task stands."""

import random
from collections import Counter
from collections.abc import Awaitable
from uuid import UUID

import pytest

from callboard.wiring import wire
from kernel import db
from kernel.errors import DomainError
from kernel.settings import Settings
from routing import by_hand, dispatch, leases, offers
from routing.assignments import AssignmentView
from routing.explain import explain
from routing.presence import set_presence
from tests.routing.factory import (
    claim,
    lapse,
    make_annotator,
    make_project,
    make_tasks,
    submit,
    verdict,
)

pytestmark = pytest.mark.usefixtures("pool")
TASKS, STEPS = 7, 7


class _Undone(Exception):  # noqa: N818  a signal inside this module
    def __init__(self, *, got: bool) -> None:
        self.got = got


async def _tried(door: Awaitable[bool]) -> bool:
    """Whether somebody gets through; nothing of it stands."""
    try:
        async with db.transaction("person:test"):
            raise _Undone(got=await door)  # noqa: TRY301  what undoes the transaction
    except _Undone as done:
        return done.got
    except DomainError:
        return False


async def _claimed(settings: Settings, person: UUID) -> bool:
    return bool((await dispatch.claim(person, settings)).assignments)


async def _given(settings: Settings, task: UUID, person: UUID) -> bool:
    return (await by_hand.assign(task, person, settings, reason="try")).annotator_id == person


async def _offered(settings: Settings, task: UUID, person: UUID) -> bool:
    made = await offers.make(task, [person], settings, made_by="person:test")
    return bool(made.offers) and (await offers.accept(made.offers[0].id, person, settings)).annotator_id == person


async def _next(settings: Settings, rng: random.Random, held: AssignmentView) -> str:
    """What becomes of a hold."""
    if held.kind == "review":
        outcome = rng.choice(("accept", "rework", "rework", "reject"))
        await verdict(settings, held, outcome)
        return outcome
    word = rng.choice(("submit", "submit", "submit", "release", "decline", "lapse"))
    if word == "submit":
        await submit(settings, held)
    elif word == "lapse":
        await lapse(held.id)
        async with db.transaction():
            await leases.sweep(settings)
    else:
        async with db.transaction():
            end = leases.release if word == "release" else leases.decline
            await end(held.id, held.annotator_id, held.epoch, settings, reason="try")
    return word


async def test_every_door_does_what_the_explanation_says(settings: Settings) -> None:
    wire()
    rng = random.Random(5)
    project = await make_project(settings, overlap=2, budget="100000", rework_limit=5, cap_per_person_day=60)
    people = [
        await make_annotator(
            settings, f"P{n}", roles=["annotator", "reviewer"][: 1 + (n > 1)], skills={"general": 5 if n != 0 else 1},
            languages={"en": 5 if n != 3 else 2}, capacity=2,
        )
        for n in range(6)
    ]  # fmt: skip
    async with db.transaction("person:test"):
        for person in people:
            await set_presence(person, "available", settings, by_manager=True)
    seen: Counter[str] = Counter()
    keeps: set[str] = set()
    for n in range(TASKS):
        (task,) = await make_tasks(project, difficulty=1 + n % 3)
        for _ in range(STEPS):
            for person in rng.sample(people, 2):
                away = rng.random() < 0.15
                async with db.transaction("person:test"):
                    await set_presence(person, "break" if away else "available", settings, by_manager=True)
                told = await explain(task, person, settings)
                keeps |= {failure.predicate for place in told.places for failure in place.failures}
                doors = {
                    "claim": _claimed(settings, person),
                    "hand": _given(settings, task, person),
                    "offer": _offered(settings, task, person),
                }
                for name, door in doors.items():
                    assert await _tried(door) == told.would_get, (name, told)
                    seen[f"{name} {told.would_get}"] += 1
                async with db.transaction("person:test"):
                    await set_presence(person, "available", settings, by_manager=True)
            for person in rng.sample(people, len(people)):
                if held := (await claim(settings, person)).assignments:
                    seen[await _next(settings, rng, held[0])] += 1
                    break
        await db.execute(
            "UPDATE slot SET state = 'cancelled', reserved_for = NULL, kept_until = NULL WHERE state = 'free'"
        )
    assert min(seen[f"{door} {yes}"] for door in ("claim", "hand", "offer") for yes in (True, False)) > TASKS, seen
    assert {"submit", "rework", "accept", "lapse", "decline"} <= set(seen), seen
    wanted = {"level", "language", "role", "present", "free", "not_own_work", "one_place_per_person", "not_declined"}
    assert wanted <= keeps, keeps
    assert keeps & {"reserved", "grace"}, keeps
