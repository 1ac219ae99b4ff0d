"""Agreement between people, who decides where there is none, and how good reviewers are."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta

from callboard.access import visibility
from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api.request import Call
from callboard.api.routes import get, post
from callboard.api.shapes import Items
from callboard.api.work import reply, unit_of_work
from routing import adjudicating, agreeing, calibration_sets, reviewer_figures
from routing.adjudicating import Adjudicated, AdjudicationDraft, AdjudicationView, AdjudicationWork
from routing.agreeing import Aggregate, AgreementReport, TaskAnswer
from routing.asking import posterior_of
from routing.calibration_sets import CalibrationCandidate, CalibrationSetView, SetDraft
from routing.projects import project
from routing.reviewer_figures import ReviewersReport, Sorting

TASKS, WORK, WRITE = Permission.TASKS_LIST, Permission.WORK, Permission.VERDICTS_WRITE
ProjectId = FromPath[UUID]
AssignmentId = FromPath[UUID]


class TaskTogether(msgspec.Struct, frozen=True):
    answers: list[TaskAnswer]
    together: list[Aggregate]
    posterior: dict[str, float]
    """Choice → chance of being right, each answer weighed by how often its author is; before calibration.
    Empty where answers have no labels."""
    adjudication: AdjudicationView | None


class RetireWish(msgspec.Struct, forbid_unknown_fields=True):
    reason: Annotated[str, Meta(min_length=1, max_length=1000, pattern=r"\S")]


@get("/projects/{project_id:uuid}/agreement", guards=[require(TASKS)], operation_id="reportAgreement", tags=["quality"])
async def agreement(project_id: ProjectId) -> Response[AgreementReport]:
    """Krippendorff's alpha, or Kendall's u for orders, by kind, domain and dimension, each with a 95 % interval."""
    return reply(await agreeing.agreement(project_id))


@get("/tasks/{task_id:uuid}/agreement", guards=[require(TASKS)], operation_id="readTaskAgreement", tags=["quality"])
async def of_task(request: Call, task_id: FromPath[UUID]) -> Response[TaskTogether]:
    """What the answers to a task say together: votes and majority, median, strengths of candidates, and what was decided."""
    await visibility.check_task(request.actor, task_id)
    found = await agreeing.of_task(task_id)
    return reply(
        TaskTogether(
            found.answers,
            found.together,
            await posterior_of(task_id, request.settings.skill_half_life_days),
            await adjudicating.of_task(task_id),
        )
    )


@get(
    "/assignments/{assignment_id:uuid}/answers", guards=[require(WORK)], operation_id="readAnswersToAdjudicate",
    tags=["quality"],
)  # fmt: skip
async def answers(request: Call, assignment_id: AssignmentId) -> Response[AdjudicationWork]:
    """Of a decision between answers: all of them, without names."""
    holder = await visibility.holder(request.actor, assignment_id)
    return reply(await adjudicating.work(assignment_id, holder))


@post(
    "/assignments/{assignment_id:uuid}/adjudicate", guards=[require(WORK)], status_code=200, operation_id="adjudicate",
    tags=["quality"],
)  # fmt: skip
async def adjudicate(
    request: Call, assignment_id: AssignmentId, data: JSONBody[AdjudicationDraft]
) -> Response[Adjudicated]:
    """What is right, with a reason: it is the task's truth, and everybody who answered is paid and learns of it."""

    async def act() -> Adjudicated:
        holder = await visibility.holder(request.actor, assignment_id)
        return await adjudicating.decide(assignment_id, holder, data, request.settings)

    return await unit_of_work(request, act)


@get("/reviewers", guards=[require(Permission.REPORTS_READ)], operation_id="listReviewers", tags=["quality"])
async def reviewers(
    request: Call,
    project_id: FromQuery[UUID | None] = None,
    domain: FromQuery[Annotated[str, Meta(max_length=40)] | None] = None,
    sort: FromQuery[Sorting] = "looks",
) -> Response[ReviewersReport]:
    """Speed, agreement and severity of everybody who reviewed, or of one's vendor's people."""
    vendor_id = visibility.filter_for(request.actor).vendor_id
    if project_id is not None:
        await project(project_id)
    return reply(await reviewer_figures.reviewers(project_id=project_id, domain=domain, vendor_id=vendor_id, sort=sort))


@get(
    "/projects/{project_id:uuid}/calibration-sets", guards=[require(WRITE)], operation_id="listCalibrationSets",
    tags=["quality"],
)  # fmt: skip
async def sets(project_id: ProjectId) -> Response[Items[CalibrationSetView]]:
    """Newest first, with how they went."""
    await project(project_id)
    return reply(Items(await calibration_sets.sets(project_id)))


@get(
    "/projects/{project_id:uuid}/calibration-sets/candidates", guards=[require(WRITE)],
    operation_id="listCalibrationCandidates", tags=["quality"],
)  # fmt: skip
async def candidates(project_id: ProjectId) -> Response[Items[CalibrationCandidate]]:
    """Decided work that was looked at more than once and is in no set."""
    await project(project_id)
    return reply(Items(await calibration_sets.candidates(project_id)))


@post(
    "/projects/{project_id:uuid}/calibration-sets", guards=[require(WRITE)], operation_id="createCalibrationSet",
    tags=["quality"],
)  # fmt: skip
async def create(request: Call, project_id: ProjectId, data: JSONBody[SetDraft]) -> Response[CalibrationSetView]:
    """Given out at once, among the ordinary reviews; never changed."""

    async def act() -> CalibrationSetView:
        await project(project_id)
        made = await calibration_sets.make(project_id, data, visibility.decider(request.actor))
        return await calibration_sets.one(made)

    return await unit_of_work(request, act, status=201)


@post(
    "/calibration-sets/{set_id:uuid}/retire", guards=[require(WRITE)], status_code=200,
    operation_id="retireCalibrationSet", tags=["quality"],
)  # fmt: skip
async def retire(request: Call, set_id: FromPath[UUID], data: JSONBody[RetireWish]) -> Response[CalibrationSetView]:
    """Nothing of it is given out any more."""

    async def act() -> CalibrationSetView:
        return await calibration_sets.retire(set_id, data.reason)

    return await unit_of_work(request, act)


route_handlers = [agreement, of_task, answers, adjudicate, reviewers, sets, candidates, create, retire]
