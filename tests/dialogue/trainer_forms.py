"""What trainers take, as strict types of our own: every field named, none beyond them, roles in turn.

Written after what the documentation of the trainers says and what their public samples look like; test_formats.py holds
the types against those samples where they are on the machine, so that they cannot be kinder or stricter than the real thing.
"""

import csv
import io
from collections.abc import Callable
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from dialogue.revived import Document

Text = Annotated[str, Meta(min_length=1)]


class Strict(Struct, forbid_unknown_fields=True, kw_only=True):
    pass


class Message(Strict):
    role: Literal["system", "user", "assistant"]
    content: str


class OpenAi(Strict):
    messages: Annotated[list[Message], Meta(min_length=1)]

    def check(self) -> None:
        assert self.messages[-1].role == "assistant"
        assert all(one.role != "system" for one in self.messages[1:])


class Said(Strict):
    speaker: Literal["system", "human", "gpt"] = msgspec.field(name="from")
    value: str


def in_turn(said: list[Said], *, ends: str) -> None:
    said = said[said[0].speaker == "system" :]
    assert [one.speaker for one in said] == [("human", "gpt")[n % 2] for n in range(len(said))]
    assert said[-1].speaker == ends


class ShareGpt(Strict):
    id: str
    conversations: Annotated[list[Said], Meta(min_length=2)]

    def check(self) -> None:
        in_turn(self.conversations, ends="gpt")


class Sft(Strict):
    id: str
    system: str
    history: list[tuple[str, str]]
    prompt: str
    response: Text

    def check(self) -> None:
        pass


class Dpo(Strict):
    conversations: Annotated[list[Said], Meta(min_length=1)]
    chosen: Said
    rejected: Said

    def check(self) -> None:
        in_turn(self.conversations, ends="human")
        assert self.chosen.speaker == self.rejected.speaker == "gpt"
        assert self.chosen.value != self.rejected.value


class DpoMessages(Strict):
    prompt: Annotated[list[Message], Meta(min_length=1)]
    chosen: Annotated[list[Message], Meta(min_length=1, max_length=1)]
    rejected: Annotated[list[Message], Meta(min_length=1, max_length=1)]

    def check(self) -> None:
        assert self.prompt[-1].role == "user"
        assert {self.chosen[0].role, self.rejected[0].role} == {"assistant"}


class Piece(Strict):
    type: Literal["text"]
    value: str


class Weighted(Strict):
    role: Literal["system", "user", "assistant"]
    content: Annotated[list[Piece], Meta(min_length=1, max_length=1)]
    loss_weight: float


def weighted_in_turn(messages: list[Weighted], *, learned: int | None) -> None:
    """`learned`: how many replies weigh 1, the last ones; none: all of them."""
    talk = [one.role for one in messages[messages[0].role == "system" :]]
    assert talk == [("user", "assistant")[n % 2] for n in range(len(talk))]
    assert talk[-1] == "assistant"
    weights = [one.loss_weight for one in messages if one.role == "assistant"]
    least = len(weights) if learned is None else learned
    assert weights == [0.0] * (len(weights) - least) + [1.0] * least
    assert {one.loss_weight for one in messages if one.role != "assistant"} == {0.0}


class SftWeighted(Strict):
    messages: Annotated[list[Weighted], Meta(min_length=2)]

    def check(self) -> None:
        weighted_in_turn(self.messages, learned=None)


class DpoWeighted(Strict):
    chosen_messages: Annotated[list[Weighted], Meta(min_length=2)]
    rejected_messages: Annotated[list[Weighted], Meta(min_length=2)]

    def check(self) -> None:
        weighted_in_turn(self.chosen_messages, learned=1)
        weighted_in_turn(self.rejected_messages, learned=1)
        assert self.chosen_messages[:-1] == self.rejected_messages[:-1]
        assert self.chosen_messages[-1] != self.rejected_messages[-1]


class Kto(Strict):
    messages: Annotated[list[Message], Meta(min_length=2)]
    label: bool

    def check(self) -> None:
        talk = [one.role for one in self.messages if one.role != "system"]
        assert talk == [("user", "assistant")[n % 2] for n in range(len(talk))]
        assert talk[-1] == "assistant"


class Response(Strict):
    text: str
    rank: Annotated[int, Meta(ge=1)]


class Ranked(Strict):
    prompt: Annotated[list[Message], Meta(min_length=1)]
    responses: Annotated[list[Response], Meta(min_length=2)]
    complete: bool

    def check(self) -> None:
        assert self.prompt[-1].role == "user"
        ranks = [one.rank for one in self.responses]
        assert ranks == sorted(ranks)
        assert len(set(ranks)) > 1


