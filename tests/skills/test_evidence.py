"""Evidence stays; what was retracted never was. On the real database."""

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.importing.mapping import BadMapping
from callboard.votes.judging import judge, read_votes
from callboard.votes.mapping import VoteMapping, choose
from callboard.votes.write import import_votes
from kernel import db
from kernel.settings import Settings
from skills import evidence, upkeep
from skills.annotators import AnnotatorDraft, create_annotator
from skills.belief import Belief
from skills.credentials import CredentialDraft, add_credential
from skills.errors import AlreadyRetracted, NoSuchEvidence, NotRetractable
from skills.evidence import Observation, begin, correct, observe, observe_many, retract
from skills.folding import Held, Piece, fold
from skills.profiles import load_profile, skills_of
from tests.routing.factory import make_annotator

PARENTS = {"general": None, "medicine": None, "law": None, "cardiology": "medicine"}
START = datetime(2026, 1, 1, tzinfo=UTC)
pytestmark = pytest.mark.usefixtures("pool")

a_piece = st.tuples(
    st.sampled_from(sorted(PARENTS)), st.floats(0, 400), st.floats(0, 1), st.floats(-2, 2), st.floats(0, 2)
)


def pieces(drawn: list[tuple[str, float, float, float, float]]) -> list[Piece]:
    return [
        Piece(domain, "submission", START + timedelta(days=day), outcome, Belief(hard, 0.25), weight=weight)
        for domain, day, outcome, hard, weight in sorted(drawn, key=lambda one: one[1])
    ]


@given(st.lists(a_piece, max_size=12), st.integers(1, 11))
def test_folding_on_is_folding_from_the_start(drawn: list[Any], cut: int) -> None:
    from skills.folding import step
    from skills.hierarchy import Tree

    every = pieces(drawn)
    held: dict[str, Held] = fold(PARENTS, every[:cut])
    for piece in every[cut:]:
        held[piece.node] = step(Tree(PARENTS), held, piece)
    assert held == fold(PARENTS, every)


async def person(settings: Settings, **changes: Any) -> UUID:
    return await make_annotator(settings, skills={}, **changes)


async def seen(annotator_id: UUID, plan: list[tuple[str, float]], day: float = 0.0) -> list[UUID]:
    """Observed a day apart, with fixed times, so that two people can have the same history."""
    past = [
        (
            START + timedelta(days=day + n),
            Observation(
                annotator_id=annotator_id, domain=domain, kind="gold", source_type="item", source_id=uuid4(),
                outcome=outcome, difficulty=Belief(0.1 * n, 0.25),
            ),
        )
        for n, (domain, outcome) in enumerate(plan)
    ]  # fmt: skip
    async with db.transaction():
        assert await observe_many(annotator_id, past) == len(plan)
    rows = await db.fetch(
        "SELECT id FROM evidence WHERE annotator = :id AND kind = 'gold' ORDER BY observed_at", id=annotator_id
    )
    return [row["id"] for row in rows][-len(plan) :]


async def state(annotator_id: UUID) -> dict[str, Any]:
    rows = await db.fetch(
        "SELECT domain, mean, variance, evidence_count, own_precision, own_shift, updated_at FROM skill "
        "WHERE annotator = :id ORDER BY domain",
        id=annotator_id,
    )
    return {row["domain"]: tuple(row.values()) for row in rows}


async def test_after_a_retraction_everything_is_as_if_it_had_never_been(settings: Settings) -> None:
    """Retracted from the middle, in one domain of three: the other domains are as they would have been, too."""
    dice = random.Random(7)
    for _ in range(5):
        plan = [(dice.choice(["general", "law", "medicine"]), float(dice.random() < 0.6)) for _ in range(12)]
        plan = [("general", 1.0), ("law", 0.0), ("medicine", 1.0), *plan]
        gone = dice.randrange(3, len(plan))
        both, twin = await person(settings), await person(settings)
        ids = await seen(both, plan)
        await seen(twin, plan[:gone])
        past = plan[gone + 1 :]
        for n, one in enumerate(past):
            at = START + timedelta(days=gone + 1 + n)
            same = Observation(
                annotator_id=twin, domain=one[0], kind="gold", source_type="item", source_id=uuid4(), outcome=one[1],
                difficulty=Belief(0.1 * (gone + 1 + n), 0.25),
            )  # fmt: skip
            async with db.transaction():
                await observe_many(twin, [(at, same)])
        assert await state(both) != await state(twin)
        async with db.transaction():
            await retract(ids[gone], "the gold answer was wrong")
        assert await state(both) == await state(twin)
    assert await evidence.differences() == []


