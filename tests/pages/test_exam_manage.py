"""The manager's side of exams through forms: made, filled from a file, closed and opened again, questions in and out."""

import re

import httpx

from callboard import exam_file
from kernel import db
from tests.pages.conftest import Browser, Play

FORM = {
    "name": "Law, level 3", "description": "", "domain": "law", "language": "en", "mode": "adaptive", "cut_level": 3,
    "min_items": 2, "max_items": 10, "stop_rule": "sprt", "time_limit_minutes": 20, "attempts_allowed": 2,
    "cooldown_hours": 24, "training": "", "pay": "", "pay_project_id": "",
}  # fmt: skip
GOOD = "text,option_1,option_2,option_3,answer,difficulty\r\n" + "".join(
    f'"Question {n}, which?",yes,no,perhaps,2,{n / 10 - 0.5}\r\n' for n in range(8)
)
WRONG = GOOD + "No options?,,,,1,0\r\nSame?,a,a,,1,0\r\nHow hard?,a,b,,1,very\r\nWhich is right?,a,b,,3,0\r\n"


async def send_file(
    browser: Browser, client: httpx.AsyncClient, path: str, text: str, name: str = "bank.csv"
) -> httpx.Response:
    return await client.post(
        path, data={"_csrf": browser.csrf}, files={"file": (name, text.encode())}, headers=browser._headers
    )


async def make(manager: Browser, **changes: object) -> str:
    done = await manager.post("/exams/manage/new", **{**FORM, **changes})
    return done.headers["hx-redirect"].partition("?")[0]


async def test_an_exam_is_made_filled_closed_and_opened_again(play: Play, client: httpx.AsyncClient) -> None:
    manager = play.manager
    at = await make(manager)
    assert "Its bank needs questions" in await manager.get(f"{at}?done=created")
    refused = await send_file(manager, client, f"{at}/upload", WRONG)
    assert refused.status_code == 422
    for word in (
        "Nothing was added",
        "Line 10",
        "Line 11",
        "two options are the same",
        "Line 12",
        "Line 13",
        "none of the 2 options",
    ):
        assert word in refused.text
    assert await db.fetch_value("SELECT count(*) FROM exam_item") == 0
    sent = await send_file(manager, client, f"{at}/upload", GOOD)
    assert sent.headers["location"].endswith("done=added&count=8")
    page = await manager.get(f"{at}?done=added&count=8")
    assert "8 questions added." in page
    assert page.index("Question 0") < page.index("Question 7"), "the easiest first"
    turned = await manager.get(f"{at}?sort=difficulty&direction=down")
    assert turned.index("Question 7") < turned.index("Question 0")

    out = await manager.get(f"{at}/bank.csv")
    read = exam_file.read_bank(out.encode(), "bank.csv")
    assert (len(read.drafts), read.faults) == (8, [])
    assert read.drafts[0].difficulty == -0.5, "numbers come back as numbers"
    again = await send_file(manager, client, f"{at}/upload", out)
    assert again.headers["location"].endswith("count=0"), "what went out is known when it comes back"

    done = await manager.post(f"{at}/state", state="closed")
    closed = await manager.get(done.headers["hx-redirect"])
    assert "is closed. Nobody can begin" in closed
    assert 'value="open">Undo' in closed
    copy = await manager.get(f"/exams/manage/new?from={at.rpartition('/')[2]}")
    assert "With the rules of “Law, level 3”" in copy
    assert 'value="20"' in copy


async def test_a_question_is_added_edited_retired_and_taken_back(play: Play) -> None:
    manager = play.manager
    at = await make(manager)
    fields = {"text": "Which?", "option_1": "a", "option_2": "", "option_3": "b", "answer": 3, "difficulty": "-0,3", "discrimination": "1.2", "explanation": ""}  # fmt: skip
    wrong = await manager.post(f"{at}/items/new", 422, **{**fields, "answer": 2})
    assert "mark one that has a text" in wrong.text
    assert 'value="-0,3"' in wrong.text, "what was typed stays"
    await manager.post(f"{at}/items/new", **fields)
    row = await db.fetch_one("SELECT id, options, answer, difficulty FROM exam_item")
    assert row is not None
    assert (row["options"], row["answer"], row["difficulty"]) == (["a", "b"], 1, -0.3)
    item = f"{at}/items/{row['id']}"
    await manager.post(item, **{**fields, "text": "Which one?"}, version=1)
    stale = await manager.post(item, 412, **fields, version=1)
    assert "This was changed in another tab meanwhile" in stale.text
    assert "Say why" in (await manager.post(f"{item}/retire", 422, reason=" ")).text
    await manager.post(f"{item}/retire", reason="out of date")
    assert "out of date" in await manager.get(f"{at}?show=retired")
    assert "Which one?" not in await manager.get(at)
    await manager.post(f"{item}/restore", reason="still law")
    assert "Which one?" in await manager.get(at)