class Label(Strict):
    value: Annotated[float, Meta(ge=0, le=1)]
    count: Annotated[int, Meta(ge=0)]


class OasstMessage(Strict):
    message_id: Text
    parent_id: str | None
    user_id: str | None
    created_date: str
    text: str
    role: Literal["prompter", "assistant"]
    lang: str
    review_count: int
    review_result: bool | None
    deleted: bool
    rank: Annotated[int, Meta(ge=0)] | None
    synthetic: bool
    model_name: str | None
    emojis: dict[str, int] | None
    replies: "list[OasstMessage]"
    labels: dict[str, Label]
    events: Any = None


class Verdict(Strict):
    stage: int
    outcome: Literal["accept", "fix", "rework", "reject"]
    counts_as: Literal["accept", "fix", "rework", "reject"]
    scores: dict[str, int]
    reasons: list[dict[str, Any]]
    comment: str
    given_at: str
    reviewer: str


class PathTurn(Strict):
    id: str
    no: int
    role: Literal["system", "user", "assistant"]
    text: str
    model: str | None
    rating: int | None
    comment: str
    original_text: str | None = None
    text_version: int | None = None


class Origin(Strict):
    id: str
    name: str


class OfTask(Strict):
    id: str
    external_id: str
    kind: str
    state: str
    domain: str
    language: str
    difficulty: int | None
    priority: int
    source: Any
    payload: dict[str, Any]


class Whole(Strict):
    """Our own form; `dialogue` is held against what reads it in again."""

    format: Literal["callboard.dialogue/2"]
    id: str
    origin: Literal["work", "imported"]
    state: str
    round: int
    project: Origin
    task: OfTask
    annotator: str | None
    submitted_at: str | None
    decided_at: str | None
    topic: str | None
    messages: list[Message]
    turns: list[PathTurn]
    corrected_by_reviewer: bool
    verdicts: list[Verdict]
    dialogue: dict[str, Any] | None
    submitted: dict[str, Any] | None = None
    payload: dict[str, Any] | None = None

    def check(self) -> None:
        if self.dialogue is not None:
            assert msgspec.convert(self.dialogue, Document).head == self.dialogue["head"]


class Row(Strict):
    """Of the table: cells are text, as spreadsheets read them."""

    dialogue: Text
    external_id: str
    state: Text
    language: Text
    topic: str
    annotator: str
    no: Annotated[str, Meta(pattern="^[1-9][0-9]*$")]
    role: Literal["system", "user", "assistant"]
    model: str
    rating: Annotated[str, Meta(pattern="^[1-5]?$")]
    text: str
    original_text: str
    comment: str

    def check(self) -> None:
        pass


class Oasst(Strict):
    message_tree_id: Text
    tree_state: str
    prompt: OasstMessage
    origin: str | None = None

    def check(self) -> None:
        assert self.prompt.parent_id is None
        assert self.prompt.message_id == self.message_tree_id
        waiting = [self.prompt]
        for message in waiting:
            assert all(reply.parent_id == message.message_id for reply in message.replies)
            assert all(reply.role != message.role for reply in message.replies)
            waiting += message.replies


def elements(data: bytes) -> list[bytes]:
    return [bytes(one) for one in msgspec.json.decode(data, type=list[msgspec.Raw])]


def rows(data: bytes) -> list[bytes]:
    """Cells that a spreadsheet would run are led by an apostrophe, which is no part of them."""
    text = io.StringIO(data.decode("utf-8-sig"), newline="")
    return [msgspec.json.encode(row) for row in csv.DictReader(text)]


FORMS: dict[str, tuple[Any, Callable[[bytes], list[bytes]]]] = {
    "openai": (OpenAi, bytes.splitlines),
    "sharegpt": (ShareGpt, elements),
    "callboard": (Whole, bytes.splitlines),
    "csv": (Row, rows),
    "sft": (Sft, bytes.splitlines),
    "sft_weighted": (SftWeighted, bytes.splitlines),
    "dpo_weighted": (DpoWeighted, bytes.splitlines),
    "dpo": (Dpo, elements),
    "dpo_messages": (DpoMessages, bytes.splitlines),
    "kto": (Kto, elements),
    "ranked": (Ranked, bytes.splitlines),
    "oasst": (Oasst, bytes.splitlines),
}


def validated(code: str, data: bytes) -> list[Any]:
    """Every line of a file, read as its trainer would read it."""
    kind, cut = FORMS[code]
    found = []
    for line in cut(data):
        one = msgspec.json.decode(line, type=kind)
        one.check()
        found.append(one)
    return found
