"""Lists in pages: a keyset cursor that names the last row, so that pages stay right while rows come and go."""

import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from litestar.params import QueryParameter

from callboard.errors import BadCursor
from kernel.errors import Invalid
from kernel.settings import Settings

T = TypeVar("T")
C = TypeVar("C")

DEFAULT_LIMIT = 50
LONGEST_CURSOR = 500

# The bounds stand in the parameter: Litestar does not look at those of msgspec inside FromQuery[…].
Cursor = Annotated[str | None, QueryParameter(max_length=LONGEST_CURSOR)]
Limit = Annotated[int, QueryParameter(ge=1, le=200)]
Moment = Annotated[datetime | None, QueryParameter(description="RFC 3339, with a time zone")]


class Page(msgspec.Struct, Generic[T], frozen=True):
    items: list[T]
    next_cursor: str | None
    """For the next page; none at the end."""


def check_limit(limit: int, settings: Settings) -> int:
    if limit > settings.page_limit:
        raise Invalid(f"A page has at most {settings.page_limit} rows.")
    return limit


def aware(moment: datetime | None, name: str) -> datetime | None:
    """Raises `Invalid` for a time without a zone: nobody knows which moment it means."""
    if moment is not None and moment.tzinfo is None:
        raise Invalid(f"The time in {name} has no zone; send for example 2026-11-22T08:00:00Z.")
    return moment


def write_cursor(key: Any) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).decode().rstrip("=")


def read_cursor(cursor: str | None, kind: type[C]) -> C | None:
    """Raises `BadCursor`."""
    if cursor is None:
        return None
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        return msgspec.json.decode(raw, type=kind)
    except (binascii.Error, ValueError) as error:
        raise BadCursor from error


def page(rows: Sequence[T], limit: int, key: Callable[[T], Any]) -> Page[T]:
    """Of up to `limit + 1` rows: the extra one says that there are more."""
    items = list(rows[:limit])
    more = len(rows) > limit
    return Page(items, write_cursor(key(items[-1])) if more and items else None)
