"""What a rework or a reject may name: the rules that every project has, and what the project's own rubric rates and marks.

The rubric belongs to a package above this one; `callboard.wiring` joins the two. A project without one takes any item.
"""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any
from uuid import UUID

from kernel import db
from kernel.ids import plain_uuid
from kernel.sql import load
from routing.errors import UnknownItem

sql = load(__package__)

GENERAL = (
    "factual_error", "instruction_missed", "rating_mismatch", "edit_insufficient", "language", "off_topic", "unsafe",
    "low_effort", "other",
)  # fmt: skip
"""In every project, in the order in which the form shows them."""
Named = dict[str, dict[str, str]]
"""Code of a rubric's dimension or label → its name by language tag."""
Reader = Callable[[UUID, int | None], Awaitable[Named]]
_readers: list[Reader] = []


def use_rubric(reader: Reader) -> None:
    """Of a project, and the version that a work was rated by (None: the newest), what its rubric names; empty: it has none."""
    _readers[:] = [reader]


async def of_rubric(project_id: UUID, work: dict[str, Any]) -> Named:
    """Of the version that the work names, which its author was shown, else of the newest."""
    beside = work.get("rubric")
    version = beside.get("version") if isinstance(beside, dict) else None
    known = isinstance(version, int) and 0 < version < 2**31
    return await _readers[0](project_id, version if known else None) if _readers else {}


async def check(project_id: UUID, work: dict[str, Any], items: Iterable[str]) -> None:
    """Raises `UnknownItem`, with what may stand there, where the project has a rubric."""
    rubric = await of_rubric(project_id, work)
    wrong = [item for item in items if item not in rubric and item not in GENERAL]
    if rubric and wrong:
        allowed = [*rubric, *(item for item in GENERAL if item not in rubric)]
        raise UnknownItem(f"{wrong[0]!r} is none of: {', '.join(allowed)}.", allowed=allowed)


async def of_verdicts(ids: Iterable[UUID]) -> dict[UUID, Named]:
    """What the rubrics name that the works of these verdicts were rated by; each rubric is read once."""
    rows = await db.fetch(sql.rubrics_of_verdicts, ids=list(ids))
    read: dict[tuple[UUID, Any], Named] = {}
    found = {}
    for row in rows:
        key = plain_uuid(row["project"]), row["version"]
        if key not in read:
            read[key] = await of_rubric(key[0], {"rubric": {"version": key[1]}})
        found[plain_uuid(row["id"])] = read[key]
    return found


async def of_tasks(ids: Iterable[UUID]) -> dict[UUID, Named]:
    """What the newest rubrics of these tasks' projects name."""
    rows = await db.fetch("SELECT id, project FROM task WHERE id = ANY (:ids)", ids=list(ids))
    named = {one: await of_rubric(one, {}) for one in {plain_uuid(row["project"]) for row in rows}}
    return {plain_uuid(row["id"]): named[plain_uuid(row["project"])] for row in rows}
