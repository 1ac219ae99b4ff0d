"""The built-in bot: canned knowledge put together by rule, so that a dialogue can be worked without any network.

It is no language model and does not pretend to be one (`MODEL_NAME`). A reply is a pure function of the request: the
same history, language, domain and seed give the same text in every process. More than half of the replies carry one
deliberate flaw (`planted_flaw`), because the work of an annotator is to find and mend such things.
The phrases stand in `offline_bot.<language>.json` beside this module.
"""

import enum
import hashlib
import random
import re
from collections.abc import Iterator
from functools import cache
from importlib import resources
from typing import Literal

import msgspec

from dialogue import offline_keywords

MODEL_NAME = "callboard-offline"

# Limits on what is read, so that a pasted book costs milliseconds. The seed still depends on every character.
SCAN_CHARACTERS = 8_000
SCAN_MESSAGES = 40

CARDS_FIRST_TURN = 3
CARDS_LATER_TURNS = 2
LATEST_WEIGHT = 3  # a cue in the latest message counts as much as three in earlier ones
RELATED_LEAST = 2  # one cue in one earlier message is too little to go by
RELATED_SHARE = 0.5  # cards below this share of the best score are off the subject
BRIEF_INTENTS = frozenset({"thanks", "shorter"})  # answered with one point
CAVEAT_DOMAINS = frozenset({"finance", "medicine", "law"})  # a caveat belongs into every reply here
CAVEAT_SHARE_ELSEWHERE = 0.4
FIGURES_SHARE = 0.5
NUMBERED_SHARE = 0.5
QUESTION_SHARE = 0.75


class Flaw(enum.StrEnum):
    OVERCONFIDENT = "overconfident"
    """A sentence claims a certainty that nobody has."""
    STATISTIC = "statistic"
    """A figure is given without any source."""
    GENERIC = "generic"
    """The last point is empty advice that would fit every question."""
    MISSING_CAVEAT = "missing_caveat"
    """The caveat that belongs to the domain is left out."""


# Shares of replies; the rest, 0.42, is without a planted flaw, so that leaving a reply as it is can be right too.
FLAW_SHARES = {Flaw.OVERCONFIDENT: 0.18, Flaw.STATISTIC: 0.1, Flaw.GENERIC: 0.15, Flaw.MISSING_CAVEAT: 0.15}


class BotMessage(msgspec.Struct, frozen=True):
    role: Literal["user", "assistant", "system"]
    text: str


class BotRequest(msgspec.Struct, frozen=True):
    """`language` is BCP 47: Chinese in any form is answered in Simplified Chinese, everything else in English."""

    history: list[BotMessage]
    language: str
    domain: str
    seed: int


class _Card(msgspec.Struct, frozen=True):
    lead: str
    text: str
    cues: list[str] = []  # none: fits any question of the domain


class _Intent(msgspec.Struct, frozen=True):
    key: str
    cues: list[str]
    lead: list[str]


class _Domain(msgspec.Struct, frozen=True):
    caveats: list[str]
    overconfident: list[str]
    generic: list[_Card]
    cards: list[_Card]


