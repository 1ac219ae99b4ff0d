"""Standing: what rules make of a history (pure), and how what is stored follows it (on the real database)."""

import asyncio
import itertools
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.checks import check
from kernel import db, outbox
from kernel.settings import Settings
from routing.eligibility import judge as may
from routing.lanes import Lane
from skills import standing_judging, standings
from skills.belief import Belief
from skills.errors import (
    AppealMade,
    BadStandingRule,
    NoOpenAppeal,
    OwnDecision,
    StandingOver,
)
from skills.evidence import Observation, correct, observe, observe_many, retract
from skills.folding import Piece
from skills.hierarchy import Tree
from skills.profiles import load_profile
from skills.standing import Break, Episode, Rule, episodes
from skills.standing_conditions import (
    Condition,
    CredentialExpired,
    ExamFailed,
    Facts,
    GoldBelow,
    InactiveDays,
    OutcomesBelow,
    Rejected,
    Seen,
    Sitting,
    SkillBelow,
    Validity,
)
from skills.standing_preview import preview
from skills.standing_rules import RuleDraft, change_rule, create_rule, rules, switch_rule
from skills.standings import ByHand, Filters, StandingView
from tests.routing.factory import make_annotator

START = datetime(2026, 1, 1, tzinfo=UTC)
PARENTS = {"general": None, "medicine": None, "law": None, "cardiology": "medicine"}
EARLY = START - timedelta(days=1)


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def ident(number: int) -> UUID:
    return UUID(int=number + 1)


def history(*outcomes: float | None, domain: str = "medicine", kind: str = "review_verdict", since: float = 0) -> Facts:
    """One piece a day; none: a day without."""
    seen = [
        Seen(ident(n), kind, Piece(domain, "submission", day(since + n), outcome, Belief(0.0, 0.25)))
        for n, outcome in enumerate(outcomes)
        if outcome is not None
    ]
    return Facts(Tree(PARENTS), seen)


def speaks(condition: Condition, facts: Facts, until: float = 30, breaks: tuple[Break, ...] = (), **changes: Any) -> list[Episode]:  # fmt: skip
    values = {"action": "pause", "domain": None, "lasts_days": None, "since": EARLY, **changes}
    domain = values["domain"] or "medicine"
    return episodes(Rule(condition, **values), domain, facts, breaks, day(until))


def spans(found: list[Episode]) -> list[tuple[float, float | None, str | None]]:
    return [
        ((one.start - START) / timedelta(days=1), one.ended and (one.ended - START) / timedelta(days=1), one.end)
        for one in found
    ]


def test_the_mean_of_the_last_pieces() -> None:
    low = OutcomesBelow(share=0.5, last=3)
    assert speaks(low, history(0, 0)) == [], "fewer pieces say nothing"
    (one,) = speaks(low, history(1, 1, 0, 0, 0))
    assert (one.start, one.measured.value, one.measured.of) == (day(3), 0.3333, 3)
    assert spans(speaks(low, history(1, 1, 0, 0, 1, 1))) == [(3, 5, "mended")], (
        "a pause without a length ends with its cause"
    )
    assert spans(speaks(low, history(0, 0, 0), lasts_days=4)) == [(2, 6, "time")]
    again = speaks(low, history(0, 0, 0, None, None, None, None, 0, 0, 0), lasts_days=2)
    assert spans(again) == [(2, 4, "time"), (9, 11, "time")], "what was spoken about once is used up"


def test_rejections_gold_and_what_is_in_favour() -> None:
    assert spans(speaks(Rejected(count=2, last=4), history(0, 1, 0, 1), action="ask_manager")) == [(2, None, None)]
    assert speaks(Rejected(count=2, last=3), history(0, 1, 1, 0)) == []
    gold = history(0, 0, 0, kind="gold")
    assert speaks(GoldBelow(share=0.5, last=3), history(0, 0, 0)) == []
    assert len(speaks(GoldBelow(share=0.5, last=3), gold)) == 1


