"""What work asks of a person, as a value: a tree of `all`, `any` and `not` over leaves, with one form for one meaning.

The canonical form has `not` at leaves alone, nothing nested in its own kind, one bound where several were given, no
constants inside, and its parts in one order; two spellings of it give one lane. `requirement_reading` makes trees from
JSON and text, `eligibility` says who passes.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any, TypeAlias
from uuid import UUID

import msgspec


class All(msgspec.Struct, frozen=True):
    """Every part; of no parts: everybody."""

    parts: "tuple[Node, ...]" = ()


class Any_(msgspec.Struct, frozen=True):  # noqa: N801  `Any` is typing's
    """At least one part; of no parts: nobody."""

    parts: "tuple[Node, ...]" = ()


class Not(msgspec.Struct, frozen=True):
    part: "Node"


class Level(msgspec.Struct, frozen=True):
    """The lower bound of the skill in the domain, or of a kind of work in it, reaches the level (1 to 5)."""

    domain: str
    level: int
    kind: str = ""


class Language(msgspec.Struct, frozen=True):
    language: str
    level: int
    """1 to 5, as the profile says it."""


class Credential(msgspec.Struct, frozen=True):
    """Verified and unexpired, in the domain or one above it; of one kind where it is named."""

    domain: str
    kind: str = ""


class Exam(msgspec.Struct, frozen=True):
    """Passed, in the domain or one above it, with a cut at this level (1 to 5) or higher."""

    domain: str
    level: int


class Expert(msgspec.Struct, frozen=True):
    domain: str
    level: int = 0
    """The bar; 0: the project's, put in by `with_bar` before a lane is made."""


class Role(msgspec.Struct, frozen=True):
    role: str


class Vendor(msgspec.Struct, frozen=True):
    vendor: str
    """Its id; in what somebody wrote also its name."""


class People(msgspec.Struct, frozen=True):
    people: tuple[UUID, ...]
    """Sorted."""


Leaf: TypeAlias = Level | Language | Credential | Exam | Expert | Role | Vendor | People
Node: TypeAlias = All | Any_ | Not | Leaf

EVERYBODY, NOBODY = All(), Any_()
_BOUNDED = (Level, Language, Exam, Expert)


class Prefer(msgspec.Struct, frozen=True):
    """Who is welcome more than others: no requirement, a bonus of the score. A task's own comes before its project's."""

    people: tuple[UUID, ...] = ()
    vendors: tuple[UUID, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.people or self.vendors)

    def names(self, person: UUID, vendor: UUID | None) -> bool:
        return person in self.people or (vendor is not None and vendor in self.vendors)


NO_PREFERENCE = Prefer()


@lru_cache(maxsize=20_000)
def canonical(node: Node) -> Node:
    """Asks the same of everybody, and is its own canonical form."""
    return _simple(_with_not_inside(node, negated=False))


def join(*nodes: Node) -> Node:
    return canonical(All(nodes))


def conjuncts(node: Node) -> tuple[Node, ...]:
    """The parts that all have to hold, of a canonical tree."""
    return node.parts if isinstance(node, All) else (node,)


def key(node: Node) -> str:
    """20 hexadecimal digits, the same for every spelling."""
    return hashlib.sha256(as_text_key(canonical(node)).encode()).hexdigest()[:20]


def preference_key(prefer: Prefer) -> str:
    return hashlib.sha256(msgspec.json.encode(prefer)).hexdigest()[:20]


def leaves(node: Node) -> Iterator[tuple[Leaf, bool]]:
    """Each leaf, and whether it stands below an odd number of `not`."""
    match node:
        case All(parts) | Any_(parts):
            for part in parts:
                yield from leaves(part)
        case Not(part):
            yield from ((leaf, not negated) for leaf, negated in leaves(part))
        case leaf:
            yield leaf, False


def replaced(node: Node, change: Callable[[Node], Node | None]) -> Node:
    """The tree with `change` of every node for which it gives one, from the top down."""
    found = change(node)
    if found is not None:
        return found
    match node:
        case All(parts):
            return All(tuple(replaced(part, change) for part in parts))
        case Any_(parts):
            return Any_(tuple(replaced(part, change) for part in parts))
        case Not(part):
            return Not(replaced(part, change))
    return node


def with_bar(node: Node, level: int) -> Node:
    """`expert` without a bar gets this one."""
    return replaced(node, lambda part: Expert(part.domain, part.level or level) if isinstance(part, Expert) else None)


def as_json(node: Node) -> dict[str, Any]:  # noqa: PLR0911  one return for each kind of node
    match node:
        case All(parts):
            return {"all": [as_json(part) for part in parts]}
        case Any_(parts):
            return {"any": [as_json(part) for part in parts]}
        case Not(part):
            return {"not": as_json(part)}
        case Credential(domain, kind):
            return {"credential": domain} | ({"kind": kind} if kind else {})
        case Exam(domain, level):
            return {"exam": domain, "level": level}
        case Expert(domain, level):
            return {"expert": domain} | ({"level": level} if level else {})
        case Level(domain, level, kind):
            return {"domain": domain, "level": level} | ({"kind": kind} if kind else {})
        case People(people):
            return {"people": [str(one) for one in people]}
    return dict(msgspec.to_builtins(node))


def as_text_key(node: Node) -> str:
    return msgspec.json.encode(as_json(node), order="sorted").decode()


def stored(node: Node) -> str:
    """For the lane's column; `requirement_reading.from_stored` reads it."""
    return "{}" if node == EVERYBODY else as_text_key(node)


