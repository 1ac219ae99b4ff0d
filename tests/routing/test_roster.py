"""The roster says the same as eligibility: every filter against an oracle that reads one profile at a time."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from kernel import clock, db
from kernel.errors import Invalid
from kernel.ids import uuid7
from kernel.settings import Settings
from routing import roster
from routing.roster import Order, Reach
from routing.roster_memory import Asked, shelf_of
from skills.annotators import AnnotatorDraft, create_annotator, set_state
from skills.belief import difficulty_prior, level_floor
from skills.credentials import CredentialDraft
from skills.evidence import Observation, observe
from skills.profiles import Profile, load_profile
from skills.roster import RosterFilter
from tests.routing.factory import claim_one, make_annotator, make_project, make_reviewer, make_tasks, submit

pytestmark = pytest.mark.usefixtures("pool")
DOMAINS = ["general", "medicine", "law", "finance", "cardiology"]


async def crowd(settings: Settings, count: int = 40, seed: int = 5) -> list[UUID]:
    """Random people: stated skills, evidence of many ages, credentials, languages, vendors, states."""
    chance = random.Random(seed)
    ids = []
    async with db.transaction("test"):
        await db.execute(
            "INSERT INTO domain (code, parent_code, name_en, name_zh) VALUES ('cardiology', 'medicine', 'Cardiology', '心脏病学') ON CONFLICT DO NOTHING"
        )
        for number in range(count):
            draft = AnnotatorDraft(
                display_name=f"{chance.choice(['Ann', 'Bo', 'Cé', '李'])} {number}", vendor=chance.choice([None, "North", "South"]),
                external_id=f"x-{number}" if chance.random() < 0.5 else None,
                roles=chance.sample(["annotator", "reviewer"], chance.randint(1, 2)),
                languages={tag: chance.randint(1, 5) for tag in chance.sample(["en", "zh-CN", "de"], chance.randint(0, 3))},
                skills={code: chance.randint(1, 5) for code in chance.sample(DOMAINS, chance.randint(0, 3))},
                capacity=chance.randint(1, 6),
                credentials=[CredentialDraft(domain=chance.choice(DOMAINS), kind="licence", title="L", verified=chance.random() < 0.6)]
                if chance.random() < 0.6 else [],
            )  # fmt: skip
            one = await create_annotator(draft, 3)
            for _ in range(chance.randint(0, 4)):
                gold = {
                    "kind": "gold",
                    "source_type": "gold",
                    "source_id": uuid7(),
                    "outcome": float(chance.random() < 0.7),
                }
                hard = difficulty_prior(chance.randint(1, 5))
                await observe(Observation(annotator_id=one, domain=chance.choice(DOMAINS), difficulty=hard, **gold))
            if chance.random() < 0.3:
                await set_state(one, "paused", "a break")
            ids.append(one)
        # What was learned ages by different amounts, as it does in real life.
        for one in ids:
            await db.execute(
                "UPDATE skill SET updated_at = updated_at - :age::interval WHERE annotator = :id",
                age=timedelta(days=chance.choice([0, 0, 3, 45, 400])), id=one,
            )  # fmt: skip
    return ids


def wishes(chance: random.Random) -> RosterFilter:
    named: dict[str, Any] = {}
    for name, values in {
        "q": ["ann", "X-1", "李", "%"], "state": ["active", "paused"], "role": ["annotator", "reviewer"],
        "language": ["en", "zh-CN"], "language_level": [1, 3, 5], "level": [1, 2, 3, 4, 5], "level_of": ["bound", "mean"],
        "expert": [True, False], "credential_state": ["verified", "unverified"], "credential_domain": DOMAINS, "free_at_least": [2, 5],
    }.items():  # fmt: skip
        if chance.random() < 0.22:
            named[name] = chance.choice(values)
    return RosterFilter(domain=chance.choice(DOMAINS), **named)


class Person(msgspec.Struct):
    profile: Profile
    external_id: str | None
    credentials: list[tuple[str, str]]


async def oracle(ids: list[UUID], settings: Settings) -> dict[UUID, Person]:
    found = {}
    for one in ids:
        credentials = await db.fetch("SELECT domain, state FROM credential WHERE annotator = :id", id=one)
        external = await db.fetch_value("SELECT external_id FROM annotator WHERE id = :id", id=one)
        profile = await load_profile(one, settings.skill_half_life_days)
        found[one] = Person(profile, external, [(row["domain"], row["state"]) for row in credentials])
    return found


def holds(person: Person, wanted: RosterFilter, z: float) -> bool:
    profile, domain = person.profile, wanted.domain
    assert domain is not None
    belief = profile.belief(domain)
    reached = belief.mean if wanted.level_of == "mean" else belief.lower_bound(z)
    texts = [profile.display_name.lower(), (person.external_id or "").lower()]
    credential = [
        domain for domain, state in person.credentials
        if wanted.credential_domain in (None, domain) and wanted.credential_state in (None, state)
    ]  # fmt: skip
    return all([
        wanted.q is None or any(wanted.q.lower() in text for text in texts),
        wanted.state in (None, profile.state),
        wanted.role is None or profile.holds(wanted.role),
        wanted.language is None or profile.languages.get(wanted.language, 0) >= wanted.language_level,
        wanted.level is None or reached >= level_floor(wanted.level),
        wanted.expert is None or profile.is_expert(domain, z) is wanted.expert,
        (wanted.credential_state, wanted.credential_domain) == (None, None) or bool(credential),
        wanted.free_at_least is None or profile.capacity >= wanted.free_at_least,
    ])  # fmt: skip


async def walk(wanted: RosterFilter, settings: Settings, order: Order, limit: int) -> tuple[list[UUID], set[int]]:
    ids: list[UUID] = []
    totals, after = set(), None
    while True:
        found = await roster.find(wanted, Reach(), settings, order, after=after, limit=limit)
        assert len(found.ids) <= limit
        ids += found.ids
        totals.add(found.total)
        after = found.after
        if after is None:
            return ids, totals


async def test_filters_agree_with_the_profile_of_the_decision(settings: Settings) -> None:
    known = await oracle(await crowd(settings), settings)
    chance, z, some = random.Random(11), settings.skill_lower_bound_z, 0
    for _ in range(150):
        wanted = wishes(chance)
        expected = {one for one, person in known.items() if holds(person, wanted, z)}
        order = Order(chance.choice(["name", "skill", "load", "free", "acceptance"]), chance.random() < 0.5)
        ids, totals = await walk(wanted, settings, order, chance.choice([1, 7, 50]))
        assert len(ids) == len(set(ids)), "nobody stands on two pages"
        assert set(ids) == expected, wanted
        assert totals <= {len(expected)} or not expected
        some += 0 < len(expected) < len(known)
    assert some > 60, "most filters tell people apart"


async def test_order_by_skill_is_that_of_the_lower_bound(settings: Settings) -> None:
    known = await oracle(await crowd(settings), settings)
    for falling in (False, True):
        ids, _ = await walk(RosterFilter(domain="cardiology"), settings, Order("skill", falling), 9)
        bounds = [known[one].profile.belief("cardiology").lower_bound(settings.skill_lower_bound_z) for one in ids]
        assert bounds == pytest.approx(sorted(bounds, reverse=falling))
        assert len(bounds) == len(known)
    ids, _ = await walk(RosterFilter(), settings, Order("name", True), 9)
    names = [known[one].profile.display_name for one in ids]
    assert names == sorted(names, reverse=True)


async def test_whoever_did_not_change_is_not_judged_again(settings: Settings) -> None:
    """What is read and judged for a filter by skill is bounded by the people who changed since the last one."""
    ids = await crowd(settings)
    yard = await roster.yardstick(settings)
    asked = Asked(yard, "law", by_class=False, hour=int(clock.now().timestamp()) // 3600)
    wanted = RosterFilter(domain="law", level=1)
    await roster.find(wanted, Reach(), settings, limit=50)
    first = dict(shelf_of(asked))
    assert set(ids) <= set(first)
    gold: dict[str, Any] = {"kind": "gold", "source_type": "gold", "source_id": uuid7(), "outcome": 1.0}
    async with db.transaction("test"):
        await observe(Observation(annotator_id=ids[3], domain="law", difficulty=difficulty_prior(5), **gold))
    await roster.find(wanted, Reach(), settings, Order("skill"), limit=7)
    second = shelf_of(asked)
    assert {one for one in first if second[one] is not first[one]} == {ids[3]}
    assert second[ids[3]].judged.belief.mean > first[ids[3]].judged.belief.mean


async def test_a_projects_own_rules_decide_in_it(settings: Settings) -> None:
    project = await make_project(settings, skill_half_life_days=1, expert_level=2)
    one = await make_annotator(
        settings,
        skills={"law": 4},
        credentials=[CredentialDraft(domain="law", kind="degree", title="LLM", isced_level=7, verified=True)],
    )
    at_least = RosterFilter(domain="law", level=3)
    await db.execute("UPDATE skill SET updated_at = :at", at=datetime.now(UTC) - timedelta(days=20))
    assert (await roster.find(at_least, Reach(), settings, limit=5)).ids == [one]
    inside = msgspec.structs.replace(at_least, project_id=project)
    faded = (await load_profile(one, 1)).belief("law").lower_bound(settings.skill_lower_bound_z)
    assert ((await roster.find(inside, Reach(), settings, limit=5)).ids == [one]) is (faded >= level_floor(3))
    expert = RosterFilter(domain="law", expert=True, project_id=project)
    assert ((await roster.find(expert, Reach(), settings, limit=5)).ids == [one]) is (faded >= level_floor(2))


async def test_load_throughput_and_acceptance_are_those_of_the_work(settings: Settings) -> None:
    project = await make_project(settings)
    busy, idle = await make_annotator(settings, "Busy"), await make_annotator(settings, "Idle")
    await make_tasks(project, 3)
    await submit(settings, await claim_one(settings, busy))
    await claim_one(settings, busy)
    row, other = await roster.rows([busy, idle], await roster.yardstick(settings), settings)
    assert (row.load.held, row.load.free, row.load.handed_in_7_days) == (1, settings.holding_capacity - 1, 1)
    assert row.load.acceptance_30_days is None
    assert row.load.last_active_at is not None
    assert (other.load.held, other.load.handed_in_7_days, other.load.last_active_at) == (0, 0, None)
    for wanted in (RosterFilter(held_at_least=1), RosterFilter(throughput_at_least=1)):
        assert (await roster.find(wanted, Reach(), settings, limit=5)).ids == [busy]
    for sort in ("load", "throughput", "last_active"):
        assert (await roster.find(RosterFilter(), Reach(), settings, Order(sort, True), limit=5)).ids[0] == busy
    await db.execute("UPDATE submission SET state = 'accepted', decided_at = clock_timestamp()")
    assert (await roster.find(RosterFilter(acceptance_at_least=1.0), Reach(), settings, limit=5)).ids == [busy]
    assert (await roster.find(RosterFilter(acceptance_at_most=0.9), Reach(), settings, limit=5)).ids == []
    assert (await roster.find(RosterFilter(), Reach(), settings, Order("acceptance", True), limit=5)).ids == [
        busy,
        idle,
    ]


async def test_standing_exams_roles_of_projects_and_expiry(settings: Settings) -> None:
    project = await make_project(settings)
    one, other = await make_annotator(settings, "One", roles=[]), await make_reviewer(settings, "Two", vendor="North")
    in_days = (datetime.now(UTC) + timedelta(days=20)).date()
    async with db.transaction("test"):
        await db.execute(
            "INSERT INTO annotator_role (id, annotator, role, project_id) VALUES (:id, :a, 'annotator', :p)",
            id=uuid7(),
            a=one,
            p=project,
        )
        await db.execute(
            "INSERT INTO standing (id, annotator, domain, action, reason_en, reason_zh, measured, imposed_by) VALUES (:id, :a, 'law', 'pause', 'r', 'r', '{}', 't')",
            id=uuid7(), a=one,
        )  # fmt: skip
        await db.execute(
            "INSERT INTO credential (id, annotator, domain, kind, title, issuer, state, expires_on, verified_at) VALUES (:id, :a, 'law', 'licence', 'L', '', 'verified', :on, clock_timestamp())",
            id=uuid7(), a=other, on=in_days,
        )  # fmt: skip

    async def ids(**wanted: Any) -> list[UUID]:
        return (await roster.find(RosterFilter(**wanted), Reach(), settings, limit=5)).ids

    assert await ids(role="annotator", project_id=project) == [one]
    assert await ids(role="annotator", project_id=uuid7()) == []
    assert await ids(role="annotator") == [one]
    assert await ids(standing="any") == await ids(standing="pause") == [one]
    assert await ids(standing="none") == [other]
    assert await ids(standing="require_exam") == []
    assert await ids(expires_within_days=30) == [other]
    assert await ids(expires_within_days=10) == []
    assert await ids(exam_id=uuid7()) == []
    assert (await roster.find(RosterFilter(), Reach(self_id=one), settings, limit=5)).ids == [one]
    vendor = await db.fetch_value("SELECT vendor FROM annotator WHERE id = :id", id=other)
    assert (await roster.find(RosterFilter(), Reach(vendor_id=vendor), settings, limit=5)).ids == [other]
    with pytest.raises(Invalid, match="Name the domain"):
        await ids(level=3)
