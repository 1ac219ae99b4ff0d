"""Over the API: who decides between answers, what they say together, and how reviewers did."""

from uuid import uuid4

import httpx
import pytest

from tests.api.conftest import Cast
from tests.api.slice import Site

CHOICES = {"choices": ["yes", "no"]}


@pytest.fixture
async def site(client: httpx.AsyncClient, cast: Cast) -> Site:
    return await Site(client, cast).open()


async def decided_between(site: Site, cast: Cast) -> dict[str, str]:
    """The project asks two people, who differ; somebody else decides."""
    at = f"/projects/{site.project_id}"
    change = {"consensus_target": 0.95, "overlap": 2, "most_answers": 2}
    await site.call("PATCH", at, site.manager, change)
    plan = {"stages": [{"name": "peer"}], "note": "Somebody decides.", "adjudicator": {"who": {"role": "reviewer"}}}
    made = await site.call("POST", f"{at}/review-plans", site.manager, plan, 201)
    assert made["adjudicator"] == {"who": {"role": "reviewer"}, "other_vendor": False}
    await site.call("POST", f"{at}/review-plans/1/activate", site.manager, {"reason": "From today."})
    tasks: dict[str, str] = await site.post_tasks(payload=CHOICES, kind="choice-ish")
    for n, label in enumerate(("yes", "no")):
        who = await cast.person(f"answers{n}", ["annotator"], vendor="North", works=True)
        held = await site.claim(who)
        assert held["adjudication"] is False
        body = {"epoch": held["epoch"], "payload": {"label": label}}
        await site.call("POST", f"/assignments/{held['id']}/submit", who, body)
        await site.call("GET", f"/assignments/{held['id']}/answers", who, status=404)
        await site.call(
            "POST",
            f"/assignments/{held['id']}/adjudicate",
            who,
            {"epoch": held["epoch"], "label": "yes", "reason": "x"},
            409,
        )
    return tasks


async def test_a_decision_between_answers(site: Site, cast: Cast) -> None:
    tasks = await decided_between(site, cast)
    judge = await cast.person("judge", ["reviewer"], vendor="North", works=True)
    held = await site.claim(judge)
    assert (held["adjudication"], held["work"]) == (True, None)
    path = f"/assignments/{held['id']}"
    seen = await site.call("GET", f"{path}/answers", judge)
    assert {one["label"] for one in seen["answers"]} == {"yes", "no"}
    assert all("author" not in one for one in seen["answers"])
    other = await cast.person("outsider", ["reviewer"], vendor="North", works=True)
    await site.call("GET", f"{path}/answers", other, status=404)
    verdict = {"epoch": held["epoch"], "outcome": "accept"}
    assert (await site.call("POST", f"{path}/verdict", judge, verdict, 409))["code"] == "wrong_state"
    wish = {"epoch": held["epoch"], "label": "perhaps", "reason": "It says so."}
    assert (await site.call("POST", f"{path}/adjudicate", judge, wish, 422))["allowed"] == ["yes", "no"]
    done = await site.call("POST", f"{path}/adjudicate", judge, wish | {"label": "no"})
    assert (done["right"], done["answers"], done["task_state"]) == (1, 2, "accepted")
    (task,) = tasks.values()
    together = await site.call("GET", f"/tasks/{task}/agreement", site.manager)
    assert together["together"][0]["votes"] == {"yes": 1, "no": 1}
    assert together["together"][0]["majority"] is None
    assert together["posterior"] == {"yes": pytest.approx(0.5, abs=0.1), "no": pytest.approx(0.5, abs=0.1)}
    assert together["adjudication"]["label"] == "no"
    report = await site.call("GET", f"/projects/{site.project_id}/agreement", site.manager)
    (line,) = report["lines"]
    assert (line["dimension"], line["measure"], line["units"], line["low"]) == ("label", "nominal", 1, None)


async def test_reviewers_and_sets(site: Site) -> None:
    assert (await site.call("GET", "/reviewers?sort=strict", site.manager))["items"] == []
    await site.call("GET", "/reviewers?sort=beauty", site.manager, status=422)
    await site.call("GET", f"/reviewers?project_id={uuid4()}", site.manager, status=404)
    at = f"/projects/{site.project_id}/calibration-sets"
    assert (await site.call("GET", f"{at}/candidates", site.manager))["items"] == []
    draft = {"name": "Known", "items": [{"verdict_id": str(uuid4())}]}
    assert (await site.call("POST", at, site.manager, draft, 422))["code"] == "bad_calibration"
    await site.call("POST", f"/calibration-sets/{uuid4()}/retire", site.manager, {"reason": "Enough."}, 404)
