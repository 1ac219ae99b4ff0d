"""A statement as a table to take along: CSV and a workbook, with headings in the person's language.

Amounts are numbers in the format of their currency. Texts are written as texts, whatever they begin with: nothing in them is run.
"""

import io
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from callboard.pages.csv_file import csv_text
from callboard.pages.i18n import babel_locale, translations
from callboard.pages.i18n import mark as _
from callboard.pages.render import language_name, named, period_name
from kernel.clock import rfc3339
from kernel.money import MICROS, Money, amount_text, exponent, parse_amount
from payments.statements import StatementDocument, StatementLine

WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LONGEST_CELL = 32_767
"""Of a text in a workbook."""
FACTORS = (
    ("difficulty_factor", _("Difficulty factor")),
    ("expert_factor", _("Expert factor")),
    ("class_factor", _("Skill factor")),
    ("language_factor", _("Language factor")),
)
Say = Callable[[str], str]
Cell = str | int | Decimal | datetime | Money | None


class Column(NamedTuple):
    heading: str
    width: int
    of: Callable[[StatementLine, "Words"], Cell]


class Words(NamedTuple):
    say: Say
    lang: str

    def label(self, key: str, group: str) -> str:
        return named(key, group, self.say, self.lang)


def _in_project(line: StatementLine, name: str) -> Money | None:
    """An amount among the inputs of the price: in the project's currency, where that is another one."""
    terms = line.price.get("exchange")
    text = line.price.get(name)
    return None if text is None else parse_amount(str(text), terms["from"] if terms else line.amount.currency)


def _number(name: str) -> Callable[[StatementLine, Words], Cell]:
    return lambda line, _words: None if line.price.get(name) is None else Decimal(str(line.price[name]))


def _exchange(name: str) -> Callable[[StatementLine, Words], Cell]:
    def cell(line: StatementLine, _words: Words) -> Cell:
        value = line.price.get("exchange", {}).get(name)
        return Decimal(value) if value is not None and name == "rate" else value

    return cell


COLUMNS = (
    Column(_("Line"), 9, lambda line, _words: line.seq),
    Column(_("When (UTC)"), 19, lambda line, _words: line.at),
    Column(_("Task"), 28, lambda line, _words: line.title or line.external_id or ""),
    Column(_("Project"), 20, lambda line, _words: line.project or ""),
    Column(_("Kind"), 12, lambda line, words: words.label(line.work, "pay_work")),
    Column(_("Domain"), 14, lambda line, words: words.label(line.domain, "domain") if line.domain else ""),
    Column(
        _("Language"), 12,
        lambda line, words: language_name(line.language, babel_locale(words.lang), words.say) if line.language else "",
    ),
    Column(_("Rates, version"), 9, _number("rate_card_version")),
    Column(_("Base"), 14, lambda line, _words: _in_project(line, "base")),
    *(Column(heading, 10, _number(name)) for name, heading in FACTORS),
    Column(_("Minimum per task"), 12, lambda line, _words: _in_project(line, "minimum")),
    Column(_("Messages"), 10, _number("turns")),
    Column(_("Active seconds"), 10, _number("active_seconds")),
    Column(_("In the project's currency"), 16, lambda line, _words: _in_project(line, "converted_from")),
    Column(_("Exchange rate"), 14, _exchange("rate")),
    Column(_("Day of the rate"), 12, _exchange("day")),
    Column(_("Source of the rate"), 18, _exchange("source")),
    Column(_("Amount"), 16, lambda line, _words: line.amount),
    Column(_("Reason"), 28, lambda line, _words: line.reason),
    Column(_("Corrects line"), 10, lambda line, _words: line.refers_to),
    Column(_("Digest"), 20, lambda line, _words: line.digest),
)  # fmt: skip


def _words(lang: str) -> Words:
    return Words(translations(lang).ugettext, lang)


def name_of(document: StatementDocument) -> str:
    """Of the file, without its ending."""
    view = document.statement
    return f"statement-{view.starts_at:%Y-%m-%d}-{view.earned.currency}-{view.number}"


def as_csv(document: StatementDocument, lang: str) -> str:
    """An amount is a number, its currency stands in the cell behind it."""
    words = _words(lang)
    head: list[str] = []
    for column in COLUMNS:
        head.append(words.say(column.heading))
        if _is_money(column):
            head.append(words.say("Currency"))
    rows = [[cell for column in COLUMNS for cell in _plain(column, line, words)] for line in document.lines]
    return csv_text(head, rows)


