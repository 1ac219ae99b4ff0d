"""The table of exchange rates: imported by managers as CSV, never edited; a later day has a row of its own."""

import csv
import io
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from kernel import audit, clock, db
from kernel.errors import Invalid
from kernel.ids import plain_uuid, uuid7
from kernel.money import parse_currency
from kernel.settings import Settings
from kernel.sql import load
from payments.errors import BadExchangeRates
from payments.exchange import rate_text

sql = load(__package__)

COLUMNS = ("from", "to", "day", "rate")
MOST_LINES = 5000
MOST_PROBLEMS = 50
LARGEST_RATE = 5_000_000
"""So that a million units in any currency still fit a BIGINT of micros."""
FIRST_DAY = date(2000, 1, 1)
AHEAD_DAYS = 31
"""Rates of a month are agreed before it begins; what lies further ahead is a slip of the keyboard."""
LONGEST_SOURCE = 120
_RATE = re.compile(r"[0-9]{1,7}(\.[0-9]{1,12})?", re.ASCII)


class RateDraft(msgspec.Struct, frozen=True):
    base: str
    quote: str
    day: date
    rate: str
    """Of one unit of `base`, as a decimal."""


class LineProblem(msgspec.Struct, frozen=True):
    line: int
    """In the file, from 1; the line of headings is 1."""
    code: str
    """`columns`, `currency`, `same_currency`, `day`, `far_day`, `rate`, `twice`, `known`."""
    value: str


class RatesReport(msgspec.Struct, frozen=True, kw_only=True):
    """What an import would do, or did. With problems it does nothing."""

    lines: int
    added: int
    unchanged: int
    """There already, and the same."""
    problems: list[LineProblem]
    rates: list[RateDraft]
    """Those that are new."""
    written: bool = False


class ExchangeRateView(msgspec.Struct, frozen=True):
    id: UUID
    base: str
    quote: str
    day: date
    rate: str
    source: str
    usable_until: date
    """The last day on which work is priced by it, where there is no later one."""
    created_by: str
    created_at: datetime
    in_use: bool


class MissingRate(msgspec.Struct, frozen=True):
    base: str
    quote: str
    people: int
    """Who are paid in `quote`; the projects in `base` are closed to them."""


def read(text: str) -> tuple[list[tuple[int, RateDraft]], list[LineProblem], int]:
    """Rows with their lines, what is wrong with the others, and how many lines there are. Headings in any order; other columns are refused."""
    rows = csv.reader(io.StringIO(text.lstrip("\ufeff")), delimiter=_delimiter(text))
    heading = [cell.strip().lower() for cell in next(rows, [])]
    if sorted(heading) != sorted(COLUMNS):
        return [], [LineProblem(1, "columns", ", ".join(heading)[:200])], 0
    good: list[tuple[int, RateDraft]] = []
    problems: list[LineProblem] = []
    seen: set[tuple[str, str, date]] = set()
    lines = 0
    for cells in rows:
        if not any(cell.strip() for cell in cells):
            continue
        lines += 1
        if lines > MOST_LINES:
            raise BadExchangeRates(f"A file has at most {MOST_LINES} rates.")
        found = _row(rows.line_num, dict(zip(heading, (cell.strip() for cell in cells), strict=False)), len(cells))
        if isinstance(found, RateDraft):
            key = (found.base, found.quote, found.day)
            if key in seen:
                problems.append(LineProblem(rows.line_num, "twice", f"{found.base} {found.quote} {found.day}"))
            else:
                seen.add(key)
                good.append((rows.line_num, found))
        else:
            problems.append(found)
    return good, problems, lines


def _delimiter(text: str) -> str:
    first = text.split("\n", 1)[0]
    return max(",;\t", key=first.count)


