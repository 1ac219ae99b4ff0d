"""The plan of review of a project: its versions, what was promised and kept, and the stages as rows of a form."""

import re
from typing import Any, cast
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath

from callboard.access import visibility
from callboard.api.request import Call
from callboard.pages.frame import Form, page, problem_view, redirect
from callboard.pages.missing import ReasonMissing
from callboard.pages.project_forms import UNITS, Fields, in_units
from callboard.pages.projects import READ, WRITE, ProjectId, head_of
from callboard.pages.views_reviews import AdjudicatorForm, PlanPage, StageForm
from kernel import db
from kernel.errors import DomainError
from routing import promises, review_plans, review_replay, risk_staging
from routing.review_plans import (
    HOURS_OF_A_YEAR,
    LONGEST_NOTE,
    MOST_STAGES,
    Adjudicator,
    Overdue,
    PlanDraft,
    Share,
    Stage,
)
from routing.risk_review import Budget
from routing.sampling import Promise
from skills import registry

VERSION = re.compile(r"\d{1,6}")
LEVELS, MODES = {"", "1", "2", "3", "4", "5"}, {"fixed", "stratified", "adaptive", "risk"}
OVERDUE, SECOND = {"wait", "escalate", "accept"}, {"same", "anybody"}
MOST_VERSIONS = 30
TEXTS = tuple(name for name in StageForm.__struct_fields__ if name != "other_vendor")


def typed_of(stage: Stage) -> StageForm:
    """Of what the API can say, the form says level, role and one expression."""
    who: dict[str, Any] = stage.who if isinstance(stage.who, dict) else {"require": stage.who}
    promise, share = stage.share.promise, stage.share
    due, unit = in_units(None if stage.due_hours is None else stage.due_hours * 3600, "hours")
    require = who.get("require", "")
    return StageForm(
        name=stage.name, level=str(who.get("min_level") or ""), role=who.get("role") or "",
        require=require if isinstance(require, str) else msgspec.json.encode(require).decode(), other_vendor=stage.other_vendor,
        mode=share.mode, share=f"{share.share * 100:g}", defects=f"{promise.defects * 100:g}",
        confidence=f"{promise.confidence * 100:g}", floor=f"{promise.floor * 100:g}", newcomers=str(promise.newcomers),
        budget=f"{share.risk.budget * 100:g}", lot=f"{share.risk.random * 100:g}", first=str(share.risk.newcomers), due=due,
        unit=unit if stage.due_hours else "hours", overdue=stage.overdue, second_look=stage.second_look,
        double=f"{stage.double_share * 100:g}",
    )  # fmt: skip


def _adjudicator_typed(one: Adjudicator | None) -> AdjudicatorForm:
    if one is None:
        return AdjudicatorForm()
    as_stage = typed_of(Stage(name="", who=one.who))
    return AdjudicatorForm(
        wanted=True, level=as_stage.level, role=as_stage.role, require=as_stage.require, other_vendor=one.other_vendor
    )


def _asked(request: Call, name: str) -> int | None:
    text = request.query_params.get(name, "")
    return int(text) if VERSION.fullmatch(text) else None


async def _view(request: Call, project_id: UUID, stages: list[StageForm] | None = None) -> PlanPage:
    head = await head_of(request, project_id, "reviews")
    active = await review_plans.active_version(project_id)
    wanted, a, b = _asked(request, "from"), _asked(request, "a"), _asked(request, "b")
    start = await review_plans.plan(project_id, active if wanted is None else wanted)
    return PlanPage(
        head=head, versions=await review_plans.plans(project_id, limit=MOST_VERSIONS),
        activations=await review_plans.activations(project_id), promises=await promises.promises(project_id),
        risks=await risk_staging.risks(project_id),
        stages=[typed_of(stage) for stage in start.stages] if stages is None else stages,
        adjudicator=_adjudicator_typed(start.adjudicator), start=start.version, active=active,
        roles=[one.code for one in await registry.roles(counted=False) if not one.archived], most_stages=MOST_STAGES,
        comparison=None if a is None or b is None else await review_plans.compare(project_id, a, b),
        replays=None if a is None or b is None else await review_replay.replay(project_id, a, b, request.settings),
    )  # fmt: skip


@get("/projects/{project_id:uuid}/review-plan", guards=READ, include_in_schema=False)
async def show(request: Call, project_id: ProjectId) -> Response[str]:
    return page(request, "projects/reviews.html", await _view(request, project_id))


def _read(fields: Fields) -> list[StageForm]:
    count = min(fields.number("count", 0, MOST_STAGES) or 0, MOST_STAGES)
    return [
        StageForm(
            other_vendor=fields.typed(f"other_vendor_{n}") == "yes",
            **{name: fields.typed(f"{name}_{n}", 2000).strip() for name in TEXTS},
        )
        for n in range(1, count + 1)
    ]


def _adjudicator_read(fields: Fields) -> AdjudicatorForm:
    return AdjudicatorForm(
        wanted=fields.typed("adj_wanted") == "yes", level=fields.typed("adj_level", 10), role=fields.typed("adj_role", 40),
        require=fields.typed("adj_require", 2000).strip(), other_vendor=fields.typed("adj_other_vendor") == "yes",
    )  # fmt: skip


def _adjudicator(fields: Fields, form: AdjudicatorForm, roles: set[str]) -> Adjudicator | None:
    if not form.wanted:
        return None
    level, role = fields.choice("adj_level", LEVELS), fields.choice("adj_role", {"", *roles})
    return Adjudicator(who=_who(level, role, form.require), other_vendor=form.other_vendor)


