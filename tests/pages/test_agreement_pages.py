"""On screen: a plan that names who decides, a decision between answers, agreement, a set of known verdicts, and reviewers."""

import html
import re

from callboard.pages.labels_reviews import REVIEW_EVENTS
from kernel import db
from kernel.settings import Settings
from tests.api.conftest import Cast
from tests.pages.conftest import Browser, Play
from tests.pages.test_handlers import SCORES, hand_in
from tests.routing.factory import claim_one, make_annotator, make_project, make_tasks, submit

PLAN = {
    "count": "1", "name_1": "peer", "level_1": "", "role_1": "", "require_1": "", "mode_1": "fixed", "share_1": "100",
    "due_1": "", "unit_1": "hours", "overdue_1": "wait", "second_look_1": "anybody", "double_1": "20", "note": "As agreed.",
}  # fmt: skip


async def test_who_decides_is_named_in_the_plan_and_decides_on_screen(
    play: Play, cast: Cast, settings: Settings
) -> None:
    project = await make_project(settings, name="Capitals", consensus_target=0.95, overlap=2, most_answers=2)
    at = f"/projects/{project}/review-plan"
    saved = await play.manager.post(at, **PLAN, adj_wanted="yes", adj_level="5", adj_role="", adj_require="")
    assert "from=1" in saved.headers["hx-redirect"]
    page = html.unescape(await play.manager.get(saved.headers["hx-redirect"]))
    assert "Looked at by two, blind" in page
    assert 'name="adj_wanted" value="yes" checked' in page
    await play.manager.post(f"{at}/1/activate", reason="From today.")
    (task,) = await make_tasks(
        project, payload={"choices": ["Paris", "Lyon"], "question": "Which is the capital of France?"}
    )
    for name, label in (("Ann", "Paris"), ("Bob", "Lyon")):
        held = await claim_one(settings, await make_annotator(settings, name), project_ids=[project])
        await submit(settings, held, {"label": label, "comment": f"<b>{label}</b> it is"})
    judge = await cast.person("judge", ["reviewer"], vendor="North", works=True)
    held = await claim_one(settings, judge.annotator_id, kinds=["review"], project_ids=[project])
    browser, path = Browser(play.site.client, judge), f"/review/{held.id}"
    page = await browser.get(path)
    for words in (
        "A decision between answers",
        "Which is the capital of France?",
        "&lt;b&gt;Lyon&lt;/b&gt; it is",
        "Answer B",
    ):
        assert words in page
    assert "Ann" not in re.sub("Annot", "", page)
    assert "Bob" not in page
    await browser.json(f"/work/{held.id}/draft", {"draft": {"label": "Lyon", "reason": "Half a <b>thought"}})
    page = await browser.get(path)
    assert "Half a &lt;b&gt;thought</textarea>" in page
    assert 'value="Lyon" required checked' in page
    await browser.post(f"{path}/adjudicate", 422, epoch=1, label="Paris", reason=" ")
    await browser.post(f"{path}/adjudicate", 422, epoch=1, label="Rome", reason="It is.")
    await browser.post(f"{path}/adjudicate", epoch=1, label="Paris", reason="Since 987.")
    assert "You decided: Paris" in await browser.get(path)
    story = await play.manager.get(f"/tasks/{task}")
    for words in (REVIEW_EVENTS["unclear"], REVIEW_EVENTS["adjudicated"], "Right is: Paris", "Since 987."):
        assert words in story
    page = await play.manager.get(f"/projects/{project}/agreement")
    assert "People who answered the same task" in page
    csv = await play.manager.get(f"/projects/{project}/agreement.csv")
    assert "answers,dialogue,,label,nominal,0.0" in csv
    await play.author.get(f"/projects/{project}/agreement", 403)


async def test_a_set_is_made_of_decided_work_and_reviewers_are_compared(play: Play) -> None:
    boss = play.manager
    await hand_in(play)
    review = await play.take(play.reviewer, "reviews")
    await play.reviewer.post(f"{review}/verdict", epoch=1, outcome="accept", **SCORES)
    project, verdict = await db.fetch_value("SELECT id FROM project"), await db.fetch_value("SELECT id FROM verdict")
    path = f"/projects/{project}/agreement"
    assert "No pieces for a set yet" in await boss.get(path)
    task = await db.fetch_value("SELECT task FROM submission")
    await boss.post(f"/tasks/{task}/second-look", verdict=verdict, says="uphold", reason="It is right.")
    assert f'name="verdict" value="{verdict}"' in await boss.get(path)
    refused = await boss.post(
        f"/projects/{project}/calibration-sets", 422, name=" ", share="5", note="", verdict=str(verdict)
    )
    assert f'value="{verdict}" checked' in refused.text
    await boss.post(f"/projects/{project}/calibration-sets", name="Known", share="5", note="", verdict=str(verdict))
    page = await boss.get(path)
    assert "Known" in page
    set_id = await db.fetch_value("SELECT id FROM calibration_set")
    await boss.post(f"/projects/{project}/calibration-sets/{set_id}/retire", reason="Enough.")
    assert "retired" in await boss.get(path)
    page = await boss.get(f"/reviewers?project={project}&sort=strict&domain=nowhere")
    assert "1 / 1" in page, "one verdict was looked at again, and held"
    csv = await boss.get("/reviewers.csv")
    assert csv.count("\r\n") == 2
    await play.reviewer.get("/reviewers", 403)
