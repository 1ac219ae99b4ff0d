"""Pay of work that several people made one after the other: the whole is posted to whoever handed it in, and their shares
go on from there in the same transaction (docs/decisions/0011).
"""

from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

import msgspec

from kernel import db
from kernel.ids import plain_uuid, plain_uuid_or_none, uuid7
from kernel.sql import load

sql = load(__package__)

Parts = list[tuple[UUID, int]]
"""Person and how much they made; empty: one person's work."""

_makers: list[Callable[[UUID], Awaitable[Parts]]] = []


class Share(msgspec.Struct, frozen=True):
    annotator_id: UUID
    vendor_id: UUID | None
    micros: int


def use_makers(makers: Callable[[UUID], Awaitable[Parts]]) -> None:
    """Who made what of the work of an assignment; the dialogues know."""
    _makers[:] = [makers]


async def makers_of(assignment_id: UUID) -> Parts:
    return await _makers[0](assignment_id) if _makers else []


def split(micros: int, weights: Sequence[int]) -> list[int]:
    """In proportion, whole micros that sum to `micros`: what is left over goes to the largest remainders, the first among equals.

    Weights are not negative, and one at least is positive.
    """
    total = sum(weights)
    shares = [micros * weight // total for weight in weights]
    order = sorted(range(len(weights)), key=lambda n: (-(micros * weights[n] % total), n))
    for n in order[: micros - sum(shares)]:
        shares[n] += 1
    return shares


async def lock_for(assignment_id: UUID, parts: Parts) -> None:
    """The budget first, then everybody's earnings in one order: before the posting, which would lock the holder's alone."""
    db.require_transaction()
    await db.execute(
        sql.open_share_accounts, assignment_id=assignment_id, ids=[uuid7() for _ in parts], annotator_ids=[who for who, _ in parts]
    )  # fmt: skip
    await db.execute(sql.lock_budget_of_work, assignment_id=assignment_id)
    await db.execute(sql.lock_shares, assignment_id=assignment_id, annotator_ids=[who for who, _ in parts])


async def share(assignment_id: UUID, holder_id: UUID, micros: int, parts: Parts) -> list[Share]:
    """After the whole was posted to `holder_id`: what is the others' goes on to them, once. Shares that are nothing move nothing."""
    total = sum(turns for _, turns in parts)
    amounts = split(micros, [turns for _, turns in parts])
    kept = sum(turns for who, turns in parts if who == holder_id)
    wanted = [
        (who, turns, amount) for (who, turns), amount in zip(parts, amounts, strict=True) if who != holder_id and amount
    ]
    rows = await db.fetch(
        sql.share, assignment_id=assignment_id, ids=[uuid7() for _ in wanted], annotator_ids=[who for who, _, _ in wanted],
        amounts=[amount for _, _, amount in wanted],
        inputs=[db.jsonb({"kind": "share", "turns": turns, "of": total, "kept": kept}) for _, turns, _ in wanted],
        reasons=[f"{turns} of {total} turns of a dialogue that somebody else handed in" for _, turns, _ in wanted],
    )  # fmt: skip
    return [
        Share(plain_uuid(row["annotator_id"]), plain_uuid_or_none(row["vendor_id"]), row["amount_micros"])
        for row in rows
    ]
