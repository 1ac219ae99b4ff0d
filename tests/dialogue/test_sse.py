from hypothesis import given
from hypothesis import strategies as st

from dialogue.sse import EventReader

# What may stand in one line of data: anything but a line end.
LINE = st.text(st.characters(exclude_characters="\n\r", codec="utf-8")).map(str.encode)
EVENTS = st.lists(st.lists(LINE, min_size=1, max_size=3), max_size=5)


@given(events=EVENTS, cuts=st.lists(st.integers(min_value=1, max_value=7), min_size=1), crlf=st.booleans())
def test_events_are_the_same_however_the_bytes_are_cut(events: list[list[bytes]], cuts: list[int], crlf: bool) -> None:
    end = b"\r\n" if crlf else b"\n"
    body = (
        b": hello"
        + end
        + b"".join(b"".join(b"data: " + line + end for line in lines) + b"id: 1" + end + end for lines in events)
    )
    reader, found, place = EventReader(), [], 0
    while place < len(body):
        size = cuts[place % len(cuts)]
        found += reader.feed(body[place : place + size])
        place += size
    assert found + reader.finish() == [b"\n".join(lines) for lines in events]


def test_an_event_without_its_empty_line_comes_at_the_end() -> None:
    reader = EventReader()
    assert reader.feed(b"data:one\ndata: two") == []
    assert reader.finish() == [b"one\ntwo"]
    assert reader.finish() == []
