"""Tasks come in: validated, placed in lanes, ranked, and written as one statement per chunk, once per external_id."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta

from kernel import clock, db, outbox
from kernel.errors import Invalid
from kernel.ids import uuid7
from kernel.sql import load
from routing import estimating, gold_column
from routing.difficulty import Prior
from routing.errors import BadRequirement, WrongState
from routing.forms.store import check_payloads
from routing.lanes import Lane, Requirements, annotation_lane, rank, review_lane
from routing.projects import ProjectView, project
from routing.requirements import NOBODY, stored
from routing.wanted import Known, Stated, joined, read
from skills.belief import level_of
from skills.evidence import own_kinds
from skills.registry import check_domains

sql = load(__package__)

Name = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_-]*$", max_length=40)]
Level = Annotated[int, Meta(ge=1, le=5)]


class TaskDraft(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`payload` holds what the dialogue tool shows: `title`, `brief`, `opening`, `turns` of {role, text}, `reference`.

    `language` is a BCP 47 tag. `difficulty` runs from 1 (anybody) to 5 (few experts); None leaves it to the estimate.
    """

    external_id: Annotated[str, Meta(min_length=1, max_length=200)]
    kind: Name = "dialogue"
    domain: Name
    language: Annotated[str, Meta(pattern=r"^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$")]
    difficulty: Level | None = None
    priority: Level = 3
    due_at: Annotated[datetime, Meta(tz=True)] | None = None
    requirements: dict[str, Any] | str = {}
    """An expression, as JSON or text; or `min_level`, `role`, `credential`, `require`, `prefer`: docs/routing.md."""
    payload: dict[str, Any] = {}


class Intake(msgspec.Struct, frozen=True):
    created: int
    existing: int
    ids: dict[str, UUID]
    """external_id → id, of the new ones and of those that were there."""
    gold: int = 0
    """Rows with a value in `gold`: they went into the bank of known answers, and are no tasks."""


async def import_tasks(project_id: UUID, drafts: Sequence[TaskDraft], *, import_id: UUID | None = None) -> Intake:
    """Adds the tasks that are not there yet; idempotent by (project, external_id).

    Raises `NoSuchProject`, `NoSuchDomain`, `PayloadRefused`, `Invalid` (with the external_id at fault), `WrongState` for a closed project.
    """
    db.require_transaction()
    owner = await project(project_id)
    if owner.state == "closed":
        raise WrongState("The project is closed and takes no tasks.")
    if not drafts:
        return Intake(0, 0, {})
    _refuse_doubles(drafts)
    golden = [draft for draft in drafts if gold_column.is_gold(draft.payload)]
    if golden:
        known_gold = await gold_column.put_into_bank(project_id, golden)
        work = [draft for draft in drafts if not gold_column.is_gold(draft.payload)]
        rest = await import_tasks(project_id, work, import_id=import_id)
        return msgspec.structs.replace(rest, gold=len(golden), ids=rest.ids | known_gold)
    await check_domains({draft.domain for draft in drafts})
    await check_payloads(project_id, [(draft.external_id, draft.kind, draft.payload) for draft in drafts])
    kinds = await own_kinds()
    priors = await estimating.priors(
        project_id, [estimating.Draft(d.kind, d.domain, d.language, d.difficulty, d.payload) for d in drafts]
    )
    wanted = await asked_of(owner, drafts)
    works = [
        place_of(owner, draft, prior.belief.mean, kinds, wanted)
        for draft, (prior, _) in zip(drafts, priors, strict=True)
    ]
    lanes = await ensure_lanes(works)
    await db.execute(sql.make_room_for_names, project_id=project_id, names=[draft.external_id for draft in drafts])
    created = await _insert(owner, drafts, priors, [lanes[work.key] for work in works], import_id)
    known = await db.fetch(
        sql.tasks_by_external_id, project_id=project_id, external_ids=[draft.external_id for draft in drafts]
    )
    if created:
        await outbox.publish("tasks.created", {"count": created}, project_id=project_id, subject_id=import_id)
    return Intake(created, len(drafts) - created, {row["external_id"]: UUID(int=row["id"].int) for row in known})


def _refuse_doubles(drafts: Sequence[TaskDraft]) -> None:
    seen: set[str] = set()
    for draft in drafts:
        if draft.external_id in seen:
            raise Invalid(f"The external_id {draft.external_id!r} stands twice in one request; each names one task.")
        seen.add(draft.external_id)


def _spelled(stated: Stated) -> bytes:
    return msgspec.json.encode(stated)


async def asked_of(owner: ProjectView, drafts: Sequence[TaskDraft]) -> dict[bytes, Requirements]:
    """By how they are spelled, what tasks ask together with their project; each spelling is read once."""
    first = {_spelled(draft.requirements): draft for draft in reversed(drafts)}
    known = await Known.of([owner.requirements, *(draft.requirements for draft in first.values())])
    whole = read(owner.requirements, known, owner.expert_level)
    found = {}
    for spelled, draft in first.items():
        try:
            found[spelled] = joined(whole, read(draft.requirements, known, owner.expert_level))
        except BadRequirement as error:
            raise BadRequirement(
                f"The requirements of {draft.external_id!r} cannot be used: {error.detail}", **error.extra
            ) from error
    return found


