"""What a rework or a reject may name: the rules that every project has, and what the project's own rubric rates and marks.

The rubric belongs to a package above this one; `callboard.wiring` joins the two. A project without one takes any item.
"""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any
from uuid import UUID

from routing.errors import UnknownItem

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
