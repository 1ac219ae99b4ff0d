"""Standing as people see and decide it: lists, restrictions by hand, lifting, appeals."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta

from kernel import audit, clock, db, outbox
from kernel.sql import load
from skills.errors import (
    AppealMade,
    BadStandingRule,
    NoOpenAppeal,
    NoSuchStanding,
    OwnDecision,
    StandingOver,
)
from skills.registry import check_domains
from skills.standing import Action
from skills.standing_judging import end, impose, person_of
from skills.standing_rules import Reason, both_languages, rule

sql = load(__package__)
APPEAL_CHARACTERS = 4000


class Appeal(msgspec.Struct, frozen=True):
    text: str
    made_at: datetime
    due_at: datetime
    overdue: bool
    state: str
    """`open`, `granted` or `refused`."""
    answer: str | None
    decided_at: datetime | None


class Measure(msgspec.Struct, frozen=True):
    """What a rule found."""

    condition: dict[str, Any]
    """As it was then."""
    value: float
    """In the unit of the condition: a share, a number of pieces, days; of `skill_below` logits."""
    of: int
    pieces: list[UUID]
    """The newest evidence that it rests on."""


class StandingView(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    annotator_id: UUID
    annotator: str
    vendor_id: UUID | None
    rule_id: UUID | None
    rule_name: str | None
    rule_version: int | None
    domain: str | None
    """With everything below it; none: everywhere."""
    action: str
    """`pause`, `require_exam` or `ask_manager`."""
    reason_en: str
    reason_zh: str
    measure: Measure | None
    by: str
    """`rule` or `manager`."""
    state: str
    """`active`, `ended`, `lifted` or `withdrawn` (its cause was taken back)."""
    started_at: datetime
    ends_at: datetime | None
    ended_at: datetime | None
    end_reason: str | None
    appeal: Appeal | None


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """None: all."""

    vendor_id: UUID | None = None
    annotator_id: UUID | None = None
    rule_id: UUID | None = None
    state: str | None = None
    action: str | None = None
    domain: str | None = None
    appeal: str | None = None
    """`open`, `granted` or `refused`."""


class ByHand(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A restriction that a manager imposes."""

    action: Action
    domain: str | None = None
    """With everything below it; none: everywhere."""
    reason_en: Reason = ""
    """What the person reads; in at least one of the two languages."""
    reason_zh: Reason = ""
    until: Annotated[datetime, Meta(tz=True)] | None = None
    """None: until it is lifted, or the exam is passed."""


