"""CSV with a header row (RFC 4180; comma, semicolon or tab), as records of text."""

import csv
import re
from collections import deque
from collections.abc import Iterable

from callboard.importing import strict_json
from callboard.importing.events import Event, LineError, Parsed, Unreadable
from callboard.importing.lines import Line, LineSplitter
from callboard.importing.parser import Parser, decode_text, too_long
from kernel.settings import Settings

DELIMITERS = ",;\t"
READ_AGAIN_LIMITS = 20
"""Bytes read again after bad records, in line limits: twenty lost quotes are a slip, more are another format."""

_QUOTED_REST = re.compile(r'[^"]*+(?:""[^"]*+)*+"')
_OPENING = {mark: re.compile(rf'(?:^|{re.escape(mark)})"') for mark in DELIMITERS}
_OUTSIDE_QUOTES = re.compile(r'"[^"]*"')


def quote_stays_open(text: str, *, is_open: bool, delimiter: str) -> bool:
    """Whether a quoted field is unfinished at the end of `text`. A quote opens a field only at the field's start."""
    at = 0
    while True:
        if is_open:
            closing = _QUOTED_REST.match(text, at)
            if closing is None:
                return True
            at, is_open = closing.end(), False
        else:
            opening = _OPENING[delimiter].search(text, at)
            if opening is None:
                return False
            at, is_open = opening.end(), True


class CsvParser(Parser):
    """A record may go over several lines inside quotes.

    Where quotes are misplaced it is open where the record ends; reading goes on with the line after its first.
    """

    textual = True

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        csv.field_size_limit(max(csv.field_size_limit(), settings.import_line_limit_bytes))
        self._header: list[str] | None = None
        self._delimiter = ","
        self._pending: list[Line] = []
        self._pending_bytes = 0
        self._is_open = False
        self._read_again_bytes = 0

    def _start(self, byte: int) -> None:
        self._lines = LineSplitter(self._settings.import_line_limit_bytes, byte)

    def _take(self, block: bytes) -> list[Event]:
        return self._records(self._lines.feed(block))

    def _end(self) -> list[Event]:
        events = self._records(self._lines.close())
        while self._pending:
            first, rest = self._forget_pending()
            unclosed = LineError(first.number, first.byte, "a quote that opens in this record is never closed")
            events.append(self._bad(unclosed, rest))
            events += self._records(rest)
        if self._header is None:
            raise Unreadable("The file is empty; a CSV file begins with a row of column names.")
        return events

    def _records(self, lines: Iterable[Line]) -> list[Event]:
        waiting = deque(lines)
        events: list[Event] = []
        while waiting:
            event, again = self._line(waiting.popleft())
            if event is not None:
                events.append(event)
            waiting.extendleft(reversed(again))
        return events

    def _line(self, line: Line) -> tuple[Event | None, list[Line]]:
        """What the line completed, and the lines that must be read once more because the record before was bad."""
        if not self._pending and line.data is not None and not line.data.strip():
            return None, []
        self._pending.append(line)
        self._pending_bytes += len(line.data or b"") + 1
        if line.data is None or self._pending_bytes > self._settings.import_line_limit_bytes + 1:
            first, rest = self._forget_pending()
            return self._bad(too_long(first.number, first.byte, self._settings), rest), rest
        self._is_open = quote_stays_open(
            line.data.decode(errors="replace"), is_open=self._is_open, delimiter=self._current_delimiter(line)
        )
        if self._is_open:
            return None, []
        return self._complete_record()

    def _complete_record(self) -> tuple[Event | None, list[Line]]:
        data = b"\n".join(held.data or b"" for held in self._pending)
        first, rest = self._forget_pending()
        text = decode_text(data, first.number, first.byte)
        if isinstance(text, LineError):
            return self._bad(text, []), []
        try:
            (fields,) = csv.reader([text.removesuffix("\r")], delimiter=self._delimiter, strict=True)
        except csv.Error as error:
            return self._bad(LineError(first.number, first.byte, f"not valid CSV: {error}"), rest), rest
        if self._header is None:
            self._header = _column_names(fields)
            return None, []
        return self._named(fields, self._header, first), []

    def _bad(self, error: LineError, rest: list[Line]) -> LineError:
        """Behind misplaced quotes `rest` is read again, but not without end: a file can be made of such records."""
        if self._header is None:
            raise Unreadable(f"The row of column names cannot be read: {error.reason}.")
        self._read_again_bytes += sum(len(line.data or b"") for line in rest)
        if self._read_again_bytes > READ_AGAIN_LIMITS * self._settings.import_line_limit_bytes:
            raise Unreadable(f"The quotes of the CSV file do not match, from line {error.line} on at the latest.")
        return error

    def _forget_pending(self) -> tuple[Line, list[Line]]:
        first, *rest = self._pending
        self._pending, self._pending_bytes, self._is_open = [], 0, False
        return first, rest

    def _current_delimiter(self, line: Line) -> str:
        if self._header is None and len(self._pending) == 1:
            names = _OUTSIDE_QUOTES.sub("", (line.data or b"").decode(errors="replace"))
            self._delimiter = max(DELIMITERS, key=names.count)
        return self._delimiter

    def _named(self, fields: list[str], header: list[str], first: Line) -> Event:
        if len(fields) != len(header):
            return LineError(first.number, first.byte, f"{len(fields)} fields, but {len(header)} columns")
        value = dict(zip(header, fields, strict=True))
        fault = strict_json.find_fault(value, self._settings.json_depth_limit)
        return LineError(first.number, first.byte, fault) if fault else Parsed(first.number, first.byte, value)


def _column_names(fields: list[str]) -> list[str]:
    names = [field.strip() for field in fields]
    if "" in names:
        raise Unreadable(f"Column {names.index('') + 1} of the CSV file has no name.")
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise Unreadable(f"The CSV file has two columns named {name!r}.")
        seen.add(name)
    return names
