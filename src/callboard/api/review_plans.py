"""Plans of review of a project: versions, which one is in force, what another one would look at; and what was decided."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Response
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Meta

from callboard.access import visibility
from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api.paging import DEFAULT_LIMIT, Cursor, Limit, check_limit, page, read_cursor
from callboard.api.request import Call
from callboard.api.routes import get, post
from callboard.api.shapes import Items
from callboard.api.work import reply, unit_of_work
from kernel import db
from kernel.sql import load
from routing import promises, review_plans, review_replay, risk_staging
from routing.projects import project
from routing.promises import StagePromise
from routing.review_plans import PlanActivation, PlanComparison, PlanDraft, ReviewPlanView
from routing.review_replay import PlanReplays
from routing.risk_staging import StageRisk

READ, WRITE, TASKS = Permission.PROJECTS_READ, Permission.PROJECTS_WRITE, Permission.TASKS_LIST
ProjectId = FromPath[UUID]
Side = Annotated[int, QueryParameter(ge=0, le=1_000_000)]
sql = load("routing")


class ReviewPlans(msgspec.Struct, frozen=True):
    items: list[ReviewPlanView]
    next_cursor: str | None
    activations: list[PlanActivation]
    """What was in force from when on, newest first."""


class PlanActivationWish(msgspec.Struct, forbid_unknown_fields=True):
    reason: Annotated[str, Meta(min_length=1, max_length=review_plans.LONGEST_NOTE, pattern=r"\S")]


class ReviewStepView(msgspec.Struct, frozen=True):
    """What a stage decided about one submission."""

    submission_id: UUID
    round: int
    stage: int
    plan_version: int
    looked: bool
    chance: float
    """With which it was to be looked at."""
    reason: dict[str, Any]
    """`rule` (`fixed`, `stratified`, `adaptive`, `risk`, `sent_back`, `second_review`) with its figures, and the stage's name."""
    decided_at: datetime
    due_at: datetime | None
    overdue: str
    overdue_at: datetime | None


@get(
    "/projects/{project_id:uuid}/review-plans", guards=[require(READ)], operation_id="listReviewPlans", tags=["reviews"]
)
async def list_all(
    request: Call, project_id: ProjectId, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Response[ReviewPlans]:
    """Newest first; version 0, one look at everything, stands last."""
    limit = check_limit(limit, request.settings)
    await project(project_id)
    rows = await review_plans.plans(project_id, before=read_cursor(cursor, int), limit=limit + 1)
    found = page(rows, limit, lambda row: row.version)
    return reply(ReviewPlans(found.items, found.next_cursor, await review_plans.activations(project_id)))


@post(
    "/projects/{project_id:uuid}/review-plans",
    guards=[require(WRITE)],
    operation_id="createReviewPlan",
    tags=["reviews"],
)
async def create(request: Call, project_id: ProjectId, data: JSONBody[PlanDraft]) -> Response[ReviewPlanView]:
    """The next version, not yet in force."""

    async def act() -> ReviewPlanView:
        return await review_plans.create_plan(project_id, data, visibility.decider(request.actor))

    return await unit_of_work(request, act, status=201)


@post(
    "/projects/{project_id:uuid}/review-plans/{version:int}/activate", guards=[require(WRITE)], status_code=200,
    operation_id="activateReviewPlan", tags=["reviews"],
)  # fmt: skip
async def activate(
    request: Call, project_id: ProjectId, version: FromPath[int], data: JSONBody[PlanActivationWish]
) -> Response[ReviewPlanView]:
    """For what is handed in from now on. An older version, or 0: the way back."""

    async def act() -> ReviewPlanView:
        return await review_plans.activate(project_id, version, data.reason, visibility.decider(request.actor))

    return await unit_of_work(request, act)


@get(
    "/projects/{project_id:uuid}/review-plans/compare", guards=[require(READ)], operation_id="compareReviewPlans",
    tags=["reviews"],
)  # fmt: skip
async def compare(project_id: ProjectId, a: Side, b: Side) -> Response[PlanComparison]:
    """What differs, stage by stage, and how much each looks."""
    await project(project_id)
    return reply(await review_plans.compare(project_id, a, b))


@get(
    "/projects/{project_id:uuid}/review-plans/replay", guards=[require(READ)], operation_id="replayReviewPlans",
    tags=["reviews"],
)  # fmt: skip
async def replay(
    request: Call, project_id: ProjectId, a: Side, b: Side, last: Annotated[int, QueryParameter(ge=1, le=2000)] = 500
) -> Response[PlanReplays]:
    """What each would have done with the last works: the share that is looked at, by how many people, at what cost."""
    return reply(await review_replay.replay(project_id, a, b, request.settings, last))


@get(
    "/projects/{project_id:uuid}/review-promise",
    guards=[require(READ)],
    operation_id="readReviewPromise",
    tags=["reviews"],
)
async def promise(project_id: ProjectId) -> Response[Items[StagePromise]]:
    """Of the adaptive stages in force: what is promised, and the share of defects in what counts, with its interval."""
    await project(project_id)
    return reply(Items(await promises.promises(project_id)))


@get("/projects/{project_id:uuid}/review-risk", guards=[require(READ)], operation_id="readReviewRisk", tags=["reviews"])
async def risk(project_id: ProjectId) -> Response[Items[StageRisk]]:
    """Of the stages in force that look by risk: budget, spend, and the share of defects in what counts, with its interval."""
    await project(project_id)
    return reply(Items(await risk_staging.risks(project_id)))


@get("/tasks/{task_id:uuid}/review-steps", guards=[require(TASKS)], operation_id="listReviewSteps", tags=["reviews"])
async def steps(request: Call, task_id: FromPath[UUID]) -> Response[Items[ReviewStepView]]:
    """What the plan decided about each hand-in of the task, and why, in order."""
    await visibility.check_task(request.actor, task_id)
    return reply(Items(await db.fetch_as(ReviewStepView, sql.steps_of_task, task_id=task_id)))


route_handlers = [list_all, create, activate, compare, replay, promise, risk, steps]
