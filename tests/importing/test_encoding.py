import pytest

from callboard.importing.encoding import CHINESE, WESTERN, text_start
from callboard.importing.events import Unreadable
from callboard.importing.parser import NdjsonParser
from tests.importing.helpers import errors, limits, run, values

CHINESE_LINES = '{"问题": "请问这张票据应当怎样入账？"}\n{"问题": "谢谢，再见。"}\n'


@pytest.mark.parametrize(
    ("encoding", "guess"),
    [
        ("utf-16", "UTF-16 (little endian)"),
        ("utf-16-le", "UTF-16 (little endian)"),
        ("utf-16-be", "UTF-16 (big endian)"),
        ("utf-32", "UTF-32 (little endian)"),
        ("utf-32-be", "UTF-32 (big endian)"),
        ("gbk", CHINESE),
        ("gb18030", CHINESE),
    ],
)
def test_another_encoding_is_refused_with_the_guess_named(encoding: str, guess: str) -> None:
    with pytest.raises(Unreadable, match="is not UTF-8; it looks like") as refused:
        run(NdjsonParser(limits()), CHINESE_LINES.encode(encoding))
    assert refused.value.extra["guess"] == guess


def test_western_text_is_named_as_such() -> None:
    data = '{"a": "naïve café, señor"}\n{"b": "Größe"}\n'.encode("cp1252")
    with pytest.raises(Unreadable) as refused:
        text_start(data)
    assert refused.value.extra["guess"] == WESTERN


def test_a_long_file_is_judged_by_its_beginning_even_when_a_character_is_cut() -> None:
    data = ('{"a": "x' + "汉" * 30_000 + '"}\n').encode()
    assert len(values(run(NdjsonParser(limits()), data, [7, 65_000, 3]))) == 1


def test_one_spoilt_line_in_a_good_file_is_a_line_error() -> None:
    lines = [f'{{"n": {number}}}'.encode() for number in range(20)]
    lines[6] = b'{"n": "caf\xe9"}'
    (error,) = errors(run(NdjsonParser(limits()), b"\n".join(lines)))
    assert error == (
        7,
        sum(len(line) + 1 for line in lines[:6]) + 10,
        f"byte 0xE9 is not UTF-8; it looks like {WESTERN}",
    )


def test_spoilt_lines_among_chinese_ones_are_line_errors() -> None:
    good = '{"问题": "这是一个正常的问题，后面还有很多字。"}\n'.encode()
    events = run(NdjsonParser(limits()), good + '{"x": "坏"}\n'.encode("gbk") + good)
    assert len(values(events)) == 2
    assert [line for line, _, _ in errors(events)] == [2]


@pytest.mark.parametrize("head", [b"PK\x03\x04rest", b"%PDF-1.7", b"BZh9", b"PAR1", b"(\xb5/\xfd", b"\xfd7zXZ\x00"])
def test_containers_are_named(head: bytes) -> None:
    with pytest.raises(Unreadable, match="This is a"):
        text_start(head)


def test_the_byte_order_mark_is_no_part_of_the_text() -> None:
    assert text_start(b"\xef\xbb\xbf{}") == 3
    assert text_start(b"{}") == text_start(b"") == 0
