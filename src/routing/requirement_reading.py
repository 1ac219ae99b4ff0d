"""Requirements as people and programs write them, JSON or text, read into a tree; an error names its position."""

import re
from collections.abc import Callable, Container, Mapping
from functools import lru_cache
from uuid import UUID

import msgspec

from routing.errors import BadRequirement
from routing.requirements import (
    EVERYBODY,
    NO_PREFERENCE,
    NOBODY,
    All,
    Any_,
    Credential,
    Exam,
    Expert,
    Language,
    Level,
    Node,
    Not,
    People,
    Prefer,
    Role,
    Vendor,
    as_json,
)

MOST_LEAVES = 60
MOST_DEPTH = 8
"""Limits of what one expression may hold, however the settings are: what a person can still read."""
MOST_PEOPLE = 200

FORMS = "all, any, not, domain, language, credential, exam, expert, role, vendor or people"
_CODE = re.compile(r"[a-z][a-z0-9_-]*\Z")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?\Z")
CREDENTIAL_KINDS = ("certificate", "degree", "employment", "licence")


def from_json(value: object, at: str = "$", *, leaves: int = MOST_LEAVES, depth: int = MOST_DEPTH) -> Node:
    """Raises `BadRequirement` with the JSON path of what cannot be used and what is allowed there."""
    reader = _Reader(leaves, depth)
    return reader.node(value, at, 1)


@lru_cache(maxsize=20_000)
def from_stored(text: str) -> Node:
    """What a lane holds: canonical and checked when it was written."""
    value = msgspec.json.decode(text)
    return from_json(value, leaves=10 * MOST_LEAVES, depth=10 * MOST_DEPTH) if value else EVERYBODY


@lru_cache(maxsize=20_000)
def preference_stored(text: str) -> Prefer:
    return msgspec.json.decode(text, type=Prefer) if text != "{}" else NO_PREFERENCE


def prefer_from_json(value: object, at: str = "$.prefer") -> tuple[tuple[UUID, ...], tuple[str, ...]]:
    """People, and vendors by id or name."""
    if not isinstance(value, dict) or set(value) - {"people", "vendors"}:
        raise _fault(at, "is not a preference", 'an object with "people" and "vendors", two lists')
    people = _people(value["people"], f"{at}.people") if "people" in value else ()
    vendors = value.get("vendors", [])
    if not isinstance(vendors, list) or not all(isinstance(one, str) and one for one in vendors):
        raise _fault(f"{at}.vendors", "is no list of vendors", "a list of names or ids")
    return people, tuple(vendors)


def _fault(at: str, what: str, allowed: str) -> BadRequirement:
    return BadRequirement(f"{at} {what}; allowed: {allowed}.", at=at, allowed=allowed)


def _people(value: object, at: str) -> tuple[UUID, ...]:
    if not isinstance(value, list) or not 0 < len(value) <= MOST_PEOPLE:
        raise _fault(at, "is no list of people", f"a list of 1 to {MOST_PEOPLE} ids")
    found = set()
    for n, one in enumerate(value):
        try:
            found.add(UUID(one))
        except (ValueError, AttributeError, TypeError):
            raise _fault(f"{at}[{n}]", f"is {one!r}", "the id of a person, a UUID") from None
    return tuple(sorted(found))


class _Reader:
    def __init__(self, leaves: int, depth: int) -> None:
        self.most, self.left, self.depth = leaves, leaves, depth

    def node(self, value: object, at: str, depth: int) -> Node:
        if not isinstance(value, dict):
            raise _fault(at, f"is {_shown(value)}", f"an object with one of {FORMS}")
        if depth > self.depth:
            raise _fault(at, "is nested too deep", f"{self.depth} levels")
        form = next((name for name in _FORMS if name in value), None)
        if form is None:
            raise _fault(at, f"has none of the known forms but {_shown(sorted(value))}", FORMS)
        optional = _FORMS[form]
        for name in value:
            if name != form and name not in optional:
                raise _fault(f"{at}.{name}", "is not known here", ", ".join((form, *optional)))
        if form in ("all", "any"):
            if not isinstance(value[form], list):
                raise _fault(f"{at}.{form}", f"is {_shown(value[form])}", "a list of expressions")
            parts = tuple(self.node(part, f"{at}.{form}[{n}]", depth + 1) for n, part in enumerate(value[form]))
            return All(parts) if form == "all" else Any_(parts)
        if form == "not":
            return Not(self.node(value["not"], f"{at}.not", depth + 1))
        self.left -= 1
        if self.left < 0:
            raise _fault(at, "is one condition too many", f"{self.most} conditions")
        return _LEAVES[form](value, at)


