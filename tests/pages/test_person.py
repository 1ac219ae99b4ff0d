"""The pages about one person on the real application: what they see of themselves, and what managers decide there."""

import re
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from callboard.pages.charts_skill import history_chart
from kernel import clock, db
from kernel.ids import uuid7
from skills.belief import Belief
from skills.evidence import Observation, observe_many, retract
from skills.history import Point
from tests.pages.conftest import Play


async def work(annotator_id: UUID, count: int, domain: str = "law") -> None:
    past = [
        (
            clock.now() - timedelta(days=40 - n),
            Observation(
                annotator_id=annotator_id, domain=domain, kind="gold", source_type="import", source_id=uuid4(),
                outcome=1.0, difficulty=Belief(0.0, 0.25),
            ),
        )
        for n in range(count)
    ]  # fmt: skip
    async with db.transaction("test"):
        await observe_many(annotator_id, past)


def author_id(play: Play) -> UUID:
    assert play.site.author.annotator_id
    return play.site.author.annotator_id


async def test_the_profile_leads_to_ones_own_page(play: Play) -> None:
    answer = await play.author.raw("GET", "/profile")
    assert answer.headers["location"] == f"/people/{author_id(play)}"
    page = await play.author.get(answer.headers["location"])
    assert "Your skills" in page
    assert re.search(r'href="/profile" aria-current="page"', page)
    assert "Assess a level" not in page
    await play.manager.get("/profile", 403)


async def test_nobody_else_finds_it_but_managers_do(play: Play) -> None:
    path = f"/people/{author_id(play)}"
    for way in (path, f"{path}/evidence"):
        await play.other.get(way, 404)
        page = await play.manager.get(way)
        assert "Your skills" not in page
    assert "Assess a level" in await play.manager.get(path)


async def test_skills_are_told_in_words_beside_the_picture(play: Play) -> None:
    await work(author_id(play), 8)
    page = await play.author.get(f"/people/{author_id(play)}?domain=law")
    line = re.search(r'<h3 class="strong">Law</h3>.*?</details>', page, re.DOTALL)
    assert line is not None
    assert re.search(r"likely \d+ to \d+", line[0])
    assert "8 pieces of evidence" in line[0]
    assert "What opens level" in line[0]
    assert re.search(r"a verified credential or a passed exam is missing", line[0])
    assert page.count('class="chart-mark" cx=') == 8 + 1  # and the one of the legend
    table = page[page.index("The same as a table") :]
    assert table.count("Control task") == 8
    assert re.search(r"\d fields not seen yet", page)


async def test_a_domain_that_is_not_there_shows_another(play: Play) -> None:
    page = await play.author.get(f"/people/{author_id(play)}?domain=alchemy%22%3E")
    assert "alchemy" not in page
    assert "Over time" in page


async def test_evidence_with_filters_pages_and_what_was_taken_back(play: Play) -> None:
    await work(author_id(play), 60)
    row = await db.fetch_value(
        "SELECT id FROM evidence WHERE annotator = :id AND kind = 'gold' ORDER BY observed_at DESC LIMIT 1",
        id=author_id(play),
    )
    async with db.transaction("test"):
        await retract(row, "The key was wrong & is mended.")
    path = f"/people/{author_id(play)}/evidence"
    page = await play.author.get(path)
    assert 'class="taken-back"' in page
    assert "The key was wrong &amp; is mended." in page
    older = re.search(r'href="([^"]+cursor=[^"]+)"', page)
    assert older is not None
    rest = await play.author.get(older[1].replace("&amp;", "&"))
    assert page.count("<tr") - 1 + rest.count("<tr") - 1 == 62  # 60, and two assessments
    only = await play.author.get(f"{path}?domain=law&counted=no")
    assert only.count("<tr") - 1 == 1
    assert "No evidence here" in await play.author.get(f"{path}?kind=assessment&domain=law")
    await play.author.get(f"{path}?cursor=broken", 422)


async def test_judged_work_leads_to_the_work(play: Play) -> None:
    at = await play.take(play.author)
    for _ in range(2):
        await play.converse(play.author, at)
    await play.author.post(f"{at}/submit", epoch=1)
    review = await play.take(play.reviewer, "reviews")
    verdict = {"epoch": 1, "outcome": "rework", "item": "factual_error", "reason": "Green tea is not black."}
    scores = {f"score-{name}": 3 for name in ("helpfulness", "factuality", "fluency", "instructions")}
    await play.reviewer.post(f"{review}/verdict", **verdict, **scores)
    path = f"/people/{author_id(play)}"
    mine, theirs = await play.author.get(path), await play.manager.get(path)
    assert "Green tea is not black." in mine
    assert f'<a href="{at}">' in mine
    assert re.search(r'<a href="/tasks/[0-9a-f-]{36}">', theirs)
    assert f'<a href="{at}">' in await play.author.get(f"{path}/evidence")
    reviewer = play.site.reviewer
    assert "reviewer" not in re.sub(r"<[^>]+>|Reviewe|reviewers", " ", mine), "the reviewer stays unnamed"
    given = await play.reviewer.get(f"/people/{reviewer.annotator_id}/evidence")
    assert f'<a href="{review}">' in given


