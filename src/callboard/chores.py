"""What the clock asks workers to do: each a small function that may run again at any time without harm."""

from typing import Any
from uuid import UUID

from callboard.access import sessions
from callboard.webhooks import registering as webhooks
from dialogue import snapshot_files
from kernel import audit, outbox
from kernel.settings import Settings
from payments import adjustments, budget_notices, pay_disputes, periods, sealing
from routing import (
    changes,
    climbing,
    disputes,
    estimating,
    gold_answers,
    gold_doubts,
    leases,
    measured,
    offers,
    overdue,
    promises,
    quality,
    refitting,
    stock,
)
from routing.memory import Memory
from skills import credentials, domains, exam_bank, exam_sitting, standing_judging, upkeep

NAMES = (
    "routing.sweep_leases",
    climbing.CLIMB,
    changes.EXPIRE,
    overdue.JOB,
    disputes.JOB,
    gold_answers.JOB,
    gold_doubts.OVERDUE,
    measured.JOB,
    promises.JOB,
    quality.JOB,
    stock.JOB,
    "audit.seal",
    sealing.JOB,
    periods.JOB,
    periods.OPEN_JOB,
    adjustments.JOB,
    budget_notices.JOB,
    pay_disputes.JOB,
    "kernel.tidy",
    "access.tidy",
    "webhooks.tidy",
    "skills.end_exams",
    "skills.estimate_crowd",
    standing_judging.JOB,
    "skills.remind_expiries",
    domains.REFOLD,
    "skills.end_standing",
    "skills.judge_everybody",
    "skills.calibrate_items",
    estimating.JOB,
    refitting.JOB,
    refitting.FIT,
    "routing.make_offers",
    snapshot_files.JOB,
    snapshot_files.REMOVE,
)
"""What the clock may ask for, and what follows a change; `wire` sees to it that each has its handler."""


@outbox.handler("routing.sweep_leases")
async def sweep_leases(_payload: dict[str, Any], settings: Settings) -> None:
    """One batch; a full one leaves more for the next tick, so that no transaction grows without bound."""
    await leases.sweep(settings)


@outbox.handler(climbing.CLIMB)
async def climb(_payload: dict[str, Any], settings: Settings) -> None:
    await climbing.climb(settings)


@outbox.handler(changes.EXPIRE)
async def expire_tasks(_payload: dict[str, Any], settings: Settings) -> None:
    """One batch; a full one is followed by another job. Claims go by the clock, whenever this runs."""
    if await changes.expire(settings.expire_batch) == settings.expire_batch:
        await outbox.enqueue(changes.EXPIRE, {})


@outbox.handler(overdue.JOB)
async def act_on_overdue_reviews(_payload: dict[str, Any], _settings: Settings) -> None:
    """One batch a minute: what a claim has taken is left alone."""
    await overdue.act()


@outbox.handler(measured.JOB)
async def tidy_measured(_payload: dict[str, Any], _settings: Settings) -> None:
    """Who has a part in a task by now is named at its waiting places; what nobody took is withdrawn."""
    await measured.tidy()


@outbox.handler(promises.JOB)
async def sample_reviews(_payload: dict[str, Any], _settings: Settings) -> None:
    """How much adaptive stages look at next; where nothing came in since, nothing is done."""
    await promises.refresh_all()


@outbox.handler(quality.JOB)
async def fold_quality(_payload: dict[str, Any], _settings: Settings) -> None:
    """Days on which something changed; a full batch is followed by another job."""
    if await quality.fold() == quality.DAYS_AT_ONCE:
        await outbox.enqueue(quality.JOB, {})


@outbox.handler(disputes.JOB)
async def tell_overdue_disputes(_payload: dict[str, Any], _settings: Settings) -> None:
    """Nothing is decided by time alone."""
    await disputes.tell_overdue()


@outbox.handler(gold_answers.JOB)
async def pass_gold(_payload: dict[str, Any], settings: Settings) -> None:
    """One batch; a full one is followed by another job."""
    if await gold_answers.pass_due(settings) == gold_answers.BATCH:
        await outbox.enqueue(gold_answers.JOB, {})


@outbox.handler(gold_doubts.OVERDUE)
async def tell_overdue_gold(_payload: dict[str, Any], _settings: Settings) -> None:
    """Nothing is decided by time alone."""
    await gold_doubts.tell_overdue()


@outbox.handler("routing.make_offers")
async def make_offers(_payload: dict[str, Any], settings: Settings) -> None:
    """Writes down what is over, and offers what waits to whoever is there."""
    await offers.make_round(settings)


_judgements = Memory()
"""Of this worker: what the people on shift are to each lane."""


