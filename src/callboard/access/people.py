"""Accounts that can sign in. Nobody registers: accounts are made by those who may appoint people."""

import re
import unicodedata
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from callboard.access import passwords, recent, sessions
from callboard.access.actor import Actor
from callboard.access.errors import BadCredentials, BadEmail, BeyondOwnRights, EmailTaken, LastAdmin, NoSuchPerson
from callboard.access.permissions import ASSIGNABLE, check_appointment
from kernel import audit, db
from kernel.ids import uuid7
from kernel.settings import Settings
from kernel.sql import load

sql = load("callboard.access")
FIRST_ADMIN = "admin@callboard.local"
_EMAIL = re.compile(r"[^\s@<>()\[\],;:\\\"]{1,64}@[^\s@<>()\[\],;:\\\"]{1,189}")


class PersonDraft(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    email: Annotated[str, Meta(min_length=3, max_length=254)]
    display_name: Annotated[str, Meta(min_length=1, max_length=120)]
    roles: Annotated[list[str], Meta(min_length=1, max_length=4)]
    annotator_id: UUID | None = None
    vendor_id: UUID | None = None
    locale: Annotated[str, Meta(pattern="^(en|zh-CN)$")] = "en"


class PersonView(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    email: str
    display_name: str
    roles: list[str]
    annotator_id: UUID | None
    vendor_id: UUID | None
    locale: str
    active: bool
    created_at: datetime


def check_email(email: str) -> str:
    """In the form in which it is stored. Raises `BadEmail`."""
    email = unicodedata.normalize("NFC", sessions.normal_email(email))
    if not _EMAIL.fullmatch(email) or not email.isprintable():
        raise BadEmail(f"{email!r} is no e-mail address.")
    return email


async def create(draft: PersonDraft, *, password_hash: str, must_change_password: bool = True) -> UUID:
    """An account; hash the password before the transaction opens, it takes a while. Raises `EmailTaken`, `BadEmail`."""
    db.require_transaction()
    check_appointment(draft.roles, {"admin"})
    person_id = await db.fetch_value(
        sql.insert_person, id=uuid7(), email=check_email(draft.email), display_name=draft.display_name,
        password_hash=password_hash, roles=db.jsonb(sorted(set(draft.roles))), annotator_id=draft.annotator_id,
        vendor_id=draft.vendor_id, locale=draft.locale, must_change_password=must_change_password,
    )  # fmt: skip
    if person_id is None:
        raise EmailTaken
    await audit.record("person.created", "person", person_id, after={"roles": sorted(set(draft.roles))})
    return UUID(int=person_id.int)


async def create_as(actor: Actor, draft: PersonDraft, *, password_hash: str) -> UUID:
    """An account made by somebody: nobody appoints beyond their rights or outside their vendor."""
    check_appointment(draft.roles, actor.roles)
    if actor.vendor_id is not None:
        if draft.vendor_id not in (None, actor.vendor_id):
            raise BeyondOwnRights("A vendor's manager makes accounts for that vendor alone.")
        draft = msgspec.structs.replace(draft, vendor_id=actor.vendor_id)
    return await create(draft, password_hash=password_hash)


async def page(
    vendor_id: UUID | None, after: tuple[str, UUID] | None, limit: int, person_id: UUID | None = None
) -> list[PersonView]:
    name, last = after or ("", UUID(int=0))
    return await db.fetch_as(
        PersonView, sql.people, vendor_id=vendor_id, id=person_id, after_name=name, after_id=last, limit=limit
    )


async def view(person_id: UUID, vendor_id: UUID | None = None) -> PersonView:
    """Raises `NoSuchPerson`."""
    found = await page(vendor_id, None, 1, person_id)
    if not found:
        raise NoSuchPerson
    return found[0]


async def change(actor: Actor, person_id: UUID, *, roles: list[str] | None, active: bool | None) -> None:
    """Roles and whether the account works. Its sessions end: new rights begin with a new sign-in."""
    db.require_transaction()
    row = await db.fetch_one(sql.lock_person, id=person_id, vendor_id=actor.vendor_id)
    if row is None:
        raise NoSuchPerson
    # Neither what somebody is nor what they become may lie beyond the rights of whoever decides it.
    check_appointment(row["roles"], actor.roles)
    wanted = sorted(set(row["roles"] if roles is None else roles))
    check_appointment(wanted, actor.roles)
    is_active = row["active"] if active is None else active
    if ("admin" not in wanted or not is_active) and not await db.fetch(sql.other_active_admins, id=person_id):
        raise LastAdmin
    await db.execute(sql.update_person, id=person_id, roles=db.jsonb(wanted), active=is_active)
    await audit.record(
        "person.changed", "person", person_id,
        before={"roles": row["roles"], "active": row["active"]}, after={"roles": wanted, "active": is_active},
    )  # fmt: skip
    await sessions.sign_out_everywhere(person_id)


async def change_password(actor: Actor, current: str, new: str, settings: Settings) -> str:
    """Asks for the current one again, ends every session and begins a new one; its secret. No transaction may be open."""
    row = await db.fetch_one(sql.person_by_id, id=actor.id)
    if row is None or not await passwords.verify(current, row["password_hash"], settings):
        raise BadCredentials("The current password is not right.")
    passwords.check(new, settings, email=row["email"])
    password_hash = await passwords.hash_password(new, settings)
    async with db.transaction(actor.label):
        await db.execute(sql.set_password, id=actor.id, password_hash=password_hash)
        await audit.record("person.password_changed", "person", actor.id)
        await sessions.sign_out_everywhere(actor.id)
        return await sessions.begin(actor.id, settings)


async def set_preferences(person_id: UUID, *, locale: str | None = None, theme: str | None = None) -> None:
    await db.execute(sql.set_preferences, id=person_id, locale=locale, theme=theme)
    recent.forget_all()


async def ensure_admin(settings: Settings) -> str | None:
    """At the first start: the administrator `FIRST_ADMIN` with a random password, which is returned this once."""
    if await db.fetch_value(sql.count_admins):
        return None
    password = passwords.generate()
    password_hash = await passwords.hash_password(password, settings)
    draft = PersonDraft(email=FIRST_ADMIN, display_name="Administrator", roles=["admin"])
    async with db.transaction("system:first-start"):
        # Two processes that start at once make one administrator.
        await db.execute("SELECT pg_advisory_xact_lock(7276655002)")
        if await db.fetch_value(sql.count_admins):
            return None
        await create(draft, password_hash=password_hash)
    return password


__all__ = ["ASSIGNABLE", "FIRST_ADMIN", "PersonDraft", "PersonView", "change", "change_password", "create", "create_as"]
