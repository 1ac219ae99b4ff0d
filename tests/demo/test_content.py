"""The demo's material: enough of it, spread as promised, in the right language, and fit for the simulation."""

import random
import re
from collections import Counter
from datetime import date
from importlib import resources
from itertools import product

import pytest

from callboard.demo import content
from callboard.demo.content import DOMAINS, LANGUAGES, Topic, edit_reply, logins, people, topics, tour, vendors
from callboard.pages.labels import LABELS
from dialogue import offline_bot
from dialogue.offline_bot import BotMessage, BotRequest, Flaw

CJK = re.compile(r"[\u4e00-\u9fff]")
EVERYTHING = (*topics(), *tour())
CELLS = list(product(DOMAINS, LANGUAGES))
EXPERT_DOMAINS = [domain for domain in DOMAINS if domain != "general"]


def dice(seed: int) -> random.Random:
    return random.Random(seed)


def cjk_share(text: str) -> float:
    """Share of Chinese characters among what is neither space, digit nor punctuation."""
    letters = [char for char in text if char.isalpha()]
    return sum(bool(CJK.match(char)) for char in letters) / len(letters)


def first_request(topic: Topic, seed: int = 0) -> BotRequest:
    return BotRequest([BotMessage("user", topic.opening)], topic.language, topic.domain, seed)


# Topics


def test_there_are_a_hundred_topics_and_fifty_in_each_language() -> None:
    assert len(topics()) >= 100
    assert min(Counter(topic.language for topic in topics()).values()) >= 50


@pytest.mark.parametrize(("domain", "language"), CELLS)
def test_every_domain_and_language_covers_all_levels(domain: str, language: str) -> None:
    levels = Counter(topic.level for topic in topics() if (topic.domain, topic.language) == (domain, language))
    assert set(levels) == {1, 2, 3, 4, 5}
    assert sum(levels.values()) >= 10


def test_each_file_holds_what_its_name_says() -> None:
    folder = resources.files("callboard.demo.content") / "topics"
    names = {entry.name for entry in folder.iterdir()}
    assert names == {f"{domain}.{language}.ndjson" for domain, language in CELLS} | {"tour.ndjson"}
    for topic in topics():
        text = (folder / f"{topic.domain}.{topic.language}.ndjson").read_text(encoding="utf-8")
        assert topic.external_id in text


@pytest.mark.parametrize("field", ["external_id", "title", "brief", "opening"])
def test_no_two_topics_share(field: str) -> None:
    values = [getattr(topic, field) for topic in EVERYTHING]
    assert len(set(values)) == len(values)


def test_follow_ups_are_all_different() -> None:
    messages = [message for topic in EVERYTHING for message in (topic.opening, *topic.follow_ups)]
    assert len(set(messages)) == len(messages)


@pytest.mark.parametrize("topic", EVERYTHING, ids=lambda topic: topic.external_id)
def test_a_topic_is_written_out_and_in_its_language(topic: Topic) -> None:
    english = topic.language == "en"
    texts = [topic.title, topic.brief, topic.opening, *topic.follow_ups]
    for text in texts:
        assert text == text.strip()
        assert not re.search(r"tell me about|lorem|介绍一下", text, re.IGNORECASE)
    if english:
        assert not CJK.search("".join(texts))
    else:  # a question may be full of names of tables and trials, what it is about may not
        assert cjk_share(topic.title + topic.brief) > 0.7
        assert cjk_share("".join(texts)) > 0.45
    assert ("-zh-" in topic.external_id) is not english
    assert topic.external_id.startswith((f"{topic.domain}-", "tour-"))
    assert 8 <= len(topic.title) <= 70 if english else 5 <= len(topic.title) <= 32
    assert len(topic.brief) >= (120 if english else 60)
    assert len(topic.opening) >= (60 if english else 25)
    sentences = len(re.findall(r"[.!?](?=\s|$)|[。！？]", topic.brief))
    assert 2 <= sentences <= 4
    assert re.search(r"Watch for|Look for|留意", topic.brief), "the brief names a pitfall"


def test_harder_topics_ask_longer_questions() -> None:
    """Level 5 cannot be a one-liner: it has to lay out the conflict in the evidence."""
    for language in LANGUAGES:
        mean = {
            level: sum(len(t.opening) for t in topics() if (t.level, t.language) == (level, language))
            for level in (1, 5)
        }
        assert mean[5] > 1.2 * mean[1]


def test_the_tour_is_short_and_easy() -> None:
    assert Counter(topic.language for topic in tour()) == {"en": 3, "zh-CN": 3}
    for topic in tour():
        assert topic.domain == "general"
        assert topic.level <= 2
        assert len(topic.opening) <= (220 if topic.language == "en" else 80)


# People


