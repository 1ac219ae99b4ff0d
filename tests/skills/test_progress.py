"""What opens the next level: doing the stated work does open it, by the production update."""

import random
from statistics import fmean
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from kernel import db
from kernel.settings import Settings
from skills.belief import Belief, assessed, difficulty_prior, level_floor, level_of
from skills.evidence import Observation, observe
from skills.hierarchy import Local, Tree, belief_about, learned
from skills.profiles import load_profile
from skills.progress import MOST_PIECES, WITH_FIXES, Outlook, floor_percent
from tests.routing.factory import make_annotator

PARENTS: dict[str, str | None] = {"general": None, "medicine": None, "law": None, "cardiology": "medicine"}
TREE, Z = Tree(PARENTS), 0.84
FIX = 0.5

somebody = st.dictionaries(
    st.sampled_from(sorted(PARENTS)),
    st.one_of(
        st.integers(1, 5).map(lambda level: Local(anchor=assessed(level))),
        st.tuples(st.floats(0.1, 8), st.floats(-1.5, 1.5)).map(lambda one: Local(one[0], one[0] * one[1])),
    ),
)
domains = st.sampled_from(sorted(PARENTS))


def bound(known: dict[str, Local], domain: str) -> float:
    return belief_about(TREE, known, domain).lower_bound(Z)


def work(known: dict[str, Local], domain: str, difficulty: int, outcomes: list[float]) -> dict[str, Local]:
    after = dict(known)
    for outcome in outcomes:
        after[domain] = learned(TREE, after, domain, outcome, difficulty_prior(difficulty))
    return after


@hypothesis_settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # the first draw, on a busy machine
@given(somebody, domains)
def test_so_many_accepted_pieces_prove_it_and_one_less_does_not(known: dict[str, Local], domain: str) -> None:
    step = Outlook(TREE, known, domain, Z).step()
    assert step.level == level_of(bound(known, domain))
    for way in step.ways:
        assert step.next_level is not None
        floor = level_floor(step.next_level)
        assert bound(work(known, domain, way.difficulty, [1.0] * way.least), domain) >= floor
        assert bound(work(known, domain, way.difficulty, [1.0] * (way.least - 1)), domain) < floor
        assert way.most is None or way.least <= way.most <= MOST_PIECES


@hypothesis_settings(max_examples=25, deadline=None)
@given(somebody, domains, st.integers(0, 1000))
def test_with_three_fixes_in_ten_the_larger_number_does_in_expectation(
    known: dict[str, Local], domain: str, seed: int
) -> None:
    step, dice = Outlook(TREE, known, domain, Z).step(), random.Random(seed)
    if step.next_level is None or not step.ways or step.ways[0].most is None:
        return
    way, most = step.ways[0], step.ways[0].most
    share = (1 - WITH_FIXES) / (1 - FIX)
    reached = [
        bound(work(known, domain, way.difficulty, [FIX if dice.random() < share else 1.0 for _ in range(most)]), domain)
        for _ in range(60)
    ]
    spread = (max(reached) - min(reached)) / 4 / 60**0.5
    assert fmean(reached) >= level_floor(step.next_level) - 3 * spread - 0.02


def test_at_the_top_there_is_nothing_to_open() -> None:
    step = Outlook(TREE, {"law": Local(anchor=Belief(2.5, 0.1))}, "law", Z).step()
    assert (step.level, step.next_level, step.ways, step.needed_percent) == (5, None, [], None)


def test_nobody_is_advised_to_do_more_than_is_reasonable() -> None:
    """So sure that somebody is weak that work alone hardly moves it."""
    step = Outlook(TREE, {"law": Local(anchor=Belief(-1.3, 0.0002))}, "law", Z).step()
    assert step.next_level == 2
    assert step.ways == []


def test_the_advice_is_work_that_is_given_out() -> None:
    """Work of difficulty n asks for level n - 1."""
    for level in range(1, 5):
        step = Outlook(TREE, {"law": Local(anchor=assessed(level))}, "law", Z).step()
        assert {way.difficulty for way in step.ways} <= {level - 1, level, level + 1}
        assert [way.least for way in step.ways] == sorted(way.least for way in step.ways)


def test_where_levels_begin() -> None:
    assert [floor_percent(level) for level in range(1, 6)] == [0, 23, 40, 60, 77]


async def _accepted(annotator_id: UUID, domain: str, difficulty: int, count: int) -> None:
    for _ in range(count):
        about: dict[str, Any] = {
            "kind": "review_verdict",
            "source_type": "submission",
            "source_id": uuid4(),
            "difficulty": difficulty_prior(difficulty),
        }
        async with db.transaction():
            await observe(Observation(annotator_id=annotator_id, domain=domain, outcome=1.0, **about))


@pytest.mark.usefixtures("pool")
@pytest.mark.parametrize("skills", [{"law": 3}, {"general": 4}, {}])
async def test_done_for_real_it_opens_the_level(settings: Settings, skills: dict[str, int]) -> None:
    annotator_id = await make_annotator(settings, skills=skills)
    profile = await load_profile(annotator_id)
    known = {domain: one.local for domain, one in profile.known.items()}
    step = Outlook(profile.tree, known, "law", Z).step()
    assert step.next_level is not None
    way = step.ways[0]
    await _accepted(annotator_id, "law", way.difficulty, way.least)
    after = await load_profile(annotator_id)
    assert level_of(after.belief("law").lower_bound(Z)) >= step.next_level
