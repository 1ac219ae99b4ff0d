"""People who work: profiles, skills, earnings."""

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from litestar import Response
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta

from callboard.access import visibility
from callboard.access.actor import Actor
from callboard.access.errors import BeyondOwnRights
from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api.paging import DEFAULT_LIMIT, Cursor, Limit, Moment, aware, check_limit
from callboard.api.request import Call
from callboard.api.routes import get, post, put
from callboard.api.shapes import Items
from callboard.api.work import reply, unit_of_work
from kernel import db
from payments.earnings import Earnings, earnings
from routing import projects
from skills import annotators, profiles
from skills.annotators import AnnotatorDraft, AnnotatorView
from skills.profiles import SkillView

READ, WRITE, SKILLS = Permission.ANNOTATORS_READ, Permission.ANNOTATORS_WRITE, Permission.SKILLS_WRITE
AnnotatorId = FromPath[UUID]


class Assessment(msgspec.Struct, forbid_unknown_fields=True):
    level: Annotated[int, Meta(ge=1, le=5)]
    reason: Annotated[str, Meta(max_length=500)] = ""


class AnnotatorState(msgspec.Struct, forbid_unknown_fields=True):
    state: Literal["active", "paused", "left"]
    reason: Annotated[str, Meta(max_length=500)] | None = None


async def _within_rights(actor: Actor, draft: AnnotatorDraft) -> AnnotatorDraft:
    """A vendor's manager adds people to that vendor alone, and says nothing of their skills."""
    if not actor.may(SKILLS) and (draft.skills or draft.credentials):
        raise BeyondOwnRights("This account adds people, but does not state their skills or credentials.")
    if not actor.may(SKILLS) and set(draft.roles) - set(annotators.PLAIN_ROLES):
        raise BeyondOwnRights("Roles decide who gets which work; this account does not give them.")
    if actor.vendor_id is None:
        return draft
    vendor: str = await db.fetch_value("SELECT name FROM vendor WHERE id = :id", id=actor.vendor_id)
    if draft.vendor not in {None, vendor}:
        raise BeyondOwnRights("A vendor's manager adds people to that vendor alone.")
    return msgspec.structs.replace(draft, vendor=vendor)


@post("/annotators", guards=[require(WRITE)], operation_id="createAnnotator", tags=["annotators"])
async def create(request: Call, data: JSONBody[AnnotatorDraft]) -> Response[AnnotatorView]:
    """With roles, languages (level 1 to 5), stated skills (level 1 to 5 by domain) and credentials."""

    async def act() -> AnnotatorView:
        draft = await _within_rights(request.actor, data)
        return await annotators.annotator(await annotators.create_annotator(draft, request.settings.holding_capacity))

    return await unit_of_work(request, act, status=201)


@get("/annotators/{annotator_id:uuid}", guards=[require(READ)], operation_id="readAnnotator", tags=["annotators"])
async def read(request: Call, annotator_id: AnnotatorId) -> Response[AnnotatorView]:
    await visibility.check_annotator(request.actor, annotator_id)
    return reply(await annotators.annotator(annotator_id))


@put(
    "/annotators/{annotator_id:uuid}/state",
    guards=[require(WRITE)],
    operation_id="putAnnotatorState",
    tags=["annotators"],
)
async def put_state(
    request: Call, annotator_id: AnnotatorId, data: JSONBody[AnnotatorState]
) -> Response[AnnotatorView]:
    """Paused people get nothing new, and see the reason."""

    async def act() -> AnnotatorView:
        await visibility.check_annotator(request.actor, annotator_id)
        await annotators.set_state(annotator_id, data.state, data.reason)
        return await annotators.annotator(annotator_id)

    return await unit_of_work(request, act)


@get("/annotators/{annotator_id:uuid}/skills", guards=[require(READ)], operation_id="readSkills", tags=["annotators"])
async def read_skills(
    request: Call, annotator_id: AnnotatorId, project_id: FromQuery[UUID | None] = None
) -> Response[Items[SkillView]]:
    """Per domain: the belief, its interval, the level that it proves, and why somebody counts as an expert or not.

    Below a domain the kinds of work of which something was seen (`task_kind`). With `project_id` as that project sees
    the person: skill fades with its half-life, and experts stand at its bar.
    """
    await visibility.check_annotator(request.actor, annotator_id)
    settings = request.settings
    days, level = settings.skill_half_life_days, profiles.EXPERT_LEVEL
    if project_id is not None:
        seen_by = await projects.project(project_id)
        days, level = seen_by.skill_half_life_days or days, seen_by.expert_level
    return reply(Items(await profiles.skills_of(annotator_id, settings.skill_lower_bound_z, days, level)))


@put(
    "/annotators/{annotator_id:uuid}/skills/{domain:str}",
    guards=[require(SKILLS)],
    operation_id="assessSkill",
    tags=["annotators"],
)
async def assess(
    request: Call, annotator_id: AnnotatorId, domain: FromPath[str], data: JSONBody[Assessment]
) -> Response[SkillView]:
    """A manager's word on somebody's level: the belief starts anew from it, and work moves it from there."""

    async def act() -> SkillView:
        await visibility.check_annotator(request.actor, annotator_id)
        await annotators.assess(annotator_id, domain, data.level, data.reason)
        settings = request.settings
        known = await profiles.skills_of(annotator_id, settings.skill_lower_bound_z, settings.skill_half_life_days)
        return next(skill for skill in known if (skill.domain, skill.task_kind) == (domain, ""))

    return await unit_of_work(request, act)


@get("/annotators/{annotator_id:uuid}/earnings", guards=[require(READ)], operation_id="readEarnings", tags=["money"])
async def read_earnings(
    request: Call,
    annotator_id: AnnotatorId,
    since: Moment = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Response[Earnings]:
    """Totals of all time, and every piece of work with its price and what became of it, newest first."""
    limit = check_limit(limit, request.settings)
    await visibility.check_annotator(request.actor, annotator_id)
    return reply(await earnings(annotator_id, limit=limit, since=aware(since, "since"), cursor=cursor))


route_handlers = [create, read, put_state, read_skills, assess, read_earnings]
