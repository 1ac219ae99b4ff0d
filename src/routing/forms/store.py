"""Declarations of projects, in versions that never change, over the ones that the program comes with.

An assignment is worked on under the version that was the newest when it was claimed: nobody's form changes under their
hands, and what was handed in names the version that it was held against.
"""

import re
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from kernel import audit, db, outbox
from kernel.errors import PreconditionFailed
from kernel.ids import uuid7
from kernel.sql import load
from routing.errors import NoSuchAssignment, NoSuchProject
from routing.forms import answers, declaration
from routing.forms.declaration import SHOWN, Declaration
from routing.forms.errors import AnswerRefused, BadForm, FormBreaksTasks, NoSuchForm, PayloadRefused
from routing.forms.faults import Fault, below, found_at, told
from skills.belief import Belief
from skills.evidence import Observation, measure

sql = load("routing")

BUILT_IN = 0
"""The version of what the program comes with."""
KIND = re.compile("[a-z][a-z0-9_-]{0,39}")
OF_THEIR_OWN = frozenset({"dialogue", "review"})
"""Kinds with pages of their own."""
MOST_TASKS_HELD_AGAINST = 2000
"""Unfinished tasks that a new version is held against; beyond that the newest ones stand for all."""


class FormDraft(Struct, frozen=True, forbid_unknown_fields=True):
    declaration: dict[str, Any]
    reason: Annotated[str, Meta(max_length=500)] = ""


class FormView(Struct, frozen=True, kw_only=True):
    kind: str
    version: int
    """0: as the program comes with it."""
    declaration: Declaration
    created_at: datetime | None = None


class HeldForm(Struct, frozen=True, kw_only=True):
    """What one assignment is worked on under."""

    form: FormView
    payload: dict[str, Any]


@cache
def built_in() -> dict[str, FormView]:
    """By kind. What is shipped is read as strictly as what managers write."""
    folder = files("routing.forms") / "kinds"
    found = {}
    for file in sorted(folder.iterdir(), key=lambda one: one.name):
        kind = file.name.removesuffix(".json")
        if kind != file.name:
            declared = declaration.read(msgspec.json.decode(file.read_bytes()))
            found[kind] = FormView(kind=kind, version=BUILT_IN, declaration=declared)
    return found


def _view(row: Any) -> FormView:
    return FormView(
        kind=row["kind"], version=row["version"], declaration=msgspec.convert(row["declaration"], Declaration),
        created_at=row["created_at"],
    )  # fmt: skip


async def form_of(project_id: UUID, kind: str, at: datetime | None = None) -> FormView | None:
    """The newest version, or that of a moment; None for kinds that nobody has declared."""
    if kind in OF_THEIR_OWN:
        return None
    row = await db.fetch_one(sql.form_in_force, project_id=project_id, kind=kind, at=at)
    return built_in().get(kind) if row is None else _view(row)


async def form(project_id: UUID, kind: str) -> FormView:
    """Raises `NoSuchForm`."""
    found = await form_of(project_id, kind)
    if found is None:
        raise NoSuchForm
    return found


async def forms(project_id: UUID) -> list[FormView]:
    """The newest of every kind, the project's own and the ones that the program comes with, by kind."""
    own = {row["kind"]: _view(row) for row in await db.fetch(sql.newest_forms, project_id=project_id)}
    return sorted((built_in() | own).values(), key=lambda one: one.kind)


async def versions(project_id: UUID, kind: str) -> list[FormView]:
    """Newest first, with the built-in one at the end. Raises `NoSuchForm`."""
    rows = await db.fetch(sql.form_versions, project_id=project_id, kind=kind)
    found = [_view(row) for row in rows] + [one for one in (built_in().get(kind),) if one is not None]
    if not found:
        raise NoSuchForm
    return found


async def put_form(project_id: UUID, kind: str, draft: FormDraft, *, version: int | None = None) -> FormView:
    """The next version; the same again changes nothing.

    Raises `BadForm`, `FormBreaksTasks`, `NoSuchProject`, `PreconditionFailed` when `version` is not the newest.
    """
    db.require_transaction()
    if kind in OF_THEIR_OWN:
        raise BadForm(f"The kind {kind} has a page of its own and takes no declaration.")
    if not KIND.fullmatch(kind):
        raise BadForm("A kind is named in small letters, digits, - and _; it begins with a letter.")
    declared = declaration.read(draft.declaration)
    if await db.fetch_value(sql.lock_project_for_form, project_id=project_id) is None:
        raise NoSuchProject
    before = await form_of(project_id, kind)
    newest = before.version if before else BUILT_IN
    if version is not None and version != newest:
        raise PreconditionFailed
    if before is not None and before.declaration == declared:
        return before
    await _check_tasks(project_id, kind, declared)
    await db.execute(
        sql.add_form, id=uuid7(), project_id=project_id, kind=kind, version=newest + 1, declaration=db.jsonb(declared)
    )
    english = declared.names["en"]
    await db.execute(sql.know_kind, code=kind, name_en=english[:80], name_zh=declared.names.get("zh", english)[:80])
    after = await form(project_id, kind)
    await audit.record(
        "form.changed", "project", project_id, before=msgspec.to_builtins(before) if before else None,
        after=msgspec.to_builtins(after), reason=draft.reason or None,
    )  # fmt: skip
    await outbox.publish(
        "project.changed", {"what": "form", "kind": kind, "version": after.version}, project_id=project_id, subject_id=project_id
    )  # fmt: skip
    return after


