"""Sign-ins of people: an opaque secret in a cookie, its hash in the database, judged by the database's clock."""

import contextlib
import hashlib
import secrets
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import structlog

from callboard.access import passwords, recent, throttle
from callboard.access.actor import Actor
from callboard.access.errors import BadCredentials
from callboard.access.permissions import effective_roles, permissions_of_roles
from kernel import audit, db
from kernel.ids import plain_uuid_or_none
from kernel.settings import Settings
from kernel.sql import load

sql = load("callboard.access")
log = structlog.get_logger(__name__)
SECRET_BYTES = 32
LONGEST_EMAIL = 254
COOKIE_CHARACTERS = 43
"""32 bytes in base64url; anything else in the cookie is junk and not looked up."""


class SignedIn(msgspec.Struct, frozen=True):
    secret: str
    """For the cookie; it exists nowhere else."""
    actor: Actor


def cookie_name(settings: Settings) -> str:
    """With https the prefix makes browsers refuse it from subdomains and over plain http."""
    return "__Host-callboard" if is_https(settings) else "callboard"


def is_https(settings: Settings) -> bool:
    return (settings.public_url or "").lower().startswith("https://")


def hash_secret(secret: str) -> bytes:
    """A fast hash: the secret has 256 random bits, there is nothing to guess."""
    return hashlib.sha256(secret.encode()).digest()


def normal_email(email: str) -> str:
    return email.strip().lower()


async def sign_in(
    email: str, password: str, address: str, settings: Settings, *, former: str | None = None
) -> SignedIn:
    """A new session, always with a new secret; the `former` one of this browser ends. No transaction may be open.

    Raises `BadCredentials`, alike for a wrong password, an unknown account and one that is switched off, and
    `SignInThrottled`.
    """
    email = normal_email(email)[:LONGEST_EMAIL].replace("\0", "") or "-"
    await throttle.begin_attempt(email, address[:64], settings)
    row = await db.fetch_one(sql.person_by_email, email=email)
    known_hash = row["password_hash"] if row is not None and row["active"] else None
    right = await passwords.verify(password, known_hash, settings)
    if row is None or not right:
        log.warning("sign-in failed", address=address)
        raise BadCredentials
    person_id = UUID(int=row["id"].int)
    new_hash = (
        await passwords.hash_password(password, settings) if passwords.is_outdated(row["password_hash"]) else None
    )
    async with db.transaction(f"person:{person_id}"):
        await throttle.forget_failures(email)
        if new_hash is not None:
            await db.execute(sql.refresh_hash, id=person_id, password_hash=new_hash)
        if former:
            await db.execute(sql.end_session, secret_hash=hash_secret(former))
        secret = await begin(person_id, settings)
        await audit.record("session.started", "person", person_id, after={"address": address})
    recent.forget_all()
    actor = await find(secret, settings)
    if actor is None:
        raise BadCredentials
    return SignedIn(secret, actor)


async def begin(person_id: UUID, settings: Settings) -> str:
    """A session in the running transaction; its secret."""
    secret = secrets.token_urlsafe(SECRET_BYTES)
    await db.execute(
        sql.begin_session, secret_hash=hash_secret(secret), person_id=person_id,
        csrf_token=secrets.token_urlsafe(SECRET_BYTES), absolute_hours=settings.session_absolute_hours,
    )  # fmt: skip
    return secret


async def find(secret: str, settings: Settings) -> Actor | None:
    """Who holds this cookie; none when the session ended, idled out or never was."""
    if len(secret) != COOKIE_CHARACTERS or not secret.isascii():
        return None
    key = hash_secret(secret)
    actor = recent.recall(key)
    if actor is not None:
        return actor
    row = await db.fetch_one(sql.session_actor, secret_hash=key, idle_minutes=settings.session_idle_minutes)
    if row is None:
        return None
    if row["stale"]:
        # Writing when somebody was last seen must not stop reading while the disk is full.
        with contextlib.suppress(asyncpg.PostgresError):
            await db.execute(sql.touch_session, secret_hash=key)
    actor = _actor(row, key)
    recent.remember(key, actor)
    return actor


def _actor(row: Any, key: bytes) -> Actor:
    roles = effective_roles(row["roles"], has_vendor=row["vendor_id"] is not None)
    return Actor(
        kind="person", id=UUID(int=row["id"].int), person_id=UUID(int=row["id"].int), name=row["display_name"],
        email=row["email"], roles=roles, permissions=permissions_of_roles(roles), annotator_id=plain_uuid_or_none(row["annotator_id"]),
        vendor_id=plain_uuid_or_none(row["vendor_id"]) if "vendor_manager" in roles else None, locale=row["locale"], theme=row["theme"],
        must_change_password=row["must_change_password"], csrf_token=row["csrf_token"], session_hash=key,
    )  # fmt: skip


async def sign_out(actor: Actor) -> None:
    db.require_transaction()
    await db.execute(sql.end_session, secret_hash=actor.session_hash)
    await audit.record("session.ended", "person", actor.id)
    recent.forget_all()


async def sign_out_everywhere(person_id: UUID, *, keep: bytes | None = None) -> int:
    """Ends all sessions of a person, but `keep`; how many."""
    db.require_transaction()
    ended = await db.execute(sql.end_sessions_of_person, person_id=person_id, keep=keep)
    await audit.record("sessions.ended", "person", person_id, after={"sessions": ended})
    recent.forget_all()
    return ended


async def tidy() -> None:
    await db.execute(sql.tidy_access)
