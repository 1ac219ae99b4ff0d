"""A task's payload and its answers held against the declaration of their kind."""

import hashlib
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from msgspec import Struct

from routing.forms import schema
from routing.forms.declaration import (
    SHOWN,
    Choice,
    Declaration,
    MultiChoice,
    Ranking,
    Rewrite,
    ShowCandidates,
    ShowDialogue,
    Spans,
    TurnScale,
    Words,
    sources,
)
from routing.forms.faults import MISSING, Fault, below, found_at

LEAST_CANDIDATES, MOST_CANDIDATES = 2, 9
MOST_OPTIONS = 200
ROLES = ("system", "user", "assistant")


class Candidate(Struct, frozen=True):
    id: str
    text: str


class Choosable(Struct, frozen=True):
    """`letter` where it stands for a candidate; `text` and `names` are empty then."""

    value: str
    text: str = ""
    names: Words = {}
    letter: str = ""


def payload_faults(one: Declaration, payload: dict[str, Any]) -> list[Fault]:
    """Why tasks of this kind cannot hold that."""
    faults = list(schema.check(payload, one.payload))
    seen = {fault.path for fault in faults}
    for block in one.layout:
        optional = getattr(block, "optional", False)
        for pointer in sources(block):
            found = found_at(pointer, payload)
            if one.candidates(pointer) is not None and not isinstance(block, ShowCandidates):
                continue  # held against the block that shows them
            if pointer in seen or (found is MISSING and optional):
                continue
            new = list(_readable(block, pointer, found))
            seen.update(fault.path for fault in new)
            faults += new
    return faults + _key_faults(one, payload)


def _key_faults(one: Declaration, payload: dict[str, Any]) -> list[Fault]:
    """A right answer that nobody could give is a mistake of whoever wrote the task."""
    if one.right is None or "answer" not in payload:
        return []
    return list(schema.check(payload["answer"], one.field_schema(one.right.answer), "/answer"))


def _readable(block: Any, pointer: str, found: Any) -> Iterator[Fault]:
    """Whether a block can read what it finds."""
    if found is MISSING:
        yield Fault(pointer, "required", "The layout shows this, and the task does not hold it.")
    elif isinstance(block, ShowCandidates):
        yield from _listed(pointer, found, LEAST_CANDIDATES, MOST_CANDIDATES, "id")
    elif isinstance(block, Choice | MultiChoice):
        yield from _listed(pointer, found, 1, MOST_OPTIONS, "value")
    elif isinstance(block, ShowDialogue | TurnScale):
        yield from _dialogue(pointer, found)
    elif not isinstance(found, str) or not found.strip():
        yield Fault(pointer, "wrong_type", "Expected text.", {"type": "string"})


def _listed(pointer: str, found: Any, least: int, most: int, key: str) -> Iterator[Fault]:
    if not isinstance(found, list) or not least <= len(found) <= most:
        yield Fault(pointer, "wrong_type", f"Expected a list of {least} to {most}.", {"type": "array"})
        return
    values = []
    for n, entry in enumerate(found):
        named = isinstance(entry, dict)
        text = entry.get("text") if named else entry
        if named != isinstance(found[0], dict) or not isinstance(text, str) or not text.strip():
            sentence = f"Expected text, or an object with {key} and text; all of one sort."
            yield Fault(below(pointer, n), "wrong_type", sentence, {"type": "string"})
        # Plain candidates are called by their place: two may read the same.
        values.append(str(entry.get(key, "")) if named else str(text) if key == "value" else str(n))
    if not all(value.strip() for value in values) or len(set(values)) < len(values):
        yield Fault(pointer, "twice", f"Every entry has a {key} of its own.")


def _dialogue(pointer: str, found: Any) -> Iterator[Fault]:
    if not isinstance(found, list) or not found:
        yield Fault(pointer, "wrong_type", "Expected a list of turns.", {"type": "array"})
        return
    for n, turn in enumerate(found):
        if not isinstance(turn, dict) or turn.get("role") not in ROLES or not isinstance(turn.get("text"), str):
            yield Fault(
                below(pointer, n),
                "wrong_type",
                f"A turn has a role ({', '.join(ROLES)}) and a text.",
                {"type": "object"},
            )


