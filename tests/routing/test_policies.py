"""Versions of the weights: written once, put in force, taken back, weighed against each other on what was given out."""

import asyncpg
import pytest

from kernel import db
from kernel.settings import Settings
from routing import policies
from routing.errors import BadPolicy, NoSuchPolicy, PolicyInForce
from routing.policies import PolicyDraft, PolicyView
from routing.situation import BUILT_IN, situation
from routing.weights import POLICY
from tests.routing.factory import claim_one, make_annotator, make_project, make_tasks

pytestmark = pytest.mark.usefixtures("pool")


async def made(note: str = "try", **weights: float) -> PolicyView:
    async with db.transaction("person:test"):
        return await policies.create_policy(PolicyDraft(weights=weights, note=note), "person:test")


async def activate(version: int, reason: str = "because") -> PolicyView:
    async with db.transaction("person:test"):
        return await policies.activate(version, reason, "person:test")


async def test_a_version_is_in_force_from_the_next_claim_on_and_can_be_taken_back(settings: Settings) -> None:
    assert (await situation()).policy == POLICY
    view = await made(pay_weight=0.5)
    assert (view.version, view.active, view.weights["pay_weight"]) == (1, False, 0.5)
    assert (await situation()).policy == POLICY, "written down is not in force"
    assert (await activate(1)).active
    now = await situation()
    assert (now.policy_version, now.policy.pay_weight, now.policy.ageing_weight) == (1, 0.5, POLICY.ageing_weight)
    await make_tasks(await make_project(settings), 2)
    held = await claim_one(settings, await make_annotator(settings))
    assert held.why["policy"] == 1
    assert held.why["score"]["pay"] == 0.5
    await activate(BUILT_IN, "it was too much")
    assert (await situation()).policy == POLICY
    assert [(one.version, one.reason) for one in await policies.activations()] == [
        (0, "it was too much"),
        (1, "because"),
    ]
    actions = [
        row["action"]
        for row in await db.fetch("SELECT action FROM audit_entry WHERE subject_type = 'policy' ORDER BY at")
    ]
    assert actions == ["policy.created", "policy.activated", "policy.activated"]


async def test_the_next_version_starts_from_the_one_in_force() -> None:
    await made(pay_weight=0.5)
    await activate(1)
    assert (await made(reserve_weight=1.0)).weights["pay_weight"] == 0.5
    assert [(one.version, one.active) for one in await policies.policies()] == [(2, False), (1, True), (0, False)]
    assert [one.version for one in await policies.policies(before=2, limit=1)] == [1]


@pytest.mark.parametrize("weights", [{"pay_weight": -1.0}, {"unheard_of": 1.0}, {"patience_ends_slas": 3.0}])
async def test_what_is_out_of_range_or_unknown_is_refused(weights: dict[str, float]) -> None:
    with pytest.raises(BadPolicy):
        await made(**weights)


async def test_what_is_not_there_or_in_force_already_cannot_be_activated() -> None:
    with pytest.raises(NoSuchPolicy):
        await activate(9)
    with pytest.raises(PolicyInForce):
        await activate(BUILT_IN)


async def test_versions_stay_as_they_were() -> None:
    await made()
    with pytest.raises(asyncpg.PostgresError):
        await db.execute("UPDATE policy SET weights = '{}'")
    with pytest.raises(asyncpg.PostgresError):
        await db.execute("DELETE FROM policy_activation")


async def test_the_last_claims_are_weighed_again(settings: Settings) -> None:
    """The way that decided finds its own choices; one that asks for nothing but skill where it matters finds others."""
    project = await make_project(settings)
    people = [await make_annotator(settings, f"A{n}", skills={"general": 3, "law": 5}) for n in range(4)]
    await make_tasks(project, 4, difficulty=1)
    await make_tasks(project, 4, domain="law", difficulty=5, requirements={"min_level": 1})
    for person in people:
        await claim_one(settings, person)
    await made(reserve_weight=0.0)
    found = await policies.compare(BUILT_IN, BUILT_IN, 100)
    assert (found.claims, found.same, found.a, found.differences) == (4, 4, found.b, [])
    found = await policies.compare(BUILT_IN, 1, 100)
    assert found.claims == 4
    assert found.same < 4
    assert sum(one.claims for one in found.differences) == 4 - found.same
    assert found.b.p_acceptable > found.a.p_acceptable, "easy work, which is done well"
    with pytest.raises(NoSuchPolicy):
        await policies.compare(0, 7, 10)


def test_every_weight_says_what_it_is_for() -> None:
    for weight in policies.weights():
        assert weight.unit
        assert len(weight.reason) > 30, weight.name
        assert weight.least <= weight.built_in <= weight.most, weight.name
