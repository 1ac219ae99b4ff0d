"""Policies of the score: what they are, who changed them, what another one would have given out."""

from typing import Annotated

import msgspec
from litestar import Response
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Meta

from callboard.access import visibility
from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api.paging import DEFAULT_LIMIT, Cursor, Limit, check_limit, page, read_cursor
from callboard.api.request import Call
from callboard.api.routes import get, post
from callboard.api.work import reply, unit_of_work
from routing import policies
from routing.policies import Activation, Comparison, PolicyDraft, PolicyView, Weight

READ, WRITE = Permission.TASKS_LIST, Permission.POLICIES_WRITE
Version = FromPath[int]
Side = Annotated[int, QueryParameter(ge=0, le=1_000_000)]
Claims = Annotated[int, QueryParameter(ge=1, le=policies.MOST_CLAIMS)]


class Policies(msgspec.Struct, frozen=True):
    items: list[PolicyView]
    next_cursor: str | None
    weights: list[Weight]
    """What each weight is for, its unit and its range."""
    activations: list[Activation]
    """What was in force from when on, newest first."""


class ActivationWish(msgspec.Struct, forbid_unknown_fields=True):
    reason: Annotated[str, Meta(min_length=1, max_length=policies.LONGEST_NOTE)]


@get("/policies", guards=[require(READ)], operation_id="listPolicies", tags=["policies"])
async def list_all(request: Call, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT) -> Response[Policies]:
    """Newest first; version 0, which the program comes with, stands last."""
    limit = check_limit(limit, request.settings)
    rows = await policies.policies(before=read_cursor(cursor, int), limit=limit + 1)
    found = page(rows, limit, lambda row: row.version)
    return reply(Policies(found.items, found.next_cursor, policies.weights(), await policies.activations()))


@post("/policies", guards=[require(WRITE)], operation_id="createPolicy", tags=["policies"])
async def create(request: Call, data: JSONBody[PolicyDraft]) -> Response[PolicyView]:
    """The next version, not yet in force; weights that are left out are as in the version in force."""

    async def act() -> PolicyView:
        return await policies.create_policy(data, visibility.decider(request.actor))

    return await unit_of_work(request, act, status=201)


@post(
    "/policies/{version:int}/activate", guards=[require(WRITE)], status_code=200, operation_id="activatePolicy",
    tags=["policies"],
)  # fmt: skip
async def activate(request: Call, version: Version, data: JSONBody[ActivationWish]) -> Response[PolicyView]:
    """Claims are scored by it from now on. An older version, or 0: the way back."""

    async def act() -> PolicyView:
        return await policies.activate(version, data.reason, visibility.decider(request.actor))

    return await unit_of_work(request, act)


@get("/policies/compare", guards=[require(READ)], operation_id="comparePolicies", tags=["policies"])
async def compare(a: Side, b: Side, claims: Claims = 500) -> Response[Comparison]:
    """What the last claims would have been given under either, weighed again from the candidates kept with each."""
    return reply(await policies.compare(a, b, claims))


route_handlers = [list_all, create, activate, compare]
