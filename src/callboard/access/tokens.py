"""Keys of programs: `cb_<id>.<secret>`, shown once, kept as a hash, limited in rights and time."""

import contextlib
import hashlib
import hmac
import re
import secrets
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import asyncpg
import msgspec
from msgspec import Meta

from callboard.access import recent
from callboard.access.actor import Actor
from callboard.access.errors import NoSuchToken
from callboard.access.permissions import WORKING, effective_roles, grantable_scopes, permissions_of_scopes
from kernel import audit, db
from kernel.ids import uuid7
from kernel.settings import Settings
from kernel.sql import load

sql = load("callboard.access")
SECRET_BYTES = 32
LONGEST_LIFE_DAYS = 366
_TOKEN = re.compile(r"cb_([0-9a-f]{32})\.([A-Za-z0-9_-]{43})")


class TokenDraft(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    name: Annotated[str, Meta(min_length=1, max_length=120)]
    scopes: Annotated[list[str], Meta(min_length=1, max_length=20)]
    expires_in_days: Annotated[int, Meta(ge=1, le=LONGEST_LIFE_DAYS)] | None = None
    annotator_id: UUID | None = None
    """Binds the token to one annotator: it works for that person and sees what that person may see."""


class TokenView(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    name: str
    scopes: list[str]
    annotator_id: UUID | None
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


async def issue(draft: TokenDraft, owner_id: UUID | None, settings: Settings) -> tuple[TokenView, str]:
    """The token's facts and the token itself, which nobody can read again. `owner_id`: the account it belongs to.

    Whether the owner may give these scopes away is checked by `permissions.check_scopes` before, and again at each use.
    """
    db.require_transaction()
    token_id, secret = uuid7(), secrets.token_urlsafe(SECRET_BYTES)
    row = await db.fetch_one(
        sql.insert_token, id=token_id, name=draft.name, secret_hash=hashlib.sha256(secret.encode()).digest(),
        scopes=db.jsonb(sorted(set(draft.scopes))), person_id=owner_id, annotator_id=draft.annotator_id,
        days=draft.expires_in_days or settings.token_default_days,
    )  # fmt: skip
    view = db.as_struct(TokenView, row)
    await audit.record("token.issued", "api_token", token_id, after={"name": draft.name, "scopes": view.scopes})
    return view, f"cb_{token_id.hex}.{secret}"


async def find(token: str) -> Actor | None:
    """The program behind a token; none when it is malformed, unknown, expired, revoked or its owner is switched off."""
    parts = _TOKEN.fullmatch(token)
    if parts is None:
        return None
    key = hashlib.sha256(token.encode()).digest()
    actor = recent.recall(key)
    if actor is not None:
        return actor
    token_id = UUID(hex=parts[1])
    row = await db.fetch_one(sql.token_actor, id=token_id)
    secret_hash = hashlib.sha256(parts[2].encode()).digest()
    if row is None or not hmac.compare_digest(bytes(row["secret_hash"]), secret_hash):
        return None
    if row["stale"]:
        # Writing when a token was last used must not stop reading while the disk is full.
        with contextlib.suppress(asyncpg.PostgresError):
            await db.execute(sql.touch_token, id=token_id)
    actor = _actor(row, token_id)
    recent.remember(key, actor)
    return actor


def _actor(row: Any, token_id: UUID) -> Actor:
    scopes = frozenset(row["scopes"])
    if row["person_id"] is not None:
        # Whoever lost a right has lost it in their tokens too.
        scopes &= grantable_scopes(effective_roles(row["roles"], has_vendor=row["vendor_id"] is not None))
    permissions = permissions_of_scopes(scopes)
    bound = row["annotator_id"] is not None
    return Actor(
        kind="token", id=token_id, name=row["name"], roles=frozenset({"frontend"}), scopes=scopes,
        permissions=permissions & WORKING if bound else permissions,
        person_id=row["person_id"] and UUID(int=row["person_id"].int),
        annotator_id=row["annotator_id"] and UUID(int=row["annotator_id"].int),
        # One that is bound to a person sees that person, not the vendor's others.
        vendor_id=None if bound else row["vendor_id"] and UUID(int=row["vendor_id"].int),
    )  # fmt: skip


async def page(owner_id: UUID | None, before: tuple[datetime, UUID], limit: int) -> list[TokenView]:
    """Newest first; `owner_id` limits to one account's tokens."""
    return await db.fetch_as(
        TokenView, sql.tokens, person_id=owner_id, before=before[0], before_id=before[1], limit=limit
    )


async def revoke(token_id: UUID, owner_id: UUID | None) -> None:
    """At once in this process, within `recent.RECENT_SECONDS` in the others. Raises `NoSuchToken`."""
    db.require_transaction()
    if await db.fetch_value(sql.revoke_token, id=token_id, person_id=owner_id) is None:
        raise NoSuchToken
    await audit.record("token.revoked", "api_token", token_id)
    recent.forget_all()
