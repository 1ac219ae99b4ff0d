"""What a bank says became of payments: pain.002 and camt.054 (ISO 20022), NACHA returns, and a plain CSV. Pure.

Each format becomes the same entries: a reference that we sent, whether it was paid or came back, and why. Status codes
are those of ISO's external code set: ACSC and ACCC are settled, RJCT and CANC are not; all others say nothing final.
"""

import csv
import io
from collections.abc import Iterator
from typing import Literal
from xml.etree.ElementTree import Element

import msgspec

from kernel.errors import Invalid
from kernel.money import Money, parse_amount
from payments import bank_xml
from payments.errors import BadBankFile

StatusFormat = Literal["pain.002", "camt.054", "nacha", "csv"]
Said = Literal["paid", "returned", "open"]
LARGEST_BYTES, MOST_ENTRIES = 2_000_000, 20_000
"""Of a file that travels with a page between its preview and its taking; a payroll of ten thousand people fits."""
LONGEST_REASON = 300
RECORD = 94
SETTLED, FAILED = frozenset({"ACSC", "ACCC"}), frozenset({"RJCT", "CANC"})
WORDS: dict[str, Said] = {
    "paid": "paid", "settled": "paid", "booked": "paid", "acsc": "paid", "accc": "paid",
    "returned": "returned", "rejected": "returned", "failed": "returned", "rjct": "returned", "canc": "returned",
}  # fmt: skip
"""Of a CSV; any other word is open."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    place: int
    """In the file, from 1: of entries, of a CSV and NACHA of lines."""
    said: Said
    reference: str = ""
    """Hexadecimal: all of a line's id, or its last fifteen digits where a format holds no more; whatever else stood there."""
    batch: str = ""
    """Instead of a reference: all payments of that batch."""
    reason: str = ""
    amount: Money | None = None


class StatusFile(msgspec.Struct, frozen=True):
    format: StatusFormat
    entries: list[Entry]


def read(content: bytes) -> StatusFile:
    """The format is found by the content. Raises `BadBankFile`."""
    if not content.strip():
        raise BadBankFile("Choose a file first: this one is empty.")
    if len(content) > LARGEST_BYTES:
        raise BadBankFile(f"The file is larger than {LARGEST_BYTES:,} bytes; ask the bank for one per batch.")
    found = _read(content)
    if not found.entries:
        raise BadBankFile("The file says nothing of any payment.")
    if len(found.entries) > MOST_ENTRIES:
        raise BadBankFile(f"The file has {len(found.entries):,} entries; at most {MOST_ENTRIES:,} are taken at once.")
    return found


