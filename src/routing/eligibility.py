"""The one function that says whether a person may take work of a lane; every door goes through it.

Pure: it takes values and returns the predicates that fail, each with what is needed, what there is, and the smallest
change that would mend it. Reserved, declined and already-done tasks are judged per slot, in the claim's SQL.
"""

from typing import Any
from uuid import UUID

import msgspec

from routing.lanes import Lane
from routing.requirements import (
    All,
    Any_,
    Credential,
    Exam,
    Expert,
    Language,
    Level,
    Node,
    Not,
    People,
    Role,
    Vendor,
    as_json,
    conjuncts,
    text,
)
from skills.belief import level_floor
from skills.profiles import Profile


class Change(msgspec.Struct, frozen=True, omit_defaults=True):
    """One step that would mend a failure, of a person or of what the work asks; `mending.applied` takes it."""

    action: str
    """Of the person: `activate`, `lift`, `raise`, `grant_role`, `revoke_role`, `add_language`, `verify_credential`,
    `pass_exam`, `join_vendor`. Of the requirement: `include` (a person among those it names), `exclude`, `relax`.
    Of the moment (`moment.after`): `raise_capacity`, `raise_day_cap`, `raise_project_day_cap`, `raise_project_live_cap`,
    `be_available`, `publish`, `take_back` (the place, from its holder), `wait`, `extend` (the task's time), `forget_decline`,
    `allow_same_vendor`."""
    of: str = ""
    """The domain, role, language, vendor, person or restriction."""
    kind: str = ""
    """Of work for `raise`, of paper for `verify_credential`."""
    level: int = 0
    to: float | None = None
    """Of `raise`: what the lower bound has to reach, in logits."""
    by: float | None = None
    """Of `raise`: how far it is from there, in logits."""
    where: dict[str, Any] | None = None
    """The part of the requirement that changes, as JSON."""
    count: int = 0
    """What a capacity or cap has to be; 0 for a cap: none, because no cap is that high."""
    until: str = ""
    """When it mends itself, as RFC 3339 in UTC; empty: not by waiting alone, or nobody knows."""


class Failure(msgspec.Struct, frozen=True):
    predicate: str
    """Stable name: `active`, `standing`, `role`, `language`, `level`, `credential`, `exam`, `expert`, `vendor`, `people`;
    with `not_` before it where the opposite is asked; `any` where none of several ways is open."""
    needs: str
    has: str
    mend: str
    """The smallest change that would make it pass."""
    change: tuple[Change, ...] = ()
    """The same, step by step; none where only time or somebody else can help."""
    part: dict[str, Any] | None = None
    """Of the requirement, what fails, as JSON."""


EFFORT = {
    "add_language": 1.0, "grant_role": 1.0, "revoke_role": 1.0, "raise": 1.5, "activate": 1.5, "verify_credential": 2.0,
    "pass_exam": 2.0, "lift": 2.0, "include": 3.0, "exclude": 3.0, "join_vendor": 4.0, "relax": 5.0,
}  # fmt: skip
"""What counts as small, in the effort of writing down a fact: showing it costs more, changing what the work asks most.
A `raise` costs its logits on top, because each is earned by many answers."""

_ORDER = ("active", "standing", "role", "language", "level")


def effort(changes: tuple[Change, ...]) -> float:
    return sum(EFFORT[change.action] + min(change.by or 0.0, 100.0) for change in changes)


class _Seen(msgspec.Struct, frozen=True):
    """A person before a lane."""

    profile: Profile
    project_id: UUID
    z: float
    own_rework: bool


def judge(profile: Profile, lane: Lane, language_level: int, z: float, *, own_rework: bool = False) -> list[Failure]:
    """Every predicate that fails; an empty list means eligible.

    Whoever was asked to mend their own work is not asked for the skill again: the verdict that sent it back may have
    changed it, and the work would wait for somebody who could not come.
    """
    seen = _Seen(profile, lane.project_id, z, own_rework)
    found = [failure for failure in (_active(profile), _standing(profile, lane)) if failure is not None]
    language = Language(lane.language, language_level)
    if not _passes(language, seen):
        found.append(_failure(language, seen))
    found += [
        msgspec.structs.replace(_failure(part, seen), part=as_json(part))
        for part in conjuncts(lane.asks)
        if not _passes(part, seen)
    ]
    found.sort(key=lambda one: _ORDER.index(one.predicate) if one.predicate in _ORDER else len(_ORDER))
    return found


