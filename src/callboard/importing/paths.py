"""Expressions of a mapping: where in a record a value stands, or a text put together from such places.

A path is `key`, `a.b`, `turns[0]`, `messages[-1].content`, `messages[*].content` (a list, also with several [*]), `turns[1:]` (a list
without its first members), `["Input.text"]` (a key with dots). Two names are made up by the import: `$line` is the record's line, `$hash` sixteen hex digits over its content.
A template is a text with paths in braces: `mt-{question_id}`; `{{` and `}}` are the braces themselves.
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from kernel.errors import Invalid

MISSING: Any = object()

Step = str | int | slice

_KEY = r"[^.\[\]{}\"=\s](?:[^.\[\]{}\"=]*[^.\[\]{}\"=\s])?"
_STEP = re.compile(rf'(?P<dot>\.)?(?:(?P<key>{_KEY})|\[(?P<index>-?\d+|\*|\d+:)\]|\["(?P<quoted>[^"]+)"\])')
_HOLE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")


class BadExpression(Invalid):
    code = "import_expression"
    title = "A path or template of the mapping cannot be read"


class Path(NamedTuple):
    steps: tuple[Step, ...]

    def find(self, record: Any) -> Any:
        """The value, `MISSING` when there is none or it is null; a path with [*] or [1:] finds a list."""
        return _find(record, self.steps)

    def roots(self) -> Iterator[str]:
        if isinstance(self.steps[0], str):
            yield self.steps[0]


class Template(NamedTuple):
    parts: tuple[str | Path, ...]

    def find(self, record: Any) -> Any:
        """A text; `MISSING` as soon as one of its places is. A list is written with one line for each member."""
        found = []
        for part in self.parts:
            value = part if isinstance(part, str) else part.find(record)
            if value is MISSING:
                return MISSING
            found.append("\n".join(map(as_text, value)) if isinstance(value, list) else as_text(value))
        return "".join(found)

    def roots(self) -> Iterator[str]:
        for part in self.parts:
            if isinstance(part, Path):
                yield from part.roots()


Expression = Path | Template


def parse_expression(text: str) -> Expression:
    """Raises `BadExpression`."""
    if "{" not in text and "}" not in text:
        return parse_path(text)
    parts: list[str | Path] = []
    at = 0
    for hole in _HOLE.finditer(text):
        parts.append(text[at : hole.start()])
        at = hole.end()
        if hole[0] in {"{{", "}}"}:
            parts.append(hole[0][0])
        elif hole[1] is None:
            raise BadExpression(f"A brace in {text!r} has no partner; write two for the brace itself.")
        else:
            parts.append(parse_path(hole[1]))
    parts.append(text[at:])
    return Template(tuple(part for part in parts if part != ""))


def parse_path(text: str) -> Path:
    """Raises `BadExpression`."""
    steps: list[Step] = []
    at = 0
    while at < len(text):
        step = _STEP.match(text, at)
        if step is None or bool(step["dot"]) != bool(step["key"] and steps):
            raise BadExpression(f"The path {text!r} cannot be read at {text[at : at + 20]!r}.")
        steps.append(_step(step))
        at = step.end()
    if not steps:
        raise BadExpression("A path is empty.")
    return Path(tuple(steps))


def _step(found: re.Match[str]) -> Step:
    index = found["index"]
    if index is None:
        return found["key"] or found["quoted"]
    if index == "*":
        return slice(None)
    return slice(int(index[:-1]), None) if index.endswith(":") else int(index)


def _find(value: Any, steps: tuple[Step, ...]) -> Any:
    for place, step in enumerate(steps):
        if isinstance(step, slice):
            if not isinstance(value, list):
                return MISSING
            rest = steps[place + 1 :]
            found = [hit for hit in (_find(member, rest) for member in value[step]) if hit is not MISSING]
            return [hit for several in found for hit in several] if _is_many(rest) else found
        if isinstance(step, str):
            value = value.get(step, MISSING) if isinstance(value, dict) else MISSING
        else:
            value = value[step] if isinstance(value, list) and -len(value) <= step < len(value) else MISSING
        if value is MISSING or value is None:
            return MISSING
    return value


def _is_many(steps: tuple[Step, ...]) -> bool:
    return any(isinstance(step, slice) for step in steps)


def as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