async def test_a_correction_speaks_at_the_time_of_the_first_word(settings: Settings) -> None:
    wrong, right = await person(settings), await person(settings)
    ids = await seen(wrong, [("law", 1.0), ("law", 0.0), ("general", 1.0)])
    await seen(right, [("law", 1.0), ("law", 1.0), ("general", 1.0)])
    async with db.transaction():
        new = await correct(ids[1], "the verdict was overturned", outcome=1.0)
    assert await state(wrong) == await state(right)
    async with db.transaction():
        await correct(new, "and overturned again", outcome=0.0)
    assert await state(wrong) != await state(right)
    assert await evidence.differences() == []


async def test_what_cannot_be_retracted_says_so(settings: Settings) -> None:
    somebody = await person(settings)
    (one,) = await seen(somebody, [("law", 1.0)])
    async with db.transaction():
        await retract(one, "a mistake")
    for evidence_id, error in ((one, AlreadyRetracted), (uuid4(), NoSuchEvidence)):
        with pytest.raises(error):
            async with db.transaction():
                await retract(evidence_id, "again")
    start = await db.fetch_value("SELECT id FROM evidence WHERE annotator = :id AND source_type = 'prior'", id=somebody)
    with pytest.raises(NotRetractable):
        async with db.transaction():
            await retract(start, "no")


async def test_rebuild_finds_what_was_changed_by_hand_and_mends_it(settings: Settings) -> None:
    somebody = await make_annotator(settings, skills={"general": 4, "law": 2})
    await seen(somebody, [("medicine", 1.0)])
    assert await upkeep.rebuild(fix=True) == []
    await db.execute("UPDATE skill SET own_shift = own_shift + 0.5 WHERE domain = 'medicine'")
    await db.execute("DELETE FROM skill WHERE domain = 'law'")
    assert [one.domain for one in await upkeep.rebuild(fix=False)] == ["law", "medicine"]
    assert len(await upkeep.rebuild(fix=True)) == 2
    assert await evidence.differences() == []


async def test_a_child_domain_inherits_and_idleness_widens(settings: Settings) -> None:
    await db.execute(
        "INSERT INTO domain (code, parent_code, name_en, name_zh, position) VALUES ('cardiology', 'medicine', 'Cardiology', '心脏病学', 9)"
    )
    strong, blank = await make_annotator(settings, skills={"medicine": 5}), await person(settings)
    profile, nobody = await load_profile(strong), await load_profile(blank)
    assert profile.belief("cardiology").mean > nobody.belief("cardiology").mean + 1
    assert profile.belief("cardiology").variance < nobody.belief("cardiology").variance
    assert "cardiology" not in profile.skills
    await db.execute("UPDATE skill SET updated_at = updated_at - interval '180 days'")
    idle = await load_profile(strong)
    assert idle.belief("medicine").mean == profile.belief("medicine").mean
    assert idle.belief("medicine").variance > profile.belief("medicine").variance * 2
    shorter, longer = idle.with_half_life(10), idle.with_half_life(1000)
    assert shorter.belief("medicine").variance > idle.belief("medicine").variance > longer.belief("medicine").variance
    views = {view.domain: view for view in await skills_of(strong, 0.84)}
    assert views["cardiology"].inferred
    assert not views["medicine"].inferred


async def test_newcomers_start_from_those_with_the_same_credential(settings: Settings) -> None:
    degree = CredentialDraft(domain="law", kind="degree", isced_level=7, title="LL.M.", verified=True)

    async def lawyer(level: int | None) -> UUID:
        draft = AnnotatorDraft(display_name="L", skills={} if level is None else {"law": level}, credentials=[degree])
        async with db.transaction():
            return await create_annotator(draft, 3)

    for _ in range(6):
        await lawyer(5)
    newcomer, other = await lawyer(None), await person(settings)
    assert (await load_profile(newcomer)).belief("law").mean == pytest.approx(1.6)
    assert (await load_profile(other)).belief("law").mean < 0
    async with db.transaction():
        assert await begin(newcomer, "law") is None, "it is no blank any more"
        await add_credential(other, CredentialDraft(domain="law", kind="licence", title="Bar"))
    assert "law" not in (await load_profile(other)).skills
    assert await evidence.differences() == []


async def test_the_crowd_moves_where_newcomers_start_and_nobody_else(settings: Settings) -> None:
    people = [await person(settings) for _ in range(8)]
    for one in people:
        await seen(one, [("general", 1.0)] * 12, day=300)
    before, newcomer = await state(people[0]), await person(settings)
    blank = (await load_profile(newcomer)).belief("general")
    async with db.transaction():
        await upkeep.estimate_crowd(settings.skill_half_life_days)
    assert (await load_profile(newcomer)).belief("general").mean > blank.mean
    assert await state(people[0]) == before
    assert await evidence.differences() == []


async def test_observations_after_imported_ones_stay_in_order(settings: Settings) -> None:
    somebody = await person(settings)
    await seen(somebody, [("law", 1.0), ("general", 0.0)])
    async with db.transaction():
        await observe(
            Observation(annotator_id=somebody, domain="law", kind="review_verdict", source_type="submission",
                        source_id=uuid4(), outcome=1.0, difficulty=Belief(0, 0.25))
        )  # fmt: skip
    assert await evidence.differences() == []