def _shown(value: object) -> str:
    return repr(value)[:60]


def _code(value: Mapping[str, object], name: str, at: str) -> str:
    found = value.get(name)
    if not isinstance(found, str) or not _CODE.match(found):
        raise _fault(f"{at}.{name}", f"is {_shown(found)}", "a code of small letters, digits, - and _")
    return found


def _level(value: Mapping[str, object], at: str, default: int | None = None) -> int:
    found = value.get("level", default)
    if not isinstance(found, int) or isinstance(found, bool) or not (1 <= found <= 5 or found == default):  # noqa: PLR2004
        raise _fault(f"{at}.level", f"is {_shown(found)}", "a level from 1 to 5")
    return found


def _kind(value: Mapping[str, object], at: str) -> str:
    return _code(value, "kind", at) if value.get("kind") else ""


def _language(value: Mapping[str, object], at: str) -> Node:
    tag = value["language"]
    if not isinstance(tag, str) or not _LANGUAGE.match(tag):
        raise _fault(f"{at}.language", f"is {_shown(tag)}", "a language tag as en or zh-CN")
    return Language(tag, _level(value, at))


def _credential(value: Mapping[str, object], at: str) -> Node:
    kind = value.get("kind") or ""
    if kind and kind not in CREDENTIAL_KINDS:
        raise _fault(f"{at}.kind", f"is {_shown(kind)}", ", ".join(CREDENTIAL_KINDS))
    return Credential(_code(value, "credential", at), str(kind))


def _vendor(value: Mapping[str, object], at: str) -> Node:
    name = value["vendor"]
    if not isinstance(name, str) or not name.strip() or '"' in name:
        raise _fault(f"{at}.vendor", f"is {_shown(name)}", "the name or id of a vendor")
    return Vendor(name)


_FORMS: dict[str, tuple[str, ...]] = {
    "all": (), "any": (), "not": (), "domain": ("level", "kind"), "language": ("level",), "credential": ("kind",),
    "exam": ("level",), "expert": ("level",), "role": (), "vendor": (), "people": (),
}  # fmt: skip
"""By the name that says what it is, what else may stand beside it."""

_LEAVES: dict[str, Callable[[Mapping[str, object], str], Node]] = {
    "domain": lambda value, at: Level(_code(value, "domain", at), _level(value, at), _kind(value, at)),
    "language": _language,
    "credential": _credential,
    "exam": lambda value, at: Exam(_code(value, "exam", at), _level(value, at)),
    "expert": lambda value, at: Expert(_code(value, "expert", at), _level(value, at, 0)),
    "role": lambda value, at: Role(_code(value, "role", at)),
    "vendor": _vendor,
    "people": lambda value, at: People(_people(value["people"], f"{at}.people")),
}

_TOKEN = re.compile(r'\s*(?:(?P<text>"[^"]*")|(?P<sign>>=|[(),/])|(?P<word>[A-Za-z0-9_-]+))')
_WORDS = "a domain or language with >= and a level, credential, exam, expert, role, vendor, people, not or ("


def from_text(text: str, domains: Container[str], *, leaves: int = MOST_LEAVES, depth: int = MOST_DEPTH) -> Node:
    """`law >= 4 and en >= 3 and not vendor "X"`; a word that is no domain but looks like a language is one.

    Raises `BadRequirement` with the character (from 1) at which it stops making sense, and what is allowed there.
    """
    parser = _Parser(text, domains, depth)
    node = parser.either(1)
    if parser.next:
        raise parser.fault("and, or, or the end")
    return from_json(as_json(node), f"the expression {text[:60]!r}", leaves=leaves, depth=2 * depth)


