"""The outermost layer of the web server, around everything, also around what no route answers.

It names the request, refuses what no route could want, sets the headers that protect browsers, and counts. It is
plain ASGI without allocation worth the name: it runs for every static file too.
"""

import os
import re
from typing import Any
from urllib.parse import unquote_to_bytes

import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from callboard.errors import BadRequest
from callboard.metrics import observe
from callboard.problems import PROBLEM_JSON, describe
from kernel.clock import monotonic
from kernel.errors import DomainError, Invalid

# No script, style, frame or form target of another site; nothing inline, so that injected markup stays dead text.
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' data:; style-src 'self'; frame-ancestors 'none'; base-uri 'none'; "
    "object-src 'none'; form-action 'self'"
)
SECURITY_HEADERS = [
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
]
TRANSPORT_SECURITY = (b"strict-transport-security", b"max-age=31536000")
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")


class Edge:
    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self._app = app
        self._headers = [*SECURITY_HEADERS, TRANSPORT_SECURITY] if https else SECURITY_HEADERS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope["headers"])
        state = scope.setdefault("state", {})
        state["request_id"] = request_id
        started = monotonic()
        named = (b"x-request-id", request_id.encode())

        async def send_protected(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *self._headers, named]
                observe(scope, message["status"], monotonic() - started)
            await send(message)

        refusal = _refusal(scope)
        if refusal is not None:
            await _send_problem(refusal, scope["path"], request_id, send_protected)
            return
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        await self._app(scope, receive, send_protected)


def _request_id(headers: Any) -> str:
    """The caller's own, so that one id follows a request through several systems, or a new one."""
    for name, value in headers:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            return str(value.decode())
    return os.urandom(16).hex()


def _refusal(scope: Any) -> DomainError | None:
    if "\0" in scope["path"]:
        return Invalid("The character U+0000 is not allowed in an address.")
    query: bytes = scope["query_string"]
    if not query:
        return None
    if b"%00" in query:
        return Invalid("The character U+0000 is not allowed in a query parameter.")
    if b"&" in query:
        names = [unquote_to_bytes(part.partition(b"=")[0]) for part in query.split(b"&") if part]
        if len(set(names)) != len(names):
            twice = next(name for name in names if names.count(name) > 1)
            return BadRequest(f"The query parameter {twice.decode(errors='replace')!r} stands twice; send it once.")
    try:
        unquote_to_bytes(query).decode()
    except UnicodeDecodeError:
        return BadRequest("The query parameters are not UTF-8.")
    return None


async def _send_problem(error: DomainError, path: str, request_id: str, send: Send) -> None:
    problem = describe(error)
    body = problem.body(path, request_id)
    headers = [(b"content-type", PROBLEM_JSON.encode()), (b"content-length", str(len(body)).encode())]
    headers += [(name.encode(), value.encode()) for name, value in problem.headers().items()]
    await send({"type": "http.response.start", "status": problem.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
