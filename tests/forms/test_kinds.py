"""Declared kinds on the real database: intake, versions, handing in, correcting, evidence, consensus."""

from typing import Any
from uuid import UUID

import asyncpg
import pytest

from kernel import db
from kernel.errors import PreconditionFailed
from kernel.settings import Settings
from routing import leases
from routing.assignments import AssignmentView
from routing.forms import store
from routing.forms.errors import AnswerRefused, BadForm, FormBreaksTasks, NoSuchForm, PayloadRefused
from routing.forms.store import FormDraft
from routing.review import submission
from skills.evidence import differences, retract
from tests.forms.examples import ANSWERS, CUSTOM, PAYLOADS
from tests.routing.factory import claim_one, make_annotator, make_project, make_reviewer, make_tasks, submit, verdict

pytestmark = pytest.mark.usefixtures("pool")


async def put(project_id: UUID, declared: dict[str, Any], kind: str = "tone", **options: Any) -> store.FormView:
    async with db.transaction("person:test"):
        return await store.put_form(project_id, kind, FormDraft(declaration=declared, reason="because"), **options)


async def held(settings: Settings, kind: str, **project: Any) -> AssignmentView:
    project_id = await make_project(settings, **project)
    await make_tasks(project_id, kind=kind, payload=PAYLOADS[kind])
    return await claim_one(settings, await make_annotator(settings))


@pytest.mark.parametrize("kind", sorted(PAYLOADS))
async def test_from_intake_to_a_verdict(settings: Settings, kind: str) -> None:
    one = await held(settings, kind)
    with pytest.raises(AnswerRefused) as refused:
        await submit(settings, one, {"nonsense": 1})
    assert "/nonsense" in [fault["path"] for fault in refused.value.extra["errors"]]
    done = await submit(settings, one, ANSWERS[kind])
    assert done == await submit(settings, one, ANSWERS[kind]), "sent twice is sent once"
    kept = (await submission(done.submission_id)).payload
    assert {name: value for name, value in kept.items() if name != "shown"} == ANSWERS[kind]
    if kind.startswith("preference"):
        assert sorted(kept["shown"]["/candidates"]) == [item["id"] for item in PAYLOADS[kind]["candidates"]]
    look = await claim_one(settings, await make_reviewer(settings), kinds=["review"])
    assert (await verdict(settings, look, "accept")).task_state == "accepted"


async def test_a_task_without_what_is_shown_is_refused_with_its_path(settings: Settings) -> None:
    project_id = await make_project(settings)
    with pytest.raises(PayloadRefused) as refused:
        await make_tasks(project_id, kind="preference_pair", payload={"prompt": "?", "candidates": ["one"]})
    assert [fault["path"] for fault in refused.value.extra["errors"]] == ["/payload/candidates"] * 1
    with pytest.raises(PayloadRefused):
        await make_tasks(project_id, kind="choice", payload={"question": "?", "choices": ["a", "b"], "answer": 7})
    assert await db.fetch_value("SELECT count(*) FROM task") == 0
    await make_tasks(project_id, kind="somebodys-own", payload={"anything": 1})


async def test_versions_follow_one_another_and_never_change(settings: Settings) -> None:
    project_id = await make_project(settings)
    with pytest.raises(NoSuchForm):
        await store.form(project_id, "tone")
    first = await put(project_id, CUSTOM)
    assert (first.version, (await put(project_id, CUSTOM)).version) == (1, 1)
    with pytest.raises(PreconditionFailed):
        await put(project_id, CUSTOM | {"help": {"en": "?"}}, version=0)
    second = await put(project_id, CUSTOM | {"help": {"en": "?"}}, version=1)
    assert [one.version for one in await store.versions(project_id, "tone")] == [2, 1]
    assert await store.form(project_id, "tone") == second
    assert "tone" in [one.kind for one in await store.forms(project_id)]
    assert await db.fetch_value("SELECT name_zh FROM task_kind WHERE code = 'tone'") == "语气"
    assert (
        await db.fetch_value("SELECT count(*) FROM audit_entry WHERE action = 'form.changed' AND reason = 'because'")
        == 2
    )
    for change in ("UPDATE task_form SET version = 9", "DELETE FROM task_form"):
        with pytest.raises(asyncpg.PostgresError):
            await db.execute(change)
    for kind in ("dialogue", "review", "Tone!", ""):
        with pytest.raises(BadForm):
            await put(project_id, CUSTOM, kind)


async def test_nobodys_form_changes_under_their_hands(settings: Settings) -> None:
    project_id = await make_project(settings)
    await put(project_id, CUSTOM)
    await make_tasks(project_id, 2, kind="tone", payload={"line": "Good morning."})
    before = await claim_one(settings, await make_annotator(settings))
    strict = CUSTOM | {"answer": CUSTOM["answer"] | {"required": ["tone", "note"]}}
    await put(project_id, strict)
    after = await claim_one(settings, await make_annotator(settings, "Bea"))
    await submit(settings, before, {"tone": "warm"})
    with pytest.raises(AnswerRefused):
        await submit(settings, after, {"tone": "warm"})
    await submit(settings, after, {"tone": "warm", "note": "it is"})
    look = await claim_one(settings, await make_reviewer(settings), kinds=["review"])
    assert look.task_id == before.task_id
    await verdict(settings, look, "fix", corrected={"tone": "cold"})


