"""One dialogue task through the whole product, over HTTP, as a labeling frontend would drive it."""

from typing import Any

import httpx

from callboard.checks import check
from tests.journey.conftest import get, make_person, make_project, post, put


async def claim(api: httpx.AsyncClient, annotator_id: str, kind: str) -> dict[str, Any]:
    claimed = await post(api, "/assignments/claim", {"annotator_id": annotator_id, "kinds": [kind]})
    assert claimed["assignments"], claimed
    return dict(claimed["assignments"][0])


async def converse(api: httpx.AsyncClient, held: dict[str, Any], exchanges: int) -> None:
    """Open, read the reply, rate it, edit the last one; `exchanges` times."""
    where, epoch = f"/assignments/{held['id']}", {"epoch": held["epoch"]}
    for n in range(exchanges):
        if n == 0:
            await post(api, f"{where}/dialogue", {**epoch, "topic": "Tea", "text": "How long should green tea steep?"})
        else:
            await post(api, f"{where}/dialogue/turns", {**epoch, "text": f"And at {60 + 10 * n} degrees?"})
        turns = (await get(api, f"{where}/dialogue"))["workspace"]["conversation"]["turns"]
        await post(api, f"{where}/dialogue/turns/{turns[-1]['no']}/reply", epoch)
        reply = (await get(api, f"{where}/dialogue"))["workspace"]["conversation"]["turns"][-1]
        assert reply["role"] == "assistant"
        await put(
            api,
            f"{where}/dialogue/turns/{reply['id']}/rating",
            {**epoch, "rating": 4 if n else 2, "comment": "a little long"},
        )
    await put(api, f"{where}/dialogue/turns/{reply['id']}/text", {**epoch, "text": "Two minutes."})


async def test_from_import_to_pay(api: httpx.AsyncClient) -> None:
    project, (task,) = await make_project(api)
    author, reviewer = await make_person(api, "Ann"), await make_person(api, "Rev", "reviewer", level=5)

    held = await claim(api, author, "annotation")
    assert held["price"] == {"amount": "2.500000", "currency": "USD"}
    assert held["task"]["guidelines"] == "Be kind."
    early = await api.post(f"/assignments/{held['id']}/submit", json={"epoch": held["epoch"]})
    assert (early.status_code, early.headers["content-type"]) == (409, "application/problem+json")
    await converse(api, held, 3)
    submitted = await post(api, f"/assignments/{held['id']}/submit", {"epoch": held["epoch"]})
    assert submitted["state"] == "pending"
    assert (await get(api, f"/tasks/{task}"))["state"] == "in_review"
    pending = await get(api, f"/annotators/{author}/earnings")
    assert [line["state"] for line in pending["lines"]] == ["pending"]

    review = await claim(api, reviewer, "review")
    assert author not in str(review), "reviews are blind"
    assert review["work"]["payload"]["turns"][-1]["text"] == "Two minutes."
    assert review["work"]["payload"]["turns"][-1]["original_text"] not in (None, "Two minutes.")
    verdict = {"epoch": review["epoch"], "outcome": "accept", "scores": {"helpfulness": 5}, "reasons": []}
    assert (await post(api, f"/assignments/{review['id']}/verdict", verdict))["task_state"] == "accepted"

    paid = await get(api, f"/annotators/{author}/earnings")
    assert [(line["state"], line["amount"]) for line in paid["lines"]] == [
        ("posted", {"amount": "2.500000", "currency": "USD"})
    ]
    skills = {skill["domain"]: skill for skill in (await get(api, f"/annotators/{author}/skills"))["items"]}
    assert skills["general"]["evidence_count"] == 2
    budget = await get(api, f"/projects/{project}/budget")
    assert (budget["posted"]["amount"], budget["reserved"]["amount"]) == ("2.900000", "0.000000")
    events = [event["type"] for event in (await get(api, "/events", limit=200))["items"]]
    for kind in (
        "project.published",
        "tasks.created",
        "assignment.claimed",
        "submission.created",
        "verdict.given",
        "task.accepted",
        "accrual.posted",
    ):
        assert kind in events
    report = await check()
    assert report.ok, report.to_text()


async def test_a_retry_with_the_same_key_is_answered_again_and_happens_once(api: httpx.AsyncClient) -> None:
    await make_project(api, tasks=5)
    author = await make_person(api, "Ann")
    first, again = [
        await api.post("/assignments/claim", json={"annotator_id": author}, headers={"Idempotency-Key": "k1"})
        for _ in range(2)
    ]
    assert first.content == again.content
    assert again.headers["idempotent-replay"] == "true"
    other = await api.post(
        "/assignments/claim", json={"annotator_id": author, "limit": 2}, headers={"Idempotency-Key": "k1"}
    )
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert len((await get(api, "/assignments", annotator_id=author, state="live"))["items"]) == 1


async def test_explanation_over_the_api(api: httpx.AsyncClient) -> None:
    _, (task,) = await make_project(api)
    able, novice = await make_person(api, "Able"), await make_person(api, "Novice", "reviewer")
    assert (await get(api, f"/tasks/{task}/explain", annotator_id=able))["would_get"] is True
    told = await get(api, f"/tasks/{task}/explain", annotator_id=novice)
    assert told["would_get"] is False
    assert told["places"][0]["failures"][0]["predicate"] == "role"
