"""A few known answers in the demo's everyday project, and what its people made of them before the visitor came."""

import random
from uuid import UUID

from callboard.demo.content import people
from callboard.demo.operation import PROJECTS
from callboard.demo.workforce import external_id
from kernel import db
from kernel.ids import plain_uuid, uuid7
from kernel.settings import Settings
from kernel.sql import load
from routing import gold_bank, gold_doubts, gold_giving, gold_rules
from routing.gold_bank import GoldDraft
from routing.gold_doubts import Doubter, GoldDoubtDraft
from routing.gold_rules import GoldRuleDraft
from routing.gold_scoring import RATING, GoldKey
from routing.submission import submit

sql = load("routing")
PROJECT = PROJECTS[0]
BANDS = {1: (3.0, 5.0), 2: (2.0, 4.0), 3: (1.0, 3.0)}
"""By level of the topic: what able people gave the replies that the bot makes there."""
MOST_GOLD, MOST_ANSWERS = 6, 9
WHY = "Pilot of the control tasks."
DOUBT = "The bot contradicts itself here from the second reply on. Whoever gives it a 2 is right."


async def mix_in(project_id: UUID, settings: Settings) -> int:
    """After its project was published; in a transaction of its own. How many answers there are."""
    await gold_rules.put_rule(project_id, GoldRuleDraft(enabled=True, feedback=True, reason=WHY), settings)
    topics = [topic for topic in PROJECT.topics() if topic.level in BANDS][:MOST_GOLD]
    drafts = [
        GoldDraft(
            name=f"gold-{topic.external_id}", domain=topic.domain, language=topic.language, difficulty=topic.level,
            payload=PROJECT.draft(topic).payload, key=GoldKey(bands={RATING: BANDS[topic.level]}), note=WHY,
        )
        for topic in topics
    ]  # fmt: skip
    ids = list((await gold_bank.enter(project_id, drafts, "system:demo")).values())
    given = await _live_through(project_id, settings)
    if ids:
        await gold_doubts.doubt(ids[0], GoldDoubtDraft(DOUBT), Doubter("system:demo", None), settings)
    return given


async def _live_through(project_id: UUID, settings: Settings) -> int:
    """The dice are the demo's own, so it is the same past at every start."""
    dice, done = random.Random("gold"), 0  # noqa: S311  a simulation
    names = [external_id(one) for one in people()]
    rows = await db.fetch("SELECT id FROM annotator WHERE external_id = ANY (:names) ORDER BY external_id", names=names)
    for row in rows:
        person = plain_uuid(row["id"])
        for _ in range(2):
            if done == MOST_ANSWERS * 2:
                return done
            await db.execute(sql.gold_falls_due, id=uuid7(), annotator_id=person, project_id=project_id)
            held = await gold_giving.give_due(person, settings, project_ids=[project_id])
            if held is None:
                await db.execute(sql.gold_is_served, annotator_id=person, project_id=project_id)
                break
            rating = dice.choice((2, 3, 3, 4, 5))
            turns = [
                {"role": "user", "text": held.payload["opening"]},
                {"role": "assistant", "text": "…", "rating": rating},
            ]
            await submit(held.id, person, held.epoch, {"turns": turns}, settings)
            done += 1
    return done
