"""Versions of the score's weights: written down once, put in force with a reason, compared on what was given out before.

Version 0 is what the program comes with. A version is never changed; going back is putting an older one in force again.
"""

from datetime import datetime
from typing import Annotated, Any, get_type_hints

import msgspec
from msgspec import Meta

from kernel import audit, db, outbox
from kernel.sql import load
from routing.choice import Inputs, patience_sla
from routing.errors import BadPolicy, NoSuchPolicy, PolicyInForce
from routing.scoring import BAND_VARIANCE, allowed, fit_from, pressure, topic_bonus, total, value_of
from routing.situation import BUILT_IN, from_weights
from routing.weights import POLICY, Policy
from skills.belief import Belief, level_centre

sql = load(__package__)

LONGEST_NOTE, MOST_CLAIMS = 1000, 2000
MOST_ACTIVATIONS = 50


class Weight(msgspec.Struct, frozen=True):
    name: str
    unit: str
    reason: str
    least: float
    most: float
    built_in: float


def weights() -> list[Weight]:
    """Every weight with its unit, its reason and the range in which it may be turned."""
    hints = get_type_hints(Policy, include_extras=True)
    found = []
    for name in Policy.__struct_fields__:
        (meta,) = hints[name].__metadata__
        found.append(Weight(name, meta.title, meta.description, meta.ge, meta.le, getattr(POLICY, name)))
    return found


class PolicyDraft(msgspec.Struct, forbid_unknown_fields=True):
    weights: dict[str, float]
    """What is left out is as in the version in force."""
    note: Annotated[str, Meta(min_length=1, max_length=LONGEST_NOTE)]


class PolicyView(msgspec.Struct, frozen=True):
    version: int
    """0: what the program comes with."""
    weights: dict[str, float]
    note: str
    created_by: str | None
    created_at: datetime | None
    active: bool


class Activation(msgspec.Struct, frozen=True):
    version: int
    reason: str
    activated_by: str
    active_from: datetime


async def active_version() -> int:
    row = await db.fetch_one(sql.situation)
    return BUILT_IN if row is None else row["policy_version"]


async def policies(*, before: int | None = None, limit: int = 50) -> list[PolicyView]:
    """Newest first; the one that the program comes with stands last."""
    active = await active_version()
    found = [_view(row, active) for row in await db.fetch(sql.policies, version=None, before=before, limit=limit)]
    if len(found) < limit and (before is None or before > BUILT_IN):
        found.append(_built_in(active))
    return found


async def policy(version: int) -> PolicyView:
    """Raises `NoSuchPolicy`."""
    active = await active_version()
    if version == BUILT_IN:
        return _built_in(active)
    row = await db.fetch_one(sql.policies, version=version, before=None, limit=1)
    if row is None:
        raise NoSuchPolicy
    return _view(row, active)


def _built_in(active: int) -> PolicyView:
    return PolicyView(BUILT_IN, msgspec.structs.asdict(POLICY), "", None, None, active == BUILT_IN)


def _view(row: Any, active: int) -> PolicyView:
    known = msgspec.structs.asdict(from_weights(row["weights"]))
    return PolicyView(
        row["version"], known, row["note"], row["created_by"], row["created_at"], row["version"] == active
    )


async def create_policy(draft: PolicyDraft, by: str) -> PolicyView:
    """The next version, not yet in force. Raises `BadPolicy` for unknown weights and values out of range."""
    db.require_transaction()
    await db.execute(sql.lock_policies)
    now = (await policy(await active_version())).weights
    values = now | draft.weights
    try:
        msgspec.convert(values, Policy)
    except msgspec.ValidationError as error:
        raise BadPolicy(f"{error}.") from error
    row = await db.fetch_one(sql.insert_policy, weights=db.jsonb(values), note=draft.note, created_by=by)
    assert row is not None
    changed = {name: value for name, value in values.items() if value != now[name]}
    await audit.record("policy.created", "policy", row["version"], after=changed, reason=draft.note)
    return await policy(row["version"])


async def activate(version: int, reason: str, by: str) -> PolicyView:
    """From the next claim on, in every process. Raises `NoSuchPolicy`, `PolicyInForce`."""
    db.require_transaction()
    await db.execute(sql.lock_policies)
    before = await active_version()
    wanted = await policy(version)
    if wanted.active:
        raise PolicyInForce
    await db.execute(sql.activate_policy, version=version, reason=reason, activated_by=by)
    await audit.record(
        "policy.activated", "policy", version, before={"version": before}, after={"version": version}, reason=reason
    )
    await outbox.publish("policy.activated", {"version": version, "before": before, "reason": reason})
    return await policy(version)


