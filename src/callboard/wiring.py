"""Joins the packages: who is told what, who sets prices, which chores exist. Called once by every process."""

from callboard import chores
from payments.accrual import register as register_payments


def wire() -> None:
    register_payments()
    # Importing the chores registers them; naming them here keeps the import from looking unused.
    assert chores.sweep_leases
