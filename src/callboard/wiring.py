"""Joins the packages: who is told what, who sets prices, which chores exist. Called once by every process."""

from callboard import chores
from dialogue.handover import main_writer, shares_of
from kernel import outbox
from payments.accrual import register as register_payments
from payments.sharing import use_makers
from routing.events import use_writers


def wire() -> None:
    register_payments()
    use_makers(shares_of)
    use_writers(main_writer)
    outbox.require(chores.NAMES)
