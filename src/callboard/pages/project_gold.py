"""The bank of gold of a project: how much is mixed in, what there is and how it fares, and new gold."""

from typing import cast
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Response, get, post

from callboard.access import visibility
from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api.request import Call
from callboard.pages.csv_file import csv_answer
from callboard.pages.frame import Form, page, problem_view, redirect
from callboard.pages.gold_words import key_text, read_key
from callboard.pages.missing import NothingSelected, ReasonMissing
from callboard.pages.project_forms import Fields
from callboard.pages.projects import ProjectId, head_of
from callboard.pages.views_gold import GoldBankPage, GoldForm, GoldQuery, RuleForm
from kernel import db
from kernel.errors import DomainError
from kernel.ids import plain_uuid
from kernel.sql import load
from routing import gold_bank, gold_doubts, gold_rules
from routing.errors import BadGold
from routing.forms.store import forms
from routing.gold_bank import MOST_AT_ONCE, SORTS, GoldDraft, GoldFilter, GoldOfTask, Sort, State
from routing.gold_rules import GoldRateDraft, GoldRuleDraft, GoldRuleView
from skills.registry import domain_codes

sql = load("routing")
WRITE = [require(Permission.GOLD_WRITE)]
PAGE_ROWS, MOST_EXPORTED = 30, 10_000
STATES = ("active", "contested", "retired")
LONGEST = 1000
HALF = 50
"""Percent: the largest share."""


def _query(request: Call) -> GoldQuery:
    """What is not known does not narrow."""
    given = {name: request.query_params.get(name, "")[:200].strip() for name in ("q", "state", "kind", "domain")}
    sort = request.query_params.get("sort", "newest")
    found = GoldQuery(**given, sort=sort if sort in SORTS else "newest")
    if found.state not in STATES:
        found.state = ""
    return found


def _filter(query: GoldQuery) -> GoldFilter:
    return GoldFilter(
        state=cast("State | None", query.state or None), kind=query.kind or None, domain=query.domain or None,
        search=query.q or None, sort=cast("Sort", query.sort),
    )  # fmt: skip


def _percent(share: float) -> str:
    return f"{100 * share:g}"


def rule_form(rule: GoldRuleView) -> RuleForm:
    return RuleForm(
        enabled=rule.enabled, feedback=rule.feedback, newcomer_share=_percent(rule.newcomer_share),
        newcomer_tasks=str(rule.newcomer_tasks), share=_percent(rule.share),
    )  # fmt: skip


async def view_of(request: Call, project_id: UUID, form: GoldForm | None = None) -> GoldBankPage:
    """Raises `NoSuchProject`."""
    head = await head_of(request, project_id, "gold")
    query, number = _query(request), request.query_params.get("page", "")
    at = min(int(number), 1000) if number.isascii() and number.isdigit() else 0
    rows = await gold_bank.bank(
        project_id, _filter(query), request.settings, skip=at * PAGE_ROWS, limit=PAGE_ROWS + 1
    )  # fmt: skip
    choices = await db.fetch(sql.gold_choices, project_id=project_id)
    rule = await gold_rules.rule_of(project_id, request.settings)
    return GoldBankPage(
        head=head, totals=await gold_bank.totals(project_id), rule=rule, rule_form=rule_form(rule), query=query,
        rows=rows[:PAGE_ROWS], open_doubts=await gold_doubts.contests(project_id, state="open"),
        rates=await gold_rules.rates(project_id), kinds=sorted({row["kind"] for row in choices}),
        domains=sorted({row["domain"] for row in choices}), all_domains=sorted(await domain_codes()),
        all_kinds=sorted({"dialogue", *(one.kind for one in await forms(project_id))}), form=form or GoldForm(),
        asked=urlencode({name: value for name, value in msgspec.to_builtins(query).items() if value}), page=at,
        more=len(rows) > PAGE_ROWS,
    )  # fmt: skip


