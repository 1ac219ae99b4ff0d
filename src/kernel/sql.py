"""Named SQL: every query that matters stands in its package's `queries.sql`, with a name and a sentence.

    -- name: claim_slot
    -- One sentence that says what it does, and why it is safe.
    SELECT ... WHERE id = :slot_id

Parameters are `:name`; they become `$1…` once, when the file is read. `::type` casts and quoted text are left alone.
What several statements share stands once, as `-- part: name`, and is named in them as `{name}` on a line of its own.
"""

import re
from contextlib import suppress
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

_HEADER = re.compile(r"^-- (?P<what>name|part): (?P<name>\w+)\s*$", re.MULTILINE)
_PART = re.compile(r"^\{(?P<name>\w+)\}$", re.MULTILINE)
_TOKEN = re.compile(r"'(?:[^']|'')*'|--[^\n]*|::|(?<![\w:]):(?P<param>[a-z_]\w*)")


class Sql(NamedTuple):
    """One statement, ready for asyncpg, with the order of its named parameters."""

    name: str
    text: str
    parameters: tuple[str, ...]

    def bind(self, values: dict[str, Any]) -> list[Any]:
        # With as many of them, as names are distinct, one that is unknown leaves one that is missing.
        if len(values) == len(self.parameters):
            with suppress(KeyError):
                return [values[name] for name in self.parameters]
        wrong = sorted(values.keys() ^ set(self.parameters))
        raise TypeError(f"query {self.name}: parameters missing or unknown: {', '.join(wrong)}")


def compile_sql(name: str, source: str) -> Sql:
    order: list[str] = []

    def place(match: re.Match[str]) -> str:
        parameter = match.group("param")
        if parameter is None:
            return match.group(0)
        if parameter not in order:
            order.append(parameter)
        return f"${order.index(parameter) + 1}"

    return Sql(name, _TOKEN.sub(place, source).strip(), tuple(order))


@cache
def inline(source: str) -> Sql:
    return compile_sql(source.strip().split("\n", 1)[0][:60], source)


class Queries:
    """The queries of one package as attributes; an unknown name is an `AttributeError` that lists the file."""

    def __init__(self, package: str, statements: dict[str, Sql]) -> None:
        self._package = package
        self._statements = statements

    def __getattr__(self, name: str) -> Sql:
        try:
            return self._statements[name]
        except KeyError:
            raise AttributeError(f"{self._package}/queries.sql has no query named {name}") from None

    def __iter__(self) -> Any:
        return iter(self._statements.values())


def parse(source: str) -> dict[str, Sql]:
    headers = list(_HEADER.finditer(source))
    parts: dict[str, str] = {}
    statements: dict[str, str] = {}
    for header, following in zip(headers, [*headers[1:], None], strict=True):
        name, found = header["name"], parts if header["what"] == "part" else statements
        if name in found:
            raise ValueError(f"two queries are named {name}")
        found[name] = source[header.end() : following.start() if following else None]
    whole = {name: _fill(text, parts) for name, text in parts.items()}
    return {name: compile_sql(name, _fill(text, whole)) for name, text in statements.items()}


def _fill(text: str, parts: dict[str, str]) -> str:
    """A part may name others, those no further."""
    return _PART.sub(lambda match: parts[match["name"]].strip(), text)


@cache
def load(package: str) -> Queries:
    return Queries(package, parse(files(package).joinpath("queries.sql").read_text(encoding="utf-8")))
