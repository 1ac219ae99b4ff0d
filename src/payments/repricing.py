"""What other prices would have cost over the work of the last month: every paid line priced again from its stored inputs."""

from collections.abc import Mapping
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from kernel import db
from kernel.money import Money
from kernel.sql import load
from payments import rates
from payments.errors import BadRateCard, NoSuchProject
from payments.rates import Terms

sql = load(__package__)
DAYS = 30
"""How far back a preview looks."""


class RepricedPart(msgspec.Struct, frozen=True, kw_only=True):
    """Some of the paid work, as it was and as it would have been."""

    part: Literal["all", "domain", "difficulty", "kind"]
    key: str
    """The domain, the level 1 to 5, or `annotation` or `review`; empty for all."""
    works: Annotated[int, Meta(ge=0)]
    old: Money
    """As it was paid."""
    new: Money
    difference: Money
    below: int
    """Works that the minimum lifts."""
    billed: Money | None
    """To the customer, where the card says so; works without a bill rate count nothing."""


class Repricing(msgspec.Struct, frozen=True, kw_only=True):
    days: int
    total: RepricedPart
    parts: list[RepricedPart]
    """By kind of work, domain and difficulty; each adds up to the total."""


async def reprice(
    project_id: UUID,
    currency: str,
    annotation: Money,
    review: Money,
    difficulty_factors: Mapping[str, str],
    *,
    expert_factor: str = "1",
    terms: Terms | None = None,
) -> Repricing:
    """One statement, exact to the micro; changes nothing. Raises `BadRateCard`, `NoSuchProject`."""
    terms = terms or Terms()
    rates.check_card(currency, (annotation, review), difficulty_factors, expert_factor, terms)
    paid_in = await db.fetch_value(sql.currency_of_project, project_id=project_id)
    if paid_in is None:
        raise NoSuchProject
    if paid_in != currency:
        raise BadRateCard(f"The project pays in {paid_in}, so its rate card cannot be in {currency}.")
    rows = await db.fetch(
        sql.reprice, project_id=project_id, days=DAYS,
        **rates.columns(annotation, review, difficulty_factors, expert_factor, terms),
    )  # fmt: skip
    total, *parts = [
        RepricedPart(
            part=row["part"], key=_key(row["domain"], row["band"], row["kind"]), works=row["works"], old=Money(row["old_micros"] or 0, currency),
            new=Money(row["new_micros"] or 0, currency), difference=Money((row["new_micros"] or 0) - (row["old_micros"] or 0), currency),
            below=row["below"], billed=None if row["billed_micros"] is None else Money(row["billed_micros"], currency),
        )
        for row in rows
    ]  # fmt: skip
    return Repricing(days=DAYS, total=total, parts=parts)


def _key(*given: str | int | None) -> str:
    return next((str(one) for one in given if one is not None), "")
