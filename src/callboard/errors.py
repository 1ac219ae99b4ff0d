from kernel.errors import DomainError, Forbidden, Invalid


class BadRequest(DomainError):  # noqa: N818  these read as facts, as in kernel.errors
    code = "bad_request"
    status = 400
    title = "The request cannot be read"


class MalformedBody(BadRequest):
    code = "malformed_body"
    title = "The body is not the JSON that is expected"


class MethodNotAllowed(DomainError):  # noqa: N818
    code = "method_not_allowed"
    status = 405
    title = "This address does not take that method"


class UnsupportedMediaType(DomainError):  # noqa: N818
    code = "unsupported_media_type"
    status = 415
    title = "The body has a type that is not taken here"


class BadCursor(Invalid):
    code = "bad_cursor"
    title = "The cursor is none that this list gave out; start again without one"


class CrossSite(Forbidden):
    code = "csrf"
    title = "The request did not come from a page of this site; reload the page and try again"


class TooManyStreams(DomainError):  # noqa: N818
    code = "too_many_streams"
    status = 503
    title = "Too many live streams are open; close a tab or try again later"
