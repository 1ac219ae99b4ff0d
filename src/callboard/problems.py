"""The one place where errors become answers: `application/problem+json` (RFC 9457) with a stable `code`.

What is not a named fact of the domain is a fault of ours: it is logged with the request's id, and the caller gets the
id and nothing of the inside.
"""

import math
from typing import Any

import msgspec
import structlog
from litestar import MediaType, Request, Response
from litestar.exceptions import (
    HTTPException,
    MethodNotAllowedException,
    NotFoundException,
    ValidationException,
)
from litestar.exceptions.http_exceptions import RequestEntityTooLarge

from callboard.errors import BadRequest, MethodNotAllowed
from kernel import db
from kernel.errors import DomainError, Invalid, NotFound, TooLarge, TooManyRequests, Unavailable

PROBLEM_JSON = "application/problem+json"
SERVER_FAULT = 500
RETRY_AFTER_SECONDS = 1
"""After an outage of the database: it is back within seconds, and clients spread by themselves."""

log = structlog.get_logger(__name__)


class Problem(msgspec.Struct, kw_only=True):
    """An error as everybody outside meets it; `extra` becomes further members of the JSON object."""

    status: int
    code: str
    title: str
    detail: str
    extra: dict[str, Any] = {}

    @property
    def retry_after_seconds(self) -> int | None:
        given: float | None = self.extra.get("retry_after_seconds")
        if given is not None:
            return max(1, math.ceil(given))
        return RETRY_AFTER_SECONDS if self.status == Unavailable.status else None

    def headers(self) -> dict[str, str]:
        headers = {"cache-control": "no-store"}
        if self.retry_after_seconds is not None:
            headers["retry-after"] = str(self.retry_after_seconds)
        if self.status == 401:  # noqa: PLR2004  RFC 9110, 11.6.1 asks for the challenge
            headers["www-authenticate"] = 'Bearer realm="callboard"'
        if "allow" in self.extra:
            headers["allow"] = self.extra["allow"]
        return headers

    def body(self, path: str, request_id: str) -> bytes:
        return msgspec.json.encode(
            self.extra
            | {
                "type": f"urn:callboard:problem:{self.code}",
                "title": self.title,
                "status": self.status,
                "detail": self.detail,
                "instance": path,
                "code": self.code,
                "request_id": request_id,
            },
            enc_hook=str,
        )


def describe(error: BaseException) -> Problem:
    """What a caller may know about an error."""
    fact = error if isinstance(error, DomainError) else _as_fact(error) or db.translate(error) or DomainError()
    return Problem(status=fact.status, code=fact.code, title=fact.title, detail=fact.detail, extra=fact.extra)


SENT_AS = {"in_state": "state"}
"""Query parameters that cannot have their own name in Python, because the framework keeps it; errors name what was sent."""


def _as_fact(error: BaseException) -> DomainError | None:
    match error:
        case ValidationException():
            faults = [
                {"path": SENT_AS.get(fault.get("key", ""), fault.get("key", "")), "message": fault["message"]}
                for fault in error.extra or []
                if isinstance(fault, dict)
            ]
            first = f" {faults[0]['path']}: {faults[0]['message']}." if faults else ""
            return Invalid(f"A value cannot be used.{first}", errors=faults)
        case RequestEntityTooLarge():
            return TooLarge("The body is larger than the limit of this address.")
        case MethodNotAllowedException():
            allow = (error.headers or {}).get("Allow")
            return MethodNotAllowed(**({"allow": allow} if allow else {}))
        case NotFoundException():
            return NotFound()
        case HTTPException() if error.status_code < SERVER_FAULT:
            return BadRequest(error.detail)
        case _:
            return None


def answer(request: Request[Any, Any, Any], error: Exception, detail: str | None = None) -> Response[bytes]:
    """Litestar's handler for every exception; `detail`: the same in the reader's language."""
    problem = describe(error)
    if detail is not None:
        problem = msgspec.structs.replace(problem, detail=detail)
    request_id = request.scope.get("state", {}).get("request_id", "")
    if problem.status == SERVER_FAULT:
        log.error("request failed", path=request.scope["path"], method=request.scope["method"], exc_info=error)
    elif problem.status > SERVER_FAULT:
        log.warning("request refused", path=request.scope["path"], status=problem.status, reason=repr(error))
    return Response(
        content=problem.body(request.scope["path"], request_id),
        status_code=problem.status,
        media_type=PROBLEM_JSON,
        headers=problem.headers(),
    )


def too_large(limit_bytes: int) -> TooLarge:
    return TooLarge(f"The body is larger than the limit of {limit_bytes} bytes.", limit_bytes=limit_bytes)


__all__ = ["MediaType", "Problem", "TooManyRequests", "answer", "describe", "too_large"]