async def test_a_manager_assesses_pauses_and_changes_capacity(play: Play) -> None:
    path = f"/people/{author_id(play)}"
    refused = await play.manager.post(f"{path}/assess", 422, domain="law", level=4, reason=" ")
    assert "Say why" in refused.text
    await play.manager.post(f"{path}/assess", 422, domain="law", level=6, reason="x")
    done = await play.manager.post(f"{path}/assess", domain="law", level=4, reason="Read three of her briefs.")
    page = await play.manager.get(done.headers["hx-redirect"])
    assert "The level was stated." in page
    assert await db.fetch_value(
        "SELECT reason FROM audit_entry WHERE action = 'skill.assessed' ORDER BY seq DESC LIMIT 1"
    ) == ("Read three of her briefs.")
    await play.manager.post(f"{path}/capacity", 422, capacity=51)
    await play.manager.post(f"{path}/capacity", capacity=6)
    assert "0 of 6" in await play.manager.get(path)
    await play.manager.post(f"{path}/capacity", 422, capacity=6, cap_per_day=1001)
    await play.manager.post(f"{path}/capacity", capacity=6, cap_per_day=2, reason="asked for less")
    await play.manager.post(f"{path}/capacity", capacity=6)
    page = await play.manager.get(path)
    assert "Given today" in page, "a form without the field says nothing of the cap"
    assert "0 of 2" in page
    await play.manager.post(f"{path}/capacity", capacity=6, cap_per_day="")
    assert await db.fetch_value("SELECT cap_per_day FROM annotator WHERE id = :id", id=author_id(play)) is None
    assert "Given today" not in await play.manager.get(path)
    await play.manager.post(f"{path}/state", 422, state="gone", reason="x")
    await play.manager.post(f"{path}/state", state="paused", reason="On leave until May.")
    assert "On leave until May." in await play.author.get(path)


async def test_reviewing_stands_below_its_domain(play: Play) -> None:
    one = author_id(play)
    reviewed = Observation(
        annotator_id=one, domain="law", task_kind="review", kind="gold", source_type="item", source_id=uuid7(),
        outcome=1.0, difficulty=Belief(0.4, 0.25),
    )  # fmt: skip
    async with db.transaction("test"):
        await observe_many(one, [(clock.now(), reviewed)])
    page = await play.author.get(f"/people/{one}")
    row = re.search(r'<li class="skill skill-kind.*?</li>', page, re.DOTALL)
    assert row is not None
    assert "Review" in row[0]
    assert ": Law" in row[0]
    assert "1 piece of evidence" in row[0]


async def test_a_manager_gives_roles_and_languages(play: Play) -> None:
    path = f"/people/{author_id(play)}"
    await play.manager.post(f"{path}/role", 422, role="reviewer", project="", action="grant", reason=" ")
    await play.manager.post(f"{path}/role", 422, role="reviewer", project="nowhere", action="grant", reason="x")
    unknown = "00000000-0000-7000-8000-000000000000"
    await play.manager.post(f"{path}/role", 422, role="reviewer", project=unknown, action="grant", reason="x")
    await play.manager.post(f"/people/{unknown}/role", 404, role="reviewer", project="", action="grant", reason="x")
    roles = "SELECT array_agg(role ORDER BY role) FROM annotator_role WHERE annotator = :id"
    for _ in range(2):
        await play.manager.post(f"{path}/role", role="reviewer", project="", action="grant", reason="Judges well.")
    assert await db.fetch_value(roles, id=author_id(play)) == ["annotator", "reviewer"]
    await play.manager.post(f"{path}/role", role="reviewer", project="", action="revoke", reason="Enough for now.")
    assert await db.fetch_value(roles, id=author_id(play)) == ["annotator"]
    await play.manager.post(f"{path}/language", 422, language="no such thing", level=3)
    await play.manager.post(f"{path}/language", 422, language="fr", level=6)
    await play.manager.post(f"{path}/language", language="ZH-cn", level=3)
    known = "SELECT level FROM annotator_language WHERE annotator = :id AND language = 'zh-CN'"
    assert await db.fetch_value(known, id=author_id(play)) == 3
    await play.manager.post(f"{path}/language", language="zh-CN", level=0)
    assert await db.fetch_value(known, id=author_id(play)) is None
    assert await db.fetch_value("SELECT count(*) FROM annotator_language WHERE annotator = :id", id=author_id(play)) > 0


@pytest.mark.parametrize("what", ["assess", "capacity", "state", "role", "language"])
async def test_nobody_decides_about_themselves(play: Play, what: str) -> None:
    await play.author.post(
        f"/people/{author_id(play)}/{what}", 403, domain="law", level=5, reason="me", capacity=50, state="left"
    )


def test_a_chart_stays_in_its_box() -> None:
    now = clock.now()
    points = []
    for n in range(30):
        belief = Belief(-3 + 0.2 * n, 2 / (1 + n))
        points.append(
            Point(now + timedelta(days=n), belief.mean, belief.variance, belief.percent, belief.interval(), ["gold"])
        )
    chart = history_chart(points)
    assert chart is not None
    numbers = [float(number) for pair in (chart.line + " " + chart.band).split() for number in pair.split(",")]
    assert min(numbers) >= 0
    assert max(numbers) <= 100
    assert (chart.marks[0].x, chart.marks[-1].x) == (0, 100)
    assert chart.rows[0] is points[-1]
    assert history_chart([]) is None
    assert history_chart(points[:1]) is not None
