"""The demo goes into a fresh installation once, wholly, and never among an operation's own people."""

import asyncio
import stat
from pathlib import Path
from uuid import UUID, uuid4

import msgspec
import pytest

from callboard.access import passwords, people
from callboard.checks import check
from callboard.demo import judging, seeding
from callboard.demo.content import logins as content_logins
from callboard.demo.content import people as content_people
from callboard.demo.operation import CHECKS, GUIDE, GUIDED, PROJECTS, TOUR
from callboard.demo.past import plan
from callboard.demo.pay_stories import ABROAD, CURRENCY, rates_of
from callboard.demo.paying import account_of
from callboard.demo.seeding import NotFresh, Seeded, describe_logins, seed
from callboard.demo.workforce import PASSWORDS, external_id, logins
from callboard.pages.demo_logins import FILE as LOGINS_FILE
from callboard.pages.demo_logins import demo_logins
from kernel import clock, db
from kernel.settings import Settings
from payments import bank, checklist, exchange, exchange_rates, pay_dispute_views, payout_views, payouts, periods
from payments.pay_dispute_views import PayDisputeFilters
from routing import agreeing, calibration_sets, disputes, inspecting, lot_book, waiting
from routing.projects import project_named
from skills.belief import level_floor
from skills.evidence import differences
from skills.history import load_story
from skills.profiles import load_profile
from tests.routing.factory import claim_one, make_annotator, submit, verdict

pytestmark = pytest.mark.usefixtures("pool")


async def counts() -> dict[str, int]:
    tables = ("annotator", "person", "project", "task", "slot", "transfer", "credential", "evidence", "event")
    return {table: await db.fetch_value(f"SELECT count(*) FROM {table}") for table in tables}  # noqa: S608  our own names


async def person(key: str) -> UUID:
    return await db.fetch_value(  # type: ignore[no-any-return]
        "SELECT id FROM annotator WHERE external_id = :name", name=f"demo:{key}"
    )


async def test_a_second_seed_adds_nothing(settings: Settings) -> None:
    first = await seed(settings)
    assert first == Seeded(40, 7, 100 + 24 + 8 + 9)
    before = await counts()
    assert before["person"] == 3
    assert before["annotator"] == 42
    assert await seed(settings) == Seeded()
    assert await counts() == before
    report = await check()
    assert report.ok, report.to_text()


async def test_every_page_about_review_has_something_to_show(settings: Settings) -> None:
    await seed(settings)
    checks = (await project_named(CHECKS)).id
    waits = "SELECT count(*) FROM slot WHERE project = :id AND kind = 'review' AND stage = :stage AND state = 'free'"
    assert await db.fetch_value(waits, id=checks, stage=6) == 1, "a decision between answers"
    assert (await agreeing.agreement(checks)).lines
    assert [one.items for one in await calibration_sets.sets(checks)] == [judging.PIECES]
    assert {one.state for one in await lot_book.lots_of(checks)} == {"open"}
    visitor = await person("reviewer")
    assert len(await inspecting.lots_for(visitor, settings)) == 1
    assert len(await disputes.disputes(state="open", limit=9)) == 1
    assert (await db.fetch_value("SELECT sum(judged) FROM quality_day WHERE project = :id", id=checks)) > 10


async def test_two_seeds_at_once_make_one_demo(settings: Settings) -> None:
    added = await asyncio.gather(seed(settings), seed(settings))
    assert sorted(result.projects for result in added) == [0, 7]
    assert (await counts())["project"] == 7


async def test_a_seed_that_fails_leaves_nothing(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object) -> int:
        raise RuntimeError("the light went out")

    with monkeypatch.context() as broken:
        broken.setattr(seeding, "_make", fail)
        with pytest.raises(RuntimeError):
            await seed(settings)
    assert set((await counts()).values()) == {0}
    assert (await seed(settings)).projects == 7


async def test_an_installation_in_use_is_left_alone(settings: Settings) -> None:
    await make_annotator(settings)
    before = await counts()
    with pytest.raises(NotFresh):
        await seed(settings)
    assert await counts() == before


async def test_an_installation_with_accounts_of_its_own_is_left_alone(settings: Settings) -> None:
    await people.ensure_admin(settings)
    draft = people.PersonDraft(email="kim@example.org", display_name="Kim", roles=["manager"])
    async with db.transaction("test"):
        await people.create(draft, password_hash="x")
    with pytest.raises(NotFresh):
        await seed(settings)


async def test_the_first_administrator_does_not_stand_in_the_way(settings: Settings) -> None:
    await people.ensure_admin(settings)
    assert (await seed(settings)).people == 40


async def test_the_logins_work_and_are_shown_to_the_sign_in_page(settings: Settings) -> None:
    await seed(settings)
    assert {login.role for login in logins()} == {"manager", "annotator", "reviewer"}
    for login in logins():
        passwords.check(login.password, settings, email=login.email)
        row = await db.fetch_one("SELECT password_hash, roles FROM person WHERE email = :email", email=login.email)
        assert row is not None
        assert row["roles"] == [login.role]
        assert await passwords.verify(PASSWORDS[login.role], row["password_hash"], settings)
        assert any(login.email in line and login.password in line for line in describe_logins())
    assert [shown.email for shown in demo_logins(settings)] == [login.email for login in logins()]
    file = settings.data_dir / LOGINS_FILE
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


