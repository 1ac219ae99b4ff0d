"""Projects through their forms: rules that are changed, refused at their field, kept as typed, and taken back."""

import html
import re
from typing import Any

from kernel import db
from tests.pages.conftest import Browser, Play


async def version_of(browser: Browser, at: str) -> str:
    found = re.search(r'name="version" value="(\d+)"', await browser.get(at))
    assert found is not None, at
    return found[1]


async def stored(column: str) -> Any:
    return await db.fetch_value(f"SELECT {column} FROM project LIMIT 1")  # noqa: S608  a column of the test's own


def at(play: Play, tab: str = "") -> str:
    return f"/projects/{play.site.project_id}" + (f"/{tab}" if tab else "")


def path_of(answer: Any) -> str:
    return str(answer.headers["hx-redirect"])


async def test_the_list_and_the_overview_say_how_it_stands(play: Play) -> None:
    boss = play.manager
    listed = await boss.get("/projects")
    assert at(play) in listed
    assert 'href="/projects"' in listed
    page = await boss.get(at(play))
    for word in ("Chat", "Published", "$0.50", "× 1.5", "$100.00", "what each task needs"):
        assert word in page, word
    for who in (play.author, play.reviewer):
        await who.get("/projects", 403)
        await who.get(at(play), 403)
        await who.post(at(play, "state"), 403, state="paused")
        await who.post(at(play, "rules"), 403, version=1)
    await boss.get("/projects/019f0000-0000-7000-8000-000000000000", 404)


async def test_it_is_paused_with_a_reason_and_taken_up_again(play: Play) -> None:
    boss = play.manager
    done = await boss.post(at(play, "state"), state="paused", reason="Waiting for the <b>guideline</b>")
    page = await boss.get(path_of(done))
    for word in ("It is paused", "Undo", "Waiting for the &lt;b&gt;guideline&lt;/b&gt;", "Resume"):
        assert word in page, word
    await boss.post(at(play, "state"), state="published", reason="taken back")
    assert await stored("state") == "published"
    refused = await boss.post(at(play, "state"), 422, state="closed", reason=" ")
    assert "Say why" in refused.text
    await boss.post(at(play, "state"), 422, state="draft")
    assert await stored("state") == "published"
    await boss.post(at(play, "state"), state="closed", reason="done")
    shut = await boss.get(at(play, "rules"))
    assert "<fieldset" in shut
    assert ">Save<" not in shut, "nothing is changed in a project that is closed"


REQUIREMENTS: dict[str, Any] = {"min_level": "", "role": "", "person": "", "reason": ""}


async def test_an_expression_is_refused_at_its_place_and_kept(play: Play) -> None:
    boss, path = play.manager, at(play, "requirements")
    version = await version_of(boss, path)
    wrong = {**REQUIREMENTS, "version": version, "text": "general >= 2 and\nbanana >= 3", "reason": "why not"}
    refused = await boss.post(path, 422, **wrong)
    for word in (
        "general &gt;= 2 and\nbanana &gt;= 3</textarea>",
        "<mark>banana</mark>",
        "there is no “banana” here",
        'value="why not"',
    ):
        assert word in refused.text, word
    assert "aria-invalid=true" in refused.text
    assert await stored("requirements") == {}
    for text, words in (
        ("general >=", "something is missing at the end"),
        ("general >= 9", "“9” cannot stand here"),
        ("language en >= 3 and not language en >= 2", "something and its opposite"),
        ("general >= 3 or", "a condition:"),
    ):
        told = await boss.post(f"{path}/check", text=text)
        assert words in html.unescape(told.text), (text, told.text)
        assert "data-fault" in told.text
    silent = await boss.post(path, 422, **{**wrong, "text": "general >= 2", "reason": " "})
    assert "Say why" in silent.text
    fits = await boss.post(f"{path}/check", text="general >= 4 and general >= 2")
    assert "general &gt;= 4</code>" in fits.text
    assert "data-fault" not in fits.text


