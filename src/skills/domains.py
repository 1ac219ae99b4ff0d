"""The tree of domains, as managers edit it. Beliefs stand on it: whoever moves a domain has them folded anew."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Annotated, Any
from uuid import UUID

import asyncpg
import msgspec
from msgspec import UNSET, Meta, UnsetType

from kernel import audit, db, outbox
from kernel.errors import PreconditionFailed
from kernel.settings import Settings
from kernel.sql import load
from skills.errors import BadTree, DomainExists, DomainInUse, NoSuchDomain
from skills.evidence import changed, refold
from skills.hierarchy import GENERAL

sql = load(__package__)
REFOLD = "skills.refold"
REFOLD_BATCH = 25
"""People in one transaction: their locks are held until its end, for well under a second."""
DEEPEST = 12
"""Generations below the top; beliefs look through sixteen."""
NOBODY = UUID(int=0)

Code = Annotated[str, Meta(pattern="^[a-z][a-z0-9_-]{1,39}$")]
Name = Annotated[str, Meta(min_length=1, max_length=80)]
Words = Annotated[str, Meta(max_length=1000)]


class DomainView(msgspec.Struct, frozen=True, kw_only=True):
    code: str
    parent: str | None
    """None: at the top, where beliefs hang on `general`."""
    name_en: str
    name_zh: str
    description_en: str
    description_zh: str
    position: int
    """Among its siblings."""
    archived: bool
    version: int
    depth: int = 0
    """Generations above it."""


class DomainDraft(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    code: Code
    name_en: Name
    name_zh: Name
    description_en: Words = ""
    description_zh: Words = ""
    parent: str | None = None


class DomainChange(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What is left out stays."""

    name_en: Name | UnsetType = UNSET
    name_zh: Name | UnsetType = UNSET
    description_en: Words | UnsetType = UNSET
    description_zh: Words | UnsetType = UNSET
    parent: str | UnsetType | None = UNSET
    position: Annotated[int, Meta(ge=0, le=10_000)] | UnsetType = UNSET
    """Its place among its siblings, from 0; beyond the last one it is the last."""


class Refolding(msgspec.Struct, frozen=True):
    """How far the beliefs have followed a move."""

    domain: str
    done: int
    total: int


OpenTasks = Callable[[str], Awaitable[int]]
"""How many tasks of published projects are still to be done in a domain; routing knows."""


async def domains() -> list[DomainView]:
    """Every domain after its parent, siblings by their place."""
    rows = await db.fetch_as(DomainView, sql.domains)
    children: dict[str | None, list[DomainView]] = {}
    for row in rows:
        children.setdefault(None if row.parent == GENERAL else row.parent, []).append(row)
    found: list[DomainView] = []

    def take(parent: str | None, depth: int) -> None:
        for row in sorted(children.get(parent, ()), key=lambda one: (one.code != GENERAL, one.position, one.code)):
            found.append(
                msgspec.structs.replace(row, depth=depth, parent=None if row.parent == GENERAL else row.parent)
            )
            take(row.code, depth + 1)

    take(None, 0)
    return found


async def domain(code: str) -> DomainView:
    """Raises `NoSuchDomain`."""
    found = next((one for one in await domains() if one.code == code), None)
    if found is None:
        raise NoSuchDomain(f"There is no domain {code}.")
    return found


def subtree(tree: Sequence[DomainView], code: str) -> list[str]:
    """The domain and everything below it."""
    found = [code]
    for one in tree:
        if one.parent in found and one.code not in found:
            found.append(one.code)
    return found


async def add(draft: DomainDraft) -> DomainView:
    """At the end of its siblings. Raises `DomainExists`, `BadTree`, `NoSuchDomain`."""
    db.require_transaction()
    parent = await _open_parent(draft.parent)
    values = msgspec.structs.asdict(draft) | {"parent": parent}
    with _tree_errors(draft.code, parent):
        added = await db.fetch_value(sql.insert_domain, **values)
    if added is None:
        raise DomainExists(f"There is a domain {draft.code} already.")
    await _told("added", draft.code, after=values)
    return await domain(draft.code)


async def change(code: str, wish: DomainChange, version: int | None = None) -> DomainView:
    """Names, descriptions, parent and place. Raises `NoSuchDomain`, `BadTree`, `PreconditionFailed`."""
    db.require_transaction()
    moves = wish.parent is not UNSET
    if moves or wish.position is not UNSET:
        await db.execute(sql.lock_tree)
    before = await _locked(code, version)
    asked: dict[str, Any] = {name: value for name, value in msgspec.structs.asdict(wish).items() if value is not UNSET}
    facts = {name: getattr(before, name) for name in ("name_en", "name_zh", "description_en", "description_zh")}
    if moves:
        asked["parent"] = await _move(before, asked["parent"])
    if "position" in asked:
        await _place(code, asked["position"])
    await db.execute(sql.describe_domain, code=code, **{name: asked.get(name, facts[name]) for name in facts})
    old = {name: getattr(before, name) for name in asked}
    await _told("changed", code, before=old, after=asked)
    return await domain(code)


