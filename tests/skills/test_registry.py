"""The tree as managers edit it: no loops, nothing lost, and beliefs that follow a move. On the real database."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel import db, outbox
from kernel.errors import PreconditionFailed
from kernel.settings import Settings
from routing.intake import open_tasks_in
from skills import domains, evidence, registry
from skills.belief import Belief
from skills.domains import DomainChange, DomainDraft
from skills.errors import BadLanguage, BadTree, DomainArchived, DomainExists, DomainInUse, NoSuchDomain, NoSuchRole
from skills.evidence import Observation, observe
from skills.grants import Grants, put_grants, roles_of, set_languages
from skills.languages import check_language
from skills.profiles import load_profile
from tests.routing.factory import make_annotator, make_project, make_tasks


async def add(code: str, parent: str | None = None) -> None:
    async with db.transaction("test"):
        await domains.add(DomainDraft(code=code, name_en=code.title(), name_zh=code, parent=parent))


async def change(code: str, **wish: Any) -> domains.DomainView:
    version = wish.pop("version", None)
    async with db.transaction("test"):
        return await domains.change(code, DomainChange(**wish), version)


async def archive(code: str) -> domains.DomainView:
    async with db.transaction("test"):
        return await domains.archive(code, "not needed", open_tasks_in)


async def codes() -> list[tuple[str, int]]:
    return [(one.code, one.depth) for one in await domains.domains()]


async def run_jobs(settings: Settings) -> int:
    done = 0
    while jobs := await outbox.take_due_jobs(settings):
        for job_id in jobs:
            done += await outbox.run_job(job_id, settings)
    return done


@pytest.mark.usefixtures("pool")
async def test_the_tree_is_edited() -> None:
    await add("cardiology", "medicine")
    await add("surgery", "medicine")
    await add("valves", "cardiology")
    assert (await codes())[:5] == [("general", 0), ("finance", 0), ("medicine", 0), ("cardiology", 1), ("valves", 2)]
    await change("surgery", position=0)
    assert [code for code, depth in await codes() if depth == 1] == ["surgery", "cardiology"]
    moved = await change("cardiology", parent="technology", name_en="Heart")
    assert (moved.parent, moved.name_en, moved.name_zh) == ("technology", "Heart", "cardiology")
    assert ("valves", 2) in await codes()
    assert (await change("cardiology", parent="general")).parent is None
    with pytest.raises(PreconditionFailed):
        await change("cardiology", name_en="Old", version=1)
    with pytest.raises(DomainExists):
        await add("law")
    with pytest.raises(NoSuchDomain):
        await change("astrology", name_en="Stars")


@pytest.mark.usefixtures("pool")
async def test_no_domain_stands_below_itself() -> None:
    await add("cardiology", "medicine")
    for code, parent in (("medicine", "medicine"), ("medicine", "cardiology"), ("general", "law")):
        with pytest.raises(BadTree):
            await change(code, parent=parent)
    deep = "law"
    for n in range(domains.DEEPEST):
        await add(f"level-{n}", deep)
        deep = f"level-{n}"
    with pytest.raises(BadTree):
        await change("medicine", parent=deep)


@pytest.mark.usefixtures("pool")
async def test_two_moves_at_once_make_no_loop() -> None:
    async def move(code: str, parent: str) -> bool:
        try:
            await change(code, parent=parent)
        except BadTree:
            return False
        return True

    done = await asyncio.gather(move("law", "medicine"), move("medicine", "law"))
    assert sorted(done) == [False, True]


@pytest.mark.usefixtures("pool")
async def test_what_is_archived_takes_nothing_new_and_keeps_what_was(settings: Settings) -> None:
    somebody = await make_annotator(settings, skills={"law": 4})
    await add("tax", "law")
    with pytest.raises(BadTree):
        await archive("law")
    await archive("tax")
    before = await load_profile(somebody)
    assert (await archive("law")).archived
    assert (await load_profile(somebody)).belief("law").mean == before.belief("law").mean
    assert "law" not in await registry.domain_codes()
    with pytest.raises(DomainArchived):
        await make_annotator(settings, skills={"law": 4})
    with pytest.raises(BadTree):
        await add("contracts", "law")
    with pytest.raises(BadTree):
        async with db.transaction("test"):
            await domains.restore("tax", "again")
    async with db.transaction("test"):
        await domains.restore("law", "needed after all")
    await make_annotator(settings, skills={"law": 4})
    with pytest.raises(BadTree):
        await archive("general")


@pytest.mark.usefixtures("pool")
async def test_a_domain_with_open_work_is_not_archived() -> None:
    async def seven(_: str) -> int:
        return 7

    with pytest.raises(DomainInUse) as refused:
        async with db.transaction("test"):
            await domains.archive("law", "why not", seven)
    assert refused.value.extra["open_tasks"] == 7


@pytest.mark.usefixtures("pool")
async def test_open_tasks_are_those_of_published_projects(settings: Settings) -> None:
    project_id = await make_project(settings)
    await make_tasks(project_id, 3, domain="law")
    assert await open_tasks_in("law") == 3
    assert await open_tasks_in("medicine") == 0
    with pytest.raises(DomainInUse):
        await archive("law")
    await db.execute("UPDATE project SET state = 'paused' WHERE id = :id", id=project_id)
    assert (await archive("law")).archived


@pytest.mark.usefixtures("pool")
async def test_whoever_begins_in_a_domain_is_waited_for_before_it_is_archived() -> None:
    began, go = asyncio.Event(), asyncio.Event()
    order: list[str] = []

    async def begin() -> None:
        async with db.transaction("test"):
            await registry.check_domains({"law"})
            began.set()
            await go.wait()
            order.append("begun")

    async def close() -> None:
        await began.wait()
        await archive("law")
        order.append("archived")

    closing = asyncio.create_task(close())
    beginning = asyncio.create_task(begin())
    await began.wait()
    await asyncio.sleep(0.2)
    go.set()
    await asyncio.gather(beginning, closing)
    assert order == ["begun", "archived"]


@pytest.mark.usefixtures("pool")
async def test_beliefs_follow_a_move_in_batches(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(domains, "REFOLD_BATCH", 2)
    await add("cardiology", "medicine")
    people = [await make_annotator(settings, skills={"general": 3}) for _ in range(5)]
    for n, annotator_id in enumerate(people):
        for domain in ("medicine", "cardiology", "law", "cardiology"):
            async with db.transaction("test"):
                await observe(
                    Observation(
                        annotator_id=annotator_id, domain=domain, kind="gold", source_type="item", source_id=uuid4(),
                        outcome=(n + len(domain)) % 2, difficulty=Belief(0.3 * n, 0.25),
                    )
                )  # fmt: skip
    await run_jobs(settings)
    await change("cardiology", parent="law")
    assert await evidence.differences() != [], "the stored beliefs are those of the old tree"
    assert [(one.domain, one.done, one.total) for one in await domains.refolding()] == [("cardiology", 0, 5)]
    assert await run_jobs(settings) == 3 + 5, "three batches, and the standing of five people"
    assert await evidence.differences() == []
    assert await domains.refolding() == []
    told = await db.fetch("SELECT data FROM event WHERE type = 'skills.refolded' ORDER BY seq")
    assert [(row["data"]["done"], row["data"]["total"]) for row in told] == [(2, 5), (4, 5), (5, 5)]
    assert await run_jobs(settings) == 0


@pytest.mark.usefixtures("pool")
async def test_evidence_that_is_being_taken_in_ends_before_the_tree_changes(settings: Settings) -> None:
    """Otherwise a newcomer's first evidence, learned by the old tree, would be seen by no refold."""
    await add("cardiology", "medicine")
    somebody = await make_annotator(settings, skills={})
    began, go = asyncio.Event(), asyncio.Event()

    async def learn() -> None:
        async with db.transaction("test"):
            await observe(
                Observation(
                    annotator_id=somebody, domain="cardiology", kind="gold", source_type="item", source_id=uuid4(),
                    outcome=1.0, difficulty=Belief(0, 0.25),
                )
            )  # fmt: skip
            began.set()
            await go.wait()

    learning = asyncio.create_task(learn())
    await began.wait()
    moving = asyncio.create_task(change("cardiology", parent="law"))
    await asyncio.sleep(0.2)
    assert not moving.done()
    go.set()
    await asyncio.gather(learning, moving)
    await run_jobs(settings)
    assert await evidence.differences() == []


