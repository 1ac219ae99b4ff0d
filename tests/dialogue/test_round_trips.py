"""What goes out comes in again without a difference: trees of OpenAssistant, and dialogues of our own."""

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest

from callboard.importing.files import stage_file
from dialogue.export import Writer, export_dialogues, format_named, write
from dialogue.invariants import INVARIANTS
from kernel import db
from kernel.invariants import run
from kernel.settings import Settings
from tests.dialogue.exporting import (
    EVERYTHING,
    file_of,
    hand_in,
    make_rich,
    read_in,
    records,
    rich_and_accepted,
    write_lines,
)
from tests.dialogue.factory import make_desk
from tests.routing.factory import make_project, submit

pytestmark = pytest.mark.usefixtures("pool")
DATA = Path(os.environ.get("CALLBOARD_TEST_DATA", Path(__file__).parents[3] / "shared" / "data"))
OASST = DATA / "dialogues" / "oasst2_ready_clean.jsonl.gz"


def message(key: str, parent: str | None, role: str, **facts: Any) -> dict[str, Any]:
    return {
        "message_id": key, "parent_id": parent, "user_id": "u1", "created_date": "2023-02-10T15:09:39.246768+00:00",
        "text": f"{key} = <b>雪</b>", "role": role, "lang": "pt-BR", "review_count": 3, "review_result": True, "deleted": False,
        "rank": None, "synthetic": False, "model_name": None, "emojis": {"+1": 2}, "replies": [],
        "labels": {"spam": {"value": 0.0, "count": 3}, "quality": {"value": 0.58333, "count": 3}},
    } | facts  # fmt: skip


def tree(key: str = "t") -> dict[str, Any]:
    second = message(
        f"{key}-b", key, "assistant", rank=0, replies=[message(f"{key}-c", f"{key}-b", "prompter", lang="xx-weird_tag")]
    )
    first = message(f"{key}-a", key, "assistant", rank=1, emojis=None, deleted=True, extra={"kept": [1, 2.5, None]})
    prompt = message(key, None, "prompter", replies=[first, second])
    return {"message_tree_id": key, "tree_state": "ready_for_export", "prompt": prompt, "origin": None}


async def test_an_oasst_tree_comes_out_as_it_went_in(settings: Settings, tmp_path: Path) -> None:
    project = await make_project(settings)
    trees = [tree("t1"), tree("t2")]
    report, outcome = await read_in(write_lines(tmp_path / "a.jsonl", trees), project, settings)
    assert (report.mapping, outcome.created) == ("oasst", 2)
    lines = (await file_of(settings, project, "oasst")).splitlines()
    assert [json.loads(line) for line in lines] == trees
    assert list(json.loads(lines[0])["prompt"]) == list(trees[0]["prompt"]), "the order of the published files"
    rows = await db.fetch(
        "SELECT role, rank, language FROM turn JOIN conversation c ON c.id = conversation WHERE c.topic LIKE 't1%' ORDER BY no, position"
    )
    assert [tuple(row) for row in rows] == [
        ("user", None, "pt-BR"),
        ("assistant", 2, "pt-BR"),
        ("assistant", 1, "pt-BR"),
        ("user", None, None),
    ]
    again = await read_in(write_lines(tmp_path / "b.jsonl", [tree("t1"), tree("t3")]), project, settings)
    assert (again[1].created, again[1].existing) == (1, 1)
    assert not [one for one in await run(INVARIANTS) if one.violations]


@pytest.mark.skipif(not OASST.exists(), reason="the public data is not on this machine")
async def test_the_whole_oasst_file_comes_out_equal(settings: Settings) -> None:
    project = await make_project(settings)
    _, outcome = await read_in(OASST, project, settings)
    assert outcome.created == 94
    with gzip.open(OASST) as file:
        given = [json.loads(line) for line in file]
    out = [json.loads(line) for line in (await file_of(settings, project, "oasst")).splitlines()]
    assert out == given, "two of the trees stand twice in the file, and do so again"
    assert await db.fetch_value("SELECT count(*) FROM turn") == 839


async def test_a_bad_tree_is_named_and_keeps_the_rest_out(settings: Settings, tmp_path: Path) -> None:
    bad = tree("t2")
    bad["prompt"]["replies"][0]["parent_id"] = "elsewhere"
    long = tree("t3")
    long["prompt"]["text"] = "x" * 200_000
    path = write_lines(tmp_path / "a.jsonl", [tree("t1"), bad, long])
    path.write_bytes(
        path.read_bytes()
        + json.dumps(tree("t4")).replace("t4-a =", "\\u0000").encode()
        + b"\n"
        + json.dumps(tree("t5")).replace("t5-a =", "\\ud800").encode()
    )
    with stage_file(path, settings) as stage:
        assert [error.line for error in stage.report.errors] == [2, 3, 4, 5]
        assert "parent_id" in stage.report.errors[0].reason


