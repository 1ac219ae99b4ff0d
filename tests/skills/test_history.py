"""What was believed when: the fold of production, asked about any moment."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel import clock, db
from kernel.settings import Settings
from skills.belief import Belief, assessed
from skills.evidence import Observation, observe, observe_many, retract
from skills.folding import PRIOR, Piece, fold
from skills.hierarchy import Tree
from skills.history import Story, Told, load_story
from skills.profiles import load_profile
from tests.routing.factory import make_annotator

PARENTS: dict[str, str | None] = {"general": None, "medicine": None, "law": None, "cardiology": "medicine"}
START = datetime(2026, 1, 1, tzinfo=UTC)

a_piece = st.tuples(st.sampled_from(sorted(PARENTS)), st.floats(0, 400), st.floats(0, 1), st.floats(-2, 2))
some = st.lists(a_piece, max_size=25)


def told(drawn: list[tuple[str, float, float, float]]) -> list[Told]:
    return [
        Told(uuid4(), "gold", Piece(domain, "submission", START + timedelta(days=day), outcome, Belief(hard, 0.25)))
        for domain, day, outcome, hard in sorted(drawn, key=lambda one: one[1])
    ]


def story(pieces: list[Told]) -> Story:
    return Story(PARENTS, Tree(PARENTS), pieces)


@given(some)
def test_right_after_a_piece_it_is_what_production_stored(drawn: list[Any]) -> None:
    pieces = told(drawn)
    found = story(pieces)
    for n, one in enumerate(pieces):
        if n + 1 < len(pieces) and pieces[n + 1].piece.observed_at == one.piece.observed_at:
            continue  # at one moment there is one answer: the last
        held = fold(PARENTS, [other.piece for other in pieces[: n + 1]])[one.piece.node]
        believed = found.at(one.piece.node, one.piece.observed_at)
        assert believed.mean == pytest.approx(held.belief.mean)
        assert believed.variance == pytest.approx(held.belief.variance)


@given(some, st.integers(2, 30), st.sampled_from(sorted(PARENTS)))
def test_points_are_few_in_order_and_lose_no_evidence(drawn: list[Any], most: int, domain: str) -> None:
    pieces, now = told(drawn), START + timedelta(days=500)
    points = story(pieces).points(domain, now, most)
    if not pieces:
        assert points == []
        return
    assert len(points) <= most + 2
    moments = [point.at for point in points]
    assert moments == sorted(set(moments))
    assert (moments[0], moments[-1]) == (pieces[0].piece.observed_at, now)
    assert sum(len(point.kinds) for point in points) == sum(one.piece.node == domain for one in pieces)


@given(some)
def test_an_effect_goes_from_one_belief_to_the_next(drawn: list[Any]) -> None:
    pieces = told(drawn)
    found = story(pieces)
    for one in pieces:
        effect = found.effect(one.id)
        assert effect is not None
        outcome, difficulty = one.piece.outcome, one.piece.difficulty
        assert outcome is not None
        assert difficulty is not None
        assert effect.after.variance <= effect.before.variance + 1e-9
        if outcome == 1:
            assert effect.after.mean >= effect.before.mean
    assert found.effect(uuid4()) is None


def test_while_nothing_comes_in_the_interval_widens() -> None:
    points = story(told([("law", 0, 1, 0.0), ("law", 1, 1, 0.5)])).points("law", START + timedelta(days=300))
    quiet = [point for point in points if point.at > START + timedelta(days=1)]
    assert len(quiet) > 40
    widths = [point.variance for point in quiet]
    assert widths == sorted(widths)
    assert widths[-1] > widths[0] * 1.05


def test_starting_points_are_no_evidence_in_the_picture() -> None:
    start = Told(uuid4(), "assessment", Piece("law", PRIOR, START, stated=assessed(3)))
    assert story([start]).points("law", START + timedelta(days=9)) == []
    later = told([("law", 4, 1, 0.0)])
    points = story([start, *later]).points("law", START + timedelta(days=9))
    assert points[0].at == later[0].piece.observed_at


async def _past(annotator_id: UUID, count: int, seed: int = 3) -> list[UUID]:
    dice, now = random.Random(seed), clock.now()
    past = [
        (
            now - timedelta(days=90 - n),
            Observation(
                annotator_id=annotator_id, domain=dice.choice(["law", "general", "medicine"]), kind="gold",
                source_type="item", source_id=uuid4(), outcome=float(dice.random() < 0.7), difficulty=Belief(0.1, 0.25),
            ),
        )
        for n in range(count)
    ]  # fmt: skip
    async with db.transaction():
        await observe_many(annotator_id, past)
    rows = await db.fetch(
        "SELECT id FROM evidence WHERE annotator = :id AND kind = 'gold' ORDER BY observed_at", id=annotator_id
    )
    return [row["id"] for row in rows]


@pytest.mark.usefixtures("pool")
@pytest.mark.parametrize("half_life", [90.0, 20.0])
async def test_now_is_what_the_profile_says(settings: Settings, half_life: float) -> None:
    annotator_id = await make_annotator(settings, skills={"law": 3})
    await _past(annotator_id, 40)
    profile = await load_profile(annotator_id, half_life)
    found = await load_story(profile, half_life)
    for domain, belief in found.everything_at(clock.now()).items():
        said = profile.belief(domain)
        assert belief.mean == pytest.approx(said.mean, abs=2e-3)  # an hour may have begun in between
        assert belief.variance == pytest.approx(said.variance, rel=2e-3)


@pytest.mark.usefixtures("pool")
async def test_what_was_retracted_has_no_effect_and_no_trace(settings: Settings) -> None:
    annotator_id = await make_annotator(settings, skills={})
    ids = await _past(annotator_id, 12)
    async with db.transaction():
        await retract(ids[5], "the answer was wrong")
    found = await load_story(await load_profile(annotator_id), 90.0)
    assert found.effect(ids[5]) is None
    assert found.effect(ids[6]) is not None
    assert sum(found.counts(domain, clock.now()) for domain in ("law", "general", "medicine")) == 11


@pytest.mark.usefixtures("pool")
async def test_new_evidence_is_the_last_point(settings: Settings) -> None:
    annotator_id = await make_annotator(settings, skills={"law": 3})
    async with db.transaction():
        await observe(
            Observation(
                annotator_id=annotator_id, domain="law", kind="review_verdict", source_type="submission",
                source_id=uuid4(), outcome=1.0, difficulty=Belief(0.8, 0.25),
            )
        )  # fmt: skip
    found = await load_story(await load_profile(annotator_id), 90.0)
    kinds = [kind for point in found.points("law", clock.now()) for kind in point.kinds]
    assert kinds == ["assessment", "review_verdict"]
