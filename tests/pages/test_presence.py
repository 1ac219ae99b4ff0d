"""The switch of the queue, the manager's word, and the same over the API."""

from tests.pages.conftest import Play


async def test_the_switch_and_what_it_stops(play: Play) -> None:
    page = await play.author.get("/queue")
    assert "Nothing is offered to you." in page, "who never said anything is offline"
    answer = await play.author.post("/queue/presence", state="break")
    assert answer.headers["hx-trigger"] == "refresh"
    page = await play.author.get("/queue")
    assert "You take nothing new" in page
    assert '<button name="state" value="break" aria-pressed="true">' in page
    assert "Get next task" not in page
    refused = await play.author.post("/queue/next")
    assert "You are on a break or finishing what you have." in refused.text
    plain = await play.author.post("/queue/presence", 303, htmx=False, state="available", next="/queue")
    assert plain.headers["location"] == "/queue"
    await play.take(play.author)
    await play.author.post("/queue/presence", 422, state="asleep")


async def test_a_manager_says_it_with_a_reason(play: Play) -> None:
    author = play.site.author.annotator_id
    await play.manager.post(f"/people/{author}/presence", 422, state="break")
    await play.manager.post(f"/people/{author}/presence", state="break", reason="The weekly meeting.")
    page = await play.manager.get(f"/people/{author}?done=presence")
    assert "The presence was set. They read your reason." in page
    assert "On a break" in page
    assert "A manager wrote: The weekly meeting." in await play.author.get("/queue")


async def test_over_the_api(play: Play) -> None:
    site = play.site
    at = f"/annotators/{site.author.annotator_id}/presence"
    said = await site.call("PUT", at, site.author, {"state": "draining"})
    assert (said["state"], said["said"]) == ("draining", "draining")
    assert (await site.call("GET", at, site.author))["state"] == "draining"
    refused = await site.call("POST", "/assignments/claim", site.author, {})
    assert (refused["assignments"], refused["reason"]) == ([], "not_available")
    other = await site.call("PUT", at, site.other, {"state": "available"}, 404)
    assert other["code"] == "annotator_not_found"
    missing = await site.call("PUT", at, site.manager, {"state": "available"}, 422)
    assert missing["code"] == "presence_reason_missing"
    assert (await site.call("PUT", at, site.frontend, {"state": "available"}))["state"] == "available", (
        "speaks for them"
    )
    await site.claim(site.author)
