"""Domains, levels, roles and kinds of tasks: everybody signed in may read them, managers edit them."""

from typing import Annotated, Literal

import msgspec
from litestar import Response
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from callboard import names
from callboard.access.guards import known, require
from callboard.access.permissions import Permission
from callboard.api.request import Call
from callboard.api.routes import get, post, put
from callboard.api.shapes import Items
from callboard.api.work import etag, if_match, reply, unit_of_work
from routing.intake import open_tasks_in
from skills import domains, registry
from skills.domains import DomainChange, DomainDraft, DomainView
from skills.registry import Described, LevelView, RoleDraft, RoleView, TaskKindChange, TaskKindView

TAGS = ["registry"]
WRITE = [require(Permission.REGISTRY_WRITE)]
ByCode = FromPath[str]


class Why(msgspec.Struct, forbid_unknown_fields=True):
    reason: Annotated[str, Meta(min_length=1, max_length=500)]


def _versioned(view: DomainView | LevelView | RoleView | TaskKindView) -> dict[str, str]:
    names.forget()
    return etag(view.version)


@get("/domains", guards=[known], operation_id="listDomains", tags=TAGS)
async def list_domains() -> Response[Items[DomainView]]:
    """The tree, every domain after its parent; archived ones take nothing new."""
    return reply(Items(await domains.domains()))


@post("/domains", guards=WRITE, operation_id="addDomain", tags=TAGS)
async def add_domain(request: Call, data: JSONBody[DomainDraft]) -> Response[DomainView]:
    """At the end of its siblings."""
    return await unit_of_work(request, lambda: domains.add(data), status=201, headers=_versioned)


@put("/domains/{code:str}", guards=WRITE, operation_id="putDomain", tags=TAGS)
async def put_domain(request: Call, code: ByCode, data: JSONBody[DomainChange]) -> Response[DomainView]:
    """Names, descriptions, `parent`, `position` among its siblings; what is left out stays. After a move everybody with
    evidence below is believed in anew, in the background: `skills.refolded` tells how far that is.
    """
    version = if_match(request)
    return await unit_of_work(request, lambda: domains.change(code, data, version), headers=_versioned)


@post("/domains/{code:str}/archive", guards=WRITE, operation_id="archiveDomain", tags=TAGS, status_code=200)
async def archive_domain(request: Call, code: ByCode, data: JSONBody[Why]) -> Response[DomainView]:
    """Refused while published projects have open tasks in it, with their number."""
    version = if_match(request)
    return await unit_of_work(
        request, lambda: domains.archive(code, data.reason, open_tasks_in, version), headers=_versioned
    )


@post("/domains/{code:str}/restore", guards=WRITE, operation_id="restoreDomain", tags=TAGS, status_code=200)
async def restore_domain(request: Call, code: ByCode, data: JSONBody[Why]) -> Response[DomainView]:
    version = if_match(request)
    return await unit_of_work(request, lambda: domains.restore(code, data.reason, version), headers=_versioned)


@get("/levels", guards=[known], operation_id="listLevels", tags=TAGS)
async def list_levels() -> Response[Items[LevelView]]:
    """What 1 to 5 mean, for skills and for languages."""
    return reply(Items(await registry.levels()))


@put("/levels/{scale:str}/{level:int}", guards=WRITE, operation_id="putLevel", tags=TAGS)
async def put_level(
    request: Call, scale: FromPath[str], level: FromPath[int], data: JSONBody[Described]
) -> Response[LevelView]:
    version = if_match(request)
    if level not in range(1, 6):
        level = 0
    return await unit_of_work(request, lambda: registry.describe_level(scale, level, data, version), headers=_versioned)


@get("/roles", guards=[known], operation_id="listRoles", tags=TAGS)
async def list_roles(request: Call) -> Response[Items[RoleView]]:
    """With how many people hold each, for those who see everybody."""
    return reply(Items(await registry.roles(counted=request.actor.sees_everybody)))


@post("/roles", guards=WRITE, operation_id="addRole", tags=TAGS)
async def add_role(request: Call, data: JSONBody[RoleDraft]) -> Response[RoleView]:
    return await unit_of_work(request, lambda: registry.add_role(data), status=201, headers=_versioned)


@put("/roles/{code:str}", guards=WRITE, operation_id="putRole", tags=TAGS)
async def put_role(request: Call, code: ByCode, data: JSONBody[Described]) -> Response[RoleView]:
    version = if_match(request)
    return await unit_of_work(request, lambda: registry.describe_role(code, data, version), headers=_versioned)


@post("/roles/{code:str}/{change:str}", guards=WRITE, operation_id="archiveOrRestoreRole", tags=TAGS, status_code=200)
async def change_role(
    request: Call, code: ByCode, change: FromPath[Literal["archive", "restore"]], data: JSONBody[Why]
) -> Response[RoleView]:
    """An archived role is granted to nobody new; whoever holds it keeps it."""
    version, archived = if_match(request), change == "archive"
    return await unit_of_work(
        request,
        lambda: registry.archive_role(code, data.reason, archived=archived, version=version),
        headers=_versioned,
    )


@get("/task-kinds", guards=[known], operation_id="listTaskKinds", tags=TAGS)
async def list_task_kinds() -> Response[Items[TaskKindView]]:
    return reply(Items(await registry.task_kinds()))


@put("/task-kinds/{code:str}", guards=WRITE, operation_id="putTaskKind", tags=TAGS)
async def put_task_kind(request: Call, code: ByCode, data: JSONBody[TaskKindChange]) -> Response[TaskKindView]:
    """`own_skill`: whether people are believed to be good at this kind of work apart from the domain; for what comes in
    from now on.
    """
    version = if_match(request)
    return await unit_of_work(request, lambda: registry.change_task_kind(code, data, version), headers=_versioned)


route_handlers = [
    list_domains, add_domain, put_domain, archive_domain, restore_domain, list_levels, put_level, list_roles, add_role,
    put_role, change_role, list_task_kinds, put_task_kind,
]  # fmt: skip
