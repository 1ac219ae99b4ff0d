"""What holds of any tree of domains and any evidence: inheritance, fading, and that the messages add up."""

import math
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skills.belief import UNKNOWN, Belief, faded, gain, level_floor, times, updated
from skills.crowd import IMAGINARY_PEOPLE, estimate
from skills.hierarchy import GENERAL, Edge, Local, Tree, belief_about, beliefs, learned
from skills.profiles import EXPERT_LEVEL, Known, Profile

PARENTS = {"general": None, "medicine": None, "law": None, "cardiology": "medicine", "surgery": "medicine"}
TREE = Tree(PARENTS)

a_belief = st.builds(Belief, st.floats(-4, 4), st.floats(0.01, 4))
a_local = st.builds(
    lambda precision, mean, anchor: Local(precision, precision * mean, anchor),
    st.floats(0, 20), st.floats(-4, 4), st.none() | a_belief,
)  # fmt: skip
a_person = st.dictionaries(st.sampled_from(sorted(PARENTS)), a_local)
days, half_lives = st.floats(0, 2000), st.floats(1, 1000)


@given(a_belief, a_belief, st.floats(0, 1), st.floats(0, 3))
def test_a_gain_is_the_update_written_as_a_factor(
    skill: Belief, difficulty: Belief, outcome: float, weight: float
) -> None:
    whole, factored = (
        updated(skill, difficulty, outcome, weight),
        times(skill, gain(skill, difficulty, outcome, weight)),
    )
    assert factored.mean == pytest.approx(whole.mean, abs=1e-6)
    assert factored.variance == pytest.approx(whole.variance, rel=1e-6)


@given(a_belief, days, days, half_lives)
def test_fading_is_pure_only_widens_and_adds_up(belief: Belief, first: float, second: float, half_life: float) -> None:
    once, twice = faded(belief, first + second, half_life), faded(faded(belief, first, half_life), second, half_life)
    assert twice.variance == pytest.approx(once.variance, rel=1e-9)
    assert once.mean == belief.mean
    assert belief.variance <= once.variance + 1e-12
    assert once.variance <= max(belief.variance, UNKNOWN.variance) + 1e-9
    assert faded(belief, 0, half_life) == belief


@given(a_person, days, days)
def test_what_was_learned_fades_the_same_in_steps(known: dict[str, Local], first: float, second: float) -> None:
    for local in known.values():
        once, twice = local.faded(first + second), local.faded(first).faded(second)
        assert twice.precision == pytest.approx(once.precision, rel=1e-9, abs=1e-12)
        assert twice.shift == pytest.approx(once.shift, rel=1e-9, abs=1e-12)


@given(a_person, st.sampled_from(sorted(PARENTS)))
def test_half_the_evidence_counts_after_a_half_life(known: dict[str, Local], domain: str) -> None:
    local = known.get(domain, Local(4.0, 2.0))
    assert local.faded(90, 90).precision == pytest.approx(local.precision / 2)


@given(a_person, a_belief, st.floats(0, 1), st.sampled_from(sorted(PARENTS)))
def test_the_observed_domain_moves_exactly_by_the_update(
    known: dict[str, Local], difficulty: Belief, outcome: float, domain: str
) -> None:
    before = belief_about(TREE, known, domain)
    after = belief_about(TREE, {**known, domain: learned(TREE, known, domain, outcome, difficulty)}, domain)
    wanted = updated(before, difficulty, outcome)
    assert after.mean == pytest.approx(wanted.mean, abs=1e-6)
    assert after.variance == pytest.approx(wanted.variance, rel=1e-6)


@given(st.floats(0.5, 10), st.floats(-2, 2))
def test_children_inherit_and_so_does_the_rest_of_the_person(precision: float, mean: float) -> None:
    """A newcomer in cardiology who is known in medicine is not a blank: nearer than law, and surer than a stranger."""
    known = {"medicine": Local(precision, precision * mean)}
    nobody, somebody = beliefs(TREE, {}, PARENTS), beliefs(TREE, known, PARENTS)
    assert all(somebody[code].variance < nobody[code].variance for code in PARENTS)
    assert somebody["medicine"].variance < somebody["cardiology"].variance < somebody["law"].variance
    moved = {code: somebody[code].mean - nobody[code].mean for code in PARENTS}
    assert abs(moved["medicine"]) >= abs(moved["cardiology"]) - 1e-9
    assert abs(moved["cardiology"]) >= abs(moved["law"]) - 1e-9
    assert all(move * moved["medicine"] >= -1e-9 for move in moved.values())


