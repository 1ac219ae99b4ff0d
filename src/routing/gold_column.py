"""Gold that comes with an import: rows with a value in `gold` are not work, they go into the bank."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec

from routing import gold_bank
from routing.errors import BadGold
from routing.gold_bank import GoldDraft
from routing.gold_scoring import GoldKey

if TYPE_CHECKING:
    from routing.intake import TaskDraft

COLUMN = "gold"
IMPORTER = "system:import"


def is_gold(payload: dict[str, Any]) -> bool:
    """An empty cell is work."""
    return payload.get(COLUMN) not in (None, "")


def key_in(value: Any) -> GoldKey:
    """A cell: the known answer itself, or `{"answer": …}`, or `{"bands": {…}}`, also as text. Raises `BadGold`."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            value = msgspec.json.decode(value)
        except msgspec.DecodeError as error:
            raise BadGold(f"The column gold cannot be read: {error}.") from error
    if not isinstance(value, dict):
        return GoldKey(answer=value)
    try:
        return msgspec.convert(value, GoldKey)
    except msgspec.ValidationError as error:
        raise BadGold(f"The column gold cannot be read: {error}.") from error


async def put_into_bank(project_id: UUID, drafts: Sequence["TaskDraft"]) -> dict[str, UUID]:
    """Ids by external_id. Raises what `gold_bank.enter` raises."""
    entered = [
        GoldDraft(
            name=one.external_id, kind=one.kind, domain=one.domain, language=one.language, difficulty=one.difficulty,
            payload=one.payload, key=key_in(one.payload[COLUMN]),
        )
        for one in drafts
    ]  # fmt: skip
    return await gold_bank.enter(project_id, entered, IMPORTER, origin="import")
