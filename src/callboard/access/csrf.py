"""Changes from a browser must come from our own pages: by the browser's own word, and by a token they alone know."""

import hmac
from typing import Any
from urllib.parse import urlsplit

from litestar.connection import ASGIConnection
from litestar.enums import RequestEncodingType
from litestar.exceptions import ClientException

from callboard.access.actor import Actor
from callboard.errors import CrossSite
from kernel.settings import Settings

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
HEADER = "x-csrf-token"
FIELD = "_csrf"
_FORMS = (RequestEncodingType.URL_ENCODED, RequestEncodingType.MULTI_PART)


def check_origin(connection: ASGIConnection[Any, Any, Any, Any], settings: Settings) -> None:
    """Browsers say where a request comes from; programs say nothing. Raises `CrossSite`."""
    site = connection.headers.get("sec-fetch-site")
    if site is not None and site not in {"same-origin", "none"}:
        raise CrossSite
    origin = connection.headers.get("origin")
    if origin is None:
        return
    own = {connection.headers.get("host", "")}
    if settings.public_url:
        own.add(urlsplit(settings.public_url).netloc)
    if urlsplit(origin).netloc.lower() not in {name.lower() for name in own}:
        raise CrossSite


async def check_token(connection: ASGIConnection[Any, Any, Any, Any], actor: Actor) -> None:
    """In the header, or in the field of a plain HTML form. Raises `CrossSite`."""
    given = connection.headers.get(HEADER)
    request: Any = connection
    if given is None and request.content_type[0] in _FORMS:
        try:
            field = (await request.form()).get(FIELD)
        except ClientException as error:
            raise CrossSite from error
        given = field if isinstance(field, str) else None
    expected = actor.csrf_token or ""
    if not expected or not hmac.compare_digest((given or "").encode(), expected.encode()):
        raise CrossSite
