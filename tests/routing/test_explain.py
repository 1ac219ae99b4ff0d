"""Who could take a task, what comes next for somebody, and that both agree with the claim and its mends."""

import random
from typing import Any
from uuid import UUID

import pytest

from kernel import db
from kernel.errors import PreconditionFailed
from kernel.settings import Settings
from routing import relaning
from routing.eligibility import Change
from routing.errors import BadRequirement
from routing.explain import candidates, explain
from routing.outlook import outlook
from routing.projects import project as read_project
from skills.annotators import ensure_vendor, put_languages, put_roles
from skills.profiles import load_profile
from tests.routing.factory import claim, make_annotator, make_project, make_tasks

pytestmark = pytest.mark.usefixtures("pool")


async def carry_out(who: UUID, change: Change) -> None:
    """On the person, in the database."""
    profile = await load_profile(who)
    async with db.transaction("person:test"):
        if change.action == "grant_role":
            await put_roles(who, [*profile.roles, change.of])
        elif change.action == "revoke_role":
            await put_roles(who, [role for role in profile.roles if role != change.of])
        elif change.action == "add_language":
            await put_languages(who, profile.languages | {change.of: change.level})
        elif change.action == "join_vendor":
            await db.execute("UPDATE annotator SET vendor = :vendor WHERE id = :id", vendor=UUID(change.of), id=who)
        else:
            raise AssertionError(change)


async def test_the_stated_change_makes_the_claim_succeed(settings: Settings) -> None:
    rng = random.Random(3)
    async with db.transaction("person:test"):
        vendors = [str(await ensure_vendor(name)) for name in ("Acme", "Bolt")]
    flipped = 0
    for n in range(15):
        stated = rng.choice((
            'role adjudicator and (vendor "Acme" or language fr >= 4)', 'vendor "Bolt" and not role reviewer', "fr >= 3 or role adjudicator",
            "role adjudicator and role reviewer",
        ))  # fmt: skip
        project = await make_project(settings, name=f"p{n}", budget="50", requirements=stated)
        (task,) = await make_tasks(project, domain="general", difficulty=1, language=rng.choice(("en", "fr")))
        who = await make_annotator(
            settings, f"P{n}", roles=rng.sample(["annotator", "reviewer", "adjudicator"], rng.randint(1, 2)),
            languages={"en": rng.randint(1, 5)}, vendor=rng.choice((None, "Acme", "Bolt")),
        )  # fmt: skip
        told = await explain(task, who, settings)
        got = await claim(settings, who, project_ids=[project])
        assert told.would_get == bool(got.assignments), told
        if told.would_get:
            continue
        mended = told.places[0].smallest_change
        assert mended is not None
        for change in mended.steps:
            await carry_out(who, change)
        assert (await explain(task, who, settings)).would_get, (stated, mended)
        assert (await claim(settings, who, project_ids=[project])).assignments
        flipped += 1
    assert flipped > 5
    assert len(vendors) == 2


async def test_candidates_are_counted_as_the_claim_would_judge_them(settings: Settings) -> None:
    project = await make_project(settings)
    (task,) = await make_tasks(project, domain="law", difficulty=3, requirements="role adjudicator and law >= 3")
    able = [
        await make_annotator(settings, f"G{n}", roles=["adjudicator"], skills={"law": 3 + n}, languages={"en": 5})
        for n in (1, 2)
    ]
    low = await make_annotator(settings, "L", roles=["adjudicator"], skills={"law": 1}, languages={"en": 5})
    await make_annotator(settings, "N", roles=["annotator"], skills={"law": 1}, languages={})
    told = await candidates(task, settings)
    (place,) = told.places
    assert (told.active, told.left_out, place.able, place.fitting) == (4, 0, 2, 2)
    assert {one.annotator_id for one in place.best} == set(able)
    assert place.best == sorted(place.best, key=lambda one: -one.score["total"])
    kept = {one.predicate: (one.people, one.alone) for one in place.kept}
    assert kept == {"level": (2, 1), "role": (1, 0), "language": (1, 0)}
    for who in (*able, low):
        assert (await explain(task, who, settings)).would_get == (who in able)
    best = place.best[0].annotator_id
    assert (await claim(settings, best)).assignments
    (place,) = (await candidates(task, settings)).places
    assert place.able == 0
    assert next(one for one in place.kept if one.predicate == "free").people == 4
    async with db.transaction("person:test"):
        await db.execute("UPDATE project SET state = 'paused' WHERE id = :id", id=project)
    assert "project" in {one.predicate for one in (await explain(task, low, settings)).places[0].failures}


async def test_what_comes_next_for_somebody_is_what_they_get(settings: Settings) -> None:
    project = await make_project(settings)
    for difficulty in (1, 3):
        await make_tasks(project, domain="general", difficulty=difficulty)
    await make_tasks(project, domain="law", difficulty=5)
    who = await make_annotator(settings)
    told = await outlook(who, settings)
    assert (told.held, told.open_lanes, len(told.next)) == (0, 2, 2)
    assert [lane.domain for lane in told.shut] == ["law"]
    assert told.shut[0].smallest_change is not None
    assert [(one.predicate, one.people, one.alone) for one in told.kept] == [("level", 1, 1)]
    first = (await claim(settings, who)).assignments[0]
    assert first.difficulty_band == told.next[0].difficulty_band


async def test_a_project_asks_for_something_else_and_what_waits_moves(settings: Settings) -> None:
    project = await make_project(settings)
    await make_tasks(project, 3, domain="general", difficulty=1)
    await make_tasks(project, 1, domain="general", difficulty=2, requirements={"role": "adjudicator"})
    who = await make_annotator(settings)
    assert (await claim(settings, who)).assignments

    async def change(stated: Any, version: int | None = None) -> Any:
        async with db.transaction("person:test"):
            return await relaning.change_requirements(project, stated, "they asked for it", version)

    before = await read_project(project)
    after = await change("fr >= 2", before.version)
    assert (after.requirements, after.version) == ("fr >= 2", before.version + 1)
    with pytest.raises(PreconditionFailed):
        await change("fr >= 3", before.version)
    told = await claim(settings, who)
    assert (told.reason, told.counts) == ("not_eligible", {"language": 1, "role": 1})
    with pytest.raises(BadRequirement, match="nobody could ever"):
        await change("not role adjudicator")
    async with db.transaction("person:test"):
        await put_languages(who, {"en": 5, "fr": 2})
    assert (await claim(settings, who)).assignments
    await change({})
    lanes = await db.fetch("SELECT DISTINCT l.requirement::text AS asks FROM task t JOIN lane l ON l.id = t.lane")
    assert [row["asks"] for row in lanes] == ["{}"]
    astray = "SELECT 1 FROM slot s JOIN task t ON t.id = s.task WHERE s.state IN ('free', 'live') AND s.lane <> t.lane AND s.stage = 0"
    assert await db.fetch(astray) == []
