"""What keeps the beliefs in order: the estimate of the crowd, and the comparison of every belief with its evidence."""

import itertools
from datetime import datetime
from typing import Any

from kernel import db
from kernel.sql import load
from skills.crowd import Crowd, estimate
from skills.evidence import Difference, compare, domain_parents, refold
from skills.folding import belief_in, idle_days
from skills.hierarchy import GENERAL, Local, node_of

sql = load(__package__)
MOST_PEOPLE = 2000
"""Of the estimate: its standard error is then below 0.03 logits, and it takes a second or two."""


async def estimate_crowd(half_life_days: float) -> Crowd:
    """Where newcomers start from now on; nobody's belief that rests on evidence moves."""
    db.require_transaction()
    moment: datetime = await db.fetch_value("SELECT clock_timestamp()")
    rows = await db.fetch(sql.crowd_sample, limit=MOST_PEOPLE)
    people = [
        {
            node_of(row["domain"], row["task_kind"]): _local(row).faded(
                idle_days(row["updated_at"], moment), half_life_days
            )
            for row in own
        }
        for _, own in itertools.groupby(rows, key=lambda row: row["annotator_id"])
    ]
    crowd = estimate(await domain_parents(), people)
    for domain, said in {GENERAL: crowd.root, **crowd.edges}.items():
        await db.execute(
            sql.put_crowd, domain=domain, mean=said.mean, variance=said.variance, people=crowd.people[domain]
        )
    return crowd


def _local(row: Any) -> Local:
    return Local(row["own_precision"], row["own_shift"], belief_in(row, "anchor"), belief_in(row, "edge"))


async def rebuild(*, fix: bool) -> list[Difference]:
    """Where a belief is not the fold of its evidence; with `fix` it is after this, one transaction a person."""
    found = await compare()
    if fix:
        for annotator_id in sorted({difference.annotator_id for difference in found}):
            async with db.transaction("skills rebuild"):
                await refold(annotator_id)
    return found
