"""The form of a verdict, the same for dialogues and for declared kinds."""

from typing import Any, Literal, cast, get_args
from uuid import UUID

from callboard.pages.frame import Form
from callboard.pages.missing import OutcomeMissing, ScoresMissing
from callboard.pages.views import Option, VerdictDraft
from routing.errors import ReasonRequired
from routing.outcomes import Outcome
from routing.review import Reason
from routing.verdict_items import GENERAL, of_rubric

DIMENSIONS = ("helpfulness", "factuality", "fluency", "instructions")
NEEDS_REASON = ("rework", "reject")
SCORES = range(1, 6)
MOST_DIGITS = 6
"""Of a number in the name or the value of a form's field."""


def _whole(text: str) -> int | None:
    """Other scripts have digits that `int` does not read."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS else None


def draft_of(fields: dict[str, Any]) -> VerdictDraft:
    texts = {name: text for name, text in fields.items() if isinstance(text, str)}
    return VerdictDraft(
        outcome=texts.get("outcome", ""),
        scores={key: score for key in DIMENSIONS if (score := _whole(texts.get(f"score-{key}", ""))) is not None},
        item=texts.get("item", ""),
        reason=texts.get("reason", ""),
        corrected={
            no: text
            for name, text in texts.items()
            if name.startswith("corrected-") and (no := _whole(name.removeprefix("corrected-"))) is not None
        },
    )


def outcome_of(form: Form) -> Outcome:
    outcome = form.text("outcome", 20)
    if outcome not in get_args(Outcome):
        raise OutcomeMissing
    return cast(Literal["accept", "fix", "rework", "reject"], outcome)


def scores_of(form: Form) -> dict[str, int]:
    given = {key: form.text(f"score-{key}", 1) for key in DIMENSIONS}
    if not all(text.isascii() and text.isdigit() and int(text) in SCORES for text in given.values()):
        raise ScoresMissing
    return {key: int(text) for key, text in given.items()}


async def items_of(project_id: UUID, work: dict[str, Any]) -> list[Option]:
    """What the project's own rubric names, then what every project has."""
    rubric = await of_rubric(project_id, work)
    own = [Option(value=code, label="", words=words) for code, words in rubric.items()]
    return own + [Option(value=code, label="") for code in GENERAL if code not in rubric]


def reasons_of(form: Form, outcome: str, items: list[Option]) -> list[Reason]:
    if outcome not in NEEDS_REASON:
        return []
    item, text = form.text("item", 80), form.text("reason").strip()
    if item not in {one.value for one in items} or not text:
        raise ReasonRequired
    return [Reason(item=item, text=text)]
