"""Each project sees people with its own half-life and its own bar."""

from uuid import UUID

import pytest

from kernel import db
from kernel.settings import Settings
from routing.dispatch import KINDS, what_waits
from routing.explain import explain
from routing.heads import lane_heads
from routing.views import Views
from skills.credentials import CredentialDraft
from skills.profiles import load_profile, skills_of
from tests.routing.factory import claim, make_annotator, make_project, make_tasks

pytestmark = pytest.mark.usefixtures("pool")


async def idle(annotator_id: UUID, days: int) -> None:
    await db.execute(
        "UPDATE skill SET updated_at = updated_at - make_interval(days => :days) WHERE annotator = :id",
        days=days, id=annotator_id,
    )  # fmt: skip


async def test_skill_fades_with_the_projects_half_life(settings: Settings) -> None:
    """The same person, the same tasks: one project trusts skill for years, one for a week."""
    patient = await make_project(settings, name="patient", skill_half_life_days=3650)
    hasty = await make_project(settings, name="hasty", skill_half_life_days=7)
    (task,) = await make_tasks(hasty, domain="law", difficulty=5, requirements={"min_level": 5})
    await make_tasks(patient, domain="law", difficulty=5, requirements={"min_level": 5})
    somebody = await make_annotator(settings, skills={"general": 4, "law": 5})
    await idle(somebody, 60)
    offers = {offer.project_name: offer for offer in await what_waits(somebody, settings)}
    assert offers["patient"].eligible
    assert [failure.predicate for failure in offers["hasty"].failures] == ["level"]
    got = (await claim(settings, somebody, limit=3)).assignments
    assert [one.project_id for one in got] == [patient]
    place = (await explain(task, somebody, settings)).places[0]
    assert [failure.predicate for failure in place.failures] == ["level"]
    z = settings.skill_lower_bound_z
    wide, narrow = [
        next(view for view in await skills_of(somebody, z, days) if view.domain == "law") for days in (7, 3650)
    ]
    assert wide.variance > narrow.variance * 1.5


async def test_the_bar_of_experts_is_the_projects(settings: Settings) -> None:
    """A credential and level 3 are an expert, and paid as one, only where the bar is 3."""
    low = await make_project(settings, name="low", expert_level=3)
    high = await make_project(settings, name="high", expert_level=4)
    for project in (low, high):
        await make_tasks(project, domain="law", difficulty=2)
    degree = CredentialDraft(domain="law", kind="degree", title="LL.M.", isced_level=7, verified=True)
    expert = await make_annotator(settings, skills={"law": 4}, credentials=[degree])
    await idle(expert, 60)
    prices = {offer.project_name: offer.price_micros for offer in await what_waits(expert, settings)}
    assert prices == {"low": 3_750_000, "high": 2_500_000}
    z = settings.skill_lower_bound_z
    for level, skill_class in ((3, "domain expert"), (4, "generalist")):
        view = next(one for one in await skills_of(expert, z, expert_level=level) if one.domain == "law")
        assert view.skill_class == skill_class
        assert f"level {level}" in view.reason


async def test_a_half_life_is_worked_out_once(settings: Settings) -> None:
    profile = await load_profile(await make_annotator(settings), settings.skill_half_life_days)
    views = Views(profile, settings.skill_half_life_days)
    assert views.of(None) is profile
    assert views.of(30) is views.of(30) is not profile


async def test_a_kind_of_work_with_a_skill_of_its_own_has_its_own_lanes(settings: Settings) -> None:
    project = await make_project(settings)
    await db.execute(
        "INSERT INTO task_kind (code, name_en, name_zh, own_skill) VALUES ('ranking', 'Ranking', '排序', true)"
    )
    await make_tasks(project, domain="law", difficulty=2)
    await make_tasks(project, domain="law", difficulty=3, kind="ranking")
    heads = await lane_heads(KINDS, None)
    assert sorted(head.lane.skill_kind for head in heads) == ["", "ranking"]
    assert len({head.lane.key for head in heads}) == 2
