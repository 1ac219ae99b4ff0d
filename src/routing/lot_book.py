"""Lots of accepted work: made by a filter, frozen, looked at by sample, accepted or sent back. The plans are `routing.lots`.

A lot that is sent back moves nothing by itself. A manager's press overturns the verdicts on the defects that were found, so that
other answers are wanted there; the rest stays accepted, and may be in another lot.
"""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from kernel import audit, db, outbox
from kernel.errors import DomainError
from kernel.ids import plain_uuid, uuid7
from kernel.secrets import keyring
from kernel.settings import Settings
from kernel.sql import load
from routing import inspecting, lots, overturn
from routing.errors import BadLot, LotDecided, NoSuchLot, OwnPiece, PieceLookedAt, WrongState
from routing.holds import refuse_held
from routing.lots import AQLS, LARGEST, SMALLEST, Level, Plan
from routing.overturn import OverturnDraft

sql = load(__package__)
PURPOSE = "sample of a lot"
Reason = Annotated[str, Meta(min_length=1, max_length=1000, pattern=r"\S")]


class LotFilter(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which accepted work; what is left out does not narrow. Work that is in another lot is left out."""

    from_day: date | None = None
    """First day of acceptance (UTC)."""
    to_day: date | None = None
    """Last day of acceptance (UTC)."""
    domain: Annotated[str, Meta(min_length=1, max_length=40)] | None = None
    kind: Annotated[str, Meta(min_length=1, max_length=40)] | None = None


class LotWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    filter: LotFilter = LotFilter()
    level: Level = "II"
    """Of inspection: II is usual; I looks at less, III at more, S-1 to S-4 at very little."""
    aql: float = 2.5
    """Percent of pieces with a defect that is good enough as an average: 0.065, 0.1, 0.15, 0.25, 0.4, 0.65, 1, 1.5, 2.5, 4, 6.5 or 10."""


class LotDraft(LotWish, frozen=True, forbid_unknown_fields=True, kw_only=True):
    name: Annotated[str, Meta(min_length=1, max_length=120, pattern=r"\S")]
    inspectors: dict[str, Any] | str = {}
    """Who may look at the sample beside managers, as a stage of review says `who`; empty: nobody."""


class LotPlan(msgspec.Struct, frozen=True):
    """What a lot would ask for."""

    size: int
    letter: str
    sample: int
    accept: int
    reject: int
    all: bool
    """Every piece is looked at: the sample would be as large as the lot."""
    at_aql: float
    """The chance that a lot exactly at the AQL is accepted."""
    hardly: float
    """The share of defects from which on a lot is accepted with a chance of at most a tenth."""


class LotView(msgspec.Struct, frozen=True):
    id: UUID
    project_id: UUID
    name: str
    filter: LotFilter
    level: str
    aql: float
    size: int
    letter: str
    sample: int
    accept: int
    inspectors: dict[str, Any] | str
    """Who may look beside managers; empty: nobody."""
    digest: str
    """SHA-256, in hex, over each piece's id and the hash of its content, ordered by id."""
    state: str
    """`open`, `accepted`, `sent_back`, `withdrawn`."""
    reason: str
    created_by: str
    created_at: datetime
    decided_at: datetime | None
    rework_at: datetime | None
    rework_reason: str
    looked: int
    defects: int
    last_look_at: datetime | None

    @property
    def plan(self) -> Plan:
        return Plan(self.letter, self.sample, self.accept, all=self.sample == self.size)


class SamplePiece(msgspec.Struct, frozen=True):
    id: UUID
    place: int
    submission_id: UUID
    task_id: UUID
    title: str
    domain: str
    kind: str
    submission_state: str
    """As it is now; the lot is about the piece as it was when the lot was made."""
    outcome: str | None
    reason: str
    looked_at: datetime | None
    own: bool
    """The reader made or reviewed it, and does not look at it here."""


class Inspectors(msgspec.Struct, frozen=True):
    role: str
    people: int
    looks: int


class LotPoint(msgspec.Struct, frozen=True):
    defects: int
    share: float
    accepted: float


class LotCertificate(msgspec.Struct, frozen=True):
    lot: LotView
    plan: LotPlan
    characteristic: list[LotPoint]
    """The chance of acceptance by the number of defects in the lot (hypergeometric)."""
    inspectors: list[Inspectors]
    findings: list[str]
    """What was wrong with the defects, in the order of the sample."""


class LookDraft(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    outcome: Literal["good", "defect"]
    reason: Annotated[str, Meta(max_length=1000)] = ""
    """Needed for a defect."""


class Inspector(msgspec.Struct, frozen=True):
    label: str
    role: str
    annotator_id: UUID | None
    """Where the person also works: then never at their own pieces, or those that they reviewed."""


class LotRework(msgspec.Struct, frozen=True):
    sent: int
    """Defects whose work is wanted anew."""
    left: int
    """Those that stay: nobody gave a verdict on them, or they were decided anew meanwhile."""


def planned(size: int, level: Level, aql: float) -> LotPlan:
    """Raises `BadLot` for what the tables do not hold."""
    if aql not in AQLS:
        raise BadLot(f"The AQL is one of {', '.join(f'{one:g}' for one in AQLS)}.")
    if not SMALLEST <= size <= LARGEST:
        raise BadLot(f"A lot has {SMALLEST} to {LARGEST:,} pieces; this one would have {size:,}.")
    plan = lots.plan(size, level, aql)
    return _told(size, plan, aql)


def _told(size: int, plan: Plan, aql: float) -> LotPlan:
    at = lots.chance_accepted(size, round(size * aql / 100), plan)
    return LotPlan(
        size,
        plan.letter,
        plan.sample,
        plan.accept,
        plan.accept + 1,
        plan.all,
        at,
        lots.fewest_refused(size, plan) / size,
    )


async def preview(project_id: UUID, wish: LotWish) -> LotPlan:
    """What the lot would ask for as the work stands now. Raises `BadLot`."""
    return planned(len(await _pieces(project_id, wish.filter)), wish.level, wish.aql)


async def _pieces(project_id: UUID, wanted: LotFilter) -> list[tuple[UUID, bytes]]:
    if wanted.from_day and wanted.to_day and wanted.to_day < wanted.from_day:
        raise BadLot("The last day is before the first.")
    rows = await db.fetch(
        sql.pieces_for_lot, project_id=project_id, limit=LARGEST + 1, **msgspec.structs.asdict(wanted)
    )
    return [(plain_uuid(row["id"]), row["content_hash"]) for row in rows]


async def make(project_id: UUID, draft: LotDraft, by: str, settings: Settings) -> UUID:
    """Freezes the members and draws the sample. Raises `BadLot`."""
    db.require_transaction()
    pieces = await _pieces(project_id, draft.filter)
    plan = planned(len(pieces), draft.level, draft.aql)
    await inspecting.check(project_id, draft.inspectors, draft.filter.domain)
    lot_id, digest = uuid7(), lots.digest(pieces)
    drawn = lots.draw((one for one, _ in pieces), plan.sample, digest, keyring(settings).derive(PURPOSE))
    places = {one: n for n, one in enumerate(drawn, 1)}
    await db.execute(
        sql.insert_lot, id=lot_id, project_id=project_id, name=draft.name.strip(), filter=db.jsonb(msgspec.to_builtins(draft.filter)),
        level=draft.level, aql=draft.aql, size=plan.size, letter=plan.letter, sample=plan.sample, accept=plan.accept,
        digest=digest, inspectors=db.jsonb(draft.inspectors), created_by=by,
    )  # fmt: skip
    await db.execute(
        sql.insert_lot_members, lot_id=lot_id, ids=[uuid7() for _ in pieces], submissions=[one for one, _ in pieces],
        places=[places.get(one) for one, _ in pieces],
    )  # fmt: skip
    facts = {"size": plan.size, "level": draft.level, "aql": draft.aql, "sample": plan.sample, "accept": plan.accept}
    await audit.record("lot.made", "lot", lot_id, after=facts | {"name": draft.name, "digest": digest.hex()})
    await outbox.publish("lot.made", facts | {"lot_id": str(lot_id)}, project_id=project_id, subject_id=lot_id)
    return lot_id


async def lots_of(project_id: UUID, *, before: UUID | None = None, limit: int = 50) -> list[LotView]:
    return await db.fetch_as(
        LotView, sql.lots_of_project, project_id=project_id, lot_id=None, before=before, limit=limit
    )


async def lot(lot_id: UUID, project_id: UUID | None = None) -> LotView:
    """Raises `NoSuchLot`, also for one of another project."""
    found = await db.fetch_as(LotView, sql.lots_of_project, project_id=project_id, lot_id=lot_id, before=None, limit=1)
    if not found:
        raise NoSuchLot
    return found[0]


async def sample(lot_id: UUID, reader: UUID | None = None) -> list[SamplePiece]:
    """In the order of the looks."""
    return await db.fetch_as(SamplePiece, sql.sample_of_lot, lot_id=lot_id, annotator_id=reader)


async def certificate(lot_id: UUID, project_id: UUID | None = None) -> LotCertificate:
    """Raises `NoSuchLot`."""
    view = await lot(lot_id, project_id)
    return LotCertificate(
        view, _told(view.size, view.plan, view.aql),
        [LotPoint(*point) for point in lots.characteristic(view.size, view.plan)],
        await db.fetch_as(Inspectors, sql.inspectors_of_lot, lot_id=lot_id),
        [piece.reason for piece in await sample(lot_id) if piece.outcome == "defect"],
    )  # fmt: skip


async def look(lot_id: UUID, member_id: UUID, draft: LookDraft, by: Inspector) -> LotView:
    """One look; the one that decides decides the lot at once.

    Raises `NoSuchLot`, `LotDecided`, `PieceLookedAt`, `OwnPiece`, and `BadLot` for a defect without a reason.
    """
    row = await _locked(lot_id)
    if row["state"] != "open":
        raise LotDecided
    piece = await db.fetch_one(sql.piece_of_sample, lot_id=lot_id, member_id=member_id, annotator_id=by.annotator_id)
    if piece is None:
        raise NoSuchLot
    if piece["look"] is not None:
        raise PieceLookedAt
    if piece["own"]:
        raise OwnPiece
    reason = draft.reason.strip()
    if draft.outcome == "defect" and not reason:
        raise BadLot("A defect needs a reason: what is wrong with the piece.")
    await db.execute(
        sql.insert_lot_look, id=uuid7(), lot_id=lot_id, member_id=member_id, outcome=draft.outcome, reason=reason,
        inspector=by.label, role=by.role, annotator_id=by.annotator_id,
    )  # fmt: skip
    await _decide(lot_id, row)
    return await lot(lot_id)


async def _locked(lot_id: UUID) -> Any:
    db.require_transaction()
    row = await db.fetch_one(sql.lock_lot, lot_id=lot_id)
    if row is None:
        raise NoSuchLot
    return row


async def _decide(lot_id: UUID, row: Any) -> None:
    seen = await db.fetch_one(sql.count_looks, lot_id=lot_id)
    assert seen is not None
    plan = Plan(row["letter"], row["sample"], row["accept"])
    state = lots.decided(plan, seen["looked"], seen["defects"])
    if state == "open":
        return
    reason = ""
    if state == "sent_back":
        reason = f"{seen['defects']} of {seen['looked']} pieces had a defect; {row['accept']} are allowed."
        await db.execute(sql.release_members, lot_id=lot_id)
    await db.execute(sql.decide_lot, lot_id=lot_id, state=state, reason=reason)
    facts = {"lot_id": str(lot_id), "looked": seen["looked"], "defects": seen["defects"], "accept": row["accept"]}
    await outbox.publish(f"lot.{state}", facts, project_id=plain_uuid(row["project"]), subject_id=lot_id)


async def rework(lot_id: UUID, reason: str, by: str, annotator_id: UUID | None) -> LotRework:
    """The defects of a lot that was sent back are wanted anew. Raises `NoSuchLot`, `WrongState`, `ReviewerHeld`.

    One decision, which the sample made: the breaker sums up none of its overturns, but somebody who is held makes no such decision.
    """
    row = await _locked(lot_id)
    if row["state"] != "sent_back" or row["rework_at"] is not None:
        raise WrongState("Rework is asked for once, of a lot that was sent back.")
    await refuse_held()
    await db.fetch(sql.lock_answers_of_defects, lot_id=lot_id)
    await db.fetch(sql.lock_tasks_of_defects, lot_id=lot_id)
    sent = 0
    found = await db.fetch(sql.defects_of_lot, lot_id=lot_id)
    for one in found:
        sent += one["verdict_id"] is not None and await _overturned(one["verdict_id"], one["reason"], annotator_id)
    await db.execute(sql.send_lot_to_rework, lot_id=lot_id, by=by, reason=reason)
    done = LotRework(sent, len(found) - sent)
    await audit.record("lot.rework", "lot", lot_id, after=msgspec.to_builtins(done), reason=reason)
    facts = {"lot_id": str(lot_id), "reason": reason} | msgspec.to_builtins(done)
    await outbox.publish("lot.rework", facts, project_id=plain_uuid(row["project"]), subject_id=lot_id)
    return done


async def withdraw(lot_id: UUID, reason: str) -> LotView:
    """An open lot is not decided any more; its pieces may be in another. Raises `NoSuchLot`, `WrongState`."""
    row = await _locked(lot_id)
    if row["state"] != "open":
        raise WrongState("Only a lot that is still open can be withdrawn.")
    seen = await db.fetch_one(sql.count_looks, lot_id=lot_id)
    assert seen is not None
    await db.execute(sql.release_members, lot_id=lot_id)
    await db.execute(sql.decide_lot, lot_id=lot_id, state="withdrawn", reason=reason)
    facts = {"lot_id": str(lot_id), "looked": seen["looked"], "defects": seen["defects"], "reason": reason}
    await audit.record("lot.withdraw", "lot", lot_id, after=facts, reason=reason)
    await outbox.publish("lot.withdrawn", facts, project_id=plain_uuid(row["project"]), subject_id=lot_id)
    return await lot(lot_id)


async def _overturned(verdict_id: Any, reason: str, by: UUID | None) -> bool:
    """What a second look refuses it refuses before it writes."""
    try:
        await overturn.overturn(
            plain_uuid(verdict_id), OverturnDraft(outcome="reject", reason=reason), by=by, of_lot=True
        )
    except DomainError:
        return False
    return True
