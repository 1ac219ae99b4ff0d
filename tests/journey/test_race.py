"""32 clients and one task, over HTTP on a real server: one of them gets it."""

import asyncio
from uuid import UUID

import httpx

from callboard.checks import check
from kernel import db
from tests.journey.conftest import make_person, make_project

CLIENTS, ROUNDS = 32, 6
"""Several rounds, because a race is won by chance; every connection is open before the first shot."""


async def test_32_clients_one_task(api: httpx.AsyncClient) -> None:
    _, tasks = await make_project(api, tasks=ROUNDS)
    async with db.transaction():
        await db.execute("UPDATE slot SET state = 'cancelled'")
    people = [await make_person(api, f"A{n}", capacity=ROUNDS) for n in range(CLIENTS)]
    for task in tasks:
        await _put_up(task)
        await asyncio.gather(*(api.get("/me") for _ in people))
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
    report = await check()
    assert report.ok, report.to_text()


async def _put_up(task: str) -> None:
    """A free place for this task alone: the others of the project wait for their round."""
    async with db.transaction():
        await db.execute(
            """INSERT INTO slot (id, task, project, lane, kind, stage, no, state, rank)
               SELECT gen_random_uuid(), id, project, lane, 'annotation', 0, 2, 'free', 0 FROM task WHERE id = :task""",
            task=UUID(task),
        )


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
