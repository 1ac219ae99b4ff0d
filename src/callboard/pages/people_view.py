"""The roster as its page shows it: the filter out of the address, its words, and the rows with a column per domain."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec

from callboard import names
from callboard.access.permissions import Permission
from callboard.api.request import Call
from callboard.pages.views import Option
from callboard.pages.views_people import Active, Compared, CompareView, PeopleFilter, PeopleView, PersonRow
from kernel import db
from kernel.errors import Invalid
from kernel.money import Money
from kernel.sql import load
from routing import roster
from routing.projects import projects
from routing.roster import Found
from skills.hierarchy import GENERAL
from skills.roster import RosterFilter

sql = load(__package__)
LONGEST_VALUE = 200
SHOWN_COLUMNS, MOST_COLUMNS = 3, 6
TICK = "show."
"""Before a domain in the name of its box: a field stands once in an address, and works without scripts."""
FOLDED = (
    "level_of", "credential_domain", "credential_kind", "credential_state", "expires_within_days", "exam_id", "standing",
    "free_at_least", "held_at_least", "throughput_at_least", "acceptance_at_least", "acceptance_at_most", "vendor_id", "project_id",
)  # fmt: skip
WORDS = {
    "domain": "domain", "credential_domain": "domain", "state": "person_state", "role": "role",
    "credential_kind": "credential_kind",
    "credential_state": "credential_state", "standing": "standing", "presence": "presence", "expert": "skill_class", "level_of": "level_of",
}  # fmt: skip
NOT_ALONE = {"language_level": "language", "level_of": "level"}
PERCENT = ("acceptance_at_least", "acceptance_at_most")


def filter_of(query: Any) -> PeopleFilter:
    """Of an address's query, or of a whole address."""
    given = dict(parse_qsl(urlsplit(query).query)) if isinstance(query, str) else dict(query.items())
    texts = {
        name: given[name].strip()[:LONGEST_VALUE]
        for name in PeopleFilter.__struct_fields__
        if name != "show" and name in given
    }
    ticked = [name.removeprefix(TICK) for name in given if name.startswith(TICK)]
    codes = ticked or [code for code in given.get("show", "").split(",") if code]
    return PeopleFilter(**texts, show=[code[:40] for code in codes][:MOST_COLUMNS])


def wanted_of(wish: PeopleFilter) -> RosterFilter:
    """Raises `Invalid`. Percents are shown to people, shares are what is asked for."""
    given: dict[str, Any] = {
        name: value for name, value in msgspec.structs.asdict(wish).items() if value and name not in {"sort", "show"}
    }
    try:
        for name in PERCENT:
            if name in given:
                given[name] = float(given[name]) / 100
        return msgspec.convert(given, RosterFilter, strict=False)
    except (msgspec.ValidationError, ValueError) as error:
        raise Invalid(f"The filter cannot be used: {error}.") from error


async def people_view(request: Call, wish: PeopleFilter, wanted: RosterFilter, found: Found) -> PeopleView:
    choices = await db.fetch_one(sql.roster_choices)
    assert choices is not None
    known = [code for code, _ in names.current().sorted_domains(list(choices["domains"]))]
    columns = [code for code in wish.show if code in known] or _usual(wish, known)
    yard = await roster.yardstick(request.settings, wanted.project_id)
    rows = await roster.rows(found.ids, yard, request.settings, columns)
    vendors = choices["vendors"] if request.actor.sees_everybody else []
    view = PeopleView(
        filter=wish, active=[], rows=[PersonRow(row=row, columns=row.skills) for row in rows], columns=columns,
        total=found.total, domains=known, roles=list(choices["roles"]), languages=list(choices["languages"]),
        vendors=_options(vendors), exams=_options(choices["exams"]),
        projects=[Option(value=str(one.id), label=one.name) for one in await projects(limit=100)],
        more=any(getattr(wish, name) for name in FOLDED), gives_roles=request.actor.may(Permission.SKILLS_WRITE),
    )  # fmt: skip
    chosen = {option.value: option.label for option in (*view.vendors, *view.exams, *view.projects)}
    view.active = _active(wish, chosen)
    return view


def _usual(wish: PeopleFilter, known: list[str]) -> list[str]:
    """The domain that is asked for, and the first fields of the tree; general skill tells people apart the least."""
    first = [wish.domain] if wish.domain in known else []
    known = [
        code for code, _ in sorted(names.current().sorted_domains(known), key=lambda one: one[1]) if code != GENERAL
    ]
    return [*first, *(code for code in known if code not in first)][:SHOWN_COLUMNS]


def _options(pairs: list[Any]) -> list[Option]:
    return [Option(value=value, label=label) for value, label in pairs]


def _active(wish: PeopleFilter, chosen: Mapping[str, str]) -> list[Active]:
    found = []
    for name, value in msgspec.structs.asdict(wish).items():
        if name in {"sort", "show"} or not value or not getattr(wish, NOT_ALONE.get(name, name)):
            continue
        found.append(Active(name, chosen.get(value, value), WORDS.get(name, "")))
    return found


async def compare_view(request: Call, ids: list[Any]) -> CompareView:
    choices = await db.fetch_one(sql.roster_choices)
    assert choices is not None
    domains = [code for code, _ in names.current().sorted_domains(list(choices["domains"]))]
    yard = await roster.yardstick(request.settings)
    speed = await roster.speed(ids)
    cost: dict[Any, list[Money]] = {}
    for line in await db.fetch(sql.cost_of_people, ids=ids):
        mean, _ = Money(line["micros"] // line["pieces"], line["currency"]).round_to_exponent()
        cost.setdefault(line["annotator_id"], []).append(mean)
    people = []
    for row in await roster.rows(ids, yard, request.settings, domains):
        pieces, seconds = speed.get(row.id, (0, None))
        skills = {skill.domain: skill for skill in row.skills}
        people.append(
            Compared(row=row, skills=skills, pieces=pieces, cost=cost.get(row.id, []), seconds=None if seconds is None else round(seconds))
        )  # fmt: skip
    return CompareView(people=people, domains=domains)