def _is_money(column: Column) -> bool:
    return column.heading in ("Base", "Minimum per task", "In the project's currency", "Amount")


def _plain(column: Column, line: StatementLine, words: Words) -> list[Any]:
    value = column.of(line, words)
    if isinstance(value, Money):
        return [_decimal(value), value.currency]
    if isinstance(value, datetime):
        return [rfc3339(value)]
    return ["" if value is None else value, *([""] if _is_money(column) else [])]


def _decimal(amount: Money) -> Decimal:
    return Decimal(amount.micros) / MICROS


def number_format(amount: Money) -> str:
    """Of a workbook: as many decimals as the amount has, at least the currency's own; as `Money.format`."""
    parts = amount_text(amount.micros).rstrip("0").partition(".")[2]
    digits = max(exponent(amount.currency), len(parts))
    return f'#,##0{"." + "0" * digits if digits else ""} "{amount.currency}"'


class Sheet:
    """One sheet, written cell by cell with the format that the cell's kind has."""

    def __init__(self, book: Any, title: str) -> None:
        self._book = book
        self._sheet = book.add_worksheet(title[:31])
        self._formats: dict[str, Any] = {}

    def style(self, number: str = "", *, bold: bool = False) -> Any:
        key = f"{number}/{bold}"
        if key not in self._formats:
            self._formats[key] = self._book.add_format({"num_format": number or "General", "bold": bold})
        return self._formats[key]

    def put(self, row: int, at: int, value: Cell, *, bold: bool = False) -> None:
        if isinstance(value, Money):
            self._sheet.write_number(row, at, float(_decimal(value)), self.style(number_format(value), bold=bold))
        elif isinstance(value, datetime):
            moment = value.astimezone(UTC).replace(tzinfo=None, microsecond=0)
            self._sheet.write_datetime(row, at, moment, self.style("yyyy-mm-dd hh:mm:ss"))
        elif isinstance(value, int | Decimal):
            self._sheet.write_number(row, at, float(value), self.style(bold=bold))
        elif value:
            self._sheet.write_string(row, at, value[:LONGEST_CELL], self.style(bold=bold))

    def columns(self, widths: Sequence[int]) -> None:
        for at, width in enumerate(widths):
            self._sheet.set_column(at, at, width)

    def table(self, top: int, rows: int, columns: int) -> None:
        self._sheet.freeze_panes(top + 1, 0)
        self._sheet.autofilter(top, 0, top + rows, columns - 1)


def as_workbook(document: StatementDocument, lang: str) -> bytes:
    """A sheet with what is on the front, one with the lines. Takes a second for 10,000 lines: not for the event loop."""
    import xlsxwriter  # noqa: PLC0415  a fifth of a second to load, for whoever asks for a workbook

    file, words = io.BytesIO(), _words(lang)
    book = xlsxwriter.Workbook(
        file, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    )
    _front(Sheet(book, words.say("Statement")), document, words)
    lines = Sheet(book, words.say("Line by line"))
    lines.columns([column.width for column in COLUMNS])
    for at, column in enumerate(COLUMNS):
        lines.put(0, at, words.say(column.heading), bold=True)
    for row, line in enumerate(document.lines, 1):
        for at, column in enumerate(COLUMNS):
            lines.put(row, at, column.of(line, words))
    lines.table(0, len(document.lines), len(COLUMNS))
    book.close()
    return file.getvalue()


def _front(sheet: Sheet, document: StatementDocument, words: Words) -> None:
    view = document.statement
    sheet.columns([34, 70])
    told: list[tuple[str, Cell, bool]] = [
        (_("Statement"), view.number, False),
        (_("Period"), period_name(view.starts_at, view.ends_at, babel_locale(words.lang)), False),
        (_("Person"), view.name, False),
        (_("Earned in this period"), view.earned, False),
        (_("From the statement before"), view.carried_in, False),
        (_("To be paid"), view.payable, True),
        (_("Carried on to the next"), view.carried_out, False),
        (_("Lines"), view.lines, False),
        (_("This statement"), view.hash, False),
        (_("The one before"), document.previous_hash, False),
        (_("The ledger at the close"), document.chain_head, False),
    ]
    for row, (heading, value, bold) in enumerate(told):
        sheet.put(row, 0, words.say(heading), bold=True)
        sheet.put(row, 1, value, bold=bold)