def candidates_of(pointer: str, payload: dict[str, Any]) -> list[Candidate]:
    """In the task's order. Those without an id are called 1, 2, 3."""
    found = found_at(pointer, payload)
    entries = found if isinstance(found, list) else []
    return [
        Candidate(str(entry["id"]), str(entry["text"])) if isinstance(entry, dict) else Candidate(str(n), str(entry))
        for n, entry in enumerate(entries, 1)
    ]


def ordered(block: ShowCandidates, payload: dict[str, Any], assignment_id: UUID) -> list[Candidate]:
    """As they are shown: the same for every look at one assignment, and different between assignments."""
    found = candidates_of(block.source, payload)
    if not block.shuffle:
        return found
    salt = assignment_id.bytes + block.source.encode()
    return sorted(found, key=lambda one: hashlib.sha256(salt + one.id.encode()).digest())


def shown(one: Declaration, payload: dict[str, Any], assignment_id: UUID) -> dict[str, list[str]]:
    """Pointer → ids from left to right."""
    return {
        block.source: [candidate.id for candidate in ordered(block, payload, assignment_id)]
        for block in one.layout
        if isinstance(block, ShowCandidates)
    }


def choosable(
    one: Declaration, block: Choice | MultiChoice, payload: dict[str, Any], order: dict[str, list[str]]
) -> list[Choosable]:
    """What can be chosen: candidates in the order in which they are shown, what the task lists, then fixed options."""
    found: list[Choosable] = []
    if block.options_from is not None:
        if one.candidates(block.options_from) is not None:
            found = [Choosable(value, letter=letter(n)) for n, value in enumerate(order.get(block.options_from, []))]
        else:
            listed = found_at(block.options_from, payload)
            for entry in listed if isinstance(listed, list) else []:
                found.append(
                    Choosable(str(entry["value"]), str(entry["text"]))
                    if isinstance(entry, dict)
                    else Choosable(str(entry), str(entry))
                )
    taken = {option.value for option in found}
    return found + [
        Choosable(option.value, names=option.names) for option in block.options if option.value not in taken
    ]


def blinded(one: Declaration, payload: dict[str, Any]) -> dict[str, Any]:
    """The payload with nothing of candidates but what is shown: whose they are would be a hint."""
    found = payload
    for block in one.layout:
        if isinstance(block, ShowCandidates) and isinstance(found_at(block.source, payload), list):
            bare = [{"id": item.id, "text": item.text} for item in candidates_of(block.source, payload)]
            found = _replaced(found, block.source.split("/")[1:], bare)
    return found


def _replaced(place: Any, steps: list[str], value: Any) -> Any:
    if not steps or not isinstance(place, dict):
        return value if not steps else place
    key = steps[0].replace("~1", "/").replace("~0", "~")
    return place | {key: _replaced(place[key], steps[1:], value)}


def letter(place: int) -> str:
    return "ABCDEFGHI"[place]


def answer_faults(one: Declaration, payload: dict[str, Any], answer: dict[str, Any]) -> list[Fault]:
    """What is wrong with an answer: by the schema, and by what this one task offers."""
    given = {name: value for name, value in answer.items() if name != SHOWN}
    faults = list(schema.check(given, one.answer))
    wrong = {fault.path.split("/")[1] for fault in faults if fault.path}
    order = {
        pointer: [item.id for item in candidates_of(pointer, payload)] for pointer in shown(one, payload, UUID(int=0))
    }
    for block in one.inputs():
        if block.answer not in given or block.answer in wrong:
            continue
        faults += _offered(one, block, payload, given[block.answer], order)
    return faults + list(_order_faults(answer.get(SHOWN), order))


