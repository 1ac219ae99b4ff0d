"""The smallest change after which a person may take work of a lane: found by the decision itself, and carried out on values.

Failures are mended one after the other, each in its cheapest way, and the person judged again; a step that helps nothing
gives way to leaving the condition out. In the end every step that is not needed is taken away again: no part of what is
stated could be spared.
"""

from uuid import UUID

import msgspec

from routing import requirements as req
from routing.eligibility import Change, Failure, judge, told
from routing.lanes import Lane, asking
from routing.moment import Moment, after, hindered
from routing.requirement_reading import from_json
from routing.requirements import EVERYBODY, Node, People
from skills.belief import Belief
from skills.hierarchy import node_of
from skills.profiles import Profile

_HAIR = 1e-6
"""Logits above a floor, so that rounding does not fall below it."""


class Mended(msgspec.Struct, frozen=True):
    text: str
    steps: tuple[Change, ...]


def smallest_change(
    profile: Profile, lane: Lane, language_level: int, z: float, *, own_rework: bool = False
) -> Mended | None:
    """None: nothing has to change. Of what one lane asks; a place that is taken is not made free by it."""

    def failing(steps: list[Change]) -> list[Failure]:
        who, what, level = profile, lane, language_level
        for step in steps:
            who, what = applied(step, who, what)
        return judge(who, what, level, z, own_rework=own_rework)

    steps: list[Change] = []
    tried: set[str] = set()
    while failures := failing(steps):
        steps += _next(failures[0], tried)
    if not steps:
        return None
    for step in tuple(steps):
        without = [one for one in steps if one is not step]
        if not failing(without):
            steps = without
    return Mended(told(tuple(steps)), tuple(steps))


def opening(profile: Profile, lane: Lane, language_level: int, z: float, now: Moment) -> Mended | None:
    """The smallest change after which this person could take this place now; none: they can, or nothing could change it.

    First what the lane asks, then what else stands in the way of whoever the person is then.
    """
    asked = smallest_change(profile, lane, language_level, z, own_rework=now.own_rework(profile.id))
    steps = () if asked is None else asked.steps
    for step in steps:
        profile, lane = applied(step, profile, lane)
    seen: set[str] = set()
    while failures := hindered(now, profile):
        change = failures[0].change
        if failures[0].predicate in seen or not all(failure.change for failure in failures):
            return None
        seen.add(failures[0].predicate)
        for step in change:
            now, profile = after(step, now, profile)
        steps += change
    return Mended(told(steps), steps) if steps else None


def _next(failure: Failure, tried: set[str]) -> tuple[Change, ...]:
    """What fails again after it was mended contradicts something else that is asked: it is left out. So this ends."""
    if failure.part is None:
        return failure.change
    part = msgspec.json.encode(failure.part).decode()
    if part not in tried:
        tried.add(part)
        return failure.change
    return (Change("relax", where=failure.part),)


def applied(change: Change, profile: Profile, lane: Lane) -> tuple[Profile, Lane]:
    """The person and the lane as they are after it."""
    if change.action in ("include", "exclude", "relax"):
        return profile, _relaxed(change, lane)
    return _changed(change, profile, lane), lane


def _relaxed(change: Change, lane: Lane) -> Lane:
    part = from_json(change.where)
    new: Node = EVERYBODY
    if isinstance(part, People):
        person = UUID(change.of)
        people = {*part.people, person} if change.action == "include" else set(part.people) - {person}
        new = People(tuple(sorted(people)))
    return asking(lane, req.replaced(lane.asks, lambda node: new if node == part else None))


def _changed(change: Change, profile: Profile, lane: Lane) -> Profile:  # noqa: C901, PLR0911  one case for each action
    replace = msgspec.structs.replace
    match change.action:
        case "activate":
            return replace(profile, state="active", state_reason=None)
        case "lift":
            return replace(profile, restrictions=[one for one in profile.restrictions if str(one.id) != change.of])
        case "raise":
            assert change.to is not None
            known = Belief(change.to + _HAIR, 0.0)
            if change.kind:
                return replace(profile, kinds=profile.kinds | {node_of(change.of, change.kind): known})
            return replace(profile, skills=profile.skills | {change.of: known})
        case "grant_role":
            return replace(profile, roles=[*profile.roles, change.of])
        case "revoke_role":
            there = {
                project: [role for role in roles if role != change.of or project != str(lane.project_id)]
                for project, roles in profile.project_roles.items()
            }
            return replace(profile, roles=[role for role in profile.roles if role != change.of], project_roles=there)
        case "add_language":
            return replace(profile, languages=profile.languages | {change.of: change.level})
        case "verify_credential":
            paper = f"{change.of}/{change.kind or 'certificate'}"
            return replace(
                profile,
                credentials=[*profile.credentials, change.of],
                credential_kinds=[*profile.credential_kinds, paper],
            )
        case "pass_exam":
            level = max(change.level, profile.exams.get(change.of, 0))
            return replace(profile, exams=profile.exams | {change.of: level})
        case "join_vendor":
            return replace(profile, vendor_id=UUID(change.of))
    raise ValueError(change.action)
