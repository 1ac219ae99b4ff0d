"""Domains, levels and roles: what an operation names. Plain forms; every change is one press, and nothing needs a script."""

from typing import Any, Literal, TypeVar

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath

from callboard import names
from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api.request import Call
from callboard.pages.frame import Form, page, redirect
from callboard.pages.missing import ReasonMissing
from callboard.pages.views_registry import RegistryView
from kernel import db
from kernel.errors import Invalid
from routing.intake import open_tasks_in
from skills import domains, registry
from skills.domains import DomainChange, DomainDraft
from skills.registry import Described, RoleDraft, TaskKindChange

T = TypeVar("T")
guards = [require(Permission.REGISTRY_WRITE)]
LONGEST_MARK = 60
TOP = "."
"""The choice of no parent in the form: an empty field would be what is left out."""
ByCode = FromPath[str]


def read(kind: type[T], values: dict[str, Any]) -> T:
    """A form's fields as the API takes them. Raises `Invalid`."""
    try:
        return msgspec.convert(values, kind)
    except msgspec.ValidationError as error:
        raise Invalid(f"This cannot be saved: {error}.") from error


def _words(form: Form) -> dict[str, str]:
    fields = ("name_en", "name_zh", "description_en", "description_zh")
    return {name: form.text(name, 1000).strip() for name in fields}


def _back(request: Call, mark: str, *, archived: bool = False) -> Response[str]:
    names.forget()
    return redirect(request, f"/registry?{'archived' if archived else 'open'}={mark}#{mark}")


@get("/registry", guards=guards, include_in_schema=False)
async def show(request: Call) -> Response[str]:
    query = request.query_params
    view = RegistryView(
        domains=await domains.domains(), levels=await registry.levels(), roles=await registry.roles(),
        kinds=await registry.task_kinds(), refolding=await domains.refolding(),
        opened=query.get("open", "")[:LONGEST_MARK], archived=query.get("archived", "")[:LONGEST_MARK],
    )  # fmt: skip
    return page(request, "registry.html", view)


@post("/registry/domains", guards=guards, include_in_schema=False, status_code=200)
async def add_domain(request: Call) -> Response[str]:
    form = await Form.of(request)
    values = _words(form) | {"code": form.text("code", 40).strip(), "parent": _parent(form)}
    async with db.transaction(request.actor.label):
        added = await domains.add(read(DomainDraft, values))
    return _back(request, f"domain-{added.code}")


@post("/registry/domains/{code:str}", guards=guards, include_in_schema=False, status_code=200)
async def save_domain(request: Call, code: ByCode) -> Response[str]:
    form = await Form.of(request)
    values: dict[str, Any] = _words(form)
    if form.text("parent", 40):
        values["parent"] = _parent(form)
    async with db.transaction(request.actor.label):
        await domains.change(code, read(DomainChange, values), form.number("version"))
    return _back(request, f"domain-{code}")


@post("/registry/domains/{code:str}/place", guards=guards, include_in_schema=False, status_code=200)
async def place_domain(request: Call, code: ByCode) -> Response[str]:
    """One step up or down among its siblings."""
    form = await Form.of(request)
    step = -1 if form.text("step", 4) == "up" else 1
    tree = await domains.domains()
    own = next((one for one in tree if one.code == code), None)
    siblings = [one.code for one in tree if own is not None and one.parent == own.parent and one.code != "general"]
    if code in siblings:
        wanted = max(0, siblings.index(code) + step)
        async with db.transaction(request.actor.label):
            await domains.change(code, DomainChange(position=wanted))
    return _back(request, f"domain-{code}")


@post("/registry/domains/{code:str}/archive", guards=guards, include_in_schema=False, status_code=200)
async def archive_domain(request: Call, code: ByCode) -> Response[str]:
    reason = _reason(await Form.of(request))
    async with db.transaction(request.actor.label):
        await domains.archive(code, reason, open_tasks_in)
    return _back(request, f"domain-{code}", archived=True)


@post("/registry/domains/{code:str}/restore", guards=guards, include_in_schema=False, status_code=200)
async def restore_domain(request: Call, code: ByCode) -> Response[str]:
    reason = _reason(await Form.of(request))
    async with db.transaction(request.actor.label):
        await domains.restore(code, reason)
    return _back(request, f"domain-{code}")


@post("/registry/levels/{scale:str}/{level:int}", guards=guards, include_in_schema=False, status_code=200)
async def save_level(request: Call, scale: FromPath[str], level: FromPath[int]) -> Response[str]:
    form = await Form.of(request)
    if level not in range(1, 6):
        raise Invalid("Levels run from 1 to 5.")
    async with db.transaction(request.actor.label):
        await registry.describe_level(scale, level, read(Described, _words(form)), form.number("version"))
    return _back(request, f"{scale}-{level}")


@post("/registry/roles", guards=guards, include_in_schema=False, status_code=200)
async def add_role(request: Call) -> Response[str]:
    form = await Form.of(request)
    draft = read(RoleDraft, _words(form) | {"code": form.text("code", 40).strip()})
    async with db.transaction(request.actor.label):
        await registry.add_role(draft)
    return _back(request, f"role-{draft.code}")


@post("/registry/roles/{code:str}", guards=guards, include_in_schema=False, status_code=200)
async def save_role(request: Call, code: ByCode) -> Response[str]:
    form = await Form.of(request)
    async with db.transaction(request.actor.label):
        await registry.describe_role(code, read(Described, _words(form)), form.number("version"))
    return _back(request, f"role-{code}")


@post("/registry/roles/{code:str}/{change:str}", guards=guards, include_in_schema=False, status_code=200)
async def archive_role(request: Call, code: ByCode, change: FromPath[Literal["archive", "restore"]]) -> Response[str]:
    reason, archived = _reason(await Form.of(request)), change == "archive"
    async with db.transaction(request.actor.label):
        await registry.archive_role(code, reason, archived=archived)
    return _back(request, f"role-{code}", archived=archived)


@post("/registry/task-kinds/{code:str}", guards=guards, include_in_schema=False, status_code=200)
async def save_task_kind(request: Call, code: ByCode) -> Response[str]:
    form = await Form.of(request)
    words = _words(form)
    wish = {"name_en": words["name_en"], "name_zh": words["name_zh"], "own_skill": form.text("own_skill", 3) == "yes"}
    async with db.transaction(request.actor.label):
        await registry.change_task_kind(code, read(TaskKindChange, wish), form.number("version"))
    return _back(request, f"kind-{code}")


def _parent(form: Form) -> str | None:
    wanted = form.text("parent", 40)
    return None if wanted in {"", TOP} else wanted


def _reason(form: Form) -> str:
    reason = form.text("reason", 500).strip()
    if not reason:
        raise ReasonMissing
    return reason


route_handlers = [
    show, add_domain, save_domain, place_domain, archive_domain, restore_domain, save_level, add_role, save_role,
    archive_role, save_task_kind,
]  # fmt: skip
