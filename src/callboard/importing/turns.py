"""Dialogues that come along with a task: where they stand in a record, and what they may be."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from callboard.importing.events import UnmappableError
from callboard.importing.mapping import ANYTHING, BadMapping, Turns
from callboard.importing.paths import MISSING, Path, parse_path
from dialogue.seeds import ROLES
from kernel.settings import Settings

DIALOGUE = "dialogue"
EVALUATION = "dialogue_evaluation"
"""A dialogue that is finished, to be judged."""
OURS = frozenset({DIALOGUE, EVALUATION})
"""Kinds whose payload is our own; the payload of any other kind belongs to the frontend that shows it."""

_SPEAKER = re.compile(r"\s*([^\W\d][^:\n]{0,39}?)\s*[:：][ \t]?(.*)", re.DOTALL)


class TurnsRule(NamedTuple):
    source: Path
    role: Path | None
    text: Path | None
    roles: Mapping[str, str]

    def read(self, record: Mapping[str, Any]) -> list[dict[str, str]]:
        """Raises `UnmappableError`."""
        found = self.source.find(record)
        if found is MISSING:
            raise UnmappableError("the dialogue is missing")
        if self.role is None or self.text is None:
            return self._from_lines(found)
        if not isinstance(found, list):
            raise UnmappableError("the dialogue is no list")
        return [self._from_member(index, member) for index, member in enumerate(found)]

    def _from_member(self, index: int, member: Any) -> dict[str, str]:
        role = self.role.find(member) if self.role else MISSING
        text = self.text.find(member) if self.text else MISSING
        if role is MISSING or not isinstance(text, str):
            raise UnmappableError(f"turn {index + 1} has no role or no text")
        named = self.roles.get(str(role), self.roles.get(ANYTHING))
        if named is None:
            raise UnmappableError(f"turn {index + 1} has the role {str(role)[:40]!r}, which the mapping does not name")
        return {"role": named, "text": text}

    def _from_lines(self, text: Any) -> list[dict[str, str]]:
        """A line that begins with no known speaker goes on with the turn before it."""
        if not isinstance(text, str):
            raise UnmappableError("the dialogue is no text")
        turns: list[dict[str, str]] = []
        for line in text.split("\n"):
            found = _SPEAKER.fullmatch(line)
            role = self.roles.get(found[1]) if found else None
            if found and role:
                turns.append({"role": role, "text": found[2].strip(), "speaker": found[1]})
            elif turns:
                turns[-1]["text"] = f"{turns[-1]['text']}\n{line.rstrip()}".rstrip()
            elif line.strip():
                raise UnmappableError(f"the dialogue begins with no known speaker: {line.strip()[:40]!r}")
        return turns


def compile_rule(rule: Turns) -> TurnsRule:
    """Raises `BadMapping` and `BadExpression`."""
    if (rule.role is None) != (rule.text is None):
        raise BadMapping("[turns] needs both role and text, or neither when the dialogue is one text with speakers.")
    wrong = [role for role in rule.roles.values() if role not in ROLES]
    if wrong or not rule.roles:
        raise BadMapping(f"[turns.roles] needs rows whose results are {', '.join(ROLES)}.")
    role, text = (parse_path(place) if place else None for place in (rule.role, rule.text))
    return TurnsRule(parse_path(rule.source), role, text, rule.roles)


def find_fault(payload: Mapping[str, Any], settings: Settings) -> str | None:
    """What is wrong with the texts of a dialogue task that its annotator will see; None when nothing is."""
    for name in ("title", "brief", "opening", "reference"):
        text = payload.get(name, "")
        fault = _text_fault(f"payload.{name}", text, settings.turn_text_limit)
        if fault:
            return fault
    turns = payload.get("turns", [])
    if not isinstance(turns, list):
        return "payload.turns is no list"
    if len(turns) > settings.import_turns_limit:
        return f"payload.turns has {len(turns):,} turns; at most {settings.import_turns_limit:,} are allowed"
    for index, turn in enumerate(turns):
        place = f"payload.turns[{index}]"
        if not isinstance(turn, dict) or turn.get("role") not in ROLES:
            return f"{place} has no role out of {', '.join(ROLES)}"
        fault = _text_fault(f"{place}.text", turn.get("text"), settings.turn_text_limit)
        if fault:
            return fault
    return None


def find_warning(payload: Mapping[str, Any]) -> str | None:
    """An order of speakers that a person should look at, though it may be meant."""
    before = ""
    for index, turn in enumerate(payload.get("turns", ())):
        if turn["role"] == before and before != "system":
            return f"turns {index} and {index + 1} are both by the {before}"
        before = turn["role"]
    return None


def _text_fault(place: str, text: Any, limit_characters: int) -> str | None:
    if not isinstance(text, str):
        return f"{place} is no text"
    if len(text) > limit_characters:
        return f"{place} has {len(text):,} characters; at most {limit_characters:,} are allowed"
    return None
