"""What exams ask of whoever pays: the one thing that skills need from the packages above them.

The calls run inside the transaction of what happened, so the money of an attempt moves together with its state or not
at all. `callboard.wiring` joins the two sides; skills know no account and no budget.
"""

from typing import Protocol
from uuid import UUID

import msgspec

from kernel.errors import Conflict
from kernel.money import Money


class ExamBudgetExhausted(Conflict):
    """Raised by `ExamPay.reserve`; the start that asked for the money is undone with its transaction."""

    code = "exam_budget_exhausted"
    title = "The budget that pays this exam does not cover another attempt; its manager has to add to it"


class ExamPayerClosed(Conflict):
    code = "exam_payer_closed"
    title = "The project that pays this exam is closed; nobody can begin until a manager names another"


class PaidAttempt(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt with a price, as its start fixed it."""

    id: UUID
    exam_id: UUID
    exam_name: str
    number: int
    annotator_id: UUID
    domain: str
    cut_level: int
    project_id: UUID
    """Whose budget pays."""
    pay: Money
    vendor_id: UUID | None


class ExamPay(Protocol):
    async def check(self, project_id: UUID, pay: Money) -> None:
        """Whether a project could pay an exam. Raises `BadExam` for one that is unknown, closed or pays otherwise."""
        ...

    async def reserve(self, attempt: PaidAttempt) -> None:
        """At the start. Raises `ExamBudgetExhausted`, `ExamPayerClosed`."""
        ...

    async def settle(self, attempt: PaidAttempt, *, earned: bool, reason: str) -> None:
        """At the end, once: the money becomes the person's, or goes back to the budget."""
        ...


_exam_pay: list[ExamPay] = []


def use_exam_pay(pay: ExamPay) -> None:
    _exam_pay[:] = [pay]


def exam_pay() -> ExamPay:
    if not _exam_pay:
        raise RuntimeError("nobody is wired who pays for exams; call callboard.wiring.wire() first")
    return _exam_pay[0]
