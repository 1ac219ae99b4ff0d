"""The claim's decision is the one that `bench/routing.py` measures, and patience ends: values in, values out."""

import math
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.choice import Known, Lot, Trait, Waiting, columns, kept, known_of, lot, ranked, retry_after, trait
from routing.lanes import Lane
from routing.situation import NOBODY_AT_ALL, Best, Situation, Stock
from routing.weights import POLICY, Policy
from skills.belief import Belief
from skills.profiles import Profile

BENCH = str(Path(__file__).parents[2] / "bench")
URGENT = msgspec.structs.replace(POLICY, priority_factor=1.5)
"""Under it a task of priority 4 is worth what an urgent one is worth in the bench."""


def known(traits: list[Trait], policy: Policy = POLICY) -> Known:
    return known_of(traits, policy)


def now(policy: Policy = POLICY, age: float | None = 0.0, **figures: Any) -> Situation:
    return Situation(policy, 1, Stock(**figures), age)


@pytest.fixture(scope="module")
def bench() -> Iterator[tuple[ModuleType, ModuleType]]:
    pytest.importorskip("numpy")
    sys.path.append(BENCH)
    try:
        import _dispatchers
        import _world

        yield _world, _dispatchers
    finally:
        sys.path.remove(BENCH)


class Floor:
    """The bench's world in the form in which claims see one."""

    def __init__(self, by: ModuleType, world: Any, dispatcher: Any) -> None:
        import numpy as np

        self.by, self.world, self.dispatcher = by, world, dispatcher
        domains = range(world.skill_seen.shape[1])
        self.medians = {f"d{n}": float(np.median(world.skill_seen[:, n])) for n in domains}

    def profile(self, person: int) -> Profile:
        skills = {f"d{n}": belief for n, belief in enumerate(self.dispatcher.skill[person])}
        return Profile(UUID(int=person), "P", None, "active", None, 3, ["annotator"], {"en": 5}, skills, [])

    def lane(self, task: int) -> Lane:
        domain, band, _ = self.dispatcher.lane(task)
        return Lane(
            UUID(int=1), "annotation", 0, f"d{domain}", "en", band + 1, 1, "annotator", required_credential=False
        )

    def chosen(self, person: int, moment: Any) -> int | None:
        """What a claim gives the person: the task, or None."""
        tasks: list[int] = []
        lots: list[Lot] = []
        traits: list[Trait] = []
        best: dict[str, Best] = {}
        lanes = [waiting for _, waiting in self.dispatcher._lanes() if waiting]
        for waiting in lanes:
            key = str(self.dispatcher.lane(waiting[0]))
            most = self.dispatcher.fits_of(self.dispatcher.lane(waiting[0]), waiting[0])[1]
            best[key] = (most, most, most, most, most)
        situation = now(
            URGENT, people=self.world.people, backlog=len(moment.queue) / self.world.people, medians=self.medians,
            longest_queue_seconds=self.dispatcher.longest_queue_seconds, best=best,
        )  # fmt: skip
        for waiting in lanes:
            task, place = waiting[0], len(tasks)
            priority = 4 if self.world.value[task] > 1 else 3
            head = Waiting(0, moment.now - self.world.arrived[task], priority)
            lots.append(lot(place, str(self.dispatcher.lane(task)), int(self.world.sla[task]), head, situation))
            traits.append(
                trait(
                    self.profile(person), self.lane(task), expert=bool(self.world.expert[person]),
                    expert_pay=float(self.world.pay.max()), stock=situation.stock, policy=URGENT,
                )
            )  # fmt: skip
            tasks.append(task)
        found = ranked(known(traits, URGENT), columns(lots), 1)
        return tasks[lots[found[0][1]].place] if found else None


@pytest.mark.parametrize("load", [0.7, 1.0])
def test_a_claim_decides_as_the_bench_does(bench: tuple[ModuleType, ModuleType], load: float) -> None:
    """Over random moments of a shift: the one who asks gets the task that the measured way gives them, or nothing."""
    queue, by = bench
    drawn = random.Random(4)
    world = queue.World(3, load, 6.0)
    outcomes = {"given": 0, "kept": 0}
    for _ in range(120):
        dispatcher = by.Product(world, URGENT)
        floor = Floor(by, world, dispatcher)
        moment_at = drawn.uniform(600, 6 * 3600)
        arrived = int((world.arrived <= moment_at).sum())
        waiting = sorted(drawn.sample(range(max(0, arrived - 300), arrived), min(drawn.randint(1, 60), arrived)))
        person = drawn.randrange(world.people)
        moment = queue.Moment(moment_at, {person: 0.0}, waiting, arrived)
        for task in range(arrived):  # what was given out before is not seen again
            if task in waiting:
                dispatcher.waiting.setdefault(dispatcher.lane(task), by.deque()).append(task)
        dispatcher.seen = arrived
        dispatcher._sort_in(moment)
        dispatcher._remember(moment)
        mine = floor.chosen(person, moment)
        pairs = dispatcher(moment)
        theirs = pairs[0][1] if pairs else None
        assert mine == theirs
        outcomes["given" if mine is not None else "kept"] += 1
    assert min(outcomes.values()) > 0, "both kinds were seen"


