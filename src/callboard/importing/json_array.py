"""A JSON array of objects, cut into its elements without ever holding more than one of them."""

import re

from callboard.importing.events import Event, LineError, Unreadable
from callboard.importing.parser import Parser, decode_record, too_long
from kernel.settings import Settings

_TOKEN = re.compile(rb'[\\"{}\[\],]')
_OPENER = {ord("}"): ord("{"), ord("]"): ord("[")}
OPEN_BRACKETS = 100_000
"""Far above what an element may have, so that a deep one is still a line error, and a tree of thousands of replies is read."""

_SPACE = b" \t\r\n"


class JsonArrayParser(Parser):
    """Brackets outside of strings decide where an element ends; what stands in it is judged afterwards.

    An element that is bad in itself is a line error, and reading goes on behind it. When the brackets never close
    again, nothing behind that place can be told apart, so the file as a whole is refused.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._open: list[int] = []
        self._counts = {ord("{"): 0, ord("["): 0}
        self._in_string = False
        self._escaped_at = -1
        self._element = bytearray()
        self._length = 0
        self._line = 1
        self._lines_inside = 0
        self._byte = 0
        self._after_comma = False
        self._began = self._ended = False

    def _start(self, byte: int) -> None:
        self._at = byte
        self._byte = byte

    def _take(self, block: bytes) -> list[Event]:
        events: list[Event] = []
        taken = 0
        for found in _TOKEN.finditer(block):
            place = found.start()
            if self._at + place == self._escaped_at:
                continue
            token = block[place]
            if self._in_string:
                self._token_in_string(token, self._at + place)
                continue
            if (
                len(self._open) == 1
            ):  # an element may begin here: its line is known before anything can be wrong with it
                self._keep(block[taken:place])
                taken = place
            if self._ends_element(token):
                self._keep(block[taken:place])
                taken = place + 1
                events += self._finish(token)
            elif not self._began and token == ord("["):
                self._keep(block[taken:place])
                taken = place + 1
                self._begin_array()
        self._keep(block[taken:])
        self._at += len(block)
        return events

    def _end(self) -> list[Event]:
        if not self._began:
            raise Unreadable("The file holds no JSON array.")
        if not self._ended:
            raise Unreadable(
                f"The array is not closed: an element that begins on line {self._line} has no end, "
                "and nothing behind it can be told apart."
            )
        self._refuse_other_than_space("Something stands behind the end of the array")
        return []

    def _token_in_string(self, token: int, place: int) -> None:
        if token == ord("\\"):
            self._escaped_at = place + 1
        elif token == ord('"'):
            self._in_string = False

    def _ends_element(self, token: int) -> bool:
        """Follows brackets and quotes; True for a comma between elements and for the end of the array."""
        if not self._began or self._ended:
            return False
        if token == ord('"'):
            self._in_string = True
        elif token in b"{[":
            self._open_bracket(token)
        elif token == ord(","):
            return len(self._open) == 1
        elif token in _OPENER:
            return self._close_bracket(_OPENER[token])
        return False

    def _open_bracket(self, token: int) -> None:
        self._open.append(token)
        self._counts[token] += 1
        if len(self._open) > OPEN_BRACKETS:
            raise Unreadable(f"The element that begins on line {self._line} is nested more than {OPEN_BRACKETS} deep.")

    def _close_bracket(self, opener: int) -> bool:
        """A missing bracket inside an element must not swallow the elements behind it: close up to the matching one."""
        if self._counts[opener]:
            while True:
                closed = self._open.pop()
                self._counts[closed] -= 1
                if closed == opener:
                    return False
        if opener != self._open[0]:
            return False
        if len(self._open) > 1:
            raise Unreadable(f"An object in the element that begins on line {self._line} is never closed.")
        return True

    def _begin_array(self) -> None:
        self._refuse_other_than_space("Something stands before the array")
        self._began = True
        self._open.append(ord("["))
        self._restart(1)

    def _finish(self, token: int) -> list[Event]:
        line, byte, data = self._line, self._byte, bytes(self._element)
        is_last = token == ord("]")
        is_empty_array = is_last and not self._after_comma and not self._length
        is_long = self._length > self._settings.import_line_limit_bytes
        self._after_comma = not is_last
        self._restart(1)
        if is_last:
            self._ended = True
        if is_empty_array:
            return []
        if is_long:
            return [too_long(line, byte, self._settings)]
        if not data:
            return [LineError(line, byte, "nothing stands between a comma and the next comma or bracket")]
        return [decode_record(data, line, byte, self._settings.json_depth_limit)]

    def _restart(self, separator_bytes: int) -> None:
        self._byte += self._length + separator_bytes
        self._line += self._lines_inside
        self._length = self._lines_inside = 0
        self._element.clear()

    def _keep(self, piece: bytes) -> None:
        """Adds to the element; white space before it only moves its line and byte on."""
        if not self._length:
            text = piece.lstrip(_SPACE)
            skipped = piece[: len(piece) - len(text)]
            self._line += skipped.count(b"\n")
            self._byte += len(skipped)
            piece = text
        self._length += len(piece)
        self._lines_inside += piece.count(b"\n")
        if self._length <= self._settings.import_line_limit_bytes:
            self._element += piece
        else:
            self._element.clear()

    def _refuse_other_than_space(self, what: str) -> None:
        if self._length:
            raise Unreadable(f"{what}, on line {self._line}.")
