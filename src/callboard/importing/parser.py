"""Parsers that are fed: blocks of any size in, records and line errors out, nothing kept but one unfinished record."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, ClassVar

from callboard.importing import deep_trees, strict_json
from callboard.importing.encoding import SNIFF_BYTES, likely, text_start
from callboard.importing.events import AboveLimit, Event, LineError, Parsed, Unreadable
from callboard.importing.lines import Line, LineSplitter
from kernel.settings import Settings

ONE_OBJECT_HINT = "This is one JSON object over several lines; give a JSON array, or one object per line (NDJSON)."


class Parser(ABC):
    """`feed` and `close` raise `Unreadable` when the file as a whole cannot be used.

    The first `SNIFF_BYTES` are held back until they are complete, because the encoding is judged on them.
    """

    textual: ClassVar[bool] = False
    """Every value is text (CSV), so that "3" may stand for the number 3."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._head: bytearray | None = bytearray()
        self._fed = 0

    def feed(self, block: bytes) -> list[Event]:
        self._fed += len(block)
        if self._fed > self._settings.import_limit_bytes:
            raise AboveLimit(f"The file is larger than {self._settings.import_limit_bytes:,} bytes.")
        if self._head is None:
            return self._take(block)
        self._head += block
        return self._begin(self._head) if len(self._head) >= SNIFF_BYTES else []

    def close(self) -> list[Event]:
        events = self._begin(self._head) if self._head is not None else []
        return events + self._end()

    def _begin(self, head: bytearray) -> list[Event]:
        self._head = None
        start = text_start(bytes(head[:SNIFF_BYTES]))
        self._start(start)
        return self._take(bytes(head[start:]))

    @abstractmethod
    def _start(self, byte: int) -> None: ...

    @abstractmethod
    def _take(self, block: bytes) -> list[Event]: ...

    @abstractmethod
    def _end(self) -> list[Event]: ...


def decode_text(data: bytes, line: int, byte: int) -> str | LineError:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        wrong = f"byte 0x{data[error.start]:02X} is not UTF-8"
        return LineError(line, byte + error.start, f"{wrong}; it looks like {likely(data)}")


def decode_record(data: bytes, line: int, byte: int, depth_limit: int) -> Event:
    """One JSON object out of its bytes. The object itself is the first level of depth.

    Of a message tree each message counts by itself, however far down it stands.
    """
    text = decode_text(data, line, byte)
    if isinstance(text, LineError):
        return text
    try:
        value = _decoded(text, depth_limit)
    except strict_json.NotStrictJsonError as error:
        before = text[: error.character or 0]
        return LineError(line, byte + len(before.encode()), error.reason)
    if not isinstance(value, dict):
        return LineError(line, byte, "not a JSON object")
    return Parsed(line, byte, value)


def _decoded(text: str, depth_limit: int) -> Any:
    try:
        return strict_json.decode(text, depth_limit)
    except strict_json.NotStrictJsonError as error:
        found = deep_trees.decode(text, depth_limit) if error.deep else None
        if found is None:
            raise
        return found


def too_long(line: int, byte: int, settings: Settings) -> LineError:
    return LineError(line, byte, f"longer than {settings.import_line_limit_bytes:,} bytes")


class NdjsonParser(Parser):
    """One JSON object per line; lines with nothing but white space are passed over."""

    def _start(self, byte: int) -> None:
        self._lines = LineSplitter(self._settings.import_line_limit_bytes, byte)

    def _take(self, block: bytes) -> list[Event]:
        return self._records(self._lines.feed(block))

    def _end(self) -> list[Event]:
        return self._records(self._lines.close())

    def _records(self, lines: Iterable[Line]) -> list[Event]:
        return [self._record(line) for line in lines if line.data is None or line.data.strip()]

    def _record(self, line: Line) -> Event:
        if line.data is None:
            return too_long(line.number, line.byte, self._settings)
        if line.number == 1 and line.data.strip() == b"{":
            raise Unreadable(ONE_OBJECT_HINT)
        return decode_record(line.data, line.number, line.byte, self._settings.json_depth_limit)
