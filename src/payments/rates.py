"""What a unit of work is worth: base × the factors of difficulty, expert, skill class and language, at least the task's minimum,
from the rate card that is in force.

`price` is pure. A card is never edited; a new version follows, and assignments keep the price of the card that they
were claimed under.
"""

import math
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any
from uuid import UUID

import msgspec

from kernel import audit, db
from kernel.ids import uuid7
from kernel.money import Money, amount_text, parse_currency, round_half_even
from kernel.sql import load
from payments import exchange
from payments.errors import BadRateCard, NoSuchProject
from payments.ledger import open_account
from routing.events import NoRateCard, Price, PriceQuery

sql = load(__package__)

REVIEW = "review"
DIFFICULTY_BANDS = ("1", "2", "3", "4", "5")
LARGEST_PRICE_MICROS = 10**12
"""One million currency units for one piece of work: whatever lies above is a slip of the keyboard."""
LEVELS = ("1", "2", "3", "4", "5")
MOST_LANGUAGES = 200
MOST_TURNS, MOST_MINUTES = 1000, 1440
_FACTOR = re.compile(r"\d{1,3}(\.\d{1,6})?", re.ASCII)
_PERCENT = re.compile(r"\d{1,3}(\.\d{1,6})?", re.ASCII)
MOST_PERCENT = 100
_TAG = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?")
HOUR, MINUTE = 3600, 60
_EXACT_DIGITS = 60  # 13 digits of micros times four factors of 9 digits: the product is exact before it is rounded
_FACTORS = ("difficulty_factor", "expert_factor", "class_factor", "language_factor")


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What a card says beside its two prices and the factors of difficulty and of experts."""

    class_factors: dict[str, str] = {}
    """By the least level, 1 to 5, that the work asks of a person; one that is left out counts 1."""
    language_factors: dict[str, str] = {}
    """By BCP 47 tag: `pt-BR` goes before `pt`, which holds for every Portuguese without a factor of its own."""
    minimum: Money | None = None
    """That an annotation brings at least, whatever its factors."""
    per_turn: Money | None = None
    """Beside the price of an annotation, for each message that is handed in, up to `most_turns`. Before the factors."""
    most_turns: int = 0
    per_hour: Money | None = None
    """Beside the price of an annotation, for an active hour by the server's clock, up to `most_minutes`. Before the factors."""
    most_minutes: int = 0
    bill_annotation: Money | None = None
    """What the customer pays, × the same factors. Annotators do not see it."""
    bill_review: Money | None = None
    fee_percent: str = "0"
    """Of posted pay, 0 to 100, on top of it out of the budget. Annotators do not see it."""
    fee_fixed: Money | None = None
    """On top of each accepted task; reviews have none."""


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
    class_factors: dict[str, str] = {}
    """By the least level that the work asks of a person."""
    language_factors: dict[str, str] = {}
    """By language or locale; the longest tag that fits counts."""
    minimum: Money | None = None
    """Of an annotation."""
    per_turn: Money | None = None
    most_turns: int = 0
    per_hour: Money | None = None
    most_minutes: int = 0
    bill_annotation: Money | None = None
    bill_review: Money | None = None
    fee_percent: str = "0"
    fee_fixed: Money | None = None

    def base(self, kind: str) -> Money:
        return self.review if kind == REVIEW else self.annotation


def price(card: RateCardView, query: PriceQuery) -> Price:
    """Rounded once, half to even at the micro. `inputs` is all that is needed to compute it again (`recompute`).

    Of a price by turns or time it is the stated maximum, which is set aside; what is posted is within it.
    """
    inputs: dict[str, Any] = {
        "rate_card_id": str(card.id),
        "rate_card_version": card.version,
        "kind": query.kind,
        "base": amount_text(card.base(query.kind).micros),
        "difficulty_band": query.difficulty_band,
        "difficulty_factor": card.difficulty_factors.get(str(query.difficulty_band), "1"),
        "expert": query.expert,
        "expert_factor": card.expert_factor if query.expert else "1",
        "asked_level": query.asked_level,
        "class_factor": card.class_factors.get(str(query.asked_level), "1"),
        "language": query.language,
        "language_factor": language_factor(card.language_factors, query.language),
    }
    if card.minimum is not None and query.kind != REVIEW:
        inputs["minimum"] = amount_text(card.minimum.micros)
    if (card.per_turn or card.per_hour) and query.kind != REVIEW:
        inputs |= {
            "metered": True, "per_turn": _text(card.per_turn), "most_turns": card.most_turns, "per_hour": _text(card.per_hour),
            "most_seconds": card.most_minutes * MINUTE,
        }  # fmt: skip
    return Price(recompute(inputs), card.currency, inputs)


def _text(amount: Money | None) -> str:
    return amount_text(amount.micros if amount else 0)


def language_factor(factors: Mapping[str, str], tag: str) -> str:
    """Of the tag itself, else of what is left when its last parts are cut off: `zh-Hans-CN`, `zh-Hans`, `zh`; else 1."""
    while tag and tag not in factors:
        tag = tag.rpartition("-")[0]
    return factors.get(tag, "1")


