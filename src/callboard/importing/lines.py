"""Bytes into lines. Only a line feed ends a line: U+2028, form feeds and lone carriage returns are text."""

from typing import NamedTuple


class Line(NamedTuple):
    """`data` is without its line feed, or None when the line was longer than the limit and its bytes were dropped."""

    number: int
    byte: int
    data: bytes | None


class LineSplitter:
    """Holds at most one unfinished line, and of that never more than `limit_bytes`."""

    def __init__(self, limit_bytes: int, start_byte: int = 0) -> None:
        self._limit = limit_bytes
        self._number = 1
        self._byte = start_byte
        self._length = 0
        self._pending = bytearray()

    def feed(self, block: bytes) -> list[Line]:
        *ends, rest = block.split(b"\n")
        lines = []
        for end in ends:
            self._keep(end)
            lines.append(self._finish())
        self._keep(rest)
        return lines

    def close(self) -> list[Line]:
        """The last line, when the file does not end with a line feed."""
        return [self._finish()] if self._length else []

    def _keep(self, piece: bytes) -> None:
        self._length += len(piece)
        if self._length <= self._limit:
            self._pending += piece
        else:
            self._pending.clear()

    def _finish(self) -> Line:
        data = bytes(self._pending) if self._length <= self._limit else None
        line = Line(self._number, self._byte, data)
        self._number += 1
        self._byte += self._length + 1
        self._length = 0
        self._pending.clear()
        return line
