"""Every format against what its trainers take, on public trees and on dialogues that were made here."""

import csv
import io
import json
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from dialogue.comparisons import comparisons_of
from dialogue.export import Writer, format_named
from dialogue.formats import FORMATS
from kernel.settings import Settings
from tests.dialogue import trainer_forms
from tests.dialogue.exporting import file_of, read_in, rich_and_accepted, write_lines
from tests.dialogue.test_round_trips import OASST, message, tree
from tests.dialogue.trainer_forms import FORMS, validated
from tests.routing.factory import make_project

SAMPLES = Path(os.environ.get("CALLBOARD_TEST_DATA", Path(__file__).parents[3] / "shared" / "data")) / "formats"
HOSTILE = [
    "<script>alert('x')</script><img src=x onerror=alert(1)>",
    "two\nlines", "an old\rMac",
    '=HYPERLINK("http://evil","click")',
    "+1-1", "-2", "@SUM(A1)", "\t=1+1", "  =cmd|' /C calc'!A0", "＝1",
    'a,"b"\nline\r\nline\u2028sep\u2029\x0b\x1b[31m',
    "\u202ertl\u202c \ufeff \u200b e\u0301 👩‍👩‍👧 \U0010ffff",
    ']\n}, {"injected": true}',
]  # fmt: skip


def test_every_format_has_a_form_to_be_held_against() -> None:
    assert set(FORMS) == set(FORMATS)


@pytest.mark.skipif(not SAMPLES.exists(), reason="the public samples are not on this machine")
@pytest.mark.parametrize(
    ("code", "name", "most_unlike"),
    [
        ("openai", "openai_chat_finetune.jsonl", 1),  # one sample line begins with two system-less assistants
        ("dpo", "llamafactory_dpo_en_demo.json", 0),
        ("sft_weighted", "llamafactory_v1_sft_demo.jsonl", 0),
        ("dpo_weighted", "llamafactory_v1_dpo_demo.jsonl", 0),
        ("kto", "llamafactory_kto_en_demo.json", 0),
    ],
)
def test_our_forms_are_those_of_the_samples(code: str, name: str, most_unlike: int) -> None:
    kind, cut = FORMS[code]
    read = [msgspec.json.decode(line, type=kind) for line in cut((SAMPLES / name).read_bytes()) if line.strip()]
    unlike = 0
    for one in read:
        try:
            one.check()
        except AssertionError:
            unlike += 1
    assert len(read) > 3
    assert unlike <= most_unlike


@pytest.mark.skipif(not SAMPLES.exists(), reason="the public samples are not on this machine")
def test_the_sharegpt_form_is_that_of_fastchat() -> None:
    data = (SAMPLES / "sharegpt_fastchat_dummy.json").read_bytes()
    assert len(validated("sharegpt", data)) == 23


@pytest.mark.usefixtures("pool")
@pytest.mark.skipif(not OASST.exists(), reason="the public data is not on this machine")
async def test_public_trees_in_every_format(settings: Settings) -> None:
    project = await make_project(settings)
    await read_in(OASST, project, settings)
    numbers = {code: len(validated(code, await file_of(settings, project, code))) for code in FORMS}
    assert numbers["oasst"] == numbers["callboard"] == 94
    assert numbers["openai"] == numbers["sharegpt"] == numbers["sft_weighted"] > 80
    assert numbers["sft"] >= numbers["openai"]
    assert numbers["dpo"] == numbers["dpo_messages"] == numbers["dpo_weighted"] > numbers["ranked"] > 50
    assert numbers["kto"] >= 2 * numbers["ranked"]


@pytest.mark.usefixtures("pool")
async def test_dialogues_made_here_in_every_format(settings: Settings) -> None:
    desk = await rich_and_accepted(settings)
    found = {code: validated(code, await file_of(settings, desk.project_id, code)) for code in FORMS}
    assert {code: len(lines) for code, lines in found.items()} == {
        "openai": 1, "sharegpt": 1, "sft": 3, "sft_weighted": 1, "dpo": 3, "dpo_messages": 3, "dpo_weighted": 3, "kto": 6, "ranked": 3,
        "oasst": 1, "callboard": 1, "csv": 6,
    }  # fmt: skip
    chat = found["openai"][0].messages
    assert chat[1].content == "First answer, but better"
    assert [one.prompt for one in found["sft"]] == [one.content for one in chat if one.role == "user"]
    pair = found["dpo"][0]
    assert (pair.chosen.value, pair.rejected.value) == ("First answer", "Second answer"), "what was shown is compared"
    assert [one.complete for one in found["ranked"]] == [True, True, True]
    labels = [(one.messages[-1].content, one.label) for one in found["kto"]]
    assert ("First answer", True) in labels
    assert ("Second answer", False) in labels
    prompt = found["oasst"][0].prompt
    assert [(one.rank, one.synthetic, one.model_name) for one in prompt.replies] == [
        (0, True, "model-1"), (1, True, "model-2"),
    ]  # fmt: skip
    assert prompt.replies[0].labels["helpful"].value == 1


@pytest.mark.usefixtures("pool")
async def test_hostile_text_goes_through_every_format_as_text(settings: Settings, tmp_path: Path) -> None:
    project = await make_project(settings)
    trees = []
    for n, text in enumerate(HOSTILE):
        one = tree(f"t{n}")
        one["prompt"]["text"] = text
        for reply in one["prompt"]["replies"]:
            reply["text"] = text + reply["message_id"]
            reply.pop("extra", None)
        trees.append(one)
    await read_in(write_lines(tmp_path / "t.jsonl", trees), project, settings)
    for code in FORMS:
        assert validated(code, await file_of(settings, project, code))
    out = [json.loads(line) for line in (await file_of(settings, project, "oasst")).split(b"\n") if line]
    assert out == trees
    table = (await file_of(settings, project, "csv")).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(table, newline="")))
    texts = [row["text"] for row in rows if row["no"] == "1"]
    assert [text.removeprefix("'") for text in texts] == HOSTILE
    for row in rows:
        for value in row.values():
            assert not value.lstrip().startswith(("=", "+", "-", "@", "＝")), value


