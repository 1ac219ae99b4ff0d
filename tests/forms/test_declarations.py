"""Declarations, schemas and answers by themselves: what is refused, where, and under which code."""

import copy
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.pages.kind_fields import answer_of, blocks_of, typed_of
from routing.forms import declaration, schema
from routing.forms.answers import answer_faults, ordered, payload_faults, shown
from routing.forms.errors import BadForm
from routing.forms.faults import found_at
from routing.forms.store import built_in, right
from tests.forms.examples import ANSWERS, CUSTOM, PAYLOADS

KINDS = sorted(PAYLOADS)


def test_there_is_an_example_of_every_kind() -> None:
    assert set(built_in()) == set(PAYLOADS) == set(ANSWERS)


@pytest.mark.parametrize("kind", KINDS)
def test_the_example_fits_and_the_words_are_there_in_both_languages(kind: str) -> None:
    one = built_in()[kind].declaration
    assert not payload_faults(one, PAYLOADS[kind])
    assert not answer_faults(one, PAYLOADS[kind], ANSWERS[kind])
    for block in one.layout:
        assert set(block.names) == {"en", "zh"}, block


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_the_layout_shows_has_to_be_there(kind: str) -> None:
    one = built_in()[kind].declaration
    for block in one.layout:
        for pointer in declaration.sources(block):
            without = {name: value for name, value in PAYLOADS[kind].items() if name != pointer[1:]}
            paths = {fault.path for fault in payload_faults(one, without)}
            assert (pointer in paths) != getattr(block, "optional", False), (pointer, paths)


REFUSED = [
    ("preference_pair", {"preferred": "c"}, "/preferred", "not_a_choice"),
    ("preference_pair", {"preferred": "a", "strength": 4}, "/strength", "too_large"),
    ("preference_ranking", {"ranking": [["a"], ["b"]]}, "/ranking", "not_ranked"),
    ("preference_ranking", {"ranking": [["a"], ["b"], ["c", "a"]]}, "/ranking", "not_ranked"),
    ("preference_ranking", {"ranking": [["a"], [], ["b", "c"]]}, "/ranking/1", "too_few"),
    ("preference_ranking", {}, "/ranking", "required"),
    ("rating", {"helpfulness": 4.5, "factuality": 5, "fluency": True}, "/helpfulness", "wrong_type"),
    ("rating", {"helpfulness": 4, "factuality": 5, "fluency": True}, "/fluency", "wrong_type"),
    ("prompt_writing", {"prompt": "Tea?"}, "/prompt", "too_short"),
    ("rewriting", {"text": " It is the case that tea is a thing that people drink. "}, "/text", "unchanged"),
    ("dialogue_evaluation", {"goal": "reached", "coherence": 5, "tone": 4, "mood": 1}, "/mood", "unknown_field"),
    ("choice", {"label": "Oolong"}, "/label", "not_a_choice"),
    ("labels", {"labels": ["drink", "drink"]}, "/labels", "twice"),
    ("labels", {"labels": ["drink", "film"]}, "/labels/1", "not_a_choice"),
    ("spans", {"spans": [{"start": 15, "end": 99, "label": "place"}]}, "/spans/0", "outside_text"),
    ("spans", {"spans": [{"start": 5, "end": 5, "label": "place"}]}, "/spans/0", "outside_text"),
    ("spans", {"spans": [{"start": 0, "end": 2, "label": "mood"}]}, "/spans/0/label", "not_a_choice"),
    ("spans", {"spans": [{"start": 0, "end": 4, "label": "person"}, {"start": 3, "end": 9, "label": "person"}]}, "/spans/1", "overlap"),
    ("preference_pair", {"preferred": "a", "shown": {"/candidates": ["a"]}}, "/shown/~1candidates", "not_ranked"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "answer", "path", "code"), REFUSED)
def test_a_wrong_answer_is_named_by_its_place(kind: str, answer: dict[str, Any], path: str, code: str) -> None:
    faults = answer_faults(built_in()[kind].declaration, PAYLOADS[kind], answer)
    assert (path, code) in [(fault.path, fault.code) for fault in faults], faults