def text(node: Node) -> str:
    """The short form, which `requirement_reading.from_text` reads."""
    match node:
        case All(()):
            return "anybody"
        case Any_(()):
            return "nobody"
        case All(parts):
            return " and ".join(_bracketed(part, Any_) for part in parts)
        case Any_(parts):
            return " or ".join(_bracketed(part, All) for part in parts)
        case Not(part):
            return f"not {_bracketed(part, All, Any_)}"
    return _leaf_text(node)


def _bracketed(node: Node, *kinds: type) -> str:
    inner = isinstance(node, kinds) and bool(getattr(node, "parts", ()))
    return f"({text(node)})" if inner else text(node)


def _leaf_text(leaf: Node) -> str:  # noqa: PLR0911  one return for each kind of leaf
    match leaf:
        case Level(domain, level, kind):
            return f"{domain}/{kind} >= {level}" if kind else f"{domain} >= {level}"
        case Language(language, level):
            return f"language {language} >= {level}"
        case Credential(domain, kind):
            return f"credential {domain} {kind}".rstrip()
        case Exam(domain, level):
            return f"exam {domain} >= {level}"
        case Expert(domain, level):
            return f"expert {domain} >= {level}" if level else f"expert {domain}"
        case Role(role):
            return f"role {role}"
        case Vendor(vendor):
            return f'vendor "{vendor}"'
        case People(people):
            return "people " + ", ".join(map(str, people))
    raise TypeError(leaf)


def _with_not_inside(node: Node, *, negated: bool) -> Node:
    """De Morgan, down to the leaves."""
    match node:
        case All(parts) | Any_(parts):
            inner = tuple(_with_not_inside(part, negated=negated) for part in parts)
            return Any_(inner) if isinstance(node, All) == negated else All(inner)
        case Not(part):
            return _with_not_inside(part, negated=not negated)
    if isinstance(node, People):
        node = People(tuple(sorted(set(node.people))))
    return Not(node) if negated else node


def _simple(node: Node) -> Node:
    match node:
        case All(parts) | Any_(parts):
            return _simple_group(type(node), [_simple(part) for part in parts])
        case Level(_, level, _) if level <= 1:
            return EVERYBODY
        case Not(Level(_, level, _)) if level <= 1:
            return NOBODY
        case People(()):
            return NOBODY
        case Not(People(())):
            return EVERYBODY
    return node


def _simple_group(kind: type[All | Any_], parts: Iterable[Node]) -> Node:
    neutral, absorbing = (EVERYBODY, NOBODY) if kind is All else (NOBODY, EVERYBODY)
    flat: dict[Node, None] = {}
    for part in parts:
        flat.update(dict.fromkeys(part.parts if isinstance(part, kind) else [part]))
    flat.pop(neutral, None)
    merged = _merged(kind, flat)
    if absorbing in merged or _settled(kind, merged):
        return absorbing
    kept = sorted((part for part in merged if not _absorbed(part, merged)), key=as_text_key)
    return kept[0] if len(kept) == 1 else kind(tuple(kept))


def _merged(kind: type[All | Any_], parts: Iterable[Node]) -> list[Node]:
    """One bound for each thing, and one list of people."""
    found: dict[object, Node] = {}
    for part in parts:
        leaf, negated = (part.part, True) if isinstance(part, Not) else (part, False)
        subject = (_subject(leaf), negated) if isinstance(leaf, (*_BOUNDED, People)) else part
        known = found.get(subject)
        found[subject] = part if known is None else _tighter(kind, known, part)
    return [_simple(part) for part in found.values()]


def _tighter(kind: type[All | Any_], one: Node, other: Node) -> Node:
    """What both together ask in `all`, what either asks in `any`."""
    first, second = (part.part if isinstance(part, Not) else part for part in (one, other))
    upwards = (kind is All) != isinstance(one, Not)
    if isinstance(first, People) and isinstance(second, People):
        sets = set(first.people), set(second.people)
        people = People(tuple(sorted(sets[0] & sets[1] if upwards else sets[0] | sets[1])))
        return Not(people) if isinstance(one, Not) else people
    higher = one if _bound(first) >= _bound(second) else other
    return higher if upwards else (other if higher is one else one)


def _subject(leaf: Node) -> tuple[str, ...]:
    match leaf:
        case Level(domain, _, kind):
            return "level", domain, kind
        case Language(language, _):
            return "language", language
        case Exam(domain, _) | Expert(domain, _):
            return type(leaf).__name__, domain
    return (type(leaf).__name__,)


def _bound(leaf: Node) -> int:
    return leaf.level if isinstance(leaf, _BOUNDED) else 0


def _settled(kind: type[All | Any_], parts: list[Node]) -> bool:
    """Something and its opposite: nobody in `all`, everybody in `any`."""
    asked = {_subject(part): _bound(part) for part in parts if isinstance(part, _BOUNDED)}
    for part in parts:
        if not isinstance(part, Not):
            continue
        if part.part in parts:
            return True
        bound = asked.get(_subject(part.part)) if isinstance(part.part, _BOUNDED) else None
        if bound is not None and (bound >= _bound(part.part) if kind is All else bound <= _bound(part.part)):
            return True
    return False


def _absorbed(part: Node, parts: list[Node]) -> bool:
    """`a and (a or b)` asks for a, and so does `a or (a and b)`."""
    return isinstance(part, All | Any_) and any(other in part.parts for other in parts if other is not part)