async def archive(code: str, reason: str, open_tasks: OpenTasks, version: int | None = None) -> DomainView:
    """It takes nothing new; what was learned in it stays. Raises `NoSuchDomain`, `DomainInUse`, `BadTree`."""
    db.require_transaction()
    await db.execute(sql.lock_domain_whole, code=code)
    before = await _locked(code, version)
    if before.archived:
        return before
    if code == GENERAL:
        raise BadTree("General knowledge is the root of every belief; it is never archived.")
    below = [one.code for one in await domains() if one.parent == code and not one.archived]
    if below:
        raise BadTree(f"Archive or move what is below it first: {', '.join(below)}.")
    waiting = await open_tasks(code)
    if waiting:
        raise DomainInUse(f"Published projects have {waiting:,} open tasks in it.", open_tasks=waiting)
    await db.execute(sql.archive_domain, code=code, archived=True)
    await _told("archived", code, reason=reason)
    return await domain(code)


async def restore(code: str, reason: str, version: int | None = None) -> DomainView:
    """Raises `NoSuchDomain`, `BadTree` while the parent is archived."""
    db.require_transaction()
    before = await _locked(code, version)
    if not before.archived:
        return before
    await _open_parent(before.parent)
    await db.execute(sql.archive_domain, code=code, archived=False)
    await _told("restored", code, reason=reason)
    return await domain(code)


async def refolding() -> list[Refolding]:
    """Moves whose beliefs are not all folded anew yet."""
    return await db.fetch_as(Refolding, sql.refolds_waiting)


async def refold_batch(payload: Mapping[str, Any], _settings: Settings) -> None:
    """A part of the people of whom something is known below a moved domain; the rest is a job of its own, until none is left.

    What a rule looks at together is another part of the tree now, so their standing is judged as well.
    Evidence that came after the move was learned by the new tree already; folding it again changes nothing.
    """
    db.require_transaction()
    rows = await db.fetch(
        sql.people_known_in, domains=payload["domains"], after=UUID(payload["after"]), limit=REFOLD_BATCH
    )
    people = [UUID(int=row["annotator"].int) for row in rows]
    for annotator_id in people:
        await refold(annotator_id)
        await changed(annotator_id)
    done = payload["done"] + len(people)
    more = len(people) == REFOLD_BATCH
    total = max(payload["total"], done)
    data = {"domain": payload["domain"], "done": done, "total": total if more else done}
    await outbox.publish("skills.refolded", data)
    if more:
        await outbox.enqueue(REFOLD, {**payload, "after": str(people[-1]), "done": done, "total": total})


async def _locked(code: str, version: int | None) -> DomainView:
    await db.execute(sql.lock_domain, code=code)
    found = await domain(code)
    if version is not None and version != found.version:
        raise PreconditionFailed
    return found


async def _open_parent(code: str | None) -> str | None:
    """As it is stored: the top is nothing."""
    if code in {None, GENERAL}:
        return None
    rows = await db.fetch(sql.known_domains, codes=[code])
    if not rows:
        raise NoSuchDomain(f"There is no domain {code}.")
    if rows[0]["archived"]:
        raise BadTree(f"{code} is archived; restore it first.")
    return code


async def _move(before: DomainView, wanted: str | None) -> str | None:
    """The parent as it is stored."""
    code, parent = before.code, await _open_parent(wanted)
    if parent == before.parent:
        return parent
    if code == GENERAL:
        raise BadTree("General knowledge is the root of every belief; it stays at the top.")
    tree = await domains()
    below = subtree(tree, code)
    depth = {one.code: one.depth for one in tree}
    if parent in below:
        raise BadTree(f"{code} cannot stand below {parent}, which is part of it.")
    height = max(depth[one] for one in below) - depth[code]
    if parent is not None and depth[parent] + 1 + height > DEEPEST:
        raise BadTree(f"The tree would have more than {DEEPEST} generations.")
    with _tree_errors(code, parent):
        await db.execute(sql.move_domain, code=code, parent=parent)
    await _place(code, len(tree))
    total = await db.fetch_value(sql.count_known_in, domains=below)
    payload = {"domain": code, "domains": below, "after": str(NOBODY), "done": 0, "total": total}
    await outbox.enqueue(REFOLD, payload)
    return parent


async def _place(code: str, position: int) -> None:
    tree = await domains()
    parent = next(one.parent for one in tree if one.code == code)
    others = [one.code for one in tree if one.parent == parent and one.code not in {code, GENERAL}]
    others.insert(position, code)
    await db.execute(sql.order_domains, codes=[GENERAL, *others] if parent is None else others)


async def _told(what: str, code: str, *, before: Any = None, after: Any = None, reason: str | None = None) -> None:
    await audit.record(f"domain.{what}", "domain", code, before=before, after=after, reason=reason)
    await outbox.publish("registry.changed", {"kind": "domain", "code": code, "change": what})


@contextmanager
def _tree_errors(code: str, parent: str | None) -> Iterator[None]:
    """The database has the last word on loops and depth."""
    try:
        yield
    except asyncpg.CheckViolationError as error:
        raise BadTree(f"{code} cannot stand below {parent}.") from error
