"""What can be counted in a task's text without understanding it, on scales on which one step is of similar weight.

Only what is known when the task arrives: its title, brief, opening and turns, never the reference answer nor anything
that was made of it. Chinese and Japanese have no spaces: there a character counts as 0.6 of a word.
"""

import math
import re
from typing import Any, NamedTuple

LONGEST_TEXT = 20_000
"""Characters that are looked at: a longer text is long whatever else it is, and intake has to be quick."""
CHARACTER_WORDS = 0.6
WORDING = (
    "length",  # log of words
    "turns",  # log of turns already there or asked for
    "sentence",  # log of words per sentence
    "numbers",  # digits per character, in tens of percent
    "code",  # signs of code and formulas per character, in tens of percent
    "questions",  # log of question words
    "reasons",  # log of words that ask for a reason, a comparison, a proof
    "rules",  # log of words that bind the answer: must, exactly, at most
    "long_words",  # share of words of ten letters and more
    "variety",  # share of words that differ
    "terms",  # log of words of the trades below
)
_SPACELESS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_WORD = re.compile(r"[^\W\d_\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+")
_END = re.compile(r"[.!?。！？\n]+")
_DIGIT = re.compile(r"\d")
_CODE = re.compile(r"[{}\[\]()<>=;\\`|^_*+/$#]")


LONG_WORD = 10


class _Words(NamedTuple):
    """English by whole words, Chinese wherever the characters stand."""

    english: frozenset[str]
    chinese: re.Pattern[str]


def _any_of(english: str, chinese: str) -> _Words:
    return _Words(frozenset(english.split()), re.compile("|".join(chinese.split())))


_QUESTIONS = _any_of("what which who whom whose when where how why", "什么 哪 谁 怎么 怎样 如何 为什么 为何 多少 几 吗")
_REASONS = _any_of(
    "why explain prove derive compare contrast evaluate justify analyze analyse argue critique assess discuss implications",
    "为什么 为何 解释 证明 推导 比较 对比 评价 论证 分析 讨论 说明",
)
_RULES = _any_of(
    "must exactly only without never least most each every avoid ensure within unless except",
    "必须 只能 不得 至少 至多 不超过 每个 避免 确保 除非 严格",
)
_TERMS = _any_of(
    "algorithm complexity asymptotic recursion thread threads concurrency kernel compiler regex encryption api database"
    " theorem integral derivative matrix polynomial probability equation hypothesis variance"
    " plaintiff defendant liability tort statute jurisdiction contract breach appeal negligence indemnity"
    " diagnosis dose dosage contraindication symptom symptoms chronic renal cardiac antibiotic pathology trial prognosis"
    " bond bonds yield equity derivatives hedge liquidity amortization dividend inflation portfolio tax",
    "算法 复杂度 递归 并发 编译 加密 数据库 定理 积分 导数 矩阵 概率 方程 假设 方差"
    " 原告 被告 责任 侵权 法律 管辖 合同 违约 上诉 赔偿 诊断 剂量 禁忌 症状 慢性 肾 心脏 抗生素 病理 预后"
    " 债券 收益率 股权 衍生品 对冲 流动性 摊销 股息 通胀 投资组合 税",
)


def text_of(payload: dict[str, Any]) -> tuple[str, int]:
    """What a person would read before answering, and the number of turns that it has."""
    parts = [payload.get(name) for name in ("title", "brief", "opening", "prompt", "question", "text")]
    turns = [
        turn.get("text") if isinstance(turn, dict) else turn
        for name in ("turns", "follow_ups")
        for turn in (payload[name] if isinstance(payload.get(name), list) else [])
    ]
    texts = [part for part in (*parts, *turns) if isinstance(part, str)]
    return "\n".join(texts)[:LONGEST_TEXT], len(turns) + isinstance(payload.get("opening"), str)


def features(text: str, turns: int, language: str) -> tuple[float, ...]:
    """In the order of `WORDING`; every one is 0 for an empty text and at most about 10. The language decides how words count."""
    spaceless = len(_SPACELESS.findall(text))
    words = _WORD.findall(text.lower())
    # A tag of a language without spaces is worth believing only where its script is there.
    if language.split("-", maxsplit=1)[0] not in {"zh", "ja", "yue"} and spaceless < len(words):
        spaceless = 0
    length = len(words) + CHARACTER_WORDS * spaceless
    sentences = max(1, sum(bool(part.strip()) for part in _END.split(text)))
    characters = max(1, len(text))
    distinct = len(set(words)) + len(set(_SPACELESS.findall(text)) if spaceless else ())
    counts = [_many(one, words, text if spaceless else "") for one in (_QUESTIONS, _REASONS, _RULES, _TERMS)]
    return (
        math.log1p(length), math.log1p(turns), math.log1p(length / sentences),
        10 * len(_DIGIT.findall(text)) / characters, 10 * len(_CODE.findall(text)) / characters,
        *counts[:3],
        sum(len(word) >= LONG_WORD for word in words) / max(1, len(words)),
        distinct / max(1, len(words) + spaceless), counts[3],
    )  # fmt: skip


def _many(wanted: _Words, words: list[str], chinese: str) -> float:
    return math.log1p(sum(word in wanted.english for word in words) + len(wanted.chinese.findall(chinese)))
