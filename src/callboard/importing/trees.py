"""Records that hold a whole dialogue tree: judged while the file is read, stored together with their tasks.

A tree that came is kept beside its task as it came; the task itself carries the tree's best path, so that it can be
evaluated as every other finished dialogue can.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from callboard.importing.events import UnmappableError
from callboard.importing.mapping import BadMapping
from dialogue import oasst, planting, reviving
from dialogue.records import path_of
from kernel import db
from kernel.errors import DomainError
from kernel.settings import Settings
from kernel.sql import load
from routing.intake import TaskDraft

sql = load("dialogue")
FOREIGN = "foreign_work"
"""Kind of a record without turns: what another frontend handed in, in a form of its own."""
AT_ONCE = 50
"""Tasks with trees in one transaction: some twenty statements each, and the feed waits for none of them long."""


class TreeDraft(TaskDraft, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A task draft and the record that its tree is made of; `reader` names who understands it."""

    reader: str = ""
    tree: dict[str, Any] = msgspec.field(default_factory=dict)


class Reader(NamedTuple):
    path: Callable[[Mapping[str, Any], Settings], list[dict[str, str]]]
    """The turns that the task carries. Raises `BadTree` for what cannot be stored."""
    store: Callable[[UUID, dict[str, Any], Settings], Awaitable[None]]
    repeats: bool = False
    """One file may hold the same tree twice."""


def _oasst_path(record: Mapping[str, Any], settings: Settings) -> list[dict[str, str]]:
    nodes = oasst.nodes_of(record)
    return [{"role": node.role, "text": node.text} for node in planting.best_path(nodes, settings)]


async def _plant_oasst(task_id: UUID, record: dict[str, Any], settings: Settings) -> None:
    nodes = oasst.nodes_of(record)
    await planting.plant(task_id, nodes, topic=nodes[0].text, settings=settings, source=oasst.tree_facts(record))


def _own_path(record: Mapping[str, Any], settings: Settings) -> list[dict[str, str]]:
    reviving.read(record, settings)
    if record.get("messages"):
        found = msgspec.convert(record["messages"], list[_Message])
        return [{"role": one.role, "text": one.content} for one in found]
    dialogue = record.get("dialogue")
    return [] if dialogue is None else [
        {"role": turn["role"], "text": turn["text"]} for turn in path_of(dialogue, dialogue["head"])
    ]  # fmt: skip


class _Message(msgspec.Struct):
    role: str
    content: str


async def _revive(task_id: UUID, record: dict[str, Any], settings: Settings) -> None:
    await reviving.revive(task_id, reviving.read(record, settings))


READERS = {"oasst": Reader(_oasst_path, _plant_oasst, repeats=True), "callboard": Reader(_own_path, _revive)}


def known_reader(name: str | None) -> str | None:
    """Raises `BadMapping`."""
    if name is not None and name not in READERS:
        raise BadMapping(f"There is no reader of trees {name!r}; there are {', '.join(READERS)}.")
    return name


def turns_of(reader: str, record: Mapping[str, Any], settings: Settings) -> list[dict[str, str]]:
    """Raises `UnmappableError`."""
    try:
        return READERS[reader].path(record, settings)
    except (DomainError, msgspec.ValidationError) as error:
        detail = error.detail if isinstance(error, DomainError) else str(error)
        raise UnmappableError(detail[:1].lower() + detail[1:].rstrip(".")) from error


async def store_trees(drafts: Sequence[TaskDraft], ids: Mapping[str, UUID], settings: Settings) -> None:
    """Beside their tasks, in the same transaction; a task that has its tree keeps it."""
    carrying = [draft for draft in drafts if isinstance(draft, TreeDraft) and draft.reader]
    if not carrying:
        return
    wanted = [ids[draft.external_id] for draft in carrying]
    there = {row["task"] for row in await db.fetch(sql.tasks_with_planted, task_ids=wanted)}
    for draft in carrying:
        if ids[draft.external_id] not in there:
            await READERS[draft.reader].store(ids[draft.external_id], draft.tree, settings)