def recompute(inputs: Mapping[str, Any], measured: Mapping[str, Any] | None = None) -> int:
    """Micros from the inputs of a price alone, without the card. Prices before the factors of class and language lack those.

    `measured` are `turns` and `active_seconds`; without them it is the most that a metered price can be. At least a micro then,
    as `metered_micros` in the database has it.
    """
    in_seconds, least = _micros(inputs["base"]) * HOUR, _micros(inputs.get("minimum", "0"))
    if inputs.get("metered"):
        turns, seconds = inputs["most_turns"], inputs["most_seconds"]
        if measured is not None:
            turns, seconds, least = (
                min(turns, measured["turns"]),
                min(seconds, measured["active_seconds"]),
                max(least, 1),
            )
        in_seconds += _micros(inputs["per_turn"]) * turns * HOUR + _micros(inputs["per_hour"]) * seconds
    factors = [Fraction(inputs.get(name, "1")) for name in _FACTORS]
    return max(least, round(Fraction(in_seconds, HOUR) * math.prod(factors)))  # a Fraction rounds half to even


def _micros(amount: str) -> int:
    with localcontext() as context:
        context.prec = _EXACT_DIGITS
        return int(Decimal(amount).scaleb(6))


def _product(base_micros: int, *factors: str) -> int:
    with localcontext() as context:
        context.prec = _EXACT_DIGITS
        exact = Decimal(base_micros)
        for factor in factors:
            exact *= Decimal(factor)
    return round_half_even(exact)


async def quote(queries: Sequence[PriceQuery]) -> list[Price]:
    """One price per query, in their order, with one statement for all, and one more where people are paid in other currencies than
    their projects. Raises `NoRateCard`; a price that no exchange rate leads to is `without_rate`.

    Cards are not cached: this reads a handful of rows by index, and a cache would price with a card that another
    process has superseded.
    """
    if not queries:
        return []
    cards = await current_cards({query.project_id for query in queries})
    for query in queries:
        if query.project_id not in cards:
            raise NoRateCard(project_id=str(query.project_id))
    prices = [price(cards[query.project_id], query) for query in queries]
    return await exchange.in_currencies(prices, [query.currency for query in queries])


KEPT_CARDS = 5_000
"""That a process remembers: some 2 kB each, and more than an operation has in force."""
_read: dict[UUID, RateCardView] = {}
"""By id, the longest known first. No card is ever edited, so whatever was read once holds; which of them is in force is asked each time."""


async def current_cards(project_ids: set[UUID]) -> dict[UUID, RateCardView]:
    """The cards in force by the database's clock; projects without one are left out."""
    ids = [row["id"] for row in await db.fetch(sql.current_rate_cards, project_ids=list(project_ids))]
    found = {card_id: _read[card_id] for card_id in ids if card_id in _read}
    unknown = [card_id for card_id in ids if card_id not in found]
    if unknown:
        found |= {row["id"]: _view(row) for row in await db.fetch(sql.rate_cards_by_id, card_ids=unknown)}
        _read.update(found)
        for card_id in list(_read)[: max(0, len(_read) - KEPT_CARDS)]:
            del _read[card_id]
    return {view.project_id: view for view in found.values()}


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
    terms: Terms | None = None,
    effective_from: datetime | None = None,
    reason: str | None = None,
    counted_minutes: int = MOST_MINUTES,
) -> RateCardView:
    """The next version, in force from `effective_from` (now, if left out) until a later one is.

    `counted_minutes`: of one task, as many as a floor per active hour counts. Raises `BadRateCard` for other currencies, factors,
    prices, maxima or a date in the past; `NoSuchProject`.
    """
    db.require_transaction()
    terms = terms or Terms()
    check_card(currency, (annotation, review), difficulty_factors, expert_factor, terms)
    if terms.most_minutes > counted_minutes:
        raise BadRateCard(f"Of one task at most {counted_minutes} minutes count (floor_most_minutes).")
    # Locked, so that two cards made at once get two versions and neither fails.
    project_currency = await db.fetch_value(sql.lock_project, project_id=project_id)
    if project_currency is None:
        raise NoSuchProject
    if project_currency != currency:
        raise BadRateCard(f"The project pays in {project_currency}, so its rate card cannot be in {currency}.")
    row = await db.fetch_one(
        sql.add_rate_card, id=uuid7(), project_id=project_id, effective_from=effective_from, currency=currency,
        **columns(annotation, review, difficulty_factors, expert_factor, terms), **fee_columns(terms),
    )  # fmt: skip
    if row is None:
        raise BadRateCard("A rate card cannot take effect in the past: work was already priced; leave the date out.")
    view = _view(row)
    if row["fee_percent"] != "0" or row["fee_micros"]:
        await open_account("fees", project_id, currency)
    await audit.record("rate_card.created", "rate_card", view.id, after=view, reason=reason)
    return view