async def test_requirements_are_stored_with_who_is_welcome_and_taken_back(play: Play) -> None:
    boss, path = play.manager, at(play, "requirements")
    version = await version_of(boss, path)
    north = await db.fetch_value("SELECT id FROM vendor WHERE name = 'North'")
    south = await db.fetch_value("SELECT id FROM vendor WHERE name = 'South'")
    wish = {
        **REQUIREMENTS,
        "version": version,
        "text": "general >= 2",
        "credential": "",
        f"vendor_{north}": "welcome",
        f"vendor_{south}": "out",
    }
    added = await boss.post(path, **{**wish, "person": "author", "op": "add"})
    assert 'id="project-form"' in added.text
    person = re.search(r'name="person_([0-9a-f-]{36})" value="welcome" checked', added.text)
    assert person is not None, "the person joined the list"
    assert await stored("requirements") == {}, "and nothing was saved"
    nobody = await boss.post(path, **{**wish, "person": "Nobody at all", "op": "add"})
    assert "Nobody is named like that" in nobody.text
    assert 'value="Nobody at all"' in nobody.text
    done = await boss.post(path, **(wish | {f"person_{person[1]}": "welcome", "reason": "quality"}))
    kept = await stored("requirements")
    assert kept == {
        "require": {"all": [{"domain": "general", "level": 2}, {"not": {"vendor": str(south)}}]},
        "prefer": {"people": [person[1]], "vendors": [str(north)]},
    }
    page = await boss.get(path_of(done))
    assert "general &gt;= 2</textarea>" in page
    assert f'name="vendor_{south}" value="out" checked' in page
    assert f'name="person_{person[1]}" value="welcome" checked' in page
    assert "quality" in await boss.get(at(play))
    both = 'general >= 2 and not vendor "South"'
    await boss.post(path, **(wish | {"version": await version_of(boss, path), "text": both, "reason": "said twice"}))
    once = await boss.get(path)
    assert "general &gt;= 2</textarea>" in once, "what is in the list is not in the text"
    await boss.post(path, **(wish | {"version": await version_of(boss, path), "reason": "back"}))
    page = await boss.get(
        path_of(
            await boss.post(
                path, **(wish | {"version": await version_of(boss, path), "text": "general >= 3", "reason": "more"})
            )
        )
    )
    undo = re.search(r'action="[^"]*/undo".*?name="version" value="(\d+)"', page, re.DOTALL)
    assert undo is not None
    await boss.post(at(play, "undo"), version=undo[1], tab="requirements")
    assert (await stored("requirements"))["require"]["all"][0] == {"domain": "general", "level": 2}
    await boss.post(at(play, "undo"), 412, version=undo[1], tab="requirements")


async def test_what_changed_meanwhile_is_told_and_nothing_is_lost(play: Play) -> None:
    boss, path = play.manager, at(play, "requirements")
    old = await version_of(boss, path)
    await boss.post(
        path, **{**REQUIREMENTS, "version": old, "text": "general >= 1 and language en >= 2", "reason": "a"}
    )
    stale = await boss.post(path, 412, **{**REQUIREMENTS, "version": old, "text": "general >= 3", "reason": "b"})
    assert "Somebody changed this project meanwhile" in stale.text
    assert "general &gt;= 3</textarea>" in stale.text
    fresh = re.search(r'name="version" value="(\d+)"', stale.text)
    assert fresh is not None
    await boss.post(path, **{**REQUIREMENTS, "version": fresh[1], "text": "general >= 3", "reason": "b"})
    assert await stored("requirements") == "general >= 3"


def step(n: int, **changes: str) -> dict[str, str]:
    values = {"after": "", "unit": "minutes", "share": "", "queue": "", "level": "0", "language": "0", "role": ""}
    return {f"{name}_{n}": value for name, value in (values | changes).items()}