async def test_only_the_visitor_is_given_the_tour_and_finds_it_first(settings: Settings) -> None:
    await seed(settings)
    tour = await project_named(TOUR)
    visitor, reviewer = await person("annotator"), await person("reviewer")
    for number in range(5):
        held = await claim_one(settings, visitor)
        assert held.project_id == tour.id
        assert held.language == "en" or number >= 3
        await submit(settings, held)
        judged = await claim_one(settings, reviewer)
        assert (judged.kind, judged.task_id) == ("review", held.task_id)
        await verdict(settings, judged, "accept")
    holders = await db.fetch("SELECT annotator FROM annotator_role WHERE role = :role", role=GUIDE)
    assert [row["annotator"] for row in holders] == [visitor]


async def test_somebody_who_is_simulated_is_able_to_take_every_other_task(settings: Settings) -> None:
    """Of each lane of annotation and of review, at least two people at the start."""
    await seed(settings)
    from callboard.demo.content import people as content_people

    able: dict[str, int] = {}
    for somebody in content_people():
        row = await db.fetch_one("SELECT id FROM annotator WHERE external_id = :name", name=external_id(somebody))
        assert row is not None
        for offer in await waiting.what_waits(row["id"], settings):
            if offer.eligible and offer.project_name != CHECKS:
                key = f"{offer.project_name} {offer.domain} {offer.language} {offer.difficulty_band}"
                able[key] = able.get(key, 0) + 1
    lanes = await db.fetch_value(
        "SELECT count(*) FROM lane l JOIN project p ON p.id = l.project WHERE kind = 'annotation' AND p.name <> ALL (:guided)",
        guided=[*GUIDED, CHECKS],
    )
    assert len(able) == lanes == 50
    assert min(able.values()) >= 2


def test_projects_pay_and_describe_themselves() -> None:
    names = [project.name for project in PROJECTS]
    assert len(set(names)) == len(names) == 6
    for project in PROJECTS:
        facts = project.facts()
        assert len(facts["guidelines"]) > 200
        assert project.drafts()
        assert len({draft.external_id for draft in project.drafts()}) == len(project.drafts())
        for draft in project.drafts():
            assert msgspec.convert(msgspec.to_builtins(draft), type(draft)) == draft


def test_the_page_on_the_demo_names_the_logins_as_they_are() -> None:
    page = (Path(__file__).parents[2] / "docs" / "demo.md").read_text(encoding="utf-8")
    for login in logins():
        assert f"| {login.name} | {login.email} | `{login.password}` |" in page


async def test_everybody_has_a_past_and_is_still_what_their_level_says(settings: Settings) -> None:
    await seed(settings)
    for who in (*content_people(), *content_logins()):
        if not who.skills:
            continue
        profile = await load_profile(await person(who.key))
        for domain, level in who.skills.items():
            assert profile.belief(domain).lower_bound(settings.skill_lower_bound_z) >= level_floor(level), (
                who.key,
                domain,
            )
    annotator_id = await person("annotator")
    story = await load_story(await load_profile(annotator_id), settings.skill_half_life_days)
    points = story.points("general", clock.now())
    assert len([point for point in points if point.kinds]) >= 10
    assert (points[-1].at - points[0].at).days >= 80
    taken_back = "SELECT count(*) FROM evidence WHERE annotator = :id AND retracts IS NOT NULL"
    assert await db.fetch_value(taken_back, id=annotator_id) == 1
    assert await differences() == []


def test_the_past_is_the_same_at_every_start() -> None:
    who, parents, now = content_people()[0], {"general": None, "law": None, "technology": None}, clock.now()
    one, other = (plan(uuid4(), who, parents, now, visitor=False) for _ in range(2))
    same = [(at, o.domain, o.kind, o.source_id, o.outcome, o.stated) for at, o in one]
    assert same == [(at, o.domain, o.kind, o.source_id, o.outcome, o.stated) for at, o in other]
    assert all(at <= now for at, _ in one)


async def test_the_months_before_are_paid_by_files_and_the_next_payout_is_drafted(settings: Settings) -> None:
    await seed(settings)
    assert [one.state for one in await periods.periods(limit=9)] == ["closed"] * 4
    drafted, paid = await payouts.batches(limit=9)
    assert (paid.state, paid.open_lines, drafted.state) == ("reconciled", 0, "drafted")
    assert paid.returned.micros > 0
    assert paid.approved_by != paid.author
    tries = {one.attempt for one in await payout_views.lines(drafted.id, settings, limit=99)}
    assert tries == {1, 2}, "what came back is tried again"
    last = (await periods.periods(limit=1))[0]
    found = [one.why for one in await checklist.exceptions(last.id, settings)]
    assert (found.count("unusual"), found.count("no_bank_details")) == (1, 2)
    assert account_of(10_000_001) == "GB" + account_of(10_000_001)[2:4] + "TEST00000010000001"
    assert bank.iban_fits(account_of(10_000_001))
    abroad = await person(content_people()[ABROAD].key)
    assert (await exchange.pay_currency(abroad), await exchange_rates.missing()) == (CURRENCY, [])
    assert rates_of(clock.now().date()) == rates_of(clock.now().date())
    (waits,) = (await pay_dispute_views.pay_disputes(PayDisputeFilters(state="open"), limit=9)).items
    assert (waits.kind, waits.not_yours, waits.overdue) == ("posted", False, False)
