"""The money of paid exams: the start sets it aside in a project's budget, the end pays it or gives it back.

Everything here runs inside the transaction of the attempt, so neither can be true without the other.
"""

from uuid import UUID

from kernel import db, outbox
from kernel.money import Money, amount_text
from kernel.sql import load
from payments import exchange, ledger
from payments.ledger import Earmark
from routing.events import BudgetExhausted
from skills.errors import BadExam
from skills.events import ExamBudgetExhausted, ExamPayerClosed, PaidAttempt, use_exam_pay

sql = load(__package__)
CLOSED = "closed"


class BudgetedExamPay:
    """What skills ask of payments (`skills.events.ExamPay`)."""

    async def check(self, project_id: UUID, pay: Money) -> None:
        db.require_transaction()
        project = await db.fetch_one(sql.project_of_exam_pay, project_id=project_id)
        if project is None:
            raise BadExam("There is no such project to pay the exam from.")
        if project["state"] == CLOSED:
            raise BadExam("A closed project pays for no exam; name one that is open.")
        if project["currency"] != pay.currency:
            raise BadExam(f"The project pays in {project['currency']}; its budget cannot pay {pay.currency}.")

    async def reserve(self, attempt: PaidAttempt) -> None:
        project = await db.fetch_one(sql.project_of_exam_pay, project_id=attempt.project_id)
        if project is None or project["state"] == CLOSED:
            raise ExamPayerClosed
        inputs = {
            "kind": "exam", "exam_id": str(attempt.exam_id), "exam": attempt.exam_name, "attempt": attempt.number,
            "domain": attempt.domain, "level": attempt.cut_level, **await exchange.terms_for(attempt.annotator_id, attempt.pay),
        }  # fmt: skip
        wanted = Earmark(
            key=_key(attempt.id), project_id=attempt.project_id, annotator_id=attempt.annotator_id, amount=attempt.pay,
            inputs=inputs, exam_attempt_id=attempt.id,
        )  # fmt: skip
        try:
            await ledger.set_aside(wanted)
        except BudgetExhausted as error:
            raise ExamBudgetExhausted(project_id=str(attempt.project_id)) from error

    async def settle(self, attempt: PaidAttempt, *, earned: bool, reason: str) -> None:
        kind = "post" if earned else "void"
        done = await ledger.resolve(kind, _key(attempt.id), f"{kind}:{_key(attempt.id)}", "" if earned else reason)
        if done is None or not done.fresh or not earned:
            return
        await exchange.convert(exchange.of_resolution(done))
        data = {
            "exam_attempt_id": str(attempt.id),
            "exam_id": str(attempt.exam_id),
            "annotator_id": str(attempt.annotator_id),
            "project_id": str(attempt.project_id),
            "amount": amount_text(done.amount.micros),
            "currency": done.amount.currency,
        }
        await outbox.publish(
            "accrual.posted",
            data,
            project_id=attempt.project_id,
            subject_id=attempt.exam_id,
            vendor_id=attempt.vendor_id,
        )


def _key(attempt_id: UUID) -> str:
    return f"exam:{attempt_id}"


def register() -> None:
    """Wires payments to exams for this process; doing so again changes nothing."""
    use_exam_pay(BudgetedExamPay())