async def test_a_ladder_is_built_row_by_row(play: Play) -> None:
    boss, path = play.manager, at(play, "ladder")
    version = await version_of(boss, path)
    added = await boss.post(path, version=version, count=0, op="add")
    assert 'id="after_1"' in added.text
    assert "autofocus" in added.text
    two = (
        {"version": version, "count": 2}
        | step(1, after="2", unit="hours", level="-1", expedite="yes")
        | step(2, after="30", language="-1")
    )
    refused = await boss.post(path, 422, **two)
    assert "Not before the steps above it" in refused.text
    assert 'value="30"' in refused.text
    turned = await boss.post(path, **two, op="up:2")
    assert re.search(r'id="after_1"[^>]*value="30"', turned.text)
    assert re.search(r'id="after_2"[^>]*value="2"', turned.text)
    gone = await boss.post(path, **two, op="remove:1")
    assert 'id="after_2"' not in gone.text
    right = (
        {"version": version, "count": 2, "reason": "slow"}
        | step(1, after="30", language="-1")
        | step(2, share="80", level="-1", expedite="yes")
    )
    await boss.post(path, **right)
    assert await stored("ladder") == [
        {"after_minutes": 30, "relax": {"language_level": -1}, "expedite": False},
        {"at_sla_share": 0.8, "relax": {"min_level": -1}},
    ]
    page = await boss.get(path)
    assert "for a task that comes in now:" in page
    told = await boss.post(f"{path}/check", **right)
    assert "General" in told.text
    none = await boss.post(f"{path}/check", version=version, count=1, **step(1, level="-1"))
    assert "cannot be read yet" in none.text
    for fields, words in (
        (step(1, after="soon", level="-1"), "A whole number, 1 or more"),
        (step(1, level="-1"), "Say when this step comes"),
        (step(1, after="5"), "Say what this step relaxes"),
        (step(1, after="5", role="emperor"), "Choose one of the list"),
        (step(1, after="9000", unit="days", level="-1"), "At most a year"),
    ):
        answer = await boss.post(path, 422, version=await version_of(boss, path), count=1, **fields)
        assert words in answer.text, words


TIME = {
    "calendar": "", "sla": "36", "sla_unit": "hours", "lease": "20", "lease_unit": "minutes", "deadline": "2",
    "deadline_unit": "hours", "expires": "", "reason": "",
}  # fmt: skip


async def test_the_clocks_of_a_project(play: Play) -> None:
    boss, path = play.manager, at(play, "time")
    version = await version_of(boss, path)
    long = await boss.post(path, 422, **{**TIME, "lease": "3", "lease_unit": "hours"}, version=version)
    assert "No lease is longer than the deadline" in long.text
    assert (
        'name="lease" type="text" inputmode="numeric" autocomplete="off" maxlength="9" class="short" value="3"'
        in long.text
    )
    wrong = await boss.post(path, 422, **{**TIME, "sla": "often"}, version=version)
    assert 'value="often"' in wrong.text
    assert "from 1 min to 365 d" in wrong.text
    done = await boss.post(path, **TIME, version=version)
    row = await db.fetch_one("SELECT sla_seconds, lease_seconds, deadline_seconds, task_expires_days FROM project")
    assert row is not None
    assert tuple(row.values()) == (129_600, 1200, 7200, None)
    page = await boss.get(path_of(done))
    assert "Saved." in page
    assert "36" in page
    same = await boss.post(path, **TIME, version=await version_of(boss, path))
    assert path_of(same).endswith("done=same")


RULES = {
    "asking": "sure", "overlap": "2", "target": "90", "most_answers": "4", "language_level": "3", "rework_limit": "0",
    "answer_limit": "3", "stick_to_author": "same", "reason": "", "annotation_cost": "1", "review_cost": "1", "grace": "5",
}  # fmt: skip


async def test_answers_review_and_offers(play: Play) -> None:
    boss, path = play.manager, at(play, "rules")
    version = await version_of(boss, path)
    few = await boss.post(path, 422, **{**RULES, "most_answers": "1"}, version=version)
    assert "At least as many as at first: 2" in few.text
    out = await boss.post(path, 422, **{**RULES, "target": "100"}, version=version)
    assert "from 50 to 99" in out.text
    done = await boss.post(path, **RULES, push="yes", review_other_vendor="yes", version=version)
    row = await db.fetch_one(
        "SELECT consensus_target, overlap, most_answers, rework_limit, push, review_other_vendor FROM project"
    )
    assert row is not None
    assert tuple(row.values()) == (0.9, 2, 4, 0, True, True)
    certainty = await boss.get(at(play, "consensus"))
    assert "90 % sure together, at most 4 times" in certainty.replace("\u202f", " ").replace("\xa0", " ").replace(
        "90%", "90 %"
    )
    assert "Too few answers to know the crowd by" in certainty
    assert '/consensus"' in await boss.get(at(play)), "the way there is open where a project asks by certainty"
    undo = re.search(r'/undo".*?name="version" value="(\d+)"', await boss.get(path_of(done)), re.DOTALL)
    assert undo is not None
    await boss.post(at(play, "undo"), version=undo[1], tab="rules")
    assert (await stored("push"), await stored("consensus_target"), await stored("overlap")) == (False, None, 1)
    page = await boss.get(at(play))
    assert page.count("taken back") >= 1
    assert '/consensus"' not in page


