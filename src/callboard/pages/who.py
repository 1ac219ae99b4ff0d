"""Who could take a task: counts by reason, the best candidates, and the answer about one person. A part of the task's page."""

import re
from datetime import datetime
from uuid import UUID

from litestar import Response, get
from litestar.params import FromPath

from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.access.visibility import check_task
from callboard.api.request import Call
from callboard.pages.facts import uuid_of
from callboard.pages.frame import is_htmx, page
from callboard.pages.views_who import Asked, PersonFound, Step, WhoPlace, WhoView
from kernel import db
from kernel.errors import Forbidden
from kernel.sql import load
from routing import explain, reports
from routing.eligibility import Change
from skills.annotators import vendor_names

sql = load(__package__)
LONGEST_NAME = 120
MOST_FOUND = 10
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


async def who_view(request: Call, task_id: UUID) -> WhoView:
    wanted = request.query_params.get("person", "").strip()[:LONGEST_NAME]
    row, told = await reports.task(task_id), await explain.candidates(task_id, request.settings)
    vendors = await vendor_names()
    found = await _named(wanted) if wanted else []
    view = WhoView(
        task_id=task_id,
        title=row.payload.get("title") or row.external_id,
        active=told.active,
        left_out=told.left_out,
        places=[
            WhoPlace(
                kind=place.kind, no=place.no, state=place.state, requirement=_by_name(place.requirement, vendors),
                able=place.able, fitting=place.fitting, kept=place.kept, best=place.best,
            )
            for place in told.places
        ],
        person=wanted,
        found=found,
    )  # fmt: skip
    if len(found) == 1:
        view.answers = await _answers(request, task_id, found[0].id, vendors)
    return view


async def _named(wanted: str) -> list[PersonFound]:
    rows = await db.fetch(sql.people_named, q=wanted, id=uuid_of(wanted), limit=MOST_FOUND)
    return [PersonFound(id=UUID(int=row["id"].int), name=row["display_name"]) for row in rows]


async def _answers(request: Call, task_id: UUID, annotator_id: UUID, vendors: dict[str, str]) -> list[Asked]:
    told = await explain.explain(task_id, annotator_id, request.settings)
    return [
        Asked(
            kind=place.kind, no=place.no, eligible=place.eligible, conditions=[one.predicate for one in place.failures],
            steps=[_step(change, vendors) for change in place.smallest_change.steps] if place.smallest_change else [],
            score=place.score["total"], lanes_before=place.lanes_before,
        )
        for place in told.places
    ]  # fmt: skip


def _step(change: Change, vendors: dict[str, str]) -> Step:
    of = "" if change.action in ("lift", "include", "exclude") else vendors.get(change.of, change.of)
    until = datetime.fromisoformat(change.until) if change.until and change.action == "wait" else None
    lifted = change.action.endswith("_cap") and not change.count
    return Step(
        action=change.action, of=of, kind=change.kind, level=change.level or None, count=change.count or None, lifted=lifted,
        until=until,
    )  # fmt: skip


def _by_name(requirement: str, vendors: dict[str, str]) -> str:
    return _UUID.sub(lambda found: vendors.get(found.group(), found.group()), requirement)


@get("/tasks/{task_id:uuid}/who", guards=[require(Permission.TASKS_READ)], include_in_schema=False)
async def who(request: Call, task_id: FromPath[UUID]) -> Response[str]:
    if not request.actor.sees_everybody:
        raise Forbidden("The story of a task is for its managers.")
    await check_task(request.actor, task_id)
    template = "tasks/who.html" if is_htmx(request) else "task_who.html"
    return page(request, template, await who_view(request, task_id))


route_handlers = [who]
