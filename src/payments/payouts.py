"""Payouts: what statements say is to be paid leaves in batches, and nothing leaves twice.

drafted → approved by a second person → exported → reconciled. Money is set apart at the approval (annotator → clearing,
pending), posted at the export, and ends as paid out or back with the person; what came back, even after it was
written down as paid (`bounced`), can be tried again.
"""

import hashlib
from collections.abc import Sequence
from datetime import date
from typing import Any, Literal
from uuid import UUID

import msgspec

from kernel import audit, clock, db, outbox
from kernel.ids import plain_uuid, uuid7
from kernel.money import MICROS, Money
from kernel.secrets import keyring
from kernel.settings import Settings
from kernel.sql import load
from payments import bank, ledger, periods
from payments.adjustments import limits
from payments.bank_files import PROVIDERS, Order, Payment, Provider
from payments.errors import (
    BadPayout,
    NoSuchPayout,
    NothingToPay,
    OwnPayout,
    PayoutNotReconciled,
    PayoutStale,
    PayoutState,
)
from payments.payout_views import BatchView, LeftOut, batch_view

sql = load(__package__)
Format = Literal["pain.001", "nacha", "csv"]
Outcome = Literal["paid", "returned", "bounced"]
"""`bounced`: it came back after it had been written down as paid."""
STEPS: dict[Outcome, tuple[str, str]] = {
    "paid": ("sent", "paid"),
    "returned": ("sent", "return"),
    "bounced": ("paid", "bounce"),
}
"""From which state of a line, by which movement of money."""
HOUSE = UUID(int=0)
"""Owner of the accounts that stand for the money on its way and the money that has left."""
MOST_LINES = 200
SHOWN_LEFT_OUT = 50


class PayoutDraft(msgspec.Struct, frozen=True):
    period_id: UUID
    """A closed one; what is owed of earlier ones is paid with it."""
    currency: str
    format: str
    pay_on: date


class PayoutFile(msgspec.Struct, frozen=True):
    name: str
    media_type: str
    digest: str
    """SHA-256 of the content, in hex."""
    content: bytes


async def batches(*, limit: int, period_id: UUID | None = None, before: int | None = None) -> list[BatchView]:
    """The newest first; `before` is the number of a batch."""
    rows = await db.fetch(sql.payout_batches, id=None, period_id=period_id, before=before, limit=limit)
    return [batch_view(row) for row in rows]


async def batch(batch_id: UUID) -> BatchView:
    """Raises `NoSuchPayout`."""
    row = await db.fetch_one(sql.payout_batches, id=batch_id, period_id=None, before=None, limit=1)
    if row is None:
        raise NoSuchPayout
    return batch_view(row)


def _provider(name: str, currency: str) -> Provider:
    found = PROVIDERS.get(name)
    if found is None:
        raise BadPayout("There is no such format.")
    if found.currencies is not None and currency not in found.currencies:
        raise BadPayout(f"This format pays in {', '.join(sorted(found.currencies))} alone.")
    return found


def _owed(period_id: UUID, currency: str, name: str, settings: Settings) -> dict[str, Any]:
    return {
        "period_id": period_id, "currency": currency, "kinds": sorted(_provider(name, currency).kinds),
        "minimum": limits(settings.payout_minimum).get(currency, 0),
    }  # fmt: skip


async def left_out(period_id: UUID, currency: str, name: str, settings: Settings) -> tuple[list[LeftOut], int]:
    """Who is owed money and cannot be paid like that, most money first, at most `SHOWN_LEFT_OUT`; and how many there are."""
    rows = await db.fetch(sql.not_payable, limit=SHOWN_LEFT_OUT, **_owed(period_id, currency, name, settings))
    found = [
        LeftOut(plain_uuid(row["annotator_id"]), row["name"], row["statements"], Money(row["micros"], currency), row["why"])
        for row in rows
    ]  # fmt: skip
    return found, rows[0]["total"] if rows else 0


async def draft(wish: PayoutDraft, author: str, settings: Settings) -> UUID:
    """Everybody who can be paid of the statements up to a closed period. Raises `NoSuchPeriod`, `BadPayout`, `NothingToPay`."""
    db.require_transaction()
    if (await periods.period(wish.period_id)).state != "closed":
        raise BadPayout("Only a closed period can be paid.")
    if wish.pay_on < clock.now().date():
        raise BadPayout("The day of payment has passed.")
    wanted = _owed(wish.period_id, wish.currency, wish.format, settings)
    batch_id = uuid7()
    await db.execute(
        sql.add_payout_batch, id=batch_id, period_id=wish.period_id, currency=wish.currency, format=wish.format, pay_on=wish.pay_on, author=author
    )  # fmt: skip
    if not await db.execute(sql.draft_payout_lines, id=batch_id, **wanted):
        raise NothingToPay
    made = await batch(batch_id)
    await audit.record(
        "payout.drafted", "payout_batch", batch_id, after={"lines": made.lines, "total": made.total.to_json(), "format": wish.format}
    )  # fmt: skip
    return batch_id


