"""Pages on the real app and database: the whole loop through forms, and what each person must not see or do."""

import html
import re
from urllib.parse import quote
from uuid import uuid4

import pytest

from callboard.access import recent
from callboard.pages.frame import local_path
from dialogue.csv_lines import cell
from kernel import db
from tests.api.conftest import PASSWORD
from tests.pages.conftest import Browser, Play

SCORES = {f"score-{name}": 4 for name in ("helpfulness", "factuality", "fluency", "instructions")}


async def hand_in(play: Play, exchanges: int = 2) -> str:
    at = await play.take(play.author)
    for _ in range(exchanges):
        await play.converse(play.author, at)
    done = await play.author.post(f"{at}/submit", epoch=1)
    assert done.headers["hx-redirect"] == at
    return at


async def test_from_the_queue_to_the_earnings(play: Play) -> None:
    queue = await play.author.get("/queue")
    assert "3 tasks are waiting for you" in queue
    assert "$0.75" in queue, "the price is shown before the work"
    at = await hand_in(play)
    assert "You handed this task in." in await play.author.get(at)
    assert "Pending" in await play.author.get("/earnings")

    review = await play.take(play.reviewer, "reviews")
    page = await play.reviewer.get(review)
    assert "Question 1: green or black?" in page
    assert "author@" not in page.replace("The author", "")
    assert ">author<" not in page, "reviews are blind"
    await play.reviewer.post(f"{review}/verdict", epoch=1, outcome="accept", **SCORES)
    assert "Your verdict is given." in await play.reviewer.get(review)

    earnings = await play.author.get("/earnings?state=posted")
    assert "$0.75" in earnings
    assert "× 1.5" in earnings, "how it was reckoned"
    csv = await play.author.get("/earnings.csv")
    assert "t0,Chat,annotation,general,en,posted" in csv
    floor = await play.manager.get("/floor")
    assert re.search(r"Accepted today</dt><dd>\s*<a[^>]*>1</a>", floor)
    task_id = await db.fetch_value("SELECT id FROM task WHERE state = 'accepted'")
    story = await play.manager.get(f"/tasks/{task_id}")
    for word in ("Handed in", "Accepted", "best score", "Payment posted", "author", "Question 1: green or black?"):
        assert word in story
    assert "corrected-" not in story, "read, not judged"


async def test_rework_names_its_reason_and_comes_back_to_its_author(play: Play) -> None:
    await hand_in(play)
    review = await play.take(play.reviewer, "reviews")
    missing = await play.reviewer.post(f"{review}/verdict", 422, epoch=1, outcome="rework", **SCORES)
    assert "which rule of the rubric" in missing.text
    assert missing.headers["hx-retarget"] == "#notice"
    reason = {"item": "factual_error", "reason": "Water of 100 degrees burns green tea."}
    await play.reviewer.post(f"{review}/verdict", epoch=1, outcome="rework", **reason, **SCORES)

    queue = await play.author.get("/queue")
    assert "Came back to you" in queue
    assert "formula" in queue.partition("Came back to you")[2].partition("</section>")[0]
    assert "Water of 100 degrees burns green tea." in queue
    at = await play.take(play.author)
    page = await play.author.get(at)
    assert "Something stated is wrong" in page
    reply = re.search(r"/replies/([0-9a-f-]{36})/edit", page)
    assert reply is not None
    edited = await play.author.post(f"{at}/replies/{reply[1]}/edit", epoch=2, text="Use water of 75 degrees.")
    assert "<ins>" in edited.text, "the change is shown against the original"
    await play.author.post(f"{at}/submit", epoch=2)

    again = await play.take(play.reviewer, "reviews")
    page = await play.reviewer.get(again)
    assert "Water of 100 degrees burns green tea." in page, "what was asked for the last time"
    unchanged = {f"corrected-{no}": text for no, text in _corrections(page).items()}
    same = await play.reviewer.post(f"{again}/verdict", 422, epoch=2, outcome="fix", **SCORES, **unchanged)
    assert "Correct at least one reply" in same.text
    fixed = unchanged | {"corrected-1": "Use water of 75 degrees, for two minutes."}
    await play.reviewer.post(f"{again}/verdict", epoch=2, outcome="fix", **SCORES, **fixed)
    assert next(iter(fixed.values())) in await play.reviewer.get(again), "the reviewer sees what the fix was"
    corrected = await db.fetch_value("SELECT corrected FROM verdict WHERE outcome = 'fix'")
    assert [turn["text"] for turn in corrected["turns"]][1] == "Use water of 75 degrees, for two minutes."


