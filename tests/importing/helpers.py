from collections.abc import Iterable
from pathlib import Path

import msgspec

from callboard.importing.events import LineError, Parsed
from callboard.importing.parser import Parser
from kernel.settings import Settings


def limits(**changes: int) -> Settings:
    return msgspec.structs.replace(Settings(data_dir=Path()), **changes)


def cut(data: bytes, sizes: Iterable[int]) -> list[bytes]:
    """`data` in blocks of these sizes, over and over; a size of 0 is an empty block."""
    blocks, at = [], 0
    for size in sizes:
        blocks.append(data[at : at + size])
        at += size
    return [*blocks, data[at:]]


def run(parser: Parser, data: bytes, sizes: Iterable[int] = ()) -> list[Parsed | LineError]:
    events = [event for block in cut(data, sizes) for event in parser.feed(block)]
    return events + parser.close()


def values(events: Iterable[Parsed | LineError]) -> list[object]:
    return [event.value for event in events if isinstance(event, Parsed)]


def errors(events: Iterable[Parsed | LineError]) -> list[tuple[int, int, str]]:
    return [(event.line, event.byte, event.reason) for event in events if isinstance(event, LineError)]
