"""A manager gives a task, moves it and takes it back: on its page and over the API."""

from kernel import db
from tests.pages.conftest import Play


async def test_given_moved_and_taken_back(play: Play) -> None:
    task = await db.fetch_value("SELECT id FROM task WHERE external_id = 't1'")
    page = await play.manager.get(f"/tasks/{task}")
    assert "Give it to somebody" in page
    await play.author.post("/queue/presence", state="available")
    await play.other.post("/queue/presence", state="available")
    picker = await play.manager.get(f"/tasks/{task}/give")
    assert picker.index(">author<") < picker.index(">reviewer<"), "who may have it comes first"
    person = {"annotator": play.site.author.annotator_id, "reason": "Knows tea."}
    missing = await play.manager.post(f"/tasks/{task}/give", 422, annotator=person["annotator"])
    assert "Reason" in missing.text
    await play.manager.post(f"/tasks/{task}/give", **person)
    story = await play.manager.get(f"/tasks/{task}")
    assert "given by a manager" in story
    held = await db.fetch_value("SELECT id FROM assignment WHERE task = :task", task=task)
    assert ">other<" in await play.manager.get(f"/tasks/{task}/give?moving={held}&q=oth")
    again = await play.manager.post(f"/tasks/{task}/give", 409, **person)
    assert "free" in again.text
    to = {"annotator": play.site.other.annotator_id, "reason": "The author is ill.", "moving": held}
    await play.manager.post(f"/tasks/{task}/give", **to)
    moved = await db.fetch_value("SELECT id FROM assignment WHERE task = :task AND state = 'live'", task=task)
    await play.manager.post(f"/tasks/{task}/take-back", assignment=moved, reason="Not today.")
    assert await db.fetch_value("SELECT state FROM slot WHERE task = :task", task=task) == "free"
    await play.author.get(f"/tasks/{task}/give", 403)


async def test_over_the_api(play: Play) -> None:
    site, author = play.site, str(play.site.author.annotator_id)
    task = await db.fetch_value("SELECT id FROM task WHERE external_id = 't1'")
    giving = {"annotator_id": author, "reason": "Knows tea."}
    refused = await site.call("POST", f"/tasks/{task}/assign", site.manager, giving, 409)
    assert (refused["code"], [one["predicate"] for one in refused["failures"]]) == ("not_eligible", ["present"])
    await site.call("PUT", f"/annotators/{author}/presence", site.author, {"state": "available"})
    found = await site.call("GET", f"/tasks/{task}/assignable", site.manager)
    assert (found["items"][0]["annotator_id"], found["items"][0]["eligible"]) == (author, True)
    await site.call("POST", f"/tasks/{task}/assign", site.manager, giving | {"override": ["level"]}, 422)
    first = await site.call("POST", f"/tasks/{task}/assign", site.manager, giving, 201, idempotency_key="one")
    same = await site.call("POST", f"/tasks/{task}/assign", site.manager, giving, 201, idempotency_key="one")
    assert (first["id"], first["why"]["by_hand"]["reason"]) == (same["id"], "Knows tea.")
    await site.call("POST", f"/assignments/{first['id']}/take-back", site.manager, {"reason": "No."}, 204)
    gone = await site.call("POST", f"/assignments/{first['id']}/take-back", site.manager, {"reason": "No."}, 409)
    assert gone["code"] == "not_held"
