"""The built-in bot: the same request gives the same text anywhere, in the dialogue's language, on what was said."""

import re
import string
import subprocess
import sys
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialogue import offline_bot, offline_keywords
from dialogue.offline_bot import BotMessage, BotRequest, Flaw, planted_flaw, reply, stream

DOMAINS = ["general", "finance", "medicine", "law", "technology"]
CJK = re.compile(r"[\u4e00-\u9fff]")

MORTGAGE = "My lender offers to refinance my mortgage of $310,000 at 6.0 % for 30 years. Should I take the loan?"
RENT = "My landlord keeps the deposit for repainting. Can he do that after four years?"
FEVER = "我女儿三岁，手足口病，烧到38.6，嘴疼不肯吃饭，要不要吃消炎药？"
SQL = "orders表2600万行，order_no是varchar，有唯一索引，用数字查询要11秒，为什么不走索引？"

EXAMPLES = [
    ("en", "finance", MORTGAGE), ("en", "law", RENT), ("zh-CN", "medicine", FEVER), ("zh-CN", "technology", SQL),
]  # fmt: skip
each_example = pytest.mark.parametrize(
    ("language", "domain", "text"), EXAMPLES, ids=["mortgage", "rent", "fever", "sql"]
)


def ask(text: str, *, language: str = "en", domain: str = "general", seed: int = 0) -> BotRequest:
    return BotRequest([BotMessage("user", text)], language, domain, seed)


def converse(language: str, domain: str, messages: list[str], seed: int = 0) -> list[str]:
    history: list[BotMessage] = []
    replies = []
    for message in messages:
        history.append(BotMessage("user", message))
        replies.append(reply(BotRequest(list(history), language, domain, seed)))
        history.append(BotMessage("assistant", replies[-1]))
    return replies


def leads(text: str) -> list[str]:
    return re.findall(r"\*\*(.+?)\*\*", text)


def test_it_says_what_it_is() -> None:
    assert offline_bot.MODEL_NAME == "callboard-offline"


@each_example
def test_the_same_request_gives_the_same_reply_in_another_process(language: str, domain: str, text: str) -> None:
    script = (
        "import sys; from dialogue.offline_bot import *;"
        "sys.stdout.buffer.write(reply(BotRequest([BotMessage('user', sys.argv[3])], sys.argv[1], sys.argv[2], 9)).encode())"
    )
    command = [sys.executable, "-c", script, language, domain, text]
    elsewhere = subprocess.run(
        command, capture_output=True, check=True, env={"PYTHONHASHSEED": "12345"}
    ).stdout.decode()
    assert elsewhere == reply(ask(text, language=language, domain=domain, seed=9))


@each_example
def test_the_stream_is_the_reply_in_small_pieces(language: str, domain: str, text: str) -> None:
    for seed in range(10):
        request = ask(text, language=language, domain=domain, seed=seed)
        pieces = list(stream(request))
        assert "".join(pieces) == reply(request)
        assert all(pieces)
        assert len(pieces) >= 30
        assert max(map(len, pieces)) <= (5 if language == "zh-CN" else 80)


@each_example
def test_it_answers_in_the_language_of_the_dialogue(language: str, domain: str, text: str) -> None:
    for seed in range(20):
        said = reply(ask(text, language=language, domain=domain, seed=seed))
        chinese = len(CJK.findall(said))
        assert chinese > 0.6 * len(re.sub(r"\s", "", said)) if language == "zh-CN" else chinese == 0


def test_it_keeps_its_language_when_the_user_writes_another() -> None:
    assert not CJK.search(reply(ask(FEVER, language="en", domain="medicine")))
    assert len(CJK.findall(reply(ask(MORTGAGE, language="zh-CN", domain="finance")))) > 80
    assert CJK.search(reply(ask(FEVER, language="ZH-hans")))
    assert not CJK.search(reply(ask(RENT, language="fr")))


@pytest.mark.parametrize(
    ("language", "domain", "text", "words"),
    [
        ("en", "finance", MORTGAGE, ["lender", "mortgage", "loan", "refinance", "$310,000"]),
        ("en", "law", RENT, ["landlord", "deposit", "repainting"]),
        ("zh-CN", "medicine", FEVER, ["手足口", "女儿", "嘴疼", "消炎药"]),
        ("zh-CN", "technology", SQL, ["orders", "varchar", "索引", "order_no"]),
    ],
)
def test_it_takes_up_the_users_words(language: str, domain: str, text: str, words: list[str]) -> None:
    for seed in range(20):
        opening = reply(ask(text, language=language, domain=domain, seed=seed)).split("\n\n")[0]
        assert any(word.lower() in opening.lower() for word in words), opening


