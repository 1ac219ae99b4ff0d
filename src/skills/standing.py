"""What a standing rule makes of somebody's history: pure functions, no database and no clock.

A rule is judged over the whole history every time, and says when it would have spoken and when it would have been
silent again. What is stored is held against that, so that after a retraction or a correction everything stands as if
the history had been right from the start.

What a rule has spoken about once is used up: after an episode, or after a person's decision, only what came later counts.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from skills.folding import PRIOR, TRANSFER
from skills.hierarchy import GENERAL, Tree, parts_of
from skills.standing_conditions import (
    Condition,
    CredentialExpired,
    ExamFailed,
    Facts,
    Mark,
    Measured,
    Sitting,
    above,
    holds,
    trail,
)

Action = Literal["pause", "require_exam", "ask_manager"]


class Rule(msgspec.Struct, frozen=True):
    """One version of a rule, as it judges."""

    condition: Condition
    action: Action
    domain: str | None
    """With everything below it, together; none: every domain by itself."""
    lasts_days: int | None
    since: datetime
    """When this version was switched on: it speaks from then on, about what it finds and what comes."""


class Break(msgspec.Struct, frozen=True):
    """What happened outside of the rule's own version: a decision of a person, or a standing of an earlier version."""

    start: datetime
    """From here the rule is silent (the same as `end` for a decision)."""
    end: datetime | None
    """From here it counts anew; none: not yet."""


class Episode(msgspec.Struct, frozen=True):
    start: datetime
    measured: Measured
    ends_at: datetime | None
    """Where it ends by time."""
    ended: datetime | None = None
    end: str | None = None
    """`time`, `exam`, `mended` (the measure does not hold any more) or `decided` (by a person); none: it goes on."""


def scope(tree: Tree, rule: Rule, domain: str) -> frozenset[str]:
    """The domains whose evidence is judged together for a standing in `domain`."""
    if rule.domain is None or domain == GENERAL:
        return frozenset({domain})
    return frozenset({domain, *(code for code in tree.parents if domain in tree.path(code))})


def domains_of(rule: Rule, facts: Facts) -> list[str]:
    """Where the rule can have anything to say about the person."""
    if rule.domain is not None:
        return [rule.domain]
    match rule.condition:
        case CredentialExpired():
            found: Iterable[str] = (one.domain for one in facts.credentials)
        case ExamFailed():
            found = (one.domain for one in facts.exams)
        case _:
            found = (
                parts_of(one.piece.node)[0] for one in facts.seen if one.piece.source_type not in {PRIOR, TRANSFER}
            )
    return sorted(set(found))


def episodes(rule: Rule, domain: str, facts: Facts, breaks: Sequence[Break], now: datetime) -> list[Episode]:
    """When the rule speaks about the person in the domain, in order; the last one may go on."""
    judge = _Judge(rule, domain, facts, breaks)
    marks = trail(rule.condition, domain, scope(facts.tree, rule, domain), facts, now)
    # At the same moment a break comes first, and the rule's own beginning sees what there is by then.
    stops: list[tuple[datetime, int, Mark | None]] = [(mark.at, 1, mark) for mark in marks if mark.at <= now]
    stops += [(one.end, 0, None) for one in breaks if one.end is not None and one.end <= now]
    stops += [(rule.since, 2, None)]
    for at, order, mark in sorted(stops, key=lambda stop: stop[:2]):
        judge.tick(at)
        if order == 0:
            judge.forget(at)
        elif mark is not None:
            judge.meet(mark)
        else:
            judge.begin()
    judge.tick(now)
    return judge.found


class _Judge:
    """The walk through the history."""

    def __init__(self, rule: Rule, domain: str, facts: Facts, breaks: Sequence[Break]) -> None:
        self.rule = rule
        self.breaks = breaks
        self.found: list[Episode] = []
        self._window: list[Mark] = []
        field = above(facts.tree, domain)
        self._passes = [one.at for one in facts.exams if one.passed and one.domain in field]

    @property
    def _running(self) -> Episode | None:
        return self.found[-1] if self.found and self.found[-1].ended is None else None

    def tick(self, at: datetime) -> None:
        """Ends what is over by then, by time or by an exam."""
        episode = self._running
        if episode is None:
            return
        passed = None
        if self.rule.action == "require_exam":
            passed = next((one for one in self._passes if one > episode.start), None)
        if episode.ends_at is not None and episode.ends_at <= at and (passed is None or episode.ends_at <= passed):
            self._close(episode.ends_at, "time")
        elif passed is not None and passed <= at:
            self._close(passed, "exam")

    def forget(self, at: datetime) -> None:
        if self._running is not None:
            self._close(at, "decided")
        self._window.clear()

    def begin(self) -> None:
        if self._window:
            self._speak(self.rule.since)

    def meet(self, mark: Mark) -> None:
        self._window.append(mark)
        if self._running is None:
            if mark.at > self.rule.since and mark.speaks:
                self._speak(mark.at)
        elif self._mends and holds(self.rule.condition, self._window) is None:
            self._close(mark.at, "mended")

    @property
    def _mends(self) -> bool:
        """A pause without an end of its own ends with its cause."""
        return self.rule.action == "pause" and self.rule.lasts_days is None

    def _speak(self, at: datetime) -> None:
        if any(one.start <= at and (one.end is None or at < one.end) for one in self.breaks):
            return
        measured = holds(self.rule.condition, self._window)
        if self._running is None and measured is not None:
            days = self.rule.lasts_days
            self.found.append(Episode(at, measured, None if days is None else at + timedelta(days=days)))

    def _close(self, at: datetime, end: str) -> None:
        self.found[-1] = msgspec.structs.replace(self.found[-1], ended=at, end=end)
        self._window.clear()


def exam_ends(tree: Tree, domain: str, since: datetime, exams: Sequence[Sitting]) -> datetime | None:
    """When an exam that was asked for in the domain was passed."""
    field = above(tree, domain)
    return next((one.at for one in exams if one.passed and one.domain in field and one.at > since), None)
