"""The conditions of standing rules: what they look at, and when they hold. Pure."""

import math
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from skills.belief import Belief, level_floor
from skills.folding import PRIOR, TRANSFER, Held, Piece, idle_days, step
from skills.hierarchy import GENERAL, Tree, belief_about, parts_of

WORK = frozenset({"review_verdict", "gold", "agreement"})
"""Kinds of evidence that come from somebody's work in a domain."""
SURE_Z = 1.28
"""90 % one-sided, the gate of ROUTING.md section 1."""
PIECES_SHOWN = 20
Share = Annotated[float, Meta(gt=0, le=1)]
Last = Annotated[int, Meta(ge=3, le=200)]
Count = Annotated[int, Meta(ge=1, le=100)]


class SkillBelow(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="skill_below"):
    """Even the upper bound of the skill is below the level, after something that lowered it.

    The upper bound and not the lower one: of somebody of whom little is known the lower bound is low as well, and
    nobody is kept from work for being new.
    """

    level: Annotated[int, Meta(ge=2, le=5)]
    z: Annotated[float, Meta(ge=0, le=4)] = SURE_Z


class OutcomesBelow(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="outcomes_below"):
    """The mean outcome of the last pieces of work is below the share; with fewer pieces nothing is said."""

    share: Share
    last: Last


class GoldBelow(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="gold_below"):
    """The same of tasks with a known answer alone."""

    share: Share
    last: Last


class Rejected(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="rejected"):
    """At least so many of the last pieces of work came to nothing."""

    count: Count
    last: Last


class InactiveDays(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="inactive_days"):
    """No work for so long, after there had been some."""

    days: Annotated[int, Meta(ge=7, le=3650)]


class CredentialExpired(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="credential_expired"
):
    """A verified credential ran out, and no other one holds in the domain or above it."""


class ExamFailed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="exam_failed"):
    """So many exams failed since the last one that was passed."""

    count: Count


Condition = SkillBelow | OutcomesBelow | GoldBelow | Rejected | InactiveDays | CredentialExpired | ExamFailed


class Seen(msgspec.Struct, frozen=True):
    """A piece of evidence that counts."""

    id: UUID
    kind: str
    piece: Piece


class Validity(msgspec.Struct, frozen=True):
    """A credential that was verified."""

    id: UUID
    domain: str
    since: datetime
    until: datetime | None
    """The midnight after its last day."""


class Sitting(msgspec.Struct, frozen=True):
    """An exam that was taken to its end; training is none."""

    id: UUID
    domain: str
    passed: bool
    at: datetime


class Facts(msgspec.Struct, frozen=True):
    """All that rules look at, of one person."""

    tree: Tree
    seen: Sequence[Seen] = ()
    """In the order of observation."""
    credentials: Sequence[Validity] = ()
    exams: Sequence[Sitting] = ()
    """In the order of their ends."""


class Measured(msgspec.Struct, frozen=True):
    """What the rule found, for those who read the reason."""

    value: float
    of: int
    """How many pieces it looked at."""
    pieces: list[UUID]
    """The newest of them: evidence, a credential, exams."""


class Mark(msgspec.Struct, frozen=True):
    """One thing that a condition looks at."""

    at: datetime
    id: UUID
    value: float
    speaks: bool = True
    """Whether it can be the one that brings the rule to speak: what is in somebody's favour never is."""


def above(tree: Tree, domain: str) -> frozenset[str]:
    """The domain and what stands above it, but for the root: it says nothing about a field."""
    return frozenset(code for code in tree.path(domain) if code != GENERAL or domain == GENERAL)


def trail(condition: Condition, domain: str, within: frozenset[str], facts: Facts, now: datetime) -> list[Mark]:
    """Everything that the condition looks at, in order."""
    match condition:
        case SkillBelow(z=z):
            return list(_bounds(domain, within, facts, z))
        case OutcomesBelow() | GoldBelow():
            return _outcomes(within, facts, WORK if isinstance(condition, OutcomesBelow) else frozenset({"gold"}))
        case Rejected():
            return [msgspec.structs.replace(mark, speaks=mark.value == 0) for mark in _outcomes(within, facts, WORK)]
        case InactiveDays(days=days):
            return _silences(_outcomes(within, facts, WORK), timedelta(days=days), now)
        case CredentialExpired():
            return _expiries(within, above(facts.tree, domain), facts.credentials)
        case ExamFailed():
            return [
                Mark(one.at, one.id, float(one.passed), not one.passed) for one in facts.exams if one.domain in within
            ]