VOTES = """who,what,said,when,begun,bad
a,t1,"[X] [Y]",2026-01-02T10:00:00,2026-01-02T09:00:00,false
b,t1,"[X]",2026-01-02T11:00:00,2026-01-02T10:00:00,false
a,t1,"[Y]",2026-01-02T12:00:00,2026-01-02T11:00:00,false
c,t1,"[X]",2026-01-02T08:00:00,2026-01-02T09:00:00,false
c,t1,,2026-01-02T12:00:00,2026-01-02T09:00:00,false
c,t1,none of it,2026-01-02T12:00:00,2026-01-02T09:00:00,false
c,t1,"[X]",yesterday,2026-01-02T09:00:00,false
c,t1,"[X]",2026-01-02T12:00:00,2026-01-02T09:00:00,TRUE
,t1,"[X]",2026-01-02T12:00:00,2026-01-02T09:00:00,false
b,t2,"[X]",2026-01-02T12:00:00,2026-01-02T09:00:00,false
"""
MAPPING = VoteMapping(
    source="trial", person="who", task="what", answer="said", items=r"\[([^\[\]]+)\]", time="when", started="begun",
    leave_out={"bad": "true"},
)  # fmt: skip


async def test_an_export_becomes_evidence_and_the_report_says_what_did_not(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "votes.csv"
    file.write_text(VOTES)
    options: dict[str, Any] = {"add_people": True, "dry_run": True}
    tried = await import_votes(file, MAPPING, settings, **options)
    assert (tried.rows, tried.evidence, tried.new, tried.people_added) == (10, 2, 0, 0)
    assert tried.left_out == {
        "the same person answered the same task before": 1,
        "handed in before it was started": 1,
        "no answer": 1,
        "the answer cannot be read": 1,
        "the time cannot be read": 1,
        "bad is true": 1,
        "no person": 1,
        "no truth is known, and nobody else answered this task": 1,
    }
    assert tried.examples["no answer"] == [6]
    done = await import_votes(file, MAPPING, settings, **options | {"dry_run": False})
    assert (done.new, done.people_added) == (2, 2)
    again = await import_votes(file, MAPPING, settings, add_people=False, dry_run=False)
    assert (again.new, again.evidence, again.left_out) == (0, 2, done.left_out)
    assert await evidence.differences() == []
    rows = await db.fetch(
        "SELECT kind, outcome, weight FROM evidence WHERE source_type = 'import' ORDER BY observed_at"
    )
    assert [tuple(row.values()) for row in rows] == [("agreement", 0.5, 0.5)] * 2


def test_with_a_truth_an_answer_is_right_or_wrong() -> None:
    rows = [
        (n + 2, {"worker": f"w{n}", "task": "t", "answer": answer, "truth": "b", "domain": "x"})
        for n, answer in enumerate("ab")
    ]
    votes, left_out = read_votes(rows, choose("nyu_mcqa"), {"general"})
    judged, lonely = judge(votes, {"general": None})
    assert [(one.kind, one.outcome, one.weight) for one in judged] == [("gold", 0.0, 1.0), ("gold", 1.0, 1.0)]
    assert judged[1].difficulty.mean > judged[0].difficulty.mean, "somebody failed at it in between"
    assert left_out == lonely == []


def test_what_others_thought_of_the_work_is_the_outcome() -> None:
    rows = [
        (n + 2, {"who": "a", "work": f"t{n}", "quality": quality})
        for n, quality in enumerate(("0.75", "True", "false", "", "2", "good"))
    ]
    mapping = VoteMapping(source="trial", person="who", task="work", outcome="quality")
    votes, left_out = read_votes(rows, mapping, {"general"})
    judged, lonely = judge(votes, {"general": None})
    assert [(one.kind, one.outcome, one.weight) for one in judged] == [
        ("review_verdict", 0.75, 1.0), ("review_verdict", 1.0, 1.0), ("review_verdict", 0.0, 1.0),
    ]  # fmt: skip
    assert lonely == []
    assert [one.reason for one in left_out] == [
        "no outcome", "the outcome is not between 0 and 1", "the outcome cannot be read",
    ]  # fmt: skip


@pytest.mark.parametrize("columns", ['answer = "a"\noutcome = "b"', ""])
def test_a_mapping_names_answers_or_outcomes(columns: str, tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text(f'source = "x"\nperson = "p"\ntask = "t"\n{columns}\n')
    with pytest.raises(BadMapping, match="either"):
        choose(str(file))


@pytest.mark.parametrize("name", ["nyu_mcqa", "cf_relex", "cf_event_highlight", "oasst2_messages"])
def test_mappings_that_come_along_can_be_read(name: str) -> None:
    assert choose(name).description
