"""Corrections by the API: verdicts, evidence, and skills as a project sees them."""

from typing import Any

import httpx
import pytest

from kernel import db
from tests.api.conftest import Cast
from tests.api.slice import Site


@pytest.fixture
async def site(client: httpx.AsyncClient, cast: Cast) -> Site:
    return await Site(client, cast).open()


async def rejected(site: Site) -> str:
    await site.post_tasks()
    held = await site.claim(site.author)
    await site.converse(site.author, held)
    await site.submit(site.author, held)
    look = await site.claim(site.reviewer)
    body: dict[str, Any] = {
        "epoch": look["epoch"], "outcome": "reject", "reasons": [{"item": "factual_error", "text": "wrong"}],
    }  # fmt: skip
    await site.call("POST", f"/assignments/{look['id']}/verdict", site.reviewer, body)
    return str(await db.fetch_value("SELECT id FROM verdict"))


async def test_nobody_looks_at_their_own_work_through_a_token(site: Site, cast: Cast) -> None:
    path, body = f"/verdicts/{await rejected(site)}", {"outcome": "accept", "reason": "It was good."}
    root = await cast.person("root", ["admin"])
    program = await cast.program(["admin"], owner=root)
    await db.execute("UPDATE person SET annotator = NULL WHERE id = :id", id=site.author.person_id)
    await db.execute(
        "UPDATE person SET annotator = :own WHERE id = :id", own=site.author.annotator_id, id=root.person_id
    )
    refused = await site.call("POST", f"{path}/overturn", program, body, status=403)
    assert refused["code"] == "own_verdict"
    await site.call("POST", f"{path}/overturn", site.manager, body)


async def test_an_overturned_verdict_and_single_evidence(site: Site) -> None:
    path = f"/verdicts/{await rejected(site)}"
    body = {"outcome": "accept", "reason": "The source says so."}
    await site.call("POST", f"{path}/overturn", site.manager, {"outcome": "fix", "reason": "x"}, status=422)
    await site.call("POST", f"{path}/overturn", site.manager, body | {"reason": "  "}, status=422)
    found = await site.call("POST", f"{path}/overturn", site.manager, body)
    assert (found["outcome"], found["submission_state"], found["task_state"]) == ("accept", "accepted", "accepted")
    again = await site.call("POST", f"{path}/overturn", site.manager, body, status=409)
    assert again["code"] == "verdict_says_so"
    assert (await site.call("POST", f"{path}/uphold", site.manager, {"reason": "so it is"}))["upheld"]
    row = await db.fetch_value(
        "SELECT id FROM evidence e WHERE kind = 'review_verdict' AND retracts IS NULL "
        "AND NOT EXISTS (SELECT FROM evidence r WHERE r.retracts = e.id)"
    )
    done = await site.call("POST", f"/evidence/{row}/correct", site.manager, {"outcome": 0.5, "reason": "half right"})
    gone = await site.call("POST", f"/evidence/{done['evidence_id']}/retract", site.manager, {"reason": "no"})
    assert gone["evidence_id"] is None
    twice = await site.call("POST", f"/evidence/{row}/retract", site.manager, {"reason": "no"}, status=409)
    assert twice["code"] == "evidence_retracted"
    who, project = gone["annotator_id"], await db.fetch_value("SELECT id FROM project")
    views = await site.call("GET", f"/annotators/{who}/skills?project_id={project}", site.manager)
    assert {view["task_kind"] for view in views["items"]} == {""}
    reviewer = await db.fetch_value("SELECT reviewer FROM verdict")
    views = await site.call("GET", f"/annotators/{reviewer}/skills", site.manager)
    assert {view["task_kind"] for view in views["items"]} == {"", "review"}