@get("/projects/{project_id:uuid}/gold", guards=WRITE, include_in_schema=False)
async def show(request: Call, project_id: ProjectId) -> Response[str]:
    return page(request, "projects/gold.html", await view_of(request, project_id))


@get("/projects/{project_id:uuid}/gold.csv", guards=WRITE, include_in_schema=False)
async def export(request: Call, project_id: ProjectId) -> Response[str]:
    """The bank as it is filtered, with what came of each; payloads stay here."""
    await head_of(request, project_id, "gold")
    rows = await gold_bank.bank(project_id, _filter(_query(request)), request.settings, limit=MOST_EXPORTED)
    head = (
        "name", "kind", "domain", "language", "difficulty", "state", "origin", "key", "version", "served", "answered", "met",
        "met_share", "discrimination", "fast", "contests", "flags", "note", "created_at", "created_by",
    )  # fmt: skip
    lines = [
        (
            one.name, one.kind, one.domain, one.language, one.band, one.state, one.origin, key_text(one.key), one.version,
            one.served, one.answered, one.met, "" if one.met_share is None else round(one.met_share, 4),
            "" if one.discrimination is None else round(one.discrimination, 4), one.fast, one.contests,
            " ".join(one.flags), one.note, one.created_at.isoformat(), one.created_by,
        )
        for one in rows
    ]  # fmt: skip
    return csv_answer("gold.csv", head, lines)


def _share(fields: Fields, name: str) -> float:
    """Percent with a point, 0 to 50, as a share; 0 beside a fault."""
    text = fields.typed(name, 8).strip().replace(",", ".")
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= HALF:
        fields.fault(name, "percent", low=0, high=HALF)
        return 0.0
    return value / 100


@post("/projects/{project_id:uuid}/gold/rule", guards=WRITE, include_in_schema=False, status_code=200)
async def rule(request: Call, project_id: ProjectId) -> Response[str]:
    form = await Form.of(request)
    fields = Fields(form)
    draft = GoldRuleDraft(
        enabled=form.text("enabled", 5) == "yes", feedback=form.text("feedback", 5) == "yes",
        newcomer_share=_share(fields, "newcomer_share"), newcomer_tasks=fields.asked("newcomer_tasks", 0, 1000),
        share=_share(fields, "share"), reason=fields.reason(),
    )  # fmt: skip
    if not fields.faults:
        async with db.transaction(request.actor.label):
            await gold_rules.put_rule(project_id, draft, request.settings)
        return redirect(request, f"/projects/{project_id}/gold?done=saved")
    view = await view_of(request, project_id)
    view.faults = fields.faults
    typed = {name: form.text(name, 500) for name in ("newcomer_share", "newcomer_tasks", "share", "reason")}
    view.rule_form = RuleForm(enabled=draft.enabled, feedback=draft.feedback, **typed)
    return page(request, "projects/gold.html", view, status=422)


@post("/projects/{project_id:uuid}/gold/rates", guards=WRITE, include_in_schema=False, status_code=200)
async def rate(request: Call, project_id: ProjectId) -> Response[str]:
    """One person's own share; empty: like everybody again."""
    fields = Fields(await Form.of(request))
    name = fields.typed("person", 200).strip()
    rows = await db.fetch("SELECT id FROM annotator WHERE lower(display_name) = lower(:name) LIMIT 2", name=name)
    if len(rows) != 1:
        fields.fault("person", "several" if rows else "nobody", names=name)
    share = _share(fields, "own_share") if fields.typed("own_share", 8).strip() else None
    reason = fields.reason(needed=True)
    if not fields.faults:
        async with db.transaction(request.actor.label):
            by = visibility.decider(request.actor)
            await gold_rules.put_rate(project_id, plain_uuid(rows[0]["id"]), GoldRateDraft(share, reason), by)
        return redirect(request, f"/projects/{project_id}/gold?done=saved")
    view = await view_of(request, project_id)
    # The reason of the rule stands on the same page.
    view.faults = {("rate_reason" if key == "reason" else key): fault for key, fault in fields.faults.items()}
    return page(request, "projects/gold.html", view, status=422)