@pytest.mark.usefixtures("pool")
async def test_roles_are_granted_everywhere_and_in_projects(settings: Settings) -> None:
    somebody, here = await make_annotator(settings, skills={}), await make_project(settings)
    async with db.transaction("person:boss"):
        await registry.add_role(registry.RoleDraft(code="rater", name_en="Rater", name_zh="评分员"))
        await put_grants(somebody, Grants(everywhere=["annotator"], projects={here: ["rater"]}, reason="new project"))
    profile = await load_profile(somebody)
    assert profile.holds("rater", here)
    assert not profile.holds("rater")
    assert not profile.holds("rater", UUID(int=1))
    async with db.transaction("test"):
        await registry.archive_role("rater", "merged", archived=True)
        await put_grants(somebody, Grants(everywhere=["annotator"], projects={here: ["rater"]}, reason="stays"))
        kept = await roles_of(somebody)
    assert {one.role: one.granted_by for one in kept}["rater"] == "person:boss"
    other = await make_annotator(settings, skills={})
    with pytest.raises(NoSuchRole):
        async with db.transaction("test"):
            await put_grants(other, Grants(everywhere=["rater"], reason="late"))
    reasons = await db.fetch("SELECT reason FROM audit_entry WHERE action = 'annotator.roles_granted' ORDER BY seq")
    assert [row["reason"] for row in reasons] == ["new project", "stays"]


