"""Lines of a file against the people who are there: who is new, who changes and how, who stays, which line is no use."""

from collections import Counter
from typing import Any, Literal
from uuid import UUID

import msgspec

from callboard.roster_import.columns import PersonLine
from kernel import db
from kernel.sql import load
from skills.annotators import PLAIN_ROLES, AnnotatorDraft
from skills.belief import level_centre
from skills.credentials import CredentialDraft
from skills.registry import domain_codes

sql = load(__package__)
Outcome = Literal["created", "updated", "unchanged", "bad"]
SAME_LEVEL = 1e-9


class Rights(msgspec.Struct, frozen=True):
    """What the one who imports may say. A vendor's manager adds people to that vendor, and nothing about their skills."""

    vendor_id: UUID | None = None
    vendor: str | None = None
    states_skills: bool = True


class FieldChange(msgspec.Struct, frozen=True):
    field: str
    before: str
    after: str


class LineReport(msgspec.Struct, frozen=True):
    line: int
    outcome: Outcome
    name: str = ""
    changes: list[FieldChange] = []
    reason: str | None = None


class Step(msgspec.Struct, frozen=True):
    """What is to be done for one line."""

    report: LineReport
    draft: AnnotatorDraft
    annotator_id: UUID | None = None
    """None: a new person."""
    skills: dict[str, int] = {}
    """Levels that were not stated before."""
    credentials: list[CredentialDraft] = []


class Registry(msgspec.Struct, frozen=True):
    """The codes that a line may name."""

    domains: set[str]
    roles: set[str]

    @classmethod
    async def load(cls) -> "Registry":
        rows = await db.fetch("SELECT code FROM role WHERE NOT archived")
        return cls(await domain_codes(), {row["code"] for row in rows})


def twice(people: list[PersonLine]) -> dict[int, str]:
    """Lines that name somebody whom an earlier line named, with the reason."""
    seen: dict[tuple[str, ...], int] = {}
    found = {}
    for person in people:
        key = ("id", person.external_id) if person.external_id else ("name", person.display_name, person.vendor or "")
        if key in seen:
            found[person.line] = f"the same person stands already on line {seen[key]}"
        seen.setdefault(key, person.line)
    return found


async def plan(people: list[PersonLine], registry: Registry, rights: Rights) -> list[Step | LineReport]:
    """In the order of the lines; a bad line is its report alone."""
    known = await db.fetch(
        sql.known_people,
        external_ids=[person.external_id for person in people if person.external_id],
        names=[person.display_name for person in people],
    )
    by_id = {row["external_id"]: row for row in known if row["external_id"]}
    return [_judge(person, by_id, known, registry, rights) for person in people]


def _judge(
    person: PersonLine, by_id: dict[str, Any], known: list[Any], registry: Registry, rights: Rights
) -> Step | LineReport:
    fault = _fault(person, registry, rights)
    if fault:
        return _bad(person, fault)
    vendor = rights.vendor or person.vendor
    if person.external_id:
        row = by_id.get(person.external_id)
        if row is not None and rights.vendor_id not in (None, row["vendor_id"]):
            return _bad(person, f"external_id {person.external_id!r} is taken")
    else:
        same = [
            one for one in known
            if one["display_name"] == person.display_name and (vendor is None or one["vendor"] == vendor)
            and rights.vendor_id in (None, one["vendor_id"])
        ]  # fmt: skip
        if len(same) > 1:
            return _bad(person, f"{len(same)} people have this name; say which by external_id")
        row = same[0] if same else None
    fault = _role_fault(person, registry, rights, [] if row is None else row["roles"])
    if fault:
        return _bad(person, fault)
    return _new(person, vendor) if row is None else _changed(person, vendor, row)


def _bad(person: PersonLine, reason: str) -> LineReport:
    return LineReport(person.line, "bad", person.display_name, reason=reason)


def _role_fault(person: PersonLine, registry: Registry, rights: Rights, held: list[str]) -> str | None:
    """Who holds an archived role keeps it; only who states skills gives roles, because they decide about work as much."""
    wanted = set(person.roles or ())
    unknown = sorted(wanted - registry.roles - set(held))
    if unknown:
        return f"roles: there is no role {', '.join(unknown)}; there are {', '.join(sorted(registry.roles))}"
    if wanted and not rights.states_skills and wanted != set(held or PLAIN_ROLES):
        return "roles: this account gives no roles; leave the column empty"
    return None


def _fault(person: PersonLine, registry: Registry, rights: Rights) -> str | None:
    for name, codes in (
        ("skills", set(person.skills or ())),
        ("credentials", {one.domain for one in person.credentials or ()}),
    ):
        unknown = sorted(codes - registry.domains)
        if unknown:
            return f"{name}: there is no domain {', '.join(unknown)}"
        if codes and not rights.states_skills:
            return f"{name}: this account does not state skills or credentials; leave the column empty"
    if rights.vendor is not None and person.vendor not in (None, rights.vendor):
        return f"vendor: this account adds people to {rights.vendor} alone"
    return None


def _new(person: PersonLine, vendor: str | None) -> Step:
    draft = AnnotatorDraft(
        display_name=person.display_name, external_id=person.external_id, vendor=vendor,
        roles=person.roles or [*PLAIN_ROLES], languages=person.languages or {}, skills=person.skills or {},
        credentials=person.credentials or [], capacity=person.capacity,
    )  # fmt: skip
    return Step(LineReport(person.line, "created", person.display_name), draft)


def _changed(person: PersonLine, vendor: str | None, row: Any) -> Step:
    """What the line does not say stays as it is."""
    draft = AnnotatorDraft(
        display_name=person.display_name, external_id=row["external_id"], vendor=vendor or row["vendor"],
        roles=person.roles or row["roles"], languages=row["languages"] if person.languages is None else person.languages,
        capacity=person.capacity or row["capacity"],
    )  # fmt: skip
    skills = {
        domain: level for domain, level in (person.skills or {}).items()
        if abs(row["stated"].get(domain, 99.0) - level_centre(level)) > SAME_LEVEL
    }  # fmt: skip
    there = Counter(tuple(one) for one in row["credentials"])
    credentials = [one for one in person.credentials or [] if not there[one.domain, one.kind, one.title]]
    changes = [
        FieldChange(name, before, after)
        for name, before, after in (
            ("display_name", row["display_name"], draft.display_name),
            ("vendor", row["vendor"] or "", draft.vendor or ""),
            ("roles", " ".join(sorted(row["roles"])), " ".join(sorted(draft.roles))),
            ("languages", _levels(row["languages"]), _levels(draft.languages)),
            ("capacity", str(row["capacity"]), str(draft.capacity)),
            ("skills", "", _levels(skills)),
            ("credentials", "", "; ".join(f"{one.domain}:{one.kind}:{one.title}" for one in credentials)),
        )
        if before != after
    ]
    report = LineReport(person.line, "updated" if changes else "unchanged", person.display_name, changes)
    return Step(report, draft, UUID(int=row["id"].int), skills, credentials)


def _levels(levels: dict[str, int]) -> str:
    return " ".join(f"{code}:{levels[code]}" for code in sorted(levels))
