"""The bank of gold: made of accepted work, imported, or entered; with how each fares. What people are given are copies (`gold_giving`)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, get_args
from uuid import UUID

import msgspec
from msgspec import Meta

from kernel import audit, db, outbox
from kernel.ids import plain_uuid, plain_uuid_or_none, uuid7
from kernel.settings import Settings
from kernel.sql import load
from routing import estimating
from routing.errors import BadGold, GoldContested, NoSuchGold
from routing.forms.faults import MISSING
from routing.forms.store import check_payloads
from routing.gold_doubts import locked
from routing.gold_keys import check_key
from routing.gold_reading import given_in
from routing.gold_scoring import GoldKey, bands_around, ratings_of
from routing.hidden import HIDDEN
from routing.projects import project
from skills.belief import Belief, level_of
from skills.registry import check_domains

sql = load(__package__)
Name = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_-]*$", max_length=40)]
State = Literal["active", "retired", "contested"]
Sort = Literal["newest", "served", "met", "discrimination", "fast", "contests"]
Flag = Literal["missed", "flat", "leaky"]
SORTS: tuple[Sort, ...] = get_args(Sort)
MOST_AT_ONCE, PEOPLE_SHOWN = 500, 50
LEAST_ANSWERS = 20
"""From which on it is said whether the able meet a gold more often than the others."""
FLAT = 0.05
"""Correlation of meeting it with being expected to, below which it tells nobody apart."""
MISSED, LEAST_MISSED = 0.4, 5
"""Share of answers that met it, below which it is pointed at; from so many answers on."""
LEAST_FAST = 3
"""Fast and right so often, and in half of all cases in which it was met: it went round."""


class GoldDraft(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    name: Annotated[str, Meta(min_length=1, max_length=200, pattern=r"\S")]
    kind: Name = "dialogue"
    domain: Name
    language: Annotated[str, Meta(pattern=r"^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$")]
    difficulty: Annotated[int, Meta(ge=1, le=5)] | None = None
    payload: dict[str, Any]
    """As of a task of the kind; what is hidden of tasks is left out of copies."""
    key: GoldKey
    note: Annotated[str, Meta(max_length=2000)] = ""


class GoldOfTask(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    task_id: UUID
    key: GoldKey | None = None
    """None: what was accepted, and where ratings are judged a step around them."""


class GoldView(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    project_id: UUID
    name: str
    kind: str
    domain: str
    language: str
    band: int
    """Difficulty, 1 to 5."""
    payload: dict[str, Any]
    key: GoldKey
    version: int
    """Of the key."""
    state: State
    origin: Literal["task", "import", "form"]
    source_task_id: UUID | None
    note: str
    created_by: str
    created_at: datetime
    served: int
    answered: int
    met: int
    met_share: float | None
    discrimination: float | None
    """Correlation of meeting it with the chance that belief and difficulty gave, -1 to 1; none before 20 answers."""
    fast: int
    """Times that it was met far faster than others of its kind are done."""
    last_served_at: datetime | None
    contests: int

    @property
    def title(self) -> str:
        said = self.payload.get("title")
        return said if isinstance(said, str) and said.strip() else self.name

    @property
    def flags(self) -> list[Flag]:
        found: list[Flag] = []
        if self.answered >= LEAST_MISSED and (self.met_share or 0) < MISSED:
            found.append("missed")
        if self.discrimination is not None and self.discrimination < FLAT:
            found.append("flat")
        if self.fast >= LEAST_FAST and 2 * self.fast >= self.met:
            found.append("leaky")
        return found


class GoldTotals(msgspec.Struct, frozen=True):
    all: int
    active: int
    contested: int
    retired: int
    answered: int
    met: int
    exhausted: int
    """People at work of the last 30 days for whom no gold is left."""


class GoldVersionView(msgspec.Struct, frozen=True):
    version: int
    key: GoldKey
    reason: str
    written_by: str
    written_at: datetime


class GoldAnswerView(msgspec.Struct, frozen=True):
    annotator_id: UUID
    name: str
    handed_in_at: datetime
    share: float
    met: bool
    expected: float | None
    """The chance that belief and difficulty gave."""
    seconds: int | None
    key_version: int


class GoldFilter(msgspec.Struct, frozen=True, kw_only=True):
    state: State | None = None
    kind: str | None = None
    domain: str | None = None
    search: str | None = None
    sort: Sort = "newest"


class GoldMade(msgspec.Struct, frozen=True):
    made: list[UUID]
    refused: list["GoldRefused"]


class GoldRefused(msgspec.Struct, frozen=True):
    task_id: UUID
    reason: str


async def bank(
    project_id: UUID, wanted: GoldFilter, settings: Settings, *, skip: int = 0, limit: int = 50
) -> list[GoldView]:
    return await _read(project_id, None, wanted, settings, skip, limit)


async def gold(gold_id: UUID, settings: Settings, project_id: UUID | None = None) -> GoldView:
    """Raises `NoSuchGold`, also for one of another project."""
    owner = await db.fetch_value("SELECT project FROM gold WHERE id = :id", id=gold_id)
    if owner is None or project_id not in {None, plain_uuid(owner)}:
        raise NoSuchGold
    return (await _read(plain_uuid(owner), gold_id, GoldFilter(), settings, 0, 1))[0]


async def _read(  # noqa: PLR0917  one query's parameters
    project_id: UUID, gold_id: UUID | None, wanted: GoldFilter, settings: Settings, skip: int, limit: int
) -> list[GoldView]:
    return await db.fetch_as(
        GoldView, sql.gold_bank, project_id=project_id, gold_id=gold_id, fast=settings.gold_fast,
        least_answers=LEAST_ANSWERS, skip=skip, limit=limit, **msgspec.structs.asdict(wanted),
    )  # fmt: skip


async def totals(project_id: UUID) -> GoldTotals:
    found = await db.fetch_one_as(GoldTotals, sql.gold_totals, project_id=project_id)
    assert found is not None, "an aggregate"
    return found


async def versions(gold_id: UUID) -> list[GoldVersionView]:
    """Newest first."""
    return await db.fetch_as(GoldVersionView, sql.gold_versions, gold_id=gold_id)


async def answers(gold_id: UUID) -> list[GoldAnswerView]:
    """Newest first."""
    return await db.fetch_as(GoldAnswerView, sql.gold_people, gold_id=gold_id, limit=PEOPLE_SHOWN)


async def enter(project_id: UUID, drafts: Sequence[GoldDraft], by: str, *, origin: str = "form") -> dict[str, UUID]:
    """Ids by name, of the new ones and of those that were there.

    Raises `NoSuchProject`, `NoSuchDomain`, `PayloadRefused`, `BadGold`.
    """
    db.require_transaction()
    await project(project_id)
    await check_domains({draft.domain for draft in drafts})
    await check_payloads(project_id, [(draft.name, draft.kind, draft.payload) for draft in drafts])
    for draft in drafts:
        try:
            await check_key(project_id, draft.kind, draft.key, draft.payload)
        except BadGold as error:
            raise BadGold(f"The gold {draft.name!r} cannot be made: {error.detail}", external_id=draft.name) from error
    priors = await estimating.priors(
        project_id, [estimating.Draft(d.kind, d.domain, d.language, d.difficulty, d.payload) for d in drafts]
    )
    for draft, (prior, _) in zip(drafts, priors, strict=True):
        band = draft.difficulty or level_of(prior.belief.mean)
        await _insert(project_id, draft, band, prior.belief, by, origin)
    rows = await db.fetch(sql.gold_ids_of_names, project_id=project_id, names=[draft.name for draft in drafts])
    return {row["name"]: plain_uuid(row["id"]) for row in rows}


async def _insert(  # noqa: PLR0917  one row's columns
    project_id: UUID, draft: GoldDraft, band: int, difficulty: Belief, by: str, origin: str, source: UUID | None = None
) -> UUID | None:
    """None: there is one of this name."""
    payload = {name: value for name, value in draft.payload.items() if name not in HIDDEN}
    found = await db.fetch_value(
        sql.insert_gold, id=uuid7(), project_id=project_id, name=draft.name.strip(), kind=draft.kind, domain=draft.domain,
        language=draft.language, band=band, mean=difficulty.mean, variance=difficulty.variance,
        payload=db.jsonb(payload), key=db.jsonb(draft.key), origin=origin, source_task=source, note=draft.note, by=by,
    )  # fmt: skip
    gold_id = plain_uuid_or_none(found)
    if gold_id is None:
        return None
    await db.execute(
        sql.insert_gold_version,
        id=uuid7(),
        gold_id=gold_id,
        version=1,
        key=db.jsonb(draft.key),
        reason=draft.note,
        by=by,
    )
    after = {"name": draft.name, "origin": origin, "key": msgspec.to_builtins(draft.key)}
    await audit.record("gold.made", "gold", gold_id, after=after, reason=draft.note or None)
    await outbox.publish("gold.made", {"gold_id": str(gold_id)}, project_id=project_id, subject_id=gold_id)
    return gold_id


async def from_tasks(project_id: UUID, wanted: Sequence[GoldOfTask], note: str, by: str) -> GoldMade:
    """Accepted work becomes gold, each as far as it can be. Raises `NoSuchProject`."""
    db.require_transaction()
    await project(project_id)
    made, refused = [], []
    for one in wanted:
        try:
            made.append(await _from_task(project_id, one, note, by))
        except BadGold as error:
            refused.append(GoldRefused(one.task_id, error.detail))
    return GoldMade(made, refused)


async def _from_task(project_id: UUID, wanted: GoldOfTask, note: str, by: str) -> UUID:
    row = await db.fetch_one(sql.task_for_gold, task_id=wanted.task_id, project_id=project_id)
    if row is None or row["gold"]:
        raise BadGold("There is no such task in this project.")
    if row["state"] != "accepted" or row["answer"] is None:
        raise BadGold("Only accepted work becomes gold.")
    if not row["reviewed"] and wanted.key is None:
        raise BadGold("Nobody looked at this work; state its key.")
    planted = "SELECT 1 FROM conversation WHERE task = :id AND annotator IS NULL LIMIT 1"
    if row["kind"] == "dialogue" and await db.fetch_value(planted, id=wanted.task_id):
        raise BadGold("A dialogue that came with its task cannot be copied.")
    key = wanted.key or await _key_of(project_id, row)
    draft = GoldDraft(
        name=row["external_id"], kind=row["kind"], domain=row["domain"], language=row["language"], payload=row["payload"],
        key=key, note=note,
    )  # fmt: skip
    await check_key(project_id, draft.kind, key, draft.payload)
    difficulty = Belief(row["difficulty_mean"], row["difficulty_variance"])
    made = await _insert(project_id, draft, row["band"], difficulty, by, "task", wanted.task_id)
    if made is None:
        raise BadGold("There is a gold of this name already.")
    return made


async def _key_of(project_id: UUID, row: Any) -> GoldKey:
    """Raises `BadGold` where the answer says nothing that others could be held against."""
    given = await given_in(project_id, row["kind"], row["answer"])
    if given is not MISSING:
        return GoldKey(answer=given)
    ratings = ratings_of(row["answer"])
    if not ratings:
        raise BadGold("This answer has nothing that is right or wrong, and no ratings; state a key.")
    return GoldKey(bands=bands_around(ratings))


async def set_state(
    project_id: UUID, gold_ids: Sequence[UUID], state: Literal["active", "retired"], reason: str
) -> int:
    """How many changed. Raises `NoSuchGold`, `GoldContested`: what is in doubt is decided first."""
    db.require_transaction()
    changed = 0
    for gold_id in sorted(set(gold_ids)):
        row = await locked(gold_id, project_id)
        if row["state"] == "contested":
            raise GoldContested
        if await db.execute(sql.change_gold_state, gold_id=gold_id, state=state):
            changed += 1
            await audit.record(
                f"gold.{'retire' if state == 'retired' else 'restore'}", "gold", gold_id,
                before={"state": row["state"]}, after={"state": state}, reason=reason,
            )  # fmt: skip
    return changed


async def set_note(gold_id: UUID, note: str) -> None:
    """Audited. Raises `NoSuchGold`."""
    row = await locked(gold_id)
    await db.execute(sql.change_gold_note, gold_id=gold_id, note=note)
    await audit.record("gold.note", "gold", gold_id, before={"note": row["note"]}, after={"note": note})
