"""What a write to a dialogue stands on: a hold that is still good, the task's words and the project's limits."""

from typing import Any
from uuid import UUID

from msgspec import Struct

from dialogue.errors import NoDialogue
from dialogue.seeds import read_start
from dialogue.views import Start
from kernel import db
from kernel.settings import Settings
from kernel.sql import load
from routing import leases
from routing.errors import NoSuchTask

sql = load(__package__)


class Ground(Struct, frozen=True, kw_only=True):
    task_id: UUID
    project_id: UUID
    kind: str
    domain: str
    language: str
    difficulty: int | None = None
    payload: dict[str, Any]
    min_turns: int
    max_turns: int

    def start(self, settings: Settings) -> Start:
        return read_start(self.payload, settings)

    def most_exchanges(self, settings: Settings) -> int:
        return min(self.max_turns, settings.turns_limit)


async def require_live(assignment_id: UUID, annotator_id: UUID, epoch: int) -> Ground:
    """Locks the hold until the caller's transaction ends.

    Raises `NoSuchAssignment` (also for somebody else's), `StaleEpoch`, `LeaseLost`; `NoDialogue` for another kind of work.
    """
    held = await leases.hold(assignment_id, annotator_id, epoch)
    return await ground_of(held.task_id, held.kind)


async def ground_of(task_id: UUID, assignment_kind: str) -> Ground:
    ground = await db.fetch_one_as(Ground, sql.ground_of_task, task_id=task_id)
    if ground is None:
        raise NoSuchTask
    if assignment_kind != "annotation" or ground.kind != "dialogue":
        raise NoDialogue
    return ground
