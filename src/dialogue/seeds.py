"""What a task's payload says about its dialogue. The payload came from outside: it is judged before it is used."""

from collections.abc import Mapping
from typing import Any

from dialogue.errors import SeedUnusable
from dialogue.texts import find_unstorable
from dialogue.views import Seed, Start
from kernel.settings import Settings

ROLES = ("system", "user", "assistant")


def read_start(payload: Mapping[str, Any], settings: Settings) -> Start:
    """Raises `SeedUnusable` for turns that cannot begin a dialogue; other fields that are not texts are left out."""
    follow_ups = payload.get("follow_ups")
    return Start(
        title=_text(payload, "title"),
        brief=_text(payload, "brief"),
        opening=_text(payload, "opening"),
        follow_ups=[text for text in follow_ups if isinstance(text, str)] if isinstance(follow_ups, list) else [],
        seeds=read_seeds(payload.get("turns") or [], settings),
    )


def _text(payload: Mapping[str, Any], name: str) -> str:
    value = payload.get(name)
    return value if isinstance(value, str) else ""


def read_seeds(turns: Any, settings: Settings) -> list[Seed]:
    """Raises `SeedUnusable`, which says which turn it is."""
    if not isinstance(turns, list):
        raise SeedUnusable("The task's turns are no list; hand the task back.")
    if len(turns) > settings.import_turns_limit:
        raise SeedUnusable(f"The task came with more than {settings.import_turns_limit} turns; hand the task back.")
    return [_read_seed(number, turn, settings.turn_text_limit) for number, turn in enumerate(turns, 1)]


def _read_seed(number: int, turn: Any, limit_characters: int) -> Seed:
    role, text = (turn.get("role"), turn.get("text")) if isinstance(turn, dict) else (None, None)
    if role not in ROLES or not isinstance(text, str):
        raise SeedUnusable(f"Turn {number} of the task's dialogue has no known role or no text; hand the task back.")
    if len(text) > limit_characters or find_unstorable(text):
        raise SeedUnusable(f"Turn {number} of the task's dialogue is too long or cannot be stored; hand the task back.")
    return Seed(role, text)
