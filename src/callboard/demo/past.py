"""What the demo's people did before the visitor came: three months of evidence, so that their pages have something to tell.

The dice are the person's own, so it is the same past at every start, told backwards from now. It ends where the person's
level says that they are: the demo's work needs people who can do it.
"""

import random
from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import NAMESPACE_URL, UUID, uuid5

from callboard.demo.content import Person
from kernel import clock, db
from skills.belief import Belief, assessed, difficulty_prior, level_centre, level_floor, sigmoid
from skills.evidence import Observation, observe_many, retract
from skills.folding import Held, Piece, fold, idle_days
from skills.hierarchy import GENERAL, Tree, beliefs

DAYS = 88
PIECES, PIECES_OF_VISITOR = (2, 4), (12, 18)
"""In each domain, least and most; the visitor looks at their own page first."""
ABOVE_CENTRE = 0.5
"""True skill, over the centre of the level: who has proved a level is better than its middle."""
ROOM, ROOM_DAYS = 0.15, 30
"""How far, in logits, the proved skill stays above the level's floor, also after some days without news."""
Z = 0.84
OUTCOMES = (1.0, 0.5, 0.25, 0.0)
"""Of a verdict: accepted, with a fix, sent back, rejected."""
MOST_MENDING = 40
TAKEN_BACK = "The answer that this control task was held against turned out to be wrong."

Past = list[tuple[datetime, Observation]]


async def live_through(annotator_id: UUID, person: Person, parents: Mapping[str, str | None], *, visitor: bool) -> None:
    """For somebody of whom nothing is known yet; inside the transaction that makes the demo."""
    past = plan(annotator_id, person, parents, clock.now(), visitor=visitor)
    await observe_many(annotator_id, past)
    if visitor:
        await _take_one_back(annotator_id)


def plan(
    annotator_id: UUID, person: Person, parents: Mapping[str, str | None], now: datetime, *, visitor: bool
) -> Past:
    """In the order of its observation: a level stated at the start, work since then, and as much good work as it needs."""
    dice = random.Random(f"past of {person.key}")  # noqa: S311  a simulation
    told = _Told(annotator_id, person.key)
    least, most = PIECES_OF_VISITOR if visitor else PIECES
    start = now - timedelta(days=DAYS)
    for domain in sorted(person.skills, key=lambda code: code != GENERAL):
        told.state(start, domain, person.skills[domain])
        for _ in range(dice.randint(least, most)):
            at = start + timedelta(days=dice.uniform(1, DAYS - 6))
            told.work(at, domain, _difficulty(dice, person.skills[domain]), _outcome(dice, person.skills[domain]))
    _mend(told, person, parents, now)
    return sorted(told.past, key=lambda one: one[0])


class _Told:
    """A past that is being made up."""

    def __init__(self, annotator_id: UUID, key: str) -> None:
        self.past: Past = []
        self._id = annotator_id
        self._key = key
        self._dice = random.Random(f"kinds of {key}")  # noqa: S311  a simulation

    def state(self, at: datetime, domain: str, level: int) -> None:
        self._add(at, domain, "assessment", source_type="assessment", stated=assessed(level))

    def work(self, at: datetime, domain: str, level: int, outcome: float) -> None:
        kind = "gold" if outcome in {0.0, 1.0} and self._dice.random() < 0.2 else "review_verdict"  # noqa: PLR2004
        self._add(at, domain, kind, source_type="import", outcome=outcome, difficulty=difficulty_prior(level))

    def _add(self, at: datetime, domain: str, kind: str, source_type: str, **said: float | Belief) -> None:
        source_id = uuid5(NAMESPACE_URL, f"callboard:demo:past:{self._key}:{len(self.past)}")
        self.past.append(
            (
                at,
                Observation(
                    annotator_id=self._id, domain=domain, kind=kind, source_type=source_type, source_id=source_id,
                    **said,  # type: ignore[arg-type]
                ),
            )
        )  # fmt: skip

    def folded(self, parents: Mapping[str, str | None]) -> dict[str, Held]:
        pieces = [
            Piece(one.domain, one.source_type, at, one.outcome, one.difficulty, one.stated, one.weight)
            for at, one in sorted(self.past, key=lambda pair: pair[0])
        ]
        return fold(parents, pieces)


def _difficulty(dice: random.Random, level: int) -> int:
    return min(5, max(1, level + dice.choice((-1, 0, 0, 1))))


def _outcome(dice: random.Random, level: int) -> float:
    """Good as often as somebody of that skill does such work well; what is not, is seldom hopeless."""
    if dice.random() < sigmoid(ABOVE_CENTRE + 1.0):
        return 1.0
    return dice.choices(OUTCOMES[1:], weights=(5, 3, 1 if level > 1 else 2))[0]


def _mend(told: _Told, person: Person, parents: Mapping[str, str | None], now: datetime) -> None:
    """Accepted work of the last days until every stated level is proved."""
    later = now + timedelta(days=ROOM_DAYS)
    for n in range(MOST_MENDING):
        held = told.folded(parents)
        known = {domain: row.local.faded(idle_days(row.at, later)) for domain, row in held.items()}
        found = beliefs(Tree(parents), known, person.skills)
        short = [
            domain for domain, level in person.skills.items()
            if found[domain].lower_bound(Z) < min(level_floor(level), level_centre(5)) + ROOM
        ]  # fmt: skip
        if not short:
            return
        for domain in short:
            at = now - timedelta(days=5) + timedelta(hours=2.5 * n)
            told.work(at, domain, min(5, person.skills[domain] + 1), 1.0)


async def _take_one_back(annotator_id: UUID) -> None:
    """So that the visitor sees how it looks: the last control task that went wrong, or else the last one."""
    row = await db.fetch_one(
        "SELECT id FROM evidence WHERE annotator = :id AND kind = 'gold' ORDER BY outcome, observed_at DESC LIMIT 1",
        id=annotator_id,
    )
    if row is not None:
        await retract(row["id"], TAKEN_BACK)
