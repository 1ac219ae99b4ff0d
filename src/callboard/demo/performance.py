"""One run of the simulated people: without end, to be watched; or until everything is accepted and paid."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

import msgspec

from callboard.demo.client import Api, Refused
from callboard.demo.frontend import Frontend
from callboard.demo.restoring import restore
from callboard.demo.shifts import shift
from callboard.demo.stage import Player, Stage
from kernel.clock import monotonic
from kernel.errors import DomainError
from kernel.settings import Settings

LOOK_SECONDS = 0.5
REPORT_SECONDS = 10.0
QUIET_SECONDS = 5.0
"""Without a step by anybody the people of a finite run are looked at: who fell below a level is assessed anew."""
LOOK_AFTER_SECONDS = 600.0
"""The same in a run without end, so that no kind of work is left without people after a night of bad luck."""
STALL_SECONDS = 90.0
"""Without a single step by anybody a finite run is given up: longer than a database takes to recover."""
EVER = "2000-01-01T00:00:00Z"

Say = Callable[[str], None]


class Stalled(DomainError):  # noqa: N818  reads as a fact
    code = "demo_stalled"
    title = "The simulated people cannot finish the tasks that are left"


class NotAdmitted(DomainError):  # noqa: N818
    code = "demo_not_admitted"
    title = "The site does not take the demo's token"


class Tally(msgspec.Struct, frozen=True):
    """Of some projects; tasks that were cancelled are left out."""

    tasks: int
    accepted: int
    rejected: int
    waiting: int
    paid: int
    """Accepted pieces of annotation whose price was posted."""
    amounts: dict[str, Decimal]
    """Posted for annotation and review, by currency."""

    @property
    def done(self) -> bool:
        return self.tasks == self.accepted + self.rejected and self.paid >= self.accepted


async def tally(api: Api, project_ids: Sequence[str]) -> Tally:
    cells = [
        cell for project_id in project_ids for cell in (await api.get("/reports/queue", project_id=project_id))["items"]
    ]
    costs = [
        line
        for project_id in project_ids
        for line in (await api.get("/reports/cost", project_id=project_id, since=EVER))["items"]
    ]
    under_way = sum(cell[name] for cell in cells for name in ("waiting", "in_work", "review_waiting", "in_review"))
    accepted, rejected = (sum(cell[name] for cell in cells) for name in ("accepted", "rejected"))
    amounts: dict[str, Decimal] = {}
    for line in costs:
        money = line["posted"]
        amounts[money["currency"]] = amounts.get(money["currency"], Decimal(0)) + Decimal(money["amount"])
    return Tally(
        tasks=under_way + accepted + rejected,
        accepted=accepted,
        rejected=rejected,
        waiting=sum(cell["waiting"] for cell in cells),
        paid=sum(line["posted_count"] for line in costs if line["kind"] == "annotation"),
        amounts=amounts,
    )


async def to_completion(stage: Stage, players: Sequence[Player], say: Say) -> Tally:
    """Raises `Stalled`, `Unreachable`, `NotAdmitted`."""
    result: list[Tally] = []

    async def watch() -> None:
        said_at = restored_at = monotonic()
        while True:
            now = await tally(stage.api, stage.project_ids)
            if now.done:
                result.append(now)
                return
            if monotonic() - stage.moved_at > STALL_SECONDS:
                raise Stalled(_why_stalled(stage, now))
            if monotonic() - max(stage.moved_at, restored_at) > QUIET_SECONDS:
                await restore(stage, players)
                restored_at = monotonic()
            if monotonic() - said_at > REPORT_SECONDS:
                said_at = monotonic()
                say(f"{now.accepted} of {now.tasks} accepted")
            await asyncio.sleep(LOOK_SECONDS)

    await _until_first(watch, [partial(shift, stage, player) for player in players])
    return result[0]


def _why_stalled(stage: Stage, now: Tally) -> str:
    reasons = ", ".join(f"{reason} ×{count}" for reason, count in stage.reasons.most_common(3)) or "none"
    left = now.tasks - now.accepted - now.rejected
    return f"{left} of {now.tasks} tasks are left, and nobody gets one; the claims were answered: {reasons}."


async def without_end(
    stage: Stage, players: Sequence[Player], ids: dict[str, UUID], settings: Settings, say: Say
) -> None:
    """Until it is cancelled. Raises `Unreachable`, `NotAdmitted`."""
    frontend = Frontend(stage.api, stage, ids, waiting_tasks=settings.demo_waiting_tasks)

    async def watch() -> None:
        restored_at = monotonic()
        while True:
            await asyncio.sleep(REPORT_SECONDS)
            say(_line(await tally(stage.api, stage.project_ids), stage))
            if monotonic() - restored_at > LOOK_AFTER_SECONDS:
                await restore(stage, players)
                restored_at = monotonic()

    await _until_first(watch, [frontend.keep_posting, *(partial(shift, stage, player) for player in players)])


def _line(now: Tally, stage: Stage) -> str:
    earned = ", ".join(f"{currency} {amount:,.2f}" for currency, amount in sorted(now.amounts.items())) or "nothing yet"
    return (
        f"{now.waiting} waiting, {now.accepted} accepted, {stage.counts['replies']} replies in this run, "
        f"{stage.counts['verdict rework']} sent back; earned: {earned}"
    )


async def _until_first(main: Callable[[], Awaitable[None]], others: Sequence[Callable[[], Any]]) -> None:
    """Runs all of them until `main` returns or anybody fails; the first failure is raised."""
    try:
        async with asyncio.TaskGroup() as group:
            running = [group.create_task(other()) for other in others]
            await main()
            for task in running:
                task.cancel()
    except BaseExceptionGroup as failures:
        first = _first(failures)
        if isinstance(first, Refused):
            raise NotAdmitted(f"The site refused the demo: {first}") from first
        raise first from None


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
