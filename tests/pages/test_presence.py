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


async def test_the_floor_and_the_roster_show_who_is_here(play: Play) -> None:
    author = play.site.author.annotator_id
    assert "Nobody is here" in await play.manager.get("/floor")
    await play.take(play.author)
    await play.site.call("PUT", f"/annotators/{author}/presence", play.site.author, {"state": "draining"})
    page = await play.manager.get("/floor")
    assert f'<a href="/people/{author}">' in page
    assert "Finishing" in page.split('id="here"')[1].split("</ul>")[0]
    assert f'<a href="/people/{author}">' in await play.manager.get("/floor/fragment?presence=draining")
    assert "Nobody at the moment." in await play.manager.get("/floor/fragment?presence=busy")
    assert f'"/people/{author}"' in await play.manager.get("/people?presence=draining")
    assert f'"/people/{author}"' not in await play.manager.get("/people?presence=here")
    exported = await play.manager.get("/people/export.csv?presence=draining")
    assert ",draining," in exported
    found = await play.site.call(
        "GET", "/annotators?presence=draining&include=presence&sort=presence", play.site.manager
    )
    assert [(one["id"], one["presence"]["state"]) for one in found["items"]] == [(str(author), "draining")]
    await play.site.call("PUT", f"/annotators/{author}/presence", play.site.author, {"state": "available"})
    found = await play.site.call("GET", "/annotators?presence=here&sort=presence", play.site.manager)
    assert [one["id"] for one in found["items"]] == [str(author)]
    ordered = await play.site.call("GET", "/annotators?include=presence&sort=-presence", play.site.manager)
    assert [one["presence"]["state"] for one in ordered["items"]][-1] == "available"