@post("/projects/{project_id:uuid}/gold/bulk", guards=WRITE, include_in_schema=False, status_code=200)
async def bulk(request: Call, project_id: ProjectId) -> Response[str]:
    """Those that are ticked are retired, or taken back; all or none."""
    form = await Form.of(request)
    ids, reason = form.ids("id", MOST_AT_ONCE), form.text("reason", LONGEST).strip()
    if not ids:
        raise NothingSelected
    if not reason:
        raise ReasonMissing
    async with db.transaction(request.actor.label):
        await gold_bank.set_state(
            project_id, ids, "active" if form.text("action", 10) == "restore" else "retired", reason
        )
    return redirect(request, f"/projects/{project_id}/gold?{urlencode({'done': 'saved'})}")


@post("/projects/{project_id:uuid}/gold", guards=WRITE, include_in_schema=False, status_code=200)
async def make(request: Call, project_id: ProjectId) -> Response[str]:
    fields = Fields(await Form.of(request))
    limits = {"payload": 20_000, "key": 4000, "note": 2000}
    names = [name for name in GoldForm.__struct_fields__ if name != "tasks"]
    form = GoldForm(**{name: fields.typed(name, limits.get(name, 200)).strip() for name in names})
    if not form.name:
        fields.fault("name", "missing")
    refusal: DomainError | None = None
    if not fields.faults:
        try:
            draft = _draft(form)
            async with db.transaction(request.actor.label):
                ids = await gold_bank.enter(project_id, [draft], visibility.decider(request.actor))
        except DomainError as error:
            refusal = error
        else:
            return redirect(request, f"/projects/{project_id}/gold/{ids[draft.name]}?done=saved")
    view = await view_of(request, project_id, form)
    view.faults = fields.faults
    if refusal is not None:
        view.head.problem = problem_view(refusal, request)
    return page(request, "projects/gold.html", view, status=422)


def _draft(form: GoldForm) -> GoldDraft:
    """Raises `BadGold`."""
    try:
        payload = msgspec.json.decode(form.payload or "{}", type=dict)
        return msgspec.convert(
            {
                "name": form.name, "kind": form.kind, "domain": form.domain, "language": form.language,
                "difficulty": int(form.difficulty) if form.difficulty.isdigit() else None, "payload": payload,
                "key": read_key(form.key), "note": form.note,
            },
            GoldDraft,
        )  # fmt: skip
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise BadGold(f"The task cannot be read: {error}.") from error


@post("/projects/{project_id:uuid}/gold/from-tasks", guards=WRITE, include_in_schema=False, status_code=200)
async def from_tasks(request: Call, project_id: ProjectId) -> Response[str]:
    """Named by their external ids, one a line; or by the id of one, from its own page."""
    form = await Form.of(request)
    typed = form.text("tasks", 20_000)
    names = [line.strip() for line in typed.splitlines() if line.strip()][:MOST_AT_ONCE]
    rows = await db.fetch(sql.tasks_by_external_id, project_id=project_id, external_ids=names)
    known = {row["external_id"]: UUID(int=row["id"].int) for row in rows}
    if not names:
        raise NothingSelected
    async with db.transaction(request.actor.label):
        wanted = [GoldOfTask(task_id=known[name]) for name in names if name in known]
        made = await gold_bank.from_tasks(project_id, wanted, "", visibility.decider(request.actor))
    names_of = {task_id: name for name, task_id in known.items()}
    refused = [name for name in names if name not in known] + [names_of[one.task_id] for one in made.refused]
    if not refused:
        return redirect(request, f"/projects/{project_id}/gold?done=saved")
    view = await view_of(request, project_id, GoldForm(tasks="\n".join(refused)))
    view.refused = [f"{names_of[one.task_id]}: {one.reason}" for one in made.refused]
    view.refused += [name for name in names if name not in known]
    return page(request, "projects/gold.html", view, status=422)


route_handlers = [show, export, rule, rate, bulk, make, from_tasks]