def passes(node: Node, profile: Profile, project_id: UUID, z: float) -> bool:
    """Whether a person meets a requirement, in whatever form it is written."""
    return _passes(node, _Seen(profile, project_id, z, own_rework=False))


def _passes(node: Node, seen: _Seen) -> bool:
    match node:
        case All(parts):
            return all(_passes(part, seen) for part in parts)
        case Any_(parts):
            return any(_passes(part, seen) for part in parts)
        case Not(Level() | Expert()) if seen.own_rework:
            return True
        case Not(part):
            return not _passes(part, seen)
    return _leaf_passes(node, seen)


def _leaf_passes(leaf: Node, seen: _Seen) -> bool:  # noqa: PLR0911  one return for each kind of leaf
    profile = seen.profile
    match leaf:
        case Level(domain, level, kind):
            return seen.own_rework or profile.belief(domain, kind).lower_bound(seen.z) >= level_floor(level)
        case Language(language, level):
            return profile.languages.get(language, 0) >= level
        case Credential(domain, kind):
            return profile.certified(domain, kind)
        case Exam(domain, level):
            return profile.passed(domain, level)
        case Expert(domain, level):
            proved = profile.proof(domain, level) is not None
            return proved and (seen.own_rework or profile.is_expert(domain, seen.z, level))
        case Role(role):
            return profile.holds(role, seen.project_id)
        case Vendor(vendor):
            return profile.vendor_id is not None and str(profile.vendor_id) == vendor
        case People(people):
            return profile.id in people
    raise TypeError(leaf)


def _failure(part: Node, seen: _Seen) -> Failure:
    """Of a part that does not pass."""
    match part:
        case Any_(parts):
            return _no_way(part, [_failure(one, seen) for one in parts])
        case All(parts):
            below = [_failure(one, seen) for one in parts if not _passes(one, seen)]
            changes = tuple(change for one in below for change in one.change)
            return Failure("all", text(part), "; ".join(one.has for one in below), told(changes), changes)
        case Not(leaf):
            return _opposite(part, leaf, seen)
    return _missing(part, seen)


def _no_way(part: Any_, ways: list[Failure]) -> Failure:
    if not ways:
        change = (Change("relax", where=as_json(part)),)
        return Failure("any", "what nobody meets", "a person", told(change), change)
    best = min(ways, key=lambda way: effort(way.change))
    return Failure("any", text(part), "; ".join(way.has for way in ways), best.mend, best.change)


def _opposite(part: Not, leaf: Node, seen: _Seen) -> Failure:
    """Nobody is asked to unlearn: what is in the way is taken out of the requirement, or a role from the person."""
    change = Change("relax", where=as_json(part))
    if isinstance(leaf, Role):
        change = Change("revoke_role", leaf.role)
    if isinstance(leaf, People):
        change = Change("exclude", str(seen.profile.id), where=as_json(leaf))
    name = f"not_{_missing(leaf, seen).predicate}"
    return Failure(name, text(part), text(leaf), told((change,)), (change,))


def _missing(leaf: Node, seen: _Seen) -> Failure:  # noqa: PLR0911  one return for each kind of leaf
    profile = seen.profile
    match leaf:
        case Level(domain, level, kind):
            return _level(domain, level, kind, seen)
        case Language(language, level):
            has = profile.languages.get(language, 0)
            change = Change("add_language", language, level=level)
            return _told(
                "language", f"{language} at level {level}", f"level {has}" if has else "not in the profile", change
            )
        case Credential(domain, kind):
            change = Change("verify_credential", domain, kind)
            return _told("credential", f"a verified {kind or 'credential'} in {domain}", "none", change)
        case Exam(domain, level):
            passed = max((profile.exams.get(code, 0) for code in profile.field(domain)), default=0)
            held = f"an exam for level {passed}" if passed else "none"
            return _told(
                "exam", f"a passed exam in {domain} for level {level}", held, Change("pass_exam", domain, level=level)
            )
        case Expert(domain, level):
            return _expert(domain, level, seen)
        case Role(role):
            return _told("role", role, ", ".join(sorted(profile.roles)) or "no role", Change("grant_role", role))
        case Vendor(vendor):
            return _told(
                "vendor", f"vendor {vendor}", f"vendor {profile.vendor_id or 'none'}", Change("join_vendor", vendor)
            )
        case People(people):
            change = Change("include", str(profile.id), where=as_json(leaf))
            return _told("people", f"one of {len(people)} people who are named", "somebody else", change)
    raise TypeError(leaf)