async def activations() -> list[Activation]:
    return await db.fetch_as(Activation, sql.policy_activations, limit=MOST_ACTIVATIONS)


class Side(msgspec.Struct, frozen=True):
    """What one of two policies would have given out."""

    version: int
    p_acceptable: float
    """Mean, 0 to 1."""
    pay: float
    """Mean, in units of what a generalist gets."""
    waited_slas: float
    """Mean waiting of what was chosen, in its SLAs."""
    kept: int
    """Claims that would have got nothing yet, for somebody who fits better."""


class Difference(msgspec.Struct, frozen=True):
    lane_a: str
    lane_b: str
    claims: int


class Comparison(msgspec.Struct, frozen=True):
    claims: int
    """That were weighed again: the last ones whose candidates were kept."""
    same: int
    a: Side
    b: Side
    differences: list[Difference]
    """By lane, the most frequent first; an empty lane: nothing yet."""


async def compare(a: int, b: int, claims: int) -> Comparison:
    """The last claims under either policy, from the candidates that were kept with each: the best four of its moment.

    What the other choice would have changed afterwards is not known; the bench answers that. Raises `NoSuchPolicy`.
    """
    first, second = from_weights((await policy(a)).weights), from_weights((await policy(b)).weights)
    whys = [row["why"] for row in await db.fetch(sql.last_choices, limit=min(claims, MOST_CLAIMS))]
    chosen = [(_choice(why, first), _choice(why, second)) for why in whys]
    lanes = [("" if one is None else one[0], "" if two is None else two[0]) for one, two in chosen]
    differing: dict[tuple[str, str], int] = {}
    for pair in lanes:
        if pair[0] != pair[1]:
            differing[pair] = differing.get(pair, 0) + 1
    most = sorted(differing.items(), key=lambda item: -item[1])[:20]
    return Comparison(
        len(whys), sum(one == two for one, two in lanes), _side(a, [one for one, _ in chosen]),
        _side(b, [two for _, two in chosen]), [Difference(*pair, count) for pair, count in most],
    )  # fmt: skip


Choice = tuple[str, Inputs]


def _choice(why: dict[str, Any], policy: Policy) -> Choice | None:
    """Which candidate the policy takes; None: it waits."""
    kept = [(why["lane"], why["inputs"])] + [(one["lane"], one["inputs"]) for one in why["runners_up"]]
    best: tuple[float, Choice] | None = None
    for lane, values in kept:
        given = msgspec.convert(values, Inputs)
        score = _score(given, why, policy)
        if score is not None and (best is None or score > best[0]):
            best = score, (lane, given)
    return None if best is None else best[1]


def _score(given: Inputs, why: dict[str, Any], policy: Policy) -> float | None:
    """None: kept for the best of those who were on shift."""
    value, sla = value_of(given.priority, policy), given.sla_seconds
    difficulty = Belief(level_centre(given.band), BAND_VARIANCE)
    pair = fit_from(
        given.p, difficulty, value=value, pay=given.pay, advantage=given.advantage, best_advantage=given.best_advantage,
        policy=policy,
    )  # fmt: skip
    bonus = policy.welcome_bonus if given.welcome else 0.0
    if given.topic_minutes is not None:
        bonus += topic_bonus(given.topic_minutes, policy)
    pair = msgspec.structs.replace(pair, worth=pair.worth + bonus)
    now = pressure(
        given.waited_seconds / sla, value=value, backlog=why["backlog"],
        longest_queue_slas=why["longest_queue_seconds"] / sla,
        patience_slas=given.waited_seconds / patience_sla(sla, policy), policy=policy,
    )  # fmt: skip
    if given.best is not None and not allowed(pair, now, given.best, policy):
        return None
    return total(pair, now) + given.author_says * policy.author_bonus


def _side(version: int, chosen: list[Choice | None]) -> Side:
    made = [one[1] for one in chosen if one is not None]
    n = max(1, len(made))
    return Side(
        version, round(sum(one.p for one in made) / n, 4), round(sum(one.pay for one in made) / n, 4),
        round(sum(one.waited_seconds / one.sla_seconds for one in made) / n, 4), len(chosen) - len(made),
    )  # fmt: skip
