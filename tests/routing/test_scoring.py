"""The score's parts, each for what it is there for: values in, values out."""

import math
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.lanes import Lane
from routing.scoring import CROWD_MEAN, Fit, advantages, ageing, allowed, fit, pressure, remembered, score, total
from routing.weights import POLICY, Policy
from skills.belief import Belief
from skills.profiles import Profile

EASY, HARD = Belief(-1.6, 0.1), Belief(1.6, 0.1)
SLAS = st.floats(0, 10)


def pair(worth: float, reserve: float = 0.0) -> Fit:
    return Fit(0.5, worth, reserve)


@given(SLAS, SLAS, st.floats(0.1, 5))
def test_ageing_in_the_published_form_never_falls(one: float, other: float, value: float) -> None:
    first, second = sorted((one, other))
    assert ageing(first, value, policy=Policy()) <= ageing(second, value, policy=Policy())


@given(SLAS, SLAS, st.floats(0, 3))
def test_ageing_rises_up_to_the_sla_and_again_after_it(one: float, other: float, queue: float) -> None:
    first, second = sorted((one, other))
    if second <= 1 or first > 1:
        assert ageing(first, 1.0, queue) <= ageing(second, 1.0, queue)


def test_what_can_be_in_time_passes_what_is_just_late_but_not_what_nears_twice_its_sla() -> None:
    assert ageing(1.1, 1.0) < ageing(0.9, 1.0) < ageing(1.25, 1.0)
    assert ageing(1.5, 1.0, longest_queue_slas=2.0) < ageing(0.9, 1.0, 2.0) < ageing(2.0, 1.0, 2.0), "later in overload"


def test_a_long_queue_is_remembered_for_hours() -> None:
    assert remembered(10.0, 0, 12.0) == 12.0
    assert remembered(10.0, 3600 * POLICY.overload_fades_hours, 1.0) == pytest.approx(10 / math.e)


def test_patience_ends() -> None:
    far, best = pair(0.1), 1.0
    assert not allowed(far, pressure(0.0, value=1.0, backlog=0.0), best)
    assert allowed(pair(1.0), pressure(0.0, value=1.0, backlog=0.0), best), "the best is never kept waiting"
    assert allowed(far, pressure(POLICY.patience_ends_slas, value=1.0, backlog=0.0), best)
    assert allowed(pair(-9.0, 9.0), pressure(2.0, value=1.0, backlog=0.0), best), "whatever the score says"


@given(SLAS, SLAS, st.floats(0, 5), st.floats(0, 5))
def test_waiting_and_backlog_never_make_more_patient(one: float, other: float, few: float, many: float) -> None:
    first, second = sorted((one, other))
    less, more = sorted((few, many))
    assert pressure(first, value=1.0, backlog=less).tolerance <= pressure(second, value=1.0, backlog=more).tolerance


def test_pay_is_worth_what_the_weight_says() -> None:
    cheap, dear = (
        fit(Belief(1.0, 0.1), HARD, value=1.0, pay=pay, advantage=0.0, best_advantage=0.0) for pay in (1.0, 3.0)
    )
    assert cheap.worth - dear.worth == pytest.approx(2 * POLICY.pay_weight)


def test_the_reserve_keeps_people_from_what_does_not_need_them() -> None:
    easy, hard, abroad = (
        fit(Belief(2.0, 0.1), what, value=1.0, pay=1.0, advantage=here, best_advantage=2.0).reserve
        for what, here in ((EASY, 2.0), (HARD, 2.0), (HARD, 0.0))
    )
    assert hard < easy < abroad == POLICY.reserve_weight * 2.0


def test_an_advantage_is_against_the_median_of_the_domain() -> None:
    skills = {"general": Belief(3.0, 0.1), "law": Belief(1.0, 0.1), "finance": Belief(0.0, 0.1)}
    assert advantages(skills, {"law": 0.4, "finance": 0.5}) == {"law": pytest.approx(0.6), "finance": 0.0}
    assert advantages(skills)["law"] == pytest.approx(1.0 - CROWD_MEAN)


def test_the_score_is_the_sum_of_its_parts() -> None:
    person = Profile(UUID(int=1), "P", None, "active", None, 3, [], {}, {"law": Belief(1.0, 0.1)}, [])
    lane = Lane(UUID(int=2), "annotation", 0, "law", "en", 4, 3, "annotator", required_credential=False)
    found = score(person, lane, 1800, 3600, value=1.5, pay=3.0)
    assert found.total == pytest.approx(1.5 * found.p_acceptable + found.ageing - found.reserve - found.pay)
    now = pressure(0.5, value=1.5, backlog=0.0)
    assert total(pair(0.7, 0.4), now) == pytest.approx(0.7 + now.ageing - 0.4 * now.fade)
