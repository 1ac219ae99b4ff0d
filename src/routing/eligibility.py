"""The one function that says whether a person may take work of a lane; every door goes through it.

Pure: it takes values and returns the predicates that fail, each with what is needed, what there is, and the smallest
change that would mend it. Reserved, declined and already-done tasks are judged per slot, in the claim's SQL.
"""

import msgspec

from routing.lanes import HIGHEST_LEVEL, Lane
from skills.belief import level_floor
from skills.profiles import Profile


class Failure(msgspec.Struct, frozen=True):
    predicate: str
    """Stable name: `active`, `standing`, `role`, `language`, `level`, `credential`."""
    needs: str
    has: str
    mend: str
    """The smallest change that would make it pass."""


def judge(profile: Profile, lane: Lane, language_level: int, z: float, *, own_rework: bool = False) -> list[Failure]:
    """Every predicate that fails; an empty list means eligible.

    Whoever was asked to mend their own work is not asked for the level again: the verdict that sent it back may have
    lowered it, and the work would wait for somebody who could not come.
    """
    checks = (
        _active(profile),
        _standing(profile, lane),
        _role(profile, lane),
        _language(profile, lane, language_level),
        None if own_rework else _level(profile, lane, z),
        _credential(profile, lane),
    )
    return [failure for failure in checks if failure is not None]


def _active(profile: Profile) -> Failure | None:
    if profile.state == "active":
        return None
    return Failure(
        "active",
        "an active profile",
        f"{profile.state}: {profile.state_reason or 'no reason given'}",
        "set the profile active again",
    )


def _standing(profile: Profile, lane: Lane) -> Failure | None:
    barred = profile.barred(lane.domain)
    if barred is None:
        return None
    until = "" if barred.ends_at is None else f" until {barred.ends_at:%Y-%m-%d %H:%M} UTC"
    mend = f"pass an exam in {barred.domain}" if barred.action == "require_exam" else "lift it, or wait for its end"
    return Failure("standing", f"good standing in {lane.domain}", f"{barred.action}{until}: {barred.reason_en}", mend)


def _role(profile: Profile, lane: Lane) -> Failure | None:
    if profile.holds(lane.required_role, lane.project_id):
        return None
    return Failure(
        "role",
        lane.required_role,
        ", ".join(sorted(profile.roles)) or "no role",
        f"grant the role {lane.required_role}",
    )


def _language(profile: Profile, lane: Lane, language_level: int) -> Failure | None:
    has = profile.languages.get(lane.language, 0)
    if has >= language_level:
        return None
    return Failure(
        "language", f"{lane.language} at level {language_level}", f"level {has}" if has else "not in the profile",
        f"record {lane.language} at level {language_level}",
    )  # fmt: skip


def _level(profile: Profile, lane: Lane, z: float) -> Failure | None:
    bound, floor = profile.belief(lane.domain, lane.skill_kind).lower_bound(z), level_floor(lane.min_level)
    if bound >= floor:
        return None
    where = f"{lane.domain} ({lane.skill_kind})" if lane.skill_kind in profile.own_kinds else lane.domain
    return Failure(
        "level", f"{where} at level {lane.min_level} (lower bound {floor:.2f})", f"lower bound {bound:.2f}",
        f"raise the lower bound in {where} by {floor - bound:.2f} logits, or ask for a lower level",
    )  # fmt: skip


def _credential(profile: Profile, lane: Lane) -> Failure | None:
    if not lane.required_credential or profile.proof(lane.domain, HIGHEST_LEVEL + 1) == "credential":
        return None
    return Failure(
        "credential", f"a verified credential in {lane.domain}", "none", f"verify a credential in {lane.domain}"
    )
