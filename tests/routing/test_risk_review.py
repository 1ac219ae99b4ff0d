"""A budget of looks, spent where errors are likeliest: the spend, the chances, the estimates, and a stage that decides so."""

import random

import pytest

from kernel import db
from kernel.settings import Settings
from routing import review_plans, risk_staging
from routing.review_plans import Share, Stage
from routing.risk_review import EVENING, WINDOW, Budget, Past, Reviewed, choose, error_rate, outgoing, risk_of
from tests.routing.factory import claim_one, make_annotator, make_project, make_reviewer, make_tasks, submit, verdict
from tests.routing.test_review_plans import FIXED_WORK, broken, put


@pytest.mark.parametrize("kind", ["apart", "same", "newcomers", "drifting"])
def test_the_spend_is_the_budget_whatever_the_risks_are(kind: str) -> None:
    rng, budget, past = random.Random(kind), Budget(), list[Past]()
    for n in range(3000):
        risk = {"apart": rng.random(), "same": 0.3, "newcomers": rng.random(), "drifting": n / 3000}[kind]
        chosen = choose(budget, risk, newcomer=kind == "newcomers", window=past[-WINDOW:])
        assert chosen.chance >= 0.015, "the part by lot spares nobody"
        past.append(Past(risk, chosen.chance, kind == "newcomers"))
    assert sum(one.chance for one in past) / 3000 == pytest.approx(0.1, abs=0.025 if kind == "drifting" else 0.012)
    if kind == "apart":
        top = [one.chance for one in past[500:] if one.risk > 0.95]
        assert sum(top) / len(top) > 0.95
        low = [one.chance for one in past[500:] if one.risk < 0.8]
        assert sum(low) / len(low) < 0.02, "nearly nothing but the lot"


def test_first_pieces_are_looked_at_as_far_as_their_part_reaches() -> None:
    known = [Past(0.2 + n / 1000, 0.1, newcomer=False) for n in range(WINDOW)]
    rare = choose(Budget(), 0.1, newcomer=True, window=known)
    assert (rare.chance, rare.why) == (1.0, "first_pieces")
    crowd = [one._replace(newcomer=True) for one in known]
    assert choose(Budget(), 0.1, newcomer=True, window=crowd).chance < 0.05
    assert choose(Budget(), 0.1, newcomer=False, window=known).why == "by_lot"
    assert choose(Budget(), 0.9, newcomer=False, window=known).why == "risky"


def test_risks_follow_answers_reviews_and_difficulty() -> None:
    q = {"a": 0.8, "b": 0.2}
    assert risk_of(q, None, 1.0) == pytest.approx(0.2)
    assert risk_of(q, "b", 1.0) == pytest.approx(0.8)
    assert 0.2 < risk_of(q, "a", 0.7) < 0.5, "less sure after calibration"
    nobody = Reviewed(0, 0)
    assert error_rate(nobody, nobody, 0.2, 0.2) == pytest.approx(0.2)
    assert error_rate(nobody, nobody, 0.4, 0.2) == pytest.approx(0.4), "a harder task"
    assert error_rate(Reviewed(20, 10), nobody, 0.2, 0.2) > error_rate(nobody, Reviewed(20, 10), 0.2, 0.2) > 0.2
    assert error_rate(Reviewed(100, 0), nobody, 0.2, 0.2) < 0.03


def test_what_went_out_is_estimated_without_bias_by_the_chances() -> None:
    rng, errors = random.Random(3), []
    for _ in range(300):
        past, found, escaped, passed = list[Past](), dict[float, int](), 0, 0
        for _ in range(600):
            risk = rng.random() ** 2
            defect = rng.random() < 0.1 + risk / 2
            chance = choose(Budget(budget=0.2), risk, newcomer=False, window=past[-WINDOW:]).chance
            past.append(Past(risk, chance, newcomer=False))
            looked = rng.random() < chance
            passed, escaped = passed + (not (looked and defect)), escaped + (defect and not looked)
            if looked and defect:
                found[chance] = found.get(chance, 0) + 1
        errors.append(outgoing(passed, list(found.items())).estimate - escaped / passed)
    assert abs(sum(errors) / 300) < 0.02
    told = outgoing(100, [(0.1, 1), (1.0, 5)])
    assert (told.estimate, told.upper) == pytest.approx((0.09, 0.09 + 1.96 * 90**0.5 / 100))
    assert outgoing(0, []).upper == 1.0


@pytest.mark.usefixtures("pool")
async def test_a_stage_spends_its_budget_on_whoever_errs_and_writes_down_why(settings: Settings) -> None:
    project = await make_project(settings)
    share = Share(mode="risk", risk=Budget(budget=0.3, newcomers=2))
    version = await put(project, Stage(name="sample", share=share))
    assert review_plans.looks((await review_plans.plan(project, version)).stages) == 30.0
    careful, careless = [await make_annotator(settings, name, capacity=40) for name in ("A", "B")]
    reviewer = await make_reviewer(settings, capacity=50)
    await make_tasks(project, 60)
    for _ in range(30):
        for person in (careful, careless):
            mine = await claim_one(settings, person)
            if (await submit(settings, mine)).state == "pending":
                said = {} if person == careful else {"corrected": FIXED_WORK}
                await verdict(settings, await claim_one(settings, reviewer), "fix" if said else "accept", **said)
    rows = await db.fetch("SELECT author, chance, looked, reason FROM review_step ORDER BY decided_at")
    # The careless one's risk rises with each look, so that each piece is the riskiest so far: the spend runs ahead, and no further.
    assert 18 <= sum(row["chance"] for row in rows) <= 18 + 0.85 * 0.3 * EVENING + 1
    late = {who: [row["chance"] for row in rows[30:] if row["author"].int == who.int] for who in (careful, careless)}
    assert sum(late[careless]) > 2 * sum(late[careful]) > 0
    assert {row["reason"]["why"] for row in rows} >= {"risky", "by_lot"}
    (told,) = await risk_staging.risks(project)
    assert (told.handed_in, told.looked, told.budget) == (60, sum(row["looked"] for row in rows), 0.3)
    assert 0 <= told.lower <= told.estimate <= told.upper
    assert told.defects > 0
    assert await broken() == []
