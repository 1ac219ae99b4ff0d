"""Edits as a careful annotator makes them: a claim made honest, filler taken out, a caveat put in.

The edits know no bot: they work on what claims and filler look like in English and Chinese, in anybody's reply.
"""

import random
import re
from collections.abc import Callable

from callboard.demo.content.conduct import caveats
from callboard.demo.content.topics import Domain, Language

SCAN_CHARACTERS = 20_000  # the rest of a longer reply is kept as it is
DROP_SHARE = 0.5  # of sentences that claim too much; the others are replaced by an honest one
TIGHTEN_SHARE = 0.6
CAVEAT_SHARE = 0.8  # of replies that carry none yet

_SENTENCE = re.compile(r".+?(?:[.!?](?=\s|$)|[。！？][”’」』）]*|$)\s*")
_HEAD = re.compile(r"\s*(?:(?:\d{1,3}\.|[-*])\s+)?(?:\*\*[^*]+\*\*\s*[:：]\s*)?")  # list mark and bold lead
_NUMBERED = re.compile(r"^(\s*)\d{1,3}[.](?=\s)")
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_LATIN_WORD = re.compile(r"[A-Za-z]+")

_CLAIM = re.compile(
    r"\balways (?:works|the fastest)|\bno doubt\b|\bnothing can (?:go wrong|be lost)|\bguaranteed\b|\bcannot lose\b"
    r"|\bno risk\b|\bcertainly\b|\bdefinitely\b|\bcompletely safe\b|\byou will win\b|\bsimply invalid\b|\bpermanently\b"
    r"|\bstudies show\b|\brecent research\b|\bnine out of ten\b|\bsuccess rate\b"
    r"|百分之百|毫无疑问|绝对(?:不会|安全)|稳赚不赔|没有任何风险|有保证的|肯定(?:没什么|会支持)|一定能好|赢定了|一律无效"
    r"|彻底解决|永远是|研究表明|调查显示|据统计",
    re.IGNORECASE,
)
_FILLER = re.compile(
    r"\bgood that you ask\b|\bevery (?:situation|case) is (?:different|unique)|\bthere is a lot of information\b"
    r"|\bbest practices\b|\bi hope this helps|\bgreat question\b|\bas an ai\b|\bstay disciplined\b|\bavoid stress\b"
    r"|\bit is (?:always wise|important to know)\b|\bmany good tools\b|\bthat is a fair point\b"
    r"|动手之前先问一句|每个人的情况都不一样|网上的资料很丰富|希望(?:对您|这些)|投资有风险，建议您|多喝水、多休息|增强法律意识"
    r"|最佳实践|市面上有很多优秀|这一点有道理|养成良好的消费习惯|建议您(?:咨询专业律师|及时到正规医院)",
    re.IGNORECASE,
)
_HEDGE = re.compile(
    r"\bgeneral information\b|\bi cannot (?:see|examine)\b|\bi have not seen\b|\bi most often get wrong\b|\bplease confirm\b"
    r"|\brates and thresholds change\b|\btime limits can be\b|\bversions differ\b"
    r"|一般性的|我看不到|我没法给人|我没有看到|我最容易说错|请以(?:说明书|您手里)|以说明书为准|时效和举证|不同版本",
    re.IGNORECASE,
)
_HONEST: dict[Language, tuple[str, ...]] = {
    "en": (
        "This helps in many cases, but not in all of them.",
        "How well it works depends on your situation.",
        "It is likely, though not certain.",
    ),
    "zh-CN": ("多数情况下有帮助，但并非每次都行。", "效果因具体情况而异。", "可能性较大，但不能打包票。"),
}
_SHORTER = (
    (re.compile(r"\bin order to\b", re.IGNORECASE), "to"),
    (re.compile(r"\bdue to the fact that\b", re.IGNORECASE), "because"),
    (re.compile(r"\ba large number of\b", re.IGNORECASE), "many"),
    (re.compile(r"\bat this point in time\b", re.IGNORECASE), "now"),
    (re.compile(r"\s+Here is how I would go about it\."), ""),
    (re.compile(r"\s+I will take them in that order\."), ""),
    (re.compile(r"\s+Here is what follows from it\."), ""),
    (re.compile(r"我依次来说。"), ""),
    (re.compile(r"，我按下面的思路来说。"), "。"),
    (re.compile(r"，由此可以推出下面几点。"), "。"),
    (re.compile(r"进行了?(?=[\u4e00-\u9fff]{2})"), ""),
)


