"""What one part learns of a person is seen by all others at once: claims, prices, the roster, every process."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from callboard.checks import check
from callboard.wiring import wire
from kernel import db, outbox
from kernel.settings import Settings
from routing import overturn, roster, waiting
from routing.memory import HEADS_SECONDS, Memory
from routing.overturn import OverturnDraft
from routing.roster import Reach, RosterFilter
from skills import credentials, domains, evidence, profiles, standing_judging
from skills.belief import Belief, level_floor
from skills.credentials import CredentialDraft
from skills.domains import DomainChange
from skills.evidence import Observation, observe
from skills.standing_conditions import Rejected
from skills.standing_rules import RuleDraft, create_rule, switch_rule
from tests.routing.factory import (
    claim,
    claim_one,
    make_annotator,
    make_project,
    make_reviewer,
    make_tasks,
    submit,
    verdict,
)
from tests.routing.test_together import at_work, together

pytestmark = pytest.mark.usefixtures("pool")
BOSS = "person:boss"


@pytest.fixture(autouse=True)
def wired() -> None:
    wire()


async def run_jobs(settings: Settings) -> None:
    while jobs := await outbox.take_due_jobs(settings):
        for job_id in jobs:
            await outbox.run_job(job_id, settings)


async def rule(domain: str | None = None) -> None:
    """One rejection keeps somebody from work in the domain for a day."""
    async with db.transaction(BOSS):
        draft = RuleDraft(
            name="One is enough", condition=Rejected(count=1, last=3), action="pause", reason_en="Rejected.",
            domain=domain, lasts_days=1,
        )  # fmt: skip
        await switch_rule(await create_rule(draft), on=True)


async def given(memory: Memory, settings: Settings, person: UUID) -> bool:
    """Whether the person gets work, together with others; what they got is handed in."""
    (held,) = await together(settings, memory, person)
    if held is None:
        assert (await claim(settings, person)).assignments == [], "alone it is the same"
        return False
    await submit(settings, held)
    return True


async def sound() -> None:
    result = await check()
    assert result.ok, result
    assert await evidence.differences() == []


async def test_an_overturned_verdict_gives_the_work_back(settings: Settings) -> None:
    project = await make_project(settings)
    author, reviewer = await make_annotator(settings), await make_reviewer(settings)
    await make_tasks(project, 6)
    await at_work(settings, author)
    await rule()
    memory, other_process = Memory(), Memory()
    assert await given(memory, settings, author)
    assert await given(other_process, settings, author)
    looked = await claim_one(settings, reviewer, kinds=["review"])
    wrong = (await verdict(settings, looked, "reject")).verdict_id
    await run_jobs(settings)
    for one in (memory, other_process):
        assert not await given(one, settings, author)
    assert (await claim(settings, author)).counts["standing"] > 0
    async with db.transaction(BOSS):
        await overturn.overturn(wrong, OverturnDraft(outcome="accept", reason="The year is right."), by=None)
    await run_jobs(settings)
    for one in (memory, other_process):
        assert await given(one, settings, author)
    await sound()


async def test_a_revoked_credential_closes_class_price_and_lane_in_every_process(settings: Settings) -> None:
    project = await make_project(settings)
    degree = CredentialDraft(domain="law", kind="degree", title="LL.M.", isced_level=7, verified=True)
    person = await make_annotator(settings, skills={"law": 5}, credentials=[degree])
    await make_tasks(project, 6, domain="law", difficulty=2, requirements={"credential": True})
    await at_work(settings, person)
    processes = [Memory(), Memory()]
    for memory in processes:
        (held,) = await together(settings, memory, person)
        assert held is not None
        assert held.price_micros == 3_750_000, "as an expert"
        await submit(settings, held)
    (paper,) = await credentials.credentials(annotator_id=person, limit=5)
    async with db.transaction(BOSS):
        await credentials.decide(paper.id, "revoke", "forged")
    await make_tasks(project, 6, domain="law", difficulty=3)
    await asyncio.sleep(HEADS_SECONDS)  # so long the new lane may stay unseen
    law = next(one for one in await profiles.skills_of(person, settings.skill_lower_bound_z) if one.domain == "law")
    assert (law.skill_class, law.reason_code) == ("generalist", "no_proof")
    for memory in processes:
        (held,) = await together(settings, memory, person)
        assert held is not None
        assert (held.difficulty_band, held.price_micros) == (3, 2_500_000), (
            "the lane that asks for nothing, and its price"
        )
        await submit(settings, held)
    offers = {one.difficulty_band: one.eligible for one in await waiting.what_waits(person, settings) if one.kind == "annotation"}  # fmt: skip
    assert offers == {2: False, 3: True}
    async with db.transaction(BOSS):
        await credentials.decide(paper.id, "verify", "it was not")
        await db.execute("UPDATE credential SET expires_on = :day", day=datetime.now(UTC).date() - timedelta(days=1))
    for memory in processes:
        (held,) = await together(settings, memory, person)
        assert held is not None
        assert held.price_micros == 2_500_000, "expired"
        await submit(settings, held)
    await sound()


async def test_a_moved_domain_takes_standing_roster_and_eligibility_along(settings: Settings) -> None:
    project = await make_project(settings)
    async with db.transaction(BOSS):
        await domains.add(
            domains.DomainDraft(code="forensics", name_en="Forensics", name_zh="法医学", parent="medicine")
        )
    people = [await make_annotator(settings, f"P{n}", skills={"law": n, "medicine": 6 - n}) for n in range(1, 6)]
    await rule("medicine")
    for n, person in enumerate(people):
        async with db.transaction("person:test"):
            await observe(
                Observation(
                    annotator_id=person, domain="forensics", kind="review_verdict", source_type="submission",
                    source_id=uuid4(), outcome=float(n % 2), difficulty=Belief(0.0, 0.25),
                )
            )  # fmt: skip
    await run_jobs(settings)
    await make_tasks(project, 5, domain="medicine", difficulty=1)
    barred = [(await profiles.load_profile(one)).barred("medicine") is not None for one in people]
    assert barred == [True, False, True, False, True]
    await agrees(settings, people, "forensics")
    async with db.transaction(BOSS):
        await domains.change("forensics", DomainChange(parent="law"))
    await run_jobs(settings)
    assert [(await profiles.load_profile(one)).barred("medicine") for one in people] == [None] * 5
    await agrees(settings, people, "forensics")
    await sound()


async def agrees(settings: Settings, people: list[UUID], domain: str) -> None:
    """The roster finds exactly those whose lower bound, as a claim reads it, is at the level."""
    z = settings.skill_lower_bound_z
    for level in (1, 2, 3, 4):
        wanted = RosterFilter(domain=domain, level=level)
        found = set((await roster.find(wanted, Reach(), settings, limit=50)).ids)
        able = {one for one in people if (await profiles.load_profile(one)).belief(domain).lower_bound(z) >= level_floor(level)}  # fmt: skip
        assert found == able, level


async def test_each_projects_half_life_counts_in_claims_made_together(settings: Settings) -> None:
    short = await make_project(settings, name="short", skill_half_life_days=1)
    long = await make_project(settings, name="long", skill_half_life_days=400)
    person = await make_annotator(settings, skills={"general": 5})
    await make_tasks(long, 1)
    await at_work(settings, person)
    for project in (short, long):
        await make_tasks(project, 3, difficulty=4, requirements={"min_level": 5})
    await db.execute(
        "UPDATE skill SET updated_at = clock_timestamp() - interval '60 days' WHERE annotator = :id", id=person
    )
    memory = Memory()
    (held,) = await together(settings, memory, person)
    assert held is not None
    assert held.project_name == "long"
    offers = {
        one.project_name: one.eligible for one in await waiting.what_waits(person, settings) if one.min_level == 5
    }
    assert offers == {"short": False, "long": True}
    assert (await claim(settings, person, project_ids=[short])).assignments == []


async def test_a_pause_that_ends_by_the_clock_is_over_in_every_process(settings: Settings) -> None:
    project = await make_project(settings)
    person = await make_annotator(settings)
    await make_tasks(project, 6)
    await at_work(settings, person)
    memory = Memory()
    assert await given(memory, settings, person)
    for seconds in (0.5, 5, 20):  # on a busy machine the short one may be over before anybody has looked
        ends_at = datetime.now(UTC) + timedelta(seconds=seconds)
        async with db.transaction(BOSS):
            await standing_judging.impose(
                await standing_judging.person_of(person), domain=None, action="pause", reason_en="Rest.", reason_zh="",
                measured={}, imposed_by=BOSS, ends_at=ends_at,
            )  # fmt: skip
        during = await given(memory, settings, person)
        if datetime.now(UTC) < ends_at:
            break
    assert not during
    await db.fetch_value("SELECT pg_sleep_until(:at)::text", at=ends_at + timedelta(seconds=0.1))
    assert await given(memory, settings, person)
