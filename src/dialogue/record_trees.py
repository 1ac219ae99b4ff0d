"""The trees of dialogues, read many at once and written down so that no id of this database is needed to read them in.

Rows that were read in before say in `source` what they were called where they were made, and by whom; that goes out.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from dialogue.pseudonyms import Pseudonyms
from kernel import clock, db
from kernel.sql import load

sql = load(__package__)

OWN = "callboard"
"""Key in `source` below which a dialogue, turn or score that was read in again keeps what it was called before."""

Tree = dict[str, Any]
CREDITED = ("turns", "characters", "edits", "choices", "scores")


async def trees_of(ids: Iterable[Any], names: Pseudonyms) -> dict[UUID, Tree]:
    """By conversation: every branch, parents before children, siblings in their order."""
    wanted = list(ids)
    if not wanted:
        return {}
    makers = {row["id"]: _Maker(row, names) for row in await db.fetch(sql.talks_to_export, ids=wanted)}
    for row in await db.fetch(sql.turns_to_export, ids=wanted):
        makers[row["conversation"]].take_turn(row)
    for query, name in (
        (sql.edits_to_export, "take_edit"),
        (sql.choices_to_export, "take_choice"),
        (sql.scores_to_export, "take_score"),
        (sql.spans_to_export, "take_span"),
    ):
        for row in await db.fetch(query, ids=wanted):
            getattr(makers[row["conversation"]], name)(row)
    return {one: maker.tree() for one, maker in makers.items()}


class _Maker:
    """One tree, while its rows come in: turns first."""

    def __init__(self, talk: Any, names: Pseudonyms) -> None:
        self._talk, self._names = talk, names
        self._turns: dict[UUID, dict[str, Any]] = {}
        self._parents: dict[UUID, UUID | None] = {}
        self._keys: dict[UUID | None, str | None] = {None: None}
        self._choices: list[dict[str, Any]] = []
        self._scores: list[dict[str, Any]] = []
        self._spans: list[dict[str, Any]] = []

    def take_turn(self, row: Any) -> None:
        own = (row["source"] or {}).get(OWN)
        self._keys[row["id"]] = own["id"] if own else str(row["id"])
        self._parents[row["id"]] = row["parent"]
        self._turns[row["id"]] = {
            "id": self._keys[row["id"]],
            "parent": self._keys[row["parent"]],
            **{name: row[name] for name in ("no", "position", "role", "text", "text_version", "original_text", "language")},
            "model": own["model"] if own else row["model"],
            "parameters": own["parameters"] if own else row["parameters"],
            **{name: row[name] for name in ("round", "slot", "rank", "rating", "comment", "labels")},
            "source": own["source"] if own else row["source"],
            "by": own["by"] if own else self._names.by(row["author_id"], row["assignment_id"]),
            "created_at": clock.rfc3339(row["created_at"]),
            "changed_at": clock.rfc3339(row["changed_at"]),
            "edits": [],
        }  # fmt: skip

    def take_edit(self, row: Any) -> None:
        self._turns[row["turn_id"]]["edits"].append(
            {"version": row["version"], "text": row["text"], "by": self._by(row), "at": clock.rfc3339(row["at"])}
        )

    def take_choice(self, row: Any) -> None:
        self._choices.append(
            {
                "message": self._keys[row["message_id"]],
                **{name: row[name] for name in ("round", "wanted", "position", "state")},
                "chosen": self._keys[row["chosen_id"]],
                "reason": row["reason"],
                "by": self._by(row),
                "created_at": clock.rfc3339(row["created_at"]),
                "decided_at": clock.rfc3339(row["decided_at"]) if row["decided_at"] else None,
            }
        )

    def take_score(self, row: Any) -> None:
        self._scores.append(
            {
                "turn": self._keys[row["turn_id"]],
                **{name: row[name] for name in ("dimension", "value", "comment")},
                "by": self._by(row),
                "at": clock.rfc3339(row["changed_at"]),
            }
        )

    def take_span(self, row: Any) -> None:
        self._spans.append(
            {
                "turn": self._keys[row["turn_id"]],
                **{name: row[name] for name in ("text_version", "from_char", "to_char", "label", "reason")},
                "by": self._by(row),
                "at": clock.rfc3339(row["created_at"]),
            }
        )

    def _by(self, row: Any) -> Any:
        source = row["source"]
        return source[OWN]["by"] if source else self._names.by(row["author_id"], row["assignment_id"])

    def tree(self) -> Tree:
        turns = self._ordered()
        place = {turn["id"]: n for n, turn in enumerate(turns)} | {None: -1}
        rubric = self._talk["rubric_version"]
        tree = {
            "topic": self._talk["topic"],
            "head": self._keys[self._talk["head_id"]],
            "created_at": clock.rfc3339(self._talk["created_at"]),
            "rubric": None if rubric is None else {"version": rubric, "dimensions": self._talk["dimensions"]},
            "source": None,
            "turns": turns,
            "choices": sorted(self._choices, key=lambda one: (place[one["message"]], one["round"])),
            "scores": sorted(self._scores, key=lambda one: (place[one["turn"]], one["dimension"])),
            "spans": sorted(self._spans, key=lambda one: place[one["turn"]]),
        }
        return tree | {"credits": credits_of(tree)}

    def _ordered(self) -> list[dict[str, Any]]:
        """Level by level; on a level by the parents' order, then by position: the same wherever the tree is stored."""
        children: dict[UUID | None, list[UUID]] = {}
        for one, parent in self._parents.items():  # rows come by depth and position
            children.setdefault(parent, []).append(one)
        ordered: list[UUID] = []
        level = children.get(None, [])
        while level:
            ordered += level
            level = [child for one in level for child in children.get(one, [])]
        return [self._turns[one] for one in ordered]


def credits_of(tree: Tree) -> list[dict[str, Any]]:
    """What each person did under each hold, over all branches; characters are code points of the turns."""
    found: dict[tuple[str, str | None], dict[str, Any]] = {}

    def credit(by: Any, what: str, number: int = 1) -> None:
        if by is not None:
            line = found.setdefault((by["person"], by["hold"]), {**by, **dict.fromkeys(CREDITED, 0)})
            line[what] += number

    for turn in tree["turns"]:
        credit(turn["by"], "turns")
        credit(turn["by"], "characters", len(turn["text"]))
        for edit in turn["edits"]:
            if edit["version"] > 1:
                credit(edit["by"], "edits")
    for name in ("choices", "scores"):
        for one in tree[name]:
            credit(one["by"], name)
    return list(found.values())