async def test_forms_say_what_is_wrong_and_others_stay_outside(play: Play) -> None:
    manager = play.manager
    wrong = await manager.post("/exams/manage/new", 422, **{**FORM, "min_items": 11})
    assert "min_items is larger than max_items" in wrong.text
    assert 'value="Law, level 3"' in wrong.text
    half = await manager.post("/exams/manage/new", 422, **{**FORM, "pay": "2"})
    assert "both a price and a project" in half.text
    project = await db.fetch_value("SELECT id FROM project LIMIT 1")
    at = await make(manager, pay="2.5", pay_project_id=project)
    assert re.search(r"\$2\.50", await manager.get(at))
    for path in ("/exams/manage", "/exams/manage/new", at, f"{at}/bank.csv", f"{at}/items/new"):
        assert "Which" not in await play.author.get(path, 403)


def test_files_say_what_is_wrong_with_them() -> None:
    def said(content: bytes, name: str = "x.csv") -> str:
        (fault,) = exam_file.read_bank(content, name).faults
        return fault.message

    assert "not UTF-8" in said(b"text\xff")
    assert "missing: option_2" in said(b"text,option_1,answer,difficulty\n")
    assert "no question" in said(b"text,option_1,option_2,answer,difficulty\n")
    assert "no JSON" in said(b"{", "x.json")
    assert "a list" in said(b'{"items": 3}', "x.json")
    semicolons = b"text;option_1;option_2;answer;difficulty\nWas?;ja;nein;1;0,5\n"
    (draft,) = exam_file.read_bank(semicolons, "x.csv").drafts
    assert (draft.difficulty, draft.answer, draft.options) == (0.5, 0, ["ja", "nein"])
    (draft,) = exam_file.read_bank(b"text,option_1,option_2,answer,difficulty\nWhat?,'=1+1,'-2,1,0\n", "x.csv").drafts
    assert draft.options == ["=1+1", "-2"]
    many = "text,option_1,option_2,answer,difficulty\n" + "Q,a,b,1,0\n" * 2001
    assert "at most 2,000" in said(many.encode())


async def test_a_wrong_key_is_looked_at_and_corrected(play: Play, client: httpx.AsyncClient) -> None:
    at = await make(play.manager)
    await send_file(play.manager, client, f"{at}/upload", GOOD)
    item_id = await db.fetch_value("SELECT id FROM exam_item ORDER BY text LIMIT 1")
    path, key = f"{at}/items/{item_id}/key", "SELECT answer FROM exam_item WHERE id = :id"
    assert "Say why" in (await play.manager.post(path, 422, answer=1, action="look", reason=" ")).text
    looked = await play.manager.post(path, answer=1, action="look", reason="Two say the same.", htmx=False)
    assert "No result of an exam would be another." not in looked.text, "a question that nobody saw is edited instead"
    assert await db.fetch_value(key, id=item_id) == 1
    assert await db.fetch_value("SELECT count(*) FROM audit_entry WHERE action = 'exam.key_corrected'") == 0
    await db.execute("UPDATE exam_item SET exposure_count = 1 WHERE id = :id", id=item_id)
    await play.manager.post(path, answer=1, action="correct", reason="Two say the same.")
    assert await db.fetch_value(key, id=item_id) == 0
    again = await play.manager.post(path, 409, answer=1, action="correct", reason="Two say the same.")
    assert "This is the key of the question already" in again.text
    await play.manager.post(path, 422, answer=8, action="correct", reason="x")
    await play.author.post(path, 403, answer=2, action="correct", reason="x")
