"""Offers as they are written down: read as of now, closed once, and told."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from kernel import db, outbox
from kernel.sql import load
from routing.errors import NoSuchOffer

sql = load(__package__)
MOST_SHOWN = 50


class OfferView(msgspec.Struct, frozen=True):
    id: UUID
    batch: UUID
    """Offers of one batch are of the same place: who accepts first has it."""
    task_id: UUID
    slot_id: UUID
    project_id: UUID
    project_name: str
    annotator_id: UUID
    kind: str
    task_kind: str
    external_id: str
    domain: str
    language: str
    difficulty_level: int | None
    difficulty_band: int
    payload: dict[str, Any]
    price_micros: int
    currency: str
    price_inputs: dict[str, Any]
    offered_at: datetime
    expires_at: datetime
    reason: str
    not_before: datetime | None
    assignment_id: UUID | None
    state: str
    """`open`, `accepted`, `declined`, `timed_out` or `rescinded`, as of now by the database's clock."""


async def offers(
    *,
    annotator_id: UUID | None = None,
    task_id: UUID | None = None,
    offer_id: UUID | None = None,
    open_only: bool = True,
) -> list[OfferView]:
    return await db.fetch_as(
        OfferView, sql.offers, id=offer_id, task_id=task_id, annotator_id=annotator_id, open_only=open_only, limit=MOST_SHOWN
    )  # fmt: skip


async def offer(offer_id: UUID, annotator_id: UUID | None = None) -> OfferView:
    """Raises `NoSuchOffer`, also for somebody else's."""
    found = await offers(offer_id=offer_id, annotator_id=annotator_id, open_only=False)
    if not found:
        raise NoSuchOffer
    return found[0]


async def close(
    state: str,
    *,
    annotator_id: UUID | None = None,
    slot_id: UUID | None = None,
    offer_id: UUID | None = None,
    over: bool = False,
    accepted: tuple[UUID, UUID] | None = None,
    reason: str = "",
    not_before: datetime | None = None,
) -> set[UUID]:
    """Closes what is open and told by the filters; `accepted`: the offer and its assignment. The ids that changed.

    An offer whose time is over closes as `timed_out`, whatever the caller meant.
    """
    db.require_transaction()
    accepted_id, assignment_id = accepted or (None, None)
    rows = await db.fetch(
        sql.close_offers, annotator_id=annotator_id, slot_id=slot_id, id=offer_id, over=over, accepted_id=accepted_id,
        assignment_id=assignment_id, state=state, reason=reason, not_before=not_before,
    )  # fmt: skip
    for row in rows:
        await outbox.publish(
            f"offer.{row['state']}",
            {"offer_id": str(row["id"]), "task_id": str(row["task_id"]), "annotator_id": str(row["annotator_id"]), "reason": reason},
            project_id=row["project_id"], subject_id=row["task_id"], vendor_id=row["vendor_id"],
        )  # fmt: skip
    return {UUID(int=row["id"].int) for row in rows}
