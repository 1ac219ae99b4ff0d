"""Static files from memory: found by name in a table made at the start, so no path can leave the folder."""

import gzip
import mimetypes
from functools import cache
from pathlib import Path, PurePath

import msgspec
from litestar import Response
from litestar.params import FromPath

from callboard.access.guards import public
from callboard.api.request import Call
from callboard.api.routes import get
from kernel.errors import NotFound

STATIC_DIR = Path(__file__).parent / "static"
FOREVER = "public, max-age=31536000, immutable"
"""The version in the address changes with the content."""
SMALLEST_PACKED_BYTES = 1000
_PACKED = ("text/", "application/json", "application/javascript", "image/svg")


class Asset(msgspec.Struct, frozen=True):
    media_type: str
    content: bytes
    packed: bytes | None


@cache
def names() -> frozenset[str]:
    return frozenset(path.relative_to(STATIC_DIR).as_posix() for path in STATIC_DIR.rglob("*") if path.is_file())


@cache
def read(name: str) -> Asset:
    """Raises `NotFound`."""
    if name not in names():
        raise NotFound
    content = (STATIC_DIR / name).read_bytes()
    media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    if media_type.startswith("text/") or media_type.endswith("javascript"):
        media_type += "; charset=utf-8"
    packed = None
    if len(content) >= SMALLEST_PACKED_BYTES and media_type.startswith(_PACKED):
        packed = gzip.compress(content, 6, mtime=0)
    return Asset(media_type, content, packed)


@get("/static/{version:str}/{name:path}", guards=[public], include_in_schema=False)
async def static(request: Call, version: FromPath[str], name: FromPath[PurePath]) -> Response[bytes]:
    """Any version is served: a page that was open during an update still finds its files."""
    del version
    asset = read(name.as_posix().lstrip("/"))
    headers = {"cache-control": FOREVER, "vary": "accept-encoding"}
    if asset.packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(
            content=asset.packed, media_type=asset.media_type, headers=headers | {"content-encoding": "gzip"}
        )
    return Response(content=asset.content, media_type=asset.media_type, headers=headers)


@get("/favicon.ico", guards=[public], include_in_schema=False)
async def favicon() -> Response[bytes]:
    asset = read("favicon.svg")
    return Response(
        content=asset.content, media_type=asset.media_type, headers={"cache-control": "public, max-age=86400"}
    )


route_handlers = [static, favicon]