async def _check_tasks(project_id: UUID, kind: str, declared: Declaration) -> None:
    rows = await db.fetch(sql.unfinished_of_kind, project_id=project_id, kind=kind, limit=MOST_TASKS_HELD_AGAINST)
    for row in rows:
        faults = answers.payload_faults(declared, row["payload"])
        if faults:
            raise FormBreaksTasks(
                f"The task {row['external_id']!r} does not hold what this would show: {faults[0].path or '/'}.",
                external_id=row["external_id"], errors=told(faults),
            )  # fmt: skip


async def check_payloads(project_id: UUID, tasks: list[tuple[str, str, dict[str, Any]]]) -> None:
    """Of (external_id, kind, payload). Raises `PayloadRefused` with the first that does not fit."""
    known = {kind: await form_of(project_id, kind) for kind in {kind for _, kind, _ in tasks}}
    for external_id, kind, payload in tasks:
        view = known[kind]
        faults = answers.payload_faults(view.declaration, payload) if view else []
        if faults:
            raise PayloadRefused(
                f"The payload of {external_id!r} does not fit its kind {kind}: {faults[0].path or '/'}: {faults[0].message}",
                external_id=external_id,
                errors=told([Fault(below("", "payload") + fault.path, fault.code, fault.message) for fault in faults]),
            )


async def held_form(assignment_id: UUID) -> HeldForm | None:
    """None for kinds that nobody has declared. A review is held against the form of the work that it judges.

    Raises `NoSuchAssignment`. Whoever calls has checked whose assignment it is.
    """
    row = await db.fetch_one(sql.work_for_form, assignment_id=assignment_id)
    if row is None:
        raise NoSuchAssignment
    found = await form_of(row["project_id"], row["kind"], row["claimed_at"])
    return None if found is None else HeldForm(form=found, payload=row["payload"])


async def completed(assignment_id: UUID, answer: dict[str, Any]) -> dict[str, Any]:
    """The answer with the order in which candidates stood. Raises `AnswerRefused` with every place that is wrong."""
    held = await held_form(assignment_id)
    if held is None:
        return answer
    refuse(held, answer)
    order = answers.shown(held.form.declaration, held.payload, assignment_id)
    return {SHOWN: order} | answer if order else answer


async def corrected(assignment_id: UUID, work: dict[str, Any], correction: dict[str, Any]) -> dict[str, Any] | None:
    """A reviewer's correction of work of a declared kind, checked; None where nothing is declared. Raises `AnswerRefused`."""
    held = await held_form(assignment_id)
    if held is None:
        return None
    refuse(held, correction)
    return {SHOWN: work[SHOWN]} | correction if SHOWN in work else correction


def refuse(held: HeldForm, answer: dict[str, Any]) -> None:
    """Raises `AnswerRefused` if there is anything to refuse."""
    faults = answers.answer_faults(held.form.declaration, held.payload, answer)
    if faults:
        first = faults[0]
        raise AnswerRefused(f"{first.path or '/'}: {first.message}", errors=told(faults))


async def learn_from_key(assignment_id: UUID, submission_id: UUID, author_id: UUID, answer: dict[str, Any]) -> None:
    """Evidence about whoever answered a task whose right answer is known; once, not again when a reviewer sent it back.

    The last lock of a transaction: the skill.
    """
    row = await db.fetch_one(sql.work_for_form, assignment_id=assignment_id)
    if row is None or "answer" not in row["payload"]:
        return
    found = await form_of(row["project_id"], row["kind"], row["claimed_at"])
    if found is None or found.declaration.right is None:
        return
    if await db.fetch_value(sql.answered_before, submission_id=submission_id):
        return
    given = found_at(below("", found.declaration.right.answer), answer)
    await measure(
        Observation(
            annotator_id=author_id, domain=row["domain"], kind="gold", source_type="answer", source_id=submission_id,
            outcome=1.0 if right(given, row["payload"]["answer"]) else 0.0, task_kind=row["kind"],
            difficulty=Belief(row["difficulty_mean"], row["difficulty_variance"]),
        )
    )  # fmt: skip


def right(given: Any, key: Any) -> bool:
    """Labels as a set, passages whatever their order, texts without the space around them."""
    if isinstance(given, str) and isinstance(key, str):
        return given.strip() == key.strip()
    if isinstance(given, list) and isinstance(key, list) and not any(isinstance(one, list) for one in [*given, *key]):
        return sorted(map(_plain, given)) == sorted(map(_plain, key))
    return bool(given == key)


def _plain(value: Any) -> bytes:
    return msgspec.json.encode(value, order="sorted")
