"""Who is there. People say it, and signs of life keep it true: nothing is pushed to, or held for, the absent.

Four states are said: `available`, `break`, `draining` (finish what is held, take nothing new), `offline`. A fifth follows:
whoever is available with full hands is `busy`. `available` ends by itself, decided by the database's clock when it is read.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from kernel import audit, db, outbox
from kernel.settings import Settings
from kernel.sql import load
from routing.offer_book import close
from skills.errors import NoSuchAnnotator

sql = load(__package__)

SAID = ("available", "break", "draining", "offline")
NOT_AVAILABLE = {
    "break": "You are on a break; say that you are available, and work is given out again.",
    "draining": "You are finishing what you hold; say that you are available to take something new.",
}
"""Why somebody who said so may not claim. Who is offline may: pulling is a sign of life."""


class PresenceView(msgspec.Struct, frozen=True):
    annotator_id: UUID
    state: str
    """`available`, `busy`, `break`, `draining` or `offline`, as of now."""
    said: str | None
    """What was said last; None: nothing ever."""
    since: datetime | None
    """The state of now, and not what was said, holds since then."""
    last_seen: datetime | None
    """The last sign of life: a page, a claim, a heartbeat, work handed in or handed back."""
    reason: str
    room: int
    """Units of capacity that are free: so many tasks more, where each takes one."""


async def presences(annotator_ids: Sequence[UUID], settings: Settings) -> dict[UUID, PresenceView]:
    rows = await db.fetch_as(
        PresenceView, sql.presence_of, ids=list(annotator_ids), idle_minutes=settings.presence_idle_minutes
    )
    return {row.annotator_id: row for row in rows}


async def presence(annotator_id: UUID, settings: Settings) -> PresenceView:
    """Raises `NoSuchAnnotator`."""
    found = (await presences([annotator_id], settings)).get(annotator_id)
    if found is None:
        raise NoSuchAnnotator
    return found


async def people_here(settings: Settings) -> list[UUID]:
    """Active people who could take work now, or as soon as their hands are free."""
    rows = await db.fetch(sql.people_here, idle_minutes=settings.presence_idle_minutes)
    return [UUID(int=row["id"].int) for row in rows]


async def set_presence(
    annotator_id: UUID, state: str, settings: Settings, *, reason: str = "", by_manager: bool = False
) -> PresenceView:
    """What is held stays held, with its lease. A manager's word is audited. Raises `NoSuchAnnotator`.

    Waits for claims of the same person that are under way: after it, none begins that it forbids.
    """
    db.require_transaction()
    before = await presence(annotator_id, settings)
    await db.fetch_one(sql.lock_holder, annotator_id=annotator_id)
    await db.execute(
        sql.say_presence,
        annotator_id=annotator_id,
        state=state,
        reason=reason,
        seen=not by_manager,
        idle_minutes=settings.presence_idle_minutes,
    )
    if state != "available":  # nothing is held for the absent
        await db.execute(sql.lose_kept, annotator_id=annotator_id)
    if state == "offline":
        await close("rescinded", annotator_id=annotator_id, reason="went offline")
    if by_manager:
        await audit.record(
            "presence.set", "annotator", annotator_id, before={"state": before.state}, after={"state": state}, reason=reason
        )  # fmt: skip
    if before.said != state or before.state == "offline":
        await outbox.publish(
            "presence.changed", {"annotator_id": str(annotator_id), "state": state, "reason": reason},
            subject_id=annotator_id, vendor_id=await db.fetch_value(sql.vendor_of, annotator_id=annotator_id),
        )  # fmt: skip
    return await presence(annotator_id, settings)


async def saw(annotator_id: UUID, settings: Settings) -> None:
    """A sign of life, written once a minute at most; whoever said that they are away stays away."""
    await db.execute(sql.saw_person, annotator_id=annotator_id, idle_minutes=settings.presence_idle_minutes)


async def admit(annotator_id: UUID, settings: Settings) -> str | None:
    """At a pull, under the holder's lock: why this person takes nothing now. Who was offline is available from here on."""
    db.require_transaction()
    said = await db.fetch_value("SELECT state FROM presence WHERE annotator = :id", id=annotator_id)
    if said in NOT_AVAILABLE:
        return str(said)
    if said == "available":
        await saw(annotator_id, settings)
    else:
        await db.execute(
            sql.say_presence,
            annotator_id=annotator_id,
            state="available",
            reason="",
            seen=True,
            idle_minutes=settings.presence_idle_minutes,
        )
    return None
