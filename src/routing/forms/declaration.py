"""What a kind of task is made of: names, what its tasks hold, what its answers look like, and how both are shown.

A declaration is data. `judge` finds everything in it that could not be shown, answered or checked, so that a
declaration which was saved always makes a form.
"""

from collections.abc import Iterator
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct, field

from routing.forms import schema as schemas
from routing.forms.errors import BadForm
from routing.forms.faults import Fault, below, told
from routing.hidden import HIDDEN

Words = dict[Annotated[str, Meta(pattern="^(en|zh)$")], Annotated[str, Meta(min_length=1, max_length=400)]]
"""English and Chinese; English stands in where Chinese is missing."""
Pointer = Annotated[str, Meta(pattern=r"^(/[^/]{1,60}){1,4}$")]
"""Into the task's payload (RFC 6901)."""
Name = Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{0,39}$")]
Role = Annotated[str, Meta(pattern="^(system|user|assistant)$")]
SHOWN = "shown"
"""The answer's record of the order in which candidates stood; written by the server, so no field has this name."""
MOST_POINTS = 11
MOST_BLOCKS, MOST_BYTES = 40, 64_000


class Option(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    value: Annotated[str, Meta(min_length=1, max_length=80)]
    names: Words = {}


class _Block(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="block"):
    names: Words = {}


class _Show(_Block, frozen=True, kw_only=True):
    source: Pointer = field(name="from")
    optional: bool = False
    """Whether a task may do without; then nothing is shown."""


class ShowText(_Show, frozen=True, kw_only=True, tag="show_text"):
    """Text as it is."""


class ShowMarkdown(_Show, frozen=True, kw_only=True, tag="show_markdown"):
    """Text rendered without HTML."""


class ShowDialogue(_Show, frozen=True, kw_only=True, tag="show_dialogue"):
    """A list of {role, text}."""


class ShowCandidates(_Show, frozen=True, kw_only=True, tag="show_candidates"):
    """Two to nine texts, or {id, text}, side by side as A, B, C; whatever else an entry holds is not shown."""

    shuffle: bool = True


class _Input(_Block, frozen=True, kw_only=True):
    """Writes one field of the answer. Whether it is required, and its limits, stand in the answer's schema."""

    answer: Name = field(name="field")
    help: Words = {}


class Choice(_Input, frozen=True, kw_only=True, tag="choice"):
    """One of `options`, and of what `options_from` names: candidates that are shown, texts, or {value, text}."""

    options: Annotated[list[Option], Meta(max_length=40)] = []
    options_from: Pointer | None = None


class MultiChoice(_Input, frozen=True, kw_only=True, tag="multi_choice"):
    """Any number of them, in the order of the options."""

    options: Annotated[list[Option], Meta(max_length=40)] = []
    options_from: Pointer | None = None


class Scale(_Input, frozen=True, kw_only=True, tag="scale"):
    """From `minimum` to `maximum` of the schema; anchors say what a value means."""

    anchors: dict[Annotated[str, Meta(pattern="^-?[0-9]{1,2}$")], Words] = {}


class Ranking(_Input, frozen=True, kw_only=True, tag="ranking"):
    """Of the candidates that `of` shows, best first; those that share a place stand in one list."""

    of: Pointer
    ties: bool = True


class Text(_Input, frozen=True, kw_only=True, tag="text"):
    lines: Annotated[int, Meta(ge=1, le=30)] = 4


class Rewrite(_Input, frozen=True, kw_only=True, tag="rewrite"):
    """Begins with the text that `of` names, and shows what was changed."""

    of: Pointer
    lines: Annotated[int, Meta(ge=1, le=30)] = 8
    must_differ: bool = True


class Spans(_Input, frozen=True, kw_only=True, tag="spans"):
    """Passages of the text that `of` names, each with a label: {start, end, label}, in Unicode characters from 0."""

    of: Pointer
    labels: Annotated[list[Option], Meta(min_length=1, max_length=9)]
    overlap: bool = False


class Number(_Input, frozen=True, kw_only=True, tag="number"):
    unit: Words = {}


class Yes(_Input, frozen=True, kw_only=True, tag="yes"):
    """True or false by one box."""


class TurnScale(_Input, frozen=True, kw_only=True, tag="turn_scale"):
    """A scale below each turn of the dialogue that `of` shows, of these roles: [{turn, value}], turns counted from 1."""

    of: Pointer
    roles: Annotated[list[Role], Meta(min_length=1, max_length=3)] = field(default_factory=lambda: ["assistant"])
    every: bool = False
    """Whether none of them may be left out."""
    anchors: dict[Annotated[str, Meta(pattern="^-?[0-9]{1,2}$")], Words] = {}


Show = ShowText | ShowMarkdown | ShowDialogue | ShowCandidates
Input = Choice | MultiChoice | Scale | Ranking | Text | Rewrite | Spans | Number | Yes | TurnScale
SHOWS = (ShowText, ShowMarkdown, ShowDialogue, ShowCandidates)
WRITES: dict[type, tuple[str, ...]] = {
    Choice: ("string",), MultiChoice: ("array",), Scale: ("integer",), Ranking: ("array",), Text: ("string",),
    Rewrite: ("string",), Spans: ("array",), Number: ("integer", "number"), Yes: ("boolean",),
    TurnScale: ("array",),
}  # fmt: skip
"""The type that the schema must give to what an input writes."""


class RightAnswer(Struct, frozen=True, forbid_unknown_fields=True):
    """Which field is held against the task's hidden `answer`; tasks without one have no key."""

    answer: Name = field(name="field")


class Declaration(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    names: Words
    help: Words = {}
    payload: dict[str, Any] = field(default_factory=lambda: {"type": "object"})
    """JSON Schema of what a task holds; what the layout shows is required besides."""
    answer: dict[str, Any]
    """JSON Schema of the answer."""
    layout: Annotated[
        list[
            ShowText | ShowMarkdown | ShowDialogue | ShowCandidates | Choice | MultiChoice | Scale | Ranking | Text
            | Rewrite | Spans | Number | Yes | TurnScale
        ],
        Meta(min_length=1, max_length=MOST_BLOCKS),
    ]  # fmt: skip
    right: RightAnswer | None = None

    def shows(self) -> list[Show]:
        return [block for block in self.layout if isinstance(block, SHOWS)]

    def inputs(self) -> list[Input]:
        return [block for block in self.layout if not isinstance(block, SHOWS)]

    def field_schema(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.answer["properties"][name]
        return found

    def required(self, name: str) -> bool:
        return name in self.answer.get("required", ())

    def candidates(self, pointer: str | None) -> ShowCandidates | None:
        """The block that shows them."""
        shown = (block for block in self.layout if isinstance(block, ShowCandidates) and block.source == pointer)
        return next(shown, None)


def read(data: Any) -> Declaration:
    """Raises `BadForm` with every place that is wrong."""
    try:
        found = msgspec.convert(data, Declaration)
    except msgspec.ValidationError as error:
        text, _, at = str(error).partition(" - at `$")
        path = at.rstrip("`").replace("[", "/").replace("]", "").replace(".", "/")
        raise BadForm(f"{text}.", errors=told([Fault(path, "bad_declaration", f"{text}.")])) from error
    faults = list(judge(found))
    if faults:
        first = faults[0]
        raise BadForm(f"{first.path or '/'}: {first.message}", errors=told(faults))
    return found


def judge(one: Declaration) -> Iterator[Fault]:
    if len(msgspec.json.encode(one)) > MOST_BYTES:
        yield Fault("", "too_long", f"A declaration has at most {MOST_BYTES:,} bytes.")
        return
    if "en" not in one.names:
        yield Fault("/names", "required", "A kind has an English name.")
    wrong = [*schemas.judge(one.answer, "/answer"), *schemas.judge(one.payload, "/payload")]
    yield from wrong
    for name in ("answer", "payload"):
        if getattr(one, name).get("type") != "object":
            yield Fault(f"/{name}/type", "bad_schema", "This schema describes an object.")
            return
    if wrong:
        return
    properties = one.answer.get("properties", {})
    if SHOWN in properties:
        yield Fault(f"/answer/properties/{SHOWN}", "reserved", f"The name {SHOWN} is kept for the order of candidates.")
    yield from _judge_layout(one, properties)
    written = {block.answer for block in one.inputs()}
    for name in one.answer.get("required", ()):
        if name not in written:
            yield Fault(
                "/answer/required", "not_written", f"Nothing in the layout writes {name[:40]!r}, which is required."
            )
    if one.right is not None and one.right.answer not in properties:
        yield Fault("/right/field", "unknown_field", "The answer has no such field.")


def _judge_layout(one: Declaration, properties: dict[str, Any]) -> Iterator[Fault]:
    written: set[str] = set()
    for n, block in enumerate(one.layout):
        path = f"/layout/{n}"
        for pointer in sources(block):
            if pointer.split("/")[1] in HIDDEN:
                yield Fault(path, "hidden", f"{pointer} is hidden from whoever does the work.")
        if isinstance(block, SHOWS):
            continue
        if block.answer in written:
            yield Fault(below(path, "field"), "twice", f"Two inputs write {block.answer!r}.")
        written.add(block.answer)
        if block.answer not in properties:
            yield Fault(below(path, "field"), "unknown_field", f"The answer's schema has no property {block.answer!r}.")
            continue
        kind, wanted = properties[block.answer]["type"], WRITES[type(block)]
        if kind not in wanted:
            yield Fault(below(path, "field"), "wrong_type", f"This input writes {wanted[-1]}, the schema says {kind}.")
            continue
        yield from _judge_input(one, block, properties[block.answer], path)
    if not written:
        yield Fault("/layout", "no_input", "Nothing in the layout asks for anything.")


def sources(block: Any) -> list[str]:
    """The places of the payload that a block reads."""
    named = (getattr(block, name, None) for name in ("source", "options_from", "of"))
    return [pointer for pointer in named if pointer is not None]


def _judge_input(one: Declaration, block: Input, wanted: dict[str, Any], path: str) -> Iterator[Fault]:
    match block:
        case Scale():
            yield from _judge_scale(block, wanted, path)
        case TurnScale():
            yield from _judge_turns(one, block, wanted, path)
        case Choice() | MultiChoice():
            yield from _judge_options(block, wanted, path)
        case Ranking():
            if one.candidates(block.of) is None:
                yield Fault(below(path, "of"), "unknown_field", f"No block shows the candidates {block.of}.")
        case Spans():
            values = [option.value for option in block.labels]
            if len(set(values)) < len(values):
                yield Fault(below(path, "labels"), "twice", "A label stands twice.")
        case _:
            pass


def _judge_scale(block: Scale | TurnScale, wanted: dict[str, Any], path: str) -> Iterator[Fault]:
    low, high = wanted.get("minimum"), wanted.get("maximum")
    if low is None or high is None or not 0 < high - low < MOST_POINTS:
        yield Fault(path, "bad_scale", f"A scale has minimum and maximum, and 2 to {MOST_POINTS} points.")
    elif any(not low <= int(value) <= high for value in block.anchors):
        yield Fault(below(path, "anchors"), "bad_scale", "An anchor stands outside of the scale.")


def _judge_turns(one: Declaration, block: TurnScale, wanted: dict[str, Any], path: str) -> Iterator[Fault]:
    if not any(isinstance(show, ShowDialogue) and show.source == block.of for show in one.layout):
        yield Fault(below(path, "of"), "unknown_field", f"No block shows the dialogue {block.of}.")
    properties = wanted.get("items", {}).get("properties", {})
    if {name: part.get("type") for name, part in properties.items()} != {"turn": "integer", "value": "integer"}:
        yield Fault(path, "wrong_type", "This input writes a list of {turn, value}, both integers.")
        return
    yield from _judge_scale(block, properties["value"], path)


def _judge_options(block: Choice | MultiChoice, wanted: dict[str, Any], path: str) -> Iterator[Fault]:
    if not block.options and block.options_from is None:
        yield Fault(below(path, "options"), "required", "There is nothing to choose from.")
    values = [option.value for option in block.options]
    if len(set(values)) < len(values):
        yield Fault(below(path, "options"), "twice", "An option stands twice.")
    inner = wanted if isinstance(block, Choice) else wanted.get("items", {"type": "string"})
    if inner["type"] != "string" or not set(values) <= set(inner.get("enum", values)):
        yield Fault(below(path, "options"), "not_a_choice", "An option is not allowed by the schema.")
