"""The ladder: what a project asks less of people when work waits too long, step by step.

Pure. Which step a lane stands on is worked out off the hot path (`routing.climbing`); every door judges by the lane as
that step leaves it, so claims, offers and explanations cannot differ.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from kernel.errors import Invalid
from routing.lanes import Lane

MOST_STEPS = 8
SECOND_REVIEW = "second_review"


class Relax(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What one step changes, on top of the steps before it."""

    min_level: Annotated[int, Meta(ge=-4, le=-1)] | None = None
    """Levels less; the result is at least 1."""
    language_level: Annotated[int, Meta(ge=-4, le=-1)] | None = None
    role: Annotated[str, Meta(min_length=1, max_length=40)] | None = None
    """Asked for instead of the lane's own; of annotations alone: a review stays a reviewer's."""
    second_review: bool = False
    """Whoever takes the work from this step on, and could not have taken it as it was asked for at first, is looked at once
    more than the plan of review says (`routing.staging`); of annotations alone."""


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Reached when any of what it names is so."""

    relax: Relax
    after_minutes: Annotated[float, Meta(gt=0, le=525_600)] | None = None
    """Of waiting, by the project's clock."""
    at_sla_share: Annotated[float, Meta(gt=0, le=10)] | None = None
    """1: when the SLA is over."""
    when_queue_over: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None
    """Tasks that wait in the lane."""
    expedite: bool = True
    """Taken at once where nobody who is here could take the work before, and somebody could on this step or later."""


class Asked(msgspec.Struct, frozen=True):
    """What a lane asks for on one step."""

    lane: Lane
    language_level: int
    relaxed: dict[str, Any]
    """By name, [before, now]; empty on step 0 and where nothing was left to relax."""


def parse(steps: Sequence[Any], roles: set[str]) -> tuple[Step, ...]:
    """Raises `Invalid`, naming the step at fault."""
    if len(steps) > MOST_STEPS:
        raise Invalid(f"A ladder has at most {MOST_STEPS} steps, not {len(steps)}.")
    found: list[Step] = []
    for no, value in enumerate(steps, 1):
        try:
            step = value if isinstance(value, Step) else msgspec.convert(value, Step)
        except msgspec.ValidationError as error:
            raise Invalid(f"Step {no} of the ladder cannot be used: {error}.") from error
        if step.relax in (Relax(), Relax(second_review=True)) and (not step.relax.second_review or not found):
            raise Invalid(f"Step {no} of the ladder relaxes nothing; name min_level, language_level or role.")
        if step.after_minutes is None and step.at_sla_share is None and step.when_queue_over is None:
            raise Invalid(f"Step {no} of the ladder is never reached; name after_minutes, at_sla_share or when_queue_over.")  # fmt: skip
        if step.relax.role is not None and step.relax.role not in roles:
            raise Invalid(f"Step {no} of the ladder names the role {step.relax.role!r}, which is not in the registry.")
        for name in ("after_minutes", "at_sla_share"):
            earlier = [value for one in found if (value := getattr(one, name)) is not None]
            own = getattr(step, name)
            if earlier and own is not None and own < earlier[-1]:
                raise Invalid(f"Step {no} of the ladder comes before the one above it: {name} {own:g} after {earlier[-1]:g}.")  # fmt: skip
        found.append(step)
    return tuple(found)


@lru_cache(maxsize=512)
def steps_of(ladder: str) -> tuple[Step, ...]:
    """As the project's row says it, in JSON; it was checked when it was written."""
    return msgspec.json.decode(ladder, type=tuple[Step, ...])


def asked(lane: Lane, language_level: int, ladder: Sequence[Step], step: int) -> Asked:
    """The lane as the first `step` steps leave it; a step beyond the ladder's end is the last."""
    level, language, role = lane.min_level, language_level, lane.required_role
    for one in ladder[:step]:
        level = max(1, level + (one.relax.min_level or 0))
        language = max(1, language + (one.relax.language_level or 0))
        if one.relax.role is not None and lane.kind == "annotation":
            role = one.relax.role
    relaxed = {
        name: [before, now]
        for name, before, now in (
            ("min_level", lane.min_level, level),
            ("language_level", language_level, language),
            ("role", lane.required_role, role),
        )
        if before != now
    }
    if not relaxed:
        return Asked(lane, language_level, {})
    if lane.kind == "annotation" and any(one.relax.second_review for one in ladder[:step]):
        relaxed[SECOND_REVIEW] = [False, True]
    return Asked(msgspec.structs.replace(lane, min_level=level, required_role=role), language, relaxed)


def steps_reached(
    ladder: Sequence[Step], waited_seconds: float, sla_seconds: float, queue: int, present_can_take: Sequence[int]
) -> int:
    """The step that a lane stands on, 0 to len(ladder).

    `present_can_take`: how many of those who are here could take its work on each step, 0 to len(ladder). Steps are
    taken in order; none is skipped without being taken, because each adds to the one before.
    """
    step = 0
    while step < len(ladder):
        following = ladder[step]
        someone_later = following.expedite and not present_can_take[step] and any(present_can_take[step + 1 :])
        if not (someone_later or _due(following, waited_seconds, sla_seconds, queue)):
            break
        step += 1
    return step


def _due(step: Step, waited_seconds: float, sla_seconds: float, queue: int) -> bool:
    return (
        (step.after_minutes is not None and waited_seconds >= step.after_minutes * 60)
        or (step.at_sla_share is not None and waited_seconds >= step.at_sla_share * sla_seconds)
        or (step.when_queue_over is not None and queue > step.when_queue_over)
    )


def seconds_until(ladder: Sequence[Step], step: int, sla_seconds: float) -> float | None:
    """Seconds of waiting by which that step (1 and up) is reached by waiting alone; None where waiting does not lead there."""
    longest = 0.0
    for one in ladder[:step]:
        waits = [
            seconds
            for seconds in (
                None if one.after_minutes is None else one.after_minutes * 60,
                None if one.at_sla_share is None else one.at_sla_share * sla_seconds,
            )
            if seconds is not None
        ]
        if not waits:
            return None
        longest = max(longest, min(waits))
    return longest
