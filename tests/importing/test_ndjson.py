import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.importing.events import AboveLimit, LineError, Parsed, Unreadable
from callboard.importing.parser import NdjsonParser
from tests.importing.helpers import errors, limits, run, values

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT
)
OBJECTS = st.dictionaries(
    TEXT,
    st.recursive(
        LEAVES, lambda below: st.lists(below, max_size=3) | st.dictionaries(TEXT, below, max_size=3), max_leaves=8
    ),
    max_size=4,
)


@given(
    st.lists(OBJECTS, max_size=6),
    st.booleans(),
    st.sampled_from(["\n", "\r\n", "\n\n"]),
    st.lists(st.integers(1, 50), max_size=20),
)
def test_what_goes_in_comes_out(records: list[dict[str, Any]], ascii_only: bool, end: str, sizes: list[int]) -> None:
    text = "".join(json.dumps(record, ensure_ascii=ascii_only) + end for record in records)
    events = run(NdjsonParser(limits()), text.encode(), sizes)
    assert values(events) == records
    for event in events:
        assert isinstance(event, Parsed)
        assert text.encode()[: event.byte].count(b"\n") == event.line - 1


@given(st.binary(max_size=200), st.lists(st.integers(0, 50), max_size=10))
def test_no_bytes_break_the_reader(data: bytes, sizes: list[int]) -> None:
    outcomes = []
    for blocks in (sizes, []):
        try:
            outcomes.append(str(run(NdjsonParser(limits()), data, blocks)))
        except Unreadable as refused:
            outcomes.append(refused.detail)
    assert outcomes[0] == outcomes[1]


def test_mark_crlf_blank_lines_and_a_missing_last_line_end() -> None:
    data = b'\xef\xbb\xbf{"a": 1}\r\n\r\n \t\n{"a": "x\xe2\x80\xa8y"}\n\n{"a": 3}'
    events = run(NdjsonParser(limits()), data)
    assert values(events) == [{"a": 1}, {"a": "x\u2028y"}, {"a": 3}]
    assert [(event.line, event.byte) for event in events] == [(1, 3), (4, 18), (6, 34)]


@pytest.mark.parametrize(
    ("line", "reason", "offset"),
    [
        ('{"a": 1', "not valid JSON: Expecting ',' delimiter", 7),
        ('{"a": tru}', "not valid JSON: Expecting value", 6),
        ('{"ä": 1} x', "not valid JSON: Extra data", 10),
        ("[1, 2]", "not a JSON object", 0),
        ("7", "not a JSON object", 0),
        ('{"a": 1, "b": {"c": 1, "c": 2}}', 'the key "c" stands twice in one object', 0),
        (r'{"t": [{"x": "a"}, {"x": "b\u0000"}]}', "the character U+0000 is not allowed at $.t[1].x", 0),
        (r'{"a b": "\ud83d"}', 'half of a surrogate pair, U+D83D, is not allowed at $["a b"]', 0),
        (r'{"a": {"x\udc00": 1}}', "in a key: half of a surrogate pair, U+DC00, is not allowed at $.a", 0),
        ('{"a": NaN}', "NaN is not a JSON number", 0),
        ('{"a": -Infinity}', "-Infinity is not a JSON number", 0),
        ('{"a": [1e400]}', "the number at $.a[0] is too large", 0),
        ('{"a": 9223372036854775808}', "the whole number at $.a does not fit 64 bits", 0),
        ('{"a": ' + "9" * 5000 + "}", "a number has too many digits", 0),
        ('{"a": "x\ty"}', "not valid JSON: Invalid control character at", 8),
        ('{"a": "x\0y"}', "not valid JSON: Invalid control character at", 8),
        ("\ufeff" + '{"a": 1}', "not valid JSON: Expecting value", 0),
    ],
)
def test_a_bad_line_is_named_and_reading_goes_on(line: str, reason: str, offset: int) -> None:
    before = b'{"n": 1}\n'
    events = run(NdjsonParser(limits()), before + line.encode() + b'\n{"n": 3}\n')
    assert values(events) == [{"n": 1}, {"n": 3}]
    assert errors(events) == [(2, len(before) + offset, reason)]


def test_depth_counts_the_object_itself() -> None:
    deepest = limits().json_depth_limit
    inside = '{"a":' + "[" * (deepest - 1) + "]" * (deepest - 1) + "}"
    beyond = '{"a":' + "[" * deepest + "]" * deepest + "}"
    bomb = '{"a":' + "[" * 400_000
    events = run(NdjsonParser(limits()), f"{inside}\n{beyond}\n{bomb}\n".encode())
    assert len(values(events)) == 1
    assert [(line, reason.split(" at $")[0]) for line, _, reason in errors(events)] == [
        (2, "nested too deeply"),
        (3, f"nested too deeply; at most {deepest} levels"),
    ]


def test_a_line_and_a_file_have_limits() -> None:
    small = limits(import_line_limit_bytes=2000, import_limit_bytes=5000)
    data = b'{"a": "' + b"x" * 3000 + b'"}\n{"a": 1}\n'
    events = run(NdjsonParser(small), data, [100, 1000, 100])
    assert events == [LineError(1, 0, "longer than 2,000 bytes"), Parsed(2, 3010, {"a": 1})]
    with pytest.raises(AboveLimit, match="5,000 bytes"):
        run(NdjsonParser(small), data * 2, [1000, 1000])


def test_an_object_over_several_lines_is_explained() -> None:
    with pytest.raises(Unreadable, match="one object per line"):
        run(NdjsonParser(limits()), b'{\n  "a": 1\n}\n')


def test_a_thousand_equal_keys_cost_no_time() -> None:
    keys = ", ".join(f'"k{number}": 1' for number in range(60_000))
    assert errors(run(NdjsonParser(limits()), f'{{{keys}, "k59999": 2}}'.encode())) == [
        (1, 0, 'the key "k59999" stands twice in one object')
    ]
