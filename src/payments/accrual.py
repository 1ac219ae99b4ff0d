"""Joins money to work: the claim sets it aside, acceptance pays it, any other end gives it back.

Everything here runs inside the transaction of what happened, so neither can be true without the other.
"""

from collections.abc import Sequence

from kernel import outbox
from kernel.money import amount_text
from payments import exam_pay, exchange, fees, ledger, rates, sharing, taking_back
from routing.events import (
    AssignmentEnded,
    Hold,
    Price,
    PriceQuery,
    WorkAccepted,
    WorkReinstated,
    subscribe,
    use_pricing,
)

ANNOTATION = "annotation"


class RateCardPricing:
    """What routing asks of payments (`routing.events.Pricing`)."""

    async def quote(self, queries: Sequence[PriceQuery]) -> list[Price]:
        return await rates.quote(queries)

    async def reserve(self, hold: Hold) -> None:
        await fees.hold_with_price(hold)

    async def reserve_together(self, holds: Sequence[Hold]) -> None:
        await ledger.hold_together(holds)
        await fees.hold(holds)


def register() -> None:
    """Wires payments to routing for this process; doing so again changes nothing."""
    use_pricing(RateCardPricing())
    subscribe(WorkAccepted, pay_accepted)
    subscribe(AssignmentEnded, give_back)
    subscribe(WorkReinstated, pay_after_all)
    exam_pay.register()


async def pay_accepted(accepted: WorkAccepted) -> None:
    """A repeat does nothing."""
    await pay(accepted)


async def pay(accepted: WorkAccepted) -> int:
    """Posts the hold, passes on what others made of the work, and tells everybody of theirs; a repeat does nothing.

    Micros that the person keeps of what was posted now.
    """
    parts = await sharing.makers_of(accepted.assignment_id) if accepted.kind == ANNOTATION else []
    if parts:
        await sharing.lock_for(accepted.assignment_id, parts)
    accrual = await ledger.post(accepted.assignment_id)
    if accrual is None or not accrual.fresh:
        return 0
    await fees.settle(accrual)
    whole = accrual.amount.micros
    passed = await sharing.share(accepted.assignment_id, accrual.annotator_id, whole, parts) if parts else []
    own = sharing.Share(accrual.annotator_id, accepted.vendor_id, whole - sum(one.micros for one in passed))
    await exchange.convert(
        exchange.of_resolution(accrual, own.micros) + [one for part in passed for one in part.conversions()]
    )
    for one in [own, *passed]:
        await _tell(accepted, accrual, one)
    return own.micros


async def _tell(accepted: WorkAccepted, accrual: ledger.Resolution, share: sharing.Share) -> None:
    if not share.micros:
        return
    data = {
        "assignment_id": str(accepted.assignment_id),
        "task_id": str(accepted.task_id),
        "annotator_id": str(share.annotator_id),
        "project_id": str(accrual.project_id),
        "amount": amount_text(share.micros),
        "currency": accrual.amount.currency,
    }
    terms = share.inputs.get("exchange") if share.key else accrual.exchange
    if terms:  # what the person gets of it
        data |= {
            "paid_amount": amount_text(exchange.converted(share.micros, terms["rate"])),
            "paid_currency": terms["to"],
        }
    await outbox.publish(
        "accrual.posted", data, project_id=accrual.project_id, subject_id=accepted.task_id, vendor_id=share.vendor_id
    )


async def pay_after_all(reinstated: WorkReinstated) -> None:
    """At the price of the claim, once: work that was paid before an overturn is not paid by the next one, and what a dispute gave for it goes back."""
    await taking_back.given_for(reinstated)  # these locks come before those of money
    await ledger.hold_again(reinstated.assignment_id)
    await fees.hold_again(reinstated.assignment_id)
    got = await pay(
        WorkAccepted(
            reinstated.assignment_id,
            reinstated.task_id,
            reinstated.project_id,
            reinstated.annotator_id,
            reinstated.kind,
            reinstated.vendor_id,
        )
    )
    if got:
        await taking_back.take_back(reinstated, got)


async def give_back(ended: AssignmentEnded) -> None:
    await fees.settle(await ledger.void(ended.assignment_id, ended.reason))