def test_a_rule_with_a_domain_looks_below_it_and_one_without_at_each_by_itself() -> None:
    heart, own = history(0, 0, domain="cardiology"), history(0, domain="medicine", since=5)
    both = Facts(Tree(PARENTS), [*heart.seen, *own.seen])
    low = OutcomesBelow(share=0.5, last=3)
    assert spans(speaks(low, both, domain="medicine")) == [(5, None, None)]
    assert speaks(low, both) == []


def test_skill_is_below_only_when_that_is_sure_and_something_lowered_it() -> None:
    below = SkillBelow(level=3)
    assert speaks(below, history(0)) == [], "one piece is not enough to be sure"
    poor = history(*[0.0] * 20)
    (one,) = speaks(below, poor)
    assert one.measured.value < -0.4
    lifted = Break(day(19.5), day(19.5))
    assert spans(speaks(below, poor, breaks=(lifted,)))[-1][1:] == (19.5, "decided")
    good_then = Facts(Tree(PARENTS), [*poor.seen, *history(1, since=20).seen])
    assert spans(speaks(below, good_then, breaks=(lifted,)))[-1][1:] == (19.5, "decided"), "a good piece bars nobody"
    bad_then = Facts(Tree(PARENTS), [*poor.seen, *history(0, since=20).seen])
    assert spans(speaks(below, bad_then, breaks=(lifted,)))[-1] == (20, None, None)


def test_silence_comes_with_time_alone() -> None:
    quiet = InactiveDays(days=7)
    assert speaks(quiet, history(1, 1), until=7) == []
    assert spans(speaks(quiet, history(1, 1), until=8)) == [(8, None, None)]
    assert spans(speaks(quiet, Facts(Tree(PARENTS), [*history(1).seen, *history(1, since=20).seen]), until=21)) == [(7, 20, "mended")]  # fmt: skip
    assert speaks(quiet, history(None)) == [], "who never worked there is not away"


def test_credentials_and_exams() -> None:
    first = Validity(ident(1), "medicine", day(0), day(10))
    new = Validity(ident(2), "medicine", day(14), None)
    gone = Facts(Tree(PARENTS), (), [first])
    assert spans(speaks(CredentialExpired(), gone)) == [(10, None, None)]
    assert spans(speaks(CredentialExpired(), msgspec.structs.replace(gone, credentials=[first, new]))) == [(10, 14, "mended")]  # fmt: skip
    overlapping = Validity(ident(3), "medicine", day(5), None)
    assert speaks(CredentialExpired(), msgspec.structs.replace(gone, credentials=[first, overlapping])) == []
    sat = [Sitting(ident(n), "medicine", passed, day(n)) for n, passed in ((1, False), (2, True), (3, False), (4, False), (6, True))]  # fmt: skip
    failed = speaks(ExamFailed(count=2), Facts(Tree(PARENTS), (), (), sat), action="require_exam")
    assert spans(failed) == [(4, 6, "exam")]


def test_a_rule_speaks_from_when_it_was_switched_on() -> None:
    low = OutcomesBelow(share=0.5, last=3)
    assert spans(speaks(low, history(0, 0, 0, 0), since=day(9))) == [(9, None, None)], "about what it finds"
    decided = Break(day(5), day(5))
    assert speaks(low, history(0, 0, 0, 0), breaks=(decided,), since=day(9)) == [], "but not about what was decided"
    earlier = Break(day(2), None)
    assert speaks(low, history(0, 0, 0, 0), breaks=(earlier,), since=day(9)) == [], "nor twice at once"


@given(
    st.lists(st.tuples(st.floats(0.01, 3), st.sampled_from([0.0, 0.25, 0.5, 1.0])), max_size=25),
    st.sampled_from([OutcomesBelow(share=0.5, last=3), Rejected(count=2, last=4), InactiveDays(days=7), SkillBelow(level=3)]),
    st.sampled_from([None, 3]),
    st.floats(0, 60),
)  # fmt: skip
def test_episodes_are_in_order_and_time_only_adds(
    steps: list[tuple[float, float]], condition: Condition, lasts: int | None, until: float
) -> None:
    at, seen = 0.0, []
    for n, (gap, outcome) in enumerate(steps):
        at += gap
        seen.append(
            Seen(ident(n), "review_verdict", Piece("medicine", "submission", day(at), outcome, Belief(0.0, 0.25)))
        )
    facts = Facts(Tree(PARENTS), seen)
    early, late = (speaks(condition, facts, until=when, lasts_days=lasts) for when in (until, until + 20))
    for one, following in itertools.pairwise(late):
        assert one.ended is not None
        assert one.start < one.ended <= following.start
    assert [one.start for one in early] == [one.start for one in late][: len(early)]
    assert [one for one in early if one.ended] == late[: len([one for one in early if one.ended])]


