"""Projects: their rules, their prices and their budget."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Response
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta

from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api.paging import DEFAULT_LIMIT, Cursor, Limit, Page, check_limit, page, read_cursor
from callboard.api.request import Call
from callboard.api.routes import get, patch, post, put
from callboard.api.shapes import Items, MoneyIn
from callboard.api.work import IDEMPOTENCY_KEY, etag, if_match, reply, unit_of_work
from kernel.ids import uuid7
from kernel.money import Money, parse_amount
from payments.calibration import Calibration, calibration
from payments.earnings import ProjectBudget, project_budget
from payments.ledger import TransferView, fund
from payments.rates import MOST_LANGUAGES, MOST_MINUTES, MOST_TURNS, RateCardView, Terms, create_rate_card, rate_cards
from payments.repricing import Repricing, reprice
from routing import relaning
from routing.calendar_store import CalendarView, calendars, put_calendar
from routing.calendars import Hours
from routing.projects import (
    ProjectChange,
    ProjectDraft,
    ProjectView,
    change_project,
    change_state,
    create_project,
    project,
    projects,
)

READ, WRITE, MONEY = Permission.PROJECTS_READ, Permission.PROJECTS_WRITE, Permission.MONEY_WRITE
Reason = Annotated[str, Meta(min_length=1, max_length=500)]
ProjectId = FromPath[UUID]


class StateChange(msgspec.Struct, forbid_unknown_fields=True):
    reason: Reason | None = None


class RequirementsChange(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    requirements: dict[str, Any] | str
    """An expression, as JSON or text; or `min_level`, `role`, `credential`, `require`, `prefer`."""
    reason: Reason


def _given(amount: MoneyIn | None) -> Money | None:
    return None if amount is None else amount.money()


class RateCardDraft(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    annotation: MoneyIn
    review: MoneyIn
    difficulty_factors: dict[Annotated[str, Meta(pattern="^[1-5]$")], Annotated[str, Meta(max_length=12)]] = {}
    """Decimal strings by band: `{"4": "1.5", "5": "2"}`; what is left out counts 1."""
    expert_factor: Annotated[str, Meta(max_length=12)] = "1"
    class_factors: dict[Annotated[str, Meta(pattern="^[1-5]$")], Annotated[str, Meta(max_length=12)]] = {}
    """By the least level that the work asks of a person."""
    language_factors: Annotated[dict[str, Annotated[str, Meta(max_length=12)]], Meta(max_length=MOST_LANGUAGES)] = {}
    """By tag: `{"pt": "1.1", "pt-BR": "1.2"}`; the longest that fits counts."""
    minimum: MoneyIn | None = None
    """That an annotation brings at least."""
    per_turn: MoneyIn | None = None
    """For each message that is handed in, beside `annotation`, up to `most_turns`; the maximum is set aside, what it comes to is posted."""
    most_turns: Annotated[int, Meta(ge=0, le=MOST_TURNS)] = 0
    per_hour: MoneyIn | None = None
    """For an active hour, beside `annotation`, up to `most_minutes`, which is at most `floor_most_minutes`."""
    most_minutes: Annotated[int, Meta(ge=0, le=MOST_MINUTES)] = 0
    bill_annotation: MoneyIn | None = None
    """What the customer pays, × the same factors."""
    bill_review: MoneyIn | None = None
    fee_percent: Annotated[str, Meta(max_length=12)] = "0"
    """Of posted pay, 0 to 100, on top of it out of the budget."""
    fee_fixed: MoneyIn | None = None
    """On top of each accepted task."""
    effective_from: Annotated[datetime, Meta(tz=True)] | None = None
    """Not read by the preview."""
    reason: Reason | None = None

    def terms(self) -> Terms:
        """Raises `Invalid`."""
        return Terms(
            class_factors=self.class_factors, language_factors=self.language_factors, minimum=_given(self.minimum),
            per_turn=_given(self.per_turn), most_turns=self.most_turns, per_hour=_given(self.per_hour), most_minutes=self.most_minutes,
            bill_annotation=_given(self.bill_annotation), bill_review=_given(self.bill_review),
            fee_percent=self.fee_percent, fee_fixed=_given(self.fee_fixed),
        )  # fmt: skip


class Funding(msgspec.Struct, forbid_unknown_fields=True):
    amount: MoneyIn
    reason: Reason = "budget"


def _versioned(view: ProjectView) -> dict[str, str]:
    return etag(view.version)


@post("/projects", guards=[require(WRITE)], operation_id="createProject", tags=["projects"])
async def create(request: Call, data: JSONBody[ProjectDraft]) -> Response[ProjectView]:
    """In state `draft`: it takes tasks, and gives out none until it is published."""

    async def act() -> ProjectView:
        return await project(await create_project(data, request.settings))

    return await unit_of_work(request, act, status=201, headers=_versioned)


@get("/projects", guards=[require(READ)], operation_id="listProjects", tags=["projects"])
async def list_all(request: Call, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT) -> Response[Page[ProjectView]]:
    """Newest first."""
    limit = check_limit(limit, request.settings)
    rows = await projects(before=read_cursor(cursor, UUID), limit=limit + 1)
    return reply(page(rows, limit, lambda row: row.id))


@get("/projects/{project_id:uuid}", guards=[require(READ)], operation_id="readProject", tags=["projects"])
async def read(project_id: ProjectId) -> Response[ProjectView]:
    view = await project(project_id)
    return reply(view, _versioned(view))


@patch("/projects/{project_id:uuid}", guards=[require(WRITE)], operation_id="changeProject", tags=["projects"])
async def change(request: Call, project_id: ProjectId, data: JSONBody[ProjectChange]) -> Response[ProjectView]:
    """How time flows in it (calendar, ladder, expiry, grace after a lease), and how much of it one person gets (costs, caps)."""
    version = if_match(request)
    return await unit_of_work(request, lambda: change_project(project_id, data, version=version), headers=_versioned)


async def _change(request: Call, project_id: UUID, state: str, data: StateChange | None) -> Response[ProjectView]:
    version, reason = if_match(request), data.reason if data else None
    return await unit_of_work(
        request, lambda: change_state(project_id, state, version=version, reason=reason), headers=_versioned
    )


@post(
    "/projects/{project_id:uuid}/publish",
    guards=[require(WRITE)],
    status_code=200,
    operation_id="publishProject",
    tags=["projects"],
)
async def publish(
    request: Call, project_id: ProjectId, data: JSONBody[StateChange | None] = None
) -> Response[ProjectView]:
    """From now on its tasks are given out. Publishing what is published changes nothing."""
    return await _change(request, project_id, "published", data)


@post(
    "/projects/{project_id:uuid}/pause",
    guards=[require(WRITE)],
    status_code=200,
    operation_id="pauseProject",
    tags=["projects"],
)
async def pause(
    request: Call, project_id: ProjectId, data: JSONBody[StateChange | None] = None
) -> Response[ProjectView]:
    """Nothing new is given out; what is held may be finished."""
    return await _change(request, project_id, "paused", data)


@post(
    "/projects/{project_id:uuid}/close",
    guards=[require(WRITE)],
    status_code=200,
    operation_id="closeProject",
    tags=["projects"],
)
async def close(
    request: Call, project_id: ProjectId, data: JSONBody[StateChange | None] = None
) -> Response[ProjectView]:
    """For good: it takes no tasks and gives out none."""
    return await _change(request, project_id, "closed", data)


@put("/projects/{project_id:uuid}/rate-card", guards=[require(MONEY)], operation_id="putRateCard", tags=["money"])
async def put_rate_card(request: Call, project_id: ProjectId, data: JSONBody[RateCardDraft]) -> Response[RateCardView]:
    """The next version of the prices; earlier ones stay as they were, and so do prices that were claimed under them."""

    async def act() -> RateCardView:
        annotation, review = data.annotation.money(), data.review.money()
        return await create_rate_card(
            project_id,
            annotation.currency,
            annotation,
            review,
            data.difficulty_factors,
            expert_factor=data.expert_factor,
            terms=data.terms(),
            effective_from=data.effective_from,
            reason=data.reason,
            counted_minutes=request.settings.floor_most_minutes,
        )

    return await unit_of_work(request, act)


@post("/projects/{project_id:uuid}/rate-card/preview", guards=[require(MONEY)], status_code=200, operation_id="previewRateCard", tags=["money"])  # fmt: skip
async def preview_rate_card(project_id: ProjectId, data: JSONBody[RateCardDraft]) -> Response[Repricing]:
    """What these prices would have cost over the work that was paid in the last 30 days; nothing changes."""
    annotation, review = data.annotation.money(), data.review.money()
    return reply(
        await reprice(
            project_id, annotation.currency, annotation, review, data.difficulty_factors,
            expert_factor=data.expert_factor, terms=data.terms(),
        )
    )  # fmt: skip


@get("/projects/{project_id:uuid}/price-calibration", guards=[require(MONEY)], operation_id="calibratePrice", tags=["money"])  # fmt: skip
async def calibrate_price(project_id: ProjectId, hourly: FromQuery[str]) -> Response[Items[Calibration]]:
    """The piece rates that bring `hourly` (an amount in the project's currency) per active hour, by the work of the last 90 days; nothing changes."""
    target = parse_amount(hourly, (await project(project_id)).currency)
    return reply(Items(await calibration(project_id, target)))


@put(
    "/projects/{project_id:uuid}/requirements",
    guards=[require(WRITE)],
    operation_id="changeRequirements",
    tags=["projects"],
)
async def put_requirements(
    request: Call, project_id: ProjectId, data: JSONBody[RequirementsChange]
) -> Response[ProjectView]:
    """A new version of what every task asks; what is not done yet moves to the lanes of the new demand, holders keep theirs."""
    version = if_match(request)

    async def act() -> ProjectView:
        return await relaning.change_requirements(project_id, data.requirements, data.reason, version)

    return await unit_of_work(request, act, headers=_versioned)


@get("/projects/{project_id:uuid}/rate-cards", guards=[require(READ)], operation_id="listRateCards", tags=["money"])
async def list_rate_cards(project_id: ProjectId) -> Response[Items[RateCardView]]:
    """Every version, newest first."""
    await project(project_id)
    return reply(Items(await rate_cards(project_id)))


@post("/projects/{project_id:uuid}/budget", guards=[require(MONEY)], operation_id="addBudget", tags=["money"])
async def add_budget(request: Call, project_id: ProjectId, data: JSONBody[Funding]) -> Response[TransferView]:
    """Adds to the budget. With an Idempotency-Key the ledger itself refuses to book the same funding twice, for ever."""
    key = request.headers.get(IDEMPOTENCY_KEY) or uuid7().hex

    async def act() -> TransferView:
        amount = data.amount.money()
        return await fund(project_id, amount, f"fund:{request.actor.id.hex}:{key[:120]}", data.reason)

    return await unit_of_work(request, act, status=201)


@get("/projects/{project_id:uuid}/budget", guards=[require(READ)], operation_id="readBudget", tags=["money"])
async def read_budget(project_id: ProjectId) -> Response[ProjectBudget]:
    return reply(await project_budget(project_id))


@put("/calendars/{name:str}", guards=[require(WRITE)], operation_id="putCalendar", tags=["projects"])
async def write_calendar(request: Call, name: FromPath[str], data: JSONBody[Hours]) -> Response[CalendarView]:
    """Weekly hours by the clock of a time zone, without the holidays; projects that go by it do so at once."""
    return await unit_of_work(request, lambda: put_calendar(name, data))


@get("/calendars", guards=[require(READ)], operation_id="listCalendars", tags=["projects"])
async def list_calendars() -> Response[Items[CalendarView]]:
    return reply(Items(await calendars()))


route_handlers = [
    write_calendar, list_calendars, change, create, list_all, read, publish, pause, close, put_requirements, put_rate_card, preview_rate_card, calibrate_price, list_rate_cards,
    add_budget, read_budget,
]  # fmt: skip
