"""A fee beside the pay (of a platform, of a vendor): a percentage of what is posted, and so much for each accepted task, on top in the budget.

It is part of the rate card, so it is versioned as prices are. The claim sets it aside with the price, so that the cap holds for both.
A card never changes, so each process reads its fee once: work without a fee costs nothing more.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from kernel import db
from kernel.ids import uuid7
from kernel.money import round_half_even
from kernel.sql import load
from payments import ledger
from payments.ledger import Resolution
from routing.events import BudgetExhausted, Hold

sql = load(__package__)
FEES = "fees"
REVIEW = "review"
MOST_REMEMBERED = 10_000


class FeeTerms(msgspec.Struct, frozen=True):
    percent: Decimal
    """Of posted pay, 0 to 100."""
    fixed_micros: int
    """For each accepted task; reviews have none."""

    def of(self, micros: int, kind: str) -> int:
        """Of posted pay, in micros, half to even."""
        return round_half_even(Decimal(micros) * self.percent / 100) + (0 if kind == REVIEW else self.fixed_micros)


_terms: dict[UUID, FeeTerms | None] = {}


async def terms_of(card_ids: Sequence[UUID]) -> Mapping[UUID, FeeTerms | None]:
    """By card; none where it has no fee."""
    unknown = [one for one in set(card_ids) if one not in _terms]
    if unknown:
        if len(_terms) > MOST_REMEMBERED:
            _terms.clear()
        for row in await db.fetch(sql.fees_of_cards, ids=unknown):
            some = FeeTerms(Decimal(row["fee_percent"]), row["fee_micros"])
            _terms[UUID(int=row["id"].int)] = some if some.percent or some.fixed_micros else None
    return _terms


async def hold(holds: Sequence[Hold]) -> None:
    """After their prices were set aside, in the same transaction. Raises `BudgetExhausted`, after which nothing of both may stand."""
    cards = {one.assignment_id: _card(one.price.inputs) for one in holds}
    known = await terms_of([card for card in cards.values() if card])
    wanted = []
    for one in holds:
        card = cards[one.assignment_id]
        terms = known.get(card) if card else None
        micros = terms.of(one.price.micros, one.price.inputs.get("kind", "")) if terms else 0
        if micros:
            wanted.append((one, card, micros))
    if not wanted:
        return
    written = await db.execute(
        sql.hold_fees, ids=[uuid7() for _ in wanted], assignment_ids=[one.assignment_id for one, _, _ in wanted],
        task_ids=[one.task_id for one, _, _ in wanted], project_ids=[one.project_id for one, _, _ in wanted],
        amounts=[micros for _, _, micros in wanted], currencies=[one.price.currency for one, _, _ in wanted],
        card_ids=[card for _, card, _ in wanted],
    )  # fmt: skip
    if written != len(wanted):
        raise BudgetExhausted(project_id=str(wanted[0][0].project_id))


def _card(inputs: Mapping[str, Any]) -> UUID | None:
    card = inputs.get("rate_card_id")
    return UUID(card) if card else None


async def hold_with_price(wanted: Hold) -> None:
    """Both or neither: after `BudgetExhausted` the transaction can still be used."""
    card = _card(wanted.price.inputs)
    if card is None or not wanted.price.micros or (await terms_of([card])).get(card) is None:
        await ledger.hold(wanted)
        return
    if await db.fetch_value(sql.fee_is_held, assignment_id=wanted.assignment_id):
        return
    async with db.savepoint():
        await ledger.hold(wanted)
        await hold([wanted])


async def hold_again(assignment_id: UUID) -> None:
    """With the price that is held once more. Raises `BudgetExhausted`."""
    row = await db.fetch_one(sql.fee_to_hold_again, assignment_id=assignment_id)
    if row is not None and not await db.execute(sql.hold_fee_again, id=uuid7(), assignment_id=assignment_id):
        raise BudgetExhausted(project_id=str(row["project_id"]))


async def settle(done: Resolution | None) -> None:
    """With its hold: the fee of what was posted is taken, and the rest, or all of it, goes back. Once, as the hold is."""
    if done is None or not done.fresh or done.rate_card_id is None:
        return
    terms = (await terms_of([done.rate_card_id])).get(done.rate_card_id)
    if terms is None:
        return
    kind = await db.fetch_value(sql.kind_of_hold, id=done.held_id)
    due = terms.of(done.amount.micros, kind) if done.kind == "post" else 0
    await db.execute(
        sql.settle_fee, id=uuid7(), held_id=done.held_id, key=f"fee:{done.business_key}", amount_micros=due
    )