def _corrections(page: str) -> dict[str, str]:
    found = re.findall(r'name="corrected-(\d+)"[^>]*>(.*?)</textarea>', page, flags=re.DOTALL)
    return {no: html.unescape(text) for no, text in found}


async def test_a_dialogue_that_is_not_ready_stays(play: Play) -> None:
    at = await play.take(play.author)
    refused = await play.author.post(f"{at}/submit", 409, epoch=1)
    assert "Something on the list is still open." in refused.text
    await play.converse(play.author, at)
    assert "1 / 2" in await play.author.get(at)
    empty = await play.author.post(f"{at}/turns", 422, epoch=1, no=3, message="  ")
    assert "Write something first." in empty.text
    taken = await play.author.post(f"{at}/turns", 409, epoch=1, no=1, message="From an old tab")
    assert "moved on" in taken.text


async def test_a_reply_that_does_not_come_offers_a_way_on(play: Play) -> None:
    at = await play.take(play.author)
    await db.execute(
        """INSERT INTO bot (id, project, kind, base_url, model, system_prompt, temperature, max_tokens)
           VALUES (:id, :project, 'openai', 'http://127.0.0.1:9/v1', 'm', '', 0.5, 10)""",
        id=uuid4(), project=play.site.project_id,
    )  # fmt: skip
    await play.author.post(f"{at}/turns", epoch=1, no=1, topic="Tea", message="Anybody?")
    stream = await play.author.get(f"{at}/turns/1/stream?epoch=1", accept="text/event-stream")
    assert stream.startswith("retry:")
    assert "Write the reply myself" in stream
    own = await play.author.post(f"{at}/turns/1/own", epoch=1, text="Yes, me.")
    assert "written by you" in own.text
    assert "How good was the bot" not in own.text, "nobody rates their own words"


async def test_drafts_come_back_and_two_tabs_do_not_overwrite_each_other(play: Play) -> None:
    at = await play.take(play.author)
    saved = await play.author.json(f"{at}/draft", {"draft": {"message": "Half a sen", "topic": "Tea"}})
    assert "Half a sen" in await play.author.get(at)
    await play.author.json(f"{at}/draft", {"draft": {"message": "Half a sentence"}, "version": saved["version"]})
    refused = await play.author.json(f"{at}/draft", {"draft": {"message": "x"}, "version": saved["version"]}, 412)
    assert refused["code"] == "precondition_failed"
    assert "Half a sentence" in await play.author.get(at)
    beat = await play.author.json(f"{at}/heartbeat", {"epoch": 1})
    assert beat["lease_until"] > saved["saved_at"]


async def test_giving_back_ends_the_work_and_frees_the_task(play: Play) -> None:
    at = await play.take(play.author)
    gone = await play.author.post(f"{at}/release", epoch=1)
    assert gone.headers["hx-redirect"] == "/queue"
    assert "You gave this task back." in await play.author.get(at)
    late = await play.author.post(f"{at}/turns", 409, epoch=1, no=1, topic="Tea", message="Too late")
    assert "ran out" in late.text


async def test_nothing_to_hand_out_says_why(play: Play) -> None:
    for _ in range(3):
        await play.take(play.author)
    full = await play.author.post("/queue/next")
    assert "as many tasks as you may" in full.text
    assert "Your hands are full" in await play.author.get("/queue")
    none = await play.reviewer.post("/reviews/next")
    assert "Nothing that suits you is waiting" in none.text
    assert "data-refresh" in none.text, "the page looks again by itself"


