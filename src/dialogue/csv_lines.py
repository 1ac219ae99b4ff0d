"""Dialogues as a table for people, a turn a row: CSV in which no cell is run as a formula."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

COLUMNS = (
    "dialogue", "external_id", "state", "language", "topic", "annotator", "no", "role", "model", "rating", "text",
    "original_text", "comment",
)  # fmt: skip
END = "\r\n"
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n", "|")


def cell(value: Any) -> Any:
    """A text that a spreadsheet would run, also behind blanks, is led by an apostrophe."""
    if isinstance(value, str) and (value.startswith(_FORMULA) or value.lstrip().startswith(_FORMULA)):
        return f"'{value}"
    return value


def csv_line(cells: Sequence[Any]) -> str:
    """Without its end. The writer knows it all the same: a text is quoted where it holds what ends a line."""
    file = io.StringIO()
    csv.writer(file, lineterminator=END).writerow([cell(value) for value in cells])
    return file.getvalue().removesuffix(END)


HEAD = b"\xef\xbb\xbf" + csv_line(COLUMNS).encode() + b"\r\n"
"""Led by a byte order mark: without it Excel reads Chinese as Latin-1."""


def turns_as_cells(record: Mapping[str, Any]) -> Iterator[list[Any]]:
    turns = record["turns"] or [
        {"no": no, "role": message["role"], "text": message["content"]}
        for no, message in enumerate(record["messages"], 1)
    ]
    for turn in turns:
        values = {
            "dialogue": record["id"],
            "external_id": record["task"]["external_id"],
            "state": record["state"],
            "language": record["task"]["language"],
            "topic": record["topic"],
            "annotator": record["annotator"],
            **{name: turn.get(name) for name in ("no", "role", "model", "rating", "text", "original_text", "comment")},
        }
        yield [values[name] for name in COLUMNS]