@pytest.mark.usefixtures("pool")
async def test_languages_are_kept_in_canonical_case(settings: Settings) -> None:
    somebody = await make_annotator(settings, skills={})
    async with db.transaction("test"):
        found = await set_languages(somebody, {"EN": 5, "zh-hant-hk": 3})
    assert found == {"en": 5, "zh-Hant-HK": 3}
    with pytest.raises(BadLanguage):
        async with db.transaction("test"):
            await set_languages(somebody, {"en": 5, "EN": 3})


@pytest.mark.parametrize(
    ("tag", "canonical"),
    [("en", "en"), ("ZH-cn", "zh-CN"), ("sr-latn-rs", "sr-Latn-RS"), ("es-419", "es-419"), ("yue", "yue"),
     ("ca-VALENCIA", "ca-valencia"), ("sl-rozaj-1994", "sl-rozaj-1994"), ("de-ch-1901", "de-CH-1901")],
)  # fmt: skip
def test_language_tags(tag: str, canonical: str) -> None:
    assert check_language(tag) == canonical
    assert check_language(canonical) == canonical


@pytest.mark.parametrize(
    ("tag", "says"),
    [("zh_CN", "zh-CN"), ("english", "BCP 47"), ("xx", "ISO 639-1"), ("en-UK", "GB"), ("iw", "he"), ("", "BCP 47"),
     ("en-", "BCP 47"), ("en-u-nu-latn", "extensions"), ("de-1901-1901", "twice"), ("en-" + "variant1-" * 5 + "x", "35")],
)  # fmt: skip
def test_language_tags_that_are_none_say_what_to_write(tag: str, says: str) -> None:
    with pytest.raises(BadLanguage, match=says):
        check_language(tag)


@given(st.text(max_size=40))
def test_a_tag_is_canonical_or_refused(tag: str) -> None:
    try:
        canonical = check_language(tag)
    except BadLanguage:
        return
    assert check_language(canonical) == canonical
    assert canonical.lower() == tag.lower()


@pytest.mark.usefixtures("pool")
async def test_the_database_itself_refuses_a_loop() -> None:
    """Whatever writes: below its own child a domain would have no root, and nobody in it a belief."""
    async with db.transaction("test"):
        await db.execute(
            "INSERT INTO domain (code, parent_code, name_en, name_zh) VALUES ('loop', 'law', 'Loop', 'Loop')"
        )
    with pytest.raises(asyncpg.CheckViolationError):
        async with db.transaction("test"):
            await db.execute("UPDATE domain SET parent_code = 'loop' WHERE code = 'law'")
