"""Failed sign-ins are counted in the database, per account and per address, and answered with growing delays.

Never with a lock-out: whoever knows the password gets in after a minute at most, however often others guessed.
"""

from typing import Any

from callboard.access.errors import SignInThrottled
from kernel import db
from kernel.settings import Settings
from kernel.sql import load

sql = load("callboard.access")
LONGEST_DELAY_SECONDS = 60.0


def delay_seconds(failures: int, allowed: int) -> float:
    """Since the last failure: nothing up to `allowed` of them, then 1, 2, 4 … seconds, at most a minute."""
    if failures < allowed:
        return 0.0
    return min(LONGEST_DELAY_SECONDS, 2.0 ** min(failures - allowed, 10))


async def begin_attempt(email: str, address: str, settings: Settings) -> None:
    """Counts this attempt as a failure until `forget_failures` says otherwise. Raises `SignInThrottled`.

    The two advisory locks make counting and adding one step; all take them in the same order, account before address.
    """
    async with db.transaction("system:sign-in"):
        await db.execute("SELECT pg_advisory_xact_lock(7276655, hashtext(:email))", email=email)
        await db.execute("SELECT pg_advisory_xact_lock(7276656, hashtext(:address))", address=address)
        row = await db.fetch_one(
            sql.failures, email=email, address=address, window_minutes=settings.login_window_minutes
        )
        wait = _wait_seconds(row, settings)
        if wait > 0:
            raise SignInThrottled(retry_after_seconds=round(wait, 1))
        await db.execute(sql.begin_attempt, email=email, address=address)


def _wait_seconds(row: Any, settings: Settings) -> float:
    account = delay_seconds(row["of_account"], settings.login_attempts_per_account) - (row["account_age"] or 0.0)
    address = delay_seconds(row["of_address"], settings.login_attempts_per_address) - (row["address_age"] or 0.0)
    return float(max(account, address))


async def forget_failures(email: str) -> None:
    await db.execute(sql.forget_failures, email=email)
