import gzip
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from callboard.importing.events import AboveLimit, Unreadable
from callboard.importing.source import BLOCK_BYTES, peek, read_blocks, tell_format
from tests.importing.helpers import limits


@given(st.lists(st.binary(max_size=2000), min_size=1, max_size=4))
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_packed_members_read_as_one_file(tmp_path: Path, parts: list[bytes]) -> None:
    path = tmp_path / "file.gz"
    path.write_bytes(b"".join(map(gzip.compress, parts)))
    assert b"".join(read_blocks(path, limits())) == b"".join(parts)


def test_blocks_are_bounded_and_progress_reaches_the_size_of_the_file(tmp_path: Path) -> None:
    data = os.urandom(BLOCK_BYTES) * 3
    for packed in (data, gzip.compress(data)):
        path = tmp_path / "file"
        path.write_bytes(packed)
        heard: list[int] = []
        blocks = list(read_blocks(path, limits(), heard.append))
        assert b"".join(blocks) == data
        assert max(map(len, blocks)) <= BLOCK_BYTES
        assert heard == sorted(heard)
        assert heard[-1] == len(packed)


def test_a_bomb_is_stopped_by_its_ratio_and_by_its_size(tmp_path: Path) -> None:
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(bytes(30_000_000)))
    blocks: list[bytes] = []
    with pytest.raises(AboveLimit, match="100 times its size"):
        blocks.extend(read_blocks(path, limits()))
    assert sum(map(len, blocks)) < 4_000_000
    with pytest.raises(AboveLimit, match="more than 500,000 bytes"):
        list(read_blocks(path, limits(import_limit_bytes=500_000)))


def test_a_small_file_of_equal_lines_is_no_bomb(tmp_path: Path) -> None:
    path = tmp_path / "small.gz"
    path.write_bytes(gzip.compress(b"\n" * 900_000))
    assert len(b"".join(read_blocks(path, limits()))) == 900_000


def test_a_cut_or_damaged_packed_file_is_refused(tmp_path: Path) -> None:
    packed = gzip.compress(os.urandom(100_000))
    path = tmp_path / "file.gz"
    path.write_bytes(packed[:50_000])
    with pytest.raises(Unreadable, match="ends too early"):
        list(read_blocks(path, limits()))
    path.write_bytes(packed[:-8] + bytes(8))
    with pytest.raises(Unreadable, match="is damaged"):
        list(read_blocks(path, limits()))


@pytest.mark.parametrize(
    ("head", "name", "expected"),
    [
        (b'\xef\xbb\xbf \n [{"a": 1}]', "x", "json"),
        (b'{"a": 1}', "x.json", "ndjson"),
        (b"", "x", "ndjson"),
        (b"a,b\n", "x", "csv"),
        (b"[a],b\n", "x.csv.gz", "csv"),
        (b"{a}\tb\n", "X.TSV", "csv"),
    ],
)
def test_the_format_is_told_from_the_beginning(head: bytes, name: str, expected: str) -> None:
    assert tell_format(head, name) == expected


def test_peeking_loses_nothing() -> None:
    blocks = [bytes([number]) * 40_000 for number in range(5)]
    head, again = peek(iter(blocks))
    assert head == blocks[0] + blocks[1]
    assert b"".join(again) == b"".join(blocks)