def test_forty_people_of_two_vendors_and_the_house() -> None:
    assert len(people()) == 40
    count = Counter(person.vendor for person in people())
    assert set(count) == {None, *(vendor.key for vendor in vendors())}
    assert len(vendors()) == 2
    assert min(count.values()) >= 8


@pytest.mark.parametrize("field", ["key", "email", "display_name"])
def test_no_two_people_share(field: str) -> None:
    values = [getattr(person, field) for person in (*people(), *logins())]
    assert len(set(values)) == len(values)


def test_the_logins_are_the_four_that_a_visitor_uses() -> None:
    assert [(person.key, person.roles) for person in logins()] == [
        ("admin", ("admin",)), ("manager", ("manager",)), ("annotator", ("annotator",)), ("reviewer", ("reviewer",)),
    ]  # fmt: skip
    assert not {person.key for person in logins()} & {person.key for person in people()}
    annotator, reviewer = logins()[2:]
    for topic in tour():
        assert annotator.skills["general"] >= topic.level + 1
        assert reviewer.skills["general"] >= topic.level + 1
        assert min(annotator.languages[topic.language], reviewer.languages[topic.language]) == 5


def test_reviewers_are_fewer_more_careful_and_stronger() -> None:
    reviewers = [person for person in people() if "reviewer" in person.roles]
    rest = [person for person in people() if "reviewer" not in person.roles]
    assert 8 <= len(reviewers) <= 20
    assert any("annotator" in person.roles for person in reviewers)
    assert any("annotator" not in person.roles for person in reviewers)
    assert sum(p.care for p in reviewers) / len(reviewers) > sum(p.care for p in rest) / len(rest)
    assert all(max(person.skills.values()) == 5 for person in reviewers)


@pytest.mark.parametrize(("domain", "language"), CELLS)
def test_every_topic_finds_an_author_and_another_person_to_review_it(domain: str, language: str) -> None:
    def able(role: str, level: int) -> set[str]:
        return {
            person.key
            for person in people()
            if role in person.roles and person.languages.get(language, 0) >= 4 and person.skills.get(domain, 0) >= level
        }

    for level in range(1, 6):
        assert len(able("annotator", level)) >= 2
        for author in able("annotator", level):
            assert able("reviewer", level) - {author}


@pytest.mark.parametrize(("domain", "language"), list(product(EXPERT_DOMAINS, LANGUAGES)))
def test_experts_hold_a_credential_that_is_verified_and_valid(domain: str, language: str) -> None:
    experts = [
        person for person in people()
        if person.skills.get(domain, 0) >= 4
        and person.languages.get(language, 0) >= 4
        and any(c.verified and (c.expires_on is None or c.expires_on > date(2028, 1, 1)) for c in person.credentials)
    ]  # fmt: skip
    assert len(experts) >= 3


def test_some_credentials_have_expired_or_were_never_verified() -> None:
    credentials = [credential for person in people() for credential in person.credentials]
    assert any(c.expires_on and c.expires_on < date(2025, 1, 1) for c in credentials)
    assert any(not c.verified for c in credentials)
    assert {c.kind for c in credentials} == {"degree", "licence", "certificate", "employment"}
    assert all(person.credentials for person in people())


def test_generalists_are_broad_and_have_a_degree() -> None:
    generalists = [
        p for p in people() if "annotator" in p.roles and max(p.skills, key=lambda d: p.skills[d]) == "general"
    ]
    assert len(generalists) >= 10
    for person in generalists:
        assert len(person.skills) >= 2
        assert any(credential.kind == "degree" for credential in person.credentials)


# Conduct


def test_everybody_has_a_known_tendency() -> None:
    used = Counter(person.tendency for person in people())
    assert set(used) == set(content.tendencies())


def test_ratings_stay_on_the_scale_and_follow_quality_and_habit() -> None:
    rng = dice(7)

    def mean(quality: float, tendency: str) -> float:
        ratings = [content.rate(quality, tendency, rng) for _ in range(400)]
        assert set(ratings) <= {1, 2, 3, 4, 5}
        return sum(ratings) / len(ratings)

    for tendency in content.tendencies():
        assert mean(0.9, tendency) > mean(0.5, tendency) + 0.4 > mean(0.1, tendency) + 0.8
    assert mean(0.6, "strict") < mean(0.6, "even") < mean(0.6, "lenient")
    assert mean(0.9, "polar") > mean(0.9, "central") + 0.8
    assert mean(0.5, "unheard of") == pytest.approx(3, abs=0.2)


