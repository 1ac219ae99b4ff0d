"""A bank's file held against the lines that were sent: first shown, then taken, all of it in one transaction and once."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from kernel import audit, db
from kernel.ids import plain_uuid, plain_uuid_or_none, uuid7
from kernel.money import Money
from kernel.sql import load
from payments import bank_status, payouts
from payments.bank_status import Entry, StatusFile

sql = load(__package__)
Does = Literal[
    "paid", "returned", "bounced", "same", "open", "repeated", "other_amount", "not_sent", "contradicts", "unknown"
]
DOING: tuple[payouts.Outcome, ...] = ("paid", "returned", "bounced")
SHORT, WHOLE = 15, 32
"""Digits of a reference in NACHA files, and everywhere else."""
WEIGHT = {"open": 0, "paid": 1, "returned": 2}
"""Of what one file says of one line: a payment that left and came back has come back."""
LONGEST_NAME = 100


class BankAnswerRow(msgspec.Struct, frozen=True, kw_only=True):
    place: int
    """In the file: of an entry, of a CSV and NACHA of a line."""
    does: Does
    """`paid`, `returned` and `bounced` are written down when the file is taken. `same`: it was known. `open`: the bank says nothing
    final. `repeated`: another entry of the file decides. `other_amount`, `not_sent`, `contradicts` (paid after it came back) and `unknown`: to be looked at by a person."""
    reference: str
    reason: str
    line_id: UUID | None = None
    payout_id: UUID | None = None
    payout_number: int | None = None
    annotator_id: UUID | None = None
    name: str = ""
    amount: Money | None = None
    """What was sent; of an unknown reference what the file says."""


class BankAnswerReport(msgspec.Struct, frozen=True, kw_only=True):
    format: str
    """`pain.002`, `camt.054`, `nacha` (returns) or `csv`."""
    digest: str
    """SHA-256 of the file, in hex."""
    taken_by: str | None
    taken_at: datetime | None
    """When these bytes were taken; then nothing is done again."""
    again: bool
    """They had been taken before this request."""
    counts: dict[str, int]
    """Rows by what they do."""
    rows: list[BankAnswerRow]


async def look(content: bytes) -> BankAnswerReport:
    """What taking it would do; nothing is changed. Raises `BadBankFile`."""
    found = bank_status.read(content)
    digest = hashlib.sha256(content).digest()
    return _report(found, digest, await _rows(found.entries), await _taken(digest), again=True)


async def take(content: bytes, name: str, by: str) -> BankAnswerReport:
    """Writes down what the bank says, of all batches that it names, and that this file was taken. Raises `BadBankFile`."""
    db.require_transaction()
    found = bank_status.read(content)
    digest = hashlib.sha256(content).digest()
    first = await _rows(found.entries)
    for batch_id in sorted({row.payout_id for row in first if row.payout_id is not None}):
        await db.execute(payouts.sql.lock_payout_batch, id=batch_id)
    # Under the locks everything is looked at again: somebody may have confirmed lines, or taken this very file.
    taken, rows = await _taken(digest), await _rows(found.entries)
    if taken is not None:
        return _report(found, digest, rows, taken, again=True)
    counts = dict(Counter(row.does for row in rows))
    stored = await db.execute(
        sql.add_bank_answer, id=uuid7(), digest=digest, name=name[:LONGEST_NAME], format=found.format, entries=len(found.entries),
        counts=db.jsonb(counts), by=by,
    )  # fmt: skip
    if not stored:  # only a file that names no batch of ours gets here twice at once
        return _report(found, digest, rows, await _taken(digest), again=True)
    await _write_down(rows, by)
    after = {"sha256": digest.hex(), "format": found.format, "counts": counts}
    await audit.record("payout.bank_file_taken", "payout_batch", UUID(int=0), after=after)
    return _report(found, digest, rows, await _taken(digest), again=False)


async def _taken(digest: bytes) -> Any:
    return await db.fetch_one(sql.bank_answer, digest=digest)


def _report(
    found: StatusFile, digest: bytes, rows: list[BankAnswerRow], taken: Any, *, again: bool
) -> BankAnswerReport:
    return BankAnswerReport(
        format=found.format, digest=digest.hex(), taken_by=taken["taken_by"] if taken else None, taken_at=taken["created_at"] if taken else None,
        again=again and taken is not None, counts=dict(Counter(row.does for row in rows)), rows=rows,
    )  # fmt: skip


async def _write_down(rows: Sequence[BankAnswerRow], by: str) -> None:
    """All accounts are locked first, in the order in which every step of a payout locks them, currency by currency."""
    accounts = defaultdict(list)
    steps = defaultdict(list)
    for row in rows:
        if row.does in DOING:
            assert row.amount is not None
            accounts[row.amount.currency].append(row.line_id)
            steps[row.payout_id, row.does, row.reason].append(row.line_id)
    for currency in sorted(accounts):
        await db.execute(payouts.sql.lock_payout_accounts, ids=accounts[currency], currency=currency)
    for (batch_id, outcome, reason), ids in sorted(steps.items(), key=lambda one: (str(one[0][0]), *one[0][1:])):
        await payouts.confirm(batch_id, ids, outcome, by, "" if outcome == "paid" else reason)  # type: ignore[arg-type]


async def _rows(entries: Sequence[Entry]) -> list[BankAnswerRow]:
    by_reference, by_batch = await _lines(entries)
    named: list[tuple[Entry, Any]] = []
    for entry in entries:
        lines = by_batch.get(entry.batch, []) if entry.batch else by_reference.get(entry.reference, [])
        # A short reference that fits two lines names neither.
        named += (
            [(entry, line) for line in lines]
            if entry.batch and lines
            else [(entry, lines[0] if len(lines) == 1 else None)]
        )
    last: dict[UUID, Entry] = {}
    for entry, line in named:
        if line is not None and (line["id"] not in last or WEIGHT[entry.said] > WEIGHT[last[line["id"]].said]):
            last[line["id"]] = entry
    return [_row(entry, line, decides=line is None or last[line["id"]] is entry) for entry, line in named]


async def _lines(entries: Sequence[Entry]) -> tuple[dict[str, list[Any]], dict[str, list[Any]]]:
    """By reference, whole and short, and by batch."""
    references = {entry.reference for entry in entries if entry.reference}
    rows = await db.fetch(
        sql.lines_by_reference, ids=[UUID(one) for one in references if _is_id(one)],
        short=[one for one in references if len(one) == SHORT], batches=[UUID(one.batch) for one in entries if _is_id(one.batch)],
    )  # fmt: skip
    by_reference, by_batch = defaultdict(list), defaultdict(list)
    for row in rows:
        whole = plain_uuid(row["id"]).hex
        by_reference[whole].append(row)
        if row["format"] == "nacha":
            by_reference[whole[-SHORT:]].append(row)
        if row["state"] in {"sent", "paid", "returned", "bounced"}:
            by_batch[plain_uuid(row["batch"]).hex].append(row)
    return by_reference, by_batch


def _is_id(text: str) -> bool:
    return len(text) == WHOLE and set(text) <= set("0123456789abcdef")


def _row(entry: Entry, line: Any, *, decides: bool) -> BankAnswerRow:
    if line is None:
        return BankAnswerRow(place=entry.place, does="unknown", reference=entry.reference or entry.batch, reason=entry.reason, amount=entry.amount)  # fmt: skip
    amount = Money(line["amount_micros"], line["currency"])
    does: Does = (
        "repeated"
        if not decides
        else "other_amount"
        if entry.amount not in {None, amount}
        else _does(entry, line["state"])
    )
    return BankAnswerRow(
        place=entry.place, does=does, reference=entry.reference or plain_uuid(line["id"]).hex, reason=entry.reason or (entry.said if entry.said == "returned" else ""),
        line_id=plain_uuid(line["id"]), payout_id=plain_uuid_or_none(line["batch"]), payout_number=line["no"], annotator_id=plain_uuid(line["annotator"]),
        name=line["name"], amount=amount,
    )  # fmt: skip


def _does(entry: Entry, state: str) -> Does:
    if state not in {"sent", "paid", "returned", "bounced"}:
        return "not_sent"
    if entry.said == "open":
        return "open"
    if entry.said == "paid":
        return "paid" if state == "sent" else "same" if state == "paid" else "contradicts"
    return "returned" if state == "sent" else "bounced" if state == "paid" else "same"
