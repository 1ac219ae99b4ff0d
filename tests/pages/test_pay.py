"""Payroll through the browser's eyes and the API: a bonus by four eyes, a closed period, a statement that is computed again."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from click.testing import CliRunner

from callboard.commands.ledger import command as ledger_command
from callboard.commands.statement import command as statement_command
from callboard.pages.project_rates import FIELDS
from kernel import clock, db, outbox
from kernel.ids import uuid7
from kernel.money import Money, amount_text
from kernel.settings import Settings
from payments import earnings, earnings_more, ledger, periods
from tests.api.conftest import Cast
from tests.pages.conftest import Browser, Play


async def test_from_a_bonus_to_a_statement_that_anybody_computes_again(
    play: Play, cast: Cast, settings: Settings, tmp_path: Path
) -> None:
    manager = play.manager
    project_id = play.site.project_id
    page = await manager.get("/payroll/adjustments")
    assert "a second person approves" in page
    given = {
        "kind": "bonus",
        "project": project_id,
        "people": "author",
        "amount": "60.50",
        "reason": "Night shift",
        "corrects": "",
    }
    refused = await manager.post("/payroll/adjustments", 422, **(given | {"people": "author\nnobody at all"}))
    assert "nobody at all" in refused.text
    assert "Night shift" in refused.text, "what was typed stays"
    await manager.post("/payroll/adjustments", **given)
    made = await db.fetch_value("SELECT id::text FROM adjustment")
    own = await manager.post("/payroll/adjustments/decide", 403, id=made, action="approve", note="")
    assert "nobody approves what they proposed" in own.text
    second = Browser(play.site.client, await cast.person("second", ["manager"]))
    listed = await second.get("/payroll/adjustments?state=waiting")
    assert "$60.50" in listed
    await second.post("/payroll/adjustments/decide", id=made, action="approve", note="Agreed")
    assert "Night shift" in await play.author.get("/earnings")

    floor = await manager.post(f"/projects/{project_id}/pay/floor", hourly="15,00", language="", reason="Agreed")
    assert floor.headers["hx-redirect"].endswith("done=floor")
    pay_page = await manager.get(f"/projects/{project_id}/pay")
    assert "$15.00" in pay_page
    assert "Lasts until" in pay_page

    rates = f"/projects/{project_id}/rates"
    shown = await manager.get(rates)
    assert "The next version" in shown
    given = dict.fromkeys(FIELDS, "") | {
        "annotation": "0,50",
        "review": "0.10",
        "languages": "pt 1.1",
        "minimum": "0.45",
    }
    again = await manager.post(rates, 422, **(given | {"languages": "pt", "act": "preview"}))
    assert "0,50" in again.text, "what was typed stays"
    before = await db.fetch_value("SELECT count(*) FROM rate_card")
    assert "What it would have cost" in (await manager.post(rates, **given, act="preview")).text
    assert await db.fetch_value("SELECT count(*) FROM rate_card") == before
    await manager.post(rates, **given, act="save")
    assert await db.fetch_value("SELECT minimum_micros FROM rate_card ORDER BY version DESC LIMIT 1") == 450_000

    assert "Too few works" in await manager.get(f"{rates}?target=15,00")
    assert 'value="0.77"' in await manager.get(f"{rates}?annotation=0.77")

    now = clock.now()
    period_id = uuid7()
    async with db.transaction():
        await db.execute(
            periods.sql.add_pay_period, id=period_id, starts_at=now - timedelta(days=30), ends_at=now + timedelta(milliseconds=1)
        )  # fmt: skip
    assert "Close the period" in await manager.get(f"/payroll/{period_id}")
    await manager.post(f"/payroll/{period_id}/close")
    while (await periods.period(period_id)).state != "closed":
        for job_id in await outbox.take_due_jobs(settings):
            await outbox.run_job(job_id, settings)
    assert "Closed" in await manager.get("/payroll")
    closed = await manager.get(f"/payroll/{period_id}")
    found = re.search(r"/statements/[0-9a-f-]{36}", closed)
    assert found is not None
    statement = await play.author.get(found[0])
    assert "Night shift" in statement
    assert "callboard statement verify" in statement
    assert found[0] in await play.author.get("/earnings")
    await play.other.get(found[0], 404)
    assert "Bonus" in await play.author.get(f"{found[0]}/file.csv")

    await _pay_out(play, manager, second, str(period_id))

    await _costs_and_checks(manager, second, str(period_id))

    file = tmp_path / "statement.json"
    file.write_text(await play.author.get(f"/api/v1{found[0]}"), encoding="utf-8")
    done = CliRunner().invoke(statement_command, ["verify", str(file)])
    assert done.exit_code == 0, done.output
    assert "sum 60.500000 USD" in done.output
    assert "everything fits" in done.output
    file.write_text(file.read_text(encoding="utf-8").replace('"60.500000"', '"61.500000"'), encoding="utf-8")
    again = CliRunner().invoke(statement_command, ["verify", str(file)])
    assert again.exit_code == 1
    assert "FAIL" in again.output
    assert "verify" in CliRunner().invoke(ledger_command, ["--help"]).output


async def _figures(whose: str) -> tuple[str, str, str]:
    """Payable, on its way and paid out."""
    (now,) = await earnings_more.figures(UUID(whose))
    (total,) = (await earnings.earnings(UUID(whose), limit=1)).totals
    return (amount_text(now.payable.micros), amount_text(now.on_the_way.micros), amount_text(total.paid.micros))


async def _pay_out(play: Play, drafter: Browser, approver: Browser, period_id: str) -> None:
    wish: dict[str, Any] = {
        "period": period_id,
        "currency": "USD",
        "format": "csv",
        "pay_on": clock.now().date().isoformat(),
    }
    refused = await drafter.post("/payroll/payouts", 409, **wish)
    assert "bank details are missing" in refused.text
    account: dict[str, Any] = {
        "kind": "iban",
        "holder": "Author",
        "account": "DE89370400440532013001",
        "bic": "",
        "routing": "",
    }
    assert "check digits are wrong" in (await play.author.post("/bank-details", 422, **account)).text
    await play.author.post("/bank-details", **(account | {"account": "DE89 3704 0044 0532 0130 00"}))
    kept = await play.author.get("/bank-details")
    assert "···3000" in kept
    assert "0532" not in kept
    await play.author.get("/payroll/payouts", 403)
    whose = await db.fetch_value("SELECT annotator::text FROM bank_details")
    assert "···3000" in await drafter.get(f"/annotators/{whose}/bank-details")
    await play.other.get(f"/annotators/{whose}/bank-details", 404)

    assert await _figures(whose) == ("60.500000", "0.000000", "0.000000")
    there = (await drafter.post("/payroll/payouts", **wish)).headers["hx-redirect"].partition("?")[0]
    await drafter.post(there, 403, action="approve")
    await approver.post(there, action="approve")
    await approver.get(f"{there}/file", 409)
    await approver.post(there, action="export")
    content = await approver.get(f"{there}/file")
    assert "DE89370400440532013000" in content
    assert content == await drafter.get(f"{there}/file")
    assert await _figures(whose) == ("0.000000", "60.500000", "0.000000")
    (reference,) = re.findall(r"\n([0-9a-f]{32}),", content)
    answer = f"reference,status,amount,currency\n{reference},paid,60.50,USD\nstranger,paid,,\n".encode()
    at = "/payroll/payouts/bank-status"
    shown = (await drafter.upload(at, "bank.csv", answer, drafter.csrf)).text
    assert "Write down 1 payment" in shown
    assert "no payment of ours" in shown
    data = re.search(r'name="data" value="([^"]+)"', shown)
    assert data is not None
    taken = (await drafter.post(at, data=data[1], name="bank.csv", take="yes")).text
    assert "Taken: 1 payment changed" in taken
    assert "nothing is done again" in (await drafter.upload(at, "again.csv", answer, drafter.csrf)).text
    assert await _figures(whose) == ("0.000000", "0.000000", "60.500000")
    assert "of $60.50 earned in all" in await play.author.get("/earnings")
    assert "does not agree" in (await drafter.post(there, 409, action="reconcile", left="1")).text
    await drafter.post(there, action="reconcile", left="60.50")
    assert "Reconciled" in await drafter.get("/payroll/payouts")
    line = await db.fetch_value("SELECT id::text FROM payout_line WHERE state = 'paid'")
    await drafter.post(there, id=line, action="bounced", reason="AC06 blocked")
    assert "AC06 blocked" in await drafter.get(there)
    seen = await db.fetch_value(
        "SELECT string_agg(coalesce(after::text, '') || coalesce(reason, ''), ' ') FROM audit_entry"
    )
    assert "0532" not in seen


async def _costs_and_checks(manager: Browser, second: Browser, closed: str) -> None:
    """Costs by stage, the exceptions, and a period that something blocks."""
    costs = await manager.get("/payroll/costs?by=project,stage&sort=per_item")
    assert "$60.50" in costs
    assert "of no task" in await manager.get("/payroll/costs?by=domain,difficulty&since=never")
    assert "60.500000" in await manager.get("/payroll/costs.csv?by=stage")
    (cell,) = (await manager.json_of("/api/v1/reports/costs?by=stage"))["items"]
    assert (cell["stage"], cell["cost"]["amount"], cell["items"]) == ("bonus", "60.500000", 0)
    assert "Nobody." in await manager.get(f"/payroll/{closed}/exceptions")
    starts_at = await db.fetch_value("SELECT max(ends_at) FROM pay_period")
    period_id = uuid7()
    async with db.transaction():
        await db.execute(periods.sql.add_pay_period, id=period_id, starts_at=starts_at, ends_at=clock.now())
    project_id = await db.fetch_value("SELECT project FROM adjustment LIMIT 1")
    async with db.transaction():
        await ledger.fund(UUID(int=project_id.int), Money(500_000_000, "USD"), "more", "For Sundays")
    given = {
        "kind": "bonus",
        "project": str(project_id),
        "amount": "70",
        "reason": "Sunday",
        "corrects": "",
    }
    for name in ("author", "other"):
        await db.execute("ALTER TABLE adjustment DISABLE TRIGGER USER")
        await manager.post("/payroll/adjustments", people=name, **given)
    await db.execute("UPDATE adjustment SET created_at = :at WHERE state = 'waiting'", at=starts_at)
    there = f"/payroll/{period_id}"
    assert "Blocks" in await manager.get(there)
    assert "Something blocks this period" in (await manager.post(f"{there}/close", 409)).text
    await manager.post(f"{there}/close", 403, override="adjustments_waiting", reason="Late")
    await manager.post(f"{there}/check")
    assert "Looked at" in await manager.get(there)
    assert "Approve all" not in await manager.get("/payroll/adjustments?state=waiting"), "their own"
    assert "Approve all" in await second.get("/payroll/adjustments?state=waiting")
    await second.post("/payroll/adjustments/decide-all", 409, state="waiting", expected=3, action="approve")
    await second.post("/payroll/adjustments/decide-all", state="waiting", expected=2, action="approve")
    listed = (await manager.json_of(f"/api/v1/pay-periods/{period_id}/checklist"))["items"]
    assert [one["code"] for one in listed if one["level"] == "blocking" and not one["clear"]] == []
