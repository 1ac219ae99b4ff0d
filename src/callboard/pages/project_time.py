"""Time, answers, review and offers of a project: two forms of plain fields."""

from datetime import UTC, datetime
from typing import cast, get_args
from uuid import UUID

import msgspec
from litestar import Response, get, post

from callboard.api.request import Call
from callboard.pages.frame import Form, page
from callboard.pages.project_forms import Fields, in_units
from callboard.pages.projects import READ, WRITE, ProjectId, as_typed, head_of, saved
from callboard.pages.views_projects import Pause, RulesView, TimeView
from kernel import clock, db
from kernel.errors import DomainError
from kernel.settings import Settings
from kernel.sql import load
from routing.calendar_store import calendars
from routing.calendars import clock_of, open_hours
from routing.projects import CapacityCost, ProjectChange, ProjectView, StickToAuthor, change_project, project
from skills.annotators import vendor_names

sql = load(__package__)
TIMES = {"sla": (60, 31_536_000), "lease": (1, 86_400), "deadline": (1, 1_209_600)}
"""Seconds, as the API takes them."""
TIME_FIELDS = ("calendar", "sla", "sla_unit", "lease", "lease_unit", "deadline", "deadline_unit", "expires", "reason")
RULE_FIELDS = (
    "asking", "overlap", "target", "most_answers", "language_level", "rework_limit", "answer_limit", "review_other_vendor",
    "push", "cap_day", "cap_live", "annotation_cost", "review_cost", "grace", "stick_to_topic", "stick_to_author", "reason",
)  # fmt: skip
NO_CALENDAR = ANYBODY = ""
MOST_PAUSES = 10
LEAST_PAUSE_SECONDS = 60
"""What is worth a line: every project begins with the moment between its draft and its publication."""


@get("/projects/{project_id:uuid}/time", guards=READ, include_in_schema=False)
async def show_time(request: Call, project_id: ProjectId) -> Response[str]:
    owner = await project(project_id)
    values = {"calendar": owner.calendar or "", "expires": str(owner.task_expires_days or ""), "reason": ""}
    for name in TIMES:
        values[name], values[f"{name}_unit"] = in_units(getattr(owner, f"{name}_seconds"))
    return page(request, "projects/time.html", await _time_view(request, owner, values))


async def _time_view(request: Call, owner: ProjectView, values: dict[str, str]) -> TimeView:
    known = await calendars()
    row = await db.fetch_one(sql.clock_of_project, id=owner.id)
    assert row is not None
    runs = clock_of(row["calendar"], row["pauses"], row["paused_since"])
    done = runs.add(clock.now().timestamp(), owner.sla_seconds)
    chosen = next((one for one in known if one.name == values["calendar"]), None)
    ends = [
        Pause(begin=_moment(a), end=_moment(b))
        for a, b in msgspec.json.decode(row["pauses"])
        if b - a >= LEAST_PAUSE_SECONDS
    ]
    if owner.paused_at is not None:
        ends.append(Pause(begin=owner.paused_at, end=None))
    return TimeView(
        head=await head_of(request, owner.id, "time"), values=values, calendars=known,
        open_hours=open_hours(chosen.weekly) if chosen else None, pauses=ends[::-1][:MOST_PAUSES],
        done_at=None if done is None else _moment(done),
    )  # fmt: skip


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


@post("/projects/{project_id:uuid}/time", guards=WRITE, include_in_schema=False, status_code=200)
async def save_time(request: Call, project_id: ProjectId) -> Response[str]:
    form = await Form.of(request)
    fields = Fields(form)
    seconds = {name: fields.seconds(name, *limits) for name, limits in TIMES.items()}
    known = {NO_CALENDAR, *(one.name for one in await calendars())}
    calendar, days, reason = fields.choice("calendar", known), fields.number("expires", 1, 3650), fields.reason()
    if not fields.faults and seconds["lease"] > seconds["deadline"]:
        fields.fault("lease", "lease_above_deadline")
    change = None
    if not fields.faults:
        change = ProjectChange(
            calendar=calendar or None, task_expires_days=days, sla_seconds=seconds["sla"], lease_seconds=seconds["lease"],
            deadline_seconds=seconds["deadline"], reason=reason,
        )  # fmt: skip
    done, refusal, version = await _put(request, project_id, form, change, "time")
    if done is not None:
        return done
    view = await _time_view(request, await project(project_id), {name: fields.typed(name, 500) for name in TIME_FIELDS})
    view.faults = fields.faults
    return page(request, "projects/time.html", view, status=as_typed(request, view.head, version, refusal))