def edit_reply(text: str, rng: random.Random, *, domain: Domain = "general", language: Language | None = None) -> str:
    """The reply as a careful person would hand it on: never empty, and never the text that came in.

    `language` is recognised when it is not given.
    """
    tongue = language or _language(text)
    cut = len(text) if len(text) <= SCAN_CHARACTERS else max(text.rfind("\n", 0, SCAN_CHARACTERS), SCAN_CHARACTERS // 2)
    body, rest = text[:cut], text[cut:]
    edited = _mend_claims(body, tongue, rng)
    if rng.random() < TIGHTEN_SHARE or edited == body:
        edited = _tighten(edited)
    unhedged = not _HEDGE.search(edited)
    if edited.strip() == body.strip() or (unhedged and rng.random() < CAVEAT_SHARE):
        edited = _add_caveat(edited, rng.choice(caveats(domain, tongue)), tongue)
    return edited + rest if rest else edited.strip()


def _language(text: str) -> Language:
    head = text[:SCAN_CHARACTERS]
    return "zh-CN" if len(_CHINESE.findall(head)) > len(_LATIN_WORD.findall(head)) else "en"


def _mend_claims(text: str, language: Language, rng: random.Random) -> str:
    said: set[str] = set()

    def mend(sentence: str) -> str:
        if not _CLAIM.search(sentence):
            return sentence
        honest = [line for line in _HONEST[language] if line not in said]
        if not honest or rng.random() < DROP_SHARE:
            return ""
        said.add(choice := rng.choice(honest))
        return choice + (" " if language == "en" else "")

    return _by_sentence(text, mend)


def _tighten(text: str) -> str:
    for pattern, shorter in _SHORTER:
        text = pattern.sub(shorter, text)
    return _by_sentence(text, lambda sentence: "" if _FILLER.search(sentence) else sentence)


def _by_sentence(text: str, change: Callable[[str], str]) -> str:
    """Each sentence outside code blocks replaced by `change` of it; lines that end up empty go, list numbers close up.

    A text that would be left with nothing stays as it was.
    """
    lines: list[str] = []
    in_code = False
    for line in text.split("\n"):
        in_code ^= line.lstrip().startswith("```")
        head = _HEAD.match(line)
        start = head.end() if head and not in_code else 0
        body = line[start:]
        changed = body if in_code else "".join(change(match[0]) for match in _SENTENCE.finditer(body)).rstrip()
        if changed or not body.strip():
            lines.append(line[:start] + changed)
    result = "\n".join(lines if len(lines) == text.count("\n") + 1 else _renumbered(lines))
    return re.sub(r"\n{3,}", "\n\n", result).strip() or text


def _renumbered(lines: list[str]) -> list[str]:
    number = 0
    result: list[str] = []
    for line in lines:
        item = _NUMBERED.match(line)
        number = number + 1 if item else number if not line.strip() else 0
        result.append(_NUMBERED.sub(rf"\g<1>{number}.", line) if item else line)
    return result


def _add_caveat(text: str, caveat: str, language: Language) -> str:
    """Before a closing question when there is one: a caveat after it would be overlooked."""
    paragraphs = text.strip().split("\n\n") if text.strip() else []
    question = "？" if language == "zh-CN" else "?"
    if len(paragraphs) > 1 and paragraphs[-1].rstrip().endswith(question) and "\n" not in paragraphs[-1]:
        paragraphs.insert(-1, caveat)
    else:
        paragraphs.append(caveat)
    return "\n\n".join(paragraphs)
