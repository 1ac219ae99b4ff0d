"""What trainers take, as strict types of our own: every field named, none beyond them, roles in turn.

Written after what the documentation of the trainers says and what their public samples look like; test_formats.py holds
the types against those samples where they are on the machine, so that they cannot be kinder or stricter than the real thing.
"""

from collections.abc import Callable
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

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


FORMS: dict[str, tuple[Any, Callable[[bytes], list[bytes]]]] = {
    "openai": (OpenAi, bytes.splitlines),
    "sharegpt": (ShareGpt, elements),
    "sft": (Sft, bytes.splitlines),
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