def test_conditions_are_checked_when_they_come_in() -> None:
    for wrong in ({"kind": "rejected", "count": 0, "last": 5}, {"kind": "skill_below", "level": 1}, {"kind": "whim"}, {"kind": "rejected", "count": 1, "last": 5, "more": 1}):  # fmt: skip
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(wrong, Condition)


# On the database.

real = pytest.mark.usefixtures("pool")
LOW = OutcomesBelow(share=0.5, last=3)
DAYS = 7


async def switched_on(condition: Condition = LOW, **changes: Any) -> UUID:
    values: dict[str, Any] = {"name": f"Rule {uuid4()}", "action": "pause", "reason_en": "Too low.", **changes}
    async with db.transaction("person:boss"):
        rule_id = await create_rule(RuleDraft(condition=condition, **values))
        await switch_rule(rule_id, on=True)
    return rule_id


async def work(annotator_id: UUID, *outcomes: float, kind: str = "review_verdict") -> list[UUID]:
    async with db.transaction("person:test"):
        for outcome in outcomes:
            await observe(
                Observation(
                    annotator_id=annotator_id, domain="medicine", kind=kind, source_type="submission",
                    source_id=uuid4(), outcome=outcome, difficulty=Belief(0.0, 0.25),
                )
            )  # fmt: skip
        rows = await db.fetch(
            "SELECT id FROM evidence WHERE annotator = :a AND source_type = 'submission' AND retracts IS NULL"
            " AND NOT EXISTS (SELECT FROM evidence r WHERE r.retracts = evidence.id) ORDER BY observed_at",
            a=annotator_id,
        )
    return [UUID(int=row["id"].int) for row in rows]


async def judged(annotator_id: UUID) -> list[StandingView]:
    """As the worker does it, and again: the second time changes nothing."""
    async with db.transaction("system:worker"):
        await standing_judging.judge(annotator_id)
    first = await listed(annotator_id)
    async with db.transaction("system:worker"):
        await standing_judging.judge(annotator_id)
    assert await listed(annotator_id) == first
    return first


async def listed(annotator_id: UUID, **changes: Any) -> list[StandingView]:
    return await standings.standings(Filters(annotator_id=annotator_id, **changes), DAYS, limit=50)


async def told() -> list[str]:
    rows = await db.fetch("SELECT type FROM event WHERE type ~ '^(standing|appeal)' ORDER BY xid, seq")
    return [row["type"] for row in rows]


@pytest.fixture
async def ann(settings: Settings, pool: None) -> UUID:
    return await make_annotator(settings, skills={}, languages={"en": 5})


def lane(domain: str) -> Lane:
    return Lane(UUID(int=1), "annotation", 0, domain, "en", 1, 1, "annotator", required_credential=False)


@real
async def test_the_first_rules_are_off(settings: Settings) -> None:
    every = await rules()
    assert len(every) >= 5
    assert not [one for one in every if one.on or not one.reason_zh]


@real
async def test_evidence_brings_it_and_its_correction_takes_it_back(ann: UUID, settings: Settings) -> None:
    await switched_on(lasts_days=7)
    pieces = await work(ann, 1, 0, 0)
    (one,) = await judged(ann)
    assert (one.state, one.domain, one.by, one.action) == ("active", "medicine", "rule", "pause")
    assert one.measure is not None
    assert (one.measure.value, one.measure.of, set(one.measure.pieces)) == (0.3333, 3, set(pieces))
    assert one.ends_at == one.started_at + timedelta(days=7)
    profile = await load_profile(ann)
    assert profile.barred("medicine") is not None
    assert profile.barred("law") is None
    failures = may(profile, lane("medicine"), 1, 0.84)
    assert failures[0].predicate == "standing"
    assert "Too low." in failures[0].has
    async with db.transaction("person:boss"):
        await correct(pieces[2], "the wrong key", outcome=1.0)
    (one,) = await judged(ann)
    assert (one.state, one.end_reason) == ("withdrawn", standing_judging.WITHDRAWN)
    assert (await load_profile(ann)).barred("medicine") is None
    assert await told() == ["standing.imposed", "standing.withdrawn"]
    assert (await check()).ok


