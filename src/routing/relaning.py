"""What a project asks changes: a new version of it, and everything that is not done yet moves to the lanes of the new demand."""

from typing import Any
from uuid import UUID

import msgspec

from kernel import audit, db, outbox
from kernel.errors import PreconditionFailed
from kernel.sql import load
from routing.errors import BadRequirement, WrongState
from routing.intake import ensure_lanes, lanes_known
from routing.lanes import Lane, annotation_lane, lane_of
from routing.projects import ProjectView, project
from routing.requirements import NOBODY
from routing.review_plans import MOST_STAGES, plan_of
from routing.wanted import Known, Stated, joined, read

sql = load(__package__)


async def change_requirements(project_id: UUID, stated: Stated, reason: str, version: int | None = None) -> ProjectView:
    """Holders keep what they hold. Raises `BadRequirement`, `NoSuchProject`, `PreconditionFailed`, `WrongState` for a closed project."""
    db.require_transaction()
    await db.execute("SELECT FROM project WHERE id = :id FOR NO KEY UPDATE", id=project_id)
    before = await project(project_id)
    if version is not None and version != before.version:
        raise PreconditionFailed
    if before.state == "closed":
        raise WrongState("The project is closed; nothing waits in it that could ask for something else.")
    after = msgspec.structs.replace(before, requirements=stated)
    moves = await moves_of(after)
    await db.execute(sql.change_requirements, id=project_id, requirements=db.jsonb(stated))
    await move(before, moves)
    await audit.record(
        "project.requirements", "project", project_id, before={"requirements": before.requirements},
        after={"requirements": stated}, reason=reason,
    )  # fmt: skip
    await outbox.publish("project.requirements", {"name": before.name}, project_id=project_id, subject_id=project_id)
    return await project(project_id)


class Move(msgspec.Struct, frozen=True):
    requirements: str
    """Of the tasks, as they were written."""
    old: Lane
    old_id: UUID
    new: Lane


async def moves_of(owner: ProjectView) -> list[Move]:
    """Where everything that is not done belongs under what `owner` asks. Raises `BadRequirement`."""
    rows = await db.fetch(sql.open_demands, project_id=owner.id)
    stated = [msgspec.json.decode(row["requirements"]) for row in rows]
    known = await Known.of([owner.requirements, *stated])
    whole = read(owner.requirements, known, owner.expert_level)
    return [
        _move_of(owner, row, joined(whole, read(own, known, owner.expert_level)))
        for row, own in zip(rows, stated, strict=True)
    ]


def _move_of(owner: ProjectView, row: Any, asked: Any) -> Move:
    old = lane_of(row)
    new = annotation_lane(
        owner.id, domain=old.domain, language=old.language, band=old.difficulty_band, requirements=asked,
        project_role=owner.required_role, task_kind=old.task_kind,
    )  # fmt: skip
    if new.requirement == NOBODY:
        raise BadRequirement(
            f"Together with what tasks of the project ask ({row['requirements'][:200]}), nobody could ever take them.",
            at="requirements", allowed="what somebody can meet together with the tasks' own",
        )  # fmt: skip
    return Move(row["requirements"], old, UUID(int=row["lane_id"].int), new)


async def move(owner: ProjectView, moves: list[Move]) -> None:
    """Reviews go to the lanes of the plan in force."""
    if not moves:
        return
    project_id, plan = owner.id, await plan_of(owner.id, owner.expert_level)
    lanes = await ensure_lanes([move.new for move in moves])
    old, texts = [move.old_id for move in moves], [move.requirements for move in moves]
    for stage in range(MOST_STAGES + 2):
        there = [plan.lane(move.new, stage) if stage else move.new for move in moves]
        # One more than the plan has: the ladder asks for it (`second_review`).
        if 0 < stage <= len(plan.stages) + 1:
            lanes |= await lanes_known(there)
        elif stage:
            break
        targets = [lanes[lane.key] for lane in there]
        await db.execute(
            sql.move_slots, project_id=project_id, stage=stage, old_lanes=old, requirements=texts, lanes=targets
        )
    await db.execute(
        sql.move_tasks, project_id=project_id, old_lanes=old, requirements=texts,
        lanes=[lanes[move.new.key] for move in moves],
    )  # fmt: skip
