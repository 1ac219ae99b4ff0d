import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.importing.csv_file import READ_AGAIN_LIMITS, CsvParser
from callboard.importing.events import Parsed, Unreadable
from tests.importing.helpers import errors, limits, run, values

FIELDS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=15) | st.text(
    '",\n; a', max_size=8
)


@given(
    st.lists(st.tuples(FIELDS, FIELDS, FIELDS), max_size=6),
    st.sampled_from(",;\t"),
    st.sampled_from(["\n", "\r\n"]),
    st.lists(st.integers(1, 30), max_size=20),
)
def test_what_goes_in_comes_out(rows: list[tuple[str, ...]], delimiter: str, end: str, sizes: list[int]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerows([("one", "two", "three"), *rows])
    events = run(CsvParser(limits()), text.getvalue().encode(), sizes)
    assert values(events) == [dict(zip(("one", "two", "three"), row, strict=True)) for row in rows]


@given(st.text('",;\n\ra', max_size=60), st.lists(st.integers(0, 9), max_size=20))
def test_any_chunking_gives_the_same_outcome(text: str, sizes: list[int]) -> None:
    outcomes = []
    for blocks in (sizes, []):
        try:
            outcomes.append(str(run(CsvParser(limits()), b"a,b\n" + text.encode(), blocks)))
        except Unreadable as refused:
            outcomes.append(refused.detail)
    assert outcomes[0] == outcomes[1]


@given(st.text('",\na', max_size=40))
def test_complete_rows_are_those_of_the_standard_reader(text: str) -> None:
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error:
        return
    expected = [dict(zip("ab", row, strict=True)) for row in rows if len(row) == 2]
    assert values(run(CsvParser(limits()), b"a,b\n" + text.encode())) == expected


def test_a_record_over_several_lines_is_named_by_its_first() -> None:
    data = b'\xef\xbb\xbfid,text\r\n1,"a ""quoted""\r\nword, and \xe2\x80\xa8 more"\r\n\r\n2,5" screen\r\n3'
    events = run(CsvParser(limits()), data)
    assert values(events) == [
        {"id": "1", "text": 'a "quoted"\r\nword, and \u2028 more'},
        {"id": "2", "text": '5" screen'},
    ]
    assert [(event.line, event.byte) for event in events if isinstance(event, Parsed)] == [(2, 12), (5, 52)]
    assert errors(events) == [(6, 65, "1 fields, but 2 columns")]


def test_a_lost_quote_costs_its_own_line_only() -> None:
    data = b'id,text\n1,"never closed\n2,"fine"\n3,fine\n4,"nor this\n5,fine\n'
    events = run(CsvParser(limits()), data)
    assert [value["id"] for value in values(events)] == ["2", "3", "5"]
    assert [line for line, _, _ in errors(events)] == [2, 5]


def test_characters_that_cannot_be_kept_are_named_by_column() -> None:
    events = run(CsvParser(limits()), b"id,text\n1,a\0b\n2,\xff\n3,c\n")
    assert values(events) == [{"id": "3", "text": "c"}]
    assert [reason.split(";")[0] for _, _, reason in errors(events)] == [
        "the character U+0000 is not allowed at $.text",
        "byte 0xFF is not UTF-8",
    ]


def test_a_record_beyond_the_limit_is_dropped() -> None:
    data = b'id,text\n1,"' + b"x\n" * 300 + b'"\n2,b\n'
    events = run(CsvParser(limits(import_line_limit_bytes=500)), data)
    assert errors(events)[0] == (2, 8, "longer than 500 bytes")
    assert values(events) == [{"id": "2", "text": "b"}]


def test_quotes_that_never_match_are_given_up() -> None:
    data = b"id,text\n" + b'a","\n' * 20 * READ_AGAIN_LIMITS
    with pytest.raises(Unreadable, match="quotes of the CSV file do not match"):
        run(CsvParser(limits(import_line_limit_bytes=200)), data)


@pytest.mark.parametrize(
    ("data", "match"),
    [
        (b"", "is empty"),
        (b"\n \n", "is empty"),
        (b"a,b,a\n", "two columns named 'a'"),
        (b"a,,c\n", "Column 2 of the CSV file has no name"),
        (b'a,"b\n1,2\n', "row of column names cannot be read"),
        (b'a,"b"c\n1,2\n', "row of column names cannot be read"),
    ],
)
def test_a_file_without_usable_column_names_is_refused(data: bytes, match: str) -> None:
    with pytest.raises(Unreadable, match=match):
        run(CsvParser(limits()), data)
