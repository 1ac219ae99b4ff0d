"""A manager looks again at a verdict: the form on the task's page, and what the author reads then."""

import re
from uuid import uuid4

from kernel import db
from tests.pages.conftest import Play
from tests.pages.test_handlers import SCORES, hand_in

WHY = "Green tea it is; the source says so."


async def test_a_verdict_is_overturned_on_the_tasks_page(play: Play) -> None:
    at = await hand_in(play)
    review = await play.take(play.reviewer, "reviews")
    reason = {"item": "factual_error", "reason": "Black."}
    await play.reviewer.post(f"{review}/verdict", epoch=1, outcome="reject", **reason, **SCORES)
    task_id = await db.fetch_value("SELECT task FROM submission")
    path = f"/tasks/{task_id}/second-look"
    story = await play.manager.get(f"/tasks/{task_id}")
    found = re.search(r'name="verdict" value="([0-9a-f-]{36})"', story)
    assert found is not None
    assert "Overturn: reject" not in story, "that is what counts"
    form = {"verdict": found[1], "says": "accept", "reason": WHY}
    await play.author.post(path, 403, htmx=False, **form)
    await play.reviewer.post(path, 403, htmx=False, **form)
    silent = await play.manager.post(path, 422, htmx=False, **form | {"reason": " "})
    assert "Say why" in silent.text
    for wrong, status in (({"verdict": "x"}, 404), ({"verdict": str(uuid4())}, 404), ({"says": "fix"}, 422)):
        await play.manager.post(path, status, htmx=False, **form | wrong)
    await play.manager.post(path, 303, htmx=False, **form)
    story = await play.manager.get(f"/tasks/{task_id}")
    assert "person:" not in story, "people have names"
    for word in ("Verdict overturned", WHY, "Payment posted", "Overturn: reject"):
        assert word in story
    again = await play.manager.post(path, 409, htmx=False, **form)
    assert "This is what counts already" in again.text
    await play.manager.post(path, 303, htmx=False, **form | {"says": "uphold", "reason": "Green."})
    assert "Verdict upheld" in await play.manager.get(f"/tasks/{task_id}")
    page = await play.author.get(at)
    assert WHY in page
    assert "A manager looked again" in page
