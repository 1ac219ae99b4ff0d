"""How good the work is, and what finding out costs: figures by day, folded off the hot path, and the works behind each.

Everything is counted on the day (UTC) on which a piece was handed in, so that a piece's looks, rounds and cost stand together. What
counts of a piece is the worst of all looks at it, as second looks left it.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from kernel import db
from kernel.sql import load
from routing.sampling import Tally, expected, unseen, watched

sql = load(__package__)
JOB = "routing.fold_quality"
DAYS_AT_ONCE = 40
MOST_ROWS, MOST_ITEMS = 500, 50
CONFIDENCE = 0.95
By = Literal["all", "week", "domain", "person", "kind", "vendor", "project", "stage"]
WHATS = (
    "", "looked", "judged", "first_pass", "defect", "accept", "fix", "rework", "reject", "again", "counted", "unseen", "overdue", "overturned",
)  # fmt: skip
"""What the works of a list have in common; empty: all that were handed in."""


class QualityFilter(msgspec.Struct, frozen=True, kw_only=True):
    project_id: UUID | None
    from_day: date
    to_day: date
    """The last day, which counts too."""
    domain: str | None = None
    kind: str | None = None
    annotator_id: UUID | None = None
    """Whose work."""
    vendor_id: UUID | None = None
    stage: int | None = None
    """Of the plan of review; none: all of them together."""


class QualityFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Of one group of pieces. Money is in the project's currency; groups over projects have a row for each."""

    key: str
    """A Monday, a code or an id; empty: all."""
    name: str | None
    currency: str
    pieces: int
    """Handed in, each round for itself."""
    looked: int
    """Of them: that somebody looks or looked at."""
    judged: int
    first_judged: int
    """First rounds that somebody judged."""
    first_pass: int
    """Of them: accepted as they were, by all who looked."""
    accepted: int
    fixed: int
    reworked: int
    rejected: int
    counted: int
    """Accepted in the end."""
    unseen: int
    """Of them: that nobody judged."""
    rounds: int
    """Of what counts, in all."""
    looks: int
    """Verdicts: a piece has one for each stage that looked."""
    overturned: int
    review_micros: int
    review_seconds: int
    work_micros: int
    """Price of what counts."""

    @property
    def defects(self) -> int:
        return self.judged - self.accepted


class OutgoingEstimate(msgspec.Struct, frozen=True):
    """Share of defects in what counts, by what was found where somebody looked; what reviewers overlook nobody knows."""

    estimate: float
    lower: float
    upper: float
    """Of an interval that holds while it is watched, with `confidence`."""
    confidence: float
    counted: int
    unseen: int


class QualityItemCount(msgspec.Struct, frozen=True):
    key: str
    """Code of a rule."""
    pieces: int


class QualityNow(msgspec.Struct, frozen=True):
    """What waits at this moment; what was decided since the first day of the period stands beside it."""

    waiting_reviews: int
    overdue_reviews: int
    disputes_open: int
    disputes_overdue: int
    dispute_due_at: datetime | None
    """The soonest."""
    disputes_upheld: int
    disputes_overturned: int
    holds: int
    lots_open: int
    lots_accepted: int
    lots_sent_back: int


class QualityReport(msgspec.Struct, frozen=True):
    totals: list[QualityFigures]
    """One for each currency; none: nothing was handed in."""
    outgoing: OutgoingEstimate | None
    by_week: list[QualityFigures]
    by_domain: list[QualityFigures]
    by_person: list[QualityFigures]
    by_stage: list[QualityFigures]
    by_project: list[QualityFigures]
    """Empty for one project."""
    by_item: list[QualityItemCount]
    now: QualityNow
    folded_at: datetime | None
    """The figures are of this moment."""


class QualityWork(msgspec.Struct, frozen=True):
    id: UUID
    task_id: UUID
    project_id: UUID
    project_name: str
    title: str
    domain: str
    kind: str
    round: int
    state: str
    annotator_id: UUID
    display_name: str
    submitted_at: datetime
    outcome: str | None
    """The worst that counts; none: nobody judged it."""


class WorksWish(msgspec.Struct, frozen=True, kw_only=True):
    what: str = ""
    """One of `WHATS`."""
    item: Annotated[str, Meta(max_length=80)] | None = None
    """The rule that a verdict which counts names."""