class _Parser:
    def __init__(self, text: str, domains: Container[str], depth: int) -> None:
        self.text, self.domains, self.depth = text, domains, depth
        self.at = self.end = 0
        self.next = ""
        self.step()

    def step(self) -> str:
        """The token that was read; `next` is what follows."""
        read = self.next
        rest = self.text[self.end :]
        self.at = self.end + len(rest) - len(rest.lstrip())
        found = _TOKEN.match(self.text, self.end)
        if found is None and rest.strip():
            self.next = self.text[self.at]
            raise self.fault(_WORDS)
        self.next, self.end = (found.group().strip(), found.end()) if found else ("", self.end)
        return read

    def fault(self, allowed: str) -> BadRequirement:
        at = f"character {self.at + 1}"
        seen = f"{self.next[:40]!r}" if self.next else "the end"
        return BadRequirement(f"At {at} stands {seen}; allowed: {allowed}.", at=at, allowed=allowed)

    def sees(self, sign: str) -> bool:
        return self.next == sign

    def expect(self, sign: str) -> None:
        if self.next != sign:
            raise self.fault(repr(sign))
        self.step()

    def either(self, depth: int) -> Node:
        if depth > self.depth:
            raise self.fault(f"no more than {self.depth} levels of brackets")
        parts = [self.both(depth)]
        while self.next == "or":
            self.step()
            parts.append(self.both(depth))
        return parts[0] if len(parts) == 1 else Any_(tuple(parts))

    def both(self, depth: int) -> Node:
        parts = [self.one(depth)]
        while self.next == "and":
            self.step()
            parts.append(self.one(depth))
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def one(self, depth: int) -> Node:
        if self.next == "not":
            self.step()
            if depth >= self.depth:
                raise self.fault(f"no more than {self.depth} levels")
            return Not(self.one(depth + 1))
        if self.next == "(":
            self.step()
            found = self.either(depth + 1)
            self.expect(")")
            return found
        return self.leaf()

    def leaf(self) -> Node:  # noqa: PLR0911  one return for each kind of leaf
        match self.next:
            case "anybody" | "nobody":
                return EVERYBODY if self.step() == "anybody" else NOBODY
            case "credential":
                self.step()
                domain = self.word("a domain")
                return Credential(domain, self.step() if self.next in CREDENTIAL_KINDS else "")
            case "exam":
                self.step()
                return Exam(self.word("a domain"), self.level())
            case "expert":
                self.step()
                return Expert(self.word("a domain"), self.level() if self.sees(">=") else 0)
            case "role":
                self.step()
                return Role(self.word("a role"))
            case "vendor":
                self.step()
                name = self.word("the name of a vendor in quotation marks, or its id", quoted=True)
                return Vendor(name.strip('"'))
            case "people":
                return self.people()
            case "domain" | "language":
                named, word = self.step(), self.word("a code")
                return self.domain(word) if named == "domain" else Language(word, self.level())
        if self.next not in self.domains and _LANGUAGE.match(self.next):
            return Language(self.step(), self.level())
        return self.domain(self.word(_WORDS))

    def domain(self, code: str) -> Node:
        kind = ""
        if self.next == "/":
            self.step()
            kind = self.word("a kind of work")
        return Level(code, self.level(), kind)

    def people(self) -> Node:
        found = []
        while True:
            self.step()
            try:
                found.append(UUID(self.next))
            except ValueError:
                raise self.fault("the id of a person") from None
            self.step()
            if self.next != ",":
                return People(tuple(sorted(set(found))))

    def word(self, what: str, *, quoted: bool = False) -> str:
        if not (self.next[:1].isalnum() or (quoted and len(self.next) > len('""') and self.next[0] == '"')):
            raise self.fault(what)
        if self.next in ("and", "or", "not"):
            raise self.fault(what)
        return self.step()

    def level(self) -> int:
        self.expect(">=")
        if self.next not in ("1", "2", "3", "4", "5"):
            raise self.fault("a level from 1 to 5")
        return int(self.step())
