"""Whom a rule would touch if it were switched on now: looked at before, and written nowhere."""

import asyncio
from uuid import UUID

import msgspec

from kernel import db
from kernel.sql import load
from skills.evidence import domain_parents
from skills.standing import Rule, domains_of, episodes
from skills.standing_judging import breaks_of, facts_of, rows_of
from skills.standing_rules import RuleDraft, check

sql = load(__package__)
MOST_PEOPLE = 1000
"""Looked at, those seen last first: a second or two of work."""
MOST_SHOWN = 100


class Touched(msgspec.Struct, frozen=True):
    annotator_id: UUID
    annotator: str
    domain: str
    value: float
    """What was measured, in the unit of the condition."""
    of: int


class Preview(msgspec.Struct, frozen=True):
    people: int
    looked_at: int
    complete: bool
    """False where there are more people than a preview looks at."""
    touched: list[Touched]
    """At most a hundred."""


async def preview(draft: RuleDraft, rule_id: UUID | None = None) -> Preview:
    """With the id of a rule: what was decided about it before is respected. Raises `BadStandingRule`, `NoSuchDomain`."""
    draft = await check(draft)
    now = await db.fetch_value("SELECT clock_timestamp()")
    rule = Rule(draft.condition, draft.action, draft.domain, draft.lasts_days, now)
    parents = await domain_parents()
    found: list[Touched] = []
    people = await db.fetch(sql.people_to_judge, limit=MOST_PEOPLE + 1)
    for person in people[:MOST_PEOPLE]:
        facts = await facts_of(person["id"], parents)
        rows = [] if rule_id is None else await rows_of(person["id"])
        for domain in domains_of(rule, facts):
            breaks = [] if rule_id is None else breaks_of(rule_id, None, domain, rows)
            said = episodes(rule, domain, facts, breaks, now)
            if said and said[-1].ended is None:
                measured = said[-1].measured
                found.append(Touched(person["id"], person["display_name"], domain, measured.value, measured.of))
        await asyncio.sleep(0)  # others are served between two people
    touched = len({one.annotator_id for one in found})
    return Preview(touched, min(len(people), MOST_PEOPLE), len(people) <= MOST_PEOPLE, found[:MOST_SHOWN])
