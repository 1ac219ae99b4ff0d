"""The view of quality: busy, over all projects in two currencies, and with nothing in it; the list of works behind a figure."""

from datetime import date, timedelta
from typing import Any

import msgspec

from callboard.pages.quality import lines_of
from callboard.pages.views import Option
from callboard.pages.views_quality import Gate, Line, QualityPage, QualityWish, RuleLine, Table, WorksPage
from kernel.money import Money
from routing.promises import StagePromise
from routing.quality import OutgoingEstimate, QualityFigures, QualityNow, QualityWork
from tests.pages.sample_facts import minutes, uid
from tests.pages.samples_projects import DRAFT, head

MONDAY = date(2025, 12, 22)
PEOPLE = ("Ada Byron", "Bo Liang", "Chidi Anagonye", "Wolfeschlegelsteinhausenbergerdorff Maximiliane", "Eve Moreno")


def row(key: str, pieces: int, name: str | None = None, currency: str = "USD", bad: int = 10) -> QualityFigures:
    judged = pieces * 3 // 5
    fixed, reworked, rejected = judged // bad, judged // (2 * bad), judged // (4 * bad)
    good = judged - fixed - reworked - rejected
    return QualityFigures(
        key=key, name=name, currency=currency, pieces=pieces, looked=judged + pieces // 20, judged=judged, first_judged=judged * 9 // 10,
        first_pass=min(good, judged * 8 // 10), accepted=good, fixed=fixed, reworked=reworked, rejected=rejected, counted=pieces * 9 // 10,
        unseen=pieces // 4, rounds=pieces, looks=judged, overturned=judged // 60, review_micros=judged * 410_000,
        review_seconds=judged * 340, work_micros=pieces * 2_250_000,
    )  # fmt: skip


def lines(by: str, *rows: QualityFigures) -> list[Line]:
    return lines_of(list(rows), by)


WEEKS = lines(
    "week", *(row((MONDAY + timedelta(days=7 * n)).isoformat(), 0 if n == 3 else 210 + 37 * (n * n % 7), bad=6 + n) for n in range(12))
)  # fmt: skip
NOW = QualityNow(
    waiting_reviews=214, overdue_reviews=3, disputes_open=2, disputes_overdue=0, dispute_due_at=minutes(900), disputes_upheld=3,
    disputes_overturned=1, holds=1, lots_open=1, lots_accepted=4, lots_sent_back=1,
)  # fmt: skip
ALL = row("", 3_412)
RULES = [
    RuleLine(code="factual_error", words={}, pieces=61, share=1.0),
    RuleLine(code="tone", words={"en": "The tone of a bank", "zh": "银行的语气"}, pieces=40, share=0.66),
    RuleLine(code="a_code_that_nobody_names_any_more", words={}, pieces=4, share=0.07),
]
FILTER: dict[str, Any] = {
    "domains": ["finance", "law"], "kinds": ["dialogue", "rating"], "stages": [Option(value="1", label="peer"), Option(value="2", label="expert")],
    "vendors": [Option(value=str(uid(31)), label="Northwind")],
}  # fmt: skip
STAGES = lines("stage", row("1", 3_412, bad=9), row("2", 2_100, bad=30))
STAGES[0].name, STAGES[1].name = "peer", "expert"
QUALITY = QualityPage(
    base=f"/projects/{uid(21)}/quality", head=head("quality"), filter=QualityWish(sort="-defects", person=str(uid(1))), first=MONDAY,
    last=date(2026, 3, 12), costs=[Money(840_500_000, "USD")], all=ALL, outgoing=OutgoingEstimate(0.021, 0.009, 0.034, 0.95, 3_070, 853),
    promises=[StagePromise(1, "peer", 0.03, 0.95, 3_000, 1_900, 3_400, 0.021, 0.012, 0.027, 0.004, 0.04, minutes(-1))],
    now=NOW, weeks=WEEKS,
    tables=[
        Table(by="person", lines=lines("person", *(row(str(uid(n)), 900 // n, name, bad=4 + n) for n, name in enumerate(PEOPLE, 1))), shown=41),
        Table(by="domain", lines=lines("domain", row("finance", 2_300), row("law", 1_112, bad=5)), shown=2),
        Table(by="stage", lines=STAGES, shown=2),
        Table(by="week", lines=[one for one in WEEKS if one.row.pieces], shown=11),
    ],
    rules=RULES, gates=[Gate(name="person", value=str(uid(1)), label="Ada Byron")], folded_seconds=41, opens_tasks=True,
    more=[Option(value="/projects/1/agreement", label="agreement"), Option(value="/projects/1/gold", label="gold")], **FILTER,
)  # fmt: skip
OVER_ALL = msgspec.structs.replace(
    QUALITY, base="/quality", head=None, more=[], filter=QualityWish(), costs=[Money(840_500_000, "USD"), Money(61_000_000, "EUR")], promises=[], gates=[],
    tables=[Table(by="project", lines=lines("project", row(str(uid(21)), 3_412, "Finance dialogues"), row(str(uid(22)), 420, "Recht", "EUR")), shown=2), *QUALITY.tables],
)  # fmt: skip
OF_VENDOR = msgspec.structs.replace(OVER_ALL, opens_tasks=False, vendors=[], costs=[Money(840_500_000, "USD")])
QUALITY_EMPTY = msgspec.structs.replace(
    QUALITY, head=head("quality", DRAFT), filter=QualityWish(weeks="days", from_day="2026-03-02", to_day="2026-03-08"), costs=[], all=None,
    outgoing=None, tables=[], rules=[], gates=[], promises=[], folded_seconds=None,
    now=QualityNow(
        waiting_reviews=0, overdue_reviews=0, disputes_open=0, disputes_overdue=0, dispute_due_at=None, disputes_upheld=0,
        disputes_overturned=0, holds=0, lots_open=0, lots_accepted=0, lots_sent_back=0,
    ),
)  # fmt: skip


def work(n: int, outcome: str | None, state: str) -> QualityWork:
    return QualityWork(
        uid(940 + n), uid(700 + n), uid(21), "Finance dialogues", "How a bank closes its books at the end of a year", "finance", "dialogue",
        1 + n % 2, state, uid(1), "Ada Byron", minutes(-400 * n), outcome,
    )  # fmt: skip


WORKS = WorksPage(
    base=QUALITY.base, head=QUALITY.head, filter=QualityWish(what="defect", item="tone", stage="2", domain="finance"), first=MONDAY,
    last=date(2026, 3, 12), rows=[work(1, "rework", "rework"), work(2, "fix", "accepted"), work(3, "reject", "rejected"), work(4, None, "pending")],
    gates=QUALITY.gates, rule=RULES[1], opens_tasks=True, next_cursor="x",
)  # fmt: skip
QUALITY_SAMPLES = {
    "quality": ("quality.html", QUALITY),
    "quality-all": ("quality.html", OVER_ALL),
    "quality-empty": ("quality.html", QUALITY_EMPTY),
    "quality-works": ("quality/works.html", WORKS),
    "quality-works-none": ("quality/works.html", msgspec.structs.replace(WORKS, base="/quality", head=None, filter=QualityWish(), rows=[], gates=[], rule=None, next_cursor=None)),
}  # fmt: skip
