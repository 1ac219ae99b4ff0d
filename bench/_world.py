"""A queue of tasks and a shift of people, made by lot from a seed: the world in which ways to give out work are compared.

Five domains, twenty generalists and ten experts at three times the pay, two SLAs, and a load that swings by 40 % over
twelve hours. P(acceptable) = sigma(skill - difficulty). Nobody who gives out work sees the true values: of skill an
estimate with an error of 0.25, of difficulty one with 0.5 logits. Experts are faster in their own domain; so good work
of the right people also makes room. A run ends when everything is given out.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

GENERALISTS, EXPERTS, DOMAINS = 20, 10, 5
DOMAIN_SHARES = (0.3, 0.25, 0.2, 0.15, 0.1)
HOURS = 40.0
MEAN_SERVICE_SECONDS = 300.0
SWING, SWING_SECONDS = 0.4, 43_200.0
URGENT_SHARE, URGENT_SLA_SECONDS, SLA_SECONDS = 0.25, 900.0, 3600.0
URGENT_VALUE = 1.5
EXPERT_PAY = 3.0
AT_HOME = 0.8
"""Share of the time that an expert needs in the own domain."""
EASY, HARD = -0.3, 1.0
"""Estimated difficulties below and above which the figures call a task easy and hard."""
WARM_UP = 0.1
"""Share of the tasks, the first ones, that the figures leave out: the queue begins empty."""
STARVED_SLAS = 2.0

Array = Any


class World:
    """The draws are made in a fixed order: whatever is added must be drawn after them, or every figure moves."""

    def __init__(self, seed: int, load: float, hours: float = HOURS) -> None:
        draw = np.random.default_rng(seed)
        self.people = GENERALISTS + EXPERTS
        general = draw.normal(1.2, 0.45, self.people)
        self.skill = general[:, None] + draw.normal(0, 0.25, (self.people, DOMAINS))
        self.expert = np.arange(self.people) >= GENERALISTS
        self.home = np.full(self.people, -1)
        for n in range(EXPERTS):
            person = GENERALISTS + n
            self.home[person] = n % DOMAINS
            self.skill[person, n % DOMAINS] = draw.normal(3.2, 0.35)
        self.skill_seen = self.skill + draw.normal(0, 0.25, self.skill.shape)
        self.pay = np.where(self.expert, EXPERT_PAY, 1.0)
        self.pace = np.exp(draw.normal(0, 0.2, self.people))
        """Of a person, a factor of the service time."""

        self.seconds = hours * 3600.0
        self.arrived = self._arrivals(draw, load * self.people / (MEAN_SERVICE_SECONDS * np.exp(0.02)))
        self.tasks = len(self.arrived)
        self.domain = draw.choice(DOMAINS, self.tasks, p=DOMAIN_SHARES)
        self.difficulty = draw.normal(0, 1.1, self.tasks) + 0.2 * (self.domain == DOMAINS - 1)
        self.difficulty_seen = self.difficulty + draw.normal(0, 0.5, self.tasks)
        urgent = draw.random(self.tasks) < URGENT_SHARE
        self.sla = np.where(urgent, URGENT_SLA_SECONDS, SLA_SECONDS)
        self.value = np.where(urgent, URGENT_VALUE, 1.0)
        service = draw.normal(np.log(MEAN_SERVICE_SECONDS) - 0.125, 0.5, self.tasks)
        self.service = np.exp(service) * np.exp(0.15 * self.difficulty)

    def _arrivals(self, draw: np.random.Generator, rate: float) -> Array:
        """Poisson at the highest rate, thinned to the rate of the hour."""
        most, now, times = 1.45, 0.0, []
        while now < self.seconds:
            now += draw.exponential(1 / (rate * most))
            if draw.random() < (1 + SWING * np.sin(2 * np.pi * now / SWING_SECONDS)) / most:
                times.append(now)
        return np.array(times)

    def fit_seen(self) -> Array:
        """P(acceptable) by the estimates, a row for each person, a column for each task."""
        return sigmoid(self.skill_seen[:, self.domain] - self.difficulty_seen[None, :])


@dataclass
class Moment:
    """What whoever gives out work sees: `free` people since when, and what waits in the order of arrival."""

    now: float
    free: dict[int, float]
    queue: list[int]
    arrived: int
    """Tasks that came in so far, given out or not; they are numbered in the order of arrival."""


Dispatcher = Callable[[Moment], list[tuple[int, int]]]
"""Pairs of a free person and a waiting task."""


class Outcome(NamedTuple):
    sla: float
    accuracy: float
    accuracy_of_hard: float
    wait_minutes: float
    longest_wait_minutes: float
    expert_time_on_easy: float
    """Share of the experts' time."""
    pay_per_1000_correct: float
    """In hours of a generalist."""
    value: float
    """Value of the acceptable work that was begun within its SLA, of all value that came in."""
    starved: float
    """Share of the tasks that waited for more than twice their SLA."""
    left_waiting: int
    """Tasks beyond twice their SLA at a moment at which somebody was free."""


