"""What makes the screens of pay live from the start: somebody who is paid in another currency, with its rates, and a dispute to decide.

The dice of the rates are seeded, so they are the same at every start, told from today.
"""

import random
from datetime import date, timedelta
from uuid import UUID

from callboard.demo.content import people
from callboard.demo.workforce import external_id
from kernel import clock, db
from kernel.ids import plain_uuid
from kernel.money import MICROS, Money
from kernel.settings import Settings
from kernel.sql import load
from payments import exchange, exchange_rates, pay_disputes
from payments.pay_disputes import PayDisputeDraft

sql = load("callboard.demo")
ACTOR = "system:demo"
CURRENCY, SOURCE = "EUR", "Demo bank"
MIDDLE = {"USD": 0.92, "CNY": 0.128}
"""Of one unit of the demo's currencies."""
DAYS = range(-14, 31, 7)
"""From today: two weeks back, and as far ahead as rates may be agreed."""
ABROAD, DISPUTES = 4, 1
"""Places among the simulated people."""
WANTED = Money(18 * MICROS, "USD")
REASON = "Two dialogues of that week are missing here: I handed both in on the Friday, and both were accepted."


def rates_of(today: date) -> str:
    """As the bank's file would be; pure."""
    dice = random.Random("rates of the demo")  # noqa: S311  a simulation
    rows = [
        f"{base},{CURRENCY},{today + timedelta(days=days)},{middle * dice.uniform(0.99, 1.01):.6f}"
        for days in DAYS
        for base, middle in MIDDLE.items()
    ]
    return "\n".join(["from,to,day,rate", *rows])


async def tell(settings: Settings) -> None:
    """Inside the transaction that makes the demo, after its months were told."""
    await exchange_rates.import_rates(rates_of(clock.now().date()), SOURCE, ACTOR, settings)
    await exchange.set_pay_currency(await _person(ABROAD), CURRENCY, "Lives in Vienna")
    who = await _person(DISPUTES)
    line = await db.fetch_value(sql.demo_newest_line, annotator_id=who)
    if line is not None:
        await pay_disputes.open_dispute(who, PayDisputeDraft(line=line, reason=REASON, wanted=WANTED), settings)


async def _person(place: int) -> UUID:
    row = await db.fetch_one("SELECT id FROM annotator WHERE external_id = :name", name=external_id(people()[place]))
    assert row is not None
    return plain_uuid(row["id"])
