"""Kinds of tasks of a project: the declaration as JSON, checked while one types, with the form that it makes beside it."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath

from callboard.api.request import Call
from callboard.pages.frame import Form, page, problem_view, redirect
from callboard.pages.kind_fields import blocks_of
from callboard.pages.projects import READ, WRITE, ProjectId, head_of
from callboard.pages.views_kinds import KindCheck, KindPage, KindRow, KindsView, PlaceFault
from kernel import db
from kernel.errors import DomainError, PreconditionFailed
from kernel.sql import load
from routing.forms import answers, declaration, store
from routing.forms.declaration import MOST_BYTES, Declaration, ShowCandidates, ShowDialogue, sources
from routing.forms.errors import BadForm
from routing.forms.store import BUILT_IN, FormDraft, FormView

sql = load(__package__)
LONGEST_REASON = 500
NOBODY = UUID(int=0)
EXAMPLE: dict[str, Any] = {
    "names": {"en": "Tone of a line", "zh": "语句的语气"},
    "payload": {"type": "object", "properties": {"line": {"type": "string", "maxLength": 2000}}},
    "answer": {
        "type": "object", "required": ["tone"], "additionalProperties": False,
        "properties": {"tone": {"type": "string", "enum": ["warm", "neutral", "cold"]}, "why": {"type": "string", "maxLength": 500}},
    },
    "layout": [
        {"block": "show_text", "from": "/line", "names": {"en": "Line", "zh": "语句"}},
        {
            "block": "choice", "field": "tone", "names": {"en": "How does it sound?", "zh": "听起来如何？"},
            "options": [
                {"value": "warm", "names": {"en": "Warm", "zh": "热情"}},
                {"value": "neutral", "names": {"en": "Neutral", "zh": "中性"}},
                {"value": "cold", "names": {"en": "Cold", "zh": "冷淡"}},
            ],
        },
        {"block": "text", "field": "why", "names": {"en": "Why?", "zh": "为什么？"}, "lines": 2},
    ],
}  # fmt: skip
"""What a new kind begins with."""


@get("/projects/{project_id:uuid}/forms", guards=READ, include_in_schema=False)
async def overview(request: Call, project_id: ProjectId) -> Response[str]:
    head = await head_of(request, project_id, "forms")
    open_tasks = {row["kind"]: row["tasks"] for row in await db.fetch(sql.unfinished_by_kind, project_id=project_id)}
    rows = [
        KindRow(form=one, inputs=len(one.declaration.inputs()), unfinished=open_tasks.get(one.kind, 0))
        for one in await store.forms(project_id)
    ]
    return page(request, "kinds/list.html", KindsView(head=head, rows=rows))


@get("/projects/{project_id:uuid}/forms/new", guards=WRITE, include_in_schema=False)
async def fresh(request: Call, project_id: ProjectId) -> Response[str]:
    """Begins with an example, or (`from`) with a kind that is there."""
    start = request.query_params.get("from", "")
    known = await store.form_of(project_id, start) if start else None
    text = _pretty(known.declaration if known else EXAMPLE)
    return page(request, "kinds/one.html", await _page(request, project_id, "", text))


@get("/projects/{project_id:uuid}/forms/{kind:str}", guards=READ, include_in_schema=False)
async def one(request: Call, project_id: ProjectId, kind: FromPath[str]) -> Response[str]:
    """The newest version, or an earlier one to go back to (`version`)."""
    versions = await store.versions(project_id, kind)
    wanted = request.query_params.get("version", "")
    shown = next((view for view in versions if str(view.version) == wanted), versions[0])
    view = await _page(request, project_id, kind, _pretty(shown.declaration))
    view.shown_version = shown.version
    return page(request, "kinds/one.html", view)


async def _page(
    request: Call, project_id: UUID, kind: str, text: str, *, payload: str = "", known: list[FormView] | None = None
) -> KindPage:
    if known is None:
        known = await store.versions(project_id, kind) if kind else []
    newest = known[0].version if known else BUILT_IN
    check = check_of(project_id, text, payload)
    return KindPage(
        head=await head_of(request, project_id, "forms"), kind=kind, text=text, payload=check.payload or payload,
        version=newest, versions=known, check=check, shown_version=newest if known else None,
    )  # fmt: skip


def check_of(project_id: UUID, text: str, payload: str = "") -> KindCheck:
    """The form that a text declares, with a task of one's own or a made-up one in it; or what is wrong where."""
    check = KindCheck(project_id=project_id)
    try:
        declared = declaration.read(msgspec.json.decode(text.encode(errors="replace")))
        sample = msgspec.json.decode(payload, type=dict[str, Any]) if payload.strip() else sample_of(declared)
    except msgspec.DecodeError as error:
        check.faults = [PlaceFault("", str(error))]
        return check
    except BadForm as error:
        check.faults = [PlaceFault(fault["path"], fault["message"]) for fault in error.extra["errors"]]
        return check
    check.payload = payload if payload.strip() else msgspec.json.format(msgspec.json.encode(sample), indent=2).decode()
    wrong = answers.payload_faults(declared, sample)
    if wrong:
        check.faults = [PlaceFault(f"(task){fault.path}", fault.message) for fault in wrong]
        return check
    order = answers.shown(declared, sample, NOBODY)
    check.names, check.blocks = declared.names, blocks_of(declared, sample, order, {})
    return check


