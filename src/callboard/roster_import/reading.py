"""Bytes of a file of people, as Excel and other programs save them, into lines with a number or a reason each."""

import codecs
import csv
import io
from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from callboard.importing.csv_file import CsvParser
from callboard.importing.encoding import CHINESE, likely
from callboard.importing.events import Event, LineError, Unreadable
from callboard.importing.parser import NdjsonParser
from callboard.roster_import.columns import FIELDS, PersonLine, Unusable, field_of, person_of
from kernel.settings import Settings

Format = Literal["csv", "ndjson"]
MOST_LINES = 20_000
"""Of one file: a large operation has some thousands of people."""


class Lines(msgspec.Struct):
    """A file that was read; nothing of it was compared with the people who are there."""

    encoding: str
    ignored: list[str] = []
    """Columns that mean nothing here."""
    people: list[PersonLine] = []
    bad: list[LineError] = []
    texts: dict[int, dict[str, Any]] = {}
    """The lines as they stand in the file, by number: a bad one is given back as it came."""


def read(data: bytes, settings: Settings, kind: Format = "csv") -> Lines:
    """Raises `Unreadable` where the file as a whole is no use."""
    text, encoding = _utf8(data)
    parser = CsvParser(settings) if kind == "csv" else NdjsonParser(settings)
    events: Sequence[Event] = [*parser.feed(text), *parser.close()]
    found = Lines(encoding, [], [], [], {})
    if not events:
        raise Unreadable("The file holds no people.")
    if len(events) > MOST_LINES:
        raise Unreadable(f"The file has {len(events):,} lines; at most {MOST_LINES:,} are taken at once.")
    for event in events:
        _take(found, event)
    found.ignored = sorted({key for record in found.texts.values() for key in record if field_of(key) is None})
    return found


def _take(found: Lines, event: Event) -> None:
    if isinstance(event, LineError):
        found.bad.append(event)
        return
    found.texts[event.line] = event.value
    record: dict[str, Any] = {}
    for heading, value in event.value.items():
        name = field_of(heading)
        if name is None:
            continue
        if name in record:
            raise Unreadable(f"Two columns mean {name}; {heading!r} is the second one.")
        record[name] = value
    if "display_name" not in record:
        raise Unreadable(f"No column holds the names; call one display_name. Known columns: {', '.join(FIELDS)}.")
    try:
        found.people.append(person_of(event.line, record))
    except Unusable as error:
        found.bad.append(LineError(event.line, event.byte, str(error)))


def _utf8(data: bytes) -> tuple[bytes, str]:
    """Excel writes UTF-8 with a mark, UTF-16 ("Unicode text"), or the code page of the country."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _decoded(data, "utf-16", "UTF-16")
    try:
        data.decode()
    except UnicodeDecodeError:
        if likely(data) == CHINESE:
            return _decoded(data, "gb18030", "GB18030")
        return _decoded(data, "cp1252", "Windows-1252")
    return data, "UTF-8"


def _decoded(data: bytes, codec: str, name: str) -> tuple[bytes, str]:
    try:
        return data.decode(codec).encode(), name
    except UnicodeError as error:
        raise Unreadable("The file is no text in UTF-8, UTF-16, GB18030 or Windows-1252.") from error


SAMPLE = [
    ["display_name", "external_id", "vendor", "roles", "languages", "skills", "capacity", "credentials"],
    ["Ada Example", "emp-1001", "", "annotator reviewer", "en:5 de:3", "medicine:4 general:4", "4", "medicine:licence:Physician:2027-12-31"],
    ["陈示例", "emp-1002", "", "annotator", "zh-CN:5 en:3", "law:3", "3", ""],
]  # fmt: skip


def sample() -> list[list[str]]:
    """Header and two people: what a file looks like."""
    return [list(row) for row in SAMPLE]


def mend_file(lines: Lines, reasons: dict[int, str]) -> tuple[list[str], list[list[str]]]:
    """Header and the bad lines as they came, with number and reason behind: mended, the same file is imported again."""
    head: list[str] = []
    for record in lines.texts.values():
        head += [key for key in record if key not in head]
    rows = []
    for number in sorted(reasons):
        record = lines.texts.get(number, {})
        rows.append([*(str(record.get(key, "") or "") for key in head), str(number), reasons[number]])
    return [*head, "line", "reason"], rows


def csv_bytes(head: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
    file = io.StringIO()
    csv.writer(file, lineterminator="\r\n").writerows([head, *rows])
    return codecs.BOM_UTF8 + file.getvalue().encode()
