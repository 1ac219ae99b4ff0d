"""How good the work is, and what finding out costs: of one project, or over all of them."""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response
from litestar.params import FromPath, FromQuery, QueryParameter

from callboard.access import visibility
from callboard.access.actor import Actor
from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api.paging import DEFAULT_LIMIT, Cursor, Limit, Page, check_limit, page, read_cursor
from callboard.api.request import Call
from callboard.api.routes import get
from callboard.api.work import reply
from kernel import clock
from kernel.errors import Invalid
from routing import quality
from routing.projects import project
from routing.quality import WHATS, QualityFilter, QualityReport, QualityWork, WorksWish

READ = Permission.REPORTS_READ
SPAN = timedelta(days=83)
"""Twelve weeks, with today."""
MOST_DAYS = 1100
ProjectId = FromPath[UUID]
Day = FromQuery[date | None]
Person = FromQuery[UUID | None]
Code = Annotated[str | None, QueryParameter(max_length=40)]
Number = Annotated[int | None, QueryParameter(ge=1, le=20)]
What = Annotated[str, QueryParameter(max_length=20, description="One of: " + ", ".join(filter(None, WHATS)))]
Item = Annotated[str | None, QueryParameter(max_length=80)]


def filter_of(
    actor: Actor, project_id: UUID | None, first: date | None, last: date | None, **more: object
) -> QualityFilter:
    """The last twelve weeks unless said otherwise; a vendor's manager sees their own people's work. Raises `Invalid`."""
    last = last or clock.now().date()
    first = first or last - SPAN
    if first > last:
        raise Invalid("The last day is before the first.")
    if (last - first).days > MOST_DAYS:
        raise Invalid(f"At most {MOST_DAYS} days at once.")
    vendor = visibility.filter_for(actor).vendor_id
    if vendor is not None:
        more["vendor_id"] = vendor
    return QualityFilter(project_id=project_id, from_day=first, to_day=last, **more)  # type: ignore[arg-type]


@get("/quality", guards=[require(READ)], operation_id="reportQualityOfAll", tags=["reports"])
async def of_all(
    request: Call, *, from_day: Day = None, to_day: Day = None, domain: Code = None, kind: Code = None, annotator_id: Person = None,
    vendor_id: Person = None, stage: Number = None,
) -> Response[QualityReport]:  # fmt: skip
    """Over all projects; days are UTC, on which pieces were handed in, the last twelve weeks unless said otherwise."""
    more = {"domain": domain, "kind": kind, "annotator_id": annotator_id, "vendor_id": vendor_id, "stage": stage}
    return reply(await quality.report(filter_of(request.actor, None, from_day, to_day, **more)))


@get(
    "/projects/{project_id:uuid}/quality",
    guards=[require(READ)],
    operation_id="reportQualityOfProject",
    tags=["reports"],
)
async def of_project(
    request: Call, *, project_id: ProjectId, from_day: Day = None, to_day: Day = None, domain: Code = None, kind: Code = None,
    annotator_id: Person = None, vendor_id: Person = None, stage: Number = None,
) -> Response[QualityReport]:  # fmt: skip
    """First-pass yield, defects, what went out, rounds, looks and their cost; by week, domain, person, stage and rule."""
    await project(project_id)
    more = {"domain": domain, "kind": kind, "annotator_id": annotator_id, "vendor_id": vendor_id, "stage": stage}
    return reply(await quality.report(filter_of(request.actor, project_id, from_day, to_day, **more)))


@get(
    "/projects/{project_id:uuid}/quality/works", guards=[require(READ)], operation_id="listWorksOfQuality", tags=["reports"],
)  # fmt: skip
async def works(
    request: Call, *, project_id: ProjectId, what: What = "", item: Item = None, from_day: Day = None, to_day: Day = None,
    domain: Code = None, kind: Code = None, annotator_id: Person = None, vendor_id: Person = None, stage: Number = None,
    cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT,
) -> Response[Page[QualityWork]]:  # fmt: skip
    """The pieces behind a figure, newest first."""
    limit = check_limit(limit, request.settings)
    if what not in WHATS:
        raise Invalid(f"what is one of: {', '.join(filter(None, WHATS))}.")
    await project(project_id)
    more = {"domain": domain, "kind": kind, "annotator_id": annotator_id, "vendor_id": vendor_id, "stage": stage}
    wanted = filter_of(request.actor, project_id, from_day, to_day, **more)
    return reply(await page_of(wanted, WorksWish(what=what, item=item), cursor, limit))


async def page_of(wanted: QualityFilter, wish: WorksWish, cursor: str | None, limit: int) -> Page[QualityWork]:
    after = read_cursor(cursor, Place)
    before = None if after is None else (after.at, after.id)
    rows = await quality.works(wanted, wish, before=before, limit=limit + 1)
    return page(rows, limit, lambda row: Place(row.submitted_at.astimezone(UTC), row.id))


class Place(msgspec.Struct, frozen=True):
    """In the list of works."""

    at: datetime
    id: UUID


route_handlers = [of_all, of_project, works]