def _row(line: int, cells: dict[str, str], count: int) -> RateDraft | LineProblem:
    if count != len(COLUMNS):
        return LineProblem(line, "columns", str(count))
    base, quote, rate = cells["from"].upper(), cells["to"].upper(), cells["rate"]
    unknown = [code for code in (base, quote) if not _is_currency(code)]
    if unknown or base == quote:
        return LineProblem(line, "currency" if unknown else "same_currency", (unknown or [base])[0][:20])
    try:
        day = date.fromisoformat(cells["day"])
    except ValueError:
        return LineProblem(line, "day", cells["day"][:20])
    if not FIRST_DAY <= day <= clock.now().astimezone(UTC).date() + timedelta(days=AHEAD_DAYS):
        return LineProblem(line, "far_day", cells["day"][:20])
    if not _RATE.fullmatch(rate) or not 0 < Decimal(rate) <= LARGEST_RATE:
        return LineProblem(line, "rate", rate[:30])
    return RateDraft(base, quote, day, rate_text(Decimal(rate)))


def _is_currency(code: str) -> bool:
    try:
        return bool(parse_currency(code))
    except Invalid:
        return False


async def preview(text: str) -> RatesReport:
    """What importing this would do; nothing is written."""
    drafts, problems, lines = read(text)
    known = await _known([draft for _, draft in drafts])
    new: list[RateDraft] = []
    for line, draft in drafts:
        before = known.get((draft.base, draft.quote, draft.day))
        if before is None:
            new.append(draft)
        elif before != draft.rate:
            problems.append(LineProblem(line, "known", f"{draft.base} {draft.quote} {draft.day}: {before}"))
    problems.sort(key=lambda one: one.line)
    unchanged = sum((draft.base, draft.quote, draft.day) in known for _, draft in drafts)
    return RatesReport(lines=lines, added=len(new), unchanged=unchanged, problems=problems[:MOST_PROBLEMS], rates=new)


async def import_rates(text: str, source: str, by: str, settings: Settings, reason: str = "") -> RatesReport:
    """All lines or none: with problems the report has them and nothing was written. The same file again changes nothing.

    Raises `BadExchangeRates` for a file that is too long, or where no source is named.
    """
    db.require_transaction()
    source = source.strip()
    if not 0 < len(source) <= LONGEST_SOURCE:
        raise BadExchangeRates(f"Say in 1 to {LONGEST_SOURCE} characters whose rates these are.")
    # Two imports of the same day take turns; readers do not wait.
    await db.execute("LOCK TABLE exchange_rate IN SHARE ROW EXCLUSIVE MODE")
    report = await preview(text)
    if report.problems or not report.rates:
        return report
    await db.execute(
        sql.add_exchange_rates, ids=[uuid7() for _ in report.rates], bases=[one.base for one in report.rates],
        quotes=[one.quote for one in report.rates], on_days=[one.day for one in report.rates], rates=[one.rate for one in report.rates],
        source=source, days=settings.exchange_rate_days, by=by,
    )  # fmt: skip
    await audit.record(
        "exchange_rates.imported", "exchange_rates", source, reason=reason or None,
        after={"source": source, "rates": [f"{one.base} {one.quote} {one.day} {one.rate}" for one in report.rates]},
    )  # fmt: skip
    return msgspec.structs.replace(report, written=True)


async def _known(drafts: Sequence[RateDraft]) -> dict[tuple[str, str, date], str]:
    rows = await db.fetch(
        sql.known_exchange_rates, bases=[one.base for one in drafts], quotes=[one.quote for one in drafts],
        on_days=[one.day for one in drafts],
    )  # fmt: skip
    return {(row["base"], row["quote"], row["day"]): rate_text(row["rate"]) for row in rows}


async def exchange_rates(
    *, limit: int, base: str | None = None, quote: str | None = None, before: tuple[date, UUID] | None = None
) -> list[ExchangeRateView]:
    """The newest day first; `before` is the place of a page: day and id."""
    rows = await db.fetch(
        sql.exchange_rates, base=base, quote=quote, limit=limit, before_day=before[0] if before else None,
        before_id=before[1] if before else None,
    )  # fmt: skip
    return [_view(row) for row in rows]


async def missing() -> list[MissingRate]:
    """Pairs that are needed today and have no rate."""
    return await db.fetch_as(MissingRate, sql.missing_exchange_rates)


def _view(row: Any) -> ExchangeRateView:
    return ExchangeRateView(
        id=plain_uuid(row["id"]), base=row["base"], quote=row["quote"], day=row["day"], rate=rate_text(row["rate"]), source=row["source"],
        usable_until=row["usable_until"], created_by=row["created_by"], created_at=row["created_at"], in_use=row["in_use"],
    )  # fmt: skip