async def test_strangers_see_nothing(play: Play) -> None:
    at = await play.take(play.author)
    for path in (at, f"{at}/turns/1", at.replace("/work/", "/review/")):
        await play.other.get(path, 404)
        await play.manager.get(path, 403)
    await play.other.post(f"{at}/release", 404, epoch=1)
    for path in ("/floor", "/tasks", "/floor/live.csv", "/floor/fragment", "/floor/difficulty"):
        await play.author.get(path, 403)
    task_id = await db.fetch_value("SELECT task FROM assignment")
    await play.author.get(f"/tasks/{task_id}", 403)
    away = await play.nobody.raw("GET", f"{at}?x=1&y=2")
    assert away.status_code == 303
    assert away.headers["location"] == f"/sign-in?next={at}?x=1%26y=2"


async def test_work_in_a_form_of_another_frontend_is_shown_to_its_reviewer(play: Play) -> None:
    await play.take(play.author)
    await db.execute("UPDATE task SET kind = 'form'")
    held = await db.fetch_value("SELECT id FROM assignment")
    work = {"epoch": 1, "payload": {"answer": "<b>42</b>"}}
    await play.site.call("POST", f"/assignments/{held}/submit", play.site.author, work)
    assert "&lt;b&gt;42&lt;/b&gt;" in await play.reviewer.get(await play.take(play.reviewer, "reviews"))


async def test_work_that_was_judged_is_pending_no_more(play: Play) -> None:
    at = await hand_in(play)
    assert "is pending" in await play.author.get(at)
    review = await play.take(play.reviewer, "reviews")
    await play.reviewer.post(
        f"{review}/verdict", epoch=1, outcome="rework", item="other", reason="Once more.", **SCORES
    )
    back = await play.author.get(at)
    assert "is pending" not in back
    assert "Once more." in back
    again = await play.take(play.author)
    await play.author.post(f"{again}/submit", epoch=2)
    assert "is pending" in await play.author.get(again)
    review = await play.take(play.reviewer, "reviews")
    await play.reviewer.post(f"{review}/verdict", epoch=2, outcome="accept", **SCORES)
    done = await play.author.get(again)
    assert "is pending" not in done
    assert "is earned" in done


async def test_whoever_signs_in_again_in_the_middle_of_work_goes_on_there(play: Play) -> None:
    at = await play.take(play.author)
    for method, path in (("POST", f"{at}/turns"), ("GET", f"{at}/turns/1")):
        away = await play.nobody.raw(method, path, hx_request="true", hx_current_url=f"http://site.example{at}?x=1")
        assert away.headers["hx-redirect"] == f"/sign-in?next={at}?x=1"
    for junk in ("http://[", "//evil.example", ""):
        away = await play.nobody.raw("POST", f"{at}/turns", hx_request="true", hx_current_url=junk)
        assert away.headers["hx-redirect"] == "/sign-in"


async def test_digits_of_other_scripts_are_no_numbers(play: Play) -> None:
    await play.manager.get("/tasks?done=²")
    await hand_in(play)
    at = await play.take(play.reviewer, "reviews")
    await play.reviewer.json(
        at.replace("/review/", "/work/") + "/draft", {"draft": {"score-helpfulness": "²", "corrected-²": "x"}}
    )
    await play.reviewer.get(at)


async def test_a_search_takes_its_words_literally(play: Play) -> None:
    await play.take(play.author)
    await db.execute(
        "UPDATE task SET external_id = 'a_b' || right(external_id, 1), payload = '{\"title\": \"Fifty %\"}'"
    )
    for wanted, found in (("A_B", True), ("a%b", False), ("_", True), ("ty_%", False), ("fifty %", True)):
        listed = await play.manager.get("/tasks?q=" + quote(wanted))
        assert ("Fifty %" in listed) is found, wanted


