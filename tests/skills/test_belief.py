"""The update is the Gaussian one-parameter model of the field, and every belief is the fold of its evidence."""

import math
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel import db
from kernel.settings import Settings
from skills import evidence
from skills.belief import (
    LEVEL_CENTRES,
    Belief,
    assessed,
    difficulty_prior,
    difficulty_updated,
    expected,
    level_floor,
    level_of,
    transferred,
    updated,
)
from skills.evidence import Observation, observe
from skills.profiles import load_profile, skills_of
from tests.routing.factory import make_annotator

beliefs = st.builds(Belief, st.floats(-4, 4), st.floats(0.01, 4))


@given(beliefs, beliefs, st.floats(0, 1), st.floats(0, 1))
def test_evidence_makes_surer_and_a_better_outcome_speaks_for_more_skill(
    skill: Belief, difficulty: Belief, one: float, other: float
) -> None:
    worse, better = sorted((one, other))
    after = updated(skill, difficulty, worse)
    assert 0 < after.variance < skill.variance
    assert after.mean <= updated(skill, difficulty, better).mean + 1e-9


@given(beliefs, beliefs)
def test_success_raises_the_skill_and_lowers_the_difficulty(skill: Belief, difficulty: Belief) -> None:
    assert updated(skill, difficulty, 1.0).mean > skill.mean
    assert difficulty_updated(skill, difficulty, 1.0).mean < difficulty.mean
    assert difficulty_updated(skill, difficulty, 0.0).mean > difficulty.mean


@given(beliefs, beliefs, st.floats(0, 1))
def test_weight_nothing_changes_nothing(skill: Belief, difficulty: Belief, outcome: float) -> None:
    assert updated(skill, difficulty, outcome, weight=0.0) == skill


def exact(skill: Belief, difficulty: Belief, outcome: float, weight: float) -> Belief:
    """Mean and variance of the posterior by Bayes's rule on a fine grid of both skill and difficulty."""
    mass = mean = square = 0.0
    for at in range(-120, 121):
        theta = skill.mean + math.sqrt(skill.variance) * at / 15
        for other in range(-40, 41):
            b = difficulty.mean + math.sqrt(difficulty.variance) * other / 5
            log = (
                weight * (outcome * (theta - b) - math.log1p(math.exp(theta - b)))
                - (at / 15) ** 2 / 2
                - (other / 5) ** 2 / 2
            )
            mass += math.exp(log)
            mean += math.exp(log) * theta
            square += math.exp(log) * theta * theta
    return Belief(mean / mass, square / mass - (mean / mass) ** 2)


@pytest.mark.parametrize(
    ("skill", "difficulty", "outcome", "weight"),
    [
        (Belief(0.5, 1.0), Belief(0.0, 0.25), 1.0, 1.0),
        (Belief(-0.8, 1.0), Belief(-4.0, 4.0), 0.0, 1.0),
        (Belief(1.0, 0.2), Belief(-2.0, 0.1), 0.0, 1.0),
        (Belief(0.3, 2.0), Belief(1.0, 1.0), 0.6, 0.5),
    ],
)
def test_the_update_is_the_posterior_of_bayes_rule(
    skill: Belief, difficulty: Belief, outcome: float, weight: float
) -> None:
    after, truth = updated(skill, difficulty, outcome, weight), exact(skill, difficulty, outcome, weight)
    assert after.mean == pytest.approx(truth.mean, abs=5e-4)
    assert after.variance == pytest.approx(truth.variance, abs=5e-4)


@pytest.mark.parametrize("margin", [-800.0, -60.0, 60.0, 800.0])
@pytest.mark.parametrize("outcome", [0.0, 0.5, 1.0])
def test_an_outcome_that_nobody_could_expect_still_has_a_posterior(margin: float, outcome: float) -> None:
    after = updated(Belief(margin, 1.0), Belief(0.0, 1.0), outcome)
    assert math.isfinite(after.mean)
    assert 0 < after.variance <= 1.0


def test_many_answers_find_the_ability() -> None:
    """A person of ability 1.0 who answers as expected on items from -2 to 2 is believed to be near 1.0."""
    belief, items = Belief(-0.8, 1.0), [Belief(-2 + 4 * n / 199, 0.01) for n in range(200)]
    for item in items:
        belief = updated(belief, item, 1 / (1 + math.exp(item.mean - 1.0)))
    assert belief.mean == pytest.approx(1.0, abs=0.1)
    assert math.sqrt(belief.variance) < 0.2


def test_levels_and_the_scale_that_people_see() -> None:
    assert [level_of(centre) for centre in LEVEL_CENTRES] == [1, 2, 3, 4, 5]
    assert level_floor(1) == -math.inf
    assert Belief(0, 1).percent == 50
    low, high = Belief(0, 0.16).interval()
    assert low < 50 < high
    assert assessed(4).lower_bound(0.84) >= level_floor(4), "an assessed level opens that level"
    assert expected(Belief(0, 0), Belief(0, 0)) == 0.5
    assert transferred(Belief(1.0, 0.1)).mean < 1.0
    assert difficulty_prior(None).variance > difficulty_prior(3).variance


@pytest.mark.usefixtures("pool")
async def test_beliefs_are_the_fold_of_their_evidence_and_a_replay_adds_nothing(settings: Settings) -> None:
    person = await make_annotator(settings, skills={"general": 4, "law": 2})
    source = uuid4()
    for domain in ("general", "law", "medicine"):
        for n in range(6):
            async with db.transaction():
                await observe(
                    Observation(
                        annotator_id=person, domain=domain, kind="review_verdict", source_type="submission",
                        source_id=uuid4(), outcome=n % 2, difficulty=Belief(0.3 * n, 0.25),
                    )
                )  # fmt: skip
        for _ in range(2):
            async with db.transaction():
                repeated = await observe(
                    Observation(
                        annotator_id=person, domain=domain, kind="review_verdict", source_type="submission",
                        source_id=source, outcome=1.0, difficulty=Belief(0, 0.25),
                    )
                )  # fmt: skip
        assert (await load_profile(person)).skills[domain] == repeated
    assert await evidence.differences() == []
    await db.execute("UPDATE skill SET mean = mean + 0.001 WHERE domain = 'law'")
    assert await evidence.differences() == [(person, "law")]


@pytest.mark.usefixtures("pool")
async def test_an_expired_or_unverified_credential_makes_no_expert(settings: Settings) -> None:
    def person_with(**credential: object) -> dict[str, object]:
        return {
            "skills": {"general": 4, "medicine": 5},
            "credentials": [{"domain": "medicine", "kind": "degree", "isced_level": 7, "title": "MD", **credential}],
        }

    import msgspec

    from skills.annotators import AnnotatorDraft, create_annotator

    classes = {}
    for name, credential in {
        "good": {"verified": True},
        "unverified": {"verified": False},
        "expired": {"verified": True, "expires_on": "2020-01-01"},
    }.items():
        draft = msgspec.convert({"display_name": name, **person_with(**credential)}, AnnotatorDraft)
        async with db.transaction():
            person = await create_annotator(draft, 3)
        (medicine,) = [
            view for view in await skills_of(person, settings.skill_lower_bound_z) if view.domain == "medicine"
        ]
        classes[name] = medicine.skill_class
    assert classes == {"good": "domain expert", "unverified": "generalist", "expired": "generalist"}
