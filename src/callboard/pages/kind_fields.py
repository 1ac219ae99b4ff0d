"""A declared form as fields of HTML: what stands in them, and the answer that they make.

Fields are named `f-` and the answer's field; those of several values add their place. The same names hold drafts, so
what was typed comes back on another device, whatever the declaration.
"""

import re
from collections.abc import Mapping
from typing import Any

from callboard.pages.views_kinds import BlockView, Line, Passage, Shown, TurnRating
from dialogue.diffs import difference
from routing.forms import answers
from routing.forms.answers import candidates_of, choosable
from routing.forms.declaration import (
    Choice,
    Declaration,
    Input,
    MultiChoice,
    Number,
    Ranking,
    Rewrite,
    Scale,
    ShowCandidates,
    ShowDialogue,
    Spans,
    TurnScale,
    Words,
    Yes,
)
from routing.forms.faults import MISSING, Fault, below, found_at

NUMBER = re.compile(r"[+-]?[0-9]{1,9}([.,][0-9]{1,6})?")
SPAN = re.compile(r"([0-9]{1,7})-([0-9]{1,7}) ([^\n]{1,80})")
Typed = Mapping[str, str]
Order = dict[str, list[str]]


def field_name(field: str) -> str:
    return f"f-{field}"


def answer_of(one: Declaration, payload: dict[str, Any], typed: Typed) -> tuple[dict[str, Any], list[Fault]]:
    """The answer that was typed, and everything that is wrong with it."""
    answer: dict[str, Any] = {}
    faults: list[Fault] = []
    order = _as_stored(one, payload)
    for block in one.inputs():
        try:
            value = _read(one, block, payload, typed, order)
        except ValueError as error:
            faults.append(Fault(below("", block.answer), str(error), "This cannot be read."))
            continue
        if value is not None:
            answer[block.answer] = value
    wrong = {fault.path for fault in faults}
    return answer, faults + [fault for fault in answers.answer_faults(one, payload, answer) if fault.path not in wrong]


def _as_stored(one: Declaration, payload: dict[str, Any]) -> Order:
    shows = (block for block in one.layout if isinstance(block, ShowCandidates))
    return {block.source: [item.id for item in candidates_of(block.source, payload)] for block in shows}


def _read(one: Declaration, block: Input, payload: dict[str, Any], typed: Typed, order: Order) -> Any:
    """None: nothing was typed. Raises `ValueError` with the code of what is wrong."""
    name, required = field_name(block.answer), one.required(block.answer)
    text = typed.get(name, "")
    match block:
        case MultiChoice():
            options = choosable(one, block, payload, order)
            chosen = [option.value for n, option in enumerate(options) if typed.get(f"{name}-{n}")]
            return chosen if chosen or required else None
        case TurnScale():
            given = [(no, typed.get(f"{name}-{no}", "").strip()) for no in answers.turns_of(block, payload)]
            ratings = [{"turn": no, "value": _number(value, "integer")} for no, value in given if value]
            return ratings if ratings or required else None
        case Ranking():
            return _places([item.id for item in candidates_of(block.of, payload)], name, typed)
        case Scale() | Number():
            return _number(text.strip(), one.field_schema(block.answer)["type"])
        case Spans() | Yes():
            lines = [line for line in text.splitlines() if line.strip()]
            value = bool(lines) if isinstance(block, Yes) else [_span(line) for line in lines]
            return value if value or required else None
        case _:
            return text if text.strip() else None


def _places(ids: list[str], name: str, typed: Typed) -> list[list[str]] | None:
    given = [typed.get(f"{name}-{n}", "") for n in range(len(ids))]
    if not any(given):
        return None
    if not all(place.isascii() and place.isdigit() and len(place) == 1 for place in given):
        raise ValueError("not_ranked")
    groups: dict[int, list[str]] = {}
    for one, place in zip(ids, given, strict=True):
        groups.setdefault(int(place), []).append(one)
    return [groups[place] for place in sorted(groups)]