async def test_a_form_without_its_token_changes_nothing(play: Play) -> None:
    at = await play.take(play.author)
    play.author.csrf = "guessed"
    refused = await play.author.post(f"{at}/release", 403, epoch=1)
    assert "open too long" in refused.text
    assert await db.fetch_value("SELECT state FROM assignment") == "live"


async def test_tasks_are_changed_in_bulk_with_a_reason(play: Play) -> None:
    page = await play.manager.get("/tasks?domain=general&level=2&q=title")
    ids = re.findall(r'name="id" value="([0-9a-f-]{36})"', page)
    assert len(ids) == 3
    assert "No task matches" in await play.manager.get("/tasks?level=5")
    again = await play.manager.post("/tasks/bulk?q=title&level=2", 422, htmx=False, id=ids[0], action="cancel")
    assert 'value="title"' in again.text, "an error keeps the filter"
    done = await play.manager.post(
        "/tasks/bulk", 303, htmx=False, id=ids[0], action="cancel", reason="no need", next="/tasks?state=open"
    )
    where = done.headers["location"]
    assert where.startswith("/tasks?state=open&done=1&bulk=")
    told = await play.manager.get(where)
    assert "1 task changed" in told
    await play.manager.post(
        "/tasks/bulk", 303, htmx=False, id=ids[1], action="priority", priority=5, reason="first", next="//evil.example"
    )
    for field, value in (("due", "2030-13-01"), ("days", "0")):
        wrong = {"action": "due" if field == "due" else "extend", field: value}
        await play.manager.post("/tasks/bulk", 422, htmx=False, id=ids[1], reason="when", **wrong)
    await play.manager.post(
        "/tasks/bulk", 303, htmx=False, id=ids[1], action="due", due="2030-01-31", reason="when", next="/tasks"
    )
    assert str(await db.fetch_value("SELECT due_at FROM task WHERE due_at IS NOT NULL")).startswith("2030-02-01 00:00")
    every = await play.manager.post(
        "/tasks/bulk?q=title",
        303,
        htmx=False,
        everything="yes",
        action="extend",
        days=30,
        reason="later",
        next="/tasks",
    )
    assert "done=2&kept=1" in every.headers["location"]
    rows = await db.fetch("SELECT state, priority FROM task ORDER BY id DESC")
    assert sorted((row["state"], row["priority"]) for row in rows) == [("cancelled", 3), ("open", 3), ("open", 5)]
    back = await play.manager.post("/tasks/undo", 303, htmx=False, bulk=where.rpartition("=")[2], next="/tasks")
    assert back.headers["location"] == "/tasks?done=1"
    assert await db.fetch_value("SELECT count(*) FROM task WHERE state = 'cancelled'") == 0
    await play.manager.post("/tasks/undo", 404, htmx=False, bulk=where.rpartition("=")[2], next="/tasks")


async def test_the_floor_shows_who_does_what_and_can_be_narrowed(play: Play) -> None:
    await play.take(play.author)
    fragment = await play.manager.get("/floor/fragment?sort=person&direction=desc")
    assert "Title of t" in fragment
    assert 'aria-sort="descending"' in fragment
    assert "Nobody is working" in await play.manager.get("/floor/fragment?domain=law")
    assert "Nobody is working" in await play.manager.get("/floor/fragment?stage=review")
    assert "Nobody is working" in await play.manager.get(f"/floor/fragment?project={uuid4()}")
    await play.manager.get("/floor?project=not-an-id")
    assert "0 of 200" in await play.manager.get("/floor/difficulty")
    csv = await play.manager.get("/floor/live.csv")
    assert csv.startswith("﻿person,vendor,task")
    assert "author,North,Title of t" in csv


async def test_signing_in_goes_on_where_one_wanted_to_go(play: Play) -> None:
    page = await play.nobody.get("/sign-in?next=/earnings")
    assert 'name="next" value="/earnings"' in page
    wrong = await play.nobody.post("/sign-in", 401, htmx=False, email="author@example.org", password="not the one")
    assert "is not right" in wrong.text
    assert 'value="author@example.org"' in wrong.text
    right = await play.nobody.post(
        "/sign-in", 303, htmx=False, email="author@example.org", password=PASSWORD, next="/earnings"
    )
    assert right.headers["location"] in {"/earnings", "/password"}
    assert "httponly" in right.headers["set-cookie"].lower()