@outbox.handler(stock.JOB)
async def take_stock(_payload: dict[str, Any], settings: Settings) -> None:
    """Who is on shift, and what waits for them; claims go on with the last look where this is late."""
    await stock.take_stock(settings, _judgements)


@outbox.handler("audit.seal")
async def seal(_payload: dict[str, Any], settings: Settings) -> None:
    while await audit.seal(settings) == settings.seal_batch:
        pass


@outbox.handler(sealing.JOB)
async def seal_ledger(_payload: dict[str, Any], settings: Settings) -> None:
    while await sealing.seal(settings) == settings.seal_batch:
        pass


@outbox.handler(periods.OPEN_JOB)
async def open_pay_periods(_payload: dict[str, Any], settings: Settings) -> None:
    await periods.open_periods(settings)


@outbox.handler(adjustments.JOB)
async def sweep_adjustments(_payload: dict[str, Any], _settings: Settings) -> None:
    """One batch; a full one is followed by another job."""
    if await adjustments.sweep() == adjustments.BATCH:
        await outbox.enqueue(adjustments.JOB, {})


@outbox.handler(budget_notices.JOB)
async def tell_budgets(_payload: dict[str, Any], settings: Settings) -> None:
    """One batch a minute; each share is told once for each level of funding."""
    await budget_notices.tell(settings)


@outbox.handler(pay_disputes.JOB)
async def sweep_pay_disputes(_payload: dict[str, Any], settings: Settings) -> None:
    """Nothing is decided by time alone; what was promised and not paid is open again."""
    if await pay_disputes.sweep(settings) >= pay_disputes.BATCH:
        await outbox.enqueue(pay_disputes.JOB, {})


@outbox.handler(periods.JOB)
async def close_pay_period(payload: dict[str, Any], settings: Settings) -> None:
    """The next step; until the period is closed, each is followed by another job."""
    await periods.step(UUID(payload["period_id"]), settings)


@outbox.handler("kernel.tidy")
async def tidy(_payload: dict[str, Any], settings: Settings) -> None:
    await outbox.tidy(settings)


@outbox.handler("access.tidy")
async def tidy_sign_ins(_payload: dict[str, Any], _settings: Settings) -> None:
    await sessions.tidy()


@outbox.handler("webhooks.tidy")
async def tidy_webhooks(_payload: dict[str, Any], settings: Settings) -> None:
    await webhooks.tidy(settings)


@outbox.handler("skills.end_exams")
async def end_exams(_payload: dict[str, Any], settings: Settings) -> None:
    """Attempts that were left until their time ran out; what was answered counts."""
    await exam_sitting.sweep(settings)


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


@outbox.handler("skills.end_standing")
async def end_standing(_payload: dict[str, Any], settings: Settings) -> None:
    """Reads go by the clock; this writes it down and tells it."""
    await standing_judging.tidy(settings)


@outbox.handler("skills.judge_everybody")
async def judge_everybody(_payload: dict[str, Any], _settings: Settings) -> None:
    """Silence and expiry come with time alone; a rule that was switched on looks at everybody."""
    await standing_judging.ask_all()


@outbox.handler(standing_judging.JOB)
async def judge_standing(payload: dict[str, Any], _settings: Settings) -> None:
    await standing_judging.judge(UUID(payload["annotator_id"]))


@outbox.handler("skills.calibrate_items")
async def calibrate_items(_payload: dict[str, Any], settings: Settings) -> None:
    """Questions of exams whose answers say more than their authors did; what runs keeps its figures."""
    await exam_bank.calibrate_items(settings.exam_calibration_answers)


@outbox.handler(estimating.JOB)
async def fit_difficulty(_payload: dict[str, Any], settings: Settings) -> None:
    """What texts and lanes say of difficulty, from the newest outcomes."""
    await estimating.fit_difficulty(settings)


@outbox.handler(refitting.JOB)
async def refit_consensus(_payload: dict[str, Any], _settings: Settings) -> None:
    """Asks for a refit of every project whose crowd did something since the last."""
    await refitting.ask_all()


@outbox.handler(refitting.FIT)
async def fit_consensus(payload: dict[str, Any], settings: Settings) -> None:
    await refitting.refit(UUID(payload["project_id"]), settings)


@outbox.handler(snapshot_files.JOB)
async def make_export(payload: dict[str, Any], settings: Settings) -> None:
    """The next slice of a snapshot; until it is whole, each is followed by another job."""
    await snapshot_files.advance(UUID(payload["export_id"]), settings)


@outbox.handler(snapshot_files.REMOVE)
async def remove_exports(_payload: dict[str, Any], settings: Settings) -> None:
    """One batch; a full one is followed by another job."""
    if await snapshot_files.remove_old(settings) == snapshot_files.REMOVE_AT_ONCE:
        await outbox.enqueue(snapshot_files.REMOVE, {})
