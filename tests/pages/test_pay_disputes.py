"""A dispute of pay through the pages: the annotator's word, the manager's answer, and what both see; formulas before the work."""

import re
from datetime import timedelta

from kernel import clock, db
from tests.api.conftest import Cast
from tests.pages.conftest import Browser, Play
from tests.pages.test_handlers import SCORES


async def test_from_a_wrong_line_to_its_answer(play: Play, cast: Cast) -> None:
    assert "How the prices come about" in await play.author.get("/queue")
    at = await play.take(play.author)
    assert "× 1.5" in await play.author.get("/queue"), "the formula stands beside what is held"
    assert "× 1.5" in await play.author.get(at)
    for _ in range(2):
        await play.converse(play.author, at)
    await play.author.post(f"{at}/submit", epoch=1)
    review = await play.take(play.reviewer, "reviews")
    await play.reviewer.post(f"{review}/verdict", epoch=1, outcome="accept", **SCORES)
    await db.execute("UPDATE assignment SET active_seconds = 540 WHERE kind = 'annotation' AND state = 'submitted'")

    page = await play.author.get("/earnings?state=posted")
    assert "9 min active" in page
    assert "$5.00" in page, "by nine active minutes"
    found = re.search(r'name="line" value="(\d+)"', page)
    assert found is not None
    given = {"line": found[1], "currency": "USD", "reason": "Two messages are missing", "wanted": "0,25"}
    unread = await play.author.post("/earnings/dispute", 422, **(given | {"wanted": "much"}))
    assert "is no amount" in unread.text
    await play.other.post("/earnings/dispute", 404, **given)
    await play.author.post("/earnings/dispute", **given)
    again = await play.author.post("/earnings/dispute", 409, **given)
    assert "disputed already" in again.text
    assert "Your disputes" in await play.author.get("/earnings?done=disputed")
    today = clock.now().date()
    for filtered, there in (
        (f"since={today}", True),
        (f"until={today - timedelta(days=1)}", False),
        ("work=review", False),
    ):
        assert (f"open,{found[1]}" in await play.author.get(f"/earnings.csv?{filtered}")) is there, filtered

    await play.author.get("/payroll/disputes", 403)
    boss = Browser(play.site.client, await cast.person("boss", ["manager"]))
    shown = await boss.get("/payroll/disputes?sort=amount")
    assert "Two messages are missing" in shown
    assert "wants $0.25" in shown
    dispute_id = await db.fetch_value("SELECT id::text FROM pay_dispute")
    assert "Two messages" not in await boss.get("/payroll/disputes?overdue=1")
    refused = await boss.post(
        "/payroll/disputes/decide", 422, id=dispute_id, outcome="uphold", answer="as_agreed", reason="Kept words"
    )
    assert "Kept words" in refused.text, "what was typed stays"
    await boss.post(
        "/payroll/disputes/decide", id=dispute_id, outcome="uphold", answer="counted_wrong", reason="", amount=""
    )
    assert "pays $0.25" in await boss.get("/payroll/disputes?state=all")
    assert "Two messages are missing" in await boss.get("/payroll/disputes.csv?state=upheld")
    told = await play.author.get("/earnings")
    assert "It was counted wrongly." in told
    assert "$0.25" in told
    chinese = await play.author.get("/earnings", cookie=f"{play.author._headers['cookie']}; callboard_lang=zh-CN")
    assert "计数有误。" in chinese
    await _waits_too_long(play, boss)

    wish = {"line": int(found[1]), "reason": "Still wrong"}
    assert (await play.author.json("/api/v1/pay-disputes", wish, 409))["code"] == "pay_dispute_made"
    listed = await play.author.get("/api/v1/pay-disputes", accept="*/*")
    assert '"state":"upheld"' in listed
    assert '"items":[]' in await play.other.get("/api/v1/pay-disputes", accept="*/*")


async def _waits_too_long(play: Play, boss: Browser) -> None:
    """Upheld without an amount: the review of the work comes first."""
    for browser in (play.other, play.author):
        at = await play.take(browser)
        for _ in range(2):
            await play.converse(browser, at)
        await browser.post(f"{at}/submit", epoch=1)
    await db.execute("UPDATE submission SET submitted_at = submitted_at - interval '8 days' WHERE state = 'pending'")
    page = await play.author.get("/earnings?state=pending")
    found = re.search(r'name="line" value="(\d+)"', page)
    assert found is not None, page
    assert "Waits for a reviewer since" in page
    await play.author.post("/earnings/dispute", line=found[1], currency="USD", reason="Eleven days", wanted="")
    dispute_id = await db.fetch_value("SELECT id::text FROM pay_dispute WHERE kind = 'held'")
    await boss.post(
        "/payroll/disputes/decide", id=dispute_id, outcome="uphold", answer="other", reason="Now", amount=""
    )
    review = await play.take(play.reviewer, "reviews")
    reviewed = await db.fetch_value(
        "SELECT s.author_id FROM slot s JOIN assignment a ON a.slot = s.id WHERE a.id::text = :id",
        id=review.rpartition("/")[2],
    )
    assert reviewed == await db.fetch_value("SELECT annotator FROM pay_dispute WHERE id::text = :id", id=dispute_id)