def _outcomes(within: frozenset[str], facts: Facts, kinds: frozenset[str]) -> list[Mark]:
    return [
        Mark(one.piece.observed_at, one.id, one.piece.outcome)
        for one in facts.seen
        if one.kind in kinds
        and parts_of(one.piece.node)[0] in within
        and one.piece.outcome is not None
        and one.piece.weight > 0
    ]


def _bounds(domain: str, within: frozenset[str], facts: Facts, z: float) -> Iterator[Mark]:
    """The upper bound of the skill after every observation."""
    held: dict[str, Held] = {}
    before: Belief | None = None
    for one in facts.seen:
        piece = one.piece
        held[piece.node] = step(facts.tree, held, piece)
        if parts_of(piece.node)[0] not in within or piece.source_type in {PRIOR, TRANSFER}:
            continue
        now = held[piece.node].belief if piece.node == domain else _belief(facts.tree, held, domain, piece)
        bound = now.mean + z * math.sqrt(now.variance)
        yield Mark(piece.observed_at, one.id, bound, before is None or now.mean < before.mean)
        before = now


def _belief(tree: Tree, held: dict[str, Held], domain: str, piece: Piece) -> Belief:
    known = {code: row.local.faded(idle_days(row.at, piece.observed_at)) for code, row in held.items()}
    return belief_about(tree, known, domain)


def _silences(work: list[Mark], days: timedelta, now: datetime) -> list[Mark]:
    """1 where so long a silence was complete, 0 where somebody worked."""
    marks: list[Mark] = []
    for mark, following in zip(work, [*work[1:], None], strict=False):
        marks.append(Mark(mark.at, mark.id, 0.0, speaks=False))
        over = mark.at + days
        if over <= now and (following is None or following.at > over):
            marks.append(Mark(over, mark.id, 1.0))
    return marks


def _expiries(within: frozenset[str], higher: frozenset[str], credentials: Sequence[Validity]) -> list[Mark]:
    """0 where the last credential ran out, 1 where one began to hold."""
    held = [
        one for one in credentials if one.domain in within | higher and (one.until is None or one.since < one.until)
    ]
    marks = [Mark(one.since, one.id, 1.0, speaks=False) for one in held]
    for one in held:
        until = one.until
        if until is None or one.domain not in within:
            continue
        if not any(other.since <= until and (other.until is None or until < other.until) for other in held):
            marks.append(Mark(until, one.id, 0.0))
    return sorted(marks, key=lambda mark: (mark.at, -mark.value))


def holds(condition: Condition, window: Sequence[Mark]) -> Measured | None:
    """What is measured after the last mark, if the condition holds of it."""
    last = window[-1]
    match condition:
        case SkillBelow(level=level):
            return _measured(last.value, [last]) if last.value < level_floor(level) else None
        case OutcomesBelow(share=share, last=count) | GoldBelow(share=share, last=count):
            newest = window[-count:]
            mean = sum(mark.value for mark in newest) / len(newest)
            return _measured(mean, newest) if len(newest) == count and mean < share else None
        case Rejected(count=count, last=among):
            newest = window[-among:]
            nothing = sum(mark.value == 0 for mark in newest)
            return _measured(nothing, newest) if nothing >= count else None
        case InactiveDays(days=days):
            return _measured(days, [last]) if last.value else None
        case CredentialExpired():
            return _measured(0, [last]) if not last.value else None
        case ExamFailed(count=count):
            failed = 0
            while failed < len(window) and not window[-1 - failed].value:
                failed += 1
            return _measured(failed, window[-failed:]) if failed >= count else None


def _measured(value: float, marks: Sequence[Mark]) -> Measured:
    return Measured(round(value, 4), len(marks), [mark.id for mark in marks[-PIECES_SHOWN:]])