@real
@pytest.mark.parametrize("action", ["pause", "ask_manager"])
@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ([1, 0, 0, 1, 1], [1, 0, 1, 1, 1]),
        ([1, 0, 1, 1, 1], [1, 0, 0, 1, 1]),
        ([0, 0, 0, 0, 1], [0, 0, 1, 0, 1]),
        ([0, 0, 1, 0, 0], [0, 0, 0, 0, 0]),
    ],
)
async def test_a_corrected_history_stands_as_the_right_one(
    settings: Settings, action: str, wrong: list[float], right: list[float]
) -> None:
    rule_id = await switched_on(action=action)
    people = [await make_annotator(settings, name, skills={}) for name in ("Wrong", "Right")]
    since = await db.fetch_value("SELECT clock_timestamp() + interval '1 second'")
    ends = []
    for person, outcomes in zip(people, (wrong, right), strict=True):
        past = [
            (since + timedelta(milliseconds=n), Observation(annotator_id=person, domain="law", kind="gold", source_type="task", source_id=uuid4(), outcome=outcome, difficulty=Belief(0.0, 0.25)))
            for n, outcome in enumerate(outcomes)
        ]  # fmt: skip
        async with db.transaction("person:test"):
            await observe_many(person, past)
    await asyncio.sleep(1.2)
    await judged(people[0])
    evidence_id = await db.fetch_value(
        "SELECT id FROM evidence WHERE annotator = :a AND observed_at = :at", a=people[0], at=since + timedelta(milliseconds=2)
    )  # fmt: skip
    async with db.transaction("person:test"):
        await correct(evidence_id, "a wrong verdict", outcome=right[2])
    for person in people:
        found = [one for one in await judged(person) if one.state == "active"]
        ends.append([(one.rule_id, one.domain, one.started_at, one.ends_at) for one in found])
    assert ends[0] == ends[1]
    assert all(one[0] == rule_id for one in ends[0])
    assert (await check()).ok


@real
async def test_two_judgements_at_once_impose_once(ann: UUID) -> None:
    await switched_on()
    await work(ann, 0, 0, 0)

    async def one() -> None:
        async with db.transaction("system:worker"):
            await standing_judging.judge(ann)

    await asyncio.gather(*(one() for _ in range(6)))
    assert len(await listed(ann)) == 1
    assert await told() == ["standing.imposed"]


@real
async def test_evidence_asks_for_a_judgement_and_the_job_makes_it(ann: UUID, settings: Settings) -> None:
    await switched_on()
    await work(ann, 0, 0, 0)
    waiting = await db.fetch("SELECT id FROM job WHERE key = :key AND done_at IS NULL", key=f"standing:{ann}")
    assert len(waiting) == 1, "three pieces, one judgement"
    assert await outbox.run_job(waiting[0]["id"], settings)
    assert [one.state for one in await listed(ann)] == ["active"]


@real
async def test_what_was_lifted_does_not_come_again_for_the_same_cause(ann: UUID) -> None:
    await switched_on()
    pieces = await work(ann, 0, 0, 0)
    (one,) = await judged(ann)
    async with db.transaction("person:boss"):
        await standings.lift(one.id, "The guideline was unclear.", "person:boss")
    assert [row.state for row in await judged(ann)] == ["lifted"]
    with pytest.raises(StandingOver):
        async with db.transaction("person:boss"):
            await standings.lift(one.id, "again", "person:boss")
    await work(ann, 0, 0)
    assert len(await judged(ann)) == 1
    async with db.transaction("person:boss"):
        await retract(pieces[0], "not theirs")
    assert len(await judged(ann)) == 1, "a retraction brings no new cause"
    await work(ann, 0)
    assert [row.state for row in await judged(ann)] == ["active", "lifted"], "new work does"