def sample_of(declared: Declaration) -> dict[str, Any]:
    """A made-up task that holds what the layout shows; by schema and names of the places."""
    sample: dict[str, Any] = {}
    for block in declared.layout:
        for pointer in sources(block):
            steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
            place = sample
            for step in steps[:-1]:
                place = place.setdefault(step, {})
            place.setdefault(steps[-1], _made_up(declared, block, pointer, steps[-1]))
    return sample


def _made_up(declared: Declaration, block: Any, pointer: str, name: str) -> Any:
    if isinstance(block, ShowDialogue):
        return [
            {"role": "user", "text": "A question stands here."},
            {"role": "assistant", "text": "And here its answer."},
        ]
    if isinstance(block, ShowCandidates) or declared.candidates(pointer) is not None:
        limits = declared.payload.get("properties", {}).get(name, {})
        count = min(limits.get("maxItems", 3), max(3, limits.get("minItems", 3)))
        return [
            {"id": str(n), "text": f"Answer number {n} stands here, as long as those of real tasks."}
            for n in range(1, count + 1)
        ]
    if getattr(block, "options_from", None) == pointer:
        return ["first", "second", "third"]
    return f"The {name} stands here, as long as those of real tasks."


def _pretty(declared: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(declared), indent=2).decode()


@post("/projects/{project_id:uuid}/forms/check", guards=WRITE, include_in_schema=False, status_code=200)
async def look(request: Call, project_id: ProjectId) -> Response[str]:
    """While one types."""
    form = await Form.of(request)
    text, payload = form.text("text", MOST_BYTES), form.text("payload", MOST_BYTES)
    return page(request, "kinds/check.html", check_of(project_id, text, payload))


@post("/projects/{project_id:uuid}/forms", guards=WRITE, include_in_schema=False, status_code=200)
async def save(request: Call, project_id: ProjectId) -> Response[str]:
    """The next version, or the text again as it was typed, with what is wrong."""
    form = await Form.of(request)
    kind, fixed = form.text("kind", 80).strip(), form.text("fixed", 80)
    text, payload = form.text("text", MOST_BYTES), form.text("payload", MOST_BYTES)
    reason, version = form.text("reason", LONGEST_REASON).strip(), form.number("version")
    try:
        draft = FormDraft(
            declaration=msgspec.json.decode(text.encode(errors="replace"), type=dict[str, Any]), reason=reason
        )
        async with db.transaction(request.actor.label):
            saved = await store.put_form(project_id, kind, draft, version=version)
        return redirect(
            request, f"/projects/{project_id}/forms/{saved.kind}?done={'same' if saved.version == version else 'saved'}"
        )
    except msgspec.DecodeError as error:
        refusal: DomainError = BadForm(f"{error}.")
    except (BadForm, DomainError) as error:
        refusal = error
    view = await _page(request, project_id, fixed, text, payload=payload, known=None if fixed else [])
    view.kind, view.reason = fixed, reason
    if isinstance(refusal, PreconditionFailed):
        view.head.stale = bool(fixed)
        if not fixed:
            refusal = BadForm("This project has a kind of this name already.")
    if not view.head.stale:
        view.head.problem = problem_view(refusal, request)
    return page(request, "kinds/one.html", view, status=refusal.status)


route_handlers = [overview, fresh, one, look, save]
