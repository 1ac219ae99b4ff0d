"""What an earlier stage of the plan made of the work that a reviewer looks at, beside the author's own. Nobody is named."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from callboard.pages.views import Turn
from callboard.pages.views_judged import Answered, Mend, PlanStage
from dialogue.diffs import difference
from routing import review as reviewing
from routing import review_plans
from routing.review import AuthorFeedback, SubmissionView
from routing.verdict_items import of_rubric

MOST_FIELDS, SHOWN_CHANGES = 40, 2


async def stage_of(submission_id: UUID, stage: int) -> PlanStage | None:
    """None where the plan has one stage, which nobody needs to be told."""
    found = await review_plans.stage_of(submission_id, stage)
    return None if found is None or found.of == 1 else PlanStage(number=stage, of=found.of, name=found.name)


def mark_turns(
    turns: Sequence[Turn], before: dict[str, Any] | None, after: dict[str, Any] | None, by: str = "stage"
) -> None:
    """Puts beside each exchange what was changed in it; None: nobody mended anything, or there was no round before."""
    if after is None or before is None:
        return
    own, now = _texts(before), _texts(after)
    for turn in turns:
        for what, no in (("prompt", turn.message_no), ("reply", turn.reply_no)):
            if no in own and no in now and own[no] != now[no]:
                turn.mended.append(Mend(what, own[no], difference(own[no], now[no]), by))


def _texts(payload: dict[str, Any]) -> dict[int, str]:
    messages = payload.get("turns")
    return {
        no: message["text"]
        for no, message in enumerate(messages if isinstance(messages, list) else [], 1)
        if isinstance(message, dict) and isinstance(message.get("text"), str)
    }


def fields(before: dict[str, Any] | None, after: dict[str, Any] | None, by: str = "stage") -> list[Mend]:
    """Of work that is no dialogue: each field that was changed, as text."""
    if after is None or before is None:
        return []
    changed = [name for name in (*before, *(set(after) - set(before))) if before.get(name) != after.get(name)]
    texts = [(name, _text(before.get(name)), _text(after.get(name))) for name in changed[:MOST_FIELDS]]
    return [Mend(name, own, difference(own, now), by) for name, own, now in texts]


def changed(before: dict[str, Any], after: dict[str, Any]) -> list[Mend]:
    """Between two rounds, of a dialogue by message and of anything else by field; a few of them."""
    own, now = _texts(before), _texts(after)
    if own and now:
        pairs = [("reply", own[no], now[no]) for no in own if no in now and own[no] != now[no]]
        return [Mend(what, old, difference(old, new), "author") for what, old, new in pairs[:SHOWN_CHANGES]]
    return fields(before, after, "author")[:SHOWN_CHANGES]


async def answered(work: SubmissionView, earlier: AuthorFeedback | None) -> list[Answered]:
    """Where this work comes back: what its author made of the same rules in other works of the project, newest first."""
    items = [one.item for one in earlier.reasons] if earlier and earlier.round < work.round else []
    if not items:
        return []
    named = await of_rubric(work.project_id, work.payload)
    return [
        Answered(
            item=one.item, words=named.get(one.item, {}), text=one.text, at=one.given_at, outcome=one.then_state or "",
            mends=[] if one.after is None else changed(one.before, one.after),
        )
        for one in await reviewing.same_feedback(work, items)
    ]  # fmt: skip


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