def _offered(
    one: Declaration, block: Any, payload: dict[str, Any], value: Any, order: dict[str, list[str]]
) -> Iterator[Fault]:
    path = below("", block.answer)
    match block:
        case Choice() | MultiChoice():
            values = {option.value for option in choosable(one, block, payload, order)}
            given = value if isinstance(value, list) else [value]
            for n, entry in enumerate(given):
                if entry not in values:
                    yield Fault(
                        below(path, n) if isinstance(value, list) else path,
                        "not_a_choice",
                        "This task does not offer that.",
                    )
            if len(set(map(str, given))) < len(given):
                yield Fault(path, "twice", "Something stands twice.")
        case Ranking():
            yield from _ranking(block, value, order.get(block.of, []), path)
        case Rewrite():
            if block.must_differ and value.strip() == str(found_at(block.of, payload)).strip():
                yield Fault(path, "unchanged", "The text is as it was.")
        case TurnScale():
            yield from _turn_ratings(block, value, turns_of(block, payload), path)
        case Spans():
            yield from _spans(block, value, str(found_at(block.of, payload)), path)
        case _:
            pass


def _ranking(block: Ranking, value: list[Any], ids: list[str], path: str) -> Iterator[Fault]:
    if not all(isinstance(place, list) and place and all(isinstance(one, str) for one in place) for place in value):
        yield Fault(path, "wrong_type", "Places are lists of ids, best first.", {"type": "array"})
        return
    if sorted(one for place in value for one in place) != sorted(ids):
        yield Fault(path, "not_ranked", "Every candidate has one place.")
    for n, place in enumerate(value):
        if len(place) > 1 and not block.ties:
            yield Fault(below(path, n), "tie", "No two candidates share a place here.")


def turns_of(block: TurnScale, payload: dict[str, Any]) -> list[int]:
    """The numbers of the turns that are rated, from 1."""
    found = found_at(block.of, payload)
    turns = found if isinstance(found, list) else []
    return [no for no, turn in enumerate(turns, 1) if isinstance(turn, dict) and turn.get("role") in block.roles]


def _turn_ratings(block: TurnScale, value: list[Any], turns: list[int], path: str) -> Iterator[Fault]:
    given = [entry.get("turn") if isinstance(entry, dict) else None for entry in value]
    for n, entry in enumerate(value):
        if not isinstance(entry, dict) or entry.keys() != {"turn", "value"}:
            yield Fault(below(path, n), "wrong_type", "A rating is {turn, value}.", {"type": "object"})
            return
        if entry["turn"] not in turns:
            yield Fault(below(path, n), "not_a_choice", "This turn is not rated here.")
    if len(set(given)) < len(given):
        yield Fault(path, "twice", "Something stands twice.")
    missing = [turn for turn in turns if turn not in given]
    if block.every and missing:
        yield Fault(path, "turn_unrated", f"Turn {missing[0]} has no rating.", {"turn": missing[0]})


def _spans(block: Spans, value: list[Any], text: str, path: str) -> Iterator[Fault]:
    labels, end = {label.value for label in block.labels}, 0
    kept = []
    for n, span in enumerate(value):
        here = below(path, n)
        if (
            not isinstance(span, dict)
            or span.keys() != {"start", "end", "label"}
            or not _whole(span["start"], span["end"])
        ):
            yield Fault(here, "wrong_type", "A passage is {start, end, label}.", {"type": "object"})
        elif not 0 <= span["start"] < span["end"] <= len(text):
            yield Fault(here, "outside_text", "This passage lies outside of the text.")
        elif span["label"] not in labels:
            yield Fault(below(here, "label"), "not_a_choice", "There is no such label.")
        else:
            kept.append((span["start"], span["end"], n))
    for start, stop, n in sorted(kept):
        if start < end and not block.overlap:
            yield Fault(below(path, n), "overlap", "Two passages overlap.")
        end = max(end, stop)


def _whole(*values: Any) -> bool:
    return all(isinstance(value, int) and not isinstance(value, bool) for value in values)


def _order_faults(given: Any, order: dict[str, list[str]]) -> Iterator[Fault]:
    """Another frontend may say in which order it showed the candidates."""
    if given is None:
        return
    path = below("", SHOWN)
    if not isinstance(given, dict) or given.keys() != order.keys():
        yield Fault(path, "wrong_type", "One list of ids for each block of candidates.", {"type": "object"})
        return
    for pointer, ids in given.items():
        if not isinstance(ids, list) or sorted(map(str, ids)) != sorted(order[pointer]):
            yield Fault(below(path, pointer), "not_ranked", "Every candidate stands there once.")
