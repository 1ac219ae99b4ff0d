"""Evidence, history and the way to the next level over HTTP; whose they are is in test_ownership and here."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from kernel import clock, db
from kernel.settings import Settings
from skills.annotators import assess
from skills.belief import Belief, level_floor, sigmoid
from skills.evidence import Observation, observe_many, retract
from skills.exams import ExamDraft, ItemDraft, add_items, create_exam
from tests.api.conftest import Cast, Somebody
from tests.api.slice import Site


@pytest.fixture
async def site(client: httpx.AsyncClient, cast: Cast) -> Site:
    return await Site(client, cast).open()


async def past(annotator_id: UUID, count: int, domain: str = "law") -> list[UUID]:
    now = clock.now()
    told = [
        (
            now - timedelta(days=60 - n),
            Observation(
                annotator_id=annotator_id, domain=domain, kind="gold" if n % 2 else "agreement", source_type="item",
                source_id=uuid4(), outcome=1.0, difficulty=Belief(0.8, 0.25), weight=0.0 if n == 1 else 1.0,
            ),
        )
        for n in range(count)
    ]  # fmt: skip
    async with db.transaction("test"):
        await observe_many(annotator_id, told)
    rows = await db.fetch(
        "SELECT id FROM evidence WHERE annotator = :id AND source_type = 'item' ORDER BY observed_at", id=annotator_id
    )
    return [row["id"] for row in rows]


async def every(site: Site, who: Somebody, path: str) -> list[dict[str, Any]]:
    """All pages."""
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        got = await site.call("GET", path + (f"&cursor={cursor}" if cursor else ""), who)
        found += got["items"]
        if got["next_cursor"] is None:
            return found
        cursor = got["next_cursor"]


def at(who: Somebody, path: str) -> str:
    return f"/annotators/{who.annotator_id}/{path}"


async def test_evidence_page_by_page_with_its_effect(site: Site) -> None:
    assert site.author.annotator_id
    ids = await past(site.author.annotator_id, 9)
    async with db.transaction("test"):
        await retract(ids[4], "the answer was wrong")
    rows = await every(site, site.author, at(site.author, "evidence?limit=4"))
    assert [row["at"] for row in rows] == sorted((row["at"] for row in rows), reverse=True)
    assert len({row["id"] for row in rows}) == len(rows) == 9 + 2  # two assessments when the profile was made
    known = {row["id"]: row for row in rows}
    gone, weightless, usual = (known[str(ids[n])] for n in (4, 1, 6))
    assert gone["retracted"]["reason"] == "the answer was wrong"
    assert (gone["effect"], gone["counts"]) == (None, False)
    assert (weightless["effect"], weightless["counts"]) == (None, False)
    assert usual["effect"]["after"] >= usual["effect"]["before"]
    assert usual["difficulty"] == {"level": 4, "percent": 69}
    stated = [row["stated_level"] for row in rows if row["kind"] == "assessment"]
    assert sorted(stated) == [4, 5]


async def test_evidence_filters(site: Site) -> None:
    assert site.author.annotator_id
    await past(site.author.annotator_id, 6)
    manager = site.manager
    assert len(await every(site, manager, at(site.author, "evidence?domain=law"))) == 6
    assert len(await every(site, manager, at(site.author, "evidence?domain=law&kind=gold"))) == 3
    assert len(await every(site, manager, at(site.author, "evidence?domain=law&counted=false"))) == 1
    assert len(await every(site, manager, at(site.author, "evidence?domain=law&counted=true"))) == 5
    await site.call("GET", at(site.author, "evidence?kind=hearsay"), manager, status=422)
    await site.call("GET", at(site.author, "evidence?cursor=nonsense"), manager, status=422)


async def test_judged_work_is_named_by_its_task(site: Site) -> None:
    ids = await site.post_tasks(1)
    held = await site.claim(site.author)
    await site.converse(site.author, held)
    await site.submit(site.author, held)
    review = await site.claim(site.reviewer)
    verdict = {"epoch": review["epoch"], "outcome": "accept"}
    await site.call("POST", f"/assignments/{review['id']}/verdict", site.reviewer, verdict)
    (mine,) = await every(site, site.author, at(site.author, "evidence?kind=review_verdict"))
    source = mine["source"]
    assert (source["title"], source["verdict"]) == ("Title of t0", "accept")
    assert (source["task_id"], source["assignment_id"]) == (ids["t0"], held["id"])
    (given,) = await every(site, site.reviewer, at(site.reviewer, "evidence?kind=review_given"))
    assert given["source"]["assignment_id"] == review["id"]
    assert given["counts"] is False


async def test_the_history_ends_with_the_belief(site: Site) -> None:
    assert site.author.annotator_id
    await past(site.author.annotator_id, 5)
    points = (await site.call("GET", at(site.author, "skills/law/history"), site.author))["items"]
    skills = (await site.call("GET", at(site.author, "skills"), site.author))["items"]
    law = next(skill for skill in skills if skill["domain"] == "law")
    assert abs(points[-1]["percent"] - law["percent"]) <= 1
    assert sum(len(point["kinds"]) for point in points) == 5
    await site.call("GET", at(site.author, "skills/alchemy/history"), site.author, status=422)


async def test_skills_say_class_level_and_reasons(site: Site) -> None:
    skills = (await site.call("GET", at(site.author, "skills"), site.author))["items"]
    known = {skill["domain"]: skill for skill in skills}
    finance, law = known["finance"], known["law"]
    assert finance["level"] == 4
    assert (finance["level_name_en"], finance["level_name_zh"]) == ("Expert", "专家")
    assert finance["interval"][0] < finance["proved_percent"] < finance["percent"] < finance["interval"][1]
    assert (finance["skill_class"], finance["missing"]) == ("generalist", ["proof"])
    assert law["inferred"]
    assert law["missing"] == ["proof", "level"]


async def test_what_opens_the_next_level(site: Site, settings: Settings) -> None:
    assert site.author.annotator_id
    async with db.transaction("test"):
        exam = ExamDraft(name="Law, level 4", domain="law", language="en", cut_level=4, min_items=1)
        exam_id = await create_exam(exam)
        await add_items(exam_id, [ItemDraft(text="?", options=["a", "b"], answer=0, difficulty=0.1)])
        await assess(site.author.annotator_id, "law", 3, "so far")
    # Difficulty 5 asks for level 4, which is the next; difficulty 4 is open already.
    tasks = [
        {
            "external_id": f"law-{n}",
            "kind": "dialogue",
            "domain": "law",
            "language": "en",
            "difficulty": 5,
            "payload": {},
        }
        for n in range(3)
    ]
    await site.call("POST", f"/projects/{site.project_id}/tasks", site.frontend, {"tasks": tasks}, 201)
    found = await site.call("GET", at(site.author, "skills/law/next"), site.author)
    assert (found["level"], found["next_level"]) == (3, 4)
    assert found["needed_percent"] == round(100 * sigmoid(level_floor(4)))
    assert found["ways"][0]["least"] >= 1
    assert [exam["id"] for exam in found["exams"]] == [str(exam_id)]
    assert found["exams"][0]["can_start"]
    assert found["expertise"]["missing"] == ["proof", "level"]
    assert found["opens"] == [{"kind": "annotation", "level": 4, "waiting": 3}]
    await site.call("GET", at(site.author, "skills/alchemy/next"), site.author, status=422)


async def test_nobody_reads_about_others(site: Site) -> None:
    for path in ("evidence", "skills/law/history", "skills/law/next"):
        await site.call("GET", at(site.author, path), site.other, status=404)
        await site.call("GET", at(site.author, path), site.manager)


async def test_capacity_is_changed_with_a_reason_on_record(site: Site) -> None:
    path = at(site.author, "capacity")
    changed = await site.call("PUT", path, site.manager, {"capacity": 7, "reason": "asked for more"})
    assert changed["capacity"] == 7
    entry = await db.fetch_one("SELECT before, after, reason FROM audit_entry WHERE action = 'annotator.capacity'")
    assert entry is not None
    assert (entry["before"], entry["after"]) == ({"capacity": 3}, {"capacity": 7})
    assert changed["cap_per_day"] is None
    capped = await site.call("PUT", path, site.manager, {"capacity": 7, "cap_per_day": 12, "reason": "fewer hours"})
    assert capped["cap_per_day"] == 12
    assert (await site.call("PUT", path, site.manager, {"capacity": 7}))["cap_per_day"] == 12, "left out: as it is"
    assert (await site.call("PUT", path, site.manager, {"capacity": 7, "cap_per_day": None}))["cap_per_day"] is None
    await site.call("PUT", path, site.manager, {"capacity": 7, "cap_per_day": 0}, 422)
    await site.call("PUT", path, site.manager, {"capacity": 0}, 422)
    await site.call("PUT", path, site.author, {"capacity": 9}, 403)
