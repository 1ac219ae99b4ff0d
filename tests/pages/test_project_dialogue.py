"""What a project asks of its dialogues, through its forms: rules, rubric and topics, refused at their field, kept as typed."""

import html
import re

from kernel import db
from tests.pages.conftest import Play
from tests.pages.test_projects import at, path_of, stored, version_of

RULES = {
    "rules_version": 0, "candidates": 3, "decision": "rank", "ties": "yes", "all_bad": "yes", "branches": "", "topics": "quota",
    "handover": "both", "min_turns": 2, "max_turns": 9, "reason": "pilot",
}  # fmt: skip


async def take_back(play: Play, path: str, page: str) -> None:
    """By the button of the page; a second time it is too late."""
    found = re.search(r'/dialogue/undo".*?name="change" value="(\d+)"', await play.manager.get(path), re.DOTALL)
    assert found is not None
    done = await play.manager.post(at(play, "dialogue/undo"), change=found[1], page=page)
    assert path_of(done).endswith("done=undone")
    assert "as it was before" in await play.manager.get(path_of(done))
    await play.manager.post(at(play, "dialogue/undo"), 412, change=found[1], page=page)
    assert (
        await db.fetch_value("SELECT reason FROM audit_entry WHERE subject_type = 'project' ORDER BY seq DESC LIMIT 1")
        == "taken back"
    )


async def test_rules_and_length_are_saved_together(play: Play) -> None:
    boss, path = play.manager, at(play, "dialogue")
    version = await version_of(boss, path)
    wrong = await boss.post(path, 422, version=version, **(RULES | {"candidates": 9, "min_turns": 5, "max_turns": "x"}))
    assert 'id="candidates-error"' in wrong.text
    assert 'id="max_turns-error"' in wrong.text
    assert 'value="9"' in wrong.text, "as it was typed"
    short = await boss.post(path, 422, version=version, **(RULES | {"min_turns": 10}))
    assert "At least as many as the fewest: 10." in short.text
    done = await boss.post(path, version=version, **RULES)
    assert "done=saved" in path_of(done)
    assert (await stored("min_turns"), await stored("max_turns")) == (2, 9)
    row = await db.fetch_one("SELECT candidates, decision, topics, handover, branches FROM dialogue_rules")
    assert row is not None
    assert tuple(row) == (3, "rank", "quota", "both", False)
    stale = await boss.post(path, 412, version=version, **RULES)
    assert "Somebody changed this project meanwhile" in stale.text
    await take_back(play, path_of(done), "dialogue")
    assert (await stored("min_turns"), await stored("max_turns")) == (2, 20), "both are taken back"
    row = await db.fetch_one("SELECT candidates, decision, topics, handover, branches FROM dialogue_rules")
    assert row is not None
    assert tuple(row) == (1, "choose", "free", "never", True)
    seen = await db.fetch_value("SELECT version FROM dialogue_rules")
    await boss.post(path, version=await version_of(boss, path), **(RULES | {"rules_version": seen}))
    page = await boss.get(at(play))
    assert "2 to 9 exchanges" in page
    assert "Dialogue rules changed" in page
    changed = await play.site.call("PATCH", f"/projects/{play.site.project_id}", play.site.manager, {"min_turns": 4})
    assert changed["min_turns"] == 4
    await play.site.call("PATCH", f"/projects/{play.site.project_id}", play.site.manager, {"max_turns": 3}, 422)
    await play.author.get(path, 403)


async def test_a_rubric_is_built_from_rows_and_has_versions(play: Play) -> None:
    boss, path = play.manager, at(play, "dialogue/rubric")
    assert "From 1 to 5" in await boss.get(path)
    filled = await boss.post(path, rubric_version=0, count=0, op="defaults")
    assert filled.text.count('name="code_') == 6
    assert "Of no use: misses what was asked for" in html.unescape(filled.text)
    assert await db.fetch_value("SELECT count(*) FROM rubric") == 0
    row = {
        "rubric_version": 0, "count": 1, "name_en_1": "Warmth", "name_zh_1": "温度", "lowest_1": 1, "highest_1": 3, "comment_at_1": 1,
        "anchors_en_1": "1: cold\n3: warm", "anchors_zh_1": "1：冷", "applies_reply_1": "yes", "required_1": "yes",
        "labels": "rude; Rude; 粗鲁; !", "reason": "first",
    }  # fmt: skip
    wrong = await boss.post(
        path, 422, **(row | {"highest_1": 1, "anchors_en_1": "9: no", "applies_reply_1": "", "labels": "No good"})
    )
    for name in ("highest_1", "anchors_en_1", "applies_1", "labels"):
        assert f'id="{name}-error"' in wrong.text, name
    seen = await boss.post(path + "/check", **row)
    assert "cold" in seen.text
    first = path_of(await boss.post(path, **row))
    assert "done=saved" in first
    stored_row = await db.fetch_one("SELECT version, dimensions, span_labels FROM rubric")
    assert stored_row is not None
    assert stored_row["dimensions"][0]["code"] == "warmth"
    assert stored_row["dimensions"][0]["anchors"] == {"1": {"en": "cold", "zh": "冷"}, "3": {"en": "warm"}}
    assert stored_row["span_labels"] == [
        {"code": "rude", "name": {"en": "Rude", "zh": "粗鲁"}, "reason_required": True}
    ]
    assert path_of(await boss.post(path, **(row | {"rubric_version": 1}))).endswith("done=same")
    second = path_of(
        await boss.post(path, **(row | {"rubric_version": 1, "name_en_1": "Tone", "code_1": "tone", "labels": ""}))
    )
    assert '/dialogue/undo"' not in await boss.get(first), "something was changed since"
    await take_back(play, second, "rubric")
    again = await db.fetch_one("SELECT version, dimensions, span_labels FROM rubric ORDER BY version DESC LIMIT 1")
    assert again is not None
    assert (again["version"], again["dimensions"], again["span_labels"]) == (
        3,
        stored_row["dimensions"],
        stored_row["span_labels"],
    )
    await boss.post(path, 412, **(row | {"name_en_1": "Other"}))
    assert "version 3" in await boss.get(path)
    twice = row | {"count": 2, "name_en_2": "Warmth", "lowest_2": 1, "highest_2": 5, "applies_dialogue_2": "yes"}
    assert "Another dimension has this code" in (await boss.post(path, 422, **twice)).text


