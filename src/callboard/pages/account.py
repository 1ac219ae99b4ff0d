"""Signing in and out, language and theme, one's own password; and the start, which is another page for each role."""

from litestar import Response, get, post

from callboard.access import people, sessions
from callboard.access.actor import Actor
from callboard.access.errors import BadCredentials, BadPassword, SignInThrottled
from callboard.access.guards import client_address, public, recognise, require
from callboard.access.passwords import LONGEST_PASSWORD
from callboard.access.permissions import Permission
from callboard.api.request import Call
from callboard.api.session import no_cookie, session_cookie
from callboard.pages.demo_logins import demo_logins
from callboard.pages.frame import (
    LANGUAGE_COOKIE,
    THEME_COOKIE,
    THEMES,
    Form,
    local_path,
    page,
    preference,
    problem_view,
    recognised,
    redirect,
)
from callboard.pages.i18n import LANGUAGES
from callboard.pages.views import PasswordView, SignInView
from kernel import db
from kernel.errors import TooManyRequests


def start_of(actor: Actor) -> str:
    """Where somebody's day begins."""
    if actor.must_change_password:
        return "/password"
    if actor.may(Permission.REPORTS_READ):
        return "/floor"
    return "/queue" if "annotator" in actor.roles else "/reviews"


@get("/", guards=[recognise], include_in_schema=False)
async def start(request: Call) -> Response[str]:
    actor = recognised(request)
    return redirect(request, start_of(actor) if actor else "/sign-in")


@get("/sign-in", guards=[recognise], include_in_schema=False)
async def sign_in_form(request: Call) -> Response[str]:
    actor = recognised(request)
    if actor is not None:
        return redirect(request, start_of(actor))
    wanted = local_path(request.query_params.get("next"))
    return page(request, "sign_in.html", SignInView(next_path=wanted, demo_logins=demo_logins(request.settings)))


@post("/sign-in", guards=[public], include_in_schema=False)
async def sign_in(request: Call) -> Response[str]:
    form, settings = await Form.of(request), request.settings
    email, next_path = form.text("email"), local_path(form.text("next"))
    former = request.cookies.get(sessions.cookie_name(settings))
    try:
        password = form.text("password", LONGEST_PASSWORD * 4)
        signed = await sessions.sign_in(email, password, client_address(request), settings, former=former)
    except (BadCredentials, SignInThrottled, TooManyRequests) as error:
        view = SignInView(
            email=email, next_path=next_path, problem=problem_view(error, request), demo_logins=demo_logins(settings)
        )
        return page(request, "sign_in.html", view, status=error.status)
    to = start_of(signed.actor) if next_path == "/" or signed.actor.must_change_password else next_path
    response = redirect(request, to)
    response.set_cookie(session_cookie(signed.secret, settings))
    return response


@post("/sign-out", guards=[require(Permission.ACCOUNT)], include_in_schema=False)
async def sign_out(request: Call) -> Response[str]:
    async with db.transaction(request.actor.label):
        await sessions.sign_out(request.actor)
    response = redirect(request, "/sign-in")
    response.set_cookie(no_cookie(request.settings))
    response.headers["clear-site-data"] = '"cache"'
    return response


@post("/preferences", guards=[recognise], include_in_schema=False)
async def preferences(request: Call) -> Response[str]:
    """In a cookie for this browser, and with the account for the next one."""
    form = await Form.of(request)
    lang, theme = form.text("lang", 20), form.text("theme", 20)
    response = redirect(request, local_path(form.text("next")))
    if lang in LANGUAGES:
        response.set_cookie(preference(LANGUAGE_COOKIE, lang, request))
    if theme in THEMES:
        response.set_cookie(preference(THEME_COOKIE, theme, request))
    actor = recognised(request)
    if actor is not None and actor.person_id is not None:
        async with db.transaction(actor.label):
            await people.set_preferences(
                actor.person_id, locale=lang if lang in LANGUAGES else None, theme=theme if theme in THEMES else None
            )
    return response


@get("/password", guards=[require(Permission.ACCOUNT)], include_in_schema=False)
async def password_form(request: Call) -> Response[str]:
    return page(request, "password.html", _password_view(request))


@post("/password", guards=[require(Permission.ACCOUNT)], include_in_schema=False)
async def change_password(request: Call) -> Response[str]:
    form, settings = await Form.of(request), request.settings
    limit = LONGEST_PASSWORD * 4
    try:
        secret = await people.change_password(
            request.actor, form.text("current", limit), form.text("new", limit), settings
        )
    except (BadCredentials, BadPassword) as error:
        view = _password_view(request)
        view.problem = problem_view(error, request)
        return page(request, "password.html", view, status=error.status)
    response = redirect(request, "/")
    response.set_cookie(session_cookie(secret, settings))
    return response


def _password_view(request: Call) -> PasswordView:
    return PasswordView(
        must=request.actor.must_change_password, least_characters=request.settings.password_min_characters
    )


route_handlers = [start, sign_in_form, sign_in, sign_out, preferences, password_form, change_password]
