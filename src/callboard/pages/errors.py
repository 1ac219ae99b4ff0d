"""Errors as pages: a program gets problem+json as everywhere, a browser a page, an htmx request a notice in its place."""

from typing import Any
from urllib.parse import urlsplit

from litestar import Request, Response

from callboard import problems
from callboard.api.request import Call
from callboard.pages.frame import (
    html,
    is_htmx,
    language_of,
    local_path,
    problem_text,
    problem_view,
    recognised,
    redirect,
    shell_of,
    sign_in_path,
)
from callboard.pages.render import render
from kernel.errors import Unauthenticated

SERVER_FAULT = 500
NOTICE = {"hx-retarget": "#notice", "hx-reswap": "innerHTML"}
FORWARDED = ("retry-after", "allow")


def answer(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """The application's handler for every exception."""
    call = Call(request.scope)
    view = problem_view(error, call)
    if not wants_page(request):
        # What our own scripts fetch from pages they show to whoever sits there; a program that calls the API reads codes.
        said = None if _is_api(request) else problem_text(view, language_of(call, recognised(call)))
        return problems.answer(request, error, detail=said)
    if view.status >= SERVER_FAULT:
        problems.answer(request, error)  # for the log, with its trace
    if isinstance(error, Unauthenticated) and (is_htmx(call) or request.scope["method"] == "GET"):
        return redirect(call, sign_in_path(_page_behind(call) if is_htmx(call) else _address(call)))
    headers = {name: value for name, value in problems.describe(error).headers().items() if name in FORWARDED}
    shell = shell_of(call, recognised(call))
    if is_htmx(call):
        return html(render("problem.html", view, shell), view.status, headers | NOTICE)
    return html(render("error.html", view, shell), view.status, headers)


def _is_api(request: Request[Any, Any, Any]) -> bool:
    return str(request.scope["path"]).startswith("/api/")


def wants_page(request: Request[Any, Any, Any]) -> bool:
    """Whether a person looks at the answer. Addresses of the API never answer with HTML."""
    if _is_api(request):
        return False
    return request.headers.get("hx-request") == "true" or "text/html" in request.headers.get("accept", "")


def _page_behind(request: Call) -> str:
    """The page that an htmx request came from: whoever signs in again goes on there."""
    try:
        there = urlsplit(request.headers.get("hx-current-url", ""))
    except ValueError:
        return "/"
    return local_path(there.path + (f"?{there.query}" if there.query else ""))


def _address(request: Call) -> str:
    query = request.scope["query_string"].decode("latin-1")
    return str(request.scope["path"]) + (f"?{query}" if query else "")
