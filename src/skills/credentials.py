"""Degrees, licences, certificates and posts: what somebody shows, who verified it, and until when it holds."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from kernel import audit, db, outbox
from kernel.errors import PreconditionFailed
from kernel.ids import uuid7
from kernel.sql import load
from skills.errors import BadCredential, CredentialDecided, NoSuchCredential
from skills.evidence import begin
from skills.isced import check_education
from skills.registry import check_domains

sql = load(__package__)
Kind = Literal["degree", "licence", "certificate", "employment"]
Decision = Literal["verify", "refuse", "revoke"]
STATE_AFTER: dict[str, str] = {"verify": "verified", "refuse": "refused", "revoke": "revoked"}
STATE_BEFORE: dict[str, frozenset[str]] = {
    "verify": frozenset({"unverified", "refused", "revoked"}),
    "refuse": frozenset({"unverified"}),
    "revoke": frozenset({"verified"}),
}
"""What may be decided about what. A decision is undone by a further one: what was refused or revoked can be verified."""
FAR = date(1970, 1, 1)
REMINDER_BATCH = 200


class CredentialFacts(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    domain: str
    kind: Kind
    title: Annotated[str, Meta(min_length=1, max_length=200)]
    issuer: Annotated[str, Meta(max_length=200)] = ""
    isced_level: Annotated[int, Meta(ge=0, le=8)] | None = None
    """ISCED 2011; of degrees alone, which need it."""
    isced_field: Annotated[str, Meta(pattern="^[0-9]{2,4}$")] | None = None
    """ISCED-F 2013: broad (2 digits), narrow (3) or detailed (4)."""
    document_ref: Annotated[str, Meta(max_length=300)] = ""
    """Where the document lies: a number, a file, an address."""
    note: Annotated[str, Meta(max_length=2000)] = ""
    issued_on: date | None = None
    expires_on: date | None = None
    """The last day on which it counts, by the database's date (UTC)."""


class CredentialDraft(CredentialFacts, kw_only=True):
    verified: bool = False


