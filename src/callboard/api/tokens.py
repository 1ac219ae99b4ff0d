"""Tokens of programs: made, listed and revoked by those who answer for them."""

from datetime import UTC, datetime
from uuid import UUID

import msgspec
from litestar import Response
from litestar.params import FromPath, JSONBody

from callboard.access import tokens, visibility
from callboard.access.actor import Actor
from callboard.access.guards import require
from callboard.access.permissions import Permission, check_scopes
from callboard.access.tokens import TokenDraft, TokenView
from callboard.api.paging import DEFAULT_LIMIT, Cursor, Limit, Page, check_limit, page, read_cursor
from callboard.api.request import Call
from callboard.api.routes import delete, get, post
from callboard.api.work import NO_CONTENT, reply, unit_of_work

NEWEST = (datetime(9999, 1, 1, tzinfo=UTC), UUID(int=0))
guards = [require(Permission.TOKENS_WRITE)]


class NewToken(msgspec.Struct, frozen=True, kw_only=True):
    token: str | None
    """Shown in this answer and never again; a replayed answer does not have it."""
    facts: TokenView


def _owner(actor: Actor) -> UUID | None:
    """Administrators see all tokens, others the ones that belong to their account."""
    return None if "admin" in actor.roles else actor.person_id


@post("/tokens", guards=guards, operation_id="createToken", tags=["tokens"])
async def create_token(request: Call, data: JSONBody[TokenDraft]) -> Response[NewToken]:
    """Make a token with the given scopes; it belongs to the account that makes it and never outlives its rights."""
    actor = request.actor
    check_scopes(data.scopes, actor.roles if actor.kind == "person" else {"admin"} if "admin" in actor.scopes else ())

    async def act() -> NewToken:
        if data.annotator_id is not None:
            await visibility.check_annotator(actor, data.annotator_id)
        facts, token = await tokens.issue(data, actor.person_id, request.settings)
        return NewToken(token=token, facts=facts)

    return await unit_of_work(request, act, status=201, stored=lambda made: msgspec.structs.replace(made, token=None))


@get("/tokens", guards=guards, operation_id="listTokens", tags=["tokens"])
async def list_tokens(request: Call, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT) -> Response[Page[TokenView]]:
    """Newest first; the secrets are nowhere."""
    limit = check_limit(limit, request.settings)
    before = read_cursor(cursor, tuple[datetime, UUID]) or NEWEST
    rows = await tokens.page(_owner(request.actor), before, limit + 1)
    return reply(page(rows, limit, lambda row: (row.created_at, row.id)))


@delete("/tokens/{token_id:uuid}", guards=guards, status_code=NO_CONTENT, operation_id="revokeToken", tags=["tokens"])
async def revoke_token(request: Call, token_id: FromPath[UUID]) -> Response[None]:
    """Takes effect at once here, and within 5 seconds in every other process."""
    return await unit_of_work(request, lambda: tokens.revoke(token_id, _owner(request.actor)), status=NO_CONTENT)


route_handlers = [create_token, list_tokens, revoke_token]