def made(**facts: Any) -> dict[str, Any]:
    messages = facts.pop("messages", [])
    return {"id": "x", "messages": messages, "turns": [], "dialogue": None, "state": "accepted", "verdicts": []} | facts


def lines(code: str, record: dict[str, Any]) -> tuple[list[Any], dict[str, int]]:
    writer = Writer(format_named(code))
    data = writer.head() + writer.take([record]) + writer.tail()
    return validated(code, data), dict(writer.left_out)


def said(*roles: str) -> list[dict[str, str]]:
    return [{"role": role, "content": f"{role} {n}"} for n, role in enumerate(roles)]


@pytest.mark.parametrize(
    ("code", "roles", "number", "left_out"),
    [
        ("openai", ["system", "user", "assistant", "user"], 1, {}),
        ("openai", ["user"], 0, {"no_reply": 1}),
        ("openai", [], 0, {"no_reply": 1}),
        ("sharegpt", ["system", "user", "assistant"], 1, {}),
        ("sharegpt", ["assistant", "user", "assistant"], 0, {"not_alternating": 1}),
        ("sharegpt", ["user", "user", "assistant"], 0, {"not_alternating": 1}),
        ("sft", ["system", "user", "assistant", "user", "assistant", "user"], 2, {}),
        ("sft", ["user", "assistant", "assistant"], 0, {"not_alternating": 1}),
        ("dpo", ["user", "assistant"], 0, {"no_comparison": 1}),
        ("ranked", ["user", "assistant"], 0, {"no_comparison": 1}),
        ("oasst", ["user", "assistant"], 0, {"no_prompt": 1}),
    ],
)
def test_what_a_form_cannot_hold_is_left_out_and_counted(
    code: str, roles: list[str], number: int, left_out: dict[str, int]
) -> None:
    found, missing = lines(code, made(messages=said(*roles)))
    assert (len(found), missing) == (number, left_out)


def test_a_rating_labels_what_the_bot_wrote_and_an_edit_is_wanted() -> None:
    turns = [
        {"role": "user", "text": "q"}, {"role": "assistant", "text": "mended", "original_text": "broken", "rating": 2},
        {"role": "user", "text": "r"}, {"role": "assistant", "text": "good", "rating": 5},
        {"role": "user", "text": "s"}, {"role": "assistant", "text": "so-so", "rating": 3},
    ]  # fmt: skip
    found, _ = lines("kto", made(turns=turns))
    assert [(one.messages[-1].content, one.label) for one in found] == [
        ("broken", False),
        ("mended", True),
        ("good", True),
    ]
    assert [one.content for one in found[2].messages[:2]] == ["q", "mended"]


def test_an_empty_list_is_a_list_and_no_lines_are_an_empty_file() -> None:
    for code, form in FORMATS.items():
        writer = Writer(form)
        data = writer.head() + writer.take([]) + writer.tail()
        assert data == {"json": b"[\n\n]\n", "jsonl": b"", "csv": form.head}[form.extension], code


def test_ties_make_no_pair_and_all_bad_makes_only_unwanted() -> None:
    def candidate(key: str, rank: int | None, number: int, slot: int) -> dict[str, Any]:
        return {
            "id": key,
            "parent": "q",
            "role": "assistant",
            "text": key,
            "original_text": None,
            "rank": rank,
            "round": number,
            "slot": slot,
        }

    turns = [
        {"id": "q", "parent": None, "role": "user", "text": "q", "round": None, "rank": None},
        candidate("a", None, 1, 1), candidate("b", None, 1, 2),
        candidate("c", 1, 2, 1), candidate("d", 1, 2, 2), candidate("e", 2, 2, 3),
        candidate("open", None, 3, 1),
    ]  # fmt: skip
    choices = [
        {"message": "q", "round": 1, "state": "all_bad", "chosen": None}, {"message": "q", "round": 2, "state": "ranked", "chosen": "c"},
        {"message": "q", "round": 3, "state": "open", "chosen": None},
    ]  # fmt: skip
    record = made(dialogue={"turns": turns, "choices": choices})
    assert [one.outcome for one in comparisons_of(record)] == ["all_bad", "ranked"]
    pairs, _ = lines("dpo", record)
    assert [(one.chosen.value, one.rejected.value) for one in pairs] == [("c", "e"), ("d", "e")]
    labels, _ = lines("kto", record)
    assert [(one.messages[-1].content, one.label) for one in labels] == [
        ("a", False), ("b", False), ("c", True), ("d", True), ("e", False),
    ]  # fmt: skip


def test_the_forms_themselves_can_say_no() -> None:
    with pytest.raises(msgspec.ValidationError):
        validated("openai", b'{"messages": [{"role": "tool", "content": "x"}]}')
    with pytest.raises(AssertionError):
        validated("openai", b'{"messages": [{"role": "user", "content": "x"}]}')
    with pytest.raises(AssertionError):
        validated(
            "oasst",
            json.dumps({"message_tree_id": "x", "tree_state": "", "prompt": message("y", None, "prompter")}).encode(),
        )
    assert trainer_forms.FORMS
