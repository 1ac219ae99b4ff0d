"""What the screens of the roster show: the list, the comparison, the import."""

from urllib.parse import urlencode
from uuid import UUID

from msgspec import Struct, field, structs

from callboard.pages.views import Option, Problem
from callboard.roster_import.write import PeopleImported
from kernel.money import Money
from routing.roster import RosterRow
from skills.roster import RosterSkill


class PeopleFilter(Struct, kw_only=True):
    """The address of the list: the names are those of the API, the values are texts."""

    q: str = ""
    state: str = ""
    vendor_id: str = ""
    role: str = ""
    project_id: str = ""
    language: str = ""
    language_level: str = ""
    domain: str = ""
    level: str = ""
    level_of: str = ""
    expert: str = ""
    credential_domain: str = ""
    credential_kind: str = ""
    credential_state: str = ""
    expires_within_days: str = ""
    exam_id: str = ""
    standing: str = ""
    presence: str = ""
    free_at_least: str = ""
    held_at_least: str = ""
    throughput_at_least: str = ""
    acceptance_at_least: str = ""
    acceptance_at_most: str = ""
    sort: str = "name"
    show: list[str] = field(default_factory=list)
    """Domains that have a column."""

    def url(self, path: str = "/people", **changes: str) -> str:
        values = structs.asdict(self) | changes
        shown = {name: value for name, value in values.items() if value and (name, value) != ("sort", "name")}
        if self.show:
            shown["show"] = ",".join(self.show)
        return f"{path}?{urlencode(shown, safe=',')}" if shown else path

    def without(self, name: str) -> str:
        """The list with one filter less, and what has no meaning without it."""
        also = {"domain": ("level", "level_of", "expert"), "language": ("language_level",), "level": ("level_of",)}
        gone = {name: "", **dict.fromkeys(also.get(name, ()), "")}
        if name == "domain" and self.sort.removeprefix("-") == "skill":
            gone["sort"] = ""
        return self.url(**gone)

    def turned(self, sort: str, first: str = "-") -> str:
        """The list in another order; pressed again, the other way round. `first` is the way of the first press."""
        other = {"-": "", "": "-"}[first]
        return self.url(sort=(other if self.sort == first + sort else first) + sort)

    def turn(self, sort: str) -> str:
        """For `aria-sort`."""
        return {sort: "ascending", f"-{sort}": "descending"}.get(self.sort, "none")


class Active(Struct, frozen=True):
    """A filter that is on. `name` decides the words, `value` stands in them."""

    name: str
    value: str
    group: str = ""
    """Of labels, where the value is a code."""


class PersonRow(Struct, kw_only=True):
    row: RosterRow
    columns: list[RosterSkill]
    """In the order of the shown domains."""

    @property
    def used(self) -> int:
        """Percent of the capacity that is held."""
        return min(100, round(100 * self.row.load.held / self.row.load.capacity))


class PeopleView(Struct, kw_only=True):
    filter: PeopleFilter
    active: list[Active]
    rows: list[PersonRow]
    columns: list[str]
    total: int
    domains: list[str]
    roles: list[str]
    languages: list[str]
    vendors: list[Option]
    exams: list[Option]
    projects: list[Option]
    more: bool
    """Filters that are folded away are on."""
    gives_roles: bool
    next_cursor: str | None = None
    done: int | None = None
    """How many people the last bulk action changed."""
    bulk_id: UUID | None = None
    """Of that action, while it can be taken back."""
    problem: Problem | None = None


class Compared(Struct, kw_only=True):
    """One column of the comparison. Speed and cost are of the annotations of the last 30 days; none: there were none."""

    row: RosterRow
    skills: dict[str, RosterSkill]
    seconds: int | None
    pieces: int
    cost: list[Money]
    """Mean per accepted annotation, by currency."""


class CompareView(Struct, kw_only=True):
    people: list[Compared]
    domains: list[str]


class ImportView(Struct, kw_only=True):
    """`report` none: no file yet. `data`: the file in base64, which travels with the page until it is taken."""

    report: PeopleImported | None = None
    name: str = ""
    data: str = ""
    states_skills: bool = True
    problem: Problem | None = None