def _told(predicate: str, needs: str, has: str, *changes: Change) -> Failure:
    return Failure(predicate, needs, has, told(changes), changes)


def _level(domain: str, level: int, kind: str, seen: _Seen) -> Failure:
    own = kind if kind in seen.profile.own_kinds else ""
    bound, floor = seen.profile.belief(domain, kind).lower_bound(seen.z), level_floor(level)
    where = f"{domain} ({own})" if own else domain
    return _told(
        "level", f"{where} at level {level} (lower bound {floor:.2f})", f"lower bound {bound:.2f}",
        Change("raise", domain, own, level, floor, round(floor - bound, 4)),
    )  # fmt: skip


def _expert(domain: str, level: int, seen: _Seen) -> Failure:
    parts = []
    if seen.profile.proof(domain, level) is None:
        parts.append(_missing(Credential(domain), seen))
    if not seen.own_rework and not _passes(Level(domain, level), seen):
        parts.append(_level(domain, level, "", seen))
    changes = tuple(change for part in parts for change in part.change)
    return _told(
        "expert", f"a domain expert in {domain}", "; ".join(f"{one.needs}: {one.has}" for one in parts), *changes
    )


def _active(profile: Profile) -> Failure | None:
    if profile.state == "active":
        return None
    has = f"{profile.state}: {profile.state_reason or 'no reason given'}"
    return _told("active", "an active profile", has, Change("activate"))


def _standing(profile: Profile, lane: Lane) -> Failure | None:
    barred = profile.barred(lane.domain)
    if barred is None:
        return None
    until = "" if barred.ends_at is None else f" until {barred.ends_at:%Y-%m-%d %H:%M} UTC"
    mend = f"pass an exam in {barred.domain}" if barred.action == "require_exam" else "lift it, or wait for its end"
    has = f"{barred.action}{until}: {barred.reason_en}"
    return Failure("standing", f"good standing in {lane.domain}", has, mend, (Change("lift", str(barred.id)),))


def told(changes: tuple[Change, ...]) -> str:
    """A sentence without its full stop."""
    return ", and ".join(map(_step, changes)) or "nothing that could be changed"


def _step(change: Change) -> str:
    where = f"{change.of} ({change.kind})" if change.kind else change.of
    return {
        "activate": "set the profile active again",
        "lift": "lift the restriction, or wait for its end",
        "raise": f"raise the lower bound in {where} by {change.by or 0:.2f} logits, or ask for a lower level",
        "grant_role": f"grant the role {change.of}",
        "revoke_role": f"take back the role {change.of}",
        "add_language": f"record {change.of} at level {change.level}",
        "verify_credential": f"verify a {change.kind or 'credential'} in {change.of}",
        "pass_exam": f"pass an exam in {change.of} for level {change.level}",
        "join_vendor": f"move the person to vendor {change.of}",
        "include": "add the person to those who are named",
        "exclude": "take the person out of those who are named",
        "relax": "leave the condition out of the requirement",
        "raise_capacity": f"raise the capacity to {change.count}",
        "raise_day_cap": f"{_to('the cap of the person per day', change.count)}",
        "raise_project_day_cap": f"{_to('the cap of the project per day', change.count)}",
        "raise_project_live_cap": f"{_to('the cap of the project at a time', change.count)}",
        "be_available": "set their presence to available",
        "publish": "publish the project",
        "take_back": "take the place back from its holder",
        "wait": f"wait until {change.until}" if change.until else "wait",
        "extend": "give the task more days",
        "forget_decline": "give it to them by hand, although they handed it back",
        "allow_same_vendor": "let reviewers be of the author's vendor",
    }[change.action]


def _to(cap: str, count: int) -> str:
    return f"raise {cap} to {count}" if count else f"take {cap} away"