class _Row(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    annotator_id: UUID
    annotator: str
    vendor_id: UUID | None
    rule_id: UUID | None
    rule_name: str | None
    rule_version: int | None
    domain: str | None
    action: str
    reason_en: str
    reason_zh: str
    measured: dict[str, Any]
    imposed_by: str
    state: str
    started_at: datetime
    ends_at: datetime | None
    ended_at: datetime | None
    end_reason: str | None
    appeal_text: str | None
    appealed_at: datetime | None
    appeal_state: str | None
    appeal_answer: str | None
    appeal_decided_at: datetime | None
    appeal_due_at: datetime | None
    appeal_overdue: bool

    def view(self) -> StandingView:
        measure = None
        if self.measured:
            said = self.measured
            pieces = [UUID(one) for one in said["pieces"]]
            measure = Measure(said["rule"]["condition"], said["value"], said["of"], pieces)
        return StandingView(
            id=self.id, annotator_id=self.annotator_id, annotator=self.annotator, vendor_id=self.vendor_id,
            rule_id=self.rule_id, rule_name=self.rule_name, rule_version=self.rule_version, domain=self.domain,
            action=self.action, reason_en=self.reason_en, reason_zh=self.reason_zh, measure=measure,
            by="manager" if self.rule_id is None else "rule", state=self.state, started_at=self.started_at,
            ends_at=self.ends_at, ended_at=self.ended_at, end_reason=self.end_reason, appeal=self._appeal(),
        )  # fmt: skip

    def _appeal(self) -> Appeal | None:
        if self.appeal_text is None or self.appealed_at is None or self.appeal_due_at is None:
            return None
        return Appeal(
            self.appeal_text, self.appealed_at, self.appeal_due_at, self.appeal_overdue, self.appeal_state or "open",
            self.appeal_answer, self.appeal_decided_at,
        )  # fmt: skip


async def standings(
    filters: Filters, appeal_days: int, *, before: UUID | None = None, limit: int, by_due: bool = False
) -> list[StandingView]:
    """Newest first, or (`by_due`, of open appeals) those that wait longest first."""
    rows = await db.fetch_as(
        _Row, sql.standings, **msgspec.structs.asdict(filters), standing_id=None, before=before, limit=limit,
        by_due=by_due, appeal_days=appeal_days,
    )  # fmt: skip
    return [row.view() for row in rows]


async def standing(standing_id: UUID, appeal_days: int) -> StandingView:
    """Raises `NoSuchStanding`."""
    return (await _row(standing_id, appeal_days)).view()


async def _row(standing_id: UUID, appeal_days: int = 0) -> _Row:
    row = await db.fetch_one_as(
        _Row, sql.standings, **msgspec.structs.asdict(Filters()), standing_id=standing_id, before=None, limit=1,
        by_due=False, appeal_days=appeal_days,
    )  # fmt: skip
    if row is None:
        raise NoSuchStanding
    return row


class Evidence(msgspec.Struct, frozen=True):
    """A piece that a measure rests on. Which task it was stays unsaid."""

    id: UUID
    kind: str
    domain: str
    outcome: float | None
    observed_at: datetime
    retracted: bool


async def evidence_of(view: StandingView) -> list[Evidence]:
    """Newest first; none where it rests on no evidence (a credential, exams, a manager's word)."""
    if view.measure is None:
        return []
    return await db.fetch_as(
        Evidence, sql.standing_evidence_shown, annotator_id=view.annotator_id, ids=view.measure.pieces
    )


async def impose_by_hand(annotator_id: UUID, wish: ByHand, by: str) -> UUID:
    """Raises `BadStandingRule`, `NoSuchAnnotator`, `NoSuchDomain`."""
    db.require_transaction()
    if wish.domain is not None:
        await check_domains({wish.domain})
    if wish.action == "require_exam" and wish.domain is None:
        raise BadStandingRule("Name the domain in which an exam is asked for.")
    if wish.until is not None and wish.action != "pause":
        raise BadStandingRule(
            "Only a pause ends by a date: an exam ends when it is passed, a question when it is answered."
        )
    if wish.until is not None and wish.until <= clock.now():
        raise BadStandingRule("The end lies in the past.")
    reason_en, reason_zh = both_languages(wish.reason_en, wish.reason_zh)
    standing_id = await impose(
        await person_of(annotator_id), domain=wish.domain, action=wish.action, reason_en=reason_en, reason_zh=reason_zh,
        measured={}, imposed_by=by, ends_at=wish.until,
    )  # fmt: skip
    assert standing_id is not None, "only a rule speaks once at a time"
    return standing_id


async def lift(standing_id: UUID, reason: str, by: str) -> None:
    """Ends it for good: the same cause does not bring it back. An open appeal is granted by it.

    Raises `NoSuchStanding`, `StandingOver`.
    """
    row = await _locked(standing_id)
    if row.state != "active" or not await end(await person_of(row.annotator_id), standing_id, "lifted", reason, by=by):
        raise StandingOver


async def lift_all(rule_id: UUID, reason: str, by: str) -> int:
    """Everything that the rule holds in force; how many. Raises `NoSuchStandingRule`."""
    db.require_transaction()
    await rule(rule_id)
    lifted = 0
    for row in await db.fetch(sql.active_of_rule, rule_id=rule_id):
        await db.execute(sql.lock_person, annotator_id=row["annotator_id"])
        lifted += await end(await person_of(row["annotator_id"]), row["id"], "lifted", reason, by=by)
    return lifted


async def appeal(standing_id: UUID, text: str) -> None:
    """Raises `NoSuchStanding`, `StandingOver`, `AppealMade`."""
    row = await _locked(standing_id)
    if row.state != "active":
        raise StandingOver
    if await db.fetch_value(sql.open_appeal, id=standing_id, text=text) is None:
        raise AppealMade
    facts = {"standing_id": str(standing_id), "annotator_id": str(row.annotator_id)}
    await audit.record("appeal.opened", "standing", standing_id, after={"text": text})
    await outbox.publish("appeal.opened", facts, subject_id=standing_id, vendor_id=row.vendor_id)


async def decide(standing_id: UUID, *, grant: bool, answer: str, by: str, may_refuse_own: bool) -> None:
    """Grants (and lifts) or refuses. Who imposed it by hand may grant, and leaves refusing to somebody else.

    Raises `NoSuchStanding`, `NoOpenAppeal`, `OwnDecision`, `StandingOver`.
    """
    row = await _locked(standing_id)
    if row.appeal_state != "open":
        raise NoOpenAppeal
    if grant:
        await lift(standing_id, answer, by)
        return
    if row.imposed_by == by and not may_refuse_own:
        raise OwnDecision
    await db.execute(sql.refuse_appeal, id=standing_id, answer=answer, decided_by=by)
    facts = {
        "standing_id": str(standing_id), "annotator_id": str(row.annotator_id), "decision": "refused", "reason": answer,
    }  # fmt: skip
    await audit.record("appeal.refused", "standing", standing_id, after={"decision": "refused"}, reason=answer)
    await outbox.publish("appeal.decided", facts, subject_id=standing_id, vendor_id=row.vendor_id)


async def _locked(standing_id: UUID) -> _Row:
    """Under the person's lock, so that a judgement and a decision never cross. Raises `NoSuchStanding`."""
    db.require_transaction()
    owner = (await _row(standing_id)).annotator_id
    await db.execute(sql.lock_person, annotator_id=owner)
    return await _row(standing_id)