def _number(text: str, kind: str) -> int | float | None:
    if not text:
        return None
    if not text.isascii() or not NUMBER.fullmatch(text):
        raise ValueError("not_a_number")
    value = float(text.replace(",", "."))
    return int(value) if kind == "integer" and value.is_integer() else value


def _span(line: str) -> dict[str, Any]:
    found = SPAN.fullmatch(line.strip())
    if found is None:
        raise ValueError("not_a_passage")
    return {"start": int(found[1]), "end": int(found[2]), "label": found[3]}


def typed_of(one: Declaration, payload: dict[str, Any], answer: dict[str, Any]) -> dict[str, str]:
    """The fields that would make this answer, which may come from anywhere: what does not fit is left out."""
    typed: dict[str, str] = {}
    order = _as_stored(one, payload)
    for block in one.inputs():
        name, value = field_name(block.answer), answer.get(block.answer)
        match block:
            case MultiChoice():
                chosen = value if isinstance(value, list) else []
                for n, option in enumerate(choosable(one, block, payload, order)):
                    if option.value in chosen:
                        typed[f"{name}-{n}"] = option.value
            case Ranking():
                ids = [item.id for item in candidates_of(block.of, payload)]
                for place, group in enumerate(value if isinstance(value, list) else [], 1):
                    typed |= {f"{name}-{ids.index(item)}": str(place) for item in group if item in ids}
            case TurnScale():
                rated = set(answers.turns_of(block, payload))
                typed |= {f"{name}-{no}": str(given) for no, given in _ratings(value).items() if no in rated}
            case Spans():
                spans = value if isinstance(value, list) else []
                typed[name] = "\n".join(f"{span['start']}-{span['end']} {span['label']}" for span in spans)
            case Yes():
                typed |= {name: "yes"} if value is True else {}
            case _:
                typed |= {} if value is None else {name: f"{value:g}" if isinstance(value, float) else str(value)}
    return typed


def _ratings(value: Any) -> dict[int, Any]:
    """By turn, of an answer that may come from anywhere."""
    entries = value if isinstance(value, list) else []
    return {one["turn"]: one.get("value") for one in entries if isinstance(one, dict) and type(one.get("turn")) is int}


def blocks_of(
    one: Declaration,
    payload: dict[str, Any],
    order: Order,
    typed: Typed,
    *,
    answer: dict[str, Any] | None = None,
    faults: list[Fault] | None = None,
) -> list[BlockView]:
    """`order` is that in which candidates stand; `answer` is shown beside the fields where there is one."""
    found: list[BlockView] = []
    worst = {fault.path.split("/")[1]: fault for fault in reversed(faults or []) if fault.path}
    first = True
    for block in one.layout:
        if isinstance(block, Input):
            view = _input(one, block, payload, order, typed=typed, answer=answer or {})
            view.fault = worst.get(block.answer)
            view.first_fault, first = view.fault is not None and first, first and view.fault is None
            for rating in view.turns:
                rating.focus = view.first_fault and not rating.typed and not any(one.focus for one in view.turns)
        else:
            view = BlockView(kind=type(block).__struct_config__.tag, names=block.names)  # type: ignore[arg-type]
            if not _show(view, block, payload, order):
                continue
        found.append(view)
    _rate(one, found)
    return found


def _rate(one: Declaration, views: list[BlockView]) -> None:
    """Puts each scale of a turn below that turn."""
    asked = {view.name: view for view in views if view.kind == "turn_scale"}
    for view in views:
        for block in one.inputs() if view.kind == "show_dialogue" else []:
            if isinstance(block, TurnScale) and block.of == view.source:
                scales = {rating.no: rating for rating in asked[field_name(block.answer)].turns}
                for line in view.lines:
                    line.ratings += [scales[line.no]] if line.no in scales else []


