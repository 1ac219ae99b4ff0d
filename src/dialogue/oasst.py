"""Trees as OpenAssistant wrote them: read without loss, and written, also of dialogues that were made here.

A message that came in such a file keeps all that the file said of it (`source`), and goes out as it came.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from dialogue.errors import BadTree
from dialogue.planting import Node
from skills.errors import BadLanguage
from skills.languages import check_language

OASST = "oasst"
"""Key in a dialogue's `source` under which the tree's own facts are kept."""

FLAT = "callboard:messages"
"""Key of a record whose messages stand side by side instead of inside each other: [number of the parent, message]."""

MISSING = "callboard:missing"
"""Key in a message's `source`: what of `text` and `replies` the file did not have, and whether it was null or absent."""

ROLES = {"prompter": "user", "assistant": "assistant"}
_NAMES = {role: name for name, role in ROLES.items()}
ORDER = (
    "message_id", "parent_id", "user_id", "created_date", "text", "role", "lang", "review_count", "review_result", "deleted",
    "rank", "synthetic", "model_name", "emojis", "replies", "labels",
)  # fmt: skip
"""In which the published files write the fields of a message."""


def nodes_of(record: Mapping[str, Any]) -> list[Node]:
    """Raises `BadTree`. Parents stand before their children; the walk is no recursion, so no depth is too deep."""
    root = record.get("prompt")
    if not isinstance(root, dict) or not isinstance(record.get("message_tree_id"), str):
        raise BadTree("A tree has a message_tree_id and a prompt.")
    if FLAT in record:
        return _side_by_side(record[FLAT])
    nodes: list[Node] = []
    waiting: list[tuple[str | None, Any]] = [(None, root)]
    for parent, message in waiting:
        node = _node(parent, message)
        nodes.append(node)
        replies = message.get("replies") or []
        if not isinstance(replies, list):
            raise BadTree(f"The replies of {node.key!r} are no list.")
        waiting += [(node.key, reply) for reply in replies]
    return nodes


def _side_by_side(messages: Any) -> list[Node]:
    nodes: list[Node] = []
    for entry in messages if isinstance(messages, list) else []:
        parent, message = entry if isinstance(entry, list) and len(entry) == 2 else (None, None)  # noqa: PLR2004  a pair
        if type(parent) is not int or not -1 <= parent < len(nodes):
            raise BadTree("A message of the tree stands below none.")
        nodes.append(_node(nodes[parent].key if parent >= 0 else None, message))
    return nodes


def tree_facts(record: Mapping[str, Any]) -> dict[str, Any]:
    return {OASST: {name: value for name, value in record.items() if name not in {"prompt", FLAT}}}


def _node(parent: str | None, message: Any) -> Node:
    if not isinstance(message, dict) or not isinstance(message.get("message_id"), str):
        raise BadTree("A message of the tree has no message_id.")
    key = message["message_id"]
    role, text, rank, labels = (message.get(name) for name in ("role", "text", "rank", "labels"))
    if role not in ROLES:
        raise BadTree(f"The message {key!r} is neither by the prompter nor by the assistant.")
    if text is None and message.get("deleted") is True:
        text = ""
    if not isinstance(text, str):
        raise BadTree(f"The message {key!r} has no text.")
    if message.get("parent_id") != parent:
        raise BadTree(f"The message {key!r} stands below another one than its parent_id says.")
    if rank is not None and (type(rank) is not int or rank < 0):
        raise BadTree(f"The rank of the message {key!r} does not count from 0.")
    return Node(
        key=key,
        parent=parent,
        role=ROLES[role],
        text=text,
        language=_language(message.get("lang")),
        rank=None if rank is None else rank + 1,
        labels=labels if isinstance(labels, dict) else {},
        source={name: value for name, value in message.items() if name not in {"text", "replies"}} | _missing(message),
    )


def _missing(message: Mapping[str, Any]) -> dict[str, Any]:
    """What has to be known besides for it to go out as it came."""
    found = {name: "null" if name in message else "absent" for name in ("text", "replies") if message.get(name) is None}
    return {MISSING: found} if found else {}


def _language(tag: Any) -> str | None:
    """What is no tag is kept as it was said, and stands for no language here."""
    try:
        return check_language(tag) if isinstance(tag, str) else None
    except BadLanguage:
        return None


