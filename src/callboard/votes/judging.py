"""From the rows of an export to evidence, and to what is left out and why. Pure: no database, no clock."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from callboard.votes.mapping import VoteMapping
from skills.belief import Belief, difficulty_prior, difficulty_updated
from skills.hierarchy import Local, Tree, belief_about, learned

AGREEMENT_WEIGHT = 0.5
"""Others may be wrong together: their word counts half of a known truth."""


class Vote(NamedTuple):
    line: int
    key: str
    person: str
    task: str
    domain: str
    answer: frozenset[str]
    truth: frozenset[str] | None
    outcome: float | None
    """What others said of the work, where the export has that and no answers."""
    at: datetime | None


class LeftOut(NamedTuple):
    line: int
    reason: str


class Judged(NamedTuple):
    vote: Vote
    kind: str
    outcome: float
    """0 to 1: right or wrong, or how much the others agree."""
    weight: float
    difficulty: Belief
    """Of the task when this answer came, from the answers before it."""


class _Skip(Exception):  # noqa: N818  a way out of one row, with the reason as its text
    pass


def read_votes(
    rows: Iterable[tuple[int, Mapping[str, str]]], mapping: VoteMapping, domains: set[str]
) -> tuple[list[Vote], list[LeftOut]]:
    votes: list[Vote] = []
    left_out: list[LeftOut] = []
    seen: set[tuple[str, str]] = set()
    for line, row in rows:
        try:
            vote = _vote(line, row, mapping, domains)
        except _Skip as reason:
            left_out.append(LeftOut(line, str(reason)))
            continue
        if (vote.person, vote.task) in seen:
            left_out.append(LeftOut(line, "the same person answered the same task before"))
            continue
        seen.add((vote.person, vote.task))
        votes.append(vote)
    return votes, left_out


def _vote(line: int, row: Mapping[str, str], mapping: VoteMapping, domains: set[str]) -> Vote:
    for column, value in mapping.leave_out.items():
        if _cell(row, column).lower() == value.lower():
            raise _Skip(f"{column} is {value}")
    person, task = _cell(row, mapping.person), _cell(row, mapping.task)
    if not person or not task:
        raise _Skip("no person" if not person else "no task")
    word = _cell(row, mapping.domain)
    domain = mapping.domains.get(word, word or mapping.default_domain)
    if domain not in domains:
        raise _Skip(f"there is no domain {domain}")
    answer = frozenset[str]() if mapping.answer is None else _answers(_cell(row, mapping.answer), mapping, "answer")
    outcome = None if mapping.outcome is None else _share(_cell(row, mapping.outcome))
    truth = None if mapping.truth is None else _answers(_cell(row, mapping.truth), mapping, "truth")
    at, started = _time(_cell(row, mapping.time), mapping), _time(_cell(row, mapping.started), mapping)
    if at and started and started > at:
        raise _Skip("handed in before it was started")
    return Vote(line, _cell(row, mapping.row) or f"{person}\n{task}", person, task, domain, answer, truth, outcome, at)


def _cell(row: Mapping[str, str], column: str | None) -> str:
    return "" if column is None else (row.get(column) or "").strip()


def _share(text: str) -> float:
    if not text:
        raise _Skip("no outcome")
    try:
        share = {"true": 1.0, "false": 0.0}.get(text.lower())
        share = float(text) if share is None else share
    except ValueError:
        raise _Skip("the outcome cannot be read") from None
    if not 0 <= share <= 1:
        raise _Skip("the outcome is not between 0 and 1")
    return share


def _answers(text: str, mapping: VoteMapping, what: str) -> frozenset[str]:
    if not text:
        raise _Skip(f"no {what}")
    if mapping.nothing is not None and text == mapping.nothing:
        return frozenset()
    found = frozenset(re.findall(mapping.items, text)) if mapping.items else frozenset({text})
    if not found:
        raise _Skip(f"the {what} cannot be read")
    return found


def _time(text: str, mapping: VoteMapping) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.strptime(text, mapping.time_format)  # noqa: DTZ007  an offset is kept, none means UTC
    except ValueError:
        raise _Skip("the time cannot be read") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def judge(votes: Sequence[Vote], parents: Mapping[str, str | None]) -> tuple[list[Judged], list[LeftOut]]:
    """In the order of time where there is one. Difficulty is learned on the way, as a verdict does it."""
    by_task: dict[str, list[Vote]] = defaultdict(list)
    for vote in votes:
        by_task[vote.task].append(vote)
    known: dict[str, dict[str, Local]] = defaultdict(dict)
    difficulty: dict[str, Belief] = defaultdict(lambda: difficulty_prior(None))
    tree = Tree(parents)
    judged: list[Judged] = []
    left_out: list[LeftOut] = []
    for vote in sorted(votes, key=lambda one: (one.at or datetime.min.replace(tzinfo=UTC), one.line)):
        outcome = _outcome(vote, by_task[vote.task])
        if outcome is None:
            left_out.append(LeftOut(vote.line, "no truth is known, and nobody else answered this task"))
            continue
        kind, weight = _measure(vote)
        hard, own = difficulty[vote.task], known[vote.person]
        judged.append(Judged(vote, kind, outcome, weight, hard))
        skill = belief_about(tree, own, vote.domain)
        own[vote.domain] = learned(tree, own, vote.domain, outcome, hard, weight=weight)
        difficulty[vote.task] = difficulty_updated(skill, hard, outcome, weight)
    return judged, left_out


def _measure(vote: Vote) -> tuple[str, float]:
    """The kind of evidence, and what it weighs."""
    if vote.outcome is not None:
        return "review_verdict", 1.0
    return ("agreement", AGREEMENT_WEIGHT) if vote.truth is None else ("gold", 1.0)


def _outcome(vote: Vote, all_answers: Sequence[Vote]) -> float | None:
    if vote.outcome is not None:
        return vote.outcome
    if vote.truth is not None:
        return _alike(vote.answer, vote.truth)
    others = [other.answer for other in all_answers if other.person != vote.person]
    return sum(_alike(vote.answer, other) for other in others) / len(others) if others else None


def _alike(one: frozenset[str], other: frozenset[str]) -> float:
    """Jaccard: what both say of what either says; two who chose nothing agree."""
    return len(one & other) / len(one | other) if one | other else 1.0