async def fold(limit: int = DAYS_AT_ONCE) -> int:
    """Notes which days changed, and folds the newest that are due; how many. Runs again without harm."""
    db.require_transaction()
    since = await db.fetch_value(sql.quality_since, name=JOB)
    await db.execute(sql.quality_changed, since=since or datetime.min.replace(tzinfo=UTC))
    await db.execute(sql.ran_upkeep, name=JOB)
    rows = await db.fetch(sql.quality_next, limit=limit)
    for row in rows:
        which = {"project_id": row["project"], "day": row["day"]}
        await db.execute(sql.quality_taken, id=row["id"])
        await db.execute(sql.forget_quality_day, **which)
        await db.execute(sql.forget_quality_items, **which)
        await db.execute(sql.fold_quality_day, **which)
        await db.execute(sql.fold_quality_items, **which)
    return len(rows)


def _asked(wanted: QualityFilter) -> dict[str, Any]:
    return msgspec.structs.asdict(wanted)


async def rows_by(wanted: QualityFilter, by: By, limit: int = MOST_ROWS) -> list[QualityFigures]:
    """Most pieces first."""
    return await db.fetch_as(QualityFigures, sql.quality_by, by=by, limit=limit, **_asked(wanted))


async def items(wanted: QualityFilter) -> list[QualityItemCount]:
    return await db.fetch_as(QualityItemCount, sql.quality_by_item, limit=MOST_ITEMS, **_asked(wanted))


async def report(wanted: QualityFilter) -> QualityReport:
    weeks = sorted(await rows_by(wanted, "week"), key=lambda row: row.key)
    asked = {name: value for name, value in _asked(wanted).items() if name in {"project_id", "vendor_id", "from_day"}}
    now = await db.fetch_one_as(QualityNow, sql.quality_open, **asked)
    assert now is not None
    return QualityReport(
        await rows_by(wanted, "all"), await outgoing(wanted), weeks, await rows_by(wanted, "domain"), await rows_by(wanted, "person"),
        sorted(await rows_by(wanted, "stage"), key=lambda row: int(row.key)),
        await rows_by(wanted, "project") if wanted.project_id is None else [], await items(wanted), now,
        await db.fetch_value("SELECT ran_at FROM upkeep WHERE name = :name", name=JOB),
    )  # fmt: skip


async def outgoing(wanted: QualityFilter) -> OutgoingEstimate | None:
    """Of the filter's pieces, whatever stage it names; none while nothing counts."""
    asked = {name: value for name, value in _asked(wanted).items() if name != "stage"}
    return estimated(await db.fetch(sql.quality_tallies, **asked))


def estimated(rows: Sequence[Any]) -> OutgoingEstimate | None:
    """From (author, domain, judged, defects, unseen, counted): what went out unseen is as what was looked at, by author and domain."""
    counted, hidden = sum(row["counted"] for row in rows), sum(row["unseen"] for row in rows)
    if not counted:
        return None
    if not any(row["judged"] for row in rows):
        return OutgoingEstimate(0.0, 0.0, 1.0, CONFIDENCE, counted, hidden)
    tallies = {(str(row["author"]), row["domain"]): Tally(row["judged"], row["defects"], row["unseen"]) for row in rows}
    mean, variance = unseen(tallies, expected(tallies))
    apart = watched((1 + CONFIDENCE) / 2) * variance**0.5
    return OutgoingEstimate(
        mean / counted,
        max(0.0, mean - apart) / counted,
        min(float(hidden), mean + apart) / counted,
        CONFIDENCE,
        counted,
        hidden,
    )


async def works(
    wanted: QualityFilter, wish: WorksWish, *, before: tuple[datetime, UUID] | None = None, limit: int = 50
) -> list[QualityWork]:
    """The pieces behind a figure, newest first."""
    at, piece = before or (None, None)
    return await db.fetch_as(
        QualityWork,
        sql.quality_works,
        what=wish.what,
        item=wish.item,
        before_at=at,
        before_id=piece,
        limit=limit,
        **_asked(wanted),
    )


class QualityChoices(msgspec.Struct, frozen=True):
    """What filters can name, by what was handed in within the period."""

    domains: list[str]
    kinds: list[str]
    stages: int
    vendors: list[dict[str, str]]


async def choices(wanted: QualityFilter) -> QualityChoices:
    asked = {
        name: value
        for name, value in _asked(wanted).items()
        if name in {"project_id", "vendor_id", "from_day", "to_day"}
    }
    row = await db.fetch_one(sql.quality_choices, **asked)
    assert row is not None
    return QualityChoices(
        sorted(row["domains"] or []), sorted(row["kinds"] or []), row["stages"] or 0, row["vendors"] or []
    )