def changed(**changes: Any) -> dict[str, Any]:
    """`CUSTOM` with other values at pointers; `__` stands for a slash."""
    whole = copy.deepcopy(CUSTOM)
    for pointer, value in changes.items():
        *above, last = pointer.split("__")
        place: Any = found_at("/" + "/".join(above), whole) if above else whole
        place[int(last) if isinstance(place, list) else last] = value
    return whole


BAD = [
    (changed(names={}), "/names"),
    (changed(answer__properties__tone={"type": "string", "pattern": "(a+)+$"}), "/answer/properties/tone/pattern"),
    (changed(answer__properties__tone={"type": ["string"]}), "/answer/properties/tone/type"),
    (changed(answer__properties__tone={"enum": ["warm"]}), "/answer/properties/tone/type"),
    (changed(answer__properties__note={"type": "string", "maxLength": -1}), "/answer/properties/note/maxLength"),
    (changed(answer__required=["tone", "mood"]), "/answer/required"),
    (changed(answer__properties__shown={"type": "string"}), "/answer/properties/shown"),
    (changed(answer={"type": "array"}), "/answer/type"),
    (changed(layout__0={"block": "show_text", "from": "/answer"}), "/layout/0"),
    (changed(layout__0={"block": "show_video", "from": "/line"}), "/layout/0/block"),
    (changed(layout__2={"block": "text", "field": "tone"}), "/layout/2/field"),
    (changed(layout__2={"block": "text", "field": "mood"}), "/layout/2/field"),
    (changed(layout__2={"block": "scale", "field": "note"}), "/layout/2/field"),
    (changed(layout__1={"block": "choice", "field": "tone", "options": [{"value": "hot"}]}), "/layout/1/options"),
    (changed(layout__1={"block": "choice", "field": "tone"}), "/layout/1/options"),
    (changed(right={"field": "mood"}), "/right/field"),
    (changed(surprise=1), ""),
]


@pytest.mark.parametrize(("data", "path"), BAD, ids=[f"{n}{path}" for n, (_, path) in enumerate(BAD)])
def test_a_declaration_that_makes_no_form_is_refused_at_its_place(data: dict[str, Any], path: str) -> None:
    with pytest.raises(BadForm) as refused:
        declaration.read(data)
    assert path in [one["path"] for one in refused.value.extra["errors"]], refused.value.extra


def test_the_custom_one_is_good() -> None:
    declaration.read(CUSTOM)


def test_candidates_stay_in_their_order_and_differ_between_assignments() -> None:
    one, payload = built_in()["preference_ranking"].declaration, PAYLOADS["preference_ranking"]
    block = one.candidates("/candidates")
    assert block is not None
    orders = {tuple(item.id for item in ordered(block, payload, UUID(int=n))) for n in range(60)}
    assert len(orders) == 6
    assert shown(one, payload, UUID(int=7)) == shown(one, payload, UUID(int=7))
    first = [shown(one, payload, UUID(int=n))["/candidates"][0] for n in range(900)]
    assert all(240 < first.count(name) < 360 for name in "abc"), "every place is as likely"


def test_what_is_right() -> None:
    assert right(["a", "b"], ["b", "a"])
    assert right(" Sencha", "Sencha")
    assert not right("Assam", "Sencha")
    assert not right([["a"], ["b"]], [["b"], ["a"]])
    assert right([{"start": 1, "end": 2, "label": "x"}], [{"label": "x", "end": 2, "start": 1}])
    assert not right(1, True) or right(1, 1)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)


@given(JSON, st.sampled_from(KINDS))
def test_nothing_that_is_json_breaks_the_check(value: Any, kind: str) -> None:
    one = built_in()[kind].declaration
    assert isinstance(list(schema.check(value, one.answer)), list)
    list(schema.judge(value))
    for name in ANSWERS[kind]:
        answer_faults(one, PAYLOADS[kind], ANSWERS[kind] | {name: value})
    if isinstance(value, dict):
        payload_faults(one, value)
        assert answer_faults(one, PAYLOADS[kind], value)


