"""A source record into a task draft, by the rules of a mapping."""

import hashlib
import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

import msgspec

from callboard.importing import trees, turns
from callboard.importing.events import Parsed, UnmappableError
from callboard.importing.mapping import ANYTHING, Rules, Target
from callboard.importing.paths import MISSING, as_text, parse_expression
from callboard.importing.turns import DIALOGUE, OURS
from kernel.settings import Settings
from routing.intake import TaskDraft

TITLE_CHARACTERS = 80
"""A title that nobody wrote is cut from the first words; a queue shows about this many."""

HASH_CHARACTERS = 16
"""Of $hash: 64 bits, so that among 500,000 records two alike by chance are one in a hundred million."""

RIGHT_VALUES = {
    "external_id": "a text of 1 to 200 characters",
    "kind": "a lower-case name such as dialogue",
    "domain": "a lower-case name such as general",
    "language": "a language tag such as en or zh-CN",
    "difficulty": "a whole number from 1 to 5",
    "priority": "a whole number from 1 to 5",
    "due_at": "a time with its zone such as 2027-01-31T17:00:00Z",
}

_TAG = re.compile(r"([A-Za-z]{2,3})(?:[-_]([A-Za-z]{4}))?(?:[-_]([A-Za-z]{2}|\d{3}))?")


class Mapper:
    """Compiled rules. Raises `BadExpression` when a path or template of theirs cannot be read."""

    def __init__(self, rules: Rules, settings: Settings) -> None:
        self.name = rules.name
        self._rules = rules
        self._settings = settings
        self._places = {target: parse_expression(text) for target, text in rules.places.items()}
        self._turns = turns.compile_rule(rules.turns) if rules.turns else None
        self._reader = trees.known_reader(rules.tree)
        self._known_keys = {root for place in self._places.values() for root in place.roots()}
        if self._turns:
            self._known_keys.update(self._turns.source.roots())

    def draft(self, record: Parsed, *, textual: bool) -> TaskDraft:
        """`textual`: the source knows only text, so "3" is read as a number where one is wanted.

        Raises `UnmappableError`.
        """
        if self._rules.strict:
            self._refuse_unknown(record.value)
        found: dict[str, Any] = {}
        for target, value in self._rules.constants.items():
            _put(found, target, value)
        source = _with_made_up(record)
        for target, place in self._places.items():
            value = place.find(source)
            if value is not MISSING:
                _put(found, target, self._translated(target, value))
        if self._turns:
            _put(found, ("payload", "turns"), self._turns.read(record.value))
        if self._reader:
            path = trees.turns_of(self._reader, record.value, self._settings)
            _put(found, *((("payload", "turns"), path) if path else (("kind",), trees.FOREIGN)))
        self._complete(found, source["$hash"])
        try:
            draft = msgspec.convert(found, TaskDraft, strict=not textual)
        except msgspec.ValidationError as error:
            raise UnmappableError(_explained(error, found)) from error
        if self._reader is None:
            return draft
        facts = {name: getattr(draft, name) for name in TaskDraft.__struct_fields__}
        return trees.TreeDraft(**facts, reader=self._reader, tree=record.value)

    def _refuse_unknown(self, record: Mapping[str, Any]) -> None:
        unknown = [key for key in record if key not in self._known_keys]
        if unknown:
            raise UnmappableError(f"unknown field {unknown[0][:60]!r}")

    def _translated(self, target: Target, value: Any) -> Any:
        table = self._rules.values.get(target)
        if table is None:
            return value
        key = as_text(value)
        if key in table:
            return table[key]
        for pattern, result in table.items():
            if pattern != ANYTHING and fnmatchcase(key.lower(), pattern.lower()):
                return result
        if ANYTHING in table:
            return table[ANYTHING]
        raise UnmappableError(f"{'.'.join(target)}: no row of the table of values fits {key[:60]!r}")

    def _complete(self, found: dict[str, Any], content_hash: str) -> None:
        """What follows from the rest: an id, a title, the usual spelling of a language tag; and the limits on dialogues."""
        if ("external_id",) not in self._places:
            found.setdefault("external_id", content_hash)
        external_id = found.get("external_id")
        if type(external_id) is int:
            found["external_id"] = str(external_id)
        if isinstance(found.get("language"), str):
            found["language"] = language_tag(found["language"])
        payload = found.setdefault("payload", {})
        if not isinstance(payload, dict):
            raise UnmappableError("payload is no object")
        if found.setdefault("kind", DIALOGUE) in OURS:
            fault = turns.find_fault(payload, self._settings)
            if fault:
                raise UnmappableError(fault)
            if title := payload.get("title") or _title(payload):
                payload["title"] = title


def language_tag(text: str) -> str:
    """BCP 47 in its usual spelling: `pt_br` is `pt-BR`. What is no tag comes back as it was, for the check to refuse."""
    found = _TAG.fullmatch(text.strip())
    if not found:
        return text
    language, script, region = found.groups()
    return "-".join(filter(None, (language.lower(), script and script.title(), region and region.upper())))


def _with_made_up(record: Parsed) -> dict[str, Any]:
    canonical = msgspec.json.encode(record.value, order="sorted")
    digest = hashlib.sha256(canonical).hexdigest()[:HASH_CHARACTERS]
    return {**record.value, "$line": record.line, "$hash": digest}


def _put(found: dict[str, Any], target: Target, value: Any) -> None:
    *above, last = target
    for key in above:
        below = found.setdefault(key, {})
        if not isinstance(below, dict):
            raise UnmappableError(f"{'.'.join(target)} cannot be set: {key} is no object")
        found = below
    found[last] = dict(value) if isinstance(value, dict) else value


def _title(payload: Mapping[str, Any]) -> str:
    first_turn = next((turn["text"] for turn in payload.get("turns", ()) if turn["role"] == "user"), "")
    for text in (payload.get("opening"), first_turn, payload.get("brief")):
        if isinstance(text, str) and text.strip():
            line = " ".join(text.split())
            return line if len(line) <= TITLE_CHARACTERS else line[: TITLE_CHARACTERS - 1].rstrip() + "…"
    return ""


def _explained(error: msgspec.ValidationError, found: Mapping[str, Any]) -> str:
    """With the value and what would be right, for the plain fields; else the checker's own sentence."""
    text = str(error)
    for name, right in RIGHT_VALUES.items():
        if name in found and text.endswith(f"`$.{name}`"):
            return f"{name}: {as_text(found[name])[:60]!r} is not {right}"
    missing = re.search(r"required field `(\w+)`", text)
    return f"{missing[1]} is missing" if missing else text
