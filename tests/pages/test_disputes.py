"""An author says that a verdict is wrong, a manager decides: both see it where they look."""

import html

from kernel import db
from tests.pages.conftest import Play
from tests.pages.test_handlers import SCORES, hand_in


async def test_a_verdict_is_disputed_and_overturned_on_screen(play: Play) -> None:
    author, boss = play.author, play.manager
    assert "No verdicts yet" in await author.get("/verdicts")
    assert "Nothing to decide" in await boss.get("/disputes")
    await hand_in(play)
    review = await play.take(play.reviewer, "reviews")
    reason = {"item": "factual_error", "reason": "Black."}
    await play.reviewer.post(f"{review}/verdict", epoch=1, outcome="reject", **reason, **SCORES)
    verdict = await db.fetch_value("SELECT id FROM verdict")
    page = await author.get("/verdicts")
    assert f"/verdicts/{verdict}/dispute" in page
    await author.post(f"/verdicts/{verdict}/dispute", 422, reason=" ")
    await play.other.post(f"/verdicts/{verdict}/dispute", 404, reason="Not mine.")
    await author.post(f"/disputes/{verdict}/decide", 403, outcome="overturn", reason="Mine.")
    await author.post(f"/verdicts/{verdict}/dispute", reason="Page 12 says so.")
    assert "You disputed this verdict." in await author.get("/verdicts")
    queue = html.unescape(await boss.get("/disputes"))
    assert "Page 12 says so." in queue
    dispute = await db.fetch_value("SELECT id FROM dispute")
    await boss.post(f"/disputes/{dispute}/decide", outcome="overturn", reason="It does.")
    assert "The author was right" in await author.get("/verdicts")
    assert "Nothing to decide" in await boss.get("/disputes")
