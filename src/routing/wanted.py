"""What projects and tasks say they need, read against what there is: domains, roles, vendors and people by their names."""

import re
from collections.abc import Iterator
from typing import Any, TypeAlias
from uuid import UUID

import msgspec

from kernel import db
from kernel.sql import load
from routing import requirements as req
from routing.errors import BadRequirement
from routing.lanes import HIGHEST_LEVEL, Requirements
from routing.requirement_reading import from_json, from_text, prefer_from_json
from routing.requirements import Node, Prefer
from skills.registry import domain_codes

sql = load(__package__)

Stated: TypeAlias = dict[str, Any] | str
"""As somebody wrote it: an expression as JSON or text; or `min_level`, `role`, `credential`, and beside them `require`, an
expression, and `prefer`, people and vendors."""

SUGAR = {"min_level", "role", "credential", "require", "prefer"}
NOTHING = Requirements()


class Known(msgspec.Struct, frozen=True):
    """What names mean here."""

    domains: frozenset[str]
    roles: frozenset[str]
    vendors: dict[str, str]
    """Ids by name and by id."""
    people: frozenset[UUID]
    """Of those who are named."""

    @staticmethod
    async def of(stated: list[Stated]) -> "Known":
        """Reads only what these need."""
        if not any(stated):
            return Known(frozenset(), frozenset(), {}, frozenset())
        said = msgspec.json.encode(stated).decode()
        return await _known([UUID(found) for found in set(_UUID.findall(said))])

    @staticmethod
    async def of_everybody() -> "Known":
        """For what is not read yet."""
        return await _known(None)


async def _known(people: list[UUID] | None) -> Known:
    row = await db.fetch_one(sql.names_of_requirements, people=people)
    assert row is not None
    vendors = row["vendors"] | {vendor: vendor for vendor in row["vendors"].values()}
    here = frozenset(UUID(int=one.int) for one in row["people"])
    return Known(frozenset(await domain_codes()), frozenset(row["roles"]), vendors, here)


_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)


def read(stated: Stated, known: Known, bar: int) -> Requirements:
    """`bar` is the project's level of experts. The expression stays as it is written: that a level was named at all matters
    to the lane. Raises `BadRequirement` with the position, from `requirements` on.
    """
    if not stated:
        return NOTHING
    if isinstance(stated, str) or not _is_sugar(stated):
        return Requirements(require=_expression(stated, "requirements", known, bar))
    level, role, credential = stated.get("min_level"), stated.get("role"), stated.get("credential", False)
    if level is not None and (not isinstance(level, int) or isinstance(level, bool) or not 1 <= level <= HIGHEST_LEVEL):
        raise _fault("requirements.min_level", f"is {level!r}", "a level from 1 to 5")
    if role is not None and role not in known.roles:
        raise _fault("requirements.role", f"is {role!r}", ", ".join(sorted(known.roles)))
    if not isinstance(credential, bool):
        raise _fault("requirements.credential", f"is {credential!r}", "true or false")
    require: Node = req.EVERYBODY
    if stated.get("require"):
        require = _expression(stated["require"], "requirements.require", known, bar)
    return Requirements(
        level, role, credential, require, _prefer(stated["prefer"], known) if "prefer" in stated else req.NO_PREFERENCE
    )


def _is_sugar(stated: dict[str, Any]) -> bool:
    if "credential" in stated and isinstance(stated["credential"], str):
        return False
    return bool(SUGAR & set(stated)) and set(stated) <= SUGAR


def _expression(stated: object, at: str, known: Known, bar: int) -> Node:
    node = from_text(stated, known.domains) if isinstance(stated, str) else from_json(stated, at)
    for path, leaf in _placed(node, at):
        word, allowed = _unknown(leaf, known)
        if allowed:
            where = path if not isinstance(stated, str) else f"character {_where(word, stated)}"
            raise _fault(where, f"names {word!r}, which is not there", allowed, word)
    named = req.replaced(
        node, lambda part: req.Vendor(known.vendors[part.vendor]) if isinstance(part, req.Vendor) else None
    )
    found = req.with_bar(named, bar)
    if req.canonical(found) == req.NOBODY:
        raise _fault(
            at, "asks for something and its opposite, so that nobody could ever take the work", "what somebody can meet"
        )
    return found


def _where(word: str, text: str) -> int:
    """The character, from 1, at which it stands as a whole word."""
    found = re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text, re.IGNORECASE)
    return (found.start() if found else 0) + 1


def _placed(node: Node, at: str) -> Iterator[tuple[str, req.Leaf]]:
    match node:
        case req.All(parts) | req.Any_(parts):
            name = "all" if isinstance(node, req.All) else "any"
            for n, part in enumerate(parts):
                yield from _placed(part, f"{at}.{name}[{n}]")
        case req.Not(part):
            yield from _placed(part, f"{at}.not")
        case leaf:
            yield at, leaf


def _unknown(leaf: req.Leaf, known: Known) -> tuple[str, str]:
    """The name that is not there, and those that are; two empty texts where all is known."""
    match leaf:
        case req.Level() | req.Credential() | req.Exam() | req.Expert() if leaf.domain not in known.domains:
            return leaf.domain, ", ".join(sorted(known.domains)[:40])
        case req.Role(role) if role not in known.roles:
            return role, ", ".join(sorted(known.roles))
        case req.Vendor(vendor) if vendor not in known.vendors:
            return vendor, ", ".join(sorted(known.vendors)[:40]) or "no vendor, for there is none yet"
        case req.People(people) if set(people) - known.people:
            return str(min(set(people) - known.people)), "the id of a person who is here"
    return "", ""


def _prefer(stated: object, known: Known) -> Prefer:
    at = "requirements.prefer"
    people, vendors = prefer_from_json(stated, at)
    for n, vendor in enumerate(vendors):
        if vendor not in known.vendors:
            raise _fault(
                f"{at}.vendors[{n}]", f"names {vendor!r}, which is not there", ", ".join(sorted(known.vendors)[:40])
            )
    if set(people) - known.people:
        raise _fault(f"{at}.people", "names somebody who is not there", "ids of people who are here")
    return Prefer(people, tuple(sorted({UUID(known.vendors[vendor]) for vendor in vendors})))


def _fault(at: str, what: str, allowed: str, unknown: str = "") -> BadRequirement:
    named = {"unknown": unknown} if unknown else {}
    return BadRequirement(f"{at} {what}; allowed: {allowed}.", at=at, allowed=allowed, **named)


def joined(project: Requirements, task: Requirements) -> Requirements:
    """What both ask; who one of them would like to have is welcome."""
    if project == NOTHING:
        return task
    levels = [level for level in (project.min_level, task.min_level) if level is not None]
    both = [project.require, task.require]
    if project.role and task.role and project.role != task.role:
        both.append(req.Role(project.role))
    return Requirements(
        max(levels, default=None), task.role or project.role, project.credential or task.credential, req.All(tuple(both)),
        Prefer(
            tuple(sorted({*project.prefer.people, *task.prefer.people})),
            tuple(sorted({*project.prefer.vendors, *task.prefer.vendors})),
        ),
    )  # fmt: skip
