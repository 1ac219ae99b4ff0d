"""Joins the packages: who is told what, who sets prices, which chores exist. Called once by every process."""

from callboard import chores
from dialogue.handover import main_writer, shares_of
from dialogue.rubrics import verdict_items
from kernel import outbox
from payments.accrual import register as register_payments
from payments.sharing import use_makers
from routing.events import use_writers
from routing.verdict_items import use_rubric


def wire() -> None:
    register_payments()
    use_makers(shares_of)
    use_writers(main_writer)
    use_rubric(verdict_items)
    outbox.require(chores.NAMES)
