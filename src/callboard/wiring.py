"""Joins the packages: who is told what, who sets prices, which chores exist. Called once by every process."""

from callboard import chores
from kernel import outbox
from payments.accrual import register as register_payments


def wire() -> None:
    register_payments()
    outbox.require(chores.NAMES)