def place_of(
    owner: ProjectView, draft: TaskDraft, foreseen: float, own_kinds: set[str], wanted: dict[bytes, Requirements]
) -> Lane:
    """The lane in which the draft's work waits; `foreseen`: difficulty in logits, where the draft states none.

    Raises `BadRequirement`.
    """
    lane = annotation_lane(
        owner.id,
        domain=draft.domain,
        language=draft.language,
        # A stated level stays the band: prices hang on it, and the frontend counts on what it said.
        band=draft.difficulty or level_of(foreseen),
        requirements=wanted[_spelled(draft.requirements)],
        project_role=owner.required_role,
        task_kind=draft.kind if draft.kind in own_kinds else "",
    )
    if lane.requirement == NOBODY:
        raise BadRequirement(
            f"The requirements of {draft.external_id!r} contradict those of the project; nobody could ever take the task.",
            at="requirements", allowed="what somebody can meet together with the project's own",
        )  # fmt: skip
    return lane


async def ensure_lanes(works: Sequence[Lane]) -> dict[str, UUID]:
    """Ids by key, of the lanes of the work and of the lanes of its review, made where they were missing."""
    return await lanes_known([lane for work in works for lane in (work, review_lane(work))])


async def lanes_known(lanes: Sequence[Lane]) -> dict[str, UUID]:
    """Ids by key of exactly these, made where they were missing."""
    wanted = {lane.key: lane for lane in lanes}
    found = await _known_lanes(wanted)
    missing = [lane for key, lane in wanted.items() if key not in found]
    if missing:
        await db.execute(
            sql.insert_lanes, ids=[uuid7() for _ in missing], projects=[lane.project_id for lane in missing],
            kinds=[lane.kind for lane in missing], stages=[lane.stage for lane in missing],
            domains=[lane.domain for lane in missing], languages=[lane.language for lane in missing],
            bands=[lane.difficulty_band for lane in missing], levels=[lane.min_level for lane in missing],
            roles=[lane.required_role for lane in missing], credentials=[lane.required_credential for lane in missing],
            task_kinds=[lane.task_kind for lane in missing],
            requirements=[stored(lane.requirement) for lane in missing],
            prefers=[msgspec.json.encode(lane.prefer).decode() if lane.prefer else "{}" for lane in missing],
            other_vendors=[lane.other_vendor for lane in missing], keys=[lane.key for lane in missing],
        )  # fmt: skip
        found = await _known_lanes(wanted)
    return found


async def _known_lanes(wanted: dict[str, Lane]) -> dict[str, UUID]:
    return {row["key"]: row["id"] for row in await db.fetch(sql.lanes_by_key, keys=list(wanted))}


async def _insert(
    owner: ProjectView,
    drafts: Sequence[TaskDraft],
    priors: Sequence[tuple[Prior, str]],
    lanes: Sequence[UUID],
    import_id: UUID | None,
) -> int:
    now = clock.now()
    rows = await db.fetch(
        sql.insert_tasks, project_id=owner.id, import_batch=import_id, overlap=owner.overlap, expires_days=owner.task_expires_days,
        sla_seconds=float(owner.sla_seconds),
        ids=[uuid7() for _ in drafts], external_ids=[draft.external_id for draft in drafts],
        kinds=[draft.kind for draft in drafts], domains=[draft.domain for draft in drafts],
        languages=[draft.language for draft in drafts], levels=[draft.difficulty for draft in drafts],
        means=[prior.belief.mean for prior, _ in priors], variances=[prior.belief.variance for prior, _ in priors],
        sources=[sources for _, sources in priors],
        priorities=[draft.priority for draft in drafts], dues=[draft.due_at for draft in drafts],
        requirements=[db.jsonb(draft.requirements) for draft in drafts],
        payloads=[db.jsonb(draft.payload) for draft in drafts], lanes=list(lanes),
        ranks=[rank(now, draft.priority, draft.due_at, owner.sla_seconds) + n for n, draft in enumerate(drafts)],
    )  # fmt: skip
    return len(rows)


async def begin_batch(project_id: UUID, source: str, content_hash: bytes) -> UUID:
    """The row that an import's tasks refer to; `finish_batch` fills in the counts."""
    db.require_transaction()
    batch_id = uuid7()
    await db.execute(
        """INSERT INTO import_batch (id, project, source, content_hash, errors, created_at)
           VALUES (:id, :project_id, :source, :content_hash, '[]', clock_timestamp())""",
        id=batch_id, project_id=project_id, source=source[:300], content_hash=content_hash,
    )  # fmt: skip
    return batch_id


async def finish_batch(
    batch_id: UUID, *, lines: int, created: int, existing: int, errors: list[dict[str, Any]], bad: int
) -> None:
    await db.execute(
        """UPDATE import_batch SET lines = :lines, created = :created, existing = :existing, bad = :bad, errors = :errors
           WHERE id = :id""",
        id=batch_id, lines=lines, created=created, existing=existing, bad=bad, errors=db.jsonb(errors),
    )  # fmt: skip


async def batch_with_content(project_id: UUID, content_hash: bytes) -> tuple[UUID, datetime] | None:
    """An earlier, complete import of the same bytes."""
    row = await db.fetch_one(
        """SELECT id, created_at FROM import_batch
           WHERE project = :project_id AND content_hash = :content_hash AND lines > 0 AND bad = 0 ORDER BY created_at LIMIT 1""",
        project_id=project_id, content_hash=content_hash,
    )  # fmt: skip
    return None if row is None else (row["id"], row["created_at"])


async def open_tasks_in(domain: str) -> int:
    """Of published projects: what keeps the domain from being archived."""
    return await db.fetch_value(sql.open_tasks_in_domain, domain=domain)  # type: ignore[no-any-return]