async def test_a_version_that_breaks_waiting_tasks_is_refused(settings: Settings) -> None:
    project_id = await make_project(settings)
    await put(project_id, CUSTOM)
    await make_tasks(project_id, kind="tone", payload={"line": "Good morning."})
    other = CUSTOM["layout"][0] | {"from": "/text"}
    with pytest.raises(FormBreaksTasks) as refused:
        await put(project_id, CUSTOM | {"layout": [other, *CUSTOM["layout"][1:]]})
    assert refused.value.extra["errors"][0]["path"] == "/text"
    await put(project_id, CUSTOM | {"layout": [other | {"optional": True}, *CUSTOM["layout"][1:]]})


async def test_a_correction_is_held_against_the_form_and_keeps_the_order(settings: Settings) -> None:
    one = await held(settings, "preference_ranking")
    done = await submit(settings, one, ANSWERS["preference_ranking"])
    order = (await submission(done.submission_id)).payload["shown"]
    look = await claim_one(settings, await make_reviewer(settings), kinds=["review"])
    with pytest.raises(AnswerRefused):
        await verdict(settings, look, "fix", corrected={"ranking": [["a"], ["b"]]})
    await verdict(settings, look, "fix", corrected={"ranking": [["a"], ["c"], ["b"]]})
    kept = await db.fetch_value("SELECT corrected FROM verdict")
    assert kept == {"ranking": [["a"], ["c"], ["b"]], "shown": order}, "a comment may go in a correction"


@pytest.mark.parametrize(("label", "outcome"), [("Sencha", 1.0), ("Assam", 0.0)])
async def test_a_known_answer_is_evidence(settings: Settings, label: str, outcome: float) -> None:
    one = await held(settings, "choice")
    await submit(settings, one, {"label": label})
    rows = await db.fetch("SELECT annotator, domain, outcome, source_type FROM evidence WHERE kind = 'gold'")
    assert [(row["outcome"], row["domain"], row["source_type"]) for row in rows] == [(outcome, "general", "answer")]
    await submit(settings, one, {"label": label})
    assert await db.fetch_value("SELECT count(*) FROM evidence WHERE kind = 'gold'") == 1


@pytest.mark.parametrize("outcome", ["accept", "rework"])
async def test_a_key_and_a_verdict_are_one_proof(settings: Settings, outcome: str) -> None:
    """The belief is that of the key alone; without the key it is that of the verdict alone; the fold finds no difference."""
    one = await held(settings, "choice")
    await submit(settings, one, {"label": "Sencha"})
    by_key = await belief(one.annotator_id)
    look = await claim_one(settings, await make_reviewer(settings), kinds=["review"])
    await verdict(settings, look, outcome)
    assert await belief(one.annotator_id) == by_key
    rows = await db.fetch(
        "SELECT kind, weight FROM evidence WHERE annotator = :id AND outcome IS NOT NULL ORDER BY observed_at",
        id=one.annotator_id,
    )
    assert [tuple(row) for row in rows] == [("gold", 1.0), ("review_verdict", 0.0)]
    assert await differences() == []
    if outcome == "rework":  # what comes next is by somebody who was told: its verdict counts, no key does
        await submit(settings, await claim_one(settings, one.annotator_id), {"label": "Sencha"})
        await verdict(settings, await claim_one(settings, look.annotator_id, kinds=["review"]), "accept")
        weights = await db.fetch(
            "SELECT kind, weight FROM evidence WHERE annotator = :id AND outcome IS NOT NULL ORDER BY observed_at",
            id=one.annotator_id,
        )
        assert [tuple(row) for row in weights] == [("gold", 1.0), ("review_verdict", 0.0), ("review_verdict", 1.0)]
    async with db.transaction("person:boss"):
        key = await db.fetch_value("SELECT id FROM evidence WHERE kind = 'gold'")
        await retract(key, "the key was wrong")
    assert await differences() == []
    standing = await db.fetch(
        "SELECT kind, weight FROM evidence e WHERE annotator = :id AND outcome IS NOT NULL AND NOT EXISTS (SELECT FROM evidence x WHERE x.retracts = e.id)",
        id=one.annotator_id,
    )
    assert {tuple(row) for row in standing} == {("review_verdict", 1.0)}
    assert (await belief(one.annotator_id) == by_key) == (outcome == "accept"), (
        "a right key and an accepted answer say the same"
    )


async def belief(annotator_id: UUID) -> Any:
    row = await db.fetch_one(
        "SELECT own_precision, own_shift FROM skill WHERE annotator = :id AND domain = 'general'", id=annotator_id
    )
    assert row is not None
    return tuple(row)


async def test_late_work_that_nobody_waits_for_is_no_evidence(settings: Settings) -> None:
    one = await held(settings, "choice")
    async with db.transaction("system:sweep"):
        await leases.decline(one.id, one.annotator_id, one.epoch, settings, reason="unclear")
    assert not await db.fetch_value("SELECT count(*) FROM evidence WHERE kind = 'gold'")


async def test_choices_are_agreed_upon(settings: Settings) -> None:
    """A `choice` writes `label`, which the consensus of a project reads."""
    project_id = await make_project(settings, overlap=1, consensus_target=0.95, most_answers=3)
    await make_tasks(project_id, kind="choice", payload=PAYLOADS["choice"])
    for name, label in (("Ann", "Sencha"), ("Bea", "Assam")):
        await submit(settings, await claim_one(settings, await make_annotator(settings, name)), {"label": label})
    events = await db.fetch(
        "SELECT type, data FROM event WHERE type IN ('task.answer_wanted', 'task.answers_suffice') ORDER BY seq"
    )
    assert [row["type"] for row in events] == ["task.answer_wanted"] * 2
    assert set(events[-1]["data"]["posterior"]) == {"Sencha", "Assam"}
