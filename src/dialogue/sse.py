"""Server-sent events as chat endpoints stream them: bytes in, the data of each event out."""


class EventReader:
    """Pieces may be cut anywhere, in the middle of a character or of a line end. Memory is bounded by the caller."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._data: list[bytes] = []

    def feed(self, piece: bytes) -> list[bytes]:
        """The events that are complete by now."""
        self._rest += piece
        if b"\n" not in piece:
            return []  # without this, a long line that comes byte by byte costs its square
        *lines, rest = self._rest.split(b"\n")
        self._rest = bytearray(rest)
        events = []
        for line in lines:
            event = self._take(bytes(line.removesuffix(b"\r")))
            if event is not None:
                events.append(event)
        return events

    def finish(self) -> list[bytes]:
        """What the sender did not end with an empty line; many leave the last one out."""
        return self.feed(b"\n\n")

    def _take(self, line: bytes) -> bytes | None:
        if not line:
            data, self._data = self._data, []
            return b"\n".join(data) if data else None
        field, _, value = line.partition(b":")
        if field == b"data":
            self._data.append(value.removeprefix(b" "))
        return None