def _read(content: bytes) -> StatusFile:
    start = content.lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith(b"<") or content.startswith((b"\xff\xfe", b"\xfe\xff")):
        space, root = bank_xml.parse(content)
        if "pain.002" in space:
            return StatusFile("pain.002", list(_numbered(_pain(root))))
        if "camt.054" in space:
            return StatusFile("camt.054", list(_numbered(_camt(root))))
        raise BadBankFile("This XML is neither pain.002 nor camt.054.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadBankFile("The file is neither XML nor UTF-8.") from error
    lines = text.splitlines()
    if lines and lines[0].startswith("101") and len(lines[0]) == RECORD:
        return StatusFile("nacha", list(_nacha(lines)))
    return StatusFile("csv", list(_table(text)))


def plain_reference(text: str) -> str:
    """As it was sent: lower case, without the dashes that some put into ids."""
    return text.strip().replace("-", "").lower()


def _numbered(entries: Iterator[Entry]) -> Iterator[Entry]:
    for place, entry in enumerate(entries, 1):
        yield msgspec.structs.replace(entry, place=place)


def _status(code: str) -> Said:
    return "paid" if code in SETTLED else "returned" if code in FAILED else "open"


def _text(parent: Element, path: str) -> str:
    return (parent.findtext(path) or "").strip()


def _why(parent: Element, path: str) -> str:
    """Code and words of the bank, `AC04 Closed account`."""
    parts: list[str] = []
    for info in parent.iterfind(path):
        parts += [
            _text(info, "Rsn/Cd") or _text(info, "Rsn/Prtry"),
            *((one.text or "").strip() for one in info.iterfind("AddtlInf")),
        ]
    return " ".join(part for part in parts if part)[:LONGEST_REASON]


def _pain(root: Element) -> Iterator[Entry]:
    report = root.find("CstmrPmtStsRpt")
    if report is None:
        return
    single = list(report.iterfind("OrgnlPmtInfAndSts/TxInfAndSts"))
    for one in single:
        yield Entry(
            place=0, said=_status(_text(one, "TxSts")), reference=plain_reference(_text(one, "OrgnlEndToEndId")),
            reason=_why(one, "StsRsnInf") or _text(one, "TxSts"), amount=_amount(one.find("OrgnlTxRef/Amt/InstdAmt")),
        )  # fmt: skip
    if single:
        return
    # A bank that takes or refuses all of it names no single payment.
    group = report.find("OrgnlGrpInfAndSts")
    block = report.find("OrgnlPmtInfAndSts")
    code = "" if block is None else _text(block, "PmtInfSts")
    if group is not None:
        code = code or _text(group, "GrpSts")
        why = _why(group, "StsRsnInf") or ("" if block is None else _why(block, "StsRsnInf")) or code
        yield Entry(place=0, said=_status(code), batch=plain_reference(_text(group, "OrgnlMsgId")), reason=why)


def _camt(root: Element) -> Iterator[Entry]:
    for entry in root.iterfind("BkToCstmrDbtCdtNtfctn/Ntfctn/Ntry"):
        booked = "BOOK" in {_text(entry, "Sts"), _text(entry, "Sts/Cd")}
        back = _text(entry, "RvslInd") == "true"
        for one in entry.iterfind("NtryDtls/TxDtls"):
            debit = (_text(one, "CdtDbtInd") or _text(entry, "CdtDbtInd")) == "DBIT"
            returned = back or not debit or one.find("RtrInf") is not None
            yield Entry(
                place=0, said="open" if not booked else "returned" if returned else "paid",
                reference=plain_reference(_text(one, "Refs/EndToEndId")),
                reason=_why(one, "RtrInf") or ("credited back" if returned else ""),
                amount=_amount(one.find("Amt")) or _amount(one.find("AmtDtls/TxAmt/Amt")),
            )  # fmt: skip


def _amount(element: Element | None) -> Money | None:
    if element is None or not element.text:
        return None
    return _money(element.text.strip(), element.get("Ccy", ""))


def _money(text: str, currency: str) -> Money:
    try:
        return parse_amount(text, currency)
    except Invalid as error:
        raise BadBankFile(f"{text[:30]} {currency[:3]} is no amount: {error.detail}") from error


def _nacha(lines: list[str]) -> Iterator[Entry]:
    """Entries whose addenda is of type 99; a notification of change (98) says nothing of the money.

    The addenda's places by the Nacha Operating Rules, appendix three: code in 4–6, information in 36–79.
    """
    entry = ""
    for place, line in enumerate(lines, 1):
        if len(line.rstrip()) > RECORD:
            raise BadBankFile(f"Line {place} is longer than a NACHA record.")
        if line.startswith("6"):
            entry = line
        elif line.startswith("799") and entry:
            cents = entry[29:39]
            if not (cents.isascii() and cents.isdigit()):
                raise BadBankFile(f"The entry before line {place} has no amount.")
            yield Entry(
                place=place, said="returned", reference=plain_reference(entry[39:54]),
                reason=" ".join(f"{line[3:6]} {line[35:79]}".split())[:LONGEST_REASON], amount=Money(int(cents) * 10_000, "USD"),
            )  # fmt: skip
            entry = ""


def _table(text: str) -> Iterator[Entry]:
    """Columns `reference` and `status`, and if wanted `reason`, `amount`, `currency`; commas, semicolons or tabs."""
    head = text.partition("\n")[0]
    mark = max(",;\t", key=head.count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=mark)
    try:
        names = [name.strip().lower() for name in next(rows)]
        if not {"reference", "status"} <= set(names):
            raise BadBankFile(
                "The first line of a table names its columns: reference, status, and if wanted reason, amount, currency."
            )
        for row in rows:
            if any(cell.strip() for cell in row):
                yield _row(dict(zip(names, (cell.strip() for cell in row), strict=False)), rows.line_num)
    except csv.Error as error:
        raise BadBankFile(f"The table cannot be read: {error}.") from error


def _row(row: dict[str, str], place: int) -> Entry:
    word, amount = row.get("status", ""), row.get("amount", "")
    said = WORDS.get(word.lower(), "open")
    reason = row.get("reason", "") or (word if said == "returned" else "")
    return Entry(
        place=place, said=said, reference=plain_reference(row.get("reference", "")), reason=reason[:LONGEST_REASON],
        amount=_money(amount, row.get("currency", "")) if amount else None,
    )  # fmt: skip
