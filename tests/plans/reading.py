"""What the database does for a statement: recorded while the product runs it, explained when it runs again."""

import contextlib
import json
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, NamedTuple

import asyncpg
import pytest

from kernel import db
from kernel.sql import Sql

BIG = frozenset(
    {"task", "task_words", "slot", "assignment", "submission", "verdict", "event", "evidence", "transfer", "job"}
)
"""Tables that grow with the work. What grows with people, lanes or projects may be read whole."""


class Step(NamedTuple):
    sql: Sql
    values: list[Any]


class Plan(NamedTuple):
    name: str
    scans: list[tuple[str, str, float]]
    """(table, index or how else it was read, rows touched), of the big tables."""
    buffers: int

    @property
    def rows(self) -> float:
        return sum(rows for _, _, rows in self.scans)

    @property
    def whole(self) -> list[str]:
        """Big tables that were read from end to end."""
        return [table for table, how, _ in self.scans if how == "Seq Scan"]


class _Undo(Exception):  # noqa: N818  ends a transaction that is not to stay
    pass


async def recorded(monkeypatch: pytest.MonkeyPatch, act: Callable[[], Awaitable[object]]) -> list[Step]:
    """The statements of `act`, which is run in a transaction and undone."""
    steps: list[Step] = []
    real = Sql.bind

    def bind(self: Sql, values: dict[str, Any]) -> list[Any]:
        steps.append(Step(self, real(self, values)))
        return steps[-1].values

    with monkeypatch.context() as patch:
        patch.setattr(Sql, "bind", bind)
        with contextlib.suppress(_Undo):
            async with db.transaction("person:test"):
                await _done_and_undone(act)
    return steps


async def _done_and_undone(act: Callable[[], Awaitable[object]]) -> None:
    await act()
    raise _Undo


async def explained(dsn: str, steps: list[Step]) -> list[Plan]:
    """The same statements in the same order in one transaction, undone as well: the later find what the earlier did."""
    connection = await asyncpg.connect(dsn, server_settings={"jit": "off"})
    found = []
    try:
        async with _undone(connection):
            for step in steps:
                text = await connection.fetchval(
                    f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {step.sql.text}", *step.values
                )
                plan = json.loads(text)[0]["Plan"]
                scans = [scan for node in _nodes(plan) if (scan := _scan(node)) is not None]
                found.append(Plan(step.sql.name, scans, plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]))
    finally:
        await connection.close()
    return found


class _undone:  # noqa: N801  used as a context manager alone
    def __init__(self, connection: asyncpg.Connection) -> None:
        self._transaction = connection.transaction()

    async def __aenter__(self) -> None:
        await self._transaction.start()

    async def __aexit__(self, *_: object) -> None:
        await self._transaction.rollback()


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from _nodes(child)


def _scan(node: dict[str, Any]) -> tuple[str, str, float] | None:
    """Of a bitmap heap scan the rows count, its index scans name the index but no table."""
    table = node.get("Relation Name")
    if table not in BIG or not node["Node Type"].endswith("Scan"):
        return None
    removed = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    rows = (node["Actual Rows"] + removed) * node["Actual Loops"]
    return table, node.get("Index Name", node["Node Type"]), rows
