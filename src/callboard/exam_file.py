"""Banks of questions as files: CSV for spreadsheets, JSON as the API takes it. What goes out comes in again."""

import csv
import io
from collections.abc import Sequence
from typing import Any

import msgspec

from skills.errors import BadExamItem
from skills.exam_bank import ItemView
from skills.exams import ItemDraft, check_item

MOST_OPTIONS = 8
OPTION_COLUMNS = [f"option_{number}" for number in range(1, MOST_OPTIONS + 1)]
COLUMNS = ["key", "text", *OPTION_COLUMNS, "answer", "difficulty", "discrimination", "explanation"]
"""`answer` is the number of the right option, from 1, as the columns count."""
TOLD = ["shown", "answered", "right_share", "calibrated_answers", "author_difficulty", "retired", "retired_reason"]
"""What an export says besides; a file that comes in may have it, and it is not read."""
MOST_FAULTS = 50
MOST_QUESTIONS = 2000


class Fault(msgspec.Struct, frozen=True):
    line: int
    """Of a CSV file the line that the question begins on, of JSON its place from 1."""
    message: str


class BankFile(msgspec.Struct, frozen=True):
    drafts: list[ItemDraft]
    faults: list[Fault]
    """While there is one, nothing goes in: half a bank is no bank, and a second try would not know which half."""


def read_bank(content: bytes, name: str) -> BankFile:
    """JSON where the name or the first sign says so, else CSV. Says everything that is wrong, up to `MOST_FAULTS`."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return BankFile([], [Fault(1, f"The file is not UTF-8: byte {error.start} cannot be read.")])
    is_json = name.lower().endswith(".json") or text.lstrip()[:1] in {"{", "["}
    rows, faults = _json_rows(text) if is_json else _csv_rows(text)
    drafts: list[ItemDraft] = []
    for line, row in rows:
        try:
            draft = msgspec.convert(row, ItemDraft, strict=False)
            check_item(draft, "question")
        except (msgspec.ValidationError, BadExamItem) as error:
            faults.append(Fault(line, getattr(error, "detail", None) or str(error)))
        else:
            drafts.append(draft)
    if len(rows) > MOST_QUESTIONS:
        faults.insert(0, Fault(1, f"The file has {len(rows):,} questions; at most {MOST_QUESTIONS:,} go in at once."))
    if not rows and not faults:
        faults.append(Fault(1, "The file has no question."))
    return BankFile([] if faults else drafts, faults[:MOST_FAULTS])


def _json_rows(text: str) -> tuple[list[tuple[int, Any]], list[Fault]]:
    try:
        value = msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        return [], [Fault(1, f"The file is no JSON: {error}.")]
    items = value.get("items") if isinstance(value, dict) else value
    if not isinstance(items, list):
        return [], [Fault(1, 'JSON holds a list of questions, or {"items": […]}.')]
    return list(enumerate(items, 1)), []


def _csv_rows(text: str) -> tuple[list[tuple[int, Any]], list[Fault]]:
    head = text.split("\n", 1)[0]
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=";" if head.count(";") > head.count(",") else ",")
    names = [name.strip() for name in reader.fieldnames or []]
    missing = [name for name in ("text", "option_1", "option_2", "answer", "difficulty") if name not in names]
    if missing:
        return [], [Fault(1, f"The first line names the columns; these are missing: {', '.join(missing)}.")]
    reader.fieldnames = names
    rows: list[tuple[int, Any]] = []
    faults: list[Fault] = []
    line = 2
    try:
        for row in reader:
            if any(value for value in row.values() if value):
                rows.append((line, _of_csv(row)))
            line = reader.line_num + 1
    except csv.Error as error:
        faults.append(Fault(line, f"This line is no CSV: {error}."))
    return rows, faults


def _of_csv(row: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {name: _plain(row.get(name)) for name in ("text", "difficulty")}
    found["options"] = [option for option in (_plain(row.get(name)) for name in OPTION_COLUMNS) if option]
    answer = _plain(row.get("answer"))
    found["answer"] = int(answer) - 1 if answer.isascii() and answer.isdigit() else answer
    for name in ("key", "discrimination", "explanation"):
        if _plain(row.get(name)):
            found[name] = _plain(row[name])
    for name in ("difficulty", "discrimination"):
        if name in found:
            found[name] = found[name].replace(",", ".")
    return found


def _plain(value: Any) -> str:
    """Without the apostrophe that keeps a spreadsheet from running a cell."""
    text = value.strip() if isinstance(value, str) else ""
    return text[1:] if text.startswith("'") and text[1:2] in {"=", "+", "-", "@"} else text


def csv_rows(items: Sequence[ItemView]) -> list[list[str | float]]:
    """Under `COLUMNS` and `TOLD`."""
    return [
        [
            item.key, item.text, *item.options, *[""] * (MOST_OPTIONS - len(item.options)), item.answer + 1,
            round(item.difficulty, 3), round(item.discrimination, 3), item.explanation, item.shown, item.answered,
            "" if item.right_share is None else round(item.right_share, 3), item.calibrated_answers,
            "" if item.authored_difficulty is None else item.authored_difficulty, "yes" if item.retired else "",
            item.retired_reason or "",
        ]
        for item in items
    ]  # fmt: skip
