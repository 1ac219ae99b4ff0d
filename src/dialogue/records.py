"""Dialogues as they leave the house: one plain object each, with all that is known of it and nothing of who people are.

`messages` is what a chat model is trained on; `turns` is the path behind it as it was handed in; `dialogue` is the whole
tree with edits, choices, scores, passages and credits. Every export format is made from this object, and the object
itself, one a line, can be read in again (`dialogue.reviving`).
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from dialogue.pseudonyms import Pseudonyms
from dialogue.record_trees import OWN, trees_of
from kernel import clock, db
from kernel.ids import plain_uuid
from kernel.sql import load

sql = load(__package__)

FORMAT = "callboard.dialogue/2"
Record = dict[str, Any]


async def works(
    ids: Sequence[UUID], names: Pseudonyms, moment: datetime | None = None, *, trees: bool = True
) -> list[Record]:
    """What was handed in, in the order of `ids`; with the verdicts and second looks up to `moment`.

    Without `trees`, for a form that goes by the path alone, `dialogue` stays empty, and five reads of tables are saved.
    """
    rows = {plain_uuid(row["id"]): row for row in await db.fetch(sql.works_to_export, ids=list(ids), moment=moment)}
    talks = [row["conversation_id"] for row in rows.values() if row["conversation_id"]] if trees else []
    found = await trees_of(talks, names)
    return [_work(rows[one], found.get(rows[one]["conversation_id"]), names) for one in ids if one in rows]


async def planted(ids: Sequence[UUID], names: Pseudonyms) -> list[Record]:
    """What came with a task, in the order of `ids`."""
    rows = {plain_uuid(row["conversation_id"]): row for row in await db.fetch(sql.trees_to_export, ids=list(ids))}
    trees = await trees_of(rows, names)
    return [_planted(rows[one], trees[one]) for one in ids if one in rows]


def _work(row: Any, tree: dict[str, Any] | None, names: Pseudonyms) -> Record:
    """`turns` and `messages` are what counts in the end: the reviewer's correction where there is one."""
    verdicts = [_verdict(verdict, names) for verdict in row["verdicts"]]
    corrected = next((v["corrected"] for v in reversed(verdicts) if has_turns(v["corrected"])), None)
    submitted = row["payload"]
    work = corrected or submitted
    record = {
        "format": FORMAT,
        "id": str(row["id"]),
        "origin": "work",
        "state": row["state"],
        "round": row["round"],
        **_place(row),
        "annotator": names.name(row["author_id"]),
        "submitted_at": stamp(row["submitted_at"]),
        "decided_at": stamp(row["decided_at"]),
        "topic": work.get("topic", submitted.get("topic")),
        "messages": [],
        "turns": [],
        "corrected_by_reviewer": corrected is not None,
        "verdicts": [{name: value for name, value in v.items() if name != "corrected"} for v in verdicts],
        "dialogue": tree,
    }
    if not has_turns(work):  # the work of another frontend, in a form of its own
        return record | {"payload": submitted}
    record["turns"] = work["turns"]
    record["messages"] = messages_of(work["turns"])
    return record | ({"submitted": submitted} if corrected is not None else {})


def _planted(row: Any, tree: dict[str, Any]) -> Record:
    source = row["source"] or {}
    if OWN in source:  # it was made by Callboard, somewhere: it goes out as it was
        head = source[OWN]
        if head.get("dialogue") is None:
            return {**head, "dialogue": None}
        return {**head, "dialogue": {**tree, **head["dialogue"]}}
    tree = {**tree, "source": row["source"]}
    return {
        "format": FORMAT,
        "id": str(row["conversation_id"]),
        "origin": "imported",
        "state": "imported",
        "round": 0,
        **_place(row),
        "annotator": None,
        "submitted_at": stamp(row["created_at"]),
        "decided_at": None,
        "topic": tree["topic"],
        "messages": messages_of(path_of(tree, tree["head"])),
        "turns": [],
        "corrected_by_reviewer": False,
        "verdicts": [],
        "dialogue": tree,
    }


def _place(row: Any) -> dict[str, Any]:
    return {
        "project": {"id": str(row["project_id"]), "name": row["project_name"]},
        "task": {
            "id": str(row["task_id"]),
            "external_id": row["external_id"],
            "kind": row["kind"],
            "state": row["task_state"],
            "domain": row["domain"],
            "language": row["language"],
            "difficulty": row["difficulty_level"],
            "priority": row["priority"],
            "source": row["task_payload"].get("source"),
            "payload": row["task_payload"],
        },
    }


def _verdict(verdict: dict[str, Any], names: Pseudonyms) -> dict[str, Any]:
    reviewer = names.name(UUID(verdict["reviewer_id"]))
    return {"reviewer": reviewer} | {name: value for name, value in verdict.items() if name != "reviewer_id"}


def has_turns(work: Any) -> bool:
    turns = work.get("turns") if isinstance(work, dict) else None
    return isinstance(turns, list) and all(
        isinstance(turn, dict) and isinstance(turn.get("role"), str) and isinstance(turn.get("text"), str)
        for turn in turns
    )


def messages_of(turns: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    return [{"role": turn["role"], "content": turn["text"]} for turn in turns]


def path_of(tree: Mapping[str, Any], end: str | None) -> list[dict[str, Any]]:
    """From the root to `end`."""
    by_id = {turn["id"]: turn for turn in tree["turns"]}
    path = []
    while end is not None:
        path.append(by_id[end])
        end = by_id[end]["parent"]
    return path[::-1]


def stamp(moment: datetime | None) -> str | None:
    return None if moment is None else clock.rfc3339(moment)