class _Shift:
    """One run: who is free, what waits, what was begun by whom and when."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.free = dict.fromkeys(range(world.people), 0.0)
        self.queue: list[int] = []
        self.arrived = 0
        self.begun = np.full(world.tasks, np.nan)
        self.by = np.full(world.tasks, -1)
        self.left_waiting: set[int] = set()
        self._starves_at = (world.arrived + STARVED_SLAS * world.sla).tolist()
        self._service, self._pace = world.service.tolist(), world.pace.tolist()
        self._home, self._domain = world.home.tolist(), world.domain.tolist()

    def until(self, now: float) -> None:
        """Called with the state that stood up to `now`."""
        if self.queue and self.free:
            self.left_waiting.update(task for task in self.queue if self._starves_at[task] < now)

    def begin(self, person: int, task: int, now: float) -> float:
        """When it will be done."""
        self.begun[task], self.by[task] = now, person
        self.queue.remove(task)
        del self.free[person]
        own = AT_HOME if self._home[person] == self._domain[task] else 1
        return now + float(self._service[task] * self._pace[person] * own)


def run(world: World, dispatcher: Dispatcher, every_seconds: float | None = None) -> Outcome:
    """Asks the dispatcher at every arrival and whenever somebody becomes free, or every so many seconds."""
    arrival, freed, tick = range(3)
    shift = _Shift(world)
    times = world.arrived.tolist()
    events: list[tuple[float, int, int]] = [(times[0], arrival, 0)]
    if every_seconds:
        heapq.heappush(events, (every_seconds, tick, 0))
    left = world.tasks
    while events and left:
        now, kind, which = heapq.heappop(events)
        shift.until(now)
        if kind == arrival:
            shift.queue.append(which)
            shift.arrived += 1
            if which + 1 < world.tasks:
                heapq.heappush(events, (times[which + 1], arrival, which + 1))
        elif kind == freed:
            shift.free[which] = now
        elif every_seconds:
            heapq.heappush(events, (now + every_seconds, tick, 0))
        if (every_seconds and kind != tick) or not shift.queue or not shift.free:
            continue
        for person, task in dispatcher(Moment(now, shift.free, shift.queue, shift.arrived)):
            heapq.heappush(events, (shift.begin(person, task, now), freed, person))
            left -= 1
    return _outcome(shift)


def _outcome(shift: _Shift) -> Outcome:
    world, by = shift.world, shift.by
    counted = (np.arange(world.tasks) >= int(world.tasks * WARM_UP)) & (by >= 0)
    wait = shift.begun - world.arrived
    right = sigmoid(world.skill[by, world.domain] - world.difficulty)
    spent = world.service * world.pace[by] * np.where(world.home[by] == world.domain, AT_HOME, 1)
    by_experts = counted & world.expert[by]
    easy, hard = world.difficulty_seen < EASY, world.difficulty_seen > HARD
    in_time = wait <= world.sla
    pay_hours = (world.pay[by] * spent)[counted].sum() / 3600
    return Outcome(
        sla=float(in_time[counted].mean()),
        accuracy=float(right[counted].mean()),
        accuracy_of_hard=float(right[counted & hard].mean()),
        wait_minutes=float(wait[counted].mean()) / 60,
        longest_wait_minutes=float(wait[counted].max()) / 60,
        expert_time_on_easy=float(spent[by_experts & easy].sum() / max(1e-9, spent[by_experts].sum())),
        pay_per_1000_correct=float(pay_hours / right[counted].sum() * 1000),
        value=float((world.value * right * in_time)[counted].sum() / world.value[counted].sum()),
        starved=float((wait > STARVED_SLAS * world.sla)[counted].mean()),
        left_waiting=len(shift.left_waiting),
    )


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))