async def test_language_and_theme_are_remembered(play: Play) -> None:
    answer = await play.author.post("/preferences", 303, htmx=False, lang="zh-CN", next="/queue")
    assert answer.headers["location"] == "/queue"
    assert "callboard_lang=zh-CN" in answer.headers["set-cookie"]
    assert "你的队列" in await play.author.get("/queue")
    await play.author.post("/preferences", 303, htmx=False, theme="dark", next="https://evil.example")
    assert 'data-theme="dark"' in await play.author.get("/queue")


async def test_errors_are_pages_for_people_and_json_for_programs(play: Play) -> None:
    lost = await play.author.raw("GET", "/nowhere")
    assert lost.status_code == 404
    assert "This page is not on the board." in lost.text
    program = await play.author.raw("GET", "/nowhere", accept="application/json")
    assert program.headers["content-type"].startswith("application/problem+json")
    api = await play.author.raw("GET", "/api/v1/nowhere")
    assert api.headers["content-type"].startswith("application/problem+json")


async def test_pages_are_not_kept_by_browsers(play: Play) -> None:
    answer = await play.author.raw("GET", "/earnings")
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("given", "path"),
    [("/queue?x=1", "/queue?x=1"), ("//evil.example", "/"), ("/\\evil.example", "/"), ("https://evil.example", "/"),
     ("", "/"), (None, "/"), ("/a\nb", "/"), ("/" + "a" * 600, "/")],
)  # fmt: skip
def test_only_paths_of_this_site(given: str | None, path: str) -> None:
    assert local_path(given) == path


def test_no_cell_is_a_formula() -> None:
    assert cell("=1+1") == "'=1+1"
    assert cell("@x") == "'@x"
    assert cell("＝1+1") == "'＝1+1"
    assert cell("plain") == "plain"
    assert cell(-3) == -3


async def test_the_start_is_another_page_for_each_role(play: Play) -> None:
    async def start(browser: Browser) -> str:
        return str((await browser.raw("GET", "/")).headers["location"])

    await db.execute("UPDATE person SET must_change_password = false")
    recent.forget_all()
    assert await start(play.nobody) == "/sign-in"
    assert await start(play.author) == "/queue"
    assert await start(play.reviewer) == "/reviews"
    assert await start(play.manager) == "/floor"


async def test_a_vendors_manager_has_a_floor_and_no_stories_of_others(play: Play) -> None:
    await hand_in(play)
    task_id = await db.fetch_value("SELECT id FROM task WHERE state = 'in_review'")
    await db.execute("INSERT INTO vendor (id, name) VALUES (gen_random_uuid(), 'Far away')")
    await db.execute(
        """UPDATE person SET vendor = (SELECT id FROM vendor WHERE name = 'Far away') WHERE roles @> '["manager"]'"""
    )
    recent.forget_all()
    floor = await play.manager.get("/floor")
    assert f"/tasks/{task_id}" not in floor
    for path in ("/tasks", f"/tasks/{task_id}", f"/tasks/{task_id}/fragment"):
        await play.manager.get(path, 403)


async def test_what_a_script_is_refused_is_said_in_the_readers_language(play: Play) -> None:
    """Scripts of pages show the detail; the API's stays as programs know it."""
    cookie = f"{play.manager._headers['cookie']}; callboard_lang=zh-CN"
    for path, detail in (
        (f"/tasks/{uuid4()}", "这里什么都没有，或者你无权查看。"),
        (f"/api/v1/tasks/{uuid4()}", "There is no such task for this account"),
    ):
        refused = await play.manager.raw("GET", path, accept="*/*", cookie=cookie)
        assert (refused.status_code, refused.json()["detail"]) == (404, detail)
        assert refused.json()["code"] == "task_not_found"
