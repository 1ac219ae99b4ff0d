"""The people who work: how they come in, what is changed about them, and their list."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from kernel import audit, db, outbox
from kernel.ids import uuid7
from kernel.sql import load
from skills.belief import Belief, assessed
from skills.credentials import CredentialDraft, add_credential
from skills.errors import AnnotatorExists, NoSuchAnnotator
from skills.evidence import Observation, observe
from skills.grants import put_languages, put_roles
from skills.profiles import load_profile
from skills.registry import check_domains

sql = load(__package__)
PLAIN_ROLES = ("annotator",)
"""Of somebody of whom nothing else is said; every other role is granted by who states what people can do."""

Level = Annotated[int, Meta(ge=1, le=5)]


class AnnotatorDraft(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    display_name: Annotated[str, Meta(min_length=1, max_length=120)]
    external_id: Annotated[str, Meta(min_length=1, max_length=120)] | None = None
    vendor: Annotated[str, Meta(min_length=1, max_length=120)] | None = None
    roles: list[Annotated[str, Meta(min_length=1, max_length=40)]] = msgspec.field(
        default_factory=lambda: ["annotator"]
    )
    languages: dict[str, Level] = {}
    skills: dict[str, Level] = {}
    credentials: list[CredentialDraft] = []
    capacity: Annotated[int, Meta(ge=1, le=50)] | None = None


class AnnotatorView(msgspec.Struct, frozen=True):
    id: UUID
    external_id: str | None
    display_name: str
    vendor_id: UUID | None
    vendor: str | None
    state: str
    state_reason: str | None
    capacity: int
    """Units that they may hold at once; a task takes what its project says, one as a rule."""
    cap_per_day: int | None
    """Most tasks that they are given on a day (UTC) over all projects; none: no cap."""
    roles: list[str]
    languages: dict[str, int]
    created_at: datetime


async def vendor_names() -> dict[str, str]:
    """By id."""
    return {str(row["id"]): row["name"] for row in await db.fetch("SELECT id, name FROM vendor")}


async def ensure_vendor(name: str) -> UUID:
    await db.execute(
        "INSERT INTO vendor (id, name) VALUES (:id, :name) ON CONFLICT (name) DO NOTHING", id=uuid7(), name=name
    )
    return await db.fetch_value("SELECT id FROM vendor WHERE name = :name", name=name)  # type: ignore[no-any-return]


async def create_annotator(draft: AnnotatorDraft, default_capacity: int) -> UUID:
    """A person with roles, languages, assessed skills and credentials. Raises `AnnotatorExists`, `NoSuchDomain`, `BadLanguage`."""
    db.require_transaction()
    await check_domains(set(draft.skills) | {credential.domain for credential in draft.credentials})
    vendor_id = None if draft.vendor is None else await ensure_vendor(draft.vendor)
    annotator_id = await db.fetch_value(
        sql.insert_annotator, id=uuid7(), external_id=draft.external_id, display_name=draft.display_name,
        vendor_id=vendor_id, capacity=draft.capacity or default_capacity,
    )  # fmt: skip
    if annotator_id is None:
        raise AnnotatorExists
    await put_roles(annotator_id, draft.roles)
    await put_languages(annotator_id, draft.languages)
    # General skill first: it is the starting point of the other domains.
    for domain in sorted(draft.skills, key=lambda code: code != "general"):
        await assess(annotator_id, domain, draft.skills[domain], reason="stated when the profile was made")
    for credential in draft.credentials:
        await add_credential(annotator_id, credential)
    await outbox.publish(
        "annotator.created", {"annotator_id": str(annotator_id)}, subject_id=annotator_id, vendor_id=vendor_id
    )
    return UUID(int=annotator_id.int)


async def assess(annotator_id: UUID, domain: str, level: int, reason: str) -> Belief:
    """A manager's word on a level from 1 to 5: the belief starts anew from it. Audited."""
    await check_domains({domain})
    belief = await observe(
        Observation(
            annotator_id=annotator_id,
            domain=domain,
            kind="assessment",
            source_type="assessment",
            source_id=uuid7(),
            stated=assessed(level),
        )
    )
    await audit.record(
        "skill.assessed", "annotator", annotator_id, after={"domain": domain, "level": level}, reason=reason
    )
    return belief


async def set_state(annotator_id: UUID, state: str, reason: str | None) -> None:
    """`active`, `paused` or `left`; paused people get nothing new and see the reason."""
    db.require_transaction()
    before = await load_profile(annotator_id)
    await db.execute(
        "UPDATE annotator SET state = :state, state_reason = :reason WHERE id = :id",
        id=annotator_id,
        state=state,
        reason=reason,
    )
    await audit.record(
        "annotator." + state,
        "annotator",
        annotator_id,
        before={"state": before.state},
        after={"state": state},
        reason=reason,
    )


async def set_capacity(annotator_id: UUID, capacity: int, reason: str) -> None:
    """How many tasks the person may hold at once, 1 to 50; what they hold beyond it stays theirs. Audited."""
    db.require_transaction()
    before = await load_profile(annotator_id)
    await db.execute("UPDATE annotator SET capacity = :capacity WHERE id = :id", id=annotator_id, capacity=capacity)
    await audit.record(
        "annotator.capacity", "annotator", annotator_id, before={"capacity": before.capacity},
        after={"capacity": capacity}, reason=reason,
    )  # fmt: skip


async def roster(*, vendor_id: UUID | None, after: tuple[str, UUID] | None, limit: int) -> list[AnnotatorView]:
    """People by name; `vendor_id` limits to one vendor's people."""
    name, last = after or ("", UUID(int=0))
    return await db.fetch_as(
        AnnotatorView, sql.roster, vendor_id=vendor_id, annotator_id=None, after_name=name, after_id=last, limit=limit
    )


async def annotator(annotator_id: UUID, vendor_id: UUID | None = None) -> AnnotatorView:
    rows = await db.fetch_as(
        AnnotatorView,
        sql.roster,
        vendor_id=vendor_id,
        annotator_id=annotator_id,
        after_name="",
        after_id=UUID(int=0),
        limit=1,
    )
    if not rows:
        raise NoSuchAnnotator
    return rows[0]
