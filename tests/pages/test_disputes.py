"""An author says that a verdict is wrong, a manager decides: both see it where they look."""

import html

from dialogue.rubrics import Dimension, RubricDraft, SpanLabel, put_rubric
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
    async with db.transaction("person:manager"):
        dimension, label = (
            Dimension(code="tone", name={"en": "Tone"}),
            SpanLabel(code="factual_error", name={"en": "Facts of tea"}),
        )
        project = await db.fetch_value("SELECT id FROM project")
        await put_rubric(project, RubricDraft(dimensions=[dimension], span_labels=[label]))
    queue = html.unescape(await boss.get("/disputes"))
    assert "Page 12 says so." in queue
    assert "Facts of tea" in queue, "rules have the project's own names"
    assert "Facts of tea" in await author.get("/verdicts")
    dispute = await db.fetch_value("SELECT id FROM dispute")
    await boss.post(f"/disputes/{dispute}/decide", outcome="overturn", reason="It does.")
    assert "The author was right" in await author.get("/verdicts")
    assert "Nothing to decide" in await boss.get("/disputes")


async def test_a_dispute_is_withdrawn_by_its_author_and_a_held_manager_has_a_name(play: Play) -> None:
    await hand_in(play)
    review = await play.take(play.reviewer, "reviews")
    reason = {"item": "factual_error", "reason": "Black."}
    await play.reviewer.post(f"{review}/verdict", epoch=1, outcome="reject", **reason, **SCORES)
    verdict = await db.fetch_value("SELECT id FROM verdict")
    await play.author.post(f"/verdicts/{verdict}/dispute", reason="Page 12 says so.")
    dispute = await db.fetch_value("SELECT id FROM dispute")
    assert f"/verdicts/disputes/{dispute}/withdraw" in await play.author.get("/verdicts")
    await play.other.post(f"/verdicts/disputes/{dispute}/withdraw", 404)
    done = await play.author.post(f"/verdicts/disputes/{dispute}/withdraw")
    assert "Taken back" in await play.author.get(done.headers["hx-redirect"])
    assert await db.fetch_value("SELECT count(*) FROM audit_entry WHERE action = 'dispute.withdrawn'") == 1
    await play.author.post(f"/verdicts/disputes/{dispute}/withdraw", 409)
    row = await db.fetch_one("SELECT id, display_name FROM person WHERE roles ? 'manager' LIMIT 1")
    assert row is not None
    await db.execute(
        "INSERT INTO review_hold (id, kind, subject, figures) VALUES (gen_random_uuid(), 'manager', :who, :figures)",
        who=f"person:{row['id']}", figures=db.jsonb({"verdicts": 9, "rejected": 8, "expected": 1.2, "evidence": 14.0, "limit": 13.0}),
    )  # fmt: skip
    page = html.unescape(await play.manager.get("/disputes"))
    assert "person:" not in page
    assert row["display_name"] in page[page.index("Reviewers who are held") :]
