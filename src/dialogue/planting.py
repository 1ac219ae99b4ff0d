"""A whole tree that was made elsewhere, stored with a task: every branch, rank, role, language and label as it came.

It belongs to nobody here. Its turns are locked (`model` is `import`), and what the file knew besides is kept in `source`,
so that it can be written out again without a difference.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from dialogue.errors import BadTree, ConversationExists
from dialogue.seeds import ROLES
from dialogue.texts import find_unstorable
from dialogue.views import IMPORTED
from kernel import db
from kernel.ids import uuid7
from kernel.settings import Settings
from kernel.sql import load
from skills.languages import check_language

sql = load(__package__)


class Node(Struct, frozen=True, kw_only=True):
    """`parent` is the `key` of another node; none: the root. Siblings stand in the order in which they are given."""

    key: str
    parent: str | None
    role: str
    text: str
    language: str | None = None
    rank: int | None = None
    """1 is the best."""
    labels: dict[str, Any] = {}
    source: dict[str, Any] | None = None


async def plant(
    task_id: UUID,
    nodes: Sequence[Node],
    *,
    topic: str,
    settings: Settings,
    head: str | None = None,
    source: dict[str, Any] | None = None,
) -> UUID:
    """The new dialogue's id. `head` is where its active path ends; none: the best reply's best reply, and so on.

    Raises `BadTree`, which names the node, `BadLanguage`, `ConversationExists` when the task has one already.
    """
    db.require_transaction()
    ordered = _in_order(nodes, settings)
    ids = {node.key: uuid7() for node in ordered}
    end = _best_end(ordered) if head is None else head
    if end not in ids:
        raise BadTree(f"There is no node {end!r} for the path to end at.")
    if await db.fetch_value(sql.has_planted, task_id=task_id):
        raise ConversationExists("This task has a dialogue that came with it already.")
    depth, places = _places(ordered)
    conversation_id = uuid7()
    await db.execute(
        sql.add_conversation, id=conversation_id, task_id=task_id, annotator_id=None, topic=topic[:300], rubric_id=None,
        quota_id=None, topic_id=None, source=None if source is None else db.jsonb(source),
    )  # fmt: skip
    await db.execute(
        sql.plant_turns, conversation_id=conversation_id, ids=[ids[node.key] for node in ordered],
        parents=[ids[node.parent] if node.parent is not None else None for node in ordered],
        nos=[depth[node.key] for node in ordered], positions=[places[node.key] for node in ordered],
        roles=[node.role for node in ordered], texts=[node.text for node in ordered], model=IMPORTED,
        languages=[node.language and check_language(node.language) for node in ordered],
        ranks=[node.rank for node in ordered], labels=[db.jsonb(node.labels) for node in ordered],
        sources=[None if node.source is None else db.jsonb(node.source) for node in ordered],
    )  # fmt: skip
    await db.execute(sql.move_head, conversation_id=conversation_id, turn_id=ids[end])
    return conversation_id


def _in_order(nodes: Sequence[Node], settings: Settings) -> list[Node]:
    """Parents before children, siblings as given. Raises `BadTree`."""
    if not 0 < len(nodes) <= settings.import_tree_turns:
        raise BadTree(f"A tree has 1 to {settings.import_tree_turns:,} turns; this one has {len(nodes):,}.")
    keys = [node.key for node in nodes]
    if len(set(keys)) < len(keys):
        twice = next(key for key, count in Counter(keys).items() if count > 1)
        raise BadTree(f"The id {twice[:60]!r} stands twice in the tree.")
    children: dict[str | None, list[Node]] = {}
    for node in nodes:
        _judge(node, settings)
        children.setdefault(node.parent, []).append(node)
    if len(children.get(None, [])) != 1:
        raise BadTree(f"A tree has one root; this one has {len(children.get(None, []))}.")
    ordered: list[Node] = []
    waiting = children.pop(None)
    while waiting:
        ordered += waiting
        waiting = [child for node in waiting for child in children.pop(node.key, [])]
    if len(ordered) < len(nodes):
        lost = next(iter(children))
        raise BadTree(f"The parent {lost!r} is not in the tree, or stands below its own child.")
    return ordered


def _judge(node: Node, settings: Settings) -> None:
    if node.role not in ROLES:
        raise BadTree(f"The node {node.key!r} has no known role.")
    if len(node.text) > settings.turn_text_limit or find_unstorable(node.text):
        raise BadTree(f"The text of the node {node.key!r} is too long or cannot be stored.")
    if node.rank is not None and not 1 <= node.rank <= settings.import_tree_turns:
        raise BadTree(f"The rank of the node {node.key!r} counts from 1.")


def _places(ordered: Sequence[Node]) -> tuple[dict[str, int], dict[str, int]]:
    """Depth from 1, and the place among siblings from 1."""
    depth: dict[str, int] = {}
    places: dict[str, int] = {}
    counts: dict[str | None, int] = {}
    for node in ordered:
        depth[node.key] = 1 if node.parent is None else depth[node.parent] + 1
        counts[node.parent] = places[node.key] = counts.get(node.parent, 0) + 1
    return depth, places


def _best_end(ordered: Sequence[Node]) -> str:
    """Down from the root, always to the child of the best rank; without ranks to the first."""
    children: dict[str | None, list[Node]] = {}
    for node in ordered:
        children.setdefault(node.parent, []).append(node)
    here = ordered[0]
    while children.get(here.key):
        here = min(children[here.key], key=lambda node: node.rank or len(ordered) + 1)
    return here.key


def best_path(nodes: Sequence[Node], settings: Settings) -> list[Node]:
    """From the root to where the active path would end. Raises `BadTree` for what cannot be stored."""
    ordered = _in_order(nodes, settings)
    by_key = {node.key: node for node in ordered}
    path = [by_key[_best_end(ordered)]]
    while path[-1].parent is not None:
        path.append(by_key[path[-1].parent])
    return path[::-1]


class Planted(Struct, frozen=True, kw_only=True):
    """A tree as it was stored; ids are this installation's."""

    id: UUID
    topic: str
    head_id: UUID
    source: dict[str, Any] | None
    turns: "list[PlantedTurn]" = []


class PlantedTurn(Struct, frozen=True, kw_only=True):
    id: UUID
    parent: UUID | None
    no: int
    position: int
    role: str
    text: str
    language: str | None
    rank: int | None
    labels: dict[str, Any]
    source: dict[str, Any] | None


async def planted(task_id: UUID) -> Planted | None:
    """The tree that came with a task; none: none did."""
    found = await db.fetch_one_as(Planted, sql.planted_of_task, task_id=task_id)
    if found is None:
        return None
    turns = await db.fetch_as(PlantedTurn, sql.planted_turns, conversation_id=found.id)
    return replace(found, turns=turns)
