"""The roster in the browser: found by anything, sorted by anything, changed many at once, taken along."""

from uuid import UUID

from litestar import Response, get, post
from litestar.response import Stream

from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api.paging import read_cursor, write_cursor
from callboard.api.request import Call
from callboard.api.roster import BulkWish, apply, reach_of, read_order
from callboard.pages.facts import uuid_of
from callboard.pages.frame import Form, page, problem_view, redirect
from callboard.pages.missing import NothingSelected, ReasonMissing
from callboard.pages.people_view import filter_of, people_view, wanted_of
from callboard.pages.tasks import DONE
from callboard.roster_export import stream
from kernel import db
from kernel.errors import DomainError, Invalid
from routing import roster
from routing.roster import After
from skills import bulk
from skills.bulk import BulkReport

PAGE_ROWS = 50
LONGEST_PATH = 2000
guards = [require(Permission.ANNOTATORS_WRITE)]


@get("/people", guards=guards, include_in_schema=False)
async def people(request: Call) -> Response[str]:
    return await _show(request)


async def _show(request: Call, error: DomainError | None = None) -> Response[str]:
    query, wish = request.query_params, filter_of(request.query_params)
    try:
        wanted, order = wanted_of(wish), read_order(wish.sort or "name")
        after = read_cursor(query.get("cursor") or None, After)
        found = await roster.find(
            wanted, reach_of(request.actor), request.settings, order, after=after, limit=PAGE_ROWS
        )
        problem = error
    except Invalid as unusable:  # an address that somebody changed by hand: the list is empty, and says why
        wanted, found, problem = wanted_of(type(wish)()), roster.Found([], 0, None), unusable
    view = await people_view(request, wish, wanted, found)
    view.next_cursor = None if found.after is None else write_cursor(found.after)
    view.done = int(query["done"]) if DONE.fullmatch(query.get("done", "")) else None
    view.bulk_id = uuid_of(query.get("bulk", ""))
    view.problem = None if problem is None else problem_view(problem, request)
    return page(request, "people.html", view, status=200 if problem is None else problem.status)


@post("/people/bulk", guards=guards, include_in_schema=False, status_code=200)
async def change_many(request: Call) -> Response[str]:
    """One action for those who were chosen, or for everybody whom the filter finds."""
    form = await Form.of(request)
    back = _list_path(form)
    try:
        ids = form.ids("id", request.settings.page_limit)
        if form.text("action", 20) == "compare":
            return redirect(request, f"/people/compare?ids={','.join(map(str, ids))}")
        wish = _wish(form, ids, back)
        async with db.transaction(request.actor.label):
            report = await apply(request.actor, wish, request.settings)
    except DomainError as error:
        return await _show(request, error)
    return redirect(request, _with_report(back, report))


def _list_path(form: Form) -> str:
    """Made anew from the filter in it: whatever else was sent leads nowhere."""
    return filter_of(form.text("next", LONGEST_PATH)).url()


def _wish(form: Form, ids: list[UUID], back: str) -> BulkWish:
    everybody = form.text("everybody", 5) == "yes"
    if not ids and not everybody:
        raise NothingSelected
    action, reason = form.text("action", 20), form.text("reason", 500).strip()
    if action not in {"pause", "activate", "grant_role", "revoke_role", "set_capacity"}:
        raise Invalid("There is no such action.")
    if action == "pause" and not reason:
        raise ReasonMissing
    about_role = action in {"grant_role", "revoke_role"}
    return BulkWish(
        ids=None if everybody else ids, filter=wanted_of(filter_of(back)) if everybody else None,
        action=action, reason=reason, role=form.text("role", 40) or None if about_role else None,  # type: ignore[arg-type]
        project_id=uuid_of(form.text("project", 40)) if about_role else None,
        capacity=_capacity(form) if action == "set_capacity" else None,
    )  # fmt: skip


def _capacity(form: Form) -> int:
    capacity = form.number("capacity")
    if not 1 <= capacity <= 50:  # noqa: PLR2004  as the table allows
        raise Invalid("A capacity is from 1 to 50.")
    return capacity


def _with_report(back: str, report: BulkReport, *, undoable: bool = True) -> str:
    mark = "&" if "?" in back else "?"
    undo = f"&bulk={report.bulk_id}" if undoable and report.changed else ""
    return f"{back}{mark}done={report.changed}{undo}"


@post("/people/undo", guards=guards, include_in_schema=False, status_code=200)
async def undo(request: Call) -> Response[str]:
    form = await Form.of(request)
    back = _list_path(form)
    bulk_id = uuid_of(form.text("bulk", 40))
    try:
        if bulk_id is None:
            raise Invalid("The field bulk holds something that is no id.")
        async with db.transaction(request.actor.label):
            report = await bulk.undo(bulk_id, request.actor.label, reach_of(request.actor).vendor_id)
    except DomainError as error:
        return await _show(request, error)
    return redirect(request, _with_report(back, report, undoable=False))


@get("/people/export.csv", guards=guards, include_in_schema=False)
async def export(request: Call) -> Stream:
    wanted = wanted_of(filter_of(request.query_params))
    return await stream(wanted, reach_of(request.actor), request.settings, "csv")


route_handlers = [people, change_many, undo, export]
