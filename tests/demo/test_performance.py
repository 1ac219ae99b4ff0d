"""Simulated people on the real app: whatever they do to a task, it ends accepted and paid, once."""

import asyncio
import json
import stat
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import msgspec
import pytest

from callboard.checks import check
from callboard.demo import author, crew, performance, reviewer
from callboard.demo.admission import token
from callboard.demo.author import annotate
from callboard.demo.client import Api
from callboard.demo.frontend import Frontend
from callboard.demo.operation import PROJECTS, TOUR
from callboard.demo.performance import NotAdmitted, Stalled, tally, to_completion, without_end
from callboard.demo.reviewer import decide
from callboard.demo.seeding import seed
from callboard.demo.setting_up import SetUp, prepare
from callboard.demo.stage import Player, Stage
from callboard.importing.events import Unreadable
from kernel import db
from kernel.settings import Settings
from payments.earnings import project_budget
from routing import leases
from skills.annotators import assess
from skills.belief import level_floor
from skills.profiles import load_profile
from tests.demo.chaos import write_sample
from tests.routing.factory import lapse

TASKS = 8
ENOUGH = 10
"""Answers of an endless run that is then ended; at its first ones the wishes of the tour would be among them."""


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    file = tmp_path / "sample.ndjson"
    write_sample(file, TASKS)
    return file


@pytest.fixture
async def basis(app: object, settings: Settings, sample: Path) -> SetUp:
    return await prepare(settings, sample, finite=True)


@pytest.fixture
async def api(client: httpx.AsyncClient, basis: SetUp) -> Api:
    client.headers["authorization"] = f"Bearer {basis.token}"
    return Api(client, patience_seconds=10)


def stage_for(api: Api, basis: SetUp, **changes: Any) -> Stage:
    return Stage(api, basis.project_ids, **{"people_at_once": 8, "finite": True, **changes})


async def finish(stage: Stage, players: list[Player]) -> performance.Tally:
    return await to_completion(stage, players, lambda _: None)


async def all_is_well() -> None:
    report = await check()
    assert report.ok, report.to_text()


async def test_every_task_of_a_file_ends_accepted_and_paid(api: Api, basis: SetUp) -> None:
    stage = stage_for(api, basis)
    end = await finish(stage, basis.players)
    assert (end.tasks, end.accepted, end.paid, end.rejected) == (TASKS, TASKS, TASKS, 0)
    assert stage.counts["replies"] >= TASKS
    assert not [name for name in stage.counts if name.startswith("refused")]
    assert end.amounts["USD"] > TASKS * 6
    await all_is_well()


