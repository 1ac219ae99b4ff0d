"""What is rated, on which scale, and what the values mean in words. A project's rubric has versions.

A dialogue keeps the version that it was opened with, so nobody is asked for more in the middle of it.
"""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta, Struct, field

from dialogue.errors import BadRubric, NoRubric
from kernel import audit, db, outbox
from kernel.errors import PreconditionFailed
from kernel.ids import uuid7
from kernel.sql import load
from routing.errors import NoSuchProject
from skills.languages import check_language

sql = load(__package__)

Place = Literal["reply", "chosen", "candidate", "imported", "dialogue"]
"""`reply`: every reply of a bot on the active path; `chosen`: those that were preferred over others; `candidate`: every
candidate of the choices on the path, and every reply that had no rival; `imported`: replies that came with the task;
`dialogue`: the whole. Nobody rates what they wrote themselves."""

Words = dict[Annotated[str, Meta(min_length=2, max_length=35)], Annotated[str, Meta(min_length=1, max_length=500)]]
"""By language tag."""

Code = Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{0,39}$")]


class Dimension(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    code: Code
    name: Words
    description: Words = {}
    lowest: Annotated[int, Meta(ge=0, le=100)] = 1
    highest: Annotated[int, Meta(ge=0, le=100)] = 5
    anchors: dict[Annotated[str, Meta(pattern="^[0-9]{1,3}$")], Words] = {}
    """What a value means, by value."""
    required: bool = True
    applies: Annotated[list[Place], Meta(min_length=1, max_length=5)] = field(default_factory=lambda: ["reply"])
    comment_at: Annotated[int, Meta(ge=0, le=100)] | None = None
    """At this value and below a comment is required; none: never."""


class SpanLabel(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    code: Code
    name: Words
    reason_required: bool = False


class RubricDraft(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    dimensions: Annotated[list[Dimension], Meta(max_length=40)]
    span_labels: Annotated[list[SpanLabel], Meta(max_length=40)] = []
    """What passages may be marked as; none: anything."""
    reason: Annotated[str, Meta(max_length=500)] = ""


class RubricView(Struct, frozen=True, kw_only=True):
    id: UUID
    version: int
    dimensions: list[Dimension]
    span_labels: list[SpanLabel]
    created_at: datetime

    def dimension(self, code: str) -> Dimension | None:
        return next((one for one in self.dimensions if one.code == code), None)


async def rubric_of(project_id: UUID) -> RubricView | None:
    """The newest version, which new dialogues are opened with; none: replies are rated from 1 to 5."""
    return await db.fetch_one_as(RubricView, sql.newest_rubric, project_id=project_id)


async def newest_rubric_id(project_id: UUID) -> UUID | None:
    """None also where the newest version asks for nothing: that is how a rubric is taken away."""
    newest = await rubric_of(project_id)
    return newest.id if newest is not None and newest.dimensions else None


async def rubric_by_id(rubric_id: UUID) -> RubricView:
    """Raises `NoRubric`."""
    found = await db.fetch_one_as(RubricView, sql.rubric_by_id, rubric_id=rubric_id)
    if found is None:
        raise NoRubric
    return found


async def verdict_items(project_id: UUID, version: int | None) -> dict[str, Words]:
    """What a verdict may name of the project's rubric: dimensions and labels of passages, with their names; empty: none."""
    rubric = await rubric_of(project_id) if version is None else await rubric_at(project_id, version)
    if rubric is None:
        return {}
    names = {one.code: one.name for one in rubric.dimensions}
    return names | {one.code: one.name for one in rubric.span_labels}


async def rubric_at(project_id: UUID, version: int) -> RubricView | None:
    """What work was rated by that names this version."""
    return await db.fetch_one_as(RubricView, sql.rubric_at, project_id=project_id, version=version)


async def rubrics(project_id: UUID) -> list[RubricView]:
    """Every version, newest first."""
    return await db.fetch_as(RubricView, sql.rubrics_of_project, project_id=project_id)


async def put_rubric(project_id: UUID, draft: RubricDraft, *, version: int | None = None) -> RubricView:
    """The next version; without dimensions new dialogues are rated from 1 to 5 again.

    Raises `BadRubric`, `NoSuchProject`, `PreconditionFailed` when `version` is not the newest.
    """
    db.require_transaction()
    judge(draft)
    if await db.fetch_value(sql.lock_project_of_bot, project_id=project_id) is None:
        raise NoSuchProject
    before = await rubric_of(project_id)
    if version is not None and version != (before.version if before else 0):
        raise PreconditionFailed
    if before is not None and (before.dimensions, before.span_labels) == (draft.dimensions, draft.span_labels):
        return before
    rubric_id = uuid7()
    await db.execute(
        sql.add_rubric, id=rubric_id, project_id=project_id, version=before.version + 1 if before else 1,
        dimensions=db.jsonb(draft.dimensions), span_labels=db.jsonb(draft.span_labels),
    )  # fmt: skip
    after = await rubric_by_id(rubric_id)
    await audit.record(
        "rubric.changed", "project", project_id, before=msgspec.to_builtins(before) if before else None,
        after=msgspec.to_builtins(after), reason=draft.reason or None,
    )  # fmt: skip
    await outbox.publish(
        "project.changed", {"what": "rubric", "version": after.version}, project_id=project_id, subject_id=project_id
    )
    return after


def judge(draft: RubricDraft) -> None:
    """Raises `BadRubric`, which names the dimension, `BadLanguage`."""
    codes = [one.code for one in draft.dimensions]
    twice = next((code for code in codes if codes.count(code) > 1), None)
    if twice is not None:
        raise BadRubric(f"The dimension {twice} stands twice.")
    labels = [one.code for one in draft.span_labels]
    if len(set(labels)) < len(labels):
        raise BadRubric("A label of passages stands twice.")
    for one in draft.dimensions:
        _judge_scale(one)
        for words in (one.name, one.description, *one.anchors.values()):
            for tag in words:
                check_language(tag)
        if not one.name:
            raise BadRubric(f"The dimension {one.code} has no name.")


def _judge_scale(one: Dimension) -> None:
    if one.lowest >= one.highest:
        raise BadRubric(f"The scale of {one.code} must go up: {one.lowest} to {one.highest} does not.")
    outside = [value for value in one.anchors if not one.lowest <= int(value) <= one.highest]
    if outside:
        raise BadRubric(f"{one.code} says what {outside[0]} means, which is not on its scale.")
    if one.comment_at is not None and not one.lowest <= one.comment_at < one.highest:
        raise BadRubric(f"A comment on {one.code} is asked for from {one.lowest} to below {one.highest}.")
    if len(set(one.applies)) < len(one.applies):
        raise BadRubric(f"{one.code} names a place twice.")