@real
async def test_a_pause_ends_by_the_clock_at_once_and_is_told_later(ann: UUID, settings: Settings) -> None:
    async with db.transaction("person:boss"):
        soon = (await db.fetch_value("SELECT clock_timestamp()")) + timedelta(seconds=3)
        await standings.impose_by_hand(ann, ByHand(action="pause", reason_en="Rest.", until=soon), "person:boss")
    barred = (await load_profile(ann)).barred("law")
    assert barred is not None
    assert barred.domain is None, "everywhere"
    await db.fetch_value("SELECT pg_sleep_until(:at)::text", at=soon + timedelta(seconds=0.1))
    assert (await load_profile(ann)).barred("law") is None
    assert [one.state for one in await listed(ann)] == ["ended"]
    assert await told() == ["standing.imposed"]
    async with db.transaction("system:worker"):
        assert await standing_judging.tidy(settings) == 1
    assert await told() == ["standing.imposed", "standing.ended"]
    assert [one.ended_at for one in await listed(ann)] == [soon]


@real
async def test_an_exam_that_is_asked_for_ends_it(ann: UUID) -> None:
    await switched_on(action="require_exam")
    await work(ann, 0, 0, 0)
    async with db.transaction("person:boss"):
        wish = ByHand(action="require_exam", domain="medicine", reason_zh="请重新考试。")
        await standings.impose_by_hand(ann, wish, "person:boss")
    assert {(one.by, one.state, one.reason_en) for one in await judged(ann)} == {
        ("rule", "active", "Too low."), ("manager", "active", "请重新考试。"),
    }  # fmt: skip
    async with db.transaction("person:test"):
        await db.execute(
            "INSERT INTO exam (id, name, domain, language, mode, cut_level, min_items, max_items, stop_rule, time_limit_seconds, attempts_allowed,"
            " cooldown_seconds) VALUES (:id, 'Medicine', 'medicine', 'en', 'adaptive', 3, 1, 5, 'sprt', 600, 5, 0)", id=ident(1),
        )  # fmt: skip
        await db.execute(
            "INSERT INTO exam_attempt (id, exam, annotator, number, state, seed, plan, ends_at, ended_at, mean, variance, passed, reason)"
            " VALUES (:id, :exam, :ann, 1, 'finished', 1, '[]', clock_timestamp(), clock_timestamp(), 1, 1, true, 'decided')",
            id=ident(2), exam=ident(1), ann=ann,
        )  # fmt: skip
    assert {(one.state, one.end_reason) for one in await judged(ann)} == {("ended", "The exam was passed.")}


@real
async def test_a_changed_rule_judges_from_then_on(ann: UUID) -> None:
    rule_id = await switched_on()
    await work(ann, 0, 0, 0)
    (one,) = await judged(ann)
    async with db.transaction("person:boss"):
        milder = RuleDraft(
            name="Milder", condition=OutcomesBelow(share=0.1, last=3), action="ask_manager", reason_en="?"
        )
        assert (await change_rule(rule_id, milder)).version == 3
    assert await judged(ann) == [msgspec.structs.replace(one, rule_name="Milder")], "what was imposed stays as it was"
    async with db.transaction("person:boss"):
        assert await switch_rule(rule_id, on=False)
        assert not await switch_rule(rule_id, on=False)
    assert [row.state for row in await judged(ann)] == ["active"], "off ends nothing"
    async with db.transaction("person:boss"):
        assert await standings.lift_all(rule_id, "The rule was wrong.", "person:boss") == 1
        await switch_rule(rule_id, on=True)
    assert [row.state for row in await judged(ann)] == ["lifted"]
    await work(ann, 0, 0, 0)
    assert [(row.state, row.action) for row in await judged(ann)] == [("active", "ask_manager"), ("lifted", "pause")]
    assert (await load_profile(ann)).barred("medicine") is None, "a question bars nothing"