def _who(level: str, role: str, require: str) -> dict[str, Any]:
    said = {"min_level": int(level) if level in LEVELS - {""} else None, "role": role, "require": require}
    return {name: value for name, value in said.items() if value}


def _stage(fields: Fields, form: StageForm, n: int, roles: set[str]) -> Stage:
    """Every fault stands at its field; beside one, what comes out is not used."""
    if not form.name:
        fields.fault(f"name_{n}", "missing")
    fields.choice(f"unit_{n}", set(UNITS))
    level, role = fields.choice(f"level_{n}", LEVELS), fields.choice(f"role_{n}", {"", *roles})
    mode, overdue = fields.choice(f"mode_{n}", MODES), fields.choice(f"overdue_{n}", OVERDUE)
    due = fields.number(f"due_{n}", 1, 100_000)
    hours = None if due is None else max(1, due * UNITS.get(form.unit, 3600) // 3600)
    if hours is not None and hours > HOURS_OF_A_YEAR:
        fields.fault(f"due_{n}", "year")
    if overdue != "wait" and hours is None:
        fields.fault(f"due_{n}", "due_missing")
    return Stage(
        name=form.name, who=_who(level, role, form.require), other_vendor=form.other_vendor,
        share=_share(fields, mode, n), due_hours=hours, overdue=cast("Overdue", overdue),
        second_look="same" if fields.choice(f"second_look_{n}", SECOND) == "same" else "anybody",
        double_share=(fields.number(f"double_{n}", 0, 100) or 0) / 100,
    )  # fmt: skip


def _share(fields: Fields, mode: str, n: int) -> Share:
    """What the chosen way does not ask is not read: a wrong number in a field that is hidden could not be found."""
    if mode == "risk":
        budget = Budget(
            budget=fields.asked(f"budget_{n}", 1, 100) / 100, random=fields.asked(f"lot_{n}", 5, 100) / 100,
            newcomers=fields.number(f"first_{n}", 0, 500) or 0,
        )  # fmt: skip
        return Share(mode="risk", risk=budget)
    if mode != "adaptive":
        return Share(
            mode="stratified" if mode == "stratified" else "fixed", share=fields.asked(f"share_{n}", 1, 100) / 100
        )
    promise = Promise(
        defects=fields.asked(f"defects_{n}", 1, 50) / 100, confidence=fields.asked(f"confidence_{n}", 50, 99) / 100,
        floor=fields.asked(f"floor_{n}", 2, 100) / 100, newcomers=fields.number(f"newcomers_{n}", 0, 500) or 0,
    )  # fmt: skip
    return Share(mode="adaptive", promise=promise)


def _moved(stages: list[StageForm], op: str) -> str:
    """Carries out what a button says; the field to stand on afterwards."""
    word, _, number = op.partition(":")
    n = int(number) - 1 if number.isdigit() else -1
    if word == "add" and len(stages) < MOST_STAGES:
        stages.append(StageForm())
        return f"name_{len(stages)}"
    if word == "remove" and 0 <= n < len(stages) and len(stages) > 1:
        del stages[n]
        return f"name_{min(n + 1, len(stages))}"
    return ""


@post("/projects/{project_id:uuid}/review-plan", guards=WRITE, include_in_schema=False, status_code=200)
async def save(request: Call, project_id: ProjectId) -> Response[str]:
    """A new version, or (`op`) a stage more or less; the form comes back as it was typed until it is saved."""
    form = await Form.of(request)
    fields, op, refusal = Fields(form), form.text("op", 20), None
    stages, adjudicator, note = _read(fields), _adjudicator_read(fields), fields.typed("note", LONGEST_NOTE).strip()
    focus = _moved(stages, op)
    view = await _view(request, project_id, stages)
    view.note, view.looked, view.focus, view.adjudicator = note, bool(op), focus, adjudicator
    if not op:
        made = [_stage(fields, one, n, set(view.roles)) for n, one in enumerate(stages, 1)]
        between = _adjudicator(fields, adjudicator, set(view.roles))
        if not note:
            fields.fault("note", "reason")
        if not fields.faults:
            try:
                async with db.transaction(request.actor.label):
                    draft = PlanDraft(made, note, between)
                    saved = await review_plans.create_plan(project_id, draft, visibility.decider(request.actor))
            except DomainError as error:
                refusal = error
            else:
                path = f"/projects/{project_id}/review-plan"
                return redirect(request, f"{path}?done=planned&a={view.active}&b={saved.version}&from={saved.version}")
        view.faults, view.focus = fields.faults, next(iter(fields.faults), "")
    if refusal is not None:
        view.head.problem = problem_view(refusal, request)
    return page(request, "projects/reviews.html", view, status=200 if op else 422)


@post(
    "/projects/{project_id:uuid}/review-plan/{version:int}/activate",
    guards=WRITE,
    include_in_schema=False,
    status_code=200,
)
async def activate(request: Call, project_id: ProjectId, version: FromPath[int]) -> Response[str]:
    reason = (await Form.of(request)).text("reason", LONGEST_NOTE).strip()
    if not reason:
        raise ReasonMissing
    async with db.transaction(request.actor.label):
        await review_plans.activate(project_id, version, reason, visibility.decider(request.actor))
    return redirect(request, f"/projects/{project_id}/review-plan?done=inforce")


route_handlers = [show, save, activate]
