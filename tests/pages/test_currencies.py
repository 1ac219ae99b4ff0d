"""A person who is paid in yuan in a project in dollars, through the pages and the API: rates, price, pay and statement file."""

import io
import zipfile
from datetime import UTC, datetime, timedelta
from typing import Any

from kernel import clock, db, outbox
from kernel.ids import uuid7
from kernel.settings import Settings
from payments import adjustments, periods, statements
from tests.pages.conftest import Play


async def test_rates_are_tried_then_imported_and_the_price_is_shown_in_both_currencies(
    play: Play, settings: Settings
) -> None:
    manager, author = play.manager, play.author
    today = datetime.now(UTC).date()
    annotator_id = await db.fetch_value("SELECT id::text FROM annotator WHERE display_name = 'author'")
    await author.get("/payroll/exchange-rates", 403)
    assert "No exchange rates" in await manager.get("/payroll/exchange-rates")

    await manager.post(f"/people/{annotator_id}/pay-currency", 422, currency="XXQ", reason="")
    await manager.post(f"/people/{annotator_id}/pay-currency", currency="cny", reason="Moved")
    assert 'value="CNY"' in await manager.get(f"/people/{annotator_id}")
    assert "is paid in CNY and cannot take work" in await manager.get("/payroll/exchange-rates")

    refused = await author.json("/api/v1/assignments/claim", {})
    assert (refused["assignments"], refused["reason"]) == ([], "exchange_rate_missing")
    assert "(USD to CNY)" in refused["detail"]

    lines = f"from,to,day,rate\nUSD,CNY,{today},7.5\nUSD,CNY,soon,1"
    tried = await manager.post("/payroll/exchange-rates", csv=lines, source="Bank of <b>", act="import")
    assert "The day is written as" in tried.text
    assert await db.fetch_value("SELECT count(*) FROM exchange_rate") == 0
    good = lines.rpartition("\n")[0]
    tried = await manager.post("/payroll/exchange-rates", csv=good, source="Bank of <b>", act="preview")
    assert "Import 1 rate" in tried.text
    assert "Bank of &lt;b&gt;" in tried.text
    done = await manager.post("/payroll/exchange-rates", csv=good, source="Bank of <b>", act="import")
    assert done.headers["hx-redirect"].endswith("done=imported&added=1")
    shown = await manager.get("/payroll/exchange-rates?from=USD")
    assert "7.5" in shown
    assert "in use" in shown
    assert "cannot take work" not in shown
    assert (today + timedelta(days=7)).isoformat() in shown

    queue = await author.get("/queue")
    assert "CN¥5.625" in queue
    assert "$0.75" in queue
    at = await play.take(author)
    desk = await author.get(at)
    assert "CN¥5.625" in desk
    assert f'$0.75 × 7.5 <span class="faint">({today})' in desk
    earnings = await author.get("/earnings")
    assert "CN¥5.625" in earnings
    assert "(USD → CNY, " in earnings
    assert "Bank of &lt;b&gt;" in earnings

    given: dict[str, Any] = {
        "kind": "bonus",
        "project": play.site.project_id,
        "people": "author",
        "amount": "2",
        "reason": "=1+1",
        "corrects": "",
    }
    await manager.post("/payroll/adjustments", **given)
    period_id, now = uuid7(), clock.now()
    async with db.transaction():
        await db.execute("UPDATE adjustment SET acts_at = clock_timestamp()")
        await adjustments.sweep()
        await db.execute(
            periods.sql.add_pay_period, id=period_id, starts_at=now - timedelta(days=30), ends_at=clock.now() + timedelta(milliseconds=1)
        )  # fmt: skip
    await manager.post(f"/payroll/{period_id}/close")
    while (await periods.period(period_id)).state != "closed":
        for job_id in await outbox.take_due_jobs(settings):
            await outbox.run_job(job_id, settings)
    statement_id = await db.fetch_value("SELECT id FROM statement WHERE currency = 'CNY'")
    page = await author.get(f"/statements/{statement_id}")
    assert "CN¥15.00" in page
    assert "$2.00 × 7.5" in page
    document = statements.read((await author.get(f"/api/v1/statements/{statement_id}")).encode())
    assert statements.check(document) == []

    await db.execute("UPDATE person SET locale = 'zh-CN' WHERE email LIKE 'author%'")
    table = await manager.get(f"/statements/{statement_id}/file.csv")
    assert "时间（UTC）" in table, "the person's language, whoever downloads it"
    assert ",'=1+1," in table
    assert ",15,CNY," in table
    book = await author.raw("GET", f"/api/v1/statements/{statement_id}/file?format=xlsx")
    lines = zipfile.ZipFile(io.BytesIO(book.content)).read("xl/worksheets/sheet2.xml").decode()
    assert "<v>15</v>" in lines
    assert "<f>" not in lines, "nothing is a formula"
    await play.other.get(f"/statements/{statement_id}/file.xlsx", 404)