@given(JSON, st.sampled_from(KINDS))
def test_nothing_that_is_json_breaks_the_look_at_a_payload(value: Any, kind: str) -> None:
    for name in PAYLOADS[kind]:
        payload_faults(built_in()[kind].declaration, PAYLOADS[kind] | {name: value})


@given(JSON)
def test_nothing_that_is_json_breaks_the_judge(value: Any) -> None:
    for name in CUSTOM:
        try:
            declaration.read(CUSTOM | {name: value})
        except BadForm as error:
            assert error.extra["errors"]  # noqa: PT017  many declarations, each may be refused


RATED: dict[str, Any] = {
    "names": {"en": "Turns"},
    "answer": {
        "type": "object", "required": ["each"], "additionalProperties": False,
        "properties": {"each": {"type": "array", "items": {
            "type": "object", "required": ["turn", "value"], "additionalProperties": False,
            "properties": {"turn": {"type": "integer"}, "value": {"type": "integer", "minimum": 0, "maximum": 2}},
        }}},
    },
    "layout": [
        {"block": "show_dialogue", "from": "/turns"},
        {"block": "turn_scale", "field": "each", "of": "/turns", "every": True, "names": {"en": "Good?"}, "anchors": {"2": {"en": "yes"}}},
    ],
}  # fmt: skip
TALK = {"turns": [{"role": role, "text": "x"} for role in ("system", "user", "assistant", "user", "assistant")]}


@pytest.mark.parametrize(
    ("each", "faults"),
    [
        ([{"turn": 3, "value": 2}, {"turn": 5, "value": 0}], []),
        ([{"turn": 3, "value": 2}], [("/each", "turn_unrated")]),
        ([], [("/each", "turn_unrated")]),
        ([{"turn": 3, "value": 2}, {"turn": 4, "value": 0}], [("/each/1", "not_a_choice"), ("/each", "turn_unrated")]),
        ([{"turn": 3, "value": 2}, {"turn": 3, "value": 1}, {"turn": 5, "value": 1}], [("/each", "twice")]),
        ([{"turn": 3, "value": 3}, {"turn": 5, "value": 1}], [("/each/0/value", "too_large")]),
    ],
)
def test_every_reply_of_a_dialogue_is_rated_once(each: list[Any], faults: list[tuple[str, str]]) -> None:
    one = declaration.read(RATED)
    assert [(fault.path, fault.code) for fault in answer_faults(one, TALK, {"each": each})] == faults


def test_ratings_of_turns_are_fields_below_them_and_come_back_as_they_were_typed() -> None:
    one, answer = declaration.read(RATED), {"each": [{"turn": 3, "value": 2}, {"turn": 5, "value": 0}]}
    typed = typed_of(one, TALK, answer)
    assert typed == {"f-each-3": "2", "f-each-5": "0"}
    assert answer_of(one, TALK, typed) == (answer, [])
    shown, asked = blocks_of(one, TALK, {}, {"f-each-3": "1"}, answer=answer)
    assert [[rating.name for rating in line.ratings] for line in shown.lines] == [
        [],
        [],
        ["f-each-3"],
        [],
        ["f-each-5"],
    ]
    assert (asked.turns[0].typed, asked.turns[0].value, asked.turns[0].points, asked.rated) == (
        "1",
        2,
        [0, 1, 2],
        [2, 0],
    )
    _, faults = answer_of(one, TALK, {"f-each-3": "many"})
    assert [fault.code for fault in faults] == ["not_a_number"]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"of": "/other"}, "/layout/1/of"),
        ({"anchors": {"7": {"en": "x"}}}, "/layout/1/anchors"),
        ({"roles": []}, "/layout/1/roles"),
    ],
)
def test_a_scale_of_turns_needs_its_dialogue(change: dict[str, Any], path: str) -> None:
    with pytest.raises(BadForm) as refused:
        declaration.read(RATED | {"layout": [RATED["layout"][0], RATED["layout"][1] | change]})
    assert path in [one["path"] for one in refused.value.extra["errors"]], refused.value.extra
