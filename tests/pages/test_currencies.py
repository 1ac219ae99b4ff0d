"""A person who is paid in yuan in a project in dollars, through the pages and the API: rates, price, pay and statement file."""

from datetime import UTC, datetime, timedelta

from kernel import db
from tests.pages.conftest import Play


async def test_rates_are_tried_then_imported_and_the_price_is_shown_in_both_currencies(play: Play) -> None:
    manager, author = play.manager, play.author
    today = datetime.now(UTC).date()
    annotator_id = await db.fetch_value("SELECT id::text FROM annotator WHERE display_name = 'author'")
    await author.get("/payroll/exchange-rates", 403)
    assert "No exchange rates" in await manager.get("/payroll/exchange-rates")

    await manager.post(f"/people/{annotator_id}/pay-currency", 422, currency="XXQ", reason="")
    await manager.post(f"/people/{annotator_id}/pay-currency", currency="cny", reason="Moved")
    assert 'value="CNY"' in await manager.get(f"/people/{annotator_id}")
    assert "is paid in CNY and cannot take work" in await manager.get("/payroll/exchange-rates")

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