async def test_topics_are_changed_one_by_one_and_pasted(play: Play) -> None:
    boss, path = play.manager, at(play, "dialogue/topics")
    wrong = await boss.post(path, 422, domain="moon", language="english!", wanted="many", topics="x" * 400)
    for name in ("domain", "language", "wanted", "topics"):
        assert f'id="{name}-error"' in wrong.text, name
    table = "domain,language,difficulty,wanted,topic,brief\ngeneral,en,2,5,Tea,Kinds\ngeneral,en,2,,Coffee,\nmoon,en,,1,x,\ngeneral,en,9,1,y,\n"
    tried = await boss.post(path + "/paste", table=table)
    assert "There is no domain of this code." in tried.text
    assert await db.fetch_value("SELECT count(*) FROM topic") == 0, "nothing is written before it was seen"
    taken = await boss.post(path + "/paste", table=table, take="yes")
    assert "The good lines were taken." in taken.text
    assert [row["text"] for row in await db.fetch("SELECT text FROM topic ORDER BY position")] == ["Tea", "Coffee"]
    quota = await db.fetch_value("SELECT id FROM topic_quota")
    await boss.post(
        path, id=quota, domain="general", language="en", difficulty=2, wanted=7, topics="Coffee\nTea\n<b>Milk</b>"
    )
    rows = await db.fetch("SELECT text, brief FROM topic WHERE NOT archived ORDER BY position")
    assert [(row["text"], row["brief"]) for row in rows] == [("Coffee", ""), ("Tea", "Kinds"), ("<b>Milk</b>", "")]
    page = await boss.get(path)
    assert "&lt;b&gt;Milk" in page
    change = await boss.post(path, id=quota, domain="general", language="en", difficulty=2, wanted=9, topics="Milk")
    await take_back(play, path_of(change), "topics")
    again = await db.fetch("SELECT text, brief FROM topic WHERE NOT archived ORDER BY position")
    assert [tuple(row) for row in again] == [tuple(row) for row in rows]
    assert await db.fetch_value("SELECT wanted FROM topic_quota") == 7
    assert "Coffee\nTea" in await boss.get(path + f"?change={quota}")
    again = await boss.post(path + "/paste", table="domain;language;difficulty;topic\ngeneral;en;2;Tea\n")
    assert "as it is" in again.text
    refused = await boss.post(path + "/paste", 422, table="a,b\n1,2\n")
    assert "missing" in refused.text
    removed = await boss.post(path + "/remove", id=quota)
    assert "No list yet" in await boss.get(path)
    await take_back(play, path_of(removed), "topics")
    assert "&lt;b&gt;Milk" in await boss.get(path)


async def test_caps_costs_and_grace_are_changed_and_taken_back(play: Play) -> None:
    boss, path = play.manager, at(play, "rules")
    values = {
        "asking": "fixed", "overlap": 1, "most_answers": 5, "language_level": 3, "rework_limit": 2, "answer_limit": 3, "cap_day": 8,
        "cap_live": 2, "annotation_cost": 2, "review_cost": 1, "grace": 0,
    }  # fmt: skip
    wrong = await boss.post(
        path, 422, version=await version_of(boss, path), **(values | {"cap_day": 0, "review_cost": "", "grace": 500})
    )
    for name in ("cap_day", "review_cost", "grace"):
        assert f'id="{name}-error"' in wrong.text, name
    saved = await boss.post(path, version=await version_of(boss, path), **values)
    assert (await stored("cap_per_person_day"), await stored("cap_per_person_live")) == (8, 2)
    assert (await stored("annotation_cost"), await stored("lease_grace_minutes")) == (2, 0)
    page = await boss.get(path_of(saved))
    undo = re.search(r'name="version" value="(\d+)"><input type="hidden" name="tab"', page)
    assert undo is not None
    await boss.post(at(play, "undo"), version=undo[1], tab="rules")
    assert (await stored("cap_per_person_day"), await stored("annotation_cost")) == (None, 1)
    assert "Capacity that a task takes" in await boss.get(at(play))
