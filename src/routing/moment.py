"""What keeps somebody from one place apart from what the work asks: full hands, caps, presence, and the state of the place.

As values, so that what would help can be tried: `hindered` says what stands in the way, each with the step that removes it
(none where only somebody else can take the place), and `after` carries a step out.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from routing.caps import CAPS, PERSON_DAY, PROJECT_DAY, PROJECT_LIVE, Caps
from routing.eligibility import Change, Failure
from routing.presence import NOT_AVAILABLE
from skills.profiles import Profile

LIFTED = {"raise_day_cap": PERSON_DAY, "raise_project_day_cap": PROJECT_DAY, "raise_project_live_cap": PROJECT_LIVE}
"""Which cap a step raises."""
RAISES = {cap: action for action, cap in LIFTED.items()}
SOMEBODY_ELSE = "somebody else takes it"


AFTER: dict[str, dict[str, Any]] = {
    "publish": {"project_state": "published"},
    "be_available": {"said": "available"},
    "take_back": {"state": "free", "reserved_for": None},
    "wait": {"reserved_for": None, "kept_until": None},
    "extend": {"expired": False},
    "forget_decline": {"declined": False},
    "allow_same_vendor": {"other_vendor": False},
}
"""What a step makes of the moment, by its action."""


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """One place and one person, now."""

    project_id: UUID
    project_state: str = "published"
    held: int = 0
    """Units of the person's capacity."""
    cost: int = 1
    """Units that the place takes."""
    caps: Caps
    said: str | None = None
    """Of being there; None: nothing yet."""
    state: str = "free"
    """Of the place."""
    reserved_for: UUID | None = None
    kept_until: datetime | None = None
    """End of the grace; None: reserved for rework, if at all."""
    reserved_until: datetime | None = None
    """When rework that its author does not take is for everybody."""
    author_id: UUID | None = None
    author_vendor_id: UUID | None = None
    other_vendor: bool = False
    """Whether the reviewer must be of another vendor than the author."""
    involved: bool = False
    """The person holds or held another place of the task, or this one."""
    expired: bool = False
    """The task's time is over, and nobody has touched it."""
    declined: bool = False
    """The person handed the task back."""

    def own_rework(self, person: UUID) -> bool:
        return self.kept_until is None and self.reserved_for == person


PREDICATES = CAPS | {
    "project", "present", "capacity", "free", "not_own_work", "one_place_per_person", "reserved", "grace", "expired",
    "other_vendor", "not_declined",
}  # fmt: skip
"""Of failures that are of the moment; all others are of what the work asks."""


def hindered(now: Moment, profile: Profile) -> list[Failure]:
    """Everything but what the lane asks; an empty list: nothing."""
    own = now.reserved_for == profile.id
    found = _of_person(now, profile) + ([] if own else now.caps.failures(now.project_id))
    found += _of_place(now, profile)
    if now.declined and not own:
        mend = f"{SOMEBODY_ELSE}, or a manager gives it to them"
        needs, has = "a task that was not handed back", "declined before"
        found.append(Failure("not_declined", needs, has, mend, (Change("forget_decline"),)))
    return found


def _of_person(now: Moment, profile: Profile) -> list[Failure]:
    found = []
    if now.project_state != "published":
        change = () if now.project_state == "closed" else (Change("publish"),)
        mend = "publish the project" if change else "nothing: a closed project gives out no work"
        found.append(Failure("project", "a published project", now.project_state, mend, change))
    if now.said in NOT_AVAILABLE:
        mend = "wait until they are available, or set their presence"
        found.append(Failure("present", "somebody who is there", str(now.said), mend, (Change("be_available"),)))
    if now.held + now.cost > profile.capacity:
        needs = "room for another task" if now.cost == 1 else f"{now.cost} units of capacity that are free"
        has, enough = f"{now.held} of {profile.capacity} is in use", now.held + now.cost
        mend = f"finish or release something first, or raise the capacity to {enough}"
        found.append(Failure("capacity", needs, has, mend, (Change("raise_capacity", count=enough),)))
    return found


def _of_place(now: Moment, profile: Profile) -> list[Failure]:
    """What the claim's WHERE clause asks of the slot itself."""
    found = []
    if now.state != "free":
        live = now.state == "live"
        mend = "wait until it is free again, or take it back from its holder" if live else SOMEBODY_ELSE_OR_NOBODY
        found.append(Failure("free", "a free place", now.state, mend, (Change("take_back"),) if live else ()))
    if now.author_id == profile.id:
        found.append(Failure("not_own_work", "somebody else's work", "own work", "nobody reviews their own work"))
    elif now.involved:
        found.append(Failure("one_place_per_person", "no other place of this task", "holds or held one", SOMEBODY_ELSE))
    if now.reserved_for is not None and now.reserved_for != profile.id:
        found.append(_reserved(now))
    if now.expired:
        needs = "a task whose time is not over"
        found.append(Failure("expired", needs, "expired", "give it more days", (Change("extend"),)))
    if now.other_vendor and now.author_vendor_id == profile.vendor_id:
        needs, mend = (
            "another vendor than the author's",
            "a reviewer of another vendor takes it, or the rule is dropped",
        )
        found.append(Failure("other_vendor", needs, "the same", mend, (Change("allow_same_vendor"),)))
    return found


SOMEBODY_ELSE_OR_NOBODY = "nothing: the place is done with"


def _reserved(now: Moment) -> Failure:
    if now.kept_until is None:
        until = "" if now.reserved_until is None else f": {now.reserved_until:%Y-%m-%d %H:%M} UTC"
        change = Change("wait", until=_text(now.reserved_until))
        needs, mend = "its author, who was asked for rework", f"wait until the author's time is over{until}"
        return Failure("reserved", needs, "another person", mend, (change,))
    mend = f"wait until {now.kept_until:%H:%M:%S} UTC, unless they come back to it"
    change = Change("wait", until=_text(now.kept_until))
    return Failure("grace", "whoever's lease on it lapsed a moment ago", "another person", mend, (change,))


def _text(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def after(change: Change, now: Moment, profile: Profile) -> tuple[Moment, Profile]:
    """Both as they are then. Raises `KeyError` for a step of another kind."""
    replace = msgspec.structs.replace
    if change.action == "raise_capacity":
        return now, replace(profile, capacity=change.count)
    if change.action in LIFTED:
        return replace(now, caps=now.caps.raised(LIFTED[change.action], now.project_id, change.count)), profile
    return replace(now, **AFTER[change.action]), profile
