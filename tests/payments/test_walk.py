"""A random life of projects, people and work beside a model in plain Python; after every step the books agree with it
and no invariant is broken."""

import random
from dataclasses import dataclass, field
from uuid import UUID

import pytest

from kernel import db
from kernel.ids import uuid7
from kernel.money import Money
from payments import earnings, ledger, rates
from payments.errors import HoldResolved
from payments.verify import ledger_totals
from routing.events import AssignmentEnded, BudgetExhausted, PriceQuery, emit
from tests.payments import world

pytestmark = pytest.mark.usefixtures("pool")

STEPS = 100


@dataclass
class Work:
    id: UUID
    project: UUID
    worker: UUID
    price: int
    review_of: "Work | None" = None
    state: str = "live"
    """live, submitted, paid or ended."""


@dataclass
class Model:
    funded: dict[UUID, int] = field(default_factory=dict)
    cards: dict[UUID, rates.RateCardView] = field(default_factory=dict)
    workers: list[UUID] = field(default_factory=list)
    works: list[Work] = field(default_factory=list)

    def reserved(self, project: UUID) -> int:
        return sum(work.price for work in self.works if work.project == project and work.state in ("live", "submitted"))

    def posted(self, project: UUID) -> int:
        return sum(work.price for work in self.works if work.project == project and work.state == "paid")

    def left(self, project: UUID) -> int:
        return self.funded[project] - self.reserved(project) - self.posted(project)

    def of_worker(self, worker: UUID, *states: str) -> int:
        return sum(work.price for work in self.works if work.worker == worker and work.state in states)


class Walk:
    """One seeded walk; every `step_…` picks what it can do, or does nothing."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.model = Model()
        self.refused = 0

    async def begin(self) -> None:
        for _ in range(2):
            project = await world.make_project()
            self.model.funded[project] = 0
            await self._card(project)
        self.model.workers = [await world.make_annotator() for _ in range(3)]

    async def _card(self, project: UUID) -> None:
        factors = {f"d{band}": f"{self.dice.randint(0, 3)}.{self.dice.randint(0, 999):03d}" for band in (1, 2, 4, 5)}
        self.model.cards[project] = await world.make_card(
            project, annotation=self.dice.randint(0, 40), review=self.dice.randint(0, 15), expert="1.5", **factors
        )

    def _some(self, *states: str) -> Work | None:
        return self.dice.choice([work for work in self.model.works if work.state in states] or [None])

    async def step_fund(self) -> None:
        project, amount = self.dice.choice(list(self.model.funded)), self.dice.randint(1, 90)
        key = str(uuid7())
        for _ in range(self.dice.choice([1, 1, 2])):
            async with db.transaction():
                await ledger.fund(project, Money(amount, "USD"), key, "")
        self.model.funded[project] += amount

    async def step_new_card(self) -> None:
        await self._card(self.dice.choice(list(self.model.cards)))

    async def step_claim(self) -> None:
        await self._claim(None, self.dice.choice(list(self.model.cards)))

    async def step_claim_review(self) -> None:
        work = self._some("submitted")
        if work is not None and not any(other.review_of is work for other in self.model.works):
            await self._claim(work, work.project)

    async def _claim(self, review_of: Work | None, project: UUID) -> None:
        worker = self.dice.choice(
            [each for each in self.model.workers if review_of is None or each != review_of.worker]
        )
        band, expert = self.dice.randint(1, 5), self.dice.random() < 0.4
        query = PriceQuery(project, "review" if review_of else "annotation", band, expert)
        price = rates.price(self.model.cards[project], query).micros
        try:
            assignment_id = await world.claim(
                project, worker, band=band, expert=expert, review_of=review_of.id if review_of else None
            )
        except BudgetExhausted:
            assert price > self.model.left(project)
            self.refused += 1
            return
        assert price <= self.model.left(project)
        self.model.works.append(Work(assignment_id, project, worker, price, review_of))

    async def step_finish(self) -> None:
        work = self._some("live")
        if work is None:
            return
        if work.review_of is None:
            await world.submit(work.id)
            work.state = "submitted"
        else:
            await world.give_verdict(work.id, work.review_of.id)
            work.state = "paid"

    async def step_decide(self) -> None:
        work = self._some("submitted")
        if work is not None:
            outcome = self.dice.choice(["accepted", "accepted", "rejected", "rework"])
            await world.decide(work.id, outcome)
            work.state = "paid" if outcome == "accepted" else "ended"

    async def step_end(self) -> None:
        work = self._some("live")
        if work is not None:
            await world.end_without_work(work.id, self.dice.choice(["released", "declined", "expired", "cancelled"]))
            work.state = "ended"

    async def step_repeat(self) -> None:
        """What is told twice changes nothing, and the contrary of what happened is refused."""
        work = self._some("paid", "ended")
        if work is None:
            return
        fact, contrary = await world.accepted_fact(work.id), AssignmentEnded(work.id, "again")
        if work.state == "ended":
            fact, contrary = contrary, fact  # type: ignore[assignment]
        async with db.transaction():
            await emit(fact)
            if work.price:
                with pytest.raises(HoldResolved):
                    await emit(contrary)

    async def check(self) -> None:
        assert await world.broken() == []
        for project, funded in self.model.funded.items():
            budget = await earnings.project_budget(project)
            got = (budget.funded.micros, budget.reserved.micros, budget.posted.micros, budget.left.micros)
            assert got == (funded, self.model.reserved(project), self.model.posted(project), self.model.left(project))
        for worker in self.model.workers:
            totals = (await earnings.earnings(worker, limit=1)).totals
            pending, posted = self.model.of_worker(worker, "live", "submitted"), self.model.of_worker(worker, "paid")
            got_by_currency = [(total.pending.micros, total.posted.micros) for total in totals]
            assert got_by_currency == [(pending, posted)] if totals else pending + posted == 0
        assert all(total.debits == total.credits for total in await ledger_totals())


@pytest.mark.parametrize("seed", range(4))
async def test_the_books_agree_with_the_model_after_every_step(seed: int) -> None:
    walk = Walk(seed)
    await walk.begin()
    steps = {
        walk.step_fund: 3, walk.step_new_card: 1, walk.step_claim: 8, walk.step_claim_review: 4, walk.step_finish: 9,
        walk.step_decide: 3, walk.step_end: 1, walk.step_repeat: 2,
    }  # fmt: skip
    for _ in range(STEPS):
        (step,) = walk.dice.choices(list(steps), list(steps.values()))
        await step()
        await walk.check()
    # The walk was worth walking: work ended both ways, reviews too, and the budget ran out at least once.
    assert {work.state for work in walk.model.works} >= {"paid", "ended"}
    assert any(work.review_of and work.state == "paid" for work in walk.model.works)
    assert walk.refused > 0
