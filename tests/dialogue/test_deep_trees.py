"""Trees of OpenAssistant as deep and as odd as they come: read without recursion, and written as they were."""

import json
from pathlib import Path
from typing import Any

import pytest

from callboard.importing import deep_trees, strict_json
from callboard.importing.files import stage_file
from callboard.importing.json_array import JsonArrayParser
from kernel import db
from kernel.settings import Settings
from tests.dialogue.exporting import file_of, read_in, write_lines
from tests.dialogue.test_round_trips import message, tree
from tests.routing.factory import make_project

DEPTH = 1_000


def deep(key: str, depth: int) -> str:
    """A chain; beside every tenth message stands a second reply. Written by hand: no encoder goes that deep."""
    head, tail = "", ""
    for n in range(depth):
        role = ("prompter", "assistant")[n % 2]
        one = message(f"{key}-{n}", f"{key}-{n - 1}" if n else None, role, text=f'{n} "replies": [{{ \\ 雪')
        before, after = json.dumps(one).split('"replies": []')
        beside = (
            json.dumps(message(f"{key}-{n}b", f"{key}-{n}", ("assistant", "prompter")[n % 2])) + ", "
            if n % 10 == 0
            else ""
        )
        head, tail = head + before + '"replies": [' + (beside if n < depth - 1 else ""), "]" + after + tail
    return f'{{"message_tree_id": "{key}-0", "tree_state": "growing", "prompt": {head}{tail}}}'


def flat(text: str) -> Any:
    return deep_trees.decode(text, 64)


@pytest.mark.usefixtures("pool")
async def test_a_thousand_replies_in_a_row_go_in_and_come_out_equal(settings: Settings, tmp_path: Path) -> None:
    project = await make_project(settings)
    given = [deep("t", DEPTH), deep("s", 40), json.dumps(tree("flat"))]
    path = tmp_path / "deep.jsonl"
    path.write_text("\n".join(given))
    _, outcome = await read_in(path, project, settings)
    assert outcome.created == 3
    lines = (await file_of(settings, project, "oasst")).decode().splitlines()
    assert [flat(line) for line in lines] == [flat(text) for text in given]
    assert await db.fetch_value("SELECT max(no) FROM turn") == DEPTH
    # What was exported whole comes in again, and goes out as the same trees.
    whole = tmp_path / "whole.jsonl"
    whole.write_bytes(await file_of(settings, project, "callboard"))
    other = await make_project(settings, name="Other")
    await read_in(whole, other, settings)
    assert (await file_of(settings, other, "oasst")).decode().splitlines() == lines


def test_an_array_of_deep_trees_is_read_as_well(settings: Settings) -> None:
    parser = JsonArrayParser(settings)
    events = parser.feed(f"[{deep('t', 600)},\n{json.dumps(tree('u'))}]".encode()) + parser.close()
    assert [event.line for event in events] == [1, 2]
    assert [len(event.value.get("callboard:messages", ())) for event in events] == [660, 0]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"a": ' * 80 + "1" + "}" * 80, "nested too deeply"),
        (deep("t", 40).replace('"spam"', '"x": ' + "[" * 70 + "]" * 70 + ', "spam"', 1), "nested too deeply"),
        (deep("t", 40).replace('"replies": [{', '"replies": [null, {', 1), "what is no message"),
        (deep("t", 40).replace("雪".encode("unicode-escape").decode(), "\\u0000", 1), "U+0000"),
        (deep("t", 40).replace('"lang": "pt-BR"', '"lang": "a", "lang": "b"', 1), "twice in one object"),
        (deep("t", 40).replace('"replies": [{', '"replies": [{"emojis": 1e999, ', 1), "twice in one object"),
    ],
)
def test_what_is_wrong_deep_down_is_still_refused(text: str, reason: str) -> None:
    with pytest.raises(strict_json.NotStrictJsonError) as caught:
        if (found := deep_trees.decode(text, 64)) is None:
            strict_json.decode(text, 64)
    assert reason in caught.value.reason, found if "found" in locals() else ""


def test_a_bad_message_far_down_is_named_with_its_line(settings: Settings, tmp_path: Path) -> None:
    good = json.dumps(tree("a"))
    twice = (
        deep("t", 100)
        .replace('"message_id": "t-80"', '"message_id": "t-3"')
        .replace('"parent_id": "t-80"', '"parent_id": "t-3"')
    )
    cut = deep("u", 100)[:-30]
    path = tmp_path / "bad.jsonl"
    path.write_text(f"{good}\n{twice}\n{cut}")
    with stage_file(path, settings) as stage:
        assert [error.line for error in stage.report.errors] == [2, 3]
        assert "'t-3' stands twice" in stage.report.errors[0].reason


@pytest.mark.usefixtures("pool")
async def test_odd_fields_go_out_as_they_came(settings: Settings, tmp_path: Path) -> None:
    """Nulls and gaps, what moderators marked, languages nobody has here, trees without a reply."""

    def without(one: dict[str, Any], *names: str) -> dict[str, Any]:
        return {name: value for name, value in one.items() if name not in names}

    def alone(key: str, prompt: dict[str, Any], **facts: Any) -> dict[str, Any]:
        return {"message_tree_id": key, "tree_state": "prompt_lottery_waiting", "prompt": prompt} | facts

    gone = message(
        "d-a",
        "d",
        "assistant",
        text=None,
        deleted=True,
        review_result=False,
        labels={"spam": {"value": 1.0, "count": 3}},
    )
    trees = [
        alone("n", message("n", None, "prompter", replies=None)),
        alone("m", without(message("m", None, "prompter"), "replies", "labels", "parent_id", "emojis", "rank")),
        alone("l", message("l", None, "prompter", labels=None, lang="eu"), tree_state="aborted_low_grade"),
        alone("d", message("d", None, "prompter", lang="zh-Hant-TW", text="", replies=[gone, without(message("d-b", "d", "assistant", deleted=True), "text")])),
        alone("s", message("s", None, "prompter", lang="nb-NO", synthetic=True, model_name="m-1", user_id=None, labels={"quality": None, "x": 3})),
    ]  # fmt: skip
    project = await make_project(settings)
    _, outcome = await read_in(write_lines(tmp_path / "odd.jsonl", trees), project, settings)
    assert outcome.created == len(trees)
    for code in ("openai", "sft", "dpo", "kto", "ranked", "csv", "callboard"):
        await file_of(settings, project, code)
    out = (await file_of(settings, project, "oasst")).splitlines()
    assert [json.loads(line) for line in out] == trees