class CredentialView(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    annotator_id: UUID
    display_name: str
    vendor_id: UUID | None
    domain: str
    kind: str
    title: str
    issuer: str
    isced_level: int | None
    isced_field: str | None
    document_ref: str
    note: str
    issued_on: date | None
    expires_on: date | None
    state: str
    """`unverified`, `verified`, `refused` or `revoked`."""
    state_reason: str | None
    decided_by: str | None
    """Who decided, as the audit log names them."""
    verified_at: datetime | None
    version: int
    created_at: datetime
    days_left: int | None
    """Until it runs out; below 0 it has."""
    counts: bool
    """Verified and not expired: it opens doors now."""


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    state: str | None = None
    within_days: int | None = None
    """Verified ones that run out by then, the next one first."""
    expired: bool = False
    """Verified ones that have run out."""


Key = tuple[date, UUID]
"""Of the last row of a page: its day in lists by expiry, its id."""


async def add_credential(annotator_id: UUID, draft: CredentialDraft) -> UUID:
    """Raises `NoSuchDomain`, `DomainArchived`, `BadCredential`."""
    db.require_transaction()
    await _check(draft)
    credential_id, values = uuid7(), msgspec.structs.asdict(draft)
    await db.execute(sql.insert_credential, id=credential_id, annotator_id=annotator_id, **values)
    if draft.verified:
        await begin(annotator_id, draft.domain)
    await audit.record("credential.added", "annotator", annotator_id, after=_record(credential_id, draft))
    await _told("added", await credential(credential_id))
    return credential_id


async def change_credential(credential_id: UUID, facts: CredentialFacts, version: int | None = None) -> CredentialView:
    """What it says from now on; it is unverified again. Raises `NoSuchCredential`, `CredentialDecided`, `BadCredential`, `PreconditionFailed`."""
    db.require_transaction()
    before = await _locked(credential_id, version)
    if before.state == "revoked":
        raise CredentialDecided("It was revoked. Add a new one instead.")
    await _check(facts, known_domain=before.domain)
    await db.execute(sql.change_credential, id=credential_id, **msgspec.structs.asdict(facts))
    old = {name: getattr(before, name) for name in facts.__struct_fields__} | {"state": before.state}
    await audit.record(
        "credential.changed", "annotator", before.annotator_id, before=_record(credential_id, old),
        after=_record(credential_id, facts),
    )  # fmt: skip
    after = await credential(credential_id)
    await _told("changed", after)
    return after


async def decide(credential_id: UUID, decision: Decision, reason: str, version: int | None = None) -> CredentialView:
    """A verified one starts its domain from those with the same. Raises `NoSuchCredential`, `CredentialDecided`, `PreconditionFailed`."""
    db.require_transaction()
    before = await _locked(credential_id, version)
    state = STATE_AFTER[decision]
    if before.state == state:
        return before
    if before.state not in STATE_BEFORE[decision]:
        raise CredentialDecided(f"What is {before.state} cannot become {state}.", state=before.state)
    if not reason.strip():
        raise BadCredential("A decision needs its reason.")
    await db.execute(sql.decide_credential, id=credential_id, state=state, reason=reason)
    if state == "verified":
        await begin(before.annotator_id, before.domain)
    await audit.record(
        f"credential.{state}", "annotator", before.annotator_id, before=_record(credential_id, {"state": before.state}),
        after=_record(credential_id, {"state": state}), reason=reason,
    )  # fmt: skip
    after = await credential(credential_id)
    await _told(state, after)
    return after


async def withdraw(credential_id: UUID, reason: str) -> None:
    """By whoever showed it: what was never verified goes, what was is revoked. Raises `NoSuchCredential`, `CredentialDecided`."""
    db.require_transaction()
    before = await _locked(credential_id, None)
    if before.verified_at is not None:
        await decide(credential_id, "revoke", reason)
        return
    await db.execute("DELETE FROM credential WHERE id = :id", id=credential_id)
    gone = {name: getattr(before, name) for name in CredentialFacts.__struct_fields__} | {"state": before.state}
    await audit.record(
        "credential.withdrawn", "annotator", before.annotator_id, before=_record(credential_id, gone), reason=reason
    )
    await _told("withdrawn", before)


async def credential(credential_id: UUID, vendor_id: UUID | None = None) -> CredentialView:
    """Raises `NoSuchCredential`."""
    found = await credentials(credential_id=credential_id, vendor_id=vendor_id, limit=1)
    if not found:
        raise NoSuchCredential
    return found[0]


async def credentials(
    wish: Filter | None = None, *, credential_id: UUID | None = None, annotator_id: UUID | None = None,
    vendor_id: UUID | None = None, after: Key | None = None, limit: int,
) -> list[CredentialView]:  # fmt: skip
    """One person's, one vendor's people's, or everybody's; in the order in which they came, or in which they run out."""
    wish = wish or Filter()
    day, last = after or (FAR, UUID(int=0))
    return await db.fetch_as(
        CredentialView, sql.credentials, id=credential_id, annotator_id=annotator_id, vendor_id=vendor_id, state=wish.state,
        within_days=wish.within_days, expired=wish.expired, after_day=day, after_id=last, limit=limit,
    )  # fmt: skip


def key_of(row: CredentialView, wish: Filter) -> Key:
    by_expiry = wish.within_days is not None and row.expires_on is not None
    return (row.expires_on if by_expiry and row.expires_on else date(2000, 1, 1), row.id)


async def remind_of_expiries(days: Sequence[int]) -> int:
    """Tells of what runs out within `days` (each once) and of what has run out (once); how many were told in this batch."""
    db.require_transaction()
    rows = await db.fetch(sql.remind_of_expiries, days=list(days), limit=REMINDER_BATCH)
    for row in rows:
        data = {
            "credential_id": str(row["id"]), "annotator_id": str(row["annotator_id"]), "domain": row["domain"],
            "kind": row["kind"], "title": row["title"], "expires_on": row["expires_on"].isoformat(),
            "days_left": row["days_left"],
        }  # fmt: skip
        kind = "credential.expired" if row["days"] < 0 else "credential.expiring"
        await outbox.publish(kind, data, subject_id=row["annotator_id"], vendor_id=row["vendor_id"])
    return len(rows)


async def _locked(credential_id: UUID, version: int | None) -> CredentialView:
    if await db.fetch_one(sql.lock_credential, id=credential_id) is None:
        raise NoSuchCredential
    found = await credential(credential_id)
    if version is not None and version != found.version:
        raise PreconditionFailed
    return found


async def _check(facts: CredentialFacts, known_domain: str | None = None) -> None:
    """Corrections are taken in an archived domain too."""
    if facts.domain != known_domain:
        await check_domains({facts.domain})
    check_education(facts.kind, facts.isced_level, facts.isced_field)
    if facts.issued_on and facts.expires_on and facts.expires_on < facts.issued_on:
        raise BadCredential("It would expire before it was issued.")


def _record(credential_id: UUID, values: Any) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(values)
    return {"credential_id": str(credential_id), **plain}


async def _told(what: str, view: CredentialView) -> None:
    data = {
        "credential_id": str(view.id), "annotator_id": str(view.annotator_id), "domain": view.domain,
        "kind": view.kind, "title": view.title, "state": view.state, "reason": view.state_reason,
    }  # fmt: skip
    await outbox.publish(f"credential.{what}", data, subject_id=view.annotator_id, vendor_id=view.vendor_id)