DAYS = dict.fromkeys(("tue", "wed", "thu", "fri", "sat", "sun"), "")
CALENDAR = {
    **DAYS,
    "name": "office",
    "zone": "Europe/Berlin",
    "mon": "9-12:30, 13:00 – 18:00",
    "holidays": "2026-12-25\n2026-12-24",
    "reason": "",
    "version": 0,
}


async def test_a_calendar_is_made_and_chosen(play: Play) -> None:
    boss, came = play.manager, f"?project={play.site.project_id}"
    await boss.get(f"/calendars/new{came}")
    for change, words in (
        ({"name": "Büro"}, "Small letters"),
        ({"mon": "nine to five"}, "is not read as hours"),
        ({"mon": "18:00-9:00"}, "does not go forward"),
        ({"mon": ""}, "At least one day is open"),
        ({"zone": "Berlin"}, "There is no time zone"),
        ({"holidays": "25.12."}, "is no date"),
    ):
        refused = await boss.post(f"/calendars/new{came}", 422, **{**CALENDAR, **change})
        assert words in refused.text, words
        assert "2026-12-24" in refused.text or "25.12." in refused.text
    copied = await boss.post(f"/calendars/new{came}", **CALENDAR, op="copy")
    assert copied.text.count('value="9-12:30, 13:00 – 18:00"') == 5
    done = await boss.post(f"/calendars/new{came}", **CALENDAR)
    page = await boss.get(path_of(done))
    assert "The calendar is saved." in page
    assert "09:00-12:30, 13:00-18:00" in page
    taken = await boss.post("/calendars/new", 422, **CALENDAR)
    assert "a calendar of this name already" in taken.text
    path = at(play, "time")
    await boss.post(path, **{**TIME, "calendar": "office"}, version=await version_of(boss, path))
    assert "Chat" in await boss.get("/calendars/office")
    stale = await boss.post("/calendars/office", 412, **{**CALENDAR, "version": 9, "mon": "10-11"})
    assert "Somebody changed this calendar meanwhile" in stale.text
    assert 'value="10-11"' in stale.text
    await boss.post("/calendars/office", **{**CALENDAR, "version": 1, "mon": "0:00-24:00"})
    assert (await db.fetch_value("SELECT weekly FROM calendar"))["mon"] == [["00:00", "24:00"]]
    await boss.get("/calendars/nowhere", 404)
    await play.author.get("/calendars/office", 403)


