"""What the queue says of a task that is kept for somebody, and of the most that one person gets."""

from uuid import UUID

from kernel import db
from kernel.settings import Settings
from routing import leases
from tests.pages.conftest import Play
from tests.routing.factory import lapse


async def test_who_comes_back_finds_the_task_again(play: Play, settings: Settings) -> None:
    at = await play.take(play.author)
    held = at.rsplit("/", 1)[1]
    await lapse(UUID(held))
    async with db.transaction():
        assert await leases.sweep(settings) == 1
    page = await play.author.get("/queue")
    assert "Kept for you" in page
    assert "Go on with it" in page
    assert "formula" in page.partition("Kept for you")[2].partition("</section>")[0], "and how its price came about"
    assert "Kept for you" not in await play.author.get("/reviews")
    again = await play.take(play.author)
    assert again != at
    assert "Kept for you" not in await play.author.get("/queue")
    task = await db.fetch_value("SELECT task FROM assignment WHERE id = :id", id=held)
    assert "came back to whoever" in (await play.manager.get(f"/tasks/{task}")).replace("&#39;", "'")


async def test_the_queue_says_that_a_cap_is_reached(play: Play) -> None:
    site = play.site
    project = await db.fetch_value("SELECT project FROM slot LIMIT 1")
    changed = await site.call(
        "PATCH", f"/projects/{project}", site.manager,
        {"cap_per_person_day": 1, "cap_per_person_live": 5, "capacity_cost": {"annotation": 1, "review": 2}, "lease_grace_minutes": 9},
    )  # fmt: skip
    assert (changed["cap_per_person_day"], changed["cap_per_person_live"], changed["lease_grace_minutes"]) == (1, 5, 9)
    assert changed["capacity_cost"] == {"annotation": 1, "review": 2}
    await site.call("PATCH", f"/projects/{project}", site.manager, {"cap_per_person_day": 0}, 422)
    await site.call("PATCH", f"/projects/{project}", site.manager, {"capacity_cost": {"annotation": 0}}, 422)
    await play.take(play.author)
    page = await play.author.get("/queue")
    assert "That is all for now" in page
    assert "You were given as much as one person gets for now." in page
    assert "Kinds of work of which you were given the most of a day:" in page
    answer = await play.author.post("/queue/next")
    assert "You were given as much as one person gets for now." in answer.text
    assert "Looking again in" in answer.text
    claimed = await site.call("POST", "/assignments/claim", site.author, {})
    assert (claimed["assignments"], claimed["reason"]) == ([], "capped")
    assert claimed["retry_after_seconds"] > 0
    task = await db.fetch_value("SELECT task FROM slot WHERE state = 'free' LIMIT 1")
    refused = await site.call(
        "POST", f"/tasks/{task}/assign", site.manager, {"annotator_id": str(site.author.annotator_id), "reason": "quick"}, 409
    )  # fmt: skip
    assert [one["predicate"] for one in refused["failures"]] == ["cap_project_day"]
    given = await site.call(
        "POST", f"/tasks/{task}/assign", site.manager,
        {"annotator_id": str(site.author.annotator_id), "reason": "she knows the customer", "override": ["cap"]}, 201,
    )  # fmt: skip
    assert given["state"] == "live"
