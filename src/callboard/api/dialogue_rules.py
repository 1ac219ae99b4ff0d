"""What a project asks of its dialogues: the rules, the rubric, the topics that it needs."""

from typing import Annotated

import msgspec
from litestar import Response
from litestar.params import JSONBody
from msgspec import Meta

from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api.projects import ProjectId
from callboard.api.request import Call
from callboard.api.routes import get, put
from callboard.api.shapes import Items
from callboard.api.work import etag, if_match, reply, unit_of_work
from dialogue import rubric_defaults, rubrics, rules, topics
from dialogue.errors import NoRubric
from dialogue.rubrics import Dimension, RubricDraft, RubricView, SpanLabel
from dialogue.rules import RulesDraft
from dialogue.topics import QuotaDraft, QuotaView
from dialogue.views import Rules
from routing.projects import project

READ, WRITE = Permission.PROJECTS_READ, Permission.PROJECTS_WRITE


class RubricDefaults(msgspec.Struct, frozen=True):
    dimensions: list[Dimension]
    span_labels: list[SpanLabel]


class Topics(msgspec.Struct, forbid_unknown_fields=True):
    quotas: list[QuotaDraft]
    """All of them: what is not named any more is archived."""
    reason: Annotated[str, Meta(max_length=500)] = ""


def _rules_version(view: Rules) -> dict[str, str]:
    return etag(view.version)


def _rubric_version(view: RubricView) -> dict[str, str]:
    return etag(view.version)


@get("/projects/{project_id:uuid}/dialogue", guards=[require(READ)], operation_id="readRules", tags=["projects"])
async def read_rules(project_id: ProjectId) -> Response[Rules]:
    """Version 0: nothing was set, and the plain form holds."""
    await project(project_id)
    view = await rules.rules_of(project_id)
    return reply(view, _rules_version(view))


@put("/projects/{project_id:uuid}/dialogue", guards=[require(WRITE)], operation_id="putRules", tags=["projects"])
async def put_rules(request: Call, project_id: ProjectId, data: JSONBody[RulesDraft]) -> Response[Rules]:
    """Candidates for each reply, how they are decided, branches, and where topics come from."""
    version = if_match(request)
    return await unit_of_work(
        request, lambda: rules.put_rules(project_id, data, version=version), headers=_rules_version
    )


@get("/projects/{project_id:uuid}/rubric", guards=[require(READ)], operation_id="readRubric", tags=["projects"])
async def read_rubric(project_id: ProjectId) -> Response[RubricView]:
    """The newest version; 404 where replies are rated from 1 to 5."""
    await project(project_id)
    view = await rubrics.rubric_of(project_id)
    if view is None:
        raise NoRubric
    return reply(view, _rubric_version(view))


@put("/projects/{project_id:uuid}/rubric", guards=[require(WRITE)], operation_id="putRubric", tags=["projects"])
async def put_rubric(request: Call, project_id: ProjectId, data: JSONBody[RubricDraft]) -> Response[RubricView]:
    """The next version, for dialogues that are opened from now on; without dimensions replies are rated from 1 to 5."""
    version = if_match(request)
    return await unit_of_work(
        request, lambda: rubrics.put_rubric(project_id, data, version=version), headers=_rubric_version
    )


@get("/projects/{project_id:uuid}/rubrics", guards=[require(READ)], operation_id="listRubrics", tags=["projects"])
async def list_rubrics(project_id: ProjectId) -> Response[Items[RubricView]]:
    """Every version, newest first."""
    await project(project_id)
    return reply(Items(await rubrics.rubrics(project_id)))


@get("/rubric-defaults", guards=[require(READ)], operation_id="readRubricDefaults", tags=["projects"])
async def read_defaults() -> Response[RubricDefaults]:
    """Six dimensions and some labels to begin with, in English and Chinese: take what fits, and change the words."""
    return reply(RubricDefaults(rubric_defaults.DIMENSIONS, rubric_defaults.SPAN_LABELS))


@get("/projects/{project_id:uuid}/topics", guards=[require(READ)], operation_id="listTopics", tags=["projects"])
async def list_topics(project_id: ProjectId) -> Response[Items[QuotaView]]:
    """Every quota with its topics and what is taken of it, full ones too."""
    await project(project_id)
    return reply(Items(await topics.quotas(project_id)))


@put("/projects/{project_id:uuid}/topics", guards=[require(WRITE)], operation_id="putTopics", tags=["projects"])
async def put_topics(request: Call, project_id: ProjectId, data: JSONBody[Topics]) -> Response[Items[QuotaView]]:
    """The whole list. A quota is known by domain, difficulty and language, a topic by its text."""

    async def act() -> Items[QuotaView]:
        return Items(await topics.put_quotas(project_id, data.quotas, settings=request.settings, reason=data.reason))

    return await unit_of_work(request, act)


route_handlers = [
    read_rules, put_rules, read_rubric, put_rubric, list_rubrics, read_defaults, list_topics, put_topics,
]  # fmt: skip
