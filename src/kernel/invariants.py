"""Invariants: SQL that must return no row. The same list runs in tests, in `callboard check` and on a schedule."""

from collections.abc import Iterable
from typing import Any

import msgspec

from kernel import db
from kernel.sql import Sql

EXAMPLES = 5
"""Rows shown per broken invariant: enough to start looking, short enough for one screen."""


class Invariant(msgspec.Struct, frozen=True):
    name: str
    """Stable, snake_case; unique over all packages."""
    sentence: str
    """What always holds, in the words of the people who rely on it."""
    sql: Sql
    """A SELECT without parameters; each row that it returns is one violation."""
    number: int = 0
    """Which of the eight promises of docs/invariants.md it belongs to."""


class Result(msgspec.Struct, frozen=True):
    name: str
    sentence: str
    violations: int
    examples: list[dict[str, Any]]
    """The first `EXAMPLES` offending rows, columns by name."""
    number: int = 0


async def run(invariants: Iterable[Invariant]) -> list[Result]:
    """One statement, so one snapshot, per invariant: running work never looks like a violation."""
    return [await _run_one(invariant) for invariant in invariants]


async def _run_one(invariant: Invariant) -> Result:
    query = invariant.sql
    wrapped = Sql(
        query.name,
        f"WITH violation AS MATERIALIZED (\n{query.text}\n)\n"  # noqa: S608  named SQL of our own, no outside text
        "SELECT (SELECT count(*) FROM violation) AS violations,\n"
        "  (SELECT coalesce(jsonb_agg(to_jsonb(example)), '[]')\n"
        f"   FROM (SELECT * FROM violation LIMIT {EXAMPLES}) AS example) AS examples",
        query.parameters,
    )
    row = await db.fetch_one(wrapped)
    assert row is not None
    return Result(invariant.name, invariant.sentence, row["violations"], row["examples"], invariant.number)