async def _lock(batch_id: UUID) -> Any:
    db.require_transaction()
    row = await db.fetch_one(sql.lock_payout_batch, id=batch_id)
    if row is None:
        raise NoSuchPayout
    return row


async def _lines(batch_id: UUID, *states: str) -> list[Any]:
    return [row for row in await db.fetch(sql.payout_line_states, batch_id=batch_id) if row["state"] in states]


async def take_out(batch_id: UUID, line_ids: Sequence[UUID], by: str, reason: str) -> None:
    """Lines of a draft; they can be in a later batch. Raises `NoSuchPayout`, `PayoutState`, `BadPayout` without a reason."""
    found = await _lock(batch_id)
    if not reason.strip():
        raise BadPayout("Say why the lines are taken out.")
    if found["state"] != "drafted":
        raise PayoutState(state=found["state"])
    states = {plain_uuid(row["id"]): row["state"] for row in await db.fetch(sql.payout_line_states, batch_id=batch_id)}
    if not states.keys() >= set(line_ids):
        raise NoSuchPayout("There is no such line in this batch.")
    gone = [one for one in line_ids if states[one] == "drafted"]
    await db.execute(sql.set_payout_lines, ids=gone, state="dropped", reason=reason.strip(), by=by)
    await audit.record(
        "payout.lines_taken_out", "payout_batch", batch_id, after={"lines": [str(one) for one in gone]}, reason=reason
    )


async def approve(batch_id: UUID, by: str, own: UUID | None = None) -> None:
    """Sets the money apart. `own` is the approver's own annotator. Twice by the same person is once.

    Raises `NoSuchPayout`, `OwnPayout`, `PayoutState`, `PayoutStale` where an account was changed or money taken back since.
    """
    found = await _lock(batch_id)
    if found["state"] == "approved" and found["approved_by"] == by:
        return
    if found["state"] != "drafted":
        raise PayoutState(state=found["state"])
    rows = await _lines(batch_id, "drafted")
    if found["author"] == by or own in {plain_uuid(row["annotator"]) for row in rows}:
        raise OwnPayout
    if not rows:
        raise NothingToPay
    stale = await db.fetch(sql.stale_payout_lines, batch_id=batch_id)
    if stale:
        raise PayoutStale(f"Other bank details than in the draft: {', '.join(row['name'] for row in stale)}.")
    ids = [plain_uuid(row["id"]) for row in rows]
    for kind in ("payout_clearing", "paid_out"):
        await ledger.open_account(kind, HOUSE, found["currency"])
    await db.execute(sql.lock_payout_accounts, ids=ids, currency=found["currency"])
    short = await db.fetch(sql.uncovered_payouts, ids=ids)
    if short:
        raise PayoutStale(f"Less money is there than in the draft: {', '.join(row['name'] for row in short)}.")
    await _move("earmark", ids)
    await db.execute(sql.set_payout_lines, ids=ids, state="approved", reason="", by=by)
    await db.execute(sql.approve_payout_batch, id=batch_id, by=by)
    await audit.record("payout.approved", "payout_batch", batch_id, after={"lines": len(ids)})


async def _move(kind: str, ids: Sequence[UUID], reason: str = "") -> None:
    moved = await db.fetch_value(sql.move_payouts, ids=list(ids), kind=kind, owner=HOUSE, reason=reason)
    assert moved == len(ids)


async def cancel(batch_id: UUID, by: str, reason: str) -> None:
    """Before it has left; what was set apart is the people's again. Raises `NoSuchPayout`, `PayoutState`, `BadPayout`."""
    found = await _lock(batch_id)
    if found["state"] == "cancelled":
        return
    if not reason.strip():
        raise BadPayout("Say why the batch is cancelled.")
    if found["state"] not in {"drafted", "approved"}:
        raise PayoutState(state=found["state"])
    ids = [plain_uuid(row["id"]) for row in await _lines(batch_id, "drafted", "approved")]
    if found["state"] == "approved":
        await db.execute(sql.lock_payout_accounts, ids=ids, currency=found["currency"])
        await _move("unmark", ids, reason.strip())
    await db.execute(sql.set_payout_lines, ids=ids, state="dropped", reason=reason.strip(), by=by)
    await db.execute(sql.cancel_payout_batch, id=batch_id)
    await audit.record("payout.cancelled", "payout_batch", batch_id, reason=reason)


