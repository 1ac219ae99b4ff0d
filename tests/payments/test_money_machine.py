"""Any life of the money, with database processes that die in the middle and replies that nobody hears: the books always fit.

Every action has its own keys, as a request has: whoever hears nothing asks again, and twice is once. After each step, and after
each crash, every invariant holds and the ledger sums to zero. `make money` lets it go on for longer.
"""

import asyncio
import contextlib
import os
import signal
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest
from hypothesis import HealthCheck, Phase
from hypothesis import settings as effort
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from callboard.embedded.postgres import EmbeddedPostgres
from callboard.wiring import wire
from kernel import clock, db
from kernel.errors import Unavailable
from kernel.ids import uuid7
from kernel.money import Money
from kernel.settings import Settings, load_settings
from payments import adjustments, bank, exchange, exchange_rates, ledger, pay_disputes, payouts, periods, rates
from payments.adjustments import AdjustmentDraft
from payments.bank import BankDetailsDraft
from payments.errors import NothingToPay
from payments.pay_disputes import PayDisputeAnswer, PayDisputeDraft
from payments.payouts import PayoutDraft
from payments.rates import Terms
from payments.verify import ledger_totals
from routing.events import BudgetExhausted, WorkReinstated, emit
from tests.conftest import TEMPLATE
from tests.payments import world

EXAMPLES = int(os.environ.get("CALLBOARD_MONEY_EXAMPLES", "3"))
MANY = 50
"""From so many lives on no two runs are alike, and everything happens in one of them."""
STEPS = 30
TRIES = 8
ANA, BEN = "person:ana", "person:ben"
BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)
IBAN = "DE89370400440532013000"
FUSES = st.sampled_from([0, 0, 0, 1, 2, 3, 4, 6, 9, 14])
"""After so many statements of an action its database process is killed; 0: not at all."""
TWICE = st.booleans()
"""The commit was done, and nobody heard of it: the same once more."""