FIGURES = st.floats(0, 1)


@given(
    p=FIGURES, best=st.floats(0, 2), pay=st.floats(1, 4), reserve=st.floats(0, 5), sla=st.integers(60, 1_000_000),
    over=st.floats(0, 50), backlog=st.floats(0, 5), priority=st.integers(1, 5),
)  # fmt: skip
def test_whoever_is_eligible_gets_it_once_patience_is_over(
    *, p: float, best: float, pay: float, reserve: float, sla: int, over: float, backlog: float, priority: int
) -> None:
    """And that is long before twice the SLA, whoever else is on shift and whatever the score says of their time."""
    situation = now(backlog=backlog, best={"l": (best, best, best, best, best)})
    ends = POLICY.patience_ends_slas * min(sla, 60 * POLICY.patience_longest_sla_minutes)
    assert ends < 2 * sla
    one = lot(0, "l", sla, Waiting(0, ends * (1 + over) + 1e-3, priority), situation)
    assert ranked(known([Trait(p, pay, 0.0, 0.0, reserve)]), columns([one]), 1)


@given(p=FIGURES, waited=st.floats(0, 1e6), backlog=st.floats(0, 5))
def test_nobody_is_refused_for_somebody_who_may_be_gone(p: float, waited: float, backlog: float) -> None:
    """Old stock, no stock, or nobody on shift who could do it."""
    mine = known([Trait(p, 1.0, 0.0, 0.0, 9.0)])
    for situation in (
        now(age=61.0, backlog=backlog, best={"l": (9, 9, 9, 9, 9)}), now(age=None), now(best={"l": NOBODY_AT_ALL}), now(),
    ):  # fmt: skip
        assert ranked(mine, columns([lot(0, "l", 3600, Waiting(0, waited, 3), situation)]), 1)


def test_who_is_barred_gets_nothing_and_who_is_refused_is_told_when_to_come_back() -> None:
    situation = now(best={"l": (0.9, 0.9, 0.9, 0.9, 0.9)})
    fresh, nearly = (lot(0, "l", 86400, Waiting(0, waited, 3), situation) for waited in (0.0, 5385.0))
    barred, able = Trait(-math.inf, 1.0, 0.0, 0.0, 0.0), Trait(0.3, 1.0, 0.0, 0.0, 0.0)
    assert not ranked(known([barred]), columns([fresh]), 1)
    assert not kept([barred.p], [fresh])
    assert not ranked(known([able]), columns([fresh]), 1)
    assert kept([able.p], [fresh]) == [fresh]
    assert retry_after([fresh], [86400], POLICY) == 60
    assert retry_after([nearly], [86400], POLICY) == 15, "an SLA of a day counts as an hour where patience is asked"


def test_priority_is_worth_something_and_is_not_age() -> None:
    low, high = (lot(0, "l", 3600, Waiting(0, 0.0, priority), now()) for priority in (3, 5))
    assert (low.value, high.value) == (1.0, pytest.approx(POLICY.priority_factor**2))
    assert low.ageing == high.ageing == 0.0


def test_pay_and_medians_are_those_of_the_moment() -> None:
    profile = Profile(UUID(int=1), "P", None, "active", None, 3, [], {}, {"law": Belief(1.0, 0.1)}, [])
    lane = Lane(UUID(int=2), "annotation", 0, "law", "en", 4, 3, "annotator", required_credential=False)
    stock = Stock(medians={"law": 0.4})
    plain = trait(profile, lane, expert=False, expert_pay=2.0, stock=stock, policy=POLICY)
    dear = trait(profile, lane, expert=True, expert_pay=2.0, stock=stock, policy=POLICY)
    assert (plain.pay, dear.pay, plain.advantage) == (1.0, 2.0, pytest.approx(0.6))
    (worse, _), (better, _) = (
        ranked(known([one]), columns([lot(0, "l", 60, Waiting(0, 0.0, 3), now())]), 1)[0] for one in (dear, plain)
    )
    assert better - worse == pytest.approx(POLICY.pay_weight)
