import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.importing.events import LineError, Parsed, Unreadable
from callboard.importing.json_array import OPEN_BRACKETS, JsonArrayParser
from tests.importing.helpers import errors, limits, run, values
from tests.importing.test_ndjson import OBJECTS


@given(st.lists(OBJECTS, max_size=6), st.sampled_from([None, 0, 2]), st.lists(st.integers(1, 50), max_size=20))
def test_what_goes_in_comes_out(records: list[dict[str, Any]], indent: int | None, sizes: list[int]) -> None:
    data = (json.dumps(records, ensure_ascii=False, indent=indent) + "\n").encode()
    events = run(JsonArrayParser(limits()), data, sizes)
    assert values(events) == records
    for event in events:
        assert isinstance(event, Parsed)
        assert data[event.byte : event.byte + 1] == b"{"
        assert data[: event.byte].count(b"\n") == event.line - 1


@given(st.text('[]{},:"\\a1 \n', max_size=60), st.lists(st.integers(0, 9), max_size=20))
def test_any_chunking_gives_the_same_outcome(text: str, sizes: list[int]) -> None:
    outcomes = []
    for blocks in (sizes, []):
        try:
            outcomes.append(str(run(JsonArrayParser(limits()), text.encode(), blocks)))
        except Unreadable as refused:
            outcomes.append(refused.detail)
    assert outcomes[0] == outcomes[1]


@given(st.text('[]{},:"\\a1 \n', max_size=40))
def test_what_the_standard_parser_takes_is_taken(text: str) -> None:
    try:
        expected = json.loads(f"[{text}]")
    except ValueError:
        return
    events = run(JsonArrayParser(limits()), f"[{text}]".encode())
    assert len(events) == len(expected)


def test_bad_elements_are_named_and_reading_goes_on() -> None:
    data = b'[\n  {"a": 1},\n  {"a": tru},\n  7,\n  {"a": [1},\n  {"a": {"b": 2}, "a": 3},\n  {"a": "]},["}\n]\n'
    events = run(JsonArrayParser(limits()), data)
    assert values(events) == [{"a": 1}, {"a": "]},["}]
    assert [(line, reason) for line, _, reason in errors(events)] == [
        (3, "not valid JSON: Expecting value"),
        (4, "not a JSON object"),
        (5, "not valid JSON: Expecting ',' delimiter"),
        (6, 'the key "a" stands twice in one object'),
    ]


def test_commas_without_elements() -> None:
    events = run(JsonArrayParser(limits()), b'[{"a": 1},,{"a": 2},]')
    assert values(events) == [{"a": 1}, {"a": 2}]
    assert [byte for _, byte, _ in errors(events)] == [10, 20]


def test_an_element_beyond_the_limit_is_dropped() -> None:
    data = b'[{"a": "' + b"x\n" * 2000 + b'"},\n {"a": 1}]'
    events = run(JsonArrayParser(limits(import_line_limit_bytes=1000)), data, [500, 800])
    assert events == [LineError(1, 1, "longer than 1,000 bytes"), Parsed(2002, len(data) - 9, {"a": 1})]


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("[1, 2", "is not closed: an element that begins on line 1"),
        ('[{"a": 1},\n{"a": "x},\n{"a": 2}]', "begins on line 2"),
        ('[{"a": 1},\n{"a": {"b": 1},\n{"a": 2}]', "line 2 is never closed"),
        ("[] []", "behind the end of the array, on line 1"),
        ("\n x []", "before the array, on line 2"),
        ("x", "holds no JSON array"),
        ("", "holds no JSON array"),
        ("[" * (OPEN_BRACKETS + 1), "nested more than"),
    ],
)
def test_an_array_that_cannot_be_followed_is_refused(text: str, match: str) -> None:
    with pytest.raises(Unreadable, match=match):
        run(JsonArrayParser(limits()), text.encode(), [2])


def test_an_empty_array_has_no_records() -> None:
    assert run(JsonArrayParser(limits()), b"\xef\xbb\xbf [ \n ] \n") == []