class LifeOfMoney(RuleBasedStateMachine):
    """Two projects, three people, and one database of its own for each life."""

    postgres: EmbeddedPostgres
    settings: Settings
    seen: Counter[str]
    """Of all lives: crashes, and what became of things."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.fuse = 0
        self.work: dict[UUID, str] = {}
        self.closed: list[UUID] = []
        self.runner.run(self._open())

    async def _open(self) -> None:
        self.name = f"money_{uuid7().hex}"
        admin = await asyncpg.connect(self.postgres.dsn("postgres", superuser=True))
        await admin.execute(f'CREATE DATABASE "{self.name}" TEMPLATE {TEMPLATE} OWNER callboard STRATEGY file_copy')
        await admin.close()
        wire()
        await db.engine.open(self.postgres.dsn(self.name), self.settings, min_size=1, max_size=2, setup=self._lay_fuse)

    async def _lay_fuse(self, connection: Any) -> None:
        """Statements are counted as the driver tells of them; the process dies at that one, wherever the next stands."""
        if self.fuse:
            left, pid = self.fuse, connection.get_server_pid()

            def burn(_: object) -> None:
                nonlocal left
                left -= 1
                if left == 0 and self.fuse:
                    self.fuse = 0
                    self.seen["crash"] += 1
                    os.kill(pid, signal.SIGTERM)  # what pg_terminate_backend does

            connection.add_query_logger(burn)

    def teardown(self) -> None:
        self.runner.run(self._close())
        self.runner.close()

    async def _close(self) -> None:
        rows = await db.fetch("SELECT kind, count(*)::int AS n FROM transfer GROUP BY kind")
        self.seen.update({row["kind"]: row["n"] for row in rows})
        await db.engine.close()
        admin = await asyncpg.connect(self.postgres.dsn("postgres", superuser=True))
        await admin.execute(f'DROP DATABASE "{self.name}" WITH (FORCE)')
        await admin.close()

    def act(self, action: Callable[[], Awaitable[Any]], fuse: int = 0, *, twice: bool = False) -> Any:
        return self.runner.run(self._act(action, fuse, twice))

    async def _act(self, action: Callable[[], Awaitable[Any]], fuse: int, twice: bool) -> Any:
        self.fuse = fuse
        found = await self._until_heard(action)
        self.fuse = 0
        return await self._until_heard(action) if twice and found is not BudgetExhausted else found

    async def _until_heard(self, action: Callable[[], Awaitable[Any]]) -> Any:
        for _ in range(TRIES):
            try:
                return await action()
            except Exception as error:
                if not isinstance(db.translate(error), Unavailable):
                    raise
        raise AssertionError("the database does not come back")

    def _some(self, *states: str) -> list[UUID]:
        return [one for one, state in self.work.items() if state in states]

    @initialize()
    def begin(self) -> None:
        async def begin() -> None:
            self.projects = [await world.make_project(funded_micros=9_000_000) for _ in range(2)]
            terms = (Terms(fee_percent="3.3", fee_fixed=Money(3, "USD")), None)
            for project, own in zip(self.projects, terms, strict=True):
                async with db.transaction():
                    await rates.create_rate_card(
                        project,
                        "USD",
                        Money(1_250_001, "USD"),
                        Money(7, "USD"),
                        {"3": "1.5"},
                        expert_factor="1",
                        terms=own,
                    )
            self.people = [await world.make_annotator() for _ in range(3)]
            async with db.transaction(BEN):
                day = await db.fetch_value("SELECT (clock_timestamp() AT TIME ZONE 'UTC')::date::text")
                table = f"from,to,day,rate\nUSD,CNY,{day},7.124301"
                await exchange_rates.import_rates(table, "Bank", BEN, self.settings)
                await exchange.set_pay_currency(self.people[2], "CNY", "")
            for person in self.people:
                async with db.transaction(BEN):
                    await bank.set_details(
                        person, BankDetailsDraft(kind="iban", holder="A", account=IBAN), BEN, self.settings
                    )

                one = await world.claim(self.projects[0], person)
                await world.submit(one)
                await world.decide(one, "accepted")
                self.work[one] = "accepted"

        self.act(begin)

    @rule(project=st.integers(0, 1), micros=st.integers(1, 9_000_000), fuse=FUSES, twice=TWICE)
    def fund(self, project: int, micros: int, fuse: int, twice: bool) -> None:
        key = str(uuid7())

        async def fund() -> None:
            async with db.transaction(ANA):
                await ledger.fund(self.projects[project], Money(micros, "USD"), key, "agreed")

        self.act(fund, fuse, twice=twice)

    @rule(project=st.integers(0, 1), person=st.integers(0, 2), count=st.integers(1, 4), fuse=FUSES, twice=TWICE)
    def claim(self, project: int, person: int, count: int, fuse: int, twice: bool) -> None:
        wanted = [uuid7() for _ in range(count)]

        async def claim() -> list[UUID]:
            for one in wanted:
                if not await db.fetch_value("SELECT 1 FROM assignment WHERE id = :id", id=one):
                    with contextlib.suppress(BudgetExhausted):
                        await world.claim(self.projects[project], self.people[person], assignment_id=one)
            got = await db.fetch("SELECT id FROM assignment WHERE id = ANY (:ids)", ids=wanted)
            return [UUID(int=row["id"].int) for row in got]

        self.work.update(dict.fromkeys(self.act(claim, fuse, twice=twice), "live"))

    @precondition(lambda self: self._some("live"))
    @rule(data=st.data(), fuse=FUSES, ends=st.sampled_from(["submitted", "submitted", "expired"]), twice=TWICE)
    def submit_or_expire(self, data: st.DataObject, fuse: int, ends: str, twice: bool) -> None:
        some = data.draw(st.lists(st.sampled_from(self._some("live")), min_size=1, max_size=4, unique=True))

        async def go_on() -> None:
            for one in some:
                if ends == "expired":
                    await world.end_without_work(one)
                elif not await db.fetch_value("SELECT 1 FROM submission WHERE assignment = :id", id=one):
                    await world.submit(one)

        self.act(go_on, fuse, twice=twice)
        self.work.update(dict.fromkeys(some, ends))

    @precondition(lambda self: self._some("submitted"))
    @rule(
        data=st.data(), outcome=st.sampled_from(["accepted", "accepted", "rework", "rejected"]), fuse=FUSES, twice=TWICE
    )
    def decide(self, data: st.DataObject, outcome: str, fuse: int, twice: bool) -> None:
        one = data.draw(st.sampled_from(self._some("submitted")))
        self.act(lambda: world.decide(one, outcome), fuse, twice=twice)
        self.work[one] = outcome

    @precondition(lambda self: self._some("rejected"))
    @rule(data=st.data(), fuse=FUSES, twice=TWICE)
    def overturn(self, data: st.DataObject, fuse: int, twice: bool) -> None:
        one = data.draw(st.sampled_from(self._some("rejected")))

        async def overturn() -> object:
            fact = await world.accepted_fact(one)
            try:
                async with db.transaction(ANA):
                    await db.execute(
                        "UPDATE submission SET state = 'accepted' WHERE assignment = :id AND state = 'rejected'", id=one
                    )
                    await emit(
                        WorkReinstated(one, fact.task_id, fact.project_id, fact.annotator_id, fact.kind, fact.vendor_id)
                    )
            except BudgetExhausted:
                return BudgetExhausted
            return None

        if self.act(overturn, fuse, twice=twice) is None:
            self.work[one] = "accepted"

    @precondition(lambda self: self._some("rejected"))
    @rule(data=st.data(), micros=st.integers(1, 3_000_000), approve=st.booleans(), fuse=FUSES, twice=TWICE)
    def dispute(self, data: st.DataObject, micros: int, *, approve: bool, fuse: int, twice: bool) -> None:
        """Who is right gets an adjustment; an overturn that comes later takes it back, whatever became of it."""
        one = data.draw(st.sampled_from(self._some("rejected")))
        wish = PayDisputeAnswer(outcome="uphold", answer="our_mistake", amount=Money(micros, "USD"))

        async def uphold() -> object:
            made = await db.fetch_one(
                "SELECT id, state, adjustment FROM pay_dispute WHERE assignment_id = :one", one=one
            )
            if made is None:
                person = await db.fetch_value("SELECT annotator FROM assignment WHERE id = :one", one=one)
                async with db.transaction(ANA):
                    draft = PayDisputeDraft(assignment_id=one, reason="It was right")
                    await pay_disputes.open_dispute(UUID(int=person.int), draft, self.settings)
                return await uphold()
            if made["state"] == "open":
                try:
                    async with db.transaction(ANA):
                        await pay_disputes.decide([UUID(int=made["id"].int)], wish, ANA, self.settings)
                except BudgetExhausted:
                    return BudgetExhausted
                self.seen["upheld"] += 1
                return await uphold()
            if approve:
                async with db.transaction(BEN):
                    await adjustments.decide([UUID(int=made["adjustment"].int)], "approve", BEN)
            return None

        self.act(uphold, fuse, twice=twice)

    @rule(
        project=st.integers(0, 1), person=st.integers(0, 2), micros=st.integers(-2_000_000, 2_000_000).filter(bool),
        decision=st.sampled_from(["approve", "approve", "refuse"]), fuse=FUSES, twice=TWICE,
    )  # fmt: skip
    def adjust(self, *, project: int, person: int, micros: int, decision: Any, fuse: int, twice: bool) -> None:
        reason = str(uuid7())
        draft = AdjustmentDraft(
            kind="adjustment", project_id=self.projects[project], annotator_ids=[self.people[person]],
            amount=Money(micros, "USD"), reason=reason,
        )  # fmt: skip

        async def adjust() -> object:
            made = await db.fetch_value("SELECT id FROM adjustment WHERE reason = :reason", reason=reason)
            if made is None:
                try:
                    async with db.transaction(ANA):
                        (made,) = await adjustments.propose(draft, ANA, self.settings)
                except BudgetExhausted:
                    return BudgetExhausted
            elif await db.fetch_value("SELECT state FROM adjustment WHERE id = :id", id=made) == "short":
                return None
            async with db.transaction(BEN):
                await adjustments.decide([made], decision, BEN)
            return None

        self.act(adjust, fuse, twice=twice)

    @precondition(lambda self: self._some("accepted"))
    @rule(fuse=FUSES, twice=TWICE)
    def close_a_period(self, fuse: int, twice: bool) -> None:
        period_id = uuid7()

        async def close() -> None:
            if not await db.fetch_value("SELECT 1 FROM pay_period WHERE id = :id", id=period_id):
                begins = await db.fetch_value("SELECT max(ends_at) FROM pay_period") or BEGINNING
                ends = await db.fetch_value("SELECT clock_timestamp()")
                async with db.transaction():
                    await db.execute(periods.sql.add_pay_period, id=period_id, starts_at=begins, ends_at=ends)
            async with db.transaction(ANA):
                await periods.start_closing(period_id, ANA)
            progress: periods.Progress = "more"
            while progress:
                async with db.transaction():
                    progress = await periods.advance(period_id, self.settings)

        self.act(close, fuse, twice=twice)
        self.closed.append(period_id)
        for one in self._some("accepted"):
            self.work[one] = "stated"

    @precondition(lambda self: self.closed)
    @rule(
        outcome=st.sampled_from(["paid", "returned", "bounced"]), currency=st.sampled_from(["USD", "USD", "CNY"]),
        fuses=st.tuples(FUSES, FUSES, FUSES, FUSES), twice=TWICE,
    )  # fmt: skip
    def pay_out(self, outcome: Any, currency: str, fuses: tuple[int, ...], twice: bool) -> None:
        batch_id = self.act(lambda: self._draft(currency), fuses[0])
        if batch_id is None:
            return
        states = {"drafted": self._approve, "approved": self._export, "exported": self._confirm}
        for fuse in fuses[1:]:
            self.the_books_fit()
            state = self.act(lambda: db.fetch_value("SELECT state FROM payout_batch WHERE id = :id", id=batch_id))
            if state in states:
                self.act(lambda state=state: states[state](batch_id, outcome), fuse, twice=twice)  # type: ignore[misc]

    async def _draft(self, currency: str) -> UUID | None:
        drafted = await db.fetch_value("SELECT id FROM payout_batch WHERE state = 'drafted'")
        if drafted is not None:  # nobody heard of it
            return UUID(int=drafted.int)
        wish = PayoutDraft(self.closed[-1], currency, "csv", clock.now().date() + timedelta(days=2))
        try:
            async with db.transaction(ANA):
                return await payouts.draft(wish, ANA, self.settings)
        except NothingToPay:
            return None

    async def _approve(self, batch_id: UUID, _outcome: Any) -> None:
        ids = [row["id"] for row in await db.fetch(payouts.sql.payout_line_states, batch_id=batch_id)]
        if await db.fetch_value("SELECT state <> 'drafted' FROM payout_batch WHERE id = :id", id=batch_id):
            return
        async with db.transaction(BEN):
            if await db.fetch(payouts.sql.uncovered_payouts, ids=ids):  # taken back since: such a batch does not leave
                await payouts.cancel(batch_id, BEN, "taken back")
            else:
                await payouts.approve(batch_id, BEN)

    async def _export(self, batch_id: UUID, _outcome: Any) -> None:
        async with db.transaction(BEN):
            await payouts.export(batch_id, BEN, self.settings)

    async def _confirm(self, batch_id: UUID, outcome: Any) -> None:
        async with db.transaction(BEN):
            ids = [UUID(int=row["id"].int) for row in await db.fetch(payouts.sql.payout_line_states, batch_id=batch_id)]
            first: Any = "paid" if outcome == "bounced" else outcome
            if (await payouts.batch(batch_id)).state == "exported":
                await payouts.confirm(batch_id, ids, first, BEN, "AC04")
                await payouts.reconcile(batch_id, (await payouts.batch(batch_id)).paid, BEN)
            if outcome == "bounced":
                await payouts.confirm(batch_id, ids[:1], outcome, BEN, "AC04")

    @invariant()
    def the_books_fit(self) -> None:
        self.act(self._books_fit)

    async def _books_fit(self) -> None:
        assert await world.broken() == []
        assert all(total.debits == total.credits for total in await ledger_totals())


@pytest.mark.slow
@pytest.mark.timeout(max(120, 30 * EXAMPLES))
def test_the_books_fit_after_every_step_and_every_crash(postgres: EmbeddedPostgres, servers_folder: Any) -> None:
    settings = load_settings(servers_folder, environ={})

    class Here(LifeOfMoney):
        pass

    Here.postgres, Here.seen = postgres, Counter()
    Here.settings = msgspec.structs.replace(settings, approval_limits="USD 0", payout_minimum="USD 0, CNY 0")
    run_state_machine_as_test(
        Here,
        settings=effort(
            max_examples=EXAMPLES, stateful_step_count=STEPS, deadline=None, derandomize=EXAMPLES < MANY, database=None,
            suppress_health_check=list(HealthCheck), phases=[Phase.generate],  # where a process dies, no run is like another: nothing can be made smaller
        ),
    )  # fmt: skip
    # The lives were worth living: money went every way, and processes died.
    wanted = {"crash", "direct", "pending", "post", "void", "earmark", "clear", "fee", "convert"}
    if EXAMPLES >= MANY:
        wanted |= {"upheld", "bounce", "deduct"}
    assert Here.seen.keys() >= wanted, Here.seen