def test_scores_cover_the_dimensions_of_the_verdict_form() -> None:
    scores = content.score_dimensions(0.8, "even", dice(1))
    assert tuple(scores) == content.dimensions()
    assert set(scores) <= set(LABELS["dimension"])


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("outcome", ["fix", "rework", "reject"])
def test_reasons_name_different_items_of_the_rubric_in_the_language(outcome: str, language: str) -> None:
    seen = set()
    for seed in range(60):
        reasons = content.review_reasons(outcome, language, dice(seed))
        assert 1 <= len(reasons) <= 2
        assert len({reason.item for reason in reasons}) == len(reasons)
        for reason in reasons:
            assert reason.item in LABELS["rubric"]
            assert (cjk_share(reason.text) > 0.8) is (language == "zh-CN")
            seen.add(reason)
    assert len(seen) >= 5


@pytest.mark.parametrize("language", LANGUAGES)
def test_comments_notes_and_follow_ups_are_in_the_language(language: str) -> None:
    rng = dice(3)
    texts = [content.accept_comment(language, rng) for _ in range(20)]
    texts += [content.rating_note(rating, language, rng) for rating in range(1, 6)]
    texts += [text for domain in DOMAINS for text in content.caveats(domain, language)]
    texts += content.follow_ups(None, language, rng)
    assert all((cjk_share(text) > 0.8) is (language == "zh-CN") for text in texts)


def test_follow_ups_begin_with_the_topics_own_and_then_go_on() -> None:
    topic = topics()[0]
    messages = content.follow_ups(topic, topic.language, dice(5))
    assert tuple(messages[: len(topic.follow_ups)]) == topic.follow_ups
    assert len(messages) >= len(topic.follow_ups) + 6
    assert len(set(messages)) == len(messages)


# Edits


@pytest.mark.parametrize("topic", EVERYTHING, ids=lambda topic: topic.external_id)
def test_an_edit_changes_the_reply_and_keeps_most_of_it(topic: Topic) -> None:
    for seed in range(6):
        reply = offline_bot.reply(first_request(topic, seed))
        edited = edit_reply(reply, dice(seed), domain=topic.domain)
        assert edited != reply
        assert edited == edit_reply(reply, dice(seed), domain=topic.domain)
        assert len(edited) > 0.5 * len(reply)
        assert (cjk_share(edited) > 0.6) is (topic.language == "zh-CN")


def test_an_edit_takes_out_every_planted_claim() -> None:
    mended = Counter[Flaw]()
    for topic, seed in product(EVERYTHING, range(6)):
        request = first_request(topic, seed)
        flaw = offline_bot.planted_flaw(request)
        if flaw not in {Flaw.OVERCONFIDENT, Flaw.STATISTIC}:
            continue
        book = offline_bot._book(topic.language == "zh-CN")
        claims = book.domains[topic.domain].overconfident if flaw is Flaw.OVERCONFIDENT else book.statistics
        reply = offline_bot.reply(request)
        edited = edit_reply(reply, dice(seed), domain=topic.domain)
        assert any(claim in reply for claim in claims)
        assert not any(claim in edited for claim in claims)
        mended[flaw] += 1
    assert min(mended.values()) >= 30


def test_empty_advice_goes_in_most_edits_and_the_list_closes_up() -> None:
    reply = (
        "What I would look at:\n\n1. **Do your research**: There is a lot of information available.\n"
        "2. **Start small**: Try one jar first.\n3. **Wait**: A day is enough.\n\nDoes that help?"
    )
    edits = [edit_reply(reply, dice(seed)) for seed in range(40)]
    tightened = [edit for edit in edits if "information available" not in edit]
    assert len(tightened) >= 20
    for edit in tightened:
        assert "1. **Start small**: Try one jar first.\n2. **Wait**: A day is enough." in edit
    for edit in edits:
        assert edit.endswith("Does that help?"), "a caveat goes before the closing question"


def test_code_is_left_alone() -> None:
    code = "```python\n# this always works, guaranteed\nassert True\n```"
    for seed in range(20):
        assert code in edit_reply(f"Try this:\n\n{code}\n\nIt is guaranteed to be right.", dice(seed))


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n ",
        "a",
        "。",
        "?",
        "```",
        "1.",
        "- ",
        "No doubt.",
        "绝对安全。",
        "x" * 60_000,
        "ab. \n" * 20_000,
        "\ud83d",
        "{}%s",
    ],
)
def test_an_edit_of_odd_text_is_a_text(text: str) -> None:
    for seed in range(4):
        edited = edit_reply(text, dice(seed))
        assert edited.strip()
        assert edited != text


def test_the_offline_bot_knows_something_about_every_topic() -> None:
    for topic in EVERYTHING:
        book = offline_bot._book(topic.language == "zh-CN")
        reply = offline_bot.reply(first_request(topic))
        on_the_subject = [card.lead for card in book.domains[topic.domain].cards if card.cues]
        assert any(f"**{lead}**" in reply for lead in on_the_subject), topic.external_id
