"""Offers on the queue page and over the API, the order of what is held, and what the stream tells."""

import re

from kernel import db
from tests.pages.conftest import Play


async def task_of(external_id: str) -> str:
    return str(await db.fetch_value("SELECT id FROM task WHERE external_id = :name", name=external_id))


async def test_offered_accepted_and_declined(play: Play) -> None:
    await play.author.post("/queue/presence", state="available")
    person = {"annotator": play.site.author.annotator_id, "how": "offer"}
    for name in ("t0", "t1"):
        await play.manager.post(f"/tasks/{await task_of(name)}/give", **person)
    again = await play.manager.post(f"/tasks/{await task_of('t0')}/give", 409, **person)
    assert "wait until the time that they named" in again.text
    page = await play.author.get("/queue")
    assert "Offered to you" in page
    first, second = re.findall(r"/queue/offers/([0-9a-f-]{36})/accept\" hx-target", page)
    taken = await play.author.post(f"/queue/offers/{first}/accept")
    assert taken.headers["hx-redirect"].startswith("/work/")
    gone = await play.author.post(f"/queue/offers/{second}/decline", later="hour", reason="Lunch.")
    assert gone.headers["hx-trigger"] == "refresh"
    assert "Offered to you" not in await play.author.get("/queue")
    over = await play.author.post(f"/queue/offers/{second}/accept", 409)
    assert "This offer is over" in over.text
    await play.other.post(f"/queue/offers/{second}/accept", 404)


async def test_what_is_held_moves_up_and_down(play: Play) -> None:
    await play.take(play.author)
    await play.take(play.author)
    page = await play.author.get("/queue")
    first, second = re.findall(r"/queue/([0-9a-f-]{36})/move\" hx-swap", page)
    await play.author.post(f"/queue/{second}/move", to="up")
    page = await play.author.get("/queue")
    assert re.findall(r"/queue/([0-9a-f-]{36})/move\" hx-swap", page) == [second, first]
    await play.other.post(f"/queue/{second}/move", 409, to="down")


async def test_over_the_api(play: Play) -> None:
    site, task = play.site, await task_of("t0")
    author, other = str(site.author.annotator_id), str(site.other.annotator_id)
    await site.call("PUT", f"/annotators/{author}/presence", site.author, {"state": "available"})
    made = await site.call("POST", f"/tasks/{task}/offer", site.manager, {"annotator_ids": [author, other]}, 201)
    assert [one["annotator_id"] for one in made["offers"]] == [author]
    assert [(one["annotator_id"], one["failures"][0]["predicate"]) for one in made["refused"]] == [(other, "present")]
    (shown,) = (await site.call("GET", "/offers", site.author))["items"]
    assert (shown["state"], shown["price"]) == ("open", {"amount": "0.750000", "currency": "USD"})
    assert "reference" not in shown["payload"], "the key stays here"
    assert (await site.call("GET", "/offers", site.other))["items"] == []
    await site.call("POST", f"/offers/{shown['id']}/accept", site.other, status=404)
    took = await site.call("POST", f"/offers/{shown['id']}/accept", site.author)
    assert took["price"] == shown["price"]
    again = await site.call("POST", f"/offers/{shown['id']}/decline", site.author, {}, 409)
    assert (again["code"], again["state"]) == ("offer_over", "accepted")
    history = await site.call("GET", f"/tasks/{task}/offers", site.manager)
    assert [one["state"] for one in history["items"]] == ["accepted"]
    feed = await site.call("GET", "/events", site.author)
    assert {"offer.made", "offer.accepted"} <= {one["type"] for one in feed["items"]}
    theirs = await site.call("GET", "/events", site.other)
    assert not [one for one in theirs["items"] if one["type"].startswith("offer.")]
    second = await site.claim(site.author)
    order = {"assignment_ids": [second["id"]]}
    put = await site.call("PUT", f"/annotators/{author}/queue", site.author, order)
    assert put["items"] == [second["id"], took["id"]]
    queue = await site.call("GET", f"/annotators/{author}/queue", site.author)
    assert [one["id"] for one in queue["items"]] == put["items"]
    await site.call("PUT", f"/annotators/{author}/queue", site.other, order, 404)
