"""What a message is about, found by rule: the words and figures that the offline bot quotes back to the user.

No dictionary and no segmenter: English runs of words that are not stopwords, Chinese runs between function words.
The fragments are quoted, so a clumsy one still reads as the user's own words.
"""

import re
from collections import Counter
from collections.abc import Iterable

KEYWORDS = 2
FIGURES = 3
PHRASE_WORDS = 3
PHRASE_CHARACTERS = 40
WORD_SCORE_CAP = 10  # a long word says more than a short one, up to a point
CHINESE_SHORTEST = 2
CHINESE_LONGEST = 8
# Past these, the same words only come again, and a pasted book must not be weighed phrase by phrase.
CANDIDATES = 400

_LETTER = "A-Za-zÀ-ÖØ-öø-ɏ"
_ENGLISH_TOKEN = re.compile(rf"[{_LETTER}][{_LETTER}0-9+#-]*(?:['’][a-z]+)?|[^\s{_LETTER}]")
_CHINESE_RUN = re.compile(r"[\u4e00-\u9fff]+|[A-Za-z][A-Za-z0-9+#.-]+")
_EDGE = (
    "一二两三四五六七八九十几多个些条张位次里上后时候到得着过地为以于而之等各其要算种太但别会能去最更挺先再来做弄写还有"
)
_UNIT = (
    r"(?:\s?(?:%|％|°C|mmol/L|µmol/L|kg|mg|ml|km|cm|万|亿|元|块|岁|周|天|年|个月|个点|小时|分钟|毫米|公里"
    r"|(?:years?|months?|weeks?|days?|hours?|minutes?|points?|million|rpm|ms|MiB|GiB|GB|k|M|W|s)(?![A-Za-z])))"
)
_FIGURE = re.compile(rf"(?<![A-Za-z0-9_.])[$€£¥]?\d{{1,9}}(?:[.,]\d{{1,6}}){{0,3}}{_UNIT}?(?![\d.]*\d)")
_TELLS_LITTLE = re.compile(r"\d{1,3}|(?:19|20)\d\d")  # counts, and years in the calendar


def english(text: str, stopwords: frozenset[str]) -> list[str]:
    """Up to two phrases of at most three words, in their order of appearance."""
    runs: list[list[str]] = [[]]
    sentence_start = True
    for match in _ENGLISH_TOKEN.finditer(text):
        token = re.sub(r"['’]s?$", "", match[0]).rstrip("-")
        word = token.lower()
        plain = re.sub(r"['’].*", "", word)
        if not re.match(rf"[{_LETTER}][{_LETTER}0-9+#-]", token) or plain in stopwords:
            runs.append([])
        else:
            runs[-1].append(word if sentence_start and token[1:].islower() else token)
        sentence_start = match[0] in {".", "!", "?", ":"}
    phrases = [" ".join(run[-PHRASE_WORDS:])[:PHRASE_CHARACTERS].strip() for run in runs if run][:CANDIDATES]
    frequency = Counter(word for phrase in phrases for word in phrase.lower().split())

    def score(phrase: str) -> float:
        return sum(min(len(word), WORD_SCORE_CAP) * (1 + 0.5 * frequency[word]) for word in phrase.lower().split())

    return _best(phrases, score_of={phrase: score(phrase) for phrase in phrases})


def chinese(text: str, stopwords: frozenset[str]) -> list[str]:
    """Up to two runs of two to eight characters (or Latin words among them), in their order of appearance."""
    longest_first = sorted(stopwords, key=len, reverse=True)
    cut = re.compile("|".join(map(re.escape, longest_first)))
    parts: list[str] = []
    has_chinese = False
    for run in _CHINESE_RUN.findall(text)[: CANDIDATES * 4]:
        if run[0].isascii():
            parts.append(run.rstrip(".-"))
            continue
        has_chinese = True
        parts += [part.strip(_EDGE) for part in cut.split(run)]
    if not has_chinese:
        return []
    fitting = [part for part in parts if CHINESE_SHORTEST <= len(part) <= CHINESE_LONGEST][:CANDIDATES]
    frequency = Counter(fitting)

    def score(part: str) -> float:
        # Four or five characters are mostly a noun with what belongs to it, more are mostly half a sentence.
        return min(len(part), 5) - max(0, len(part) - 6) + 2 * frequency[part]

    return _best(fitting, score_of={part: score(part) for part in fitting})


def figures(text: str) -> list[str]:
    """Up to three numbers with their units, as written; short bare numbers say too little to be quoted."""
    found = (match[0].strip(" ,.") for match in _FIGURE.finditer(text))
    return list(dict.fromkeys(figure for figure in found if not _TELLS_LITTLE.fullmatch(figure)))[:FIGURES]


def _best(phrases: Iterable[str], score_of: dict[str, float]) -> list[str]:
    """The highest scores, the earlier first among equals; none inside another."""
    unique = list(dict.fromkeys(phrases))
    chosen: list[str] = []
    for phrase in sorted(unique, key=lambda phrase: -score_of[phrase]):
        if not any(phrase.lower() in other.lower() or other.lower() in phrase.lower() for other in chosen):
            chosen.append(phrase)
        if len(chosen) == KEYWORDS:
            break
    return sorted(chosen, key=unique.index)
