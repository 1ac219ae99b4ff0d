"""Joins the packages: who is told what, who sets prices, which jobs exist. Called once by every process."""

from payments.accrual import register as register_payments


def wire() -> None:
    register_payments()
