"""The mappings that come along, on records written here in the shape of the public files, and on the files themselves
where they lie beside the repository."""

import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest

from callboard.importing.files import stage_file
from callboard.importing.mapping import built_in, detect
from callboard.importing.stage import Stage
from routing.intake import TaskDraft
from tests.importing.helpers import limits

PUBLIC = Path(__file__).parents[2].parent / "shared" / "data" / "dialogues"

MT_BENCH = {
    "question_id": 901,
    "category": "math",
    "turns": ["What is one third of 99?", "And of 98?"],
    "reference": ["33", ""],
}
ARENA = {
    "question_id": "f00d",
    "category": "arena-hard",
    "cluster": "Household Tax Basics",
    "turns": [{"content": "Which receipts should a family keep?"}],
}
CROSSWOZ = {
    "id": "own-1",
    "type": "单领域",
    "task_description": ["你要找一家茶馆。", "你想知道它的地址。"],
    "domains": ["餐馆"],
    "messages": [
        {"role": "user", "content": "附近有茶馆吗？", "dialog_act": [["Request", "餐馆", "名称", ""]]},
        {"role": "assistant", "content": "有，街角就有一家。"},
    ],
}
KDCONV = {
    "id": "own-2",
    "domain": "music",
    "name": "一支小夜曲",
    "messages": [
        {"role": "user", "content": "你听过这支曲子吗？"},
        {
            "role": "assistant",
            "content": "听过。",
            "attrs": [{"attrname": "作者", "attrvalue": "佚名", "name": "一支小夜曲"}],
        },
    ],
}
MTS = {
    "ID": "4",
    "section_header": "ROS",
    "section_text": "No cough.",
    "dialogue": "Doctor: Do you cough?\nGuest_family: He does not.\n Patient: No, I do not.",
}
LAWBENCH = {"instruction": "请回答：", "question": "押金可以不退吗？", "answer": "要看合同。"}
OPENAI = {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}]}
SHAREGPT = {"id": "s", "conversations": [{"from": "human", "value": "Hello"}, {"from": "gpt", "value": "Hi."}]}


def as_lines(record: dict[str, Any]) -> bytes:
    return json.dumps(record, ensure_ascii=False).encode() + b"\n"


def as_csv(record: dict[str, Any]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(record))
    writer.writeheader()
    writer.writerow(record)
    return text.getvalue().encode()


def staged(path: Path, options: tuple[str, ...] = ()) -> tuple[Stage, list[TaskDraft]]:
    with stage_file(path, limits(), revise=lambda rules: rules.with_options((), options, ())) as stage:
        return stage, [draft for chunk in stage.drafts() for draft in chunk]


@pytest.mark.parametrize(
    ("name", "record", "identity", "place"),
    [
        ("mt_bench", MT_BENCH, "mt-901", ("general", "en", 4)),
        ("arena_hard", ARENA, "arena-f00d", ("finance", "en", 4)),
        ("crosswoz", CROSSWOZ, "own-1", ("general", "zh-CN", 1)),
        ("kdconv", KDCONV, "own-2", ("general", "zh-CN", None)),
        ("mts_dialog", MTS, "mts-4-", ("medicine", "en", 4)),
        ("lawbench", LAWBENCH, "lawbench-", ("law", "zh-CN", 4)),
    ],
)
def test_a_record_is_recognised_and_mapped(
    tmp_path: Path, name: str, record: dict[str, Any], identity: str, place: tuple[str, str, int | None]
) -> None:
    path = tmp_path / "file"
    path.write_bytes(as_csv(record) if name == "mts_dialog" else as_lines(record))
    stage, (draft,) = staged(path)
    assert stage.report.mapping == name
    assert stage.report.bad == 0
    assert draft.external_id.startswith(identity)
    assert draft.kind == ("dialogue_evaluation" if name in {"crosswoz", "kdconv"} else "dialogue")
    assert (draft.domain, draft.language, draft.difficulty) == place
    assert draft.payload["title"]
    assert draft.payload["source"]["dataset"]
    path.write_bytes(gzip.compress(path.read_bytes()))
    assert staged(path)[0].fingerprint == stage.fingerprint


def test_what_the_annotator_sees(tmp_path: Path) -> None:
    path = tmp_path / "file"
    payloads = {}
    for record in (MT_BENCH, CROSSWOZ, KDCONV, MTS, LAWBENCH):
        path.write_bytes(as_lines(record))
        stage, (draft,) = staged(path)
        payloads[stage.report.mapping] = draft.payload
    assert payloads["mt_bench"]["opening"] == "What is one third of 99?"
    assert payloads["mt_bench"]["follow_ups"] == ["And of 98?"]
    assert payloads["mt_bench"]["reference"] == "33\n"
    assert payloads["crosswoz"]["brief"] == "你要找一家茶馆。\n你想知道它的地址。"
    assert payloads["crosswoz"]["turns"][1] == {"role": "assistant", "text": "有，街角就有一家。"}
    assert payloads["kdconv"]["title"] == "一支小夜曲"
    assert payloads["kdconv"]["source"]["facts"] == ["佚名"]
    assert payloads["mts_dialog"]["title"] == "Review of systems"
    assert [turn["role"] for turn in payloads["mts_dialog"]["turns"]] == ["assistant", "user", "user"]
    assert payloads["lawbench"]["reference"] == "要看合同。"


@pytest.mark.parametrize(("name", "record"), [("openai_chat", OPENAI), ("sharegpt", SHAREGPT)])
def test_chat_files_need_only_domain_and_language(tmp_path: Path, name: str, record: dict[str, Any]) -> None:
    path = tmp_path / "file.json"
    path.write_bytes(json.dumps([record], indent=1).encode())
    assert [error.reason for error in staged(path)[0].report.errors] == ["domain is missing"]
    stage, (draft,) = staged(path, ("domain=general", "language=en"))
    assert stage.report.mapping == name
    assert draft.payload["title"] == "Hello"


def test_each_mapping_is_told_from_the_others() -> None:
    for name, rules in built_in().items():
        assert rules.detect
        found = detect(dict.fromkeys(rules.detect.keys))
        assert found
        assert found.name == name
    assert detect({"unknown": 1}) is None


EXPECTED = {
    "mt_bench_questions.jsonl": ("mt_bench", 80),
    "arena_hard_questions.jsonl": ("arena_hard", 500),
    "crosswoz_val_500.jsonl.gz": ("crosswoz", 500),
    "kdconv_450.jsonl.gz": ("kdconv", 450),
    "mts_dialog_validation.csv": ("mts_dialog", 100),
    "lawbench_consult_3-8.json": ("lawbench", 500),
}


def test_the_public_files_are_taken_whole() -> None:
    for path in (PUBLIC / name for name in EXPECTED if (PUBLIC / name).is_file()):
        stage, drafts = staged(path)
        report = stage.report
        assert (report.mapping, report.good) == EXPECTED[path.name]
        assert report.bad == 0, report.errors[:3]
        assert len({draft.external_id for draft in drafts}) == report.good
        assert all(draft.payload["title"] for draft in drafts)
