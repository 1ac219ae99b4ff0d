"""What of an answer a key is held against, by the declaration of its kind."""

from typing import Any
from uuid import UUID

from kernel.settings import Settings
from routing.forms.faults import MISSING, below, found_at
from routing.forms.store import form_of
from routing.gold_scoring import GoldKey, GoldScore, ratings_of, score


async def given_in(project_id: UUID, kind: str, payload: dict[str, Any]) -> Any:
    """The part of an answer that a known answer is compared with; `MISSING` where the kind has none."""
    form = await form_of(project_id, kind)
    if form is None or form.declaration.right is None:
        return MISSING
    return found_at(below("", form.declaration.right.answer), payload)


async def scored(project_id: UUID, kind: str, key: GoldKey, payload: dict[str, Any], settings: Settings) -> GoldScore:
    given = MISSING if key.bands else await given_in(project_id, kind, payload)
    return score(key, given, ratings_of(payload), settings.gold_bands_met)
