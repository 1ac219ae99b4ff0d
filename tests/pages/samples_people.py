"""People as the roster's screens show them."""

from datetime import date
from typing import Any

from callboard.pages.views import Option, Problem
from callboard.pages.views_people import Active, Compared, CompareView, ImportView, PeopleFilter, PeopleView, PersonRow
from callboard.roster_import.plan import FieldChange, LineReport
from callboard.roster_import.write import PeopleImported
from routing.roster import Load, RosterPresence, RosterRow
from skills.roster import RosterCredential, RosterSkill
from tests.pages.sample_facts import minutes, uid, usd

DOMAINS = ["general", "finance", "medicine", "law", "technology"]


def skill(domain: str, percent: int, spread: int, **changes: Any) -> RosterSkill:
    return RosterSkill(domain, percent, (max(0, percent - spread), min(100, percent + spread)), 3, changes.get("expert", False), changes.get("seen", True))  # fmt: skip


def person(number: int, name: str, **changes: Any) -> RosterRow:
    values: dict[str, Any] = {
        "external_id": f"emp-{1000 + number}", "vendor_id": uid(9), "vendor": "Northlight", "state": "active", "state_reason": None,
        "capacity": 4, "cap_per_day": None, "roles": ["annotator"], "roles_everywhere": ["annotator"], "languages": {"en": 5, "zh-CN": 3},
        "created_at": minutes(-90_000), "standing": [], "load": Load(2, 4, 2, 31, 40, 0.925, minutes(-12)), "credentials": [], "presence": RosterPresence("available", minutes(-47)),
        "skills": [skill("general", 72, 9), skill("finance", 64, 17, seen=False), skill("medicine", 81, 7, expert=True)],
    } | changes  # fmt: skip
    return RosterRow(id=uid(800 + number), display_name=name, **values)


LICENCE = RosterCredential("medicine", "licence", "Physician", "verified", date(2027, 12, 31), expired=False)
OLD = RosterCredential("law", "degree", "LL.M.", "unverified", None, expired=False)
ROWS = [
    person(1, "Mara Lindqvist", credentials=[LICENCE, OLD], roles=["annotator", "reviewer"]),
    person(
        2,
        "陈伟",
        state="paused",
        state_reason="Audit",
        load=Load(4, 4, 0, 0, 0, None, None),
        languages={"zh-CN": 5},
        presence=RosterPresence("offline", None),
    ),
    person(
        3,
        "Ines Ferreira",
        external_id=None,
        vendor=None,
        standing=["require_exam"],
        roles=[],
        languages={},
        presence=RosterPresence("draining", minutes(-8)),
    ),
]


def people(**changes: Any) -> PeopleView:
    values: dict[str, Any] = {
        "filter": PeopleFilter(domain="medicine", level="3", language="en", sort="-skill"),
        "active": [
            Active("domain", "medicine", "domain"), Active("level", "3"), Active("language", "en"), Active("expert", "true", "skill_class"),
            Active("acceptance_at_least", "80"), Active("expires_within_days", "30"), Active("project_id", "Chat"), Active("q", "ma"),
            Active("exam_id", "Law"), Active("credential_domain", "law", "domain"), Active("credential_state", "verified", "credential_state"),
            Active("presence", "here", "presence"), Active("free_at_least", "1"), Active("held_at_least", "1"), Active("throughput_at_least", "1"), Active("acceptance_at_most", "90"),
            Active("language_level", "4"),
        ],
        "rows": [PersonRow(row=row, columns=row.skills) for row in ROWS], "columns": ["general", "finance", "medicine"], "total": 214,
        "domains": DOMAINS, "roles": ["annotator", "reviewer"], "languages": ["en", "zh-CN"],
        "vendors": [Option(value=str(uid(9)), label="Northlight")], "exams": [Option(value=str(uid(7)), label="Law, level 3")],
        "projects": [Option(value=str(uid(6)), label="Chat")], "more": True, "gives_roles": True, "next_cursor": "abc",
    } | changes  # fmt: skip
    return PeopleView(**values)


PEOPLE = people()
PEOPLE_DONE = people(done=2, bulk_id=uid(4), more=False)
PEOPLE_EMPTY = people(
    rows=[], total=0, next_cursor=None, active=[], filter=PeopleFilter(), vendors=[], gives_roles=False,
    problem=Problem(status=422, code="invalid", title="The filter cannot be used"),
)  # fmt: skip
COMPARE = CompareView(
    people=[
        Compared(row=row, skills={code: skill(code, 60 + 5 * place, 12, seen=bool(place % 2)) for place, code in enumerate(DOMAINS)},
                 seconds=None if place else 740, pieces=12, cost=[] if place else [usd(130)])
        for place, row in enumerate(ROWS)
    ],
    domains=DOMAINS,
)  # fmt: skip
IMPORT_EMPTY = ImportView(states_skills=False)
_LINES = [
    LineReport(2, "created", "Ada"), LineReport(3, "updated", "陈伟", [FieldChange("capacity", "3", "4"), FieldChange("skills", "", "law:3")]),
    LineReport(4, "unchanged", "Bo"), LineReport(5, "bad", "", reason="languages: 'klingon' needs a level from 1 to 5, as in klingon:3"),
]  # fmt: skip


def report(**changes: Any) -> PeopleImported:
    values: dict[str, Any] = {
        "dry_run": True, "encoding": "GB18030", "ignored_columns": ["shoe size"], "records": 4, "created": 1, "updated": 1,
        "unchanged": 1, "bad": 1, "lines": _LINES,
    }  # fmt: skip
    return PeopleImported(**values | changes)


IMPORT_TRIED = ImportView(report=report(), name="people.csv", data="QUJD")
IMPORT_NOTHING = ImportView(report=report(created=0, updated=0, bad=0), name="people.csv", data="QUJD")
IMPORT_TAKEN = ImportView(report=report(dry_run=False), name="people.csv", data="QUJD")
