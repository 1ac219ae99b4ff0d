"""A project's name, guidelines, role, the bar of its experts, and how fast skills fade in it: one form."""

from uuid import UUID

from litestar import Response, get, post

from callboard.api.request import Call
from callboard.pages.frame import Form, page
from callboard.pages.project_forms import Fields
from callboard.pages.projects import READ, WRITE, ProjectId, as_typed, head_of, saved
from callboard.pages.views_projects import GeneralView
from kernel import db
from kernel.errors import DomainError
from kernel.sql import load
from routing.projects import ProjectChange, change_project, project
from skills import registry

sql = load(__package__)
LONGEST = {"name": 120, "description": 4000, "guidelines": 20_000}
"""Characters; longer guidelines, which the API takes, are shown and kept as they are."""
FIELDS = (*LONGEST, "required_role", "expert_level", "half_life", "reason")


@get("/projects/{project_id:uuid}/general", guards=READ, include_in_schema=False)
async def show(request: Call, project_id: ProjectId) -> Response[str]:
    owner = await project(project_id)
    values = {name: getattr(owner, name) for name in LONGEST} | {
        "required_role": owner.required_role or "", "expert_level": str(owner.expert_level),
        "half_life": str(owner.skill_half_life_days or ""), "reason": "",
    }  # fmt: skip
    return page(request, "projects/general.html", await _view(request, project_id, values))


async def _view(request: Call, project_id: UUID, values: dict[str, str]) -> GeneralView:
    head = await head_of(request, project_id, "general")
    roles = {one.code for one in await registry.roles(counted=False) if not one.archived}
    if head.project.required_role is not None:
        roles.add(head.project.required_role)
    row = await db.fetch_one(sql.waits_of_projects, ids=[project_id])
    return GeneralView(
        head=head, values=values, roles=sorted(roles), usual_half_life=round(request.settings.skill_half_life_days),
        waits=row["waiting"] if row else 0,
    )  # fmt: skip


@post("/projects/{project_id:uuid}/general", guards=WRITE, include_in_schema=False, status_code=200)
async def save(request: Call, project_id: ProjectId) -> Response[str]:
    form = await Form.of(request)
    fields, owner, version = Fields(form), await project(project_id), form.number("version")
    view = await _view(request, project_id, {})
    name, description = fields.typed("name", 120).strip(), fields.typed("description", 4000).strip()
    if not name:
        fields.fault("name", "missing")
    long = len(owner.guidelines) > LONGEST["guidelines"]
    guidelines = owner.guidelines if long else fields.typed("guidelines", LONGEST["guidelines"])
    role = fields.choice("required_role", {"", *view.roles})
    level, days, reason = fields.asked("expert_level", 1, 5), fields.number("half_life", 1, 3650), fields.reason()
    refusal: DomainError | None = None
    if not fields.faults:
        change = ProjectChange(
            name=name, description=description, guidelines=guidelines, required_role=role or None, expert_level=level,
            skill_half_life_days=days, reason=reason,
        )  # fmt: skip
        try:
            async with db.transaction(request.actor.label):
                after = await change_project(project_id, change, version=version)
            return saved(request, after, "general", version)
        except DomainError as error:
            refusal = error
    view.values = {one: fields.typed(one, LONGEST.get(one, 500)) for one in FIELDS}
    if long:
        view.values["guidelines"] = owner.guidelines
    view.faults = fields.faults
    return page(request, "projects/general.html", view, status=as_typed(request, view.head, version, refusal))


route_handlers = [show, save]
