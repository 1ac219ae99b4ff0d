"""The workbook of a statement: amounts are numbers in their currency's format, texts stay texts."""

import csv
import io
import re
import zipfile

import msgspec
import pytest

from callboard.pages.statement_file import COLUMNS, as_csv, as_workbook, number_format
from kernel.money import Money
from tests.pages.samples_pay import STATEMENT


@pytest.mark.parametrize(
    ("micros", "currency", "wanted"),
    [
        (1_500_000, "USD", '#,##0.00 "USD"'),
        (13_500, "USD", '#,##0.0000 "USD"'),
        (15_000_000, "JPY", '#,##0 "JPY"'),
        (15_000_001, "JPY", '#,##0.000000 "JPY"'),
        (0, "KWD", '#,##0.000 "KWD"'),
    ],
)
def test_a_currency_has_its_own_decimals(micros: int, currency: str, wanted: str) -> None:
    assert number_format(Money(micros, currency)) == wanted


def test_texts_are_never_formulas_and_amounts_are_numbers() -> None:
    line = STATEMENT.document.lines[0]
    evil = msgspec.structs.replace(
        line, title='=HYPERLINK("http://x")', reason="+1", project="https://x.example", amount=Money(-1_500_001, "KWD")
    )  # fmt: skip
    document = msgspec.structs.replace(STATEMENT.document, lines=[evil])
    parts = zipfile.ZipFile(io.BytesIO(as_workbook(document, "zh-CN")))
    sheet, texts = parts.read("xl/worksheets/sheet2.xml").decode(), parts.read("xl/sharedStrings.xml").decode()
    assert "<f>" not in sheet
    assert "hyperlink" not in sheet.lower()
    assert "=HYPERLINK(" in texts
    assert "时间（UTC）" in texts
    assert "<v>-1.500001</v>" in sheet
    assert "#,##0.000000 &quot;KWD&quot;" in parts.read("xl/styles.xml").decode()
    assert len(re.findall(r"<row ", sheet)) == 2
    head, row = csv.reader(io.StringIO(as_csv(document, "en").lstrip("\ufeff")))
    assert len(head) == len(row) == len(COLUMNS) + 4, "each of four amounts has its currency beside it"
    assert row[-5:-2] == ["-1.500001", "KWD", "'+1"]
