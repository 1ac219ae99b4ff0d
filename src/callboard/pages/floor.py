"""The manager's floor: one page, one fragment that live nudges fetch again, one table to take along."""

from litestar import Response, get

from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api.request import Call
from callboard.pages.csv_file import csv_answer
from callboard.pages.floor_view import floor_view, live_rows
from callboard.pages.frame import page
from callboard.pages.views_floor import FloorFilter
from kernel.clock import rfc3339
from kernel.money import amount_text

LONGEST_FILTER = 80
guards = [require(Permission.REPORTS_READ)]


def read_filter(request: Call) -> FloorFilter:
    wish = {name: request.query_params.get(name, "")[:LONGEST_FILTER] for name in FloorFilter.__struct_fields__}
    return FloorFilter(
        project=wish["project"], domain=wish["domain"], stage=wish["stage"], presence=wish["presence"], sort=wish["sort"] or "lease",
        direction="desc" if wish["direction"] == "desc" else "asc",
    )  # fmt: skip


@get("/floor", guards=guards, include_in_schema=False)
async def floor(request: Call) -> Response[str]:
    return page(
        request, "floor.html", await floor_view(request.actor, read_filter(request), request.settings), live=True
    )


@get("/floor/fragment", guards=guards, include_in_schema=False)
async def floor_fragment(request: Call) -> Response[str]:
    return page(request, "floor/body.html", await floor_view(request.actor, read_filter(request), request.settings))


@get("/floor/live.csv", guards=guards, include_in_schema=False)
async def live_csv(request: Call) -> Response[str]:
    rows = await live_rows(request.actor, read_filter(request))
    head = ["person", "vendor", "task", "external_id", "project", "work", "domain", "level", "language", "since", "active_seconds", "lease_until", "price", "currency"]  # fmt: skip
    lines = [
        [
            row.person, row.vendor or "", row.task.title, row.task.external_id or "", row.task.project, row.stage, row.task.domain,
            row.task.level or "", row.task.language, rfc3339(row.since), row.active_seconds, rfc3339(row.lease_until),
            amount_text(row.price.micros), row.price.currency,
        ]
        for row in rows
    ]  # fmt: skip
    return csv_answer("live.csv", head, lines)


route_handlers = [floor, floor_fragment, live_csv]
