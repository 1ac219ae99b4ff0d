"""Every route names the permission that it needs, or says that it is public; a route that does neither stops the start."""

from typing import Any

import structlog
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from callboard.access import csrf, sessions, tokens
from callboard.access.actor import Actor
from callboard.access.errors import BadToken
from callboard.access.permissions import Permission
from kernel.errors import Forbidden, Unauthenticated
from kernel.settings import Settings

log = structlog.get_logger(__name__)
Connection = ASGIConnection[Any, Any, Any, Any]
_ACTOR = "actor"


class Guard:
    """Known to the start-up check; `permission` is `None` for public routes."""

    permission: Permission | None = None


class Require(Guard):
    def __init__(self, permission: Permission) -> None:
        self.permission: Permission = permission

    async def __call__(self, connection: Connection, _: BaseRouteHandler) -> None:
        actor = await authenticate(connection)
        if actor is None:
            raise Unauthenticated
        if self.permission not in actor.permissions:
            log.warning("denied", actor=actor.label, permission=self.permission, path=connection.scope["path"])
            raise Forbidden(f"This needs the permission {self.permission.value}, which this account does not have.")


class Known(Guard):
    """Whoever is recognised, whatever they may do."""

    async def __call__(self, connection: Connection, _: BaseRouteHandler) -> None:
        if await authenticate(connection) is None:
            raise Unauthenticated


class Public(Guard):
    """Open to everybody; a change still has to come from our own pages."""

    async def __call__(self, connection: Connection, _: BaseRouteHandler) -> None:
        if connection.scope["method"] not in csrf.SAFE_METHODS:  # type: ignore[typeddict-item]
            csrf.check_origin(connection, settings_of(connection))


class Recognise(Guard):
    """Open to everybody, and whoever is signed in is recognised: for pages that look different then."""

    async def __call__(self, connection: Connection, _: BaseRouteHandler) -> None:
        await authenticate(connection)


def require(permission: Permission | str) -> Require:
    return Require(Permission(permission))


known = Known()
public = Public()
recognise = Recognise()


def settings_of(connection: Connection) -> Settings:
    settings: Settings = connection.app.state.settings
    return settings


async def authenticate(connection: Connection) -> Actor | None:
    """Who asks: by bearer token, else by cookie. Raises `BadToken`, `CrossSite`.

    With a bearer token no cookie is looked at, and no CSRF is possible: browsers do not send tokens by themselves.
    """
    state = connection.scope["state"]
    if _ACTOR in state:
        found: Actor | None = state[_ACTOR]
        return found
    authorization = connection.headers.get("authorization")
    if authorization is not None:
        scheme, _, token = authorization.partition(" ")
        actor = await tokens.find(token.strip()) if scheme.lower() == "bearer" else None
        if actor is None:
            raise BadToken
    else:
        actor = await _by_cookie(connection)
    state[_ACTOR] = actor
    return actor


async def authenticate_again(connection: Connection) -> Actor | None:
    """For requests that stay open: whether what was true at their start still is."""
    connection.scope["state"].pop(_ACTOR, None)
    return await authenticate(connection)


async def _by_cookie(connection: Connection) -> Actor | None:
    settings = settings_of(connection)
    secret = connection.cookies.get(sessions.cookie_name(settings))
    actor = await sessions.find(secret, settings) if secret else None
    if actor is not None and connection.scope["method"] not in csrf.SAFE_METHODS:  # type: ignore[typeddict-item]
        csrf.check_origin(connection, settings)
        await csrf.check_token(connection, actor)
    return actor


def actor_of(connection: Connection) -> Actor:
    """Whoever passed the guard of this request. Raises `Unauthenticated` on a public route."""
    actor: Actor | None = connection.scope["state"].get(_ACTOR)
    if actor is None:
        raise Unauthenticated
    return actor


def undeclared(app: Any) -> list[str]:
    """Routes without a guard of ours, for the start-up check."""
    return sorted(
        f"{sorted(handler.http_methods)} {route.path}"
        for route in app.routes
        for handler in getattr(route, "route_handlers", [getattr(route, "route_handler", None)])
        if handler is not None
        and getattr(handler, "http_methods", None) != {"OPTIONS"}
        and not any(isinstance(guard, Guard) for guard in handler.resolve_guards())
    )


def client_address(connection: Connection) -> str:
    """The other end of the connection, or what the trusted proxies in front of us say it was."""
    hops = settings_of(connection).trusted_proxies
    forwarded = [part.strip() for part in connection.headers.get("x-forwarded-for", "").split(",") if part.strip()]
    if hops and len(forwarded) >= hops:
        return forwarded[-hops]
    client = connection.client
    return client.host if client else "unknown"
