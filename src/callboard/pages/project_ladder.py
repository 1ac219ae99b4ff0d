"""The ladder of a project as rows of a form, and what it would do: when each step comes, and whom it opens the work to."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post

from callboard.api.request import Call
from callboard.pages.frame import Form, page
from callboard.pages.project_forms import UNITS, Fields, in_units
from callboard.pages.projects import READ, WRITE, ProjectId, as_typed, head_of, saved
from callboard.pages.views_projects import LadderPreview, LadderView, StepEffect, StepForm
from kernel import clock, db
from kernel.errors import DomainError, Invalid
from kernel.sql import load
from routing.calendars import clock_of
from routing.fitting import try_ladder
from routing.ladder import MOST_STEPS, SECOND_REVIEW, parse, seconds_until
from routing.projects import ProjectChange, ProjectView, change_project, project
from skills import registry

sql = load(__package__)
LOWER = {"0", "-1", "-2", "-3", "-4"}
NEW = StepForm(after="30", level="-1")


@get("/projects/{project_id:uuid}/ladder", guards=READ, include_in_schema=False)
async def show(request: Call, project_id: ProjectId) -> Response[str]:
    owner = await project(project_id)
    steps = [_typed(step) for step in owner.ladder]
    view = await _view(request, project_id, steps)
    view.preview = await _preview(request, owner, owner.ladder)
    return page(request, "projects/ladder.html", view)


def _typed(step: dict[str, Any]) -> StepForm:
    minutes, share, relax = step.get("after_minutes"), step.get("at_sla_share"), step["relax"]
    after, unit = in_units(None if minutes is None else minutes * 60, "minutes")
    return StepForm(
        after=after, unit=unit, share="" if share is None else f"{share * 100:g}", queue=str(step.get("when_queue_over") or ""),
        level=str(relax.get("min_level") or 0), language=str(relax.get("language_level") or 0), role=relax.get("role") or "",
        second=relax.get(SECOND_REVIEW, False), expedite=step.get("expedite", True),
    )  # fmt: skip


async def _roles() -> list[str]:
    return [one.code for one in await registry.roles(counted=False) if not one.archived]


async def _view(request: Call, project_id: UUID, steps: list[StepForm]) -> LadderView:
    head = await head_of(request, project_id, "ladder")
    return LadderView(head=head, steps=steps, roles=await _roles(), most_steps=MOST_STEPS)


def _read(fields: Fields) -> list[StepForm]:
    """As typed; the rows are numbered from 1 without gaps."""
    count = min(fields.number("count", 0, MOST_STEPS) or 0, MOST_STEPS)
    return [
        StepForm(
            after=fields.typed(f"after_{n}").strip(), unit=fields.typed(f"unit_{n}"), share=fields.typed(f"share_{n}").strip(),
            queue=fields.typed(f"queue_{n}").strip(), level=fields.typed(f"level_{n}"), language=fields.typed(f"language_{n}"),
            role=fields.typed(f"role_{n}"), second=fields.typed(f"second_{n}") == "yes", expedite=fields.typed(f"expedite_{n}") == "yes",
        )
        for n in range(1, count + 1)
    ]  # fmt: skip


def _moved(steps: list[StepForm], op: str) -> str:
    """Carries out what a row's button says; the field to stand on afterwards."""
    word, _, number = op.partition(":")
    n = int(number) - 1 if number.isdigit() else -1
    if word == "add" and len(steps) < MOST_STEPS:
        steps.append(msgspec.structs.replace(NEW))
        return f"after_{len(steps)}"
    if not 0 <= n < len(steps):
        return ""
    if word == "remove":
        del steps[n]
        return f"after_{min(n + 1, len(steps))}" if steps else "add"
    to = n - 1 if word == "up" else n + 1
    if word in {"up", "down"} and 0 <= to < len(steps):
        steps[n], steps[to] = steps[to], steps[n]
        return f"{word}_{to + 1}" if 0 < to < len(steps) - 1 else f"{'down' if to == 0 else 'up'}_{to + 1}"
    return ""


