from hypothesis import given
from hypothesis import strategies as st

from callboard.importing.lines import Line, LineSplitter
from tests.importing.helpers import cut

BYTES = st.binary(max_size=300) | st.text("ab\n\r\u2028\x85", max_size=200).map(str.encode)
SIZES = st.lists(st.integers(0, 40), max_size=30)


def split(data: bytes, sizes: list[int], limit: int = 10_000) -> list[Line]:
    splitter = LineSplitter(limit)
    return [line for block in cut(data, sizes) for line in splitter.feed(block)] + splitter.close()


@given(BYTES, SIZES)
def test_any_chunking_gives_the_same_lines(data: bytes, sizes: list[int]) -> None:
    expected = data.split(b"\n")
    if expected[-1] == b"":
        expected.pop()
    lines = split(data, sizes)
    assert [line.data for line in lines] == expected
    assert [line.number for line in lines] == list(range(1, len(expected) + 1))
    assert all(data[line.byte :].startswith(line.data or b"") for line in lines)


@given(BYTES, SIZES, st.integers(1, 20))
def test_a_line_beyond_the_limit_is_dropped_and_only_that_line(data: bytes, sizes: list[int], limit: int) -> None:
    whole, limited = split(data, []), split(data, sizes, limit)
    assert [line._replace(data=None) for line in whole] == [line._replace(data=None) for line in limited]
    for line, kept in zip(whole, limited, strict=True):
        assert kept.data == (line.data if len(line.data or b"") <= limit else None)


def test_an_endless_line_is_not_kept() -> None:
    splitter = LineSplitter(1000)
    for _ in range(1000):
        assert splitter.feed(b"x" * 1000) == []
        assert len(splitter._pending) <= 1000
    assert splitter.close() == [Line(1, 0, None)]


def test_only_a_line_feed_ends_a_line() -> None:
    text = "a\u2028b\u2029c\x0bd\x0ce\x1cf\x85g\rh\n"
    assert split(text.encode(), [3, 1]) == [Line(1, 0, text.encode()[:-1])]
