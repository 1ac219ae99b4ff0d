"""What routing tells the packages above it, and the one thing that it asks of them: prices.

Handlers run inside the transaction of what happened, so money moves together with the state of the work or not at
all. `callboard.wiring` joins the two sides; routing itself knows no price and no account.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol, TypeVar
from uuid import UUID

import msgspec

from kernel.errors import Conflict


class NoRateCard(Conflict):
    """Stands here, with the contract, because payments raise it and may know nothing else of routing."""

    code = "no_rate_card"
    title = "The project has no prices yet; add a rate card before it is published"


class BudgetExhausted(Conflict):
    """Raised by `Pricing.reserve`; the claim that asked for the money is undone with its transaction."""

    code = "budget_exhausted"
    title = "The project's budget does not cover another task"


class ExchangeRateMissing(Conflict):
    """Of a price whose project pays in another currency than the person is paid in."""

    code = "exchange_rate_missing"
    title = "There is no exchange rate of these days for this project's pay; import one under Payroll, Exchange rates"


class PriceQuery(msgspec.Struct, frozen=True):
    """What a price depends on."""

    project_id: UUID
    kind: str
    """`annotation` or `review`."""
    difficulty_band: int
    """1 to 5."""
    expert: bool
    """Whether the person counts as a domain expert in the task's domain."""
    asked_level: int = 1
    """1 to 5: the least level that the work asks of a person."""
    language: str = ""
    """BCP 47 tag of the task."""
    currency: str | None = None
    """That the person is paid in; none: in the project's."""


class Price(msgspec.Struct, frozen=True):
    micros: int
    currency: str
    inputs: dict[str, Any]
    """Rate card version, base and factors: enough to compute the price again. Where the person is paid in another currency, `exchange`
    has the rate, its day and source, and the `amount` that it makes of the price."""
    without_rate: tuple[str, str] | None = None
    """The project's currency and the person's, where no rate leads from one to the other: nobody may be promised this price."""

    def require_rate(self) -> None:
        """Raises `ExchangeRateMissing`."""
        if self.without_rate:
            raise ExchangeRateMissing(from_currency=self.without_rate[0], to_currency=self.without_rate[1])


class Hold(msgspec.Struct, frozen=True):
    """Money to set aside for an assignment that is being claimed."""

    assignment_id: UUID
    task_id: UUID
    project_id: UUID
    annotator_id: UUID
    price: Price


class Pricing(Protocol):
    async def quote(self, queries: Sequence[PriceQuery]) -> list[Price]:
        """One price per query, in their order. Raises `NoRateCard` for a project without one."""
        ...

    async def reserve(self, hold: Hold) -> None:
        """Inside the claim's transaction. Raises `BudgetExhausted`."""
        ...

    async def reserve_together(self, holds: Sequence[Hold]) -> None:
        """All or none, of prices above zero. Raises `BudgetExhausted` also where `reserve` would first open an account."""
        ...


class AssignmentEnded(msgspec.Struct, frozen=True):
    """It ended without paid work: released, declined, expired, cancelled, reworked (a new hold follows) or rejected."""

    assignment_id: UUID
    reason: str


class WorkAccepted(msgspec.Struct, frozen=True):
    """The work of an assignment counts: an accepted answer, or a review that was given."""

    assignment_id: UUID
    task_id: UUID
    project_id: UUID
    annotator_id: UUID
    kind: str
    vendor_id: UUID | None
    """Who hears of the pay beside the person: the vendor that they worked for at the claim."""


class WorkReinstated(msgspec.Struct, frozen=True):
    """Work that had ended unpaid counts after all: the verdict on it was overturned."""

    assignment_id: UUID
    task_id: UUID
    project_id: UUID
    annotator_id: UUID
    kind: str
    vendor_id: UUID | None


Happening = AssignmentEnded | WorkAccepted | WorkReinstated
H = TypeVar("H", AssignmentEnded, WorkAccepted, WorkReinstated)
Handler = Callable[[Any], Awaitable[None]]

_handlers: dict[type, list[Handler]] = {AssignmentEnded: [], WorkAccepted: [], WorkReinstated: []}
_pricing: list[Pricing] = []


def subscribe(kind: type[H], handler: Callable[[H], Awaitable[None]]) -> None:
    """Registering the same function twice has no effect."""
    if handler not in _handlers[kind]:
        _handlers[kind].append(handler)


async def emit(happening: Happening) -> None:
    for handler in _handlers[type(happening)]:
        await handler(happening)


def use_pricing(pricing: Pricing) -> None:
    _pricing[:] = [pricing]


def pricing() -> Pricing:
    if not _pricing:
        raise RuntimeError("no pricing is wired; call callboard.wiring.wire() first")
    return _pricing[0]


_writers: list[Callable[[UUID], Awaitable[UUID | None]]] = []


def use_writers(main_writer: Callable[[UUID], Awaitable[UUID | None]]) -> None:
    """Who made most of the work of an assignment, where several did; None: whoever handed it in."""
    _writers[:] = [main_writer]


async def main_writer(assignment_id: UUID) -> UUID | None:
    return await _writers[0](assignment_id) if _writers else None
