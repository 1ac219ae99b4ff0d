"""Statements: what somebody earned in a period, line by line, as a document that anybody can compute again.

The document holds each line as the ledger hashed it, and the hold whose price it pays with the inputs of that price.
`check` needs the document alone: prices, sums, what is carried, and every hash follow from it.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from kernel import db
from kernel.errors import DomainError
from kernel.ids import plain_uuid, plain_uuid_or_none
from kernel.money import Money, exponent, from_json
from kernel.sql import load
from payments import rates
from payments.errors import BadStatementFile, NoSuchStatement
from payments.exchange import converted

sql = load(__package__)
FORMAT = "callboard.statement/1"
CONVERT = "convert"
_SEQ, _KIND, _DEBIT, _CREDIT, _AMOUNT, _CURRENCY, _PENDING, _ID, _INPUTS = 0, 3, 5, 6, 7, 8, 9, 2, 18
"""Places in what the ledger hashes of a transfer (`transfer_entry`)."""
_ACCOUNT, _STATED_CURRENCY, _LINES, _EARNED, _CARRIED_IN, _PAYABLE, _CARRIED_OUT, _LINES_HASH = 3, 4, 6, 7, 8, 9, 10, 11
"""Places in what is hashed of a statement (`statement_entry`)."""


class StatementView(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    number: int
    """Of this person's in this currency, from 1."""
    period_id: UUID
    starts_at: datetime
    ends_at: datetime
    annotator_id: UUID
    name: str
    lines: int
    earned: Money
    carried_in: Money
    """Left over from the statement before: less than the currency's smallest coin, or a deduction that is not yet covered."""
    payable: Money
    """In whole coins of the currency."""
    carried_out: Money
    hash: str
    created_at: datetime


class StatementLine(msgspec.Struct, frozen=True, kw_only=True):
    seq: int
    """Of the transfer, in the ledger."""
    kind: str
    work: str
    """`annotation`, `review`, `exam`, `share`, `bonus`, `adjustment` or `floor`."""
    at: datetime
    late: bool
    """It moved before this period began, and was in no earlier one."""
    amount: Money
    task_id: UUID | None
    external_id: str | None
    title: str | None
    domain: str | None
    language: str | None
    project: str | None
    price: dict[str, Any]
    """Inputs of the price: version of the rate card, base, factors."""
    reason: str
    refers_to: int | None
    """The transfer that this one corrects."""
    entry: str
    """What was hashed: a JSON list of texts."""
    digest: str
    held_entry: str | None
    held_digest: str | None


class StatementDocument(msgspec.Struct, frozen=True, kw_only=True):
    format: str
    statement: StatementView
    lines: list[StatementLine]
    entry: str
    """What was hashed of the statement; it holds the hash over all lines and the hash of the statement before."""
    previous_hash: str
    lines_hash: str
    chain_head: str
    """The ledger's hash when the period was closed; `callboard ledger verify --head` says whether it still is in the chain."""


async def statements(
    *,
    limit: int,
    annotator_id: UUID | None = None,
    vendor_id: UUID | None = None,
    period_id: UUID | None = None,
    before: tuple[datetime, UUID] | None = None,
) -> list[StatementView]:
    """Of closed periods, the newest first; `before` is place of a page: the period's start and the statement's id."""
    rows = await db.fetch(
        sql.statement_list, statement_id=None, annotator_id=annotator_id, vendor_id=vendor_id, period_id=period_id,
        before_at=before[0] if before else None, before_id=before[1] if before else None, limit=limit,
    )  # fmt: skip
    return [_view(row) for row in rows]


async def statement(
    statement_id: UUID, *, annotator_id: UUID | None = None, vendor_id: UUID | None = None
) -> StatementDocument:
    """Raises `NoSuchStatement`, also for one of somebody else where it is narrowed."""
    row = await db.fetch_one(
        sql.statement_list, statement_id=statement_id, annotator_id=annotator_id, vendor_id=vendor_id, period_id=None,
        before_at=None, before_id=None, limit=1,
    )  # fmt: skip
    if row is None:
        raise NoSuchStatement
    account = UUID(json.loads(row["entry"])[_ACCOUNT])
    lines = await db.fetch(sql.statement_lines, period_id=row["period_id"], account=account)
    return StatementDocument(
        format=FORMAT, statement=_view(row), lines=[_line(line, row["currency"]) for line in lines], entry=row["entry"],
        previous_hash=row["previous_hash"], lines_hash=row["lines_hash"], chain_head=row["chain_head"],
    )  # fmt: skip


def check(document: StatementDocument) -> list[str]:
    """What does not fit, in words; nothing when the document is sound. It needs no database."""
    own = json.loads(document.entry)
    view = document.statement
    wrong = [problem for line in document.lines for problem in _check_line(line, own)]
    lines_hash = hashlib.sha256(b"".join(bytes.fromhex(line.digest) for line in document.lines)).hexdigest()
    earned, unit = sum(line.amount.micros for line in document.lines), 10 ** (6 - exponent(own[_STATED_CURRENCY]))
    total = earned + view.carried_in.micros
    payable = max(total, 0) // unit * unit
    said = [view.earned.micros, view.carried_in.micros, view.payable.micros, view.carried_out.micros]
    for fits, sentence in (
        (_hash(document.entry) == view.hash, "the statement's hash is not that of its content"),
        (own[_LINES_HASH] == document.lines_hash == lines_hash, "the hash over all lines differs"),
        (int(own[_LINES]) == view.lines == len(document.lines), "the number of lines differs"),
        ([int(own[at]) for at in (_EARNED, _CARRIED_IN, _PAYABLE, _CARRIED_OUT)] == said, "an amount on the front differs"),
        (said == [earned, view.carried_in.micros, payable, total - payable], "the lines sum to another total"),
        (own[_LINES_HASH + 1] == document.previous_hash, "the hash of the statement before differs"),
    ):  # fmt: skip
        if not fits:
            wrong.append(sentence)
    return wrong


