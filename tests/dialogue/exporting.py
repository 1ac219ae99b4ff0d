"""Short forms for tests of exports: a rich dialogue made through the product, a snapshot made as the worker makes it."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from uuid import UUID

from callboard.importing.files import stage_file
from callboard.importing.stage import Report
from callboard.importing.write import Outcome, judge_by_database, write
from dialogue import choosing, rubrics, rules, scoring, snapshot_files, snapshots
from dialogue.checks import submission_payload
from dialogue.choosing import Decision
from dialogue.export import Filters, export_dialogues, format_named
from dialogue.export import Writer as FileWriter
from dialogue.export import write as write_file
from dialogue.rubrics import Dimension, RubricDraft
from dialogue.rules import RulesDraft
from dialogue.scoring import ScoreIn, SpanIn
from dialogue.snapshots import SnapshotDraft, SnapshotView
from dialogue.store import NewTurn
from dialogue.views import ChoiceView
from kernel import db
from kernel.settings import Settings
from tests.dialogue.factory import Desk, make_desk
from tests.routing.factory import claim_one, make_reviewer, submit, verdict

EVERYTHING = Filters(states=["accepted", "pending", "rework", "rejected", "surplus", "cancelled"])
HELPFUL = Dimension(code="helpful", name={"en": "Helpful"}, applies=["reply", "chosen", "imported"], required=False)


async def make_rich(settings: Settings, **options: Any) -> Desk:
    """Two candidates ranked, a branch after a restart, an edit, a score with a comment and a passage; handed in, accepted."""
    desk = await make_desk(settings, **options)
    async with db.transaction("test"):
        await rules.put_rules(desk.project_id, RulesDraft(candidates=2), version=None)
        await rubrics.put_rubric(desk.project_id, RubricDraft(dimensions=[HELPFUL]), version=None)
    talk = await desk.open("=cmd|' /C calc'!A0", "<script>alert(1)</script> 雪 \u202e")
    await decide(desk, 1, ("First answer", "Second answer"), ranked=True)
    for number, message in enumerate(("And then?", "And at last?")):
        turn = await desk.say(message)
        await decide(desk, turn.no, (f"@one {number}", f"two \u2028 {number}"), ranked=False)
    talk = await desk.see()
    reply = talk.turns[1]
    await desk.edit(reply, "First answer, but better")
    async with db.transaction("test"):
        await scoring.score(
            *desk.hold,
            [ScoreIn(dimension="helpful", value=5, turn_id=reply.id, comment="-why"), ScoreIn(dimension="helpful", value=2, turn_id=talk.turns[3].id)],
            settings=settings,
        )  # fmt: skip
        await scoring.mark(
            *desk.hold, reply.id, SpanIn(text_version=2, from_char=0, to_char=5, label="good", reason="so"), settings=settings
        )  # fmt: skip
    return desk


async def decide(desk: Desk, no: int, texts: tuple[str, str], *, ranked: bool) -> ChoiceView:
    async with db.transaction("test"):
        _, choice = await choosing.open_round(*desk.hold, no)
    for slot, text in enumerate(texts, 1):
        async with db.transaction("test"):
            await choosing.store_candidate(
                *desk.hold, choice.message_id, place=choosing.place_of(choice, slot),
                turn=NewTurn(role="assistant", text=text, model=f"model-{slot}", parameters={"temperature": 0.5}), settings=desk.settings,
            )  # fmt: skip
    async with db.transaction("test"):
        _, choice = await choosing.open_round(*desk.hold, no)
        best, rest = [one.id for one in choice.candidates]
        wish = (
            Decision(outcome="ranked", ranking=[[best], [rest]]) if ranked else Decision(outcome="chosen", chosen=best)
        )
        await choosing.decide(*desk.hold, choice.id, wish, settings=desk.settings)
    return choice


async def hand_in(desk: Desk, *, accept: bool = True, **given: Any) -> UUID:
    judgement = await scoring.judgement_of(await desk.see())
    await submit(desk.settings, desk.held, submission_payload(await desk.see(), judgement))
    reviewer = await make_reviewer(desk.settings)
    if accept:
        await verdict(desk.settings, await claim_one(desk.settings, reviewer), "accept", **given)
    return reviewer


async def rich_and_accepted(settings: Settings, **options: Any) -> Desk:
    desk = await make_rich(settings, **options)
    await hand_in(desk, scores={"helpful": 4})
    return desk


async def records(settings: Settings, project_id: UUID | None = None, **options: Any) -> list[dict[str, Any]]:
    return [one async for one in export_dialogues(settings, project_id=project_id, **options)]


async def file_of(settings: Settings, project_id: UUID, code: str, **options: Any) -> bytes:
    writer = FileWriter(format_named(code))
    source = export_dialogues(settings, project_id=project_id, **options)
    return b"".join([piece async for piece in write_file(source, writer)])


async def make_snapshot(settings: Settings, project_id: UUID, code: str = "callboard", **options: Any) -> SnapshotView:
    async with db.transaction("test"):
        view = await snapshots.make(project_id, SnapshotDraft(format=code, **options), made_by="person:test")
    return await finish_snapshot(settings, project_id, view.id)


async def finish_snapshot(settings: Settings, project_id: UUID, export_id: UUID) -> SnapshotView:
    while True:
        async with db.transaction("test"):
            await snapshot_files.advance(export_id, settings)
        view = await snapshots.snapshot(project_id, export_id)
        if view.state not in {"making", "rebuilding"}:
            return view


async def download(export_id: UUID) -> bytes:
    return b"".join([piece async for piece in snapshot_files.content(export_id)])


async def read_in(path: Path, project_id: UUID, settings: Settings) -> tuple[Report, Outcome]:
    with stage_file(path, settings, judge=await judge_by_database()) as stage:
        assert stage.report.good, stage.report.errors
        return stage.report, await write(stage, project_id, path.name)


def write_lines(path: Path, lines: Iterable[Any]) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path
