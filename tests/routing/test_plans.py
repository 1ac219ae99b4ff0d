"""What claims ask at every turn goes by index, however much waits: rows that are touched do not grow with the queue."""

import re
from typing import Any

import msgspec
import pytest

from kernel import db
from kernel.settings import Settings
from kernel.sql import load
from tests.routing.factory import make_project, make_tasks

pytestmark = pytest.mark.usefixtures("pool")
sql = load("routing")
WAITING = 4_000


async def crowded(settings: Settings) -> None:
    """A lane in which everything is late but the newest, and much waits."""
    project = await make_project(settings, sla_seconds=3600)
    await make_tasks(project, 1, domain="law")
    await db.execute(
        """WITH made AS (
             INSERT INTO task (id, project, external_id, kind, domain, language, difficulty_mean, difficulty_variance, requirements,
                               payload, state, lane, created_at)
             SELECT gen_random_uuid(), project, 'many-' || n, kind, domain, language, 0, 1, '{}', '{}', 'open', lane, clock_timestamp()
             FROM task, generate_series(1, :many::int) AS n RETURNING id, project, lane
           ), numbered AS (SELECT *, row_number() OVER () AS n FROM made)
           INSERT INTO slot (id, task, project, lane, kind, stage, no, state, rank, waits_since)
           SELECT gen_random_uuid(), id, project, lane, 'annotation', 0, 1, 'free',
                  (extract(epoch FROM clock_timestamp()) * 1000)::bigint - n * 10000, clock_timestamp() - make_interval(secs => n * 10)
           FROM numbered""",
        many=WAITING,
    )
    await db.execute("ANALYZE slot")
    await db.execute("ANALYZE task")


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(inner for child in plan.get("Plans", []) for inner in nodes(child))]


async def test_heads_of_lanes_are_probes(settings: Settings) -> None:
    """Two of a lane whose oldest is late: the second one is not looked for among what is late before it."""
    await crowded(settings)
    literals = {"kinds": "'{annotation,review}'", "project_ids": "NULL", "lane_id": "NULL"}
    for statement in (sql.free_lanes, sql.lane_heads):
        text = re.sub(
            r"\$(\d+)", lambda found, names=statement.parameters: literals[names[int(found[1]) - 1]], statement.text
        )  # type: ignore[misc]
        (row,) = await db.fetch(f"EXPLAIN (ANALYZE, FORMAT JSON) {text}")
        found = nodes(_json(row["QUERY PLAN"])[0]["Plan"])
        of_slots = [node for node in found if node.get("Relation Name") == "slot"]
        assert {node["Node Type"] for node in of_slots} <= {"Index Scan", "Index Only Scan"}, of_slots
        touched = sum(
            (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"] for node in of_slots
        )
        assert len(of_slots) == 2
        assert touched <= 4, "one row of each probe, in each of the lanes that have any"


def _json(value: Any) -> Any:
    return msgspec.json.decode(value) if isinstance(value, str) else value
