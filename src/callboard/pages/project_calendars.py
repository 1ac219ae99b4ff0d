"""Calendars as forms: hours by day as people write them, holidays one to a line, a zone by its name."""

import re
from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import available_timezones

from litestar import Response, get, post
from litestar.params import FromPath

from callboard.access.permissions import Permission
from callboard.api.request import Call
from callboard.pages.facts import uuid_of
from callboard.pages.frame import Form, page, problem_view, redirect
from callboard.pages.project_forms import Fields
from callboard.pages.projects import READ, WRITE
from callboard.pages.views_projects import CalendarPage, Named
from kernel import db
from kernel.errors import DomainError, PreconditionFailed
from kernel.sql import load
from routing.calendar_store import NAME, CalendarView, calendar, calendars, put_back, put_calendar
from routing.calendars import DAYS, MIDNIGHT, Hours, Span, open_hours
from routing.projects import project

sql = load(__package__)
USUAL = {"name": "", "zone": "UTC", "holidays": "", "reason": "", "sat": "", "sun": ""} | dict.fromkeys(
    DAYS[:5], "09:00-17:00"
)
SPAN = re.compile(r"([0-2]?[0-9])[:：]?([0-5][0-9])?\s*(?:-|–|—|to|至|到)\s*([0-2]?[0-9])[:：]?([0-5][0-9])?")
MOST_HOLIDAYS = 400
LONGEST_HOLIDAYS = 8000
ZONES = tuple(
    sorted(name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "SystemV/")))
)
Name = FromPath[str]


def _values(of: CalendarView) -> dict[str, str]:
    days = {day: ", ".join(f"{a}-{b}" for a, b in of.weekly.get(day, [])) for day in DAYS}
    return {"name": of.name, "zone": of.zone, "holidays": "\n".join(of.holidays), "reason": ""} | days


async def _view(request: Call, of: CalendarView | None, values: dict[str, str]) -> CalendarPage:
    rows = await db.fetch(sql.projects_by_calendar, name=of.name if of else "")
    came_from = uuid_of(request.query_params.get("project", ""))
    return CalendarPage(
        calendar=of, values=values, zones=["UTC", *ZONES], hours=open_hours(of.weekly) if of else None,
        used_by=[Named(id=UUID(int=row["id"].int), name=row["name"]) for row in rows],
        project=Named(id=came_from, name=(await project(came_from)).name) if came_from else None,
        done=done if (done := request.query_params.get("done", "")) in {"saved", "undone"} else "",
        may_edit=request.actor.may(Permission.PROJECTS_WRITE),
        may_undo=of is not None and done == "saved" and request.query_params.get("of", "") == str(of.version),
    )  # fmt: skip


@get("/calendars/new", guards=WRITE, include_in_schema=False)
async def new(request: Call) -> Response[str]:
    return page(request, "projects/calendar.html", await _view(request, None, dict(USUAL)))


@get("/calendars/{name:str}", guards=READ, include_in_schema=False)
async def show(request: Call, name: Name) -> Response[str]:
    of = await calendar(name)
    return page(request, "projects/calendar.html", await _view(request, of, _values(of)))


def _spans(fields: Fields, day: str) -> list[Span]:
    """`9-12:30, 13:00-18:00`; empty: closed."""
    found: list[Span] = []
    for part in re.split(r"[,;，；、]", fields.typed(day, 200)):
        if not part.strip():
            continue
        read = SPAN.fullmatch(part.strip())
        if read is None:
            fields.fault(day, "span", part=part.strip()[:40])
            return []
        start, end = f"{int(read[1]):02}:{read[2] or '00'}", f"{int(read[3]):02}:{read[4] or '00'}"
        before = found[-1][1] if found else "00:00"
        if start < before or end <= start or end > MIDNIGHT:
            fields.fault(day, "span_order", part=f"{start}-{end}")
            return []
        found.append((start, end))
    return found


def _holidays(fields: Fields) -> list[date]:
    found = set()
    for line in fields.typed("holidays", LONGEST_HOLIDAYS).replace(",", "\n").split("\n"):
        if not line.strip():
            continue
        try:
            found.add(date.fromisoformat(line.strip()))
        except ValueError:
            fields.fault("holidays", "date", line=line.strip()[:40])
    if len(found) > MOST_HOLIDAYS:
        fields.fault("holidays", "too_many", limit=MOST_HOLIDAYS)
    return sorted(found)


def _hours(fields: Fields) -> Hours:
    weekly: dict[str, list[Span]] = {day: _spans(fields, day) for day in DAYS}
    zone, holidays = fields.typed("zone", 60).strip(), _holidays(fields)
    if zone not in available_timezones():
        fields.fault("zone", "zone")
    if not any(weekly.values()) and not fields.faults:
        fields.fault("mon", "no_hours")
    return Hours(zone, {day: spans for day, spans in weekly.items() if spans}, holidays)


@post("/calendars/new", guards=WRITE, include_in_schema=False, status_code=200)
async def make(request: Call) -> Response[str]:
    return await _save(request, "")


@post("/calendars/{name:str}", guards=WRITE, include_in_schema=False, status_code=200)
async def save(request: Call, name: Name) -> Response[str]:
    return await _save(request, name)


async def _save(request: Call, name: str) -> Response[str]:
    """Of this name, or of the name in the form; `op` copies Monday's hours to the other working days."""
    form = await Form.of(request)
    fields, op, version = Fields(form), form.text("op", 10), form.number("version") if name else 0
    own = name or fields.typed("name").strip()
    hours, reason = _hours(fields), fields.reason()
    known = {one.name: one for one in await calendars()}
    if not name and (own == "new" or not NAME.fullmatch(own)):
        fields.fault("name", "name")
    elif not name and own in known:
        fields.fault("name", "name_taken")
    refusal: DomainError | None = None
    if not fields.faults and op == "":
        try:
            async with db.transaction(request.actor.label):
                await put_calendar(own, hours, version=version, reason=reason)
            came_from = uuid_of(request.query_params.get("project", ""))
            of = f"&of={version + 1}" if name else ""
            return redirect(
                request, f"/calendars/{own}?done=saved{of}" + (f"&project={came_from}" if came_from else "")
            )
        except DomainError as error:
            refusal = error
    return await _again(request, known.get(name), fields, op, refusal)


async def _again(
    request: Call, of: CalendarView | None, fields: Fields, op: str, refusal: DomainError | None
) -> Response[str]:
    """The form as it was typed, with what is wrong."""
    values: dict[str, Any] = {name: fields.typed(name, LONGEST_HOLIDAYS) for name in USUAL}
    view = await _view(request, of, values)
    if op == "copy":
        view.values |= dict.fromkeys(DAYS[1:5], values["mon"])
        return page(request, "projects/calendar.html", view)
    view.faults = fields.faults
    if refusal is not None and not isinstance(refusal, PreconditionFailed):
        view.problem = problem_view(refusal, request)
    view.stale = isinstance(refusal, PreconditionFailed)
    return page(request, "projects/calendar.html", view, status=422 if refusal is None else refusal.status)


@post("/calendars/{name:str}/undo", guards=WRITE, include_in_schema=False, status_code=200)
async def undo(request: Call, name: Name) -> Response[str]:
    """The last change is taken back, if nothing else has changed since."""
    form = await Form.of(request)
    async with db.transaction(request.actor.label):
        await put_back(name, version=form.number("version"))
    came_from = uuid_of(form.text("project", 40))
    return redirect(request, f"/calendars/{name}?done=undone" + (f"&project={came_from}" if came_from else ""))


route_handlers = [new, show, make, save, undo]