@real
async def test_a_preview_says_whom_it_would_touch(ann: UUID, settings: Settings) -> None:
    await make_annotator(settings, "Good", skills={"medicine": 4})
    await work(ann, 0, 0, 0)
    draft = RuleDraft(name="Low", condition=LOW, action="pause", reason_en="Too low.")
    seen = await preview(draft)
    assert (seen.people, seen.looked_at, seen.complete) == (1, 2, True)
    assert [(one.annotator_id, one.domain, one.value) for one in seen.touched] == [(ann, "medicine", 0)]
    assert await listed(ann) == []
    rule_id = await switched_on()
    assert len(await judged(ann)) == 1
    assert (await preview(draft, rule_id)).people == 0, "whom it holds already it does not touch again"


@real
async def test_what_cannot_be_imposed(ann: UUID) -> None:
    async with db.transaction("person:boss"):
        for wish in (
            ByHand(action="require_exam", reason_en="?"),
            ByHand(action="pause"),
            ByHand(action="ask_manager", reason_en="?", until=day(9999)),
            ByHand(action="pause", reason_en="?", until=START),
        ):
            with pytest.raises(BadStandingRule):
                await standings.impose_by_hand(ann, wish, "person:boss")
        for rule in (
            RuleDraft(name="a", condition=LOW, action="require_exam", reason_en="?", lasts_days=3),
            RuleDraft(name="b", condition=Rejected(count=9, last=3), action="pause", reason_en="?"),
            RuleDraft(name="c", condition=LOW, action="pause", reason_en=" "),
        ):
            with pytest.raises(BadStandingRule):
                await create_rule(rule)


@real
async def test_an_appeal_is_made_once_and_decided_by_another(ann: UUID) -> None:
    async with db.transaction("person:boss"):
        wish = ByHand(action="pause", reason_en="Copied text.")
        first = await standings.impose_by_hand(ann, wish, "person:boss")
        second = await standings.impose_by_hand(ann, wish, "person:boss")
        for one in (first, second):
            with pytest.raises(NoOpenAppeal):
                await standings.decide(one, grant=True, answer="?", by="person:other", may_refuse_own=False)
            await standings.appeal(one, "It was a quotation.")
            with pytest.raises(AppealMade):
                await standings.appeal(one, "And another thing.")
        with pytest.raises(OwnDecision):
            await standings.decide(first, grant=False, answer="No.", by="person:boss", may_refuse_own=False)
        await standings.decide(first, grant=False, answer="Three times?", by="person:other", may_refuse_own=False)
        await standings.decide(second, grant=True, answer="Right, it was.", by="person:boss", may_refuse_own=False)
    refused, granted = [await standings.standing(one, DAYS) for one in (first, second)]
    assert refused.appeal is not None
    assert granted.appeal is not None
    assert (refused.state, refused.appeal.state, refused.appeal.answer) == ("active", "refused", "Three times?")
    assert (granted.state, granted.appeal.state, granted.end_reason) == ("lifted", "granted", "Right, it was.")
    assert refused.appeal.due_at == refused.appeal.made_at + timedelta(days=DAYS)
    assert (await told())[2:] == [
        "appeal.opened", "appeal.opened", "appeal.decided", "standing.lifted", "appeal.decided",
    ]  # fmt: skip


@real
async def test_an_invented_restriction_is_found_by_the_check(ann: UUID) -> None:
    rule_id = await switched_on()
    await work(ann, 0, 0, 0)
    (one,) = await judged(ann)
    async with db.transaction("person:boss"):
        await standings.lift(one.id, "?", "person:boss")
        await db.execute(
            "INSERT INTO standing (id, annotator, rule, rule_version, domain, action, reason_en, reason_zh, measured, imposed_by)"
            " SELECT gen_random_uuid(), annotator, rule, rule_version, domain, action, reason_en, reason_zh, measured, imposed_by FROM standing"
            " WHERE rule = :rule", rule=rule_id,
        )  # fmt: skip
        await db.execute("UPDATE job SET done_at = clock_timestamp() WHERE key LIKE 'standing:%'")
    wrong = {one.name: one.violations for one in (await check()).invariants}
    assert wrong["standing_follows_evidence"] == 1