async def export(batch_id: UUID, by: str, settings: Settings) -> PayoutFile:
    """Writes the file for the bank, and the money leaves: once. Asked again it hands out the same bytes.

    Raises `NoSuchPayout`, `PayoutState`, `PayerMissing`, `BadPayout`.
    """
    found = await _lock(batch_id)
    if found["state"] in {"exported", "reconciled"}:
        return _kept(found, settings)
    if found["state"] != "approved":
        raise PayoutState(state=found["state"])
    rows = await db.fetch(sql.payments_of_batch, batch_id=batch_id)
    order = Order(
        batch_id=batch_id, number=found["no"], pay_on=found["pay_on"], made_at=found["approved_at"], currency=found["currency"],
        payments=[_payment(row, found["currency"], settings) for row in rows],
    )  # fmt: skip
    provider = PROVIDERS[found["format"]]
    content = provider.write(order, settings)
    digest, name = hashlib.sha256(content), f"payout-{found['no']}-{found['currency']}.{provider.extension}"
    ids = [one.line_id for one in order.payments]
    await db.execute(sql.lock_payout_accounts, ids=ids, currency=found["currency"])
    await _move("clear", ids)
    await db.execute(sql.set_payout_lines, ids=ids, state="sent", reason="", by=by)
    await db.execute(
        sql.export_payout_batch, id=batch_id, by=by, file_name=name, digest=digest.digest(),
        sealed=keyring(settings).seal(content, _context(batch_id)),
    )  # fmt: skip
    await audit.record("payout.exported", "payout_batch", batch_id, after={"file": name, "sha256": digest.hexdigest()})
    await outbox.publish("payout.exported", {"payout_id": str(batch_id), "lines": len(ids)}, subject_id=batch_id)
    return PayoutFile(name, provider.media_type, digest.hexdigest(), content)


async def file(batch_id: UUID, settings: Settings) -> PayoutFile:
    """As it left; who takes it away is audited. Raises `NoSuchPayout`, `PayoutState` before the export."""
    found = await _lock(batch_id)
    if found["sealed_file"] is None:
        raise PayoutState(state=found["state"])
    await audit.record("payout.file_read", "payout_batch", batch_id)
    return _kept(found, settings)


def _kept(row: Any, settings: Settings) -> PayoutFile:
    content = keyring(settings).open(bytes(row["sealed_file"]), _context(row["id"]))
    digest = bytes(row["file_digest"]).hex()
    return PayoutFile(row["file_name"], PROVIDERS[row["format"]].media_type, digest, content)


def _context(batch_id: UUID) -> bytes:
    return b"payout file " + str(batch_id).encode()


def _payment(row: Any, currency: str, settings: Settings) -> Payment:
    return Payment(
        line_id=plain_uuid(row["id"]), to=bank.unseal(row["sealed"], plain_uuid(row["details_id"]), settings),
        amount=Money(row["amount_micros"], currency), text=f"Statement {row['statement_no']} of {row['starts_at']:%Y-%m-%d}",
    )  # fmt: skip


async def confirm(batch_id: UUID, line_ids: Sequence[UUID], outcome: Outcome, by: str, reason: str = "") -> None:
    """What the bank says of some lines, all of them or none; said twice it is once. Reconciled batches still know `bounced`.

    Raises `NoSuchPayout`, `PayoutState` for a line that ended otherwise, `BadPayout` for a return without its reason.
    """
    found = await _lock(batch_id)
    if outcome != "paid" and not reason.strip():
        raise BadPayout("Say why the payment came back.")
    before, movement = STEPS[outcome]
    known = {plain_uuid(row["id"]): row for row in await db.fetch(sql.payout_line_states, batch_id=batch_id)}
    if not known.keys() >= set(line_ids):
        raise NoSuchPayout("There is no such line in this batch.")
    other = next((known[one]["state"] for one in line_ids if known[one]["state"] not in {before, outcome}), None)
    if other is not None:
        raise PayoutState(state=other)
    ids = sorted({one for one in line_ids if known[one]["state"] == before})
    if not ids:
        return
    await db.execute(sql.lock_payout_accounts, ids=ids, currency=found["currency"])
    await _move(movement, ids, reason.strip())
    await db.execute(sql.set_payout_lines, ids=ids, state=outcome, reason=reason.strip(), by=by)
    await audit.record(f"payout.{outcome}", "payout_batch", batch_id, after={"lines": len(ids)}, reason=reason or None)
    for one in ids:
        data = {"payout_id": str(batch_id), "payout_line_id": str(one), "annotator_id": str(known[one]["annotator"]), "reason": reason.strip()}  # fmt: skip
        await outbox.publish(f"payout.{outcome}", data, subject_id=one)


async def confirm_rest(batch_id: UUID, by: str) -> None:
    """Every line of which nothing else is known is paid, as a bank reports returns alone. Raises what `confirm` does."""
    await _lock(batch_id)
    await confirm(batch_id, [plain_uuid(row["id"]) for row in await _lines(batch_id, "sent")], "paid", by)


async def reconcile(batch_id: UUID, left: Money, by: str) -> None:
    """`left` is what the bank's own statement says has left the account for good. Raises `PayoutNotReconciled`, `PayoutState`."""
    found = await _lock(batch_id)
    if found["state"] == "reconciled":
        return
    if found["state"] != "exported":
        raise PayoutState(state=found["state"])
    seen = await batch(batch_id)
    if seen.open_lines:
        raise PayoutNotReconciled("Some lines are neither paid nor returned yet.")
    if left != seen.paid:
        raise PayoutNotReconciled(paid=seen.paid.to_json(), difference=(left.micros - seen.paid.micros) / MICROS)
    await db.execute(sql.reconcile_payout_batch, id=batch_id, by=by)
    await audit.record("payout.reconciled", "payout_batch", batch_id, after=seen.paid.to_json())