async def test_careless_people_finish_too(api: Api, basis: SetUp, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work that is sent back, rejected, declined and released all the time still comes to a good end."""
    monkeypatch.setattr(author, "RELEASE_SHARE", 0.4)
    monkeypatch.setattr(author, "DECLINE_SHARE", 0.3)
    monkeypatch.setattr(reviewer, "REJECT_SHARE_POOR", 0.6)
    careless = [Player(player.id, msgspec.structs.replace(player.person, care=0.0)) for player in basis.players]
    stage = stage_for(api, basis)
    end = await finish(stage, careless)
    assert (end.tasks, end.accepted, end.paid, end.rejected) == (TASKS, TASKS, TASKS, 0)
    # What it is, is thrown for each piece; in a run as short as this one of a pair may stay away.
    assert stage.counts["declined"] + stage.counts["released"], stage.counts
    assert stage.counts["verdict fix"] + stage.counts["verdict rework"] + stage.counts["verdict reject"], stage.counts
    await all_is_well()


async def test_a_second_run_finds_all_done(api: Api, basis: SetUp, settings: Settings, sample: Path) -> None:
    first = await finish(stage_for(api, basis), basis.players)
    again = await prepare(settings, sample, finite=True)
    assert again.project_ids == basis.project_ids
    assert {player.id for player in again.players} == {player.id for player in basis.players}
    assert await finish(stage_for(api, again), again.players) == first


async def test_the_same_file_adds_neither_tasks_nor_budget(basis: SetUp, settings: Settings, sample: Path) -> None:
    project_id = UUID(basis.project_ids[0])
    before = await project_budget(project_id)
    await prepare(settings, sample, finite=True)
    assert await project_budget(project_id) == before
    assert await db.fetch_value("SELECT count(*) FROM task WHERE project = :id", id=project_id) == TASKS


async def test_work_that_was_interrupted_is_taken_up(api: Api, basis: SetUp) -> None:
    player = next(player for player in basis.players if player.person.key == "crew-ada")
    wish = {"annotator_id": player.id, "project_ids": basis.project_ids, "kinds": ["annotation"], "limit": 3}
    held = (await api.post("/assignments/claim", wish))["assignments"]
    assert len(held) == 3, "all that this person may hold"
    start = held[0]["task"]["payload"]
    opening = {"epoch": held[0]["epoch"], "topic": start["title"], "text": start["opening"]}
    await api.post(f"/assignments/{held[0]['id']}/dialogue", opening)
    end = await finish(stage_for(api, basis), basis.players)
    assert end.paid == TASKS
    rows = await db.fetch("SELECT state FROM assignment WHERE id = ANY (:ids::uuid[])", ids=[one["id"] for one in held])
    assert {row["state"] for row in rows} <= {"submitted", "declined", "released"}


async def test_a_hold_that_was_lost_is_let_go(api: Api, basis: SetUp, settings: Settings) -> None:
    player = next(player for player in basis.players if player.person.key == "crew-ada")
    wish = {"annotator_id": player.id, "project_ids": basis.project_ids, "kinds": ["annotation"]}
    (held,) = (await api.post("/assignments/claim", wish))["assignments"]
    await lapse(UUID(held["id"]))
    async with db.transaction("test"):
        assert await leases.sweep(settings) == 1
    stage = stage_for(api, basis)
    await annotate(stage, player, held)
    assert stage.counts["lost"] == 1
    assert stage.counts["submitted"] == 0


async def test_an_imported_dialogue_is_continued(
    app: object, settings: Settings, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    seeded = [{"role": "user", "text": "What is a callboard?"}, {"role": "assistant", "text": "A board backstage."}]
    payloads: list[dict[str, Any]] = [
        {"turns": seeded},
        {"turns": seeded[:1]},
        {"turns": [{"role": "system", "text": "Be brief."}]},
        {"opening": "Hello?\nSecond line."},
        {},
    ]
    file = tmp_path / "odd.ndjson"
    with file.open("w") as out:
        for number, payload in enumerate(payloads):
            task: dict[str, Any] = {
                "external_id": f"odd-{number}",
                "domain": "law",
                "language": "de",
                "payload": payload,
            }
            out.write(json.dumps(task) + "\n")
        task = {"external_id": "odd-credential", "domain": "medicine", "language": "zh-CN", "difficulty": 5,
                "requirements": {"credential": True, "min_level": 5, "role": "model_evaluator"}, "payload": {"opening": "?"}}  # fmt: skip
        out.write(json.dumps(task) + "\n")
        out.write(
            json.dumps({"external_id": "odd-kind", "kind": "ranking", "domain": "law", "language": "de", "payload": {}})
            + "\n"
        )
    basis = await prepare(settings, file, finite=True)
    client.headers["authorization"] = f"Bearer {basis.token}"
    stage = stage_for(Api(client, patience_seconds=10), basis)
    end = await finish(stage, basis.players)
    assert (end.tasks, end.accepted, end.paid) == (7, 7, 7)
    assert not [name for name in stage.counts if name.startswith("refused")]
    await all_is_well()


async def test_a_file_with_bad_lines_is_refused_by_its_line(app: object, settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "bad.ndjson"
    tasks: list[dict[str, Any]] = [
        {"external_id": name, "domain": name, "language": "en", "payload": {}} for name in ("law", "alchemy")
    ]
    file.write_text("".join(json.dumps(task) + "\n" for task in tasks))
    with pytest.raises(Unreadable, match=r"line 2.*alchemy"):
        await prepare(settings, file, finite=True)


async def test_nobody_is_left_to_guess_why_a_run_stalls(
    api: Api, basis: SetUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(performance, "STALL_SECONDS", 2.0)
    authors = [player for player in basis.players if player.kinds == ["annotation"]]
    with pytest.raises(Stalled, match=r"8 of 8 tasks are left.*nothing_waiting \(annotation\)"):
        await finish(stage_for(api, basis), authors)


async def test_a_token_that_was_revoked_ends_the_run_and_is_replaced(
    api: Api, basis: SetUp, settings: Settings
) -> None:
    file = settings.data_dir / "demo" / "token"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert await token(settings) == basis.token
    from callboard.access import recent

    await db.execute("UPDATE api_token SET revoked_at = clock_timestamp()")
    recent.forget_all()
    with pytest.raises(NotAdmitted, match="invalid_token"):
        await finish(stage_for(api, basis), basis.players)
    assert await token(settings) != basis.token


async def test_the_endless_run_works_and_keeps_a_bounded_queue_and_the_tour(
    app: object, settings: Settings, client: httpx.AsyncClient
) -> None:
    basis = await prepare(settings, None, finite=False)
    tour = str(basis.ids[TOUR])
    assert tour not in basis.project_ids
    client.headers["authorization"] = f"Bearer {basis.token}"
    api = Api(client, patience_seconds=10)
    stage = stage_for(api, basis, finite=False, pace=1000.0)
    fewer = msgspec.structs.replace(settings, demo_waiting_tasks=60)
    said: list[str] = []
    running = asyncio.create_task(without_end(stage, basis.players, basis.ids, fewer, said.append))
    async with asyncio.timeout(60):
        while stage.counts["submitted"] < ENOUGH and not running.done():
            await asyncio.sleep(0.05)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert (await tally(api, [tour])).accepted == 0
    assert await db.fetch_value("SELECT count(*) FROM assignment WHERE project = :id", id=UUID(tour)) == 0
    await all_is_well()


async def test_the_frontend_fills_up_to_its_share_under_new_names(
    app: object, settings: Settings, client: httpx.AsyncClient
) -> None:
    basis = await prepare(settings, None, finite=False)
    client.headers["authorization"] = f"Bearer {basis.token}"
    api = Api(client, patience_seconds=10)
    stage = stage_for(api, basis)
    first = PROJECTS[0]
    project_id = basis.ids[first.name]

    async def waiting() -> int:
        return await db.fetch_value("SELECT count(*) FROM slot WHERE project = :id AND state = 'free'", id=project_id)  # type: ignore[no-any-return]

    assert await waiting() == 10
    for waits in (18, 26, 30, 30):
        await Frontend(api, stage, basis.ids, waiting_tasks=120).top_up(first)
        assert await waiting() == waits, "each time a new frontend, which knows none of the names that were given"
    await Frontend(api, stage, basis.ids, waiting_tasks=40).top_up(first)
    assert await waiting() == 30


async def test_the_frontend_posts_nothing_that_cannot_be_paid(
    app: object, settings: Settings, client: httpx.AsyncClient
) -> None:
    basis = await prepare(settings, None, finite=False)
    client.headers["authorization"] = f"Bearer {basis.token}"
    api = Api(client, patience_seconds=10)
    poor = msgspec.structs.replace(PROJECTS[0], annotation="1000.00")
    assert await Frontend(api, stage_for(api, basis), basis.ids, waiting_tasks=400).top_up(poor) == 0


async def test_the_crew_is_made_once_and_restored(basis: SetUp, settings: Settings) -> None:
    somebody = next(view for view in await crew.everybody() if view.external_id == "demo:crew-imogen")
    needs = await crew.needs_of(UUID(basis.project_ids[0]))
    async with db.transaction("test"):
        await assess(somebody.id, "law", 1, "a test")
        await crew.call_crew([crew.Need("law", "fr", 5, "midwife", required_credential=True), *needs], settings)
    profile = await load_profile(somebody.id)
    assert profile.belief("law").lower_bound(settings.skill_lower_bound_z) >= level_floor(5)
    assert {"fr", "en", "zh-CN"} <= set(profile.languages)
    assert profile.credentials == ["law"]
    assert profile.roles == ["reviewer"], "a special role is for those who do the work"
    assert len([view for view in await crew.everybody() if "crew" in (view.external_id or "")]) == len(crew.crew())


def test_verdicts_follow_the_quality() -> None:
    import random

    rng = random.Random(1)
    good = [decide(0.9, 1, rng) for _ in range(300)]
    poor = [decide(0.3, 1, rng) for _ in range(300)]
    assert set(good) == {"accept", "fix"}
    assert good.count("accept") > 250
    assert set(poor) == {"rework", "reject"}
    assert {decide(0.3, 2, rng) for _ in range(50)} == {"fix"}


async def test_seeding_beside_a_running_site_is_the_same(app: object, settings: Settings) -> None:
    assert (await seed(settings)).projects == 7
    assert (await seed(settings)).projects == 0


async def test_who_fell_below_the_level_of_their_own_rework_is_assessed_anew(
    app: object, settings: Settings, client: httpx.AsyncClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without that the work would wait for its author until the reservation ends, hours later."""
    monkeypatch.setattr(performance, "QUIET_SECONDS", 0.5)
    monkeypatch.setattr(performance, "STALL_SECONDS", 5.0)
    monkeypatch.setattr(author, "RELEASE_SHARE", 0)
    monkeypatch.setattr(author, "DECLINE_SHARE", 0)
    file = tmp_path / "hard.ndjson"
    hard = {"external_id": "hard", "domain": "law", "language": "en", "difficulty": 5, "payload": {"opening": "?"}}
    file.write_text(json.dumps(hard))
    basis = await prepare(settings, file, finite=True)
    client.headers["authorization"] = f"Bearer {basis.token}"
    api = Api(client, patience_seconds=10)
    stage = stage_for(api, basis)
    ada, imogen = (next(p for p in basis.players if p.person.key == key) for key in ("crew-ada", "crew-imogen"))
    fields = {"project_ids": basis.project_ids}
    (held,) = (await api.post("/assignments/claim", fields | {"annotator_id": ada.id}))["assignments"]
    await annotate(stage, ada, held)
    (judged,) = (await api.post("/assignments/claim", fields | {"annotator_id": imogen.id}))["assignments"]
    reasons = [{"item": "factuality", "text": "wrong year"}]
    verdict = {"epoch": judged["epoch"], "outcome": "rework", "reasons": reasons}
    await api.post(f"/assignments/{judged['id']}/verdict", verdict)
    await api.put(f"/annotators/{ada.id}/skills/law", {"level": 1, "reason": "a bad day"})
    end = await finish(stage, basis.players)
    assert (end.accepted, end.paid) == (1, 1)
    of_hard = "SELECT b.author FROM submission b JOIN task t ON t.id = b.task WHERE b.state = 'accepted' AND t.external_id = 'hard'"
    assert await db.fetch_value(of_hard) == UUID(ada.id)
