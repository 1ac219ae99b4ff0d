"""What a unit of work is worth: base × difficulty factor × expert factor, from the rate card that is in force.

`price` is pure. A card is never edited; a new version follows, and assignments keep the price of the card that they
were claimed under.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal, localcontext
from typing import Any
from uuid import UUID

import msgspec

from kernel import audit, db
from kernel.ids import uuid7
from kernel.money import Money, amount_text, parse_currency, round_half_even
from kernel.sql import load
from payments.errors import BadRateCard, NoSuchProject
from routing.events import NoRateCard, Price, PriceQuery

sql = load(__package__)

DIFFICULTY_BANDS = ("1", "2", "3", "4", "5")
LARGEST_PRICE_MICROS = 10**12
"""One million currency units for one piece of work: whatever lies above is a slip of the keyboard."""
_FACTOR = re.compile(r"\d{1,3}(\.\d{1,6})?")
_EXACT_DIGITS = 60  # 13 digits of micros times two factors of 9 digits: the product is exact before it is rounded


class RateCardView(msgspec.Struct, frozen=True):
    id: UUID
    project_id: UUID
    version: int
    effective_from: datetime
    currency: str
    annotation: Money
    review: Money
    difficulty_factors: dict[str, str]
    """Decimal per band, `{"1": "1", "2": "1.1", …}`; a band that is left out counts 1."""
    expert_factor: str

    def base(self, kind: str) -> Money:
        return self.review if kind == "review" else self.annotation


def price(card: RateCardView, query: PriceQuery) -> Price:
    """Rounded once, half to even at the micro. `inputs` is all that is needed to compute it again (`recompute`)."""
    difficulty = card.difficulty_factors.get(str(query.difficulty_band), "1")
    expert = card.expert_factor if query.expert else "1"
    base = card.base(query.kind)
    inputs = {
        "rate_card_id": str(card.id),
        "rate_card_version": card.version,
        "kind": query.kind,
        "base": amount_text(base.micros),
        "difficulty_band": query.difficulty_band,
        "difficulty_factor": difficulty,
        "expert": query.expert,
        "expert_factor": expert,
    }
    return Price(_product(base.micros, difficulty, expert), card.currency, inputs)


def recompute(inputs: Mapping[str, Any]) -> int:
    """Micros from the inputs of a price alone, without the card."""
    with localcontext() as context:
        context.prec = _EXACT_DIGITS
        base_micros = int(Decimal(inputs["base"]).scaleb(6))
    return _product(base_micros, inputs["difficulty_factor"], inputs["expert_factor"])


def _product(base_micros: int, *factors: str) -> int:
    with localcontext() as context:
        context.prec = _EXACT_DIGITS
        exact = Decimal(base_micros)
        for factor in factors:
            exact *= Decimal(factor)
    return round_half_even(exact)


async def quote(queries: Sequence[PriceQuery]) -> list[Price]:
    """One price per query, in their order, with one statement for all. Raises `NoRateCard`.

    Cards are not cached: this reads a handful of rows by index, and a cache would price with a card that another
    process has superseded.
    """
    if not queries:
        return []
    cards = await current_cards({query.project_id for query in queries})
    for query in queries:
        if query.project_id not in cards:
            raise NoRateCard(project_id=str(query.project_id))
    return [price(cards[query.project_id], query) for query in queries]


async def current_cards(project_ids: set[UUID]) -> dict[UUID, RateCardView]:
    """The cards in force by the database's clock; projects without one are left out."""
    rows = await db.fetch(sql.current_rate_cards, project_ids=list(project_ids))
    return {view.project_id: view for view in map(_view, rows)}


async def rate_cards(project_id: UUID) -> list[RateCardView]:
    """Every version, newest first."""
    return [_view(row) for row in await db.fetch(sql.rate_cards_of_project, project_id=project_id)]


async def create_rate_card(
    project_id: UUID,
    currency: str,
    annotation: Money,
    review: Money,
    difficulty_factors: Mapping[str, str],
    *,
    expert_factor: str = "1",
    effective_from: datetime | None = None,
) -> RateCardView:
    """The next version, in force from `effective_from` (now, if left out) until a later one is.

    Raises `BadRateCard` for other currencies, factors, prices or a date in the past; `NoSuchProject`.
    """
    db.require_transaction()
    _check(currency, (annotation, review), difficulty_factors, expert_factor)
    # Locked, so that two cards made at once get two versions and neither fails.
    project_currency = await db.fetch_value(sql.lock_project, project_id=project_id)
    if project_currency is None:
        raise NoSuchProject
    if project_currency != currency:
        raise BadRateCard(f"The project pays in {project_currency}, so its rate card cannot be in {currency}.")
    row = await db.fetch_one(
        sql.add_rate_card, id=uuid7(), project_id=project_id, effective_from=effective_from, currency=currency,
        annotation_micros=annotation.micros, review_micros=review.micros,
        difficulty_factors=db.jsonb(dict(difficulty_factors)), expert_factor=expert_factor,
    )  # fmt: skip
    if row is None:
        raise BadRateCard("A rate card cannot take effect in the past: work was already priced; leave the date out.")
    view = _view(row)
    await audit.record("rate_card.created", "rate_card", view.id, after=view)
    return view


def _check(
    currency: str, bases: tuple[Money, Money], difficulty_factors: Mapping[str, str], expert_factor: str
) -> None:
    parse_currency(currency)
    unknown = sorted(set(difficulty_factors) - set(DIFFICULTY_BANDS))
    if unknown:
        raise BadRateCard(f"Difficulty factors are given for the bands 1 to 5, not for {', '.join(unknown)}.")
    for factor in (*difficulty_factors.values(), expert_factor):
        if not _FACTOR.fullmatch(factor):
            raise BadRateCard(
                f'{factor!r} is no factor; send a decimal string from "0" to "999.999999", such as "1.25".'
            )
    dearest = max(difficulty_factors.values(), key=Decimal, default="1")
    for base in bases:
        if base.currency != currency:
            raise BadRateCard(f"Every amount of this rate card is in {currency}, not in {base.currency}.")
        if base.micros < 0:
            raise BadRateCard("A price is zero or more.")
        largest = max(_product(base.micros, d, e) for d in (dearest, "1") for e in (expert_factor, "1"))
        if largest > LARGEST_PRICE_MICROS:
            raise BadRateCard(f"With these factors one piece of work could cost {amount_text(largest)} {currency}.")


def _view(row: Any) -> RateCardView:
    return RateCardView(
        id=UUID(int=row["id"].int),
        project_id=UUID(int=row["project"].int),
        version=row["version"],
        effective_from=row["effective_from"],
        currency=row["currency"],
        annotation=Money(row["annotation_micros"], row["currency"]),
        review=Money(row["review_micros"], row["currency"]),
        difficulty_factors=row["difficulty_factors"],
        expert_factor=row["expert_factor"],
    )
