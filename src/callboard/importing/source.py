"""A file on disk as blocks of text bytes: unpacked where it is packed, with the format told from its first bytes."""

import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Literal

from callboard.importing.csv_file import CsvParser
from callboard.importing.encoding import SNIFF_BYTES
from callboard.importing.events import AboveLimit, Unreadable
from callboard.importing.json_array import JsonArrayParser
from callboard.importing.parser import NdjsonParser, Parser
from kernel.settings import Settings

Format = Literal["ndjson", "json", "csv"]
PARSERS: dict[Format, type[Parser]] = {"ndjson": NdjsonParser, "json": JsonArrayParser, "csv": CsvParser}

BLOCK_BYTES = 262_144
"""Read and unpacked at once: a progress bar moves, and a packed bomb is stopped within one block."""

RATIO_FREE_BYTES = 1_000_000
"""Unpacked bytes before the ratio counts: a small file of equal lines packs a thousand times and harms nobody."""

_GZIP = b"\x1f\x8b"
_MARK = b"\xef\xbb\xbf"


def tell_format(head: bytes, name: str = "") -> Format:
    """By the first character that is not white space; the name decides only for CSV."""
    if Path(name.removesuffix(".gz")).suffix.lower() in {".csv", ".tsv"}:
        return "csv"
    first = head.removeprefix(_MARK).lstrip()[:1]
    if first == b"[":
        return "json"
    return "ndjson" if first in {b"{", b""} else "csv"


def read_blocks(path: Path, settings: Settings, progress: Callable[[int], None] | None = None) -> Iterator[bytes]:
    """The unpacked file; `progress` hears the packed bytes read so far. Raises `Unreadable` and `OSError`."""
    with path.open("rb") as file:
        packed = file.read(len(_GZIP)) == _GZIP
        file.seek(0)
        blocks = _unpacked(file, settings) if packed else iter(lambda: file.read(BLOCK_BYTES), b"")
        for block in blocks:
            yield block
            if progress:
                progress(file.tell())


def peek(blocks: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """The beginning, and an iterator that still yields it."""
    head = b""
    for block in blocks:
        head += block
        if len(head) >= SNIFF_BYTES:
            break

    def again() -> Iterator[bytes]:
        yield head
        yield from blocks

    return head, again()


def _unpacked(file: BinaryIO, settings: Settings) -> Iterator[bytes]:
    """All members of a gzip file, never more than one block of it in memory."""
    unpacker = zlib.decompressobj(wbits=31)
    total = 0
    waiting = b""
    while True:
        waiting = waiting or file.read(BLOCK_BYTES)
        if not waiting:
            break
        if unpacker.eof:
            unpacker = zlib.decompressobj(wbits=31)
        try:
            block = unpacker.decompress(waiting, BLOCK_BYTES)
        except zlib.error as error:
            raise Unreadable(f"The compressed file is damaged after {total:,} unpacked bytes: {error}.") from error
        waiting = unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail
        total += len(block)
        _refuse_bomb(total, file.tell(), settings)
        if block:
            yield block
    if not unpacker.eof:
        raise Unreadable(f"The compressed file ends too early, after {total:,} unpacked bytes.")


def _refuse_bomb(unpacked: int, packed: int, settings: Settings) -> None:
    if unpacked > settings.import_limit_bytes:
        raise AboveLimit(f"The file unpacks to more than {settings.import_limit_bytes:,} bytes.")
    if unpacked > RATIO_FREE_BYTES and unpacked > packed * settings.import_unpack_ratio:
        raise AboveLimit(f"The file unpacks to more than {settings.import_unpack_ratio} times its size.")
