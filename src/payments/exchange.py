"""Pay in another currency than the project's. The rate is fixed at the claim, with the price (docs/decisions/0013).

A person has an exchange account in each of the two currencies: the project's amount is held and posted to the one, and the
converted amount comes out of the other, so that every currency sums to zero by itself.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, localcontext
from typing import Any
from uuid import UUID

import msgspec

from kernel import audit, db
from kernel.ids import uuid7
from kernel.money import Money, amount_text, parse_amount, parse_currency, round_half_even
from kernel.sql import load
from payments.ledger import Resolution
from routing.events import ExchangeRateMissing, Price
from skills.errors import NoSuchAnnotator

sql = load(__package__)

ROUNDING = "half_even_micro"
_EXACT_DIGITS = 60
Terms = dict[str, Any]
"""`from`, `to`, `rate` (of one unit of `from`), `day`, `source` and `rounding`; with the `amount` that it makes of a price."""
Pair = tuple[str, str]


class Conversion(msgspec.Struct, frozen=True, kw_only=True):
    """A posted movement of a project's money, and what of it is the person's own."""

    source_key: str
    """Business key of the movement."""
    annotator_id: UUID
    micros: int
    terms: Terms
    inputs: dict[str, Any]
    """What the line says besides: of whose hold it is, what was counted, what was passed on."""
    back: bool = False
    """Out of what was earned, by a deduction."""


def converted(micros: int, rate: str) -> int:
    """Half to even at the micro; exact before that, as `converted_micros` in the database."""
    with localcontext() as context:
        context.prec = _EXACT_DIGITS
        return round_half_even(Decimal(micros) * Decimal(rate))


def paid(inputs: Mapping[str, Any]) -> Money | None:
    """What a price is in the person's currency, from its inputs; none where they are paid in the project's."""
    terms = inputs.get("exchange")
    return parse_amount(terms["amount"], terms["to"]) if terms else None


async def current(pairs: Iterable[Pair]) -> dict[Pair, Terms]:
    """Of each pair the rate that counts today; pairs without one are left out."""
    wanted = sorted(set(pairs))
    if not wanted:
        return {}
    rows = await db.fetch(
        sql.exchange_rates_of, bases=[base for base, _ in wanted], quotes=[quote for _, quote in wanted]
    )
    return {
        (row["base"], row["quote"]): {
            "from": row["base"], "to": row["quote"], "rate": rate_text(row["rate"]), "day": row["day"].isoformat(), "source": row["source"],
            "rounding": ROUNDING,
        }
        for row in rows
    }  # fmt: skip


def rate_text(rate: Decimal) -> str:
    """Without zeros that say nothing: `7.12`."""
    whole, _, fraction = f"{rate:f}".partition(".")
    fraction = fraction.rstrip("0")
    return f"{whole}.{fraction}" if fraction else whole


def with_amount(terms: Terms, micros: int) -> Terms:
    return terms | {"amount": amount_text(converted(micros, terms["rate"]))}


async def in_currencies(prices: Sequence[Price], wanted: Sequence[str | None]) -> list[Price]:
    """Each with its exchange, or without a rate, where the person is paid in another currency; one statement for all of these."""
    pairs = [
        (price.currency, to) if to is not None and to != price.currency and price.micros else None
        for price, to in zip(prices, wanted, strict=True)
    ]
    if not any(pairs):
        return list(prices)
    known = await current(pair for pair in pairs if pair)
    return [
        price if pair is None else _exchanged(price, pair, known.get(pair))
        for price, pair in zip(prices, pairs, strict=True)
    ]


def _exchanged(price: Price, pair: Pair, terms: Terms | None) -> Price:
    if terms is None:
        return msgspec.structs.replace(price, without_rate=pair)
    return msgspec.structs.replace(price, inputs=price.inputs | {"exchange": with_amount(terms, price.micros)})


async def terms_for(annotator_id: UUID, amount: Money, corrects: int | None = None) -> dict[str, Terms]:
    """What the inputs of a movement to or from somebody hold besides: `exchange`, or nothing where they are paid in this currency.

    What corrects a line goes by that line's rate. Raises `ExchangeRateMissing`.
    """
    if corrects is not None:
        before = await db.fetch_value(sql.exchange_of_line, seq=corrects)
        if before is not None and before["from"] == amount.currency:
            return {"exchange": with_amount(before, abs(amount.micros))}
    currency = await db.fetch_value(sql.pay_currency_of, annotator_id=annotator_id)
    if currency is None or currency == amount.currency:
        return {}
    known = await current([(amount.currency, currency)])
    if not known:
        raise ExchangeRateMissing(from_currency=amount.currency, to_currency=currency)
    return {"exchange": with_amount(known[amount.currency, currency], abs(amount.micros))}


async def shown(annotator_id: UUID, amounts: Sequence[Money | None]) -> list[dict[str, Terms]]:
    """As `terms_for`, for what would be paid now; nothing also where no rate leads there."""
    currency = await pay_currency(annotator_id)
    known = await current(
        (one.currency, currency) for one in amounts if one is not None and currency not in (None, one.currency)
    )
    found = [known.get((one.currency, currency or "")) if one else None for one in amounts]
    return [
        {"exchange": with_amount(terms, one.micros)} if one and terms else {}
        for one, terms in zip(amounts, found, strict=True)
    ]


async def convert(conversions: Sequence[Conversion]) -> None:
    """The second legs of what was just posted, each once; what is less than a micro moves nothing."""
    db.require_transaction()
    if not conversions:
        return
    await lock({one.annotator_id for one in conversions}, {one.terms["to"] for one in conversions})
    for one in conversions:
        micros = converted(one.micros, one.terms["rate"])
        if micros:
            await db.execute(
                sql.convert, id=uuid7(), source_key=one.source_key, annotator_id=one.annotator_id, amount_micros=micros,
                currency=one.terms["to"], back=one.back,
                inputs=db.jsonb(one.inputs | {"converted_from": amount_text(one.micros), "exchange": one.terms}),
            )  # fmt: skip


async def lock(annotator_ids: Iterable[UUID], currencies: Iterable[str]) -> None:
    await db.execute(sql.lock_conversions, annotator_ids=sorted(set(annotator_ids)), currencies=sorted(set(currencies)))


def of_resolution(done: Resolution, kept: int | None = None) -> list[Conversion]:
    """Of a hold that was just posted; `kept` is what the person keeps of it, where parts were passed on. Nothing in one currency."""
    if done.exchange is None or done.kind != "post" or not done.fresh:
        return []
    passed_on = 0 if kept is None else done.amount.micros - kept
    inputs = {"held_id": str(done.held_id), **done.measured}
    if passed_on:
        inputs["passed_on"] = amount_text(passed_on)
    return [
        Conversion(
            source_key=done.business_key, annotator_id=done.annotator_id, micros=done.amount.micros - passed_on,
            terms=done.exchange, inputs=inputs,
        )
    ]  # fmt: skip


def of_deduction(key: str, annotator_id: UUID, micros: int, inputs: Mapping[str, Any]) -> list[Conversion]:
    if "exchange" not in inputs:
        return []
    said = {name: value for name, value in inputs.items() if name != "exchange"}
    terms = inputs["exchange"]
    return [Conversion(source_key=key, annotator_id=annotator_id, micros=micros, terms=terms, inputs=said, back=True)]


async def pay_currency(annotator_id: UUID) -> str | None:
    """That somebody is paid in; none: in each project's."""
    found: str | None = await db.fetch_value(sql.pay_currency_of, annotator_id=annotator_id)
    return found


async def set_pay_currency(annotator_id: UUID, currency: str | None, reason: str) -> None:
    """That somebody is paid in from the next claim on; none: in each project's. What they took before keeps its own. Audited.

    Raises `NoSuchAnnotator`, `Invalid`.
    """
    db.require_transaction()
    if currency is not None:
        parse_currency(currency)
    before = await db.fetch_one(sql.pay_currency_of, annotator_id=annotator_id)
    if before is None:
        raise NoSuchAnnotator
    if before["currency"] == currency:
        return
    await db.execute(sql.set_pay_currency, annotator_id=annotator_id, currency=currency)
    await audit.record(
        "annotator.pay_currency", "annotator", annotator_id, before={"currency": before["currency"]}, after={"currency": currency},
        reason=reason or None,
    )  # fmt: skip