def _turns(block: TurnScale, wanted: dict[str, Any], payload: dict[str, Any], view: BlockView) -> list[TurnRating]:
    scale, values = wanted["items"]["properties"]["value"], _ratings(view.value)
    said = found_at(block.of, payload)
    return [
        TurnRating(
            no=no, text=said[no - 1]["text"], names=block.names, name=f"{view.name}-{no}", value=values.get(no),
            points=list(range(int(scale["minimum"]), int(scale["maximum"]) + 1)), anchors=dict(block.anchors),
            typed=view.typed.get(f"{view.name}-{no}", ""),
        )
        for no in answers.turns_of(block, payload)
    ]  # fmt: skip


def _show(view: BlockView, block: Any, payload: dict[str, Any], order: Order) -> bool:
    """Whether there is something to show."""
    value = found_at(block.source, payload)
    if value is MISSING:
        return False
    if isinstance(block, ShowCandidates):
        view.candidates = _shown(block.source, payload, order)
    elif isinstance(block, ShowDialogue):
        view.source = block.source
        view.lines = [Line(no=n, role=turn["role"], text=turn["text"]) for n, turn in enumerate(value, 1)]
    else:
        view.text = str(value)
    return True


def _shown(pointer: str, payload: dict[str, Any], order: Order) -> list[Shown]:
    texts = {item.id: item.text for item in candidates_of(pointer, payload)}
    ids = [one for one in order.get(pointer, []) if one in texts] or list(texts)
    return [Shown(letter=answers.letter(n), id=one, text=texts[one]) for n, one in enumerate(ids)]


def _input(
    one: Declaration, block: Input, payload: dict[str, Any], order: Order, *, typed: Typed, answer: dict[str, Any]
) -> BlockView:
    name, wanted = field_name(block.answer), one.field_schema(block.answer)
    view = BlockView(
        kind=str(type(block).__struct_config__.tag), names=block.names, help=block.help, name=name,
        required=one.required(block.answer), longest=wanted.get("maxLength"), value=answer.get(block.answer),
        typed={key: value for key, value in typed.items() if key == name or key.startswith(f"{name}-")},
        rows=getattr(block, "lines", 4),
    )  # fmt: skip
    match block:
        case Choice():
            view.options = choosable(one, block, payload, order)
        case MultiChoice():
            view.options = choosable(one, block, payload, order)
            stored = [option.value for option in choosable(one, block, payload, _as_stored(one, payload))]
            view.fields = {value: f"{name}-{n}" for n, value in enumerate(stored)}
        case Scale():
            view.points = list(range(int(wanted["minimum"]), int(wanted["maximum"]) + 1))
            view.anchors = dict(block.anchors)
        case TurnScale():
            view.turns, view.anchors = _turns(block, wanted, payload, view), dict(block.anchors)
        case Ranking():
            ids = [item.id for item in candidates_of(block.of, payload)]
            view.candidates, view.ties = _shown(block.of, payload, order), block.ties
            for item in view.candidates:
                item.name = f"{name}-{ids.index(item.id)}"
                item.place = typed.get(item.name, "")
        case Rewrite():
            view.text = str(found_at(block.of, payload))
            view.typed.setdefault(name, view.text)
            now = view.value if isinstance(view.value, str) else view.typed[name]
            view.diff = difference(view.text, now)
        case Spans():
            view.text = str(found_at(block.of, payload))
            view.options = [answers.Choosable(label.value, names=label.names) for label in block.labels]
            view.passages = passages(
                view.text, view.value, {label.value: label.names or {"en": label.value} for label in block.labels}
            )
        case Number():
            view.unit = block.unit
        case _:
            pass
    return view


def passages(text: str, spans: Any, labels: dict[str, Words]) -> list[Passage]:
    """The whole text in runs. Passages that overlap stand one after another, each whole."""
    found: list[Passage] = []
    at = 0
    for span in sorted(spans if isinstance(spans, list) else [], key=lambda one: (one["start"], one["end"])):
        if span["start"] > at:
            found.append(Passage(text=text[at : span["start"]]))
        found.append(
            Passage(text=text[span["start"] : span["end"]], label=labels.get(span["label"], {"en": span["label"]}))
        )
        at = max(at, span["end"])
    return [*found, Passage(text=text[at:])] if at < len(text) else found