async def _put(
    request: Call, project_id: UUID, form: Form, change: ProjectChange | None, tab: str
) -> tuple[Response[str] | None, DomainError | None, int]:
    """Where it leads, or what refused it; with the version that the form was made from."""
    version = form.number("version")
    if change is None:
        return None, None, version
    try:
        async with db.transaction(request.actor.label):
            after = await change_project(project_id, change, version=version)
    except DomainError as error:
        return None, error, version
    return saved(request, after, tab, version), None, version


@get("/projects/{project_id:uuid}/rules", guards=READ, include_in_schema=False)
async def show_rules(request: Call, project_id: ProjectId) -> Response[str]:
    owner = await project(project_id)
    target = owner.consensus_target
    values = {
        name: str(getattr(owner, name))
        for name in ("overlap", "most_answers", "language_level", "rework_limit", "answer_limit")
    }
    values |= {
        "asking": "fixed" if target is None else "sure", "target": "90" if target is None else f"{target * 100:g}",
        "review_other_vendor": "yes" if owner.review_other_vendor else "", "push": "yes" if owner.push else "",
        "stick_to_topic": "yes" if owner.stick_to_topic else "", "stick_to_author": owner.stick_to_author or "", "reason": "",
        "cap_day": str(owner.cap_per_person_day or ""), "cap_live": str(owner.cap_per_person_live or ""),
        "annotation_cost": str(owner.capacity_cost.annotation), "review_cost": str(owner.capacity_cost.review),
        "grace": str(owner.lease_grace_minutes),
    }  # fmt: skip
    return page(request, "projects/rules.html", await _rules_view(request, project_id, values, request.settings))


async def _rules_view(request: Call, project_id: UUID, values: dict[str, str], settings: Settings) -> RulesView:
    return RulesView(
        head=await head_of(request, project_id, "rules"), values=values, offer_seconds=settings.offer_seconds,
        offer_parallel=settings.offer_parallel, offers_per_round=settings.offers_per_round,
        vendors=len(await vendor_names()),
    )  # fmt: skip


@post("/projects/{project_id:uuid}/rules", guards=WRITE, include_in_schema=False, status_code=200)
async def save_rules(request: Call, project_id: ProjectId) -> Response[str]:
    form = await Form.of(request)
    fields, change = Fields(form), None
    sure = fields.choice("asking", {"fixed", "sure"}) == "sure"
    overlap, reason = fields.asked("overlap", 1, 5), fields.reason()
    # What is not asked for is not read either: a wrong number in a field that is hidden could not be found.
    target = fields.asked("target", 50, 99) if sure else None
    most = fields.asked("most_answers", 1, 20) if sure else (await project(project_id)).most_answers
    language, rework = fields.asked("language_level", 1, 5), fields.asked("rework_limit", 0, 10)
    answers = fields.asked("answer_limit", 1, 20)
    author = fields.choice("stick_to_author", {ANYBODY, *get_args(StickToAuthor)})
    day, live = fields.number("cap_day", 1, 1000), fields.number("cap_live", 1, 50)
    costs = {name: fields.asked(f"{name}_cost", 1, 50) for name in ("annotation", "review")}
    grace = fields.asked("grace", 0, 240)
    if sure and not fields.faults and most < overlap:
        fields.fault("most_answers", "most_below_overlap", least=overlap)
    if not fields.faults:
        change = ProjectChange(
            overlap=overlap, consensus_target=None if target is None else target / 100, most_answers=most,
            language_level=language, rework_limit=rework, answer_limit=answers, push=form.text("push") == "yes",
            review_other_vendor=form.text("review_other_vendor") == "yes", stick_to_topic=form.text("stick_to_topic") == "yes",
            stick_to_author=None if author == ANYBODY else cast("StickToAuthor", author), reason=reason,
            cap_per_person_day=day, cap_per_person_live=live, capacity_cost=CapacityCost(**costs), lease_grace_minutes=grace,
        )  # fmt: skip
    done, refusal, version = await _put(request, project_id, form, change, "rules")
    if done is not None:
        return done
    values = {name: fields.typed(name, 500) for name in RULE_FIELDS}
    view = await _rules_view(request, project_id, values, request.settings)
    view.faults = fields.faults
    return page(request, "projects/rules.html", view, status=as_typed(request, view.head, version, refusal))


route_handlers = [show_time, save_time, show_rules, save_rules]
