"""From evidence to belief: pure steps, the same whether evidence comes in one by one or is folded again from the start."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from skills.belief import Belief
from skills.hierarchy import Local, Tree, belief_about, learned, node_of

PRIOR, TRANSFER = "prior", "transfer"
"""Source types of starting points: a belief at which the domain starts, and the edge by which it hangs on its parent.

They are written down as evidence because the crowd that they come from moves on, and the fold must not."""
RETRACTION = "retraction"
HOUR_SECONDS, HOURS_PER_DAY = 3600, 24.0


class Held(msgspec.Struct, frozen=True):
    """A row of `skill`, but for its keys."""

    local: Local
    belief: Belief
    """As of `at`."""
    count: int
    """Pieces of evidence, starting points not counted."""
    at: datetime


class Piece(msgspec.Struct, frozen=True):
    """What the fold reads of a row of evidence."""

    node: str
    """The domain, or a kind of work in it (`skills.hierarchy.node_of`)."""
    source_type: str
    observed_at: datetime
    outcome: float | None = None
    difficulty: Belief | None = None
    stated: Belief | None = None
    weight: float = 1.0


def idle_days(since: datetime, until: datetime) -> float:
    """In whole hours of the clock: within one, nothing fades, and what adds up in steps is what it is at once."""
    return max(0.0, (until.timestamp() // HOUR_SECONDS - since.timestamp() // HOUR_SECONDS) / HOURS_PER_DAY)


def step(tree: Tree, held: Mapping[str, Held], piece: Piece) -> Held:
    """The row of the piece's node after it."""
    known = _known(held, piece.observed_at)
    before = known.get(piece.node, Local())
    local = _learnt(tree, known, before, piece)
    belief = belief_about(tree, {**known, piece.node: local}, piece.node)
    old = held.get(piece.node)
    counted = piece.source_type not in {PRIOR, TRANSFER}
    return Held(local, belief, (0 if old is None else old.count) + counted, piece.observed_at)


def belief_at(tree: Tree, held: Mapping[str, Held], node: str, moment: datetime) -> Belief:
    """What an outcome at this moment is measured against: the fold's own belief, not that of any setting."""
    return belief_about(tree, _known(held, moment), node)


def _known(held: Mapping[str, Held], moment: datetime) -> dict[str, Local]:
    return {node: row.local.faded(idle_days(row.at, moment)) for node, row in held.items()}


def _learnt(tree: Tree, known: Mapping[str, Local], before: Local, piece: Piece) -> Local:
    if piece.stated is not None:
        if piece.source_type == TRANSFER:
            return msgspec.structs.replace(before, edge=piece.stated)
        return Local(anchor=piece.stated, edge=before.edge)
    if piece.outcome is None or piece.difficulty is None or piece.weight == 0:
        return before
    return learned(tree, known, piece.node, piece.outcome, piece.difficulty, weight=piece.weight)


def fold(parents: Mapping[str, str | None], pieces: Iterable[Piece]) -> dict[str, Held]:
    """One person's rows from nothing but the evidence that counts, in its order."""
    held: dict[str, Held] = {}
    for piece in pieces:
        held[piece.node] = step(Tree(parents), held, piece)
    return held


def piece_of(row: Any) -> Piece:
    return Piece(
        node_of(row["domain"], row["task_kind"]), row["source_type"], row["observed_at"], row["outcome"],
        belief_in(row, "difficulty"), belief_in(row, "belief"), row["weight"],
    )  # fmt: skip


def held_of(row: Any) -> Held:
    local = Local(row["own_precision"], row["own_shift"], belief_in(row, "anchor"), belief_in(row, "edge"))
    return Held(local, Belief(row["mean"], row["variance"]), row["evidence_count"], row["updated_at"])


def belief_in(row: Any, name: str) -> Belief | None:
    """The columns `<name>_mean` and `<name>_variance`; both or neither are set."""
    mean = row[f"{name}_mean"]
    return None if mean is None else Belief(mean, row[f"{name}_variance"])