@each_example
def test_replies_have_parts_and_a_sensible_length(language: str, domain: str, text: str) -> None:
    for seed in range(20):
        said = reply(ask(text, language=language, domain=domain, seed=seed))
        assert len(said.split("\n\n")) >= 3
        assert len(leads(said)) >= 2
        assert 120 <= len(said) <= 2500


@each_example
def test_turns_differ_and_no_point_is_made_twice(language: str, domain: str, text: str) -> None:
    messages = [text] * 6
    for seed in range(5):
        replies = converse(language, domain, messages, seed)
        assert len(set(replies[:4])) == 4
        book = offline_bot._book(language == "zh-CN")
        filler = {card.lead for card in book.domains[domain].generic}
        made = [lead for said in replies for lead in leads(said) if lead not in filler]
        assert len(set(made)) == len(made)
        assert len(made) >= 7


def test_it_says_so_when_it_has_nothing_to_add() -> None:
    replies = converse("en", "law", [RENT] * 20)
    assert not leads(replies[-1])
    assert "landlord" in replies[-1]


@each_example
def test_seeds_give_candidates_to_choose_from(language: str, domain: str, text: str) -> None:
    assert len({reply(ask(text, language=language, domain=domain, seed=seed)) for seed in range(8)}) >= 7


def test_a_request_for_less_gets_less() -> None:
    first, second = converse("en", "finance", [MORTGAGE, "Shorter please, in one sentence."], seed=4)
    assert len(second) < len(first)
    assert (
        len(
            [
                lead
                for lead in leads(second)
                if lead in {c.lead for c in offline_bot._book(chinese=False).domains["finance"].cards}
            ]
        )
        <= 1
    )


def test_an_edited_reply_in_the_history_changes_what_follows() -> None:
    history = [BotMessage("user", RENT), BotMessage("assistant", "One."), BotMessage("user", "And then?")]
    other = [history[0], BotMessage("assistant", "Two."), history[2]]
    seeds = range(6)
    assert [reply(BotRequest(history, "en", "law", s)) for s in seeds] != [
        reply(BotRequest(other, "en", "law", s)) for s in seeds
    ]


# Flaws


def test_more_than_half_of_the_replies_carry_a_flaw_and_many_do_not() -> None:
    flaws = Counter(
        planted_flaw(ask(text, language=language, domain=domain, seed=seed))
        for language, domain, text in EXAMPLES for seed in range(100)
    )  # fmt: skip
    assert set(flaws) == {None, *Flaw}
    assert 0.3 < flaws[None] / flaws.total() < 0.5
    assert min(flaws.values()) >= 20


@each_example
def test_a_planted_flaw_is_in_the_reply_and_no_other_is(language: str, domain: str, text: str) -> None:
    book = offline_bot._book(language == "zh-CN")
    words = book.domains[domain]
    for seed in range(80):
        request = ask(text, language=language, domain=domain, seed=seed)
        said = reply(request)
        found = set()
        if any(claim in said for claim in words.overconfident):
            found.add(Flaw.OVERCONFIDENT)
        if any(claim in said for claim in book.statistics):
            found.add(Flaw.STATISTIC)
        if any(card.text in said for card in words.generic):
            found.add(Flaw.GENERIC)
        if not any(caveat in said for caveat in words.caveats):
            found.add(Flaw.MISSING_CAVEAT)
        flaw = planted_flaw(request)
        assert found == ({flaw} if flaw else set())


def test_there_is_no_flaw_where_there_is_no_question() -> None:
    assert planted_flaw(BotRequest([], "en", "law", 1)) is None


# Odd input


ODD = [
    "", "   \n\t ", "?", "。。。", "😀😀😀", "{topic} {a} %s {0}", "\x00\x01", "\ud83d", "</p><script>alert(1)</script>",
    "**bold** `code` [link](javascript:x)", "a", "的的的的", "1234567890" * 50, "the and of to",
]  # fmt: skip


