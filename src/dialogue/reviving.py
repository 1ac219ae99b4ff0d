"""A dialogue that was exported whole, read in again: its tree with edits, choices, scores and passages, as it was.

It is stored with a task as every dialogue that came from elsewhere, so nobody here can change it. Who made what stays
the pseudonym that the file says. Exported again, it is the line that came in.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct

from dialogue.errors import BadTree
from dialogue.record_trees import OWN
from dialogue.records import FORMAT
from dialogue.revived import Document, TurnDoc, judge
from dialogue.views import IMPORTED
from kernel import db
from kernel.ids import uuid7
from kernel.settings import Settings
from kernel.sql import load

sql = load(__package__)

LISTS = ("topic", "head", "turns", "choices", "scores", "spans", "credits")
"""Of the tree: what the tables hold, or what follows from it."""


class Revivable(Struct, frozen=True):
    record: dict[str, Any]
    document: Document | None
    """None: the work of another frontend, which has no tree."""


def read(record: Mapping[str, Any], settings: Settings) -> Revivable:
    """Raises `BadTree`, which says what is wrong and where."""
    if record.get("format") != FORMAT:
        raise BadTree(f"The field format is not {FORMAT!r}.")
    if not isinstance(record.get("id"), str) or not isinstance(record.get("task"), dict):
        raise BadTree("The fields id and task are missing.")
    if record.get("dialogue") is None:
        return Revivable(dict(record), None)
    try:
        document = msgspec.convert(record["dialogue"], Document)
    except msgspec.ValidationError as error:
        raise BadTree(f"The dialogue cannot be read: {error}.") from error
    judge(document, settings)
    return Revivable(dict(record), document)


async def revive(task_id: UUID, revivable: Revivable) -> UUID:
    """The new dialogue's id; the task has none yet that came with it."""
    db.require_transaction()
    document = revivable.document
    head = dict(revivable.record)
    if document is not None:
        head["dialogue"] = {name: value for name, value in head["dialogue"].items() if name not in LISTS}
    conversation_id = uuid7()
    topic = document.topic if document else str(head.get("topic") or "")
    await db.execute(
        sql.add_conversation, id=conversation_id, task_id=task_id, annotator_id=None, topic=topic[:300], rubric_id=None,
        quota_id=None, topic_id=None, source=db.jsonb({OWN: head}),
    )  # fmt: skip
    if document is not None:
        await _Writer(conversation_id, document).write()
    return conversation_id


def _own(**facts: Any) -> str:
    return db.jsonb({OWN: msgspec.to_builtins(facts)})


class _Writer:
    def __init__(self, conversation_id: UUID, document: Document) -> None:
        self._conversation_id, self._document = conversation_id, document
        self._turns = {turn.id: uuid7() for turn in document.turns}
        self._choices = {(one.message, one.round): uuid7() for one in document.choices}

    async def write(self) -> None:
        document = self._document
        levels: dict[int, list[TurnDoc]] = {}
        for turn in document.turns:
            levels.setdefault(turn.no, []).append(turn)
        for no in sorted(levels):
            await self._write_level(no, levels[no])
            await self._write_choices({turn.id for turn in levels[no]})
        await self._write_decisions()
        await self._write_edits()
        await self._write_scores()
        await self._write_spans()
        if document.head is not None:
            await db.execute(
                sql.move_head, conversation_id=self._conversation_id, turn_id=self._turns[document.head]
            )  # fmt: skip

    async def _write_level(self, no: int, turns: Sequence[TurnDoc]) -> None:
        await db.execute(
            sql.revive_turns, conversation_id=self._conversation_id, no=no, model=IMPORTED,
            ids=[self._turns[turn.id] for turn in turns],
            parents=[None if turn.parent is None else self._turns[turn.parent] for turn in turns],
            positions=[turn.position for turn in turns], roles=[turn.role for turn in turns],
            texts=[turn.text for turn in turns], versions=[turn.text_version for turn in turns],
            originals=[turn.original_text for turn in turns], languages=[turn.language for turn in turns],
            choices=[
                self._choices[turn.parent, turn.round] if turn.parent is not None and turn.round is not None else None
                for turn in turns
            ],
            slots=[turn.slot for turn in turns], ranks=[turn.rank for turn in turns],
            ratings=[turn.rating for turn in turns], comments=[turn.comment for turn in turns],
            labels=[db.jsonb(turn.labels) for turn in turns],
            sources=[
                _own(id=turn.id, model=turn.model, parameters=turn.parameters, source=turn.source, by=turn.by)
                for turn in turns
            ],
            created=[turn.created_at for turn in turns], changed=[turn.changed_at for turn in turns],
        )  # fmt: skip

    async def _write_choices(self, messages: set[str]) -> None:
        chosen = [one for one in self._document.choices if one.message in messages]
        if not chosen:
            return
        await db.execute(
            sql.revive_choices, conversation_id=self._conversation_id,
            ids=[self._choices[one.message, one.round] for one in chosen],
            messages=[self._turns[one.message] for one in chosen], rounds=[one.round for one in chosen],
            wanted=[one.wanted for one in chosen], positions=[one.position for one in chosen],
            sources=[_own(by=one.by) for one in chosen], created=[one.created_at for one in chosen],
        )  # fmt: skip

    async def _write_decisions(self) -> None:
        decided = [one for one in self._document.choices if one.state != "open"]
        if decided:
            await db.execute(
                sql.revive_decisions, ids=[self._choices[one.message, one.round] for one in decided],
                states=[one.state for one in decided],
                chosen=[None if one.chosen is None else self._turns[one.chosen] for one in decided],
                reasons=[one.reason for one in decided], decided=[one.decided_at for one in decided],
            )  # fmt: skip

    async def _write_edits(self) -> None:
        edits = [(turn.id, edit) for turn in self._document.turns for edit in turn.edits]
        if edits:
            await db.execute(
                sql.revive_edits, ids=[uuid7() for _ in edits], turns=[self._turns[turn] for turn, _ in edits],
                versions=[edit.version for _, edit in edits], texts=[edit.text for _, edit in edits],
                sources=[_own(by=edit.by) for _, edit in edits], at=[edit.at for _, edit in edits],
            )  # fmt: skip

    async def _write_scores(self) -> None:
        scores = self._document.scores
        if scores:
            await db.execute(
                sql.revive_scores, conversation_id=self._conversation_id, ids=[uuid7() for _ in scores],
                turns=[None if one.turn is None else self._turns[one.turn] for one in scores],
                dimensions=[one.dimension for one in scores], values=[one.value for one in scores],
                comments=[one.comment for one in scores], sources=[_own(by=one.by) for one in scores],
                changed=[one.at for one in scores],
            )  # fmt: skip

    async def _write_spans(self) -> None:
        spans = self._document.spans
        if spans:
            await db.execute(
                sql.revive_spans, ids=[uuid7() for _ in spans], turns=[self._turns[one.turn] for one in spans],
                versions=[one.text_version for one in spans], begins=[one.from_char for one in spans],
                ends=[one.to_char for one in spans], labels=[one.label for one in spans],
                reasons=[one.reason for one in spans], sources=[_own(by=one.by) for one in spans],
                created=[one.at for one in spans],
            )  # fmt: skip
