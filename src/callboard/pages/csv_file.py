"""Tables to take along: CSV in UTF-8 that spreadsheets open as it is, and in which no cell is run as a formula."""

import csv
import io
from collections.abc import Iterable, Sequence

from litestar import Response

from dialogue.csv_lines import cell

BYTE_ORDER_MARK = "﻿"
"""Without it Excel reads Chinese as Latin-1."""


def csv_text(head: Sequence[str], rows: Iterable[Sequence[str | float]]) -> str:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(head)
    for row in rows:
        writer.writerow([cell(value) for value in row])
    return BYTE_ORDER_MARK + file.getvalue()


def csv_answer(name: str, head: Sequence[str], rows: Iterable[Sequence[str | float]]) -> Response[str]:
    return Response(
        content=csv_text(head, rows),
        media_type="text/csv",
        headers={"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"},
    )