@pytest.mark.parametrize("language", ["en", "zh-CN", "", "xx"])
@pytest.mark.parametrize("text", ODD)
def test_odd_text_gets_an_ordinary_answer(language: str, text: str) -> None:
    for domain in [*DOMAINS, "astrology", ""]:
        request = ask(text, language=language, domain=domain, seed=-(10**30))
        said = reply(request)
        assert len(said) > 20
        assert "".join(stream(request)) == said
        assert not re.search(r"[{}<>\x00]|\bNone\b", said)


def test_a_book_is_answered_like_a_page() -> None:
    for text in (MORTGAGE * 20_000, FEVER * 20_000, "x" * 2_000_000, "a b " * 500_000):
        assert 40 < len(reply(ask(text, domain="finance"))) < 3000
        assert 40 < len(reply(ask(text, language="zh-CN", domain="finance"))) < 3000


def test_a_long_history_and_one_without_a_user() -> None:
    long = [
        BotMessage(role, f"Message {n} about rent and deposit") for n in range(2000) for role in ("user", "assistant")
    ]
    assert reply(BotRequest(long, "en", "law", 1))
    for history in ([], [BotMessage("system", "Be brief.")], [BotMessage("assistant", "Hello.")]):
        assert "?" in reply(BotRequest(history, "en", "law", 1)) or "question" in reply(
            BotRequest(history, "en", "law", 1)
        )
        assert CJK.search(reply(BotRequest(history, "zh-CN", "law", 1)))


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["user", "assistant", "system"]), st.text(max_size=300)), max_size=6),
    st.sampled_from(["en", "zh-CN"]), st.sampled_from(DOMAINS), st.integers(),
)  # fmt: skip
def test_any_history_gets_a_text_and_the_same_one_again(
    messages: list[tuple[str, str]], language: str, domain: str, seed: int
) -> None:
    request = BotRequest([BotMessage(role, text) for role, text in messages], language, domain, seed)  # type: ignore[arg-type]
    said = reply(request)
    assert said.strip() == said
    assert said == reply(request) == "".join(stream(request))
    planted_flaw(request)


# Words and phrases


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (RENT, ["landlord", "repainting"]),
        ("Is it the Rilke's ‘Vorübergehn der Stäbe’?", ["Rilke", "Vorübergehn der Stäbe"]),
        ("Why? And then what?", []),
        ("It doesn't work with Müller's e-bike.", ["Müller e-bike"]),
    ],
)
def test_english_keywords(text: str, expected: list[str]) -> None:
    assert offline_keywords.english(text, offline_bot._stopwords(chinese=False)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("我的薄荷为什么一直徒长？", ["薄荷", "徒长"]), ("为什么呢？", []), ("Redis的缓存怎么办", ["Redis", "缓存"])],
)
def test_chinese_keywords(text: str, expected: list[str]) -> None:
    assert offline_keywords.chinese(text, offline_bot._stopwords(chinese=True)) == expected


def test_figures_come_with_their_units() -> None:
    assert offline_keywords.figures("I owe $2,400 at 27 % for 3 years, 5 cards") == ["$2,400", "27 %", "3 years"]
    assert offline_keywords.figures("月薪9000，3个点，92万，21年") == ["9000", "3个点", "92万"]
    assert offline_keywords.figures("4 and 12 and " + "9" * 400) == []


@pytest.mark.parametrize("chinese", [False, True])
def test_the_phrase_book_is_whole(chinese: bool) -> None:
    book = offline_bot._book(chinese)
    assert set(book.domains) == set(DOMAINS)
    for domain in book.domains.values():
        all_leads = [card.lead for card in (*domain.cards, *domain.generic)]
        assert len(set(all_leads)) == len(all_leads)
        assert sum(not card.cues for card in domain.cards) >= 6
        assert sum(bool(card.cues) for card in domain.cards) >= 10
        assert min(len(domain.caveats), len(domain.overconfident), len(domain.generic)) >= 2
        assert all(cue == cue.lower() for card in domain.cards for cue in card.cues), "cues meet lower-case text"
        texts = [*all_leads, *(card.text for card in domain.cards), *domain.caveats, *domain.overconfident]
        assert all(bool(CJK.search(text)) is chinese for text in texts)
    for template in (*book.first, *book.later, *book.figures, *book.nothing_more, book.single, book.pair):
        names = {name for _, name, _, _ in string.Formatter().parse(template) if name}
        assert names <= {"topic", "figures", "a", "b"}
        assert names