def _ladder(steps: Sequence[StepForm], fields: Fields, roles: Sequence[str]) -> list[dict[str, Any]]:
    """As the API takes it; every fault stands at its field."""
    found: list[dict[str, Any]] = []
    latest = {"after": 0.0, "share": 0.0}
    for n, step in enumerate(steps, 1):
        fields.choice(f"unit_{n}", set(UNITS))
        if step.after and not (step.after.isascii() and step.after.isdigit() and int(step.after)):
            fields.fault(f"after_{n}", "whole")
        minutes = fields.number(f"after_{n}", 1, 31_536_000)
        seconds = None if minutes is None else minutes * UNITS.get(step.unit, 60)
        share, queue = fields.number(f"share_{n}", 1, 1000), fields.number(f"queue_{n}", 1, 1_000_000)
        relax = {
            "min_level": int(fields.choice(f"level_{n}", LOWER) or 0) or None,
            "language_level": int(fields.choice(f"language_{n}", LOWER) or 0) or None,
            "role": fields.choice(f"role_{n}", {"", *roles}) or None,
        }
        if step.second and (found or any(relax.values())):
            relax[SECOND_REVIEW] = True
        if seconds is not None and seconds > UNITS["days"] * 365:
            fields.fault(f"after_{n}", "year")
        if (step.after, step.share, step.queue) == ("", "", ""):
            fields.fault(f"after_{n}", "never")
        if not any(relax.values()):
            fields.fault(f"level_{n}", "nothing")
        for name, value in (("after", seconds), ("share", share)):
            if value is not None and value < latest[name]:
                fields.fault(f"{name}_{n}", "earlier")
            latest[name] = max(latest[name], value or 0)
        found.append(
            {
                "relax": {name: value for name, value in relax.items() if value is not None},
                "after_minutes": None if seconds is None else seconds / 60,
                "at_sla_share": None if share is None else share / 100,
                "when_queue_over": queue,
                "expedite": step.expedite,
            }
        )
    return [{name: value for name, value in step.items() if value is not None} for step in found]


async def _preview(request: Call, owner: ProjectView, ladder: Sequence[dict[str, Any]]) -> LadderPreview:
    """Raises `Invalid`."""
    steps = parse(ladder, set(await _roles()))
    waits = [seconds_until(steps, n, owner.sla_seconds) for n in range(1, len(steps) + 1)]
    lanes = await try_ladder(owner, steps, request.settings) if steps else []
    return LadderPreview(
        effects=[StepEffect(at=at, waits_seconds=wait) for at, wait in await _when(owner, waits)], lanes=lanes
    )


async def _when(owner: ProjectView, waits: Sequence[float | None]) -> list[tuple[datetime | None, float | None]]:
    row = await db.fetch_one(sql.clock_of_project, id=owner.id)
    assert row is not None
    runs, now = clock_of(row["calendar"], row["pauses"], row["paused_since"]), clock.now().timestamp()
    moments = [None if wait is None else runs.add(now, wait) for wait in waits]
    return [
        (None if at is None else datetime.fromtimestamp(at, UTC), wait) for at, wait in zip(moments, waits, strict=True)
    ]


@post("/projects/{project_id:uuid}/ladder", guards=WRITE, include_in_schema=False, status_code=200)
async def save(request: Call, project_id: ProjectId) -> Response[str]:
    """Saves, or (`op`) adds, removes or moves a row; the form comes back as it was typed until it is saved."""
    form = await Form.of(request)
    fields, op, owner = Fields(form), form.text("op", 20), await project(project_id)
    version, steps, refusal = form.number("version"), _read(fields), None
    focus, reason = _moved(steps, op), fields.reason()
    checked = fields if op == "" else Fields(form)
    if op == "":
        ladder = _ladder(steps, checked, await _roles())
        if not checked.faults:
            try:
                async with db.transaction(request.actor.label):
                    wish = ProjectChange(ladder=ladder, reason=reason)
                    after = await change_project(project_id, wish, version=version)
                return saved(request, after, "ladder", version)
            except DomainError as error:
                refusal = error
    view = await _view(request, project_id, steps)
    view.reason, view.faults, view.focus = reason, checked.faults, focus or next(iter(checked.faults), "")
    status, view.looked = as_typed(request, view.head, version, refusal), bool(op)
    view.preview = await _preview_of(request, owner, steps)
    return page(request, "projects/ladder.html", view, status=200 if op else status)


async def _preview_of(request: Call, owner: ProjectView, steps: Sequence[StepForm]) -> LadderPreview:
    """Of rows as they were typed; where one cannot be read, there is nothing to foresee."""
    fields = Fields(Form(_values(steps)))
    ladder = _ladder(steps, fields, await _roles())
    try:
        return (
            LadderPreview(effects=[], lanes=[], fault=True) if fields.faults else await _preview(request, owner, ladder)
        )
    except Invalid:
        return LadderPreview(effects=[], lanes=[], fault=True)


def _values(steps: Sequence[StepForm]) -> dict[str, str]:
    """The fields of the form, after rows have moved."""
    found: dict[str, str] = {}
    for n, step in enumerate(steps, 1):
        found |= {
            f"{name}_{n}": value
            for name, value in msgspec.structs.asdict(step).items()
            if name not in {"expedite", "second"}
        }
        found |= {f"{name}_{n}": "yes" for name in ("expedite", "second") if getattr(step, name)}
    return found


@post("/projects/{project_id:uuid}/ladder/check", guards=WRITE, include_in_schema=False, status_code=200)
async def look(request: Call, project_id: ProjectId) -> Response[str]:
    """While one types: when each step would come, and whom it would open the work to."""
    fields = Fields(await Form.of(request))
    view = await _preview_of(request, await project(project_id), _read(fields))
    return page(request, "projects/ladder_preview.html", view)


route_handlers = [show, save, look]