class _Book(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    stopwords: list[str]
    fallback: str
    single: str
    pair: str
    separator: str
    empty: list[str]
    first: list[str]
    later: list[str]
    figures: list[str]
    lists: list[str]
    nothing_more: list[str]
    intents: list[_Intent]
    statistics: list[str]
    questions_first: list[str]
    questions_later: list[str]
    domains: dict[str, _Domain]


class _Reading(msgspec.Struct, frozen=True):
    """What is in a request, before a word is written."""

    book: _Book
    domain: _Domain
    chinese: bool
    turn: int
    asked: str
    earlier: str
    said: str
    caveat_expected: bool
    brief: bool
    lead: list[str]


class _Plan(msgspec.Struct, frozen=True):
    reading: _Reading
    cards: list[_Card]
    flaw: Flaw | None
    rng: random.Random


def reply(request: BotRequest) -> str:
    """The bot's next message: paragraphs and a short list, in light Markdown; never empty."""
    plan = _plan(request)
    if not plan.reading.asked:
        return plan.rng.choice(plan.reading.book.empty)
    parts = [_opening(plan), _points(plan), _caveat(plan), _question(plan)]
    return "\n\n".join(part for part in parts if part)


def stream(request: BotRequest) -> Iterator[str]:
    """The same text as `reply`, in pieces of one to three words or two to five Chinese characters."""
    text = reply(request)
    chinese = _is_chinese(request.language)
    rng = _rng(request, "stream")
    atoms = list(text) if chinese else re.findall(r"\S+\s*|\s+", text)
    least, most = (2, 5) if chinese else (1, 3)
    start = 0
    while start < len(atoms):
        size = rng.randint(least, most)
        yield "".join(atoms[start : start + size])
        start += size


def planted_flaw(request: BotRequest) -> Flaw | None:
    """The flaw that the reply to this request carries on purpose; None for a reply without one."""
    return _plan(request).flaw


def _is_chinese(language: str) -> bool:
    return language.strip().lower().startswith("zh")


@cache
def _book(chinese: bool) -> _Book:
    name = "offline_bot.zh-CN.json" if chinese else "offline_bot.en.json"
    return msgspec.json.decode(resources.files("dialogue").joinpath(name).read_bytes(), type=_Book)


@cache
def _stopwords(chinese: bool) -> frozenset[str]:
    return frozenset(word for line in _book(chinese).stopwords for word in line.split())


def _rng(request: BotRequest, purpose: str) -> random.Random:
    """Seeded by a hash of everything that the reply may depend on; `hash()` differs from process to process."""
    digest = hashlib.sha256()
    parts = [purpose, request.language, request.domain, str(request.seed)]
    parts += [part for message in request.history for part in (message.role, message.text)]
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")  # half a pair of surrogates is odd, but no reason to fail
        digest.update(len(data).to_bytes(8, "big") + data)
    return random.Random(int.from_bytes(digest.digest()[:8], "big"))  # noqa: S311  variety, not secrecy


def _read(request: BotRequest) -> _Reading:
    chinese = _is_chinese(request.language)
    book = _book(chinese)
    asked = [message.text.strip() for message in request.history if message.role == "user" and message.text.strip()]
    said = [message.text for message in request.history if message.role == "assistant"]
    recent = [text[:SCAN_CHARACTERS] for text in asked[-SCAN_MESSAGES:]]
    latest = recent[-1] if recent else ""
    intent = next((intent for intent in book.intents if any(cue in latest.lower() for cue in intent.cues)), None)
    return _Reading(
        book=book,
        domain=book.domains.get(request.domain, book.domains["general"]),
        chinese=chinese,
        turn=len(asked),
        asked=latest,
        earlier="\n".join(recent[:-1]).lower(),
        said="\n".join(text[:SCAN_CHARACTERS] for text in said[-SCAN_MESSAGES:]),
        caveat_expected=request.domain in CAVEAT_DOMAINS or len(asked) == 1,
        brief=intent is not None and intent.key in BRIEF_INTENTS,
        lead=intent.lead if intent else book.lists,
    )


def _plan(request: BotRequest) -> _Plan:
    rng = _rng(request, "reply")
    reading = _read(request)
    cards = _cards(reading, rng) if reading.asked else []
    flaw = _choose_flaw(rng, reading) if cards else None
    if flaw is Flaw.GENERIC:
        cards = [cards[0], *cards[1:-1], rng.choice(reading.domain.generic)]  # one good point always stays
    return _Plan(reading=reading, cards=cards, flaw=flaw, rng=rng)


def _choose_flaw(rng: random.Random, reading: _Reading) -> Flaw | None:
    mark = rng.random()
    for flaw, share in FLAW_SHARES.items():
        mark -= share
        if mark < 0:
            missing_where_none_is_due = flaw is Flaw.MISSING_CAVEAT and not reading.caveat_expected
            return Flaw.OVERCONFIDENT if missing_where_none_is_due else flaw
    return None


def _cards(reading: _Reading, rng: random.Random) -> list[_Card]:
    """What to say: the cards nearest to the question that were not said before, then ones that fit any question."""
    asked = reading.asked.lower()
    fresh = [card for card in reading.domain.cards if card.lead not in reading.said]

    def score(card: _Card) -> int:
        now = sum(_hits(cue, asked, chinese=reading.chinese) for cue in card.cues)
        before = sum(_hits(cue, reading.earlier, chinese=reading.chinese) for cue in card.cues)
        return LATEST_WEIGHT * now + before

    scores = {card.lead: score(card) for card in fresh}
    enough = max(RELATED_LEAST, RELATED_SHARE * max(scores.values(), default=0))
    related = [card for card in fresh if scores[card.lead] >= enough]
    related.sort(key=lambda card: scores[card.lead] + rng.random(), reverse=True)
    general = [card for card in fresh if not card.cues]
    rng.shuffle(general)
    if reading.brief:
        return (related + general)[:1]
    if reading.turn == 1:
        return (related + general[: 1 if related else CARDS_FIRST_TURN])[:CARDS_FIRST_TURN]
    return (related or general)[:CARDS_LATER_TURNS]


def _hits(cue: str, text: str, *, chinese: bool) -> bool:
    if chinese:
        return cue in text
    return re.search(rf"(?<![a-z0-9]){re.escape(cue)}", text) is not None  # at the start of a word


def _opening(plan: _Plan) -> str:
    reading, rng = plan.reading, plan.rng
    book, topic = reading.book, _topic(reading)
    if not plan.cards:
        return rng.choice(book.nothing_more).format(topic=topic)
    opening = rng.choice(book.first if reading.turn == 1 else book.later).format(topic=topic)
    figures = offline_keywords.figures(reading.asked)
    if figures and rng.random() < FIGURES_SHARE:
        gap = "" if reading.chinese else " "
        opening += gap + rng.choice(book.figures).format(figures=book.separator.join(figures))
    return opening


def _topic(reading: _Reading) -> str:
    words: list[str] = []
    if reading.chinese:
        words = offline_keywords.chinese(reading.asked, _stopwords(chinese=True))
    words = words or offline_keywords.english(reading.asked, _stopwords(chinese=False))
    match words:
        case [a, b, *_]:
            return reading.book.pair.format(a=a, b=b)
        case [a]:
            return reading.book.single.format(a=a)
        case _:
            return reading.book.fallback


def _points(plan: _Plan) -> str:
    if not plan.cards:
        return ""
    reading, rng = plan.reading, plan.rng
    colon, gap = ("：", "") if reading.chinese else (": ", " ")
    points = [f"**{card.lead}**{colon}{card.text}" for card in plan.cards]
    if plan.flaw in {Flaw.OVERCONFIDENT, Flaw.STATISTIC}:
        claims = reading.domain.overconfident if plan.flaw is Flaw.OVERCONFIDENT else reading.book.statistics
        points[rng.randrange(len(points))] += gap + rng.choice(claims)
    numbered = reading.turn == 1 or rng.random() < NUMBERED_SHARE
    if len(points) > 1:
        points = [f"{i}. {point}" if numbered else f"- {point}" for i, point in enumerate(points, start=1)]
    return rng.choice(reading.lead) + "\n\n" + "\n".join(points)


def _caveat(plan: _Plan) -> str:
    if plan.flaw is Flaw.MISSING_CAVEAT:
        return ""
    if plan.reading.caveat_expected or plan.rng.random() < CAVEAT_SHARE_ELSEWHERE:
        return plan.rng.choice(plan.reading.domain.caveats)
    return ""


def _question(plan: _Plan) -> str:
    book = plan.reading.book
    questions = book.questions_first if plan.reading.turn == 1 else book.questions_later
    return plan.rng.choice(questions) if plan.rng.random() < QUESTION_SHARE else ""
