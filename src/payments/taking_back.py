"""What a dispute of pay gave for work that an overturn pays after all is taken back, so that nobody gets both.

In the transaction of the overturn, and only where that posts the work: a repeat posts nothing, and takes nothing.
"""

from typing import Any

from kernel import audit, db
from kernel.ids import plain_uuid, uuid7
from kernel.money import Money
from kernel.sql import load
from payments import adjustments, exchange
from routing.events import WorkReinstated

sql = load(__package__)
AUTHOR = "system:overturn"
REASON = "The verdict was overturned and the work is paid: what the dispute of its pay gave goes back."
"""On the statement."""


async def given_for(reinstated: WorkReinstated) -> list[Any]:
    """The adjustments of upheld disputes about work that was voided, locked. Disputes first: an answer that is under way is waited for."""
    disputes = await db.fetch(
        sql.disputes_of_work, assignment_id=reinstated.assignment_id, annotator_id=reinstated.annotator_id
    )
    ids = sorted(plain_uuid(row["adjustment"]) for row in disputes if row["adjustment"] is not None)
    return [await db.fetch_one(sql.lock_adjustment, id=one) for one in ids]


async def take_back(reinstated: WorkReinstated, got: int) -> None:
    """`got`: micros of the posting that are the person's own; no more is taken, so it is always covered. What was not paid yet, is not."""
    db.require_transaction()
    # Asked again under the lock of the budget: a dispute that was answered since waits for it, or is seen.
    for row in await given_for(reinstated):
        if row["state"] in adjustments.OPEN:
            await adjustments.end_unpaid(row, AUTHOR, REASON)
        elif row["state"] == "posted" and (micros := min(got, row["amount_micros"])):
            await _deduct(row, micros)
            got -= micros


async def _deduct(row: Any, micros: int) -> None:
    annotator_id, amount = plain_uuid(row["annotator"]), Money(-micros, row["currency"])
    corrects = await db.fetch_value(sql.line_of_adjustment, id=row["id"])
    terms = await exchange.terms_for(annotator_id, amount, corrects)
    adjustment_id = uuid7()
    await db.execute(
        sql.add_adjustment, id=adjustment_id, kind="adjustment", project_id=row["project"], annotator_id=annotator_id,
        amount_micros=amount.micros, currency=amount.currency, reason=REASON, corrects=corrects,
        inputs=db.jsonb({"kind": "adjustment", "corrects": corrects, **terms}), author=AUTHOR, needs_approval=False, seconds=0.0,
    )  # fmt: skip
    await audit.record(
        "adjustment.proposed", "adjustment", adjustment_id, reason=REASON,
        after={"annotator_id": str(annotator_id), "kind": "adjustment", **amount.to_json(), "needs_approval": False},
    )  # fmt: skip
    await adjustments.pay(await db.fetch_one(sql.lock_adjustment, id=adjustment_id), None)
