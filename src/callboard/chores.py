"""What the clock asks workers to do: each a small function that may run again at any time without harm."""

from typing import Any

from callboard.access import sessions
from kernel import audit, outbox
from kernel.settings import Settings
from routing import leases
from skills import credentials, domains, exam_sitting, upkeep

NAMES = (
    "routing.sweep_leases",
    "audit.seal",
    "kernel.tidy",
    "access.tidy",
    "skills.end_exams",
    "skills.estimate_crowd",
    "skills.judge_standing",
    "skills.remind_expiries",
    domains.REFOLD,
)
"""What the clock may ask for, and what follows a change; `wire` sees to it that each has its handler."""


@outbox.handler("routing.sweep_leases")
async def sweep_leases(_payload: dict[str, Any], settings: Settings) -> None:
    """One batch; a full one leaves more for the next tick, so that no transaction grows without bound."""
    await leases.sweep(settings)


@outbox.handler("audit.seal")
async def seal(_payload: dict[str, Any], settings: Settings) -> None:
    while await audit.seal(settings) == settings.seal_batch:
        pass


@outbox.handler("kernel.tidy")
async def tidy(_payload: dict[str, Any], settings: Settings) -> None:
    await outbox.tidy(settings)


@outbox.handler("access.tidy")
async def tidy_sign_ins(_payload: dict[str, Any], _settings: Settings) -> None:
    await sessions.tidy()


@outbox.handler("skills.end_exams")
async def end_exams(_payload: dict[str, Any], settings: Settings) -> None:
    """Attempts that were left until their time ran out; what was answered counts."""
    await exam_sitting.sweep(settings)


@outbox.handler("skills.judge_standing")
async def judge_standing(_payload: dict[str, Any], _settings: Settings) -> None:
    """No rule is judged yet; the evidence asks for it all the same."""


@outbox.handler("skills.estimate_crowd")
async def estimate_crowd(_payload: dict[str, Any], settings: Settings) -> None:
    await upkeep.estimate_crowd(settings.skill_half_life_days)


@outbox.handler("skills.remind_expiries")
async def remind_expiries(_payload: dict[str, Any], settings: Settings) -> None:
    """One batch; a full one is followed by another job."""
    days = [int(part) for part in settings.credential_reminder_days.split(",")]
    if await credentials.remind_of_expiries(days) == credentials.REMINDER_BATCH:
        await outbox.enqueue("skills.remind_expiries", {})


@outbox.handler(domains.REFOLD)
async def refold(payload: dict[str, Any], settings: Settings) -> None:
    await domains.refold_batch(payload, settings)
