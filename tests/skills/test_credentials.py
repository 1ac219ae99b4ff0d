"""What somebody shows: decided with a reason, true until its last day, told in time and once. On the real database."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel import db
from kernel.settings import Settings
from skills import credentials, isced
from skills.belief import Belief, level_floor
from skills.classes import Papers, classify
from skills.credentials import CredentialDraft, CredentialFacts, CredentialView
from skills.errors import BadCredential, CredentialDecided, NoSuchCredential
from skills.hierarchy import Tree
from skills.profiles import EXPERT_LEVEL, Profile, load_profile, skills_of
from tests.routing.factory import make_annotator

TREE = Tree({"general": None, "medicine": None, "cardiology": "medicine", "law": None})


async def shown(annotator_id: UUID, **changes: Any) -> UUID:
    facts: dict[str, Any] = {"domain": "law", "kind": "licence", "title": "Bar"} | changes
    async with db.transaction("person:self"):
        return await credentials.add_credential(annotator_id, CredentialDraft(**facts))


async def decide(credential_id: UUID, decision: Any, reason: str = "seen") -> CredentialView:
    async with db.transaction("person:boss"):
        return await credentials.decide(credential_id, decision, reason)


async def today() -> date:
    return await db.fetch_value("SELECT current_date")  # type: ignore[no-any-return]


@pytest.mark.usefixtures("pool")
async def test_the_way_of_a_credential(settings: Settings) -> None:
    somebody = await make_annotator(settings, skills={"law": 5})
    one = await shown(somebody)
    assert (await load_profile(somebody)).credentials == []
    verified = await decide(one, "verify", "number checked with the bar")
    assert (verified.state, verified.decided_by, verified.state_reason) == (
        "verified", "person:boss", "number checked with the bar",
    )  # fmt: skip
    assert verified.verified_at is not None
    assert (await load_profile(somebody)).proof("law", 4) == "credential"
    async with db.transaction("person:self"):
        edited = await credentials.change_credential(one, CredentialFacts(domain="law", kind="licence", title="Bar 2"))
    assert (edited.state, edited.decided_by, edited.verified_at) == ("unverified", None, None)
    assert (await load_profile(somebody)).credentials == []
    assert (await decide(one, "refuse", "illegible")).state == "refused"
    assert (await decide(one, "verify", "a better copy")).state == "verified"
    assert (await decide(one, "revoke", "the bar withdrew it")).state == "revoked"
    assert (await load_profile(somebody)).credentials == []
    with pytest.raises(CredentialDecided):
        await decide(one, "refuse")
    with pytest.raises(CredentialDecided):
        async with db.transaction("test"):
            await credentials.change_credential(one, CredentialFacts(domain="law", kind="licence", title="Bar 3"))
    with pytest.raises(NoSuchCredential):
        await decide(UUID(int=7), "verify")
    actions = [
        row["action"] for row in await db.fetch("SELECT action FROM audit_entry WHERE subject_type = 'annotator' AND action LIKE 'credential.%' ORDER BY seq")
    ]  # fmt: skip
    assert actions == [
        f"credential.{what}" for what in ("added", "verified", "changed", "refused", "verified", "revoked")
    ]


@pytest.mark.usefixtures("pool")
async def test_what_was_never_verified_can_be_withdrawn_altogether(settings: Settings) -> None:
    somebody = await make_annotator(settings, skills={})
    one, two = await shown(somebody), await shown(somebody, title="Notary")
    await decide(two, "verify")
    async with db.transaction("person:self"):
        await credentials.withdraw(one, "a mistake")
        await credentials.withdraw(two, "a mistake")
    rows = await credentials.credentials(annotator_id=somebody, limit=10)
    assert [(row.id, row.state) for row in rows] == [(two, "revoked")]


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "degree"},
        {"kind": "licence", "isced_level": 7},
        {"kind": "licence", "isced_field": "04"},
        {"kind": "degree", "isced_level": 7, "isced_field": "99"},
        {"kind": "degree", "isced_level": 7, "isced_field": "049"},
        {"issued_on": date(2026, 2, 1), "expires_on": date(2026, 1, 1)},
    ],
)
@pytest.mark.usefixtures("pool")
async def test_what_cannot_be_taken(settings: Settings, changes: dict[str, Any]) -> None:
    somebody = await make_annotator(settings, skills={})
    with pytest.raises(BadCredential):
        await shown(somebody, **changes)


def test_fields_lie_in_what_is_above_them() -> None:
    for code in isced.FIELDS:
        assert code[:2] in isced.FIELDS
        assert isced.known_field(code) == code
    assert isced.known_field("0421") == "042"
    assert sorted(isced.LEVELS) == list(range(9))


@pytest.mark.usefixtures("pool")
async def test_it_opens_no_door_from_the_day_after_its_last(settings: Settings) -> None:
    day = await today()
    for left in (-400, -2, -1, 0, 1, 30, 4000):
        somebody = await make_annotator(settings, skills={"law": 5})
        await decide(await shown(somebody, expires_on=day + timedelta(days=left)), "verify")
        profile = await load_profile(somebody)
        open_now = left >= 0
        assert (profile.credentials == ["law"]) == open_now, left
        assert profile.is_expert("law", settings.skill_lower_bound_z) == open_now, left
        (view,) = [one for one in await skills_of(somebody, settings.skill_lower_bound_z) if one.domain == "law"]
        assert (view.skill_class == "domain expert") == open_now
        assert view.reason_code == ("proven" if open_now else "expired")
        if open_now:
            assert view.proof is not None
            assert (view.proof.title, view.proof.until) == ("Bar", day + timedelta(days=left))
        else:
            assert view.proof is None


async def pass_days(days: int) -> None:
    """As if the calendar had gone on."""
    await db.execute(
        "UPDATE credential SET expires_on = expires_on - make_interval(days => :days)::interval", days=days
    )


async def remind(*days: int) -> list[tuple[str, int]]:
    last = await db.fetch_value("SELECT coalesce(max(seq), 0) FROM event")
    async with db.transaction("system:worker"):
        await credentials.remind_of_expiries(days)
    rows = await db.fetch(
        "SELECT type, data FROM event WHERE seq > :last AND type IN ('credential.expiring', 'credential.expired') ORDER BY seq",
        last=last,
    )
    return [(row["type"].removeprefix("credential."), row["data"]["days_left"]) for row in rows]


@pytest.mark.usefixtures("pool")
async def test_each_reminder_comes_once(settings: Settings) -> None:
    somebody = await make_annotator(settings, skills={})
    one = await shown(somebody, expires_on=await today() + timedelta(days=40))
    assert await remind(30, 7, 1) == []
    await decide(one, "verify")
    told: list[tuple[str, int]] = []
    for _ in range(45):
        for _ in range(2):
            told += await remind(30, 7, 1)
        await pass_days(1)
    assert told == [("expiring", 30), ("expiring", 7), ("expiring", 1), ("expired", -1)]
    renewed = CredentialFacts(domain="law", kind="licence", title="Bar", expires_on=await today() + timedelta(days=5))
    async with db.transaction("test"):
        await credentials.change_credential(one, renewed)
    assert await remind(30, 7, 1) == [], "nobody has verified the new date"
    await decide(one, "verify")
    assert await remind(30, 7, 1) == [("expiring", 5)]
    assert await remind(30, 7, 1) == []


@pytest.mark.usefixtures("pool")
async def test_reminders_of_any_calendar_are_never_repeated(settings: Settings) -> None:
    somebody = await make_annotator(settings, skills={})
    for number, left in enumerate((0, 1, 2, 6, 7, 8, 29, 30, 31, 90)):
        expires_on = await today() + timedelta(days=left)
        await decide(await shown(somebody, title=f"Paper {number}", expires_on=expires_on), "verify")
    steps = (0, 0, 1, 3, 0, 9, 20, 1, 60, 30, 0)
    seen: dict[tuple[str, str], int] = {}
    for step in steps:
        await pass_days(step)
        async with db.transaction("system:worker"):
            await credentials.remind_of_expiries((30, 7, 1))
    rows = await db.fetch("SELECT type, data FROM event WHERE type IN ('credential.expiring', 'credential.expired')")
    for row in rows:
        left = row["data"]["days_left"]
        due = next((days for days in (1, 7, 30) if left <= days), None) if left >= 0 else -1
        key = (row["data"]["title"], f"{row['type']} {due}")
        seen[key] = seen.get(key, 0) + 1
    assert set(seen.values()) == {1}
    assert sum(1 for _, what in seen if what.startswith("credential.expired")) == 10


@given(
    mean=st.floats(-3, 4), variance=st.floats(0.01, 2), paper=st.sampled_from(["law", "medicine", "cardiology", "general", None]),
    exam=st.sampled_from([None, ("medicine", 3), ("medicine", 4), ("law", 5)]), domain=st.sampled_from(sorted(TREE.parents)),
    lapsed=st.sampled_from([None, "unverified", "verified"]), z=st.floats(0, 2),
)  # fmt: skip
def test_the_class_is_what_proof_and_bound_say(
    *, mean: float, variance: float, paper: str | None, exam: tuple[str, int] | None, domain: str, lapsed: str | None,
    z: float,
) -> None:  # fmt: skip
    profile = Profile(
        UUID(int=1), "A", None, "active", None, 3, [], {}, {domain: Belief(mean, variance)}, [paper] if paper else [],
        tree=TREE, exams=dict([exam]) if exam else {},
    )  # fmt: skip
    proofs = (
        [{"kind": "credential", "domain": paper, "id": UUID(int=2), "title": "P", "level": 5, "expires_on": None}]
        if paper
        else []
    )
    if exam:
        proofs.append(
            {"kind": "exam", "domain": exam[0], "id": UUID(int=3), "title": "E", "level": exam[1], "expires_on": None}
        )
    papers = Papers(proofs, [{"domain": domain, "state": lapsed, "expired": lapsed == "verified"}] if lapsed else [])
    found = classify(profile, papers, domain, z, EXPERT_LEVEL)
    enough = mean - z * variance**0.5 >= level_floor(EXPERT_LEVEL)
    above = {"cardiology": {"cardiology", "medicine"}}.get(domain, {domain})
    proven = paper in above or (exam is not None and exam[0] in above and exam[1] >= EXPERT_LEVEL)
    assert (found.skill_class == "domain expert") == (proven and enough) == profile.is_expert(domain, z)
    assert (found.proof is not None) == proven
    expected = (
        ("proven" if enough else "bound_too_low")
        if proven
        else {"unverified": "unverified", "verified": "expired", None: "no_proof"}[lapsed]
    )
    assert found.reason_code == expected
    if found.proof is not None:
        assert found.proof.domain in above