def tree_of(record: Mapping[str, Any]) -> dict[str, Any] | None:
    """One exported dialogue as a tree; none: it does not begin with a person's message."""
    dialogue = record["dialogue"]
    if dialogue is None or not dialogue["turns"]:
        return None
    turns = {turn["id"]: turn for turn in dialogue["turns"]}
    children: dict[str | None, list[dict[str, Any]]] = {}
    for turn in dialogue["turns"]:
        children.setdefault(turn["parent"], []).append(turn)
    root = dialogue["turns"][0]
    while root["role"] == "system" and len(children.get(root["id"], [])) == 1:  # the format knows no system messages
        root = children[root["id"]][0]
    if root["role"] != "user":
        return None
    came = (dialogue.get("source") or {}).get(OASST)
    made = {} if came else _Made(record).messages(turns)
    messages = {key: _message(turn, made) for key, turn in turns.items() if turn["role"] != "system"}
    for key, message in messages.items():
        replies = [messages[child["id"]] for child in children.get(key, []) if child["id"] in messages]
        if replies:
            message["replies"] = replies
    prompt = messages[root["id"]] | ({} if came else {"parent_id": None})
    if came:
        return {
            **{name: came[name] for name in ("message_tree_id", "tree_state") if name in came},
            "prompt": prompt,
        } | {name: value for name, value in came.items() if name not in {"message_tree_id", "tree_state"}}
    state = "ready_for_export" if record["state"] in {"accepted", "imported"} else "growing"
    return {"message_tree_id": root["id"], "tree_state": state, "prompt": prompt}


def encoded(tree: Mapping[str, Any]) -> str:
    """As JSON, without recursion: a tree may be thousands of replies deep."""
    before, after = _around(tree, "prompt")
    pieces, waiting = [before], [after, tree["prompt"]]
    while waiting:
        one = waiting.pop()
        if isinstance(one, bytes):
            pieces.append(one)
        elif not one.get("replies"):
            pieces.append(msgspec.json.encode(one))
        else:
            before, after = _around(one, "replies")
            pieces.append(before + b"[")
            waiting.append(b"]" + after)
            for number, reply in reversed(list(enumerate(one["replies"]))):
                waiting += [reply, b","] if number else [reply]
    return b"".join(pieces).decode()


def _around(value: Mapping[str, Any], key: str) -> tuple[bytes, bytes]:
    """What of the object stands before the value of this key, and what behind it."""
    names = list(value)
    at = names.index(key)
    before = msgspec.json.encode({name: value[name] for name in names[:at]})[:-1]
    behind = msgspec.json.encode({name: value[name] for name in names[at + 1 :]})[1:]
    comma = b"," if at else b""
    return before + comma + msgspec.json.encode(key) + b":", (b"," if behind != b"}" else b"") + behind


def _message(turn: Mapping[str, Any], made: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    facts = dict(made.get(turn["id"]) or turn["source"] or {})
    known = {"text": turn["text"], "replies": []}
    for name, how in facts.pop(MISSING, {}).items():
        if how == "null":
            known[name] = None
        else:
            del known[name]
    known = facts | known
    return {name: known[name] for name in ORDER if name in known} | {
        name: value for name, value in known.items() if name not in ORDER
    }


class _Made:
    """What the format asks of messages that were made here."""

    def __init__(self, record: Mapping[str, Any]) -> None:
        self._record, self._dialogue = record, record["dialogue"]
        rubric = self._dialogue["rubric"]
        self._scales = {
            one["code"]: (one.get("lowest", 1), one.get("highest", 5))
            for one in (rubric["dimensions"] if rubric else [])
        }

    def messages(self, turns: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        return {key: self._message(turn) for key, turn in turns.items()}

    def _message(self, turn: dict[str, Any]) -> dict[str, Any]:
        by, reviews = turn["by"], self._record["verdicts"]
        synthetic = turn["role"] == "assistant" and by is None and turn["model"] not in {"import", None}
        return {
            "message_id": turn["id"],
            "parent_id": turn["parent"],
            "user_id": by["person"] if by else None,
            "created_date": turn["created_at"],
            "role": _NAMES.get(turn["role"], turn["role"]),
            "lang": turn["language"] or self._record["task"]["language"],
            "review_count": len(reviews),
            "review_result": self._record["state"] == "accepted",
            "deleted": False,
            "rank": None if turn["rank"] is None else turn["rank"] - 1,
            "synthetic": synthetic,
            "model_name": turn["model"] if synthetic else None,
            "emojis": {},
            "labels": dict(self._labels(turn)),
        }

    def _labels(self, turn: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
        """Scores of the rubric from 0 to 1; one person gave each. A rating from 1 to 5 is the quality."""
        yield from turn["labels"].items()
        for score in self._dialogue["scores"]:
            if score["turn"] == turn["id"]:
                lowest, highest = self._scales.get(score["dimension"], (1, 5))
                value = (score["value"] - lowest) / max(1, highest - lowest)
                yield score["dimension"], {"value": round(value, 4), "count": 1}
        if turn["rating"] is not None:
            yield "quality", {"value": (turn["rating"] - 1) / 4, "count": 1}
