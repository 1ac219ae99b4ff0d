"""Degrees, licences, certificates and posts: what somebody shows, who verified it, and until when it holds."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from kernel import audit, db
from kernel.ids import uuid7
from kernel.sql import load
from skills.evidence import begin
from skills.registry import check_domains

sql = load(__package__)


class CredentialDraft(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    domain: str
    kind: Literal["degree", "licence", "certificate", "employment"]
    title: Annotated[str, Meta(min_length=1, max_length=200)]
    issuer: Annotated[str, Meta(max_length=200)] = ""
    verified: bool = False
    expires_on: date | None = None


async def add_credential(annotator_id: UUID, draft: CredentialDraft) -> UUID:
    """Raises `NoSuchDomain`."""
    await check_domains({draft.domain})
    credential_id = uuid7()
    await db.execute(
        sql.insert_credential, id=credential_id, annotator_id=annotator_id, domain=draft.domain, kind=draft.kind,
        title=draft.title, issuer=draft.issuer, verified=draft.verified, expires_on=draft.expires_on,
    )  # fmt: skip
    if draft.verified:
        await begin(annotator_id, draft.domain)
    await audit.record("credential.added", "annotator", annotator_id, after=msgspec.to_builtins(draft))
    return credential_id