@given(a_person, st.floats(-3, 3), st.floats(-3, 3))
def test_a_stated_belief_stands_apart_from_what_is_above_it(known: dict[str, Local], low: float, high: float) -> None:
    stated = {**known, "medicine": Local(anchor=Belief(1.0, 0.16))}
    for child in ("cardiology", "surgery"):
        stated.pop(child, None)
    found = [beliefs(TREE, {**stated, GENERAL: Local(5.0, 5.0 * mean)}, PARENTS)["medicine"] for mean in (low, high)]
    assert found == [Belief(1.0, 0.16)] * 2


@given(a_person)
def test_one_pass_over_the_tree_is_the_joint_distribution(known: dict[str, Local]) -> None:
    """Against the matrix: precisions of edges, starts and outcomes in one table, solved by elimination."""
    known = {code: Local(local.precision, local.shift) for code, local in known.items()}
    found = beliefs(TREE, known, PARENTS)
    means, variances = _solved(known)
    for code in PARENTS:
        assert found[code].mean == pytest.approx(means[code], abs=1e-6)
        assert found[code].variance == pytest.approx(variances[code], rel=1e-6)


def _solved(known: dict[str, Local]) -> tuple[dict[str, float], dict[str, float]]:
    codes = sorted(PARENTS)
    at = {code: n for n, code in enumerate(codes)}
    size = len(codes)
    table = [[0.0] * (size + 1 + size) for _ in codes]
    for code in codes:
        n, parent = at[code], TREE.parent(code)
        table[n][size + 1 + n] = 1.0
        local = known.get(code, Local())
        table[n][n] += local.precision
        table[n][size] += local.shift
        if parent is None:
            table[n][n] += 1 / UNKNOWN.variance
            table[n][size] += UNKNOWN.mean / UNKNOWN.variance
            continue
        m, edge = at[parent], TREE.edge(code)
        tie = 1 / edge.variance
        for row, column, sign in ((n, n, 1), (m, m, 1), (n, m, -1), (m, n, -1)):
            table[row][column] += sign * tie
        table[n][size] -= tie * edge.mean
        table[m][size] += tie * edge.mean
    for n in range(size):
        table[n] = [value / table[n][n] for value in table[n]]
        for m in range(size):
            if m != n:
                table[m] = [mine - table[m][n] * other for mine, other in zip(table[m], table[n], strict=True)]
    return {code: table[at[code]][size] for code in codes}, {
        code: table[at[code]][size + 1 + at[code]] for code in codes
    }


def test_newcomers_start_where_the_crowd_is() -> None:
    people = [{GENERAL: Local(8.0, 8.0 * (1.0 + 0.1 * (n % 5 - 2))), "law": Local(8.0, 0.0)} for n in range(40)]
    crowd = estimate(PARENTS, people)
    assert 0.5 < crowd.root.mean < 1.0, "the imaginary people of the constants hold it back"
    assert 0.6 < crowd.edges["law"].mean < 1.1
    assert crowd.people == {"general": 40, "law": 40}
    start = crowd.tree(PARENTS)
    assert belief_about(start, {}, "law").mean == pytest.approx(0.0, abs=0.4)
    assert IMAGINARY_PEOPLE < 40


def test_few_people_are_no_crowd() -> None:
    crowd = estimate(PARENTS, [{GENERAL: Local(50.0, 150.0), "law": Local(9.0, 9.0)}] * 4)
    assert crowd.root == UNKNOWN
    assert crowd.edges == {}


def test_a_manager_s_word_is_not_measured() -> None:
    assert estimate(PARENTS, [{"law": Local(anchor=Belief(3.0, 0.16))}] * 50).edges == {}


def test_a_loop_of_domains_ends() -> None:
    loop = Tree({"a": "b", "b": "a"}, edges={"a": Edge(0.0, 0.1)})
    assert len(loop.path("a")) <= 16
    assert math.isfinite(Tree(PARENTS).edge("law").mean)


@given(st.dictionaries(st.sampled_from(sorted(PARENTS)), a_belief), st.sets(st.sampled_from(sorted(PARENTS))), days)
def test_an_expert_has_a_credential_and_the_skill_and_idleness_makes_none(
    stated: dict[str, Belief], credentials: set[str], idle: float
) -> None:
    def after(idle_days: float) -> Profile:
        known = {code: Known(Local(anchor=belief), idle_days) for code, belief in stated.items()}
        blank = Profile(
            UUID(int=1), "A", None, "active", None, 3, [], {}, {}, sorted(credentials), known=known, tree=TREE
        )
        return blank.with_half_life(90)

    fresh, later = after(0), after(idle)
    for code in PARENTS:
        able = fresh.belief(code).lower_bound(0.84) >= level_floor(EXPERT_LEVEL)
        shown = not credentials.isdisjoint(TREE.path(code)[1:] or [code])
        assert fresh.is_expert(code, 0.84) == (able and shown)
        assert fresh.is_expert(code, 0.84) or not later.is_expert(code, 0.84)