async def test_a_plan_of_review_is_written_put_in_force_and_gone_back_from(play: Play) -> None:
    boss, path = play.manager, at(play, "review-plan")
    stage = {"name_1": "peer", "level_1": "4", "role_1": "", "require_1": "", "mode_1": "fixed", "share_1": "150", "due_1": "", "unit_1": "hours",
             "overdue_1": "accept", "second_look_1": "same"}  # fmt: skip
    refused = await boss.post(path, 422, count=1, note="", **stage)
    assert "A whole number from 1 to 100." in refused.text
    assert "Say when it is due." in refused.text
    added = await boss.post(path, count=1, op="add", **stage)
    assert 'id="name_2"' in added.text
    right = stage | {"share_1": "25", "due_1": "2", "unit_1": "days"}
    second = {"name_2": "customer", "level_2": "", "role_2": "", "require_2": "general >= 3", "mode_2": "adaptive", "defects_2": "5",
              "confidence_2": "95", "floor_2": "10", "newcomers_2": "10", "due_2": "", "unit_2": "hours", "overdue_2": "wait", "second_look_2": "anybody"}  # fmt: skip
    await boss.post(path, count=2, note="The customer asks", **right, **second)
    stored_stages = await db.fetch_value("SELECT stages FROM review_plan")
    assert [(one["name"], one["due_hours"], one["share"]["mode"], one["who"]) for one in stored_stages] == [
        ("peer", 48, "fixed", {"min_level": 4}), ("customer", None, "adaptive", {"require": "general >= 3"}),
    ]  # fmt: skip
    await boss.post(f"{path}/1/activate", reason="from Monday")
    page = await boss.get(path)
    assert re.search(r"Promised: at most 5.% with a defect", page)
    await boss.post(f"{path}/0/activate", reason="too dear")
    assert "Promised:" not in await boss.get(path)
    by_risk = right | {"mode_1": "risk", "share_1": "", "budget_1": "20", "lot_1": "25", "first_1": "5"}
    await boss.post(path, count=1, note="Where errors are likeliest", **by_risk)
    share = await db.fetch_value("SELECT stages -> 0 -> 'share' FROM review_plan WHERE version = 2")
    assert (share["mode"], share["risk"]) == ("risk", {"budget": 0.2, "random": 0.25, "newcomers": 5})
    await boss.post(f"{path}/2/activate", reason="try it")
    assert "what was spent, and what went out" in await boss.get(path)


async def test_name_guidelines_role_and_the_bar_of_experts_are_changed_and_taken_back(play: Play) -> None:
    boss, path = play.manager, at(play, "general")
    version = await version_of(boss, path)
    lanes = "SELECT DISTINCT l.required_role FROM slot s JOIN lane l ON l.id = s.lane WHERE s.kind = 'annotation' AND s.state = 'free'"
    assert await db.fetch_value(lanes) == "annotator"
    typed: dict[str, Any] = {
        "version": version, "name": "Renamed", "description": "For a bank", "guidelines": "Name your sources.\nBe exact.",
        "required_role": "reviewer", "expert_level": 5, "half_life": 30, "reason": "the customer wants it",
    }  # fmt: skip
    refused = await boss.post(path, 422, **{**typed, "name": " ", "half_life": "soon"})
    assert "It needs a name." in refused.text
    assert "the customer wants it" in refused.text
    done = await boss.post(path, **typed)
    names = "name, description, guidelines, required_role, expert_level, skill_half_life_days"
    row = await db.fetch_one(f"SELECT {names} FROM project")  # noqa: S608  columns of the test's own
    assert row is not None
    assert tuple(row.values()) == ("Renamed", "For a bank", "Name your sources.\nBe exact.", "reviewer", 5, 30)
    assert await db.fetch_value(lanes) == "reviewer", "what waits asks for it at once"
    assert "Undo" in await boss.get(path_of(done))
    assert "Name your sources." in await boss.get(at(play)), "the history says what was changed"
    await boss.post(at(play, "undo"), version=int(version) + 1, tab="general")
    assert (await stored("name"), await db.fetch_value(lanes)) == ("Chat", "annotator")
    for who in (play.author, play.reviewer):
        await who.get(path, 403)
        await who.post(path, 403, version=1)


async def test_a_change_of_a_calendar_is_taken_back_while_it_is_the_newest(play: Play) -> None:
    boss, days = play.manager, {"zone": "UTC", "holidays": "", "reason": ""}
    first = await boss.post("/calendars/new", name="office", mon="09:00-17:00", **days)
    assert "/calendars/office/undo" in (page := await boss.get(path_of(first)))
    assert "Undo</button>" not in page, "there was none before"
    changed = await boss.post("/calendars/office", version=1, mon="10:00-12:00", **days)
    assert "/calendars/office/undo" in await boss.get(path_of(changed))
    back = await boss.post("/calendars/office/undo", version=2)
    assert "Taken back." in await boss.get(path_of(back))
    assert await db.fetch_value("SELECT weekly -> 'mon' FROM calendar") == [["09:00", "17:00"]]
    await boss.post("/calendars/office/undo", 412, version=2)
    for who in (play.author, play.reviewer):
        await who.post("/calendars/office/undo", 403, version=3)
