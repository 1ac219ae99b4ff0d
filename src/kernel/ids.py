"""UUID version 7 (RFC 9562, 5.7), made here because PostgreSQL before 18 has no `uuidv7()`."""

import os
import threading
from typing import Any
from uuid import UUID

from kernel.clock import epoch_milliseconds

_lock = threading.Lock()
_last = (0, 0)
_LARGEST_COUNT = 0xFFF


def uuid7() -> UUID:
    """A UUID that sorts by creation: 48 bits of milliseconds, a 12-bit counter, 62 random bits.

    Within one process the values rise strictly, also when the clock goes back or a millisecond makes more than 4096.
    """
    global _last  # noqa: PLW0603  the counter is what makes ids of one millisecond rise
    with _lock:
        milliseconds, counter = max(epoch_milliseconds(), _last[0]), 0
        if milliseconds == _last[0]:
            counter = _last[1] + 1
            if counter > _LARGEST_COUNT:
                milliseconds, counter = milliseconds + 1, 0
        _last = (milliseconds, counter)
    random = int.from_bytes(os.urandom(8), "big") & ((1 << 62) - 1)
    return UUID(int=(milliseconds << 80) | (0x7 << 76) | (counter << 64) | (0b10 << 62) | random)


def plain_uuid(value: Any) -> UUID:
    """Of a row: the driver's own UUID class is not the one that Structs are made of."""
    return UUID(int=value.int)


def plain_uuid_or_none(value: Any) -> UUID | None:
    return None if value is None else plain_uuid(value)
