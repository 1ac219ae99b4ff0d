"""Errors are named facts of the domain: a stable code, an HTTP status, a sentence that says what to change.

Codes are part of the API and never change their meaning; `docs/errors.md` lists them and a test holds it to the code.
"""

from typing import Any, ClassVar


class DomainError(Exception):
    """Base of everything that a caller can be told; mapped to `application/problem+json` in one place."""

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 500
    title: ClassVar[str] = "Something went wrong"

    def __init__(self, detail: str | None = None, **extra: Any) -> None:
        self.detail = detail or self.title
        self.extra = extra
        super().__init__(self.detail)


class ConfigurationError(DomainError):
    code = "configuration"
    title = "A setting cannot be used"


class Invalid(DomainError):  # noqa: N818  these read as facts, not as exceptions
    code = "invalid"
    status = 422
    title = "The request cannot be used as it is"


class Unauthenticated(DomainError):  # noqa: N818
    code = "unauthenticated"
    status = 401
    title = "Sign in or send a valid token"


class Forbidden(DomainError):  # noqa: N818
    code = "forbidden"
    status = 403
    title = "This account may not do that"


class NotFound(DomainError):  # noqa: N818
    code = "not_found"
    status = 404
    title = "There is nothing here under that name for this account"


class Conflict(DomainError):  # noqa: N818
    code = "conflict"
    status = 409
    title = "The state does not allow that"


class PreconditionFailed(DomainError):  # noqa: N818
    code = "precondition_failed"
    status = 412
    title = "It has changed since it was read"


class TooLarge(DomainError):  # noqa: N818
    code = "too_large"
    status = 413
    title = "That is larger than the limit"


class TooManyRequests(DomainError):  # noqa: N818
    code = "too_many_requests"
    status = 429
    title = "Too many attempts; wait a little"


class Unavailable(DomainError):  # noqa: N818
    code = "unavailable"
    status = 503
    title = "The database cannot be reached at the moment; nothing was lost, try again"


class StorageFull(DomainError):  # noqa: N818
    code = "storage_full"
    status = 507
    title = "The storage is full; nothing was changed, and drafts are kept in the browser"
