"""Pay of work that several people made one after the other: the whole is posted to whoever handed it in, and their shares
go on from there in the same transaction (docs/decisions/0011).
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID

import msgspec

from kernel import db
from kernel.ids import plain_uuid, plain_uuid_or_none, uuid7
from kernel.sql import load
from payments import ledger
from payments.exchange import Conversion, Terms, with_amount

sql = load(__package__)

Parts = list[tuple[UUID, int]]
"""Person and how much they made; empty: one person's work."""

_makers: list[Callable[[UUID], Awaitable[Parts]]] = []


class Share(msgspec.Struct, frozen=True):
    annotator_id: UUID
    vendor_id: UUID | None
    micros: int
    key: str = ""
    """Of the movement; the holder's own part has none."""
    inputs: dict[str, Any] = {}

    def conversions(self) -> list[Conversion]:
        """What follows where this person is paid in another currency than the project."""
        if "exchange" not in self.inputs:
            return []
        said = {name: value for name, value in self.inputs.items() if name != "exchange"}
        return [
            Conversion(source_key=self.key, annotator_id=self.annotator_id, micros=self.micros, terms=self.inputs["exchange"], inputs=said)
        ]  # fmt: skip


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
    """The budget first, then everybody's accounts in one order: before the posting, which would lock the holder's alone."""
    db.require_transaction()
    people = [who for who, _ in parts]
    await db.execute(
        sql.open_share_accounts, assignment_id=assignment_id, ids=[uuid7() for _ in parts], annotator_ids=people
    )
    for who, terms in (await _terms(assignment_id, people)).items():
        await ledger.open_person(who, terms["from"], {"exchange": terms})
    await db.execute(sql.lock_budget_of_work, assignment_id=assignment_id)
    await db.execute(sql.lock_shares, assignment_id=assignment_id, annotator_ids=people)


async def _terms(assignment_id: UUID, people: Sequence[UUID]) -> dict[UUID, Terms]:
    """Each is paid by the rate that they saw when they last took the task, whoever hands it in; without one in the project's currency."""
    rows = await db.fetch(sql.share_terms, assignment_id=assignment_id, annotator_ids=list(people))
    return {plain_uuid(row["annotator_id"]): row["exchange"] for row in rows if row["exchange"] is not None}


async def share(assignment_id: UUID, holder_id: UUID, micros: int, parts: Parts) -> list[Share]:
    """After the whole was posted to `holder_id`: what is the others' goes on to them, once. Shares that are nothing move nothing."""
    total = sum(turns for _, turns in parts)
    amounts = split(micros, [turns for _, turns in parts])
    kept = sum(turns for who, turns in parts if who == holder_id)
    terms = await _terms(assignment_id, [who for who, _ in parts])
    wanted = {
        who: (turns, amount, _inputs(turns, total, kept, amount, terms.get(who)))
        for (who, turns), amount in zip(parts, amounts, strict=True)
        if who != holder_id and amount
    }
    rows = await db.fetch(
        sql.share, assignment_id=assignment_id, ids=[uuid7() for _ in wanted], annotator_ids=list(wanted),
        amounts=[amount for _, amount, _ in wanted.values()], inputs=[db.jsonb(inputs) for _, _, inputs in wanted.values()],
        reasons=[f"{turns} of {total} turns of a dialogue that somebody else handed in" for turns, _, _ in wanted.values()],
    )  # fmt: skip
    return [
        Share(
            who, plain_uuid_or_none(row["vendor_id"]), row["amount_micros"], f"share:{assignment_id}:{who}", wanted[who][2]
        )
        for row in rows
        for who in (plain_uuid(row["annotator_id"]),)
    ]  # fmt: skip


def _inputs(turns: int, total: int, kept: int, micros: int, terms: Terms | None) -> dict[str, Any]:
    said = {"kind": "share", "turns": turns, "of": total, "kept": kept}
    return said | ({"exchange": with_amount(terms, micros)} if terms else {})