def _check_line(line: StatementLine, own: list[str]) -> list[str]:
    entry = json.loads(line.entry)
    sign = 1 if entry[_CREDIT] == own[_ACCOUNT] else -1
    wrong = []
    if _hash(line.entry) != line.digest:
        wrong.append("its digest is not that of its content")
    if [entry[_SEQ], entry[_KIND]] != [str(line.seq), line.kind]:
        wrong.append("it is another transfer's content")
    if own[_ACCOUNT] not in (entry[_CREDIT], entry[_DEBIT]):
        wrong.append("it is somebody else's")
    if (sign * int(entry[_AMOUNT]), entry[_CURRENCY]) != (line.amount.micros, line.amount.currency):
        wrong.append("its amount is another")
    if line.kind == CONVERT:
        wrong += _check_conversion(line, entry)
    elif line.held_entry is not None:
        wrong += _check_price(line, entry)
    return [f"line {line.seq}: {one}" for one in wrong]


def _check_price(line: StatementLine, entry: list[str]) -> list[str]:
    assert line.held_entry is not None
    held = json.loads(line.held_entry)
    if _hash(line.held_entry) != line.held_digest or held[_ID] != entry[_PENDING]:
        return ["the hold that it pays is another"]
    inputs = json.loads(held[_INPUTS])
    measured = json.loads(entry[_INPUTS]) if inputs.get("metered") else {}
    if inputs | measured != line.price:
        return ["the inputs of its price are others"]
    return (
        []
        if _priced(inputs, held, measured) == (int(held[_AMOUNT]), int(entry[_AMOUNT]))
        else ["its price does not follow from its inputs"]
    )


def _check_conversion(line: StatementLine, entry: list[str]) -> list[str]:
    """What was moved in the project's currency, times the rate of the hold, half to even at the micro; and the price itself."""
    said = json.loads(entry[_INPUTS])
    terms, part = said["exchange"], _micros(said["converted_from"])
    wrong = []
    if (converted(part, terms["rate"]), terms["to"]) != (int(entry[_AMOUNT]), entry[_CURRENCY]):
        wrong.append("its amount does not follow from its exchange rate")
    if line.held_entry is None:
        return wrong if line.price == said else [*wrong, "the inputs of its price are others"]
    held = json.loads(line.held_entry)
    inputs = json.loads(held[_INPUTS])
    if _hash(line.held_entry) != line.held_digest or held[_ID] != said["held_id"]:
        return [*wrong, "the hold that it pays is another"]
    if inputs | said != line.price or inputs.get("exchange") != terms or terms["from"] != held[_CURRENCY]:
        wrong.append("the inputs of its price are others")
    priced, paid = _priced(inputs, held, said)
    if (priced, paid) != (int(held[_AMOUNT]), part + _micros(said.get("passed_on", "0"))):
        wrong.append("its price does not follow from its inputs")
    return wrong


def _priced(inputs: Mapping[str, Any], held: list[str], measured: Mapping[str, Any]) -> tuple[int, int]:
    """Micros that were set aside, and what of them is paid."""
    priced = rates.recompute(inputs) if "base" in inputs else int(held[_AMOUNT])
    return priced, min(priced, rates.recompute(inputs, measured)) if inputs.get("metered") else priced


def _micros(amount: str) -> int:
    return int(Decimal(amount).scaleb(6))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _view(row: Mapping[str, Any]) -> StatementView:
    currency = row["currency"]
    return StatementView(
        id=plain_uuid(row["id"]), number=row["no"], period_id=plain_uuid(row["period_id"]), starts_at=row["starts_at"],
        ends_at=row["ends_at"], annotator_id=plain_uuid(row["annotator_id"]), name=row["display_name"], lines=row["lines"],
        earned=Money(row["earned_micros"], currency), carried_in=Money(row["carried_in_micros"], currency),
        payable=Money(row["payable_micros"], currency), carried_out=Money(row["carried_out_micros"], currency),
        hash=row["hash"], created_at=row["created_at"],
    )  # fmt: skip


def _line(row: Any, currency: str) -> StatementLine:
    return StatementLine(
        seq=row["seq"], kind=row["kind"], work=row["work"], at=row["created_at"], late=row["late"], amount=Money(row["micros"], currency),
        task_id=plain_uuid_or_none(row["task_id"]), external_id=row["external_id"], title=row["title"], domain=row["domain"],
        language=row["language"], project=row["project_name"], price=row["inputs"], reason=row["reason"],
        refers_to=row["refers_to"], entry=row["entry"], digest=row["digest"], held_entry=row["held_entry"], held_digest=row["held_digest"],
    )  # fmt: skip


def read(content: bytes) -> StatementDocument:
    """A document as the API and the page hand it out. Raises `BadStatementFile`."""
    try:
        value = json.loads(content, object_hook=_money)
        document = msgspec.convert(value, StatementDocument)
        if document.format != FORMAT:
            raise BadStatementFile(f"This file says {document.format!r}, not {FORMAT!r}.")
        if len(json.loads(document.entry)) != _LINES_HASH + 2:
            raise BadStatementFile
    except (ValueError, DomainError) as error:
        raise error if isinstance(error, BadStatementFile) else BadStatementFile from error
    return document


def _money(value: dict[str, Any]) -> Any:
    return msgspec.to_builtins(from_json(value)) if value.keys() == {"amount", "currency"} else value
