"""What the domain refuses in sentences reaches a Chinese page in Chinese, and no sentence is forgotten."""

import ast
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from callboard.pages.i18n import translations
from callboard.pages.project_kinds import EXAMPLE, check_of
from callboard.pages.render import environment
from callboard.pages.sentences import known, translated
from kernel.ids import uuid7
from routing.forms import schema

SOURCE = Path(__file__).parents[2] / "src"
FORMS = sorted((SOURCE / "routing" / "forms").glob("*.py"))
ANYWHERE = [
    *sorted((SOURCE / "callboard" / "pages").glob("*.py")), *sorted((SOURCE / "routing").glob("*.py")),
    *sorted((SOURCE / "skills").glob("*.py")), SOURCE / "payments" / "ledger.py", SOURCE / "kernel" / "db.py",
]  # fmt: skip
PAY = [*sorted((SOURCE / "payments").glob("*.py")), *sorted((SOURCE / "callboard" / "pages").glob("*.py"))]
PAY_REFUSALS = (
    "BadAdjustment",
    "BadBankDetails",
    "BadPayDispute",
    "BadPayout",
    "BadRateCard",
    "PayerMissing",
    "PayoutNotReconciled",
    "PayoutStale",
)
GOLD_REFUSALS = ("BadCalibration", "BadGold", "BadLot")
ELSEWHERE = ("A key has 1 to ", "N.")
"""What only a program can cause, and what a decoder says."""


def _sentences(paths: list[Path], call: str, argument: int) -> Iterator[str]:
    """The sentences that are written in place; of what stands in braces, its code."""
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == call:
                said = node.args[argument] if len(node.args) > argument else None
                if isinstance(said, ast.Constant) and isinstance(said.value, str):
                    yield said.value
                elif isinstance(said, ast.JoinedStr):
                    yield "".join(part.value if isinstance(part, ast.Constant) else "N" for part in said.values)


def test_every_sentence_that_a_page_can_show_is_on_the_list() -> None:
    said = [*_sentences(FORMS, "Fault", 2), *_sentences(ANYWHERE, "Invalid", 0)]
    said += [sentence.format(limit=3) for sentence in schema.SENTENCES.values()]
    of_pay = [one for refusal in PAY_REFUSALS for one in _sentences(PAY, refusal, 0)]
    assert len(of_pay) > 40, "they are found"
    said += of_pay
    of_gold = [one for refusal in GOLD_REFUSALS for one in _sentences(ANYWHERE, refusal, 0)]
    assert len(of_gold) > 15, "they are found"
    said += of_gold
    assert len(said) > 100, "they are found"
    assert not [one for one in said if known(one) is None and not one.startswith(ELSEWHERE)]


@pytest.mark.parametrize(
    ("sentence", "chinese"),
    [
        ("The keyword 'pattern' is not understood for type string.", "类型 string 不支持关键字 'pattern'。"),
        ("The rule cannot be used like that: The field level is no number.", "规则不能这样使用：字段 level 不是数字。"),
        (
            "The gold 'x' cannot be made: Only accepted work becomes gold.",
            "无法建立金标题 'x'：只有已通过的作品才能成为金标题。",
        ),
        ("The band of tone goes from its least to its most.", "tone 的区间须从最小值到最大值。"),
        ("Nobody has translated this.", "Nobody has translated this."),
        ("Expected <b>%(kind)s</b>.", "应为 <b>%(kind)s</b>。"),
    ],
)
def test_a_sentence_is_translated_with_what_it_names(sentence: str, chinese: str) -> None:
    assert translated(sentence, translations("zh-CN").ugettext) == chinese
    assert translated(sentence, translations("en").ugettext) == sentence


def test_places_of_a_declaration_are_told_in_the_readers_language() -> None:
    for text in ("{", "[]", '{"names": 3}', msgspec.json.encode(EXAMPLE | {"layout": [], "extra": 1}).decode(),
                 msgspec.json.encode(EXAMPLE | {"names": {"zh": "语气"}}).decode()):  # fmt: skip
        faults = check_of(uuid7(), text).faults
        assert faults, text
        for fault in faults:
            shown = environment("zh-CN").from_string("{{ m|sentence }}").render(m=fault.message)
            assert shown != fault.message, fault
