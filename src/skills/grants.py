"""What somebody was given: roles everywhere or in one project, and languages with their levels."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from kernel import audit, db, outbox
from kernel.sql import load
from skills.errors import NoSuchAnnotator
from skills.languages import check_language, check_languages
from skills.registry import check_roles

sql = load(__package__)
RoleCode = Annotated[str, Meta(min_length=1, max_length=40)]


class Grants(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The whole set: what is not named is taken back."""

    everywhere: Annotated[list[RoleCode], Meta(max_length=100)]
    projects: dict[UUID, Annotated[list[RoleCode], Meta(max_length=100)]] = {}
    reason: Annotated[str, Meta(min_length=1, max_length=500)]


class GrantView(msgspec.Struct, frozen=True):
    role: str
    project_id: UUID | None
    """None: everywhere."""
    granted_by: str
    """Who gave it, as the audit log names them; empty for what came with the profile."""
    granted_at: datetime


async def roles_of(annotator_id: UUID) -> list[GrantView]:
    return await db.fetch_as(GrantView, sql.roles_of, annotator_id=annotator_id)


async def put_grants(annotator_id: UUID, wish: Grants) -> list[GrantView]:
    """Raises `NoSuchAnnotator`, `NoSuchRole` for one that is archived and not held already. The projects are there."""
    db.require_transaction()
    vendor_id = await _locked(annotator_id)
    before = await roles_of(annotator_id)
    pairs: set[tuple[str, UUID | None]] = {(code, None) for code in wish.everywhere}
    pairs |= {(code, project_id) for project_id, codes in wish.projects.items() for code in codes}
    await check_roles({code for code, _ in pairs} - {one.role for one in before})
    ordered = sorted(pairs, key=lambda pair: (str(pair[1]), pair[0]))
    await db.execute(
        sql.put_grants, annotator_id=annotator_id, roles=[code for code, _ in ordered],
        project_ids=[project_id for _, project_id in ordered],
    )  # fmt: skip
    after = await roles_of(annotator_id)
    await audit.record(
        "annotator.roles_granted", "annotator", annotator_id, before=_plain(before), after=_plain(after),
        reason=wish.reason,
    )  # fmt: skip
    data = {"annotator_id": str(annotator_id), "roles": _plain(after)}
    await outbox.publish("annotator.roles_granted", data, subject_id=annotator_id, vendor_id=vendor_id)
    return after


async def put_roles(annotator_id: UUID, roles: list[str]) -> None:
    """The set that holds everywhere. Raises `NoSuchRole` for one that is archived and not held already."""
    held = {one.role for one in await roles_of(annotator_id)}
    await check_roles(set(roles) - held)
    await db.execute(sql.put_roles, annotator_id=annotator_id, roles=sorted(set(roles)))


async def languages_of(annotator_id: UUID) -> dict[str, int]:
    rows = await db.fetch(sql.languages_of, annotator_id=annotator_id)
    return {row["language"]: row["level"] for row in rows}


async def set_languages(annotator_id: UUID, levels: dict[str, int]) -> dict[str, int]:
    """The whole set, by canonical tag. Raises `NoSuchAnnotator`, `BadLanguage`."""
    db.require_transaction()
    wanted = check_languages(levels)
    vendor_id = await _locked(annotator_id)
    before = await languages_of(annotator_id)
    await put_languages(annotator_id, wanted)
    await audit.record("annotator.languages_set", "annotator", annotator_id, before=before, after=wanted)
    data = {"annotator_id": str(annotator_id), "languages": wanted}
    await outbox.publish("annotator.languages_set", data, subject_id=annotator_id, vendor_id=vendor_id)
    return await languages_of(annotator_id)


async def set_language(annotator_id: UUID, tag: str, level: int | None) -> dict[str, int]:
    """One of them, the others as they are; no level takes it away. Raises `NoSuchAnnotator`, `BadLanguage`."""
    db.require_transaction()
    await _locked(annotator_id)
    known, tag = await languages_of(annotator_id), check_language(tag)
    wanted = {code: held for code, held in known.items() if code != tag} | ({} if level is None else {tag: level})
    return known if wanted == known else await set_languages(annotator_id, wanted)


async def put_languages(annotator_id: UUID, levels: dict[str, int]) -> None:
    """Raises `BadLanguage`."""
    wanted = check_languages(levels)
    await db.execute(sql.put_languages, annotator_id=annotator_id, languages=list(wanted), levels=list(wanted.values()))


async def _locked(annotator_id: UUID) -> UUID | None:
    """The person's vendor."""
    if await db.fetch_value(sql.lock_annotator, annotator_id=annotator_id) is None:
        raise NoSuchAnnotator
    return await db.fetch_value("SELECT vendor FROM annotator WHERE id = :id", id=annotator_id)  # type: ignore[no-any-return]


def _plain(grants: list[GrantView]) -> list[dict[str, str | None]]:
    return [{"role": one.role, "project_id": None if one.project_id is None else str(one.project_id)} for one in grants]
