"""64 clients over HTTP on a real server, and a budget with room for 50: the cap holds, and every reserved micro ends."""

import asyncio
from collections import Counter
from typing import Any

import httpx

from callboard.checks import check
from tests.journey.conftest import get, make_person, post, put, usd

CLIENTS, ROOM = 64, 50
PRICE_CENTS = 250
LEFT_OVER = "2.49"
"""A cent less than one more would cost."""


async def open_project(api: httpx.AsyncClient) -> str:
    project = await post(api, "/projects", {"name": "Race", "guidelines": "Be quick."})
    at = f"/projects/{project['id']}"
    await put(api, f"{at}/rate-card", {"annotation": usd("2.50"), "review": usd("0")})
    cents = ROOM * PRICE_CENTS + round(100 * float(LEFT_OVER))
    await post(api, f"{at}/budget", {"amount": usd(f"{cents // 100}.{cents % 100:02}")})
    tasks = [
        {"external_id": f"t{n}", "kind": "form", "domain": "general", "language": "en", "difficulty": 2, "payload": {}}
        for n in range(CLIENTS)
    ]
    await post(api, f"{at}/tasks", {"tasks": tasks})
    await post(api, f"{at}/publish", {})
    return str(project["id"])


async def budget_of(api: httpx.AsyncClient, project_id: str) -> tuple[float, float, float]:
    budget = await get(api, f"/projects/{project_id}/budget")
    return float(budget["reserved"]["amount"]), float(budget["posted"]["amount"]), float(budget["left"]["amount"])


async def test_64_clients_claim_a_budget_with_room_for_50(api: httpx.AsyncClient) -> None:
    project_id = await open_project(api)
    people = [await make_person(api, f"A{n}", capacity=1) for n in range(CLIENTS)]
    reviewer = await make_person(api, "Rev", "reviewer", level=5, capacity=ROOM)
    await asyncio.gather(*(api.get("/me") for _ in people))  # every connection is open before the first shot
    answers = await asyncio.gather(
        *(post(api, "/assignments/claim", {"annotator_id": person, "kinds": ["annotation"]}) for person in people)
    )
    held = [one for answer in answers for one in answer["assignments"]]
    assert Counter(len(answer["assignments"]) for answer in answers) == {1: ROOM, 0: CLIENTS - ROOM}
    assert {answer["reason"] for answer in answers if not answer["assignments"]} == {"budget_exhausted"}
    assert await budget_of(api, project_id) == (125.0, 0.0, float(LEFT_OVER))

    async def end(n: int, one: dict[str, Any]) -> None:
        at, epoch = f"/assignments/{one['id']}", {"epoch": one["epoch"]}
        if n % 5:
            assert (await api.post(f"{at}/release", json=epoch | {"reason": "raced"})).is_success
        else:
            await post(api, f"{at}/submit", epoch | {"payload": {"text": "done"}})

    await asyncio.gather(*(end(n, one) for n, one in enumerate(held)))
    assert await budget_of(api, project_id) == (25.0, 0.0, 100.0 + float(LEFT_OVER))
    for n in range(ROOM // 5):
        claimed = await post(api, "/assignments/claim", {"annotator_id": reviewer, "kinds": ["review"]})
        (review,) = claimed["assignments"]
        outcome = {"outcome": "accept"} if n % 2 else {"outcome": "reject", "reasons": [{"item": "factuality", "text": "wrong"}]}  # fmt: skip
        await post(api, f"/assignments/{review['id']}/verdict", {"epoch": review["epoch"]} | outcome)
    assert await budget_of(api, project_id) == (0.0, 12.5, 112.5 + float(LEFT_OVER)), "released or posted, to the micro"
    report = await check()
    assert report.ok, report.to_text()
