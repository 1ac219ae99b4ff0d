"""Signing in and out, and one's own account."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response
from litestar.datastructures import Cookie
from litestar.params import JSONBody
from msgspec import Meta

from callboard.access import passwords, people, sessions
from callboard.access.actor import Actor
from callboard.access.guards import client_address, known, public, require
from callboard.access.permissions import Permission
from callboard.access.sessions import cookie_name, is_https
from callboard.api.request import Call
from callboard.api.routes import delete, get, patch, post, put
from callboard.api.wire import encode
from callboard.api.work import NO_CONTENT, answer, reply
from kernel import db
from kernel.errors import Forbidden
from kernel.settings import Settings

Secret = Annotated[str, Meta(max_length=passwords.LONGEST_PASSWORD)]


class SignIn(msgspec.Struct, forbid_unknown_fields=True):
    email: Annotated[str, Meta(min_length=1, max_length=sessions.LONGEST_EMAIL)]
    password: Secret


class PasswordChange(msgspec.Struct, forbid_unknown_fields=True):
    current_password: Secret
    new_password: Secret


class Preferences(msgspec.Struct, forbid_unknown_fields=True):
    locale: Annotated[str, Meta(pattern="^(en|zh-CN)$")] | None = None
    theme: Annotated[str, Meta(pattern="^(auto|light|dark)$")] | None = None


class Me(msgspec.Struct, frozen=True, kw_only=True):
    kind: str
    id: UUID
    name: str
    email: str
    roles: list[str]
    scopes: list[str]
    permissions: list[str]
    annotator_id: UUID | None
    vendor_id: UUID | None
    locale: str
    theme: str
    must_change_password: bool
    csrf_token: str | None
    """For browsers: send it back as X-CSRF-Token with every change."""


def describe(actor: Actor) -> Me:
    return Me(
        kind=actor.kind, id=actor.id, name=actor.name, email=actor.email, roles=sorted(actor.roles), scopes=sorted(actor.scopes),
        permissions=sorted(actor.permissions), annotator_id=actor.annotator_id,
        vendor_id=actor.vendor_id, locale=actor.locale, theme=actor.theme,
        must_change_password=actor.must_change_password, csrf_token=actor.csrf_token,
    )  # fmt: skip


def session_cookie(secret: str, settings: Settings) -> Cookie:
    """Unreadable for scripts, not sent with what other sites start; the database decides when it ends."""
    return Cookie(
        key=cookie_name(settings), value=secret, path="/", httponly=True, secure=is_https(settings), samesite="lax"
    )


def no_cookie(settings: Settings) -> Cookie:
    return Cookie(
        key=cookie_name(settings),
        value="",
        path="/",
        httponly=True,
        secure=is_https(settings),
        samesite="lax",
        max_age=0,
    )


@post("/session", guards=[public], status_code=200, operation_id="signIn", tags=["account"])
async def sign_in(request: Call, data: JSONBody[SignIn]) -> Response[Me]:
    """Sign in with a browser session; programs use tokens."""
    settings = request.settings
    former = request.cookies.get(cookie_name(settings))
    signed = await sessions.sign_in(data.email, data.password, client_address(request), settings, former=former)
    response = answer(200, encode(describe(signed.actor)), {})
    response.set_cookie(session_cookie(signed.secret, settings))
    return response


@delete(
    "/session", guards=[require(Permission.ACCOUNT)], status_code=NO_CONTENT, operation_id="signOut", tags=["account"]
)
async def sign_out(request: Call) -> Response[None]:
    """End this session."""
    async with db.transaction(request.actor.label):
        await sessions.sign_out(request.actor)
    return _signed_out(request)


@delete(
    "/sessions",
    guards=[require(Permission.ACCOUNT)],
    status_code=NO_CONTENT,
    operation_id="signOutEverywhere",
    tags=["account"],
)
async def sign_out_everywhere(request: Call) -> Response[None]:
    """End all of one's sessions, this one too."""
    async with db.transaction(request.actor.label):
        await sessions.sign_out_everywhere(request.actor.id)
    return _signed_out(request)


def _signed_out(request: Call) -> Response[None]:
    response = answer(NO_CONTENT, b"", {"clear-site-data": '"cache"'})
    response.set_cookie(no_cookie(request.settings))
    return response


@get("/me", guards=[known], operation_id="me", tags=["account"])
async def me(request: Call) -> Response[Me]:
    """Who one is and what one may do."""
    return reply(describe(request.actor))


@patch("/me", guards=[require(Permission.ACCOUNT)], operation_id="setPreferences", tags=["account"])
async def set_preferences(request: Call, data: JSONBody[Preferences]) -> Response[Me]:
    """Language and theme of the pages."""
    _check_person(request.actor)
    async with db.transaction(request.actor.label):
        await people.set_preferences(request.actor.id, locale=data.locale, theme=data.theme)
    changed = msgspec.structs.replace(
        request.actor, locale=data.locale or request.actor.locale, theme=data.theme or request.actor.theme
    )
    return reply(describe(changed))


@put("/me/password", guards=[require(Permission.ACCOUNT)], operation_id="changePassword", tags=["account"])
async def change_password(request: Call, data: JSONBody[PasswordChange]) -> Response[Me]:
    """Ends all sessions and begins a new one, whose cookie and CSRF token are in the answer."""
    _check_person(request.actor)
    secret = await people.change_password(request.actor, data.current_password, data.new_password, request.settings)
    actor = await sessions.find(secret, request.settings)
    response = answer(200, encode(describe(actor or request.actor)), {})
    response.set_cookie(session_cookie(secret, request.settings))
    return response


def _check_person(actor: Actor) -> None:
    if actor.kind != "person":
        raise Forbidden("Only people have a password and preferences.")


route_handlers = [sign_in, sign_out, sign_out_everywhere, me, set_preferences, change_password]
