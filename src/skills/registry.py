"""What an operation names besides its domains: levels, roles, kinds of tasks; and the checks of every name."""

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from kernel import audit, db, outbox
from kernel.errors import PreconditionFailed
from kernel.sql import load
from skills.domains import Code, Name, Words
from skills.errors import DomainArchived, NoSuchDomain, NoSuchLevel, NoSuchRole, NoSuchTaskKind, RoleExists
from skills.languages import check_language

__all__ = ["check_domains", "check_language", "check_roles", "domain_codes", "ensure_role"]

sql = load(__package__)
BASIC_ROLES = frozenset({"annotator", "reviewer"})
"""Routing itself asks for these."""


class LevelView(msgspec.Struct, frozen=True, kw_only=True):
    scale: str
    """`skill` or `language`."""
    level: int
    name_en: str
    name_zh: str
    description_en: str
    description_zh: str
    version: int


class Described(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What people read; descriptions that are left out stay."""

    name_en: Name
    name_zh: Name
    description_en: Words | UnsetType = UNSET
    description_zh: Words | UnsetType = UNSET


class RoleView(msgspec.Struct, frozen=True, kw_only=True):
    code: str
    name_en: str
    name_zh: str
    description_en: str
    description_zh: str
    position: int
    archived: bool
    version: int
    holders: int | None
    """People who hold it, everywhere or in a project; only for those who see everybody."""


class RoleDraft(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    code: Code
    name_en: Name
    name_zh: Name
    description_en: Words = ""
    description_zh: Words = ""


class TaskKindView(msgspec.Struct, frozen=True, kw_only=True):
    code: str
    name_en: str
    name_zh: str
    own_skill: bool
    """People are believed to be good at it apart from how well they know the domain."""
    version: int


class TaskKindChange(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    name_en: Annotated[str, Meta(min_length=1, max_length=80)]
    name_zh: Annotated[str, Meta(min_length=1, max_length=80)]
    own_skill: bool


async def domain_codes() -> set[str]:
    """Those in which something new may begin."""
    return {row["code"] for row in await db.fetch("SELECT code FROM domain WHERE NOT archived")}


async def check_domains(codes: set[str]) -> None:
    """That something new may begin in them; until the transaction ends none of them is archived.

    Raises `NoSuchDomain`, `DomainArchived`.
    """
    known = {row["code"]: row["archived"] for row in await db.fetch(sql.known_domains, codes=sorted(codes))}
    if codes - known.keys():
        there = ", ".join(sorted(await domain_codes()))
        raise NoSuchDomain(f"There is no domain {', '.join(sorted(codes - known.keys()))}; there are {there}.")
    archived = sorted(code for code, gone in known.items() if gone)
    if archived:
        raise DomainArchived(f"The domain {', '.join(archived)} is archived and takes nothing new.")


async def check_roles(codes: set[str]) -> None:
    """Raises `NoSuchRole`."""
    known = {row["code"] for row in await db.fetch("SELECT code FROM role WHERE NOT archived")}
    if codes - known:
        raise NoSuchRole(f"There is no role {', '.join(sorted(codes - known))}; there are {', '.join(sorted(known))}.")


async def ensure_role(code: str, name_en: str, name_zh: str) -> None:
    """The role as it is, or made with these names."""
    await db.execute(
        "INSERT INTO role (code, name_en, name_zh, position) VALUES (:code, :name_en, :name_zh, 99) ON CONFLICT (code) DO NOTHING",
        code=code, name_en=name_en, name_zh=name_zh,
    )  # fmt: skip


async def levels() -> list[LevelView]:
    return await db.fetch_as(LevelView, sql.levels)


async def describe_level(scale: str, level: int, wish: Described, version: int | None = None) -> LevelView:
    """Raises `NoSuchLevel`, `PreconditionFailed`."""
    db.require_transaction()
    before = next((one for one in await levels() if (one.scale, one.level) == (scale, level)), None)
    if before is None:
        raise NoSuchLevel
    words = _words(wish, before)
    if not await db.execute(sql.describe_level, scale=scale, level=level, version=version, **words):
        raise PreconditionFailed
    await _told("level", f"{scale}-{level}", "changed", before=before, after=words)
    return next(one for one in await levels() if (one.scale, one.level) == (scale, level))


async def roles(*, counted: bool = True) -> list[RoleView]:
    found = await db.fetch_as(RoleView, sql.roles)
    return found if counted else [msgspec.structs.replace(one, holders=None) for one in found]


async def role(code: str) -> RoleView:
    """Raises `NoSuchRole`."""
    found = next((one for one in await roles() if one.code == code), None)
    if found is None:
        raise NoSuchRole(f"There is no role {code}.")
    return found


async def add_role(draft: RoleDraft) -> RoleView:
    """Raises `RoleExists`."""
    db.require_transaction()
    if await db.fetch_value(sql.insert_role, **msgspec.structs.asdict(draft)) is None:
        raise RoleExists(f"There is a role {draft.code} already.")
    await _told("role", draft.code, "added", after=msgspec.to_builtins(draft))
    return await role(draft.code)


async def describe_role(code: str, wish: Described, version: int | None = None) -> RoleView:
    """Raises `NoSuchRole`, `PreconditionFailed`."""
    db.require_transaction()
    before = await role(code)
    words = _words(wish, before)
    if not await db.execute(sql.describe_role, code=code, version=version, **words):
        raise PreconditionFailed
    await _told("role", code, "changed", before=before, after=words)
    return await role(code)


async def archive_role(code: str, reason: str, *, archived: bool, version: int | None = None) -> RoleView:
    """An archived role is granted to nobody new; whoever holds it keeps it. Raises `NoSuchRole`, `PreconditionFailed`."""
    db.require_transaction()
    before = await role(code)
    if before.archived == archived:
        return before
    if archived and code in BASIC_ROLES:
        raise NoSuchRole(f"The role {code} cannot be archived: work itself asks for it.")
    if not await db.execute(sql.archive_role, code=code, archived=archived, version=version):
        raise PreconditionFailed
    await _told("role", code, "archived" if archived else "restored", reason=reason)
    return await role(code)


async def task_kinds() -> list[TaskKindView]:
    return await db.fetch_as(TaskKindView, sql.task_kinds)


async def task_kind(code: str) -> TaskKindView:
    """Raises `NoSuchTaskKind`."""
    found = next((one for one in await task_kinds() if one.code == code), None)
    if found is None:
        raise NoSuchTaskKind
    return found


async def change_task_kind(code: str, wish: TaskKindChange, version: int | None = None) -> TaskKindView:
    """What comes in from now on is learned by the new rule. Raises `NoSuchTaskKind`, `PreconditionFailed`."""
    db.require_transaction()
    before = await task_kind(code)
    if not await db.execute(sql.change_task_kind, code=code, version=version, **msgspec.structs.asdict(wish)):
        raise PreconditionFailed
    await _told("task_kind", code, "changed", before=before, after=msgspec.to_builtins(wish))
    return await task_kind(code)


def _words(wish: Described, before: LevelView | RoleView) -> dict[str, str]:
    given = msgspec.structs.asdict(wish)
    return {name: getattr(before, name) if value is UNSET else value for name, value in given.items()}


async def _told(
    kind: str, code: str, what: str, *, before: Any = None, after: Any = None, reason: str | None = None
) -> None:
    old = None if before is None else {name: getattr(before, name) for name in (after or {})}
    await audit.record(f"{kind}.{what}", kind, code, before=old, after=after, reason=reason)
    await outbox.publish("registry.changed", {"kind": kind, "code": code, "change": what})
