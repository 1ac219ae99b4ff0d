"""What an earlier stage of the plan made of the work that a reviewer looks at, beside the author's own. Nobody is named."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from callboard.pages.views import Turn
from callboard.pages.views_judged import Mend, PlanStage
from dialogue.diffs import difference
from routing import review_plans

MOST_FIELDS = 40


async def stage_of(submission_id: UUID, stage: int) -> PlanStage | None:
    """None where the plan has one stage, which nobody needs to be told."""
    found = await review_plans.stage_of(submission_id, stage)
    return None if found is None or found.of == 1 else PlanStage(number=stage, of=found.of, name=found.name)


def mark_turns(turns: Sequence[Turn], before: dict[str, Any], after: dict[str, Any] | None) -> None:
    """Puts beside each exchange what was changed in it; `after`: None where nobody mended anything."""
    if after is None:
        return
    own, now = _texts(before), _texts(after)
    for turn in turns:
        for what, no in (("prompt", turn.message_no), ("reply", turn.reply_no)):
            if no in own and no in now and own[no] != now[no]:
                turn.mended.append(Mend(what, own[no], difference(own[no], now[no])))


def _texts(payload: dict[str, Any]) -> dict[int, str]:
    messages = payload.get("turns")
    return {
        no: message["text"]
        for no, message in enumerate(messages if isinstance(messages, list) else [], 1)
        if isinstance(message, dict) and isinstance(message.get("text"), str)
    }


def fields(before: dict[str, Any], after: dict[str, Any] | None) -> list[Mend]:
    """Of work that is no dialogue: each field that was changed, as text."""
    if after is None:
        return []
    changed = [name for name in (*before, *(set(after) - set(before))) if before.get(name) != after.get(name)]
    texts = [(name, _text(before.get(name)), _text(after.get(name))) for name in changed[:MOST_FIELDS]]
    return [Mend(name, own, difference(own, now)) for name, own, now in texts]


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
