"""What a project asks of people, as a form that is checked while one types."""

import re
from uuid import UUID

from litestar import Response, get, post

from callboard.api.request import Call
from callboard.pages.facts import uuid_of
from callboard.pages.frame import Form, page
from callboard.pages.project_expression import OUT, WELCOME, check, form_of, people_ids, stated_by
from callboard.pages.project_forms import Fields
from callboard.pages.projects import READ, WRITE, ProjectId, as_typed, head_of, saved
from callboard.pages.views_projects import Fault, Named, RequirementForm, RequirementsView
from kernel import db
from kernel.errors import DomainError
from kernel.sql import load
from routing.projects import ProjectView, project
from routing.relaning import change_requirements
from routing.requirement_reading import MOST_PEOPLE
from skills import registry
from skills.annotators import vendor_names
from skills.registry import domain_codes

sql = load(__package__)
LONGEST_TEXT = 4000
MOST_SUGGESTED = 300
MOST_FOUND = 5
_PERSON = re.compile(r"person_([0-9a-f-]{36})")


@get("/projects/{project_id:uuid}/requirements", guards=READ, include_in_schema=False)
async def show(request: Call, project_id: ProjectId) -> Response[str]:
    owner = await project(project_id)
    view = await _view(request, project_id, await form_of(owner))
    return page(request, "projects/requirements.html", view)


async def _view(request: Call, project_id: UUID, form: RequirementForm) -> RequirementsView:
    vendors = await vendor_names()
    rows = await db.fetch(sql.names_of_annotators, ids=people_ids(form))
    names = {str(UUID(int=row["id"].int)): row["display_name"] for row in rows}
    suggested = await db.fetch(sql.people_to_name, limit=MOST_SUGGESTED)
    return RequirementsView(
        head=await head_of(request, project_id, "requirements"), form=form,
        vendors=sorted((Named(id=UUID(one), name=name) for one, name in vendors.items()), key=lambda one: one.name),
        people=[Named(id=UUID(one), name=names.get(one, one)) for one in form.people],
        roles=[one.code for one in await registry.roles(counted=False) if not one.archived or one.code == form.role],
        suggestions=[row["display_name"] for row in suggested], words=sorted(await domain_codes()),
    )  # fmt: skip


async def _read(form: Form, fields: Fields) -> RequirementForm:
    """As typed; people stay in their order."""
    wishes = {"", WELCOME, OUT}
    vendors = {
        one: fields.choice(f"vendor_{one}", wishes) for one in await vendor_names() if form.text(f"vendor_{one}")
    }
    people = {}
    for name in form.names():
        found = _PERSON.fullmatch(name)
        if found and uuid_of(found[1]) and (wish := fields.choice(name, wishes)):
            people[found[1]] = wish
    roles = {"", *(one.code for one in await registry.roles(counted=False))}
    level = fields.choice("min_level", {"", "1", "2", "3", "4", "5"})
    return RequirementForm(
        text=fields.typed("text", LONGEST_TEXT), min_level=level, role=fields.choice("role", roles),
        credential=fields.typed("credential") == "yes", vendors={one: wish for one, wish in vendors.items() if wish},
        people=people, person=fields.typed("person", 120).strip(), reason=fields.typed("reason", 500),
    )  # fmt: skip


async def _add(form: RequirementForm, fields: Fields) -> None:
    """The person who was typed joins the list, as welcome."""
    rows = (
        await db.fetch(sql.people_named, q=form.person, id=uuid_of(form.person), limit=MOST_FOUND)
        if form.person
        else []
    )
    exact = [row for row in rows if row["display_name"].casefold() == form.person.casefold()]
    found = exact if len(exact) == 1 else rows
    if len(found) == 1 and len(form.people) < MOST_PEOPLE:
        form.people.setdefault(str(UUID(int=found[0]["id"].int)), WELCOME)
        form.person = ""
    elif len(form.people) >= MOST_PEOPLE:
        fields.fault("person", "too_many", limit=MOST_PEOPLE)
    elif found:
        fields.fault("person", "several", names=", ".join(row["display_name"] for row in found))
    else:
        fields.fault("person", "nobody")


@post("/projects/{project_id:uuid}/requirements", guards=WRITE, include_in_schema=False, status_code=200)
async def save(request: Call, project_id: ProjectId) -> Response[str]:
    """Saves, or (`op`) only looks, or adds a person; whatever is wrong, the form comes back as it was typed."""
    form = await Form.of(request)
    fields, op = Fields(form), form.text("op", 20)
    typed = await _read(form, fields)
    if typed.person or op == "add":
        await _add(typed, fields)
    if op == "":
        fields.reason(needed=True)
    version, refusal = form.number("version"), None
    look = await check(await project(project_id), typed, request.settings)
    if look.fault:
        fields.fault("text", "expression")
    if not fields.faults and op == "":
        try:
            return saved(request, await _put(request, project_id, typed, version), "requirements", version)
        except DomainError as error:
            refusal = error
    view = await _view(request, project_id, typed)
    view.faults, view.check, view.focus, view.looked = fields.faults, look, _focus(op, fields.faults), bool(op)
    status = as_typed(request, view.head, version, refusal)
    return page(request, "projects/requirements.html", view, status=200 if op else status)


async def _put(request: Call, project_id: UUID, typed: RequirementForm, version: int) -> ProjectView:
    """Raises `BadRequirement`, `PreconditionFailed`, `WrongState`."""
    async with db.transaction(request.actor.label):
        before, stated = await project(project_id), await stated_by(typed)
        if stated == before.requirements and version == before.version:
            return before
        return await change_requirements(project_id, stated, typed.reason.strip(), version)


def _focus(op: str, faults: dict[str, Fault]) -> str:
    if op == "add":
        return "person"
    return next(iter(faults), "") if op == "" else ""


@post("/projects/{project_id:uuid}/requirements/check", guards=WRITE, include_in_schema=False, status_code=200)
async def look(request: Call, project_id: ProjectId) -> Response[str]:
    """While one types: who would fit, or where it stops making sense."""
    form = await Form.of(request)
    view = await check(await project(project_id), await _read(form, Fields(form)), request.settings)
    return page(request, "projects/requirement_check.html", view)


route_handlers = [show, save, look]
