"""The only place that reads the time of day.

Leases, deadlines and due times are judged by the database's `clock_timestamp()`, so that an application host with a
wrong clock can neither shorten nor lengthen them; this clock stamps what people read.
"""

import time
from datetime import UTC, datetime


def now() -> datetime:
    """Aware, in UTC."""
    return datetime.now(UTC)


def monotonic() -> float:
    """Seconds that never go back; only differences mean something."""
    return time.monotonic()


def epoch_milliseconds() -> int:
    return time.time_ns() // 1_000_000


def rfc3339(moment: datetime) -> str:
    """`2026-11-22T08:27:42.123456Z`: the one form in which the API writes a time."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
