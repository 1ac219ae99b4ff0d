"""A random life of people in three currencies, projects in two, fees and rates that change; after every step every currency sums to zero,
no invariant is broken, and everybody has exactly what they were shown."""

import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from kernel import db
from kernel.money import Money
from kernel.settings import Settings
from payments import adjustments, earnings, exchange_rates, rates
from payments.adjustments import AdjustmentDraft
from payments.exchange import converted, set_pay_currency
from payments.rates import Terms
from routing.events import BudgetExhausted, ExchangeRateMissing
from tests.payments import world

pytestmark = pytest.mark.usefixtures("pool")
STEPS = 60
CURRENCIES = ("CNY", "JPY", "KWD", None)


class Life:
    def __init__(self, seed: int, settings: Settings) -> None:
        self.dice, self.settings = random.Random(seed), settings
        self.day = datetime.now(UTC).date() - timedelta(days=5)
        self.shown: dict[UUID, tuple[UUID, int, str, str]] = {}
        """Work → person, what it pays in their currency, which, and its state."""
        self.given: dict[tuple[UUID, str], int] = defaultdict(int)
        self.done: set[str] = set()

    async def begin(self) -> None:
        self.projects = {code: await world.make_project(funded_micros=4000, currency=code) for code in ("USD", "EUR")}
        for code, project in self.projects.items():
            async with db.transaction():
                terms = Terms(fee_percent="3.5", fee_fixed=Money(3, code)) if code == "EUR" else None
                await rates.create_rate_card(project, code, Money(97, code), Money(31, code), {}, terms=terms)
        self.people = [await world.make_annotator() for _ in range(3)]
        await self.step_rate()

    async def step_rate(self) -> None:
        rows = [
            f"{base},{quote},{self.day},{self.dice.randint(1, 9)}.{self.dice.randint(0, 999_999):06d}"
            for base in self.projects for quote in ("CNY", "JPY")
        ]  # fmt: skip
        async with db.transaction("person:boss"):
            await exchange_rates.import_rates(
                "\n".join(["from,to,day,rate", *rows]), "Bank", "person:boss", self.settings
            )
        self.day = min(self.day + timedelta(days=1), datetime.now(UTC).date())

    async def step_move(self) -> None:
        async with db.transaction("person:boss"):
            await set_pay_currency(self.dice.choice(self.people), self.dice.choice(CURRENCIES), "")

    async def step_claim(self) -> None:
        person, (code, project) = self.dice.choice(self.people), self.dice.choice(list(self.projects.items()))
        currency = await db.fetch_value("SELECT currency FROM annotator WHERE id = :id", id=person)
        try:
            work = await world.claim(project, person)
        except BudgetExhausted:
            self.done.add("exhausted")
            return
        except ExchangeRateMissing:
            assert currency == "KWD"
            self.done.add("missing")
            return
        inputs = await db.fetch_value("SELECT price_inputs FROM assignment WHERE id = :id", id=work)
        rate = inputs["exchange"]["rate"] if currency else "1"
        self.shown[work] = (person, converted(97, rate), currency or code, "live")

    step_claim_more = step_claim

    async def step_end(self) -> None:
        await self._end("live", "ended")

    async def step_accept(self) -> None:
        await self._end("live", "paid")

    async def _end(self, before: str, after: str) -> None:
        found = [work for work, facts in self.shown.items() if facts[3] == before]
        if not found:
            return
        work = self.dice.choice(found)
        person, micros, currency, _ = self.shown[work]
        if after == "paid":
            await world.submit(work)
            await world.decide(work, "accepted")
            self.given[person, currency] += micros
        else:
            await world.end_without_work(work)
        self.shown[work] = (person, micros, currency, after)
        self.done.add(after)

    async def step_adjust(self) -> None:
        person, (code, project) = self.dice.choice(self.people), self.dice.choice(list(self.projects.items()))
        draft = AdjustmentDraft(kind="adjustment", project_id=project, annotator_ids=[person], amount=Money(self.dice.choice([40, -25]), code), reason="r")  # fmt: skip
        try:
            async with db.transaction("person:boss"):
                (made,) = await adjustments.propose(draft, "person:boss", self.settings)
                await db.execute("UPDATE adjustment SET acts_at = clock_timestamp() WHERE state IN ('scheduled')")
                await adjustments.sweep()
        except (BudgetExhausted, ExchangeRateMissing):
            return
        (view,) = await adjustments.some([made])
        if view.state == "posted":
            terms = view.inputs.get("exchange")
            micros = converted(abs(view.amount.micros), terms["rate"]) if terms else abs(view.amount.micros)
            self.given[person, terms["to"] if terms else code] += micros if view.amount.micros > 0 else -micros
            self.done.add("added" if view.amount.micros > 0 else "taken")

    async def check(self) -> None:
        assert await world.broken() == []
        rows = await db.fetch(
            "SELECT currency FROM account GROUP BY 1 HAVING sum(debits_posted) <> sum(credits_posted) OR sum(debits_pending) <> sum(credits_pending)"
        )
        assert rows == []
        for person in self.people:
            for total in (await earnings.earnings(person, limit=1)).totals:
                mine = [facts for facts in self.shown.values() if facts[0] == person and facts[2] == total.currency]
                assert total.posted.micros == self.given[person, total.currency]
                assert total.pending.micros == sum(micros for _, micros, _, state in mine if state == "live")
                assert total.pending_count == sum(state == "live" for *_, state in mine)


async def test_every_currency_sums_to_zero_and_everybody_has_what_they_were_shown(settings: Settings) -> None:
    life = Life(11, settings)
    await life.begin()
    steps = [getattr(life, name) for name in sorted(dir(life)) if name.startswith("step_")]
    for _ in range(STEPS):
        await life.dice.choice(steps)()
        await life.check()
    assert life.done >= {"paid", "ended", "added", "taken", "missing"}, life.done