def columns(
    annotation: Money, review: Money, difficulty_factors: Mapping[str, str], expert_factor: str, terms: Terms
) -> dict[str, Any]:
    """As a statement takes them."""
    return {
        "annotation_micros": annotation.micros, "review_micros": review.micros, "difficulty_factors": db.jsonb(dict(difficulty_factors)),
        "expert_factor": expert_factor, "class_factors": db.jsonb(terms.class_factors), "language_factors": db.jsonb(terms.language_factors),
        "minimum_micros": terms.minimum.micros if terms.minimum else 0,
        "turn_micros": terms.per_turn.micros if terms.per_turn else 0, "most_turns": terms.most_turns,
        "hour_micros": terms.per_hour.micros if terms.per_hour else 0, "most_minutes": terms.most_minutes,
        "bill_annotation_micros": terms.bill_annotation.micros if terms.bill_annotation else None,
        "bill_review_micros": terms.bill_review.micros if terms.bill_review else None,
    }  # fmt: skip


def fee_columns(terms: Terms) -> dict[str, Any]:
    """As a statement takes them. Raises `BadRateCard`."""
    if not _PERCENT.fullmatch(terms.fee_percent) or Decimal(terms.fee_percent) > MOST_PERCENT:
        raise BadRateCard(
            f'{terms.fee_percent!r} is no percentage; send a decimal string from "0" to "100", such as "2.5".'
        )
    return {"fee_percent": terms.fee_percent, "fee_micros": terms.fee_fixed.micros if terms.fee_fixed else 0}


def check_card(
    currency: str, bases: tuple[Money, Money], difficulty_factors: Mapping[str, str], expert_factor: str, terms: Terms
) -> None:
    """Raises `BadRateCard` for what makes no sense in itself."""
    parse_currency(currency)
    unknown = sorted(set(difficulty_factors) - set(DIFFICULTY_BANDS) | set(terms.class_factors) - set(LEVELS))
    if unknown:
        raise BadRateCard(f"Factors of difficulty and skill are given for 1 to 5, not for {', '.join(unknown)}.")
    strange = sorted(tag for tag in terms.language_factors if not _TAG.fullmatch(tag))
    if strange:
        raise BadRateCard(
            f"Factors of languages are given for tags such as pt or pt-BR, not for {', '.join(strange[:5])}."
        )
    if len(terms.language_factors) > MOST_LANGUAGES:
        raise BadRateCard(f"Factors of languages are given for tags such as pt or pt-BR, at most {MOST_LANGUAGES}.")
    groups = (difficulty_factors, {"": expert_factor}, terms.class_factors, terms.language_factors)
    for factor in (one for group in groups for one in group.values()):
        if not _FACTOR.fullmatch(factor):
            raise BadRateCard(
                f'{factor!r} is no factor; send a decimal string from "0" to "999.999999", such as "1.25".'
            )
    dearest = [max([*group.values(), "1"], key=Decimal) for group in groups]
    amounts = (terms.minimum, terms.bill_annotation, terms.bill_review, terms.per_turn, terms.per_hour, terms.fee_fixed)
    for base in (*bases, *amounts):
        _check_amount(base, currency, dearest)
    for rate, most, largest in (
        (terms.per_turn, terms.most_turns, MOST_TURNS),
        (terms.per_hour, terms.most_minutes, MOST_MINUTES),
    ):
        if (rate is not None and rate.micros > 0) != (most > 0) or not 0 <= most <= largest:
            raise BadRateCard(
                f"A rate per turn or hour says how much of it counts at most: 1 to {MOST_TURNS} turns, 1 to {MOST_MINUTES} minutes."
            )
    turns, hours = (
        (terms.per_turn.micros * terms.most_turns if terms.per_turn else 0),
        (terms.per_hour.micros * terms.most_minutes // MINUTE if terms.per_hour else 0),
    )
    _check_amount(Money(bases[0].micros + turns + hours, currency), currency, dearest)


def _check_amount(base: Money | None, currency: str, dearest: Sequence[str]) -> None:
    if base is None:
        return
    if base.currency != currency:
        raise BadRateCard(f"Every amount of this rate card is in {currency}, not in {base.currency}.")
    if base.micros < 0:
        raise BadRateCard("A price is zero or more.")
    largest = _product(base.micros, *dearest)
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
        class_factors=row["class_factors"],
        language_factors=row["language_factors"],
        minimum=_money(row["minimum_micros"] or None, row["currency"]),
        per_turn=_money(row["turn_micros"] or None, row["currency"]),
        most_turns=row["most_turns"],
        per_hour=_money(row["hour_micros"] or None, row["currency"]),
        most_minutes=row["most_minutes"],
        bill_annotation=_money(row["bill_annotation_micros"], row["currency"]),
        bill_review=_money(row["bill_review_micros"], row["currency"]),
        fee_percent=row["fee_percent"],
        fee_fixed=_money(row["fee_micros"] or None, row["currency"]),
    )


def _money(micros: int | None, currency: str) -> Money | None:
    return None if micros is None else Money(micros, currency)
