"""What the simulated people of one run share: the site, the tempo, the dice, and what they did."""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec

from callboard.demo.client import Api
from callboard.demo.content import Domain, Language, Person
from callboard.demo.content.topics import DOMAINS
from kernel.clock import monotonic

GONE = frozenset(
    {"already_submitted", "assignment_not_found", "lease_lost", "stale_epoch", "submission_not_found", "wrong_state"}
)
"""Codes after which this hold is over, and the person asks for the next task."""

JITTER = (0.5, 1.6)
"""Of every pause: people are no metronomes."""


class Player(msgspec.Struct, frozen=True):
    """Somebody who is simulated: who they are here, and how they behave."""

    id: str
    person: Person

    @property
    def kinds(self) -> list[str]:
        roles = self.person.roles
        return [kind for kind, role in (("annotation", "annotator"), ("review", "reviewer")) if role in roles]


class Stage:
    """`pace` 1 is for watching, 2 twice as fast, None without any pause. `finite`: every task must end accepted."""

    def __init__(
        self,
        api: Api,
        project_ids: Sequence[str],
        *,
        people_at_once: int,
        pace: float | None = None,
        seed: int = 0,
        finite: bool = False,
    ) -> None:
        self.api = api
        self.project_ids = list(project_ids)
        self.seats = asyncio.Semaphore(people_at_once)
        self.pace = pace
        self.finite = finite
        self.counts: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()
        """Why the latest claims found nothing."""
        self.moved_at = monotonic()
        self._seed = seed
        self._qualities: dict[str, float] = {}
        self._once: set[tuple[str, str]] = set()

    def dice(self, *about: object) -> random.Random:
        """The same seed and subject give the same throws, in whatever order things happen."""
        return random.Random("/".join(str(part) for part in (self._seed, *about)))  # noqa: S311  repeatable, no secret

    async def pause(self, seconds: float, rng: random.Random) -> None:
        if self.pace is not None:
            await asyncio.sleep(seconds * rng.uniform(*JITTER) / self.pace)

    def moved(self, what: str, count: int = 1) -> None:
        self.counts[what] += count
        self.moved_at = monotonic()
        self.reasons.clear()

    def remember_quality(self, submission_id: str, quality: float) -> None:
        self._qualities[submission_id] = quality

    def quality_of(self, submission_id: str) -> float | None:
        """Of work that was simulated here; None for other people's."""
        return self._qualities.pop(submission_id, None)

    def first_time(self, what: str, task_id: str) -> bool:
        """True once for each subject. In a finite run rejecting and declining are rationed by it, so that all ends."""
        fresh = (what, task_id) not in self._once
        self._once.add((what, task_id))
        return fresh


def language_of(task: dict[str, Any]) -> Language:
    """The nearer of the two languages that simulated people speak."""
    return "zh-CN" if str(task["language"]).startswith("zh") else "en"


def domain_of(task: dict[str, Any]) -> Domain:
    return next((domain for domain in DOMAINS if domain == task["domain"]), "general")
