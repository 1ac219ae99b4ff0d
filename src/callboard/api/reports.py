"""What managers look at. Each report is one query over rows that are there anyway; nothing is cached."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response
from litestar.params import FromPath, FromQuery, QueryParameter

from callboard.access import visibility
from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api.paging import Moment, aware
from callboard.api.request import Call
from callboard.api.routes import get
from callboard.api.shapes import Items
from callboard.api.work import reply
from kernel import clock
from kernel.errors import Invalid
from payments import costing
from payments.costing import DIMENSIONS, CostCell, CostFilter, Dimension
from payments.earnings import CostLine, cost_by
from routing import estimating, refitting, reports
from routing.reports import Minute, QualityRow, QueueCell
from routing.risk import ProjectRisk, risks

READ = Permission.REPORTS_READ
DEFAULT_SPAN, COST_SPAN = timedelta(days=7), timedelta(days=28)
ProjectId = FromQuery[UUID | None]


def vendor_of(request: Call) -> UUID | None:
    return visibility.filter_for(request.actor).vendor_id


@get("/reports/queue", guards=[require(READ)], operation_id="reportQueue", tags=["reports"])
async def queue(request: Call, project_id: ProjectId = None) -> Response[Items[QueueCell]]:
    """By domain and difficulty: what waits, is in work, waits for review, is in review, is done."""
    return reply(Items(await reports.queue(project_id, vendor_of(request))))


@get("/reports/risk", guards=[require(Permission.TASKS_LIST)], operation_id="reportRisk", tags=["reports"])
async def risk(request: Call, project_id: ProjectId = None) -> Response[Items[ProjectRisk]]:
    """Whether what waits will be done in time, by project and lane, with the reason; the riskiest first."""
    return reply(Items(await risks(request.settings, project_id)))


@get("/reports/throughput", guards=[require(READ)], operation_id="reportThroughput", tags=["reports"])
async def throughput(
    request: Call, minutes: Annotated[int, QueryParameter(ge=1, le=1440)] = 60, project_id: ProjectId = None
) -> Response[Items[Minute]]:
    """Per minute, oldest first."""
    return reply(Items(await reports.throughput(minutes, project_id, vendor_of(request))))


@get("/reports/quality", guards=[require(READ)], operation_id="reportQuality", tags=["reports"])
async def quality(request: Call, since: Moment = None, project_id: ProjectId = None) -> Response[Items[QualityRow]]:
    """Verdicts by domain, and how much passed at the first look; the last seven days unless `since` says otherwise."""
    start = aware(since, "since") or clock.now() - DEFAULT_SPAN
    return reply(Items(await reports.quality(start, project_id, vendor_of(request))))


@get("/reports/cost", guards=[require(Permission.COST_READ)], operation_id="reportCost", tags=["reports"])
async def cost(
    request: Call, since: Moment = None, until: Moment = None, project_id: ProjectId = None
) -> Response[Items[CostLine]]:
    """By project, domain and kind of work; the last seven days unless `since` says otherwise."""
    scope = visibility.filter_for(request.actor)
    lines = await cost_by(
        project_ids=None if project_id is None else [project_id], vendor_id=scope.vendor_id,
        since=aware(since, "since") or clock.now() - DEFAULT_SPAN, until=aware(until, "until"),
    )  # fmt: skip
    return reply(Items(lines))


@get("/reports/costs", guards=[require(Permission.COST_READ)], operation_id="reportCosts", tags=["reports"])
async def costs(
    request: Call,
    *,
    by: Annotated[
        str, QueryParameter(max_length=60, description=f"Comma-separated: {', '.join(DIMENSIONS)}")
    ] = "project",
    since: Moment = None,
    until: Moment = None,
    project_id: ProjectId = None,
    domain: Annotated[str | None, QueryParameter(max_length=100)] = None,
    difficulty: Annotated[int | None, QueryParameter(ge=1, le=5)] = None,
    stage: Annotated[str | None, QueryParameter(max_length=20)] = None,
    sort: Annotated[str, QueryParameter(max_length=20)] = "-cost",
) -> Response[Items[CostCell]]:
    """All pay over the tasks accepted meanwhile, cut by up to four dimensions; the last 28 days unless `since` says otherwise."""
    wanted = CostFilter(
        since=aware(since, "since") or clock.now() - COST_SPAN, until=aware(until, "until"), project_id=project_id, domain=domain,
        difficulty=difficulty, stage=stage, vendor_id=vendor_of(request),
    )  # fmt: skip
    return reply(Items(await costing.costs(read_dimensions(by), wanted, sort)))


def read_dimensions(text: str) -> list[Dimension]:
    """Raises `Invalid`."""
    try:
        return msgspec.convert([name.strip() for name in text.split(",") if name.strip()], list[Dimension])
    except msgspec.ValidationError as error:
        raise Invalid(f"Costs are cut by {', '.join(DIMENSIONS)}.") from error


@get("/reports/difficulty", guards=[require(Permission.TASKS_LIST)], operation_id="reportDifficulty", tags=["reports"])
async def difficulty(request: Call) -> Response[estimating.DifficultyReport]:
    """The model that foretells difficulty, its error on tasks that it had not seen, and how its priors turned out by band."""
    return reply(await estimating.report(request.settings))


@get(
    "/projects/{project_id:uuid}/consensus",
    guards=[require(Permission.TASKS_LIST)],
    operation_id="reportConsensus",
    tags=["reports"],
)
async def consensus(project_id: FromPath[UUID]) -> Response[refitting.ConsensusReport]:
    """What the project's own answers say of its crowd, its error on reviewed tasks, and how far it is behind."""
    return reply(await refitting.report(project_id))


route_handlers = [queue, risk, throughput, quality, cost, costs, difficulty, consensus]
