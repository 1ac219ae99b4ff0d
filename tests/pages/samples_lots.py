"""Lots: the list with a new one, one that is looked at, one that was sent back, a certificate."""

from datetime import date
from typing import Any

from callboard.pages.project_lots import curve
from callboard.pages.views import TaskFacts
from callboard.pages.views_lots import InspectionPage, InspectionsPage, LotForm, LotPage, LotPreview, LotsPage
from callboard.pages.views_projects import Fault
from routing import lots
from routing.inspecting import OpenLot
from routing.lot_book import Inspectors, LotCertificate, LotFilter, LotPoint, LotView, SamplePiece, planned
from routing.lots import AQLS, LEVELS
from tests.pages.sample_facts import minutes, uid
from tests.pages.samples_projects import DRAFT, head

WRONG = "The founding year is 1872, not 1871; page 12 of the source says so, and the next reply builds on it."


def lot(n: int = 1, **changes: Any) -> LotView:
    facts: dict[str, Any] = {
        "id": uid(900 + n), "project_id": uid(21), "name": f"Finance, week {n}",
        "filter": LotFilter(from_day=date(2026, 3, 2), to_day=date(2026, 3, 8), domain="finance", kind="dialogue"), "level": "II", "aql": 2.5,
        "size": 1000, "letter": "J", "sample": 80, "accept": 5, "digest": "4f1c" * 16, "inspectors": {}, "state": "open", "reason": "", "created_by": "person:1",
        "created_at": minutes(-3000), "decided_at": None, "rework_at": None, "rework_reason": "", "looked": 31, "defects": 2,
        "last_look_at": minutes(-20),
    }  # fmt: skip
    return LotView(**(facts | changes))


def piece(n: int, outcome: str | None = None, *, own: bool = False) -> SamplePiece:
    return SamplePiece(
        uid(920 + n), n, uid(940 + n), uid(700 + n), "How a bank closes its books at the end of a year", "finance", "dialogue", "accepted",
        outcome, WRONG if outcome == "defect" else "", minutes(-n) if outcome else None, own,
    )  # fmt: skip


def told(of: LotView, findings: int = 0) -> LotCertificate:
    points = [LotPoint(*point) for point in lots.characteristic(of.size, of.plan)]
    people = [Inspectors("admin", 1, 11), Inspectors("manager", 2, of.looked - 11)]
    return LotCertificate(of, planned(of.size, "II", of.aql), points, people, [WRONG] * findings)


OPEN = OpenLot(uid(905), uid(21), "Finance dialogues", "Finance, week 3", 80, 31)
BACK = lot(2, state="sent_back", reason="6 of 44 …", looked=44, defects=6, decided_at=minutes(-30))
DONE = lot(3, state="accepted", looked=80, defects=3, decided_at=minutes(-900))
CHOICES: dict[str, Any] = {
    "levels": list(LEVELS),
    "aqls": list(AQLS),
    "domains": ["finance", "law"],
    "kinds": ["dialogue"],
}
LOT_OPEN = LotPage(
    head=head("lots"), told=told(lot()), curve=curve(told(lot())), may_write=True, waiting=[piece(32), piece(33), piece(34, own=True)],
    looked=[piece(3, "good"), piece(2, "defect"), piece(1, "good")],
)  # fmt: skip
LOTS = {
    "project-lots": (
        "projects/lots.html",
        LotsPage(
            head=head("lots"), rows=[lot(), BACK, DONE], may_write=True, form=LotForm(), preview=LotPreview(plan=planned(1000, "II", 2.5)),
            next_cursor="x", **CHOICES,
        ),
    ),
    "project-lots-empty": (
        "projects/lots.html",
        LotsPage(
            head=head("lots", DRAFT), rows=[], may_write=True, form=LotForm(to_day="soon"), preview=LotPreview(),
            faults={"name": Fault("missing"), "to_day": Fault("date", {"line": "soon"})}, **CHOICES,
        ),
    ),
    "project-lot": ("projects/lot.html", LOT_OPEN),
    "project-lot-back": (
        "projects/lot.html",
        LotPage(head=head("lots"), told=told(BACK, 6), curve=curve(told(BACK)), may_write=True, looked=[piece(1, "defect"), piece(2, "good")]),
    ),
    "project-lot-withdrawn": (
        "projects/lot.html",
        LotPage(
            head=head("lots"), told=told(lot(4, state="withdrawn", reason="The customer wants two lots.", decided_at=minutes(-5))), curve=curve(told(lot())),
            may_write=True, looked=[piece(2, "good")],
        ),
    ),
    "inspections": ("inspections.html", InspectionsPage(lots=[OPEN, OpenLot(uid(906), uid(22), "Recht", "Law, March", 20, 0)], done="decided")),
    "inspections-none": ("inspections.html", InspectionsPage(lots=[])),
    "inspection": (
        "inspection.html",
        InspectionPage(
            lot=OPEN, task=TaskFacts(id=uid(701), title="How a bank closes its books", project="Finance dialogues", kind="dialogue", domain="finance", language="en"),
            piece_id=uid(921), place=32, guidelines="Be **exact** about years.", raw='{"answer": 4}', done="looked",
        ),
    ),
    "inspection-over": ("inspection.html", InspectionPage(lot=OPEN)),
    "lot-certificate": ("projects/lot_certificate.html", LotPage(head=head("lots"), told=told(DONE, 3), curve=curve(told(DONE)))),
    "fragment-lot": ("projects/lot_preview.html", LotPreview(plan=planned(20, "III", 10.0))),
}  # fmt: skip