async def test_a_dialogue_of_our_own_comes_back_without_a_difference(settings: Settings, tmp_path: Path) -> None:
    desk = await rich_and_accepted(settings)
    pending = await make_rich(settings, name="Other")
    await hand_in(pending, accept=False)
    before = [await records(settings, one, filters=EVERYTHING) for one in (desk.project_id, pending.project_id)]
    (line,), (other,) = before
    tree = line["dialogue"]
    assert [len(tree[name]) for name in ("turns", "choices", "scores", "spans", "credits")] == [9, 3, 2, 1, 1]
    assert [edit["version"] for edit in tree["turns"][1]["edits"]] == [1, 2]
    assert tree["credits"][0]["edits"] == 1
    target = await make_project(settings, name="Archive")
    path = write_lines(tmp_path / "full.jsonl", [line, other])
    report, outcome = await read_in(path, target, settings)
    assert (report.mapping, outcome.created) == ("callboard_dialogue", 2)
    after = await records(settings, target)
    assert after == [line, other]
    assert [list(one["dialogue"]) for one in after] == [list(tree), list(tree)]
    edits = await db.fetch_value("SELECT count(*) FROM turn_edit WHERE source IS NOT NULL")
    choices = await db.fetch_value("SELECT count(*) FROM choice WHERE source IS NOT NULL AND state = 'ranked'")
    assert (edits, choices) == (4, 2), "the tables hold it, not only the file's own words"
    assert not [one for one in await run(INVARIANTS) if one.violations]
    for code in ("openai", "sft", "dpo", "oasst", "csv"):
        assert await file_of(settings, target, code) == await both(settings, desk.project_id, pending.project_id, code)


async def both(settings: Settings, first: Any, second: Any, code: str) -> bytes:
    async def source() -> Any:
        for project in (first, second):
            async for one in export_dialogues(settings, project_id=project, filters=EVERYTHING):
                yield one

    return b"".join([piece async for piece in write(source(), Writer(format_named(code)))])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"head": "nowhere"}, "head"),
        ({"turns": []}, "head"),
        ({"choices": []}, "candidate of no choice"),
        ({"scores": [{"turn": "x", "dimension": "d", "value": 1, "comment": "", "by": None, "at": "2026-01-01T00:00:00Z"}]}, "not in the tree"),
        ({"topic": 3}, "Expected `str`"),
    ],
)  # fmt: skip
async def test_a_damaged_line_is_refused_with_its_reason(
    settings: Settings, tmp_path: Path, change: dict[str, Any], reason: str
) -> None:
    desk = await rich_and_accepted(settings)
    (line,) = await records(settings, desk.project_id)
    line["dialogue"] |= change
    with stage_file(write_lines(tmp_path / "a.jsonl", [line]), settings) as stage:
        assert reason in stage.report.errors[0].reason


@pytest.mark.skipif(not OASST.exists(), reason="the public data is not on this machine")
@pytest.mark.parametrize(("name", "number", "turns"), [("crosswoz_val_500", 500, 8458), ("kdconv_450", 450, 9443)])
async def test_finished_dialogues_come_in_to_be_evaluated(
    settings: Settings, name: str, number: int, turns: int
) -> None:
    project = await make_project(settings)
    _, outcome = await read_in(DATA / "dialogues" / f"{name}.jsonl.gz", project, settings)
    rows = await db.fetch(
        "SELECT kind, sum(jsonb_array_length(payload->'turns')) AS turns, count(*) FROM task GROUP BY kind"
    )
    assert [tuple(row) for row in rows] == [("dialogue_evaluation", turns, number)]
    assert outcome.created == number
    _, again = await read_in(DATA / "dialogues" / f"{name}.jsonl.gz", project, settings)
    assert (again.created, again.already) == (0, True)


async def test_work_of_another_frontend_comes_back_too(settings: Settings, tmp_path: Path) -> None:
    desk = await make_desk(settings)
    await submit(settings, desk.held, {"turns": "in a form of their own", "labels": [1, 2]})
    (line,) = await records(settings, desk.project_id, filters=EVERYTHING)
    target = await make_project(settings, name="Archive")
    await read_in(write_lines(tmp_path / "a.jsonl", [line]), target, settings)
    assert await records(settings, target) == [line]
    assert line["dialogue"] is None
