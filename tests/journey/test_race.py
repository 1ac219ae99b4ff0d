"""32 clients and one task, over HTTP on a real server: one of them gets it."""

import asyncio

import httpx

from callboard.checks import check
from kernel import db
from tests.journey.conftest import make_person, make_project

CLIENTS = 32


async def test_32_clients_one_task(api: httpx.AsyncClient) -> None:
    _, (task,) = await make_project(api)
    people = [await make_person(api, f"A{n}") for n in range(CLIENTS)]
    replies = await asyncio.gather(
        *(api.post("/assignments/claim", json={"annotator_id": person}) for person in people)
    )
    assert {reply.status_code for reply in replies} == {200}
    got = [reply.json()["assignments"] for reply in replies]
    assert sorted(len(item) for item in got) == [0] * (CLIENTS - 1) + [1]
    assert all(
        reply.json()["reason"] == "nothing_waiting" for reply, item in zip(replies, got, strict=True) if not item
    )
    assert await db.fetch_value("SELECT count(*) FROM assignment WHERE task = :task", task=task) == 1
    assert (await check()).ok


async def test_one_person_in_20_tabs_and_a_retry_storm(api: httpx.AsyncClient) -> None:
    await make_project(api, tasks=30)
    person = await make_person(api, "Ann")
    tabs = [api.post("/assignments/claim", json={"annotator_id": person}) for _ in range(20)]
    storm = [
        api.post("/assignments/claim", json={"annotator_id": person}, headers={"Idempotency-Key": "one"})
        for _ in range(12)
    ]
    replies = await asyncio.gather(*tabs, *storm)
    held = {item["id"] for reply in replies if reply.status_code == 200 for item in reply.json()["assignments"]}
    assert len(held) == 3, "the capacity of a profile that says nothing"
    keyed = {reply.content for reply in replies[20:] if reply.status_code == 200}
    assert len(keyed) == 1
    assert (await check()).ok
