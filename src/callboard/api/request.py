"""The request as our handlers see it: who asks, the settings, and a body that was read strictly."""

import asyncio
from collections.abc import Iterable
from functools import cache
from typing import Any
from urllib.parse import unquote_to_bytes

import msgspec
from litestar import Request
from litestar.datastructures import FormMultiDict
from litestar.exceptions.http_exceptions import RequestEntityTooLarge
from litestar.params import QueryParameter

from callboard.access.actor import Actor
from callboard.access.guards import actor_of, settings_of
from callboard.errors import MalformedBody, UnsupportedMediaType
from callboard.importing.strict_json import NotStrictJsonError, decode
from callboard.problems import too_large
from kernel.errors import Invalid
from kernel.settings import Settings

JSON, FORM = "application/json", "application/x-www-form-urlencoded"
BLOCKING_BYTES = 100_000
"""Larger bodies are parsed in a thread: this many take about a millisecond, in which nobody else is served."""
FAULTS_SHOWN = 20
# Of the strict reader's faults these are values that cannot be stored; all others are no JSON that we take.
_UNSTORABLE = ("U+0000", "does not fit")


class Call(Request[Any, Any, Any]):
    @property
    def actor(self) -> Actor:
        return actor_of(self)

    @property
    def settings(self) -> Settings:
        return settings_of(self)

    async def body(self) -> bytes:
        try:
            return await super().body()
        except RequestEntityTooLarge as error:
            raise too_large(self.route_handler.resolve_request_max_body_size() or 0) from error

    async def form(self) -> FormMultiDict:
        """Bytes that are no UTF-8 are refused: the framework would put U+FFFD in their place, and nobody wrote that."""
        try:
            if self.content_type[0] == FORM:
                unquote_to_bytes(await self.body()).decode()
            return await super().form()
        except UnicodeDecodeError as error:
            raise MalformedBody(
                "The form is not UTF-8: it holds bytes, or half a character, that cannot be read."
            ) from error

    async def json(self) -> Any:
        """What the handler's `data` is made from: parsed and converted strictly, with every fault named.

        Litestar converts leniently afterwards ("1" to 1), which finds nothing left to do.
        """
        field = self.route_handler.parsed_data_field
        kind = Any if field is None else field.annotation
        check_media_type(self, (JSON,))
        body = await self.body()
        depth = self.settings.json_depth_limit
        if len(body) > BLOCKING_BYTES:
            return await asyncio.to_thread(read_json, body, kind, depth)
        return read_json(body, kind, depth)


async def refuse_unknown_parameters(request: Request[Any, Any, Any]) -> None:
    """A mistyped filter must not silently become no filter. Raises `Invalid`."""
    if not request.scope["query_string"]:
        return
    known = _query_parameters(request.route_handler)
    unknown = sorted(set(request.query_params) - known)
    if unknown:
        expected = f"known are {', '.join(sorted(known))}" if known else "this address takes none"
        raise Invalid(
            f"There is no query parameter {unknown[0]!r}; {expected}.",
            errors=[{"path": name, "message": "There is no such query parameter"} for name in unknown],
        )


@cache
def _query_parameters(handler: Any) -> frozenset[str]:
    """Its own, and those of what it depends on."""
    signatures = [
        handler.parsed_fn_signature,
        *(one.parsed_fn_signature for one in handler.resolve_dependencies().values()),
    ]
    return frozenset(
        field.kwarg_definition.name or name
        for signature in signatures
        for name, field in signature.parameters.items()
        if isinstance(field.kwarg_definition, QueryParameter)
    )


def check_media_type(request: Request[Any, Any, Any], accepted: tuple[str, ...]) -> None:
    """A page of another site can send text/plain without asking the browser; it cannot send these."""
    media_type, options = request.content_type
    if media_type not in accepted:
        raise UnsupportedMediaType(f"Send the body as {' or '.join(accepted)}, not as {media_type or 'nothing named'}.")
    charset = options.get("charset", "utf-8").lower()
    if charset not in {"utf-8", "utf8"}:
        raise UnsupportedMediaType(f"Send the body in UTF-8, not in {charset}.")
    encoding = request.headers.get("content-encoding", "identity").lower()
    if encoding != "identity":
        raise UnsupportedMediaType(f"Send the body as it is, not packed as {encoding}.")


def read_json(body: bytes, kind: Any, depth_limit: int) -> Any:
    """Raises `MalformedBody` (400) for what is no JSON, `Invalid` (422, with `errors`) for what does not fit `kind`."""
    try:
        value = decode(body.decode(), depth_limit)
    except UnicodeDecodeError as error:
        raise MalformedBody(f"The body is not UTF-8: byte {error.start} cannot be read.", byte=error.start) from error
    except NotStrictJsonError as error:
        where = "" if error.character is None else f" (character {error.character})"
        fact = Invalid if any(word in error.reason for word in _UNSTORABLE) else MalformedBody
        raise fact(f"The body cannot be used: {error.reason}{where}.") from error
    if kind is Any:
        return value
    try:
        return msgspec.convert(value, kind, strict=True)
    except msgspec.ValidationError as error:
        errors = [{"path": path, "message": message} for path, message in faults(kind, value, FAULTS_SHOWN)]
        raise Invalid(f"The body cannot be used: {error}.", errors=errors) from error


def faults(kind: Any, value: Any, limit: int, path: str = "$") -> list[tuple[str, str]]:
    """Every place that does not fit, not just the first, so that one try is enough to mend them; at most `limit`."""
    found: list[tuple[str, str]] = []
    for fault in _faults(kind, value, path):
        found.append(fault)
        if len(found) == limit:
            break
    return found


def _faults(kind: Any, value: Any, path: str) -> Iterable[tuple[str, str]]:
    shape = msgspec.inspect.type_info(kind)
    if isinstance(shape, msgspec.inspect.Metadata):
        shape = shape.type
    if isinstance(shape, msgspec.inspect.UnionType):
        inner = [option for option in shape.types if isinstance(option, msgspec.inspect.StructType)]
        if value is not None and len(inner) == 1 and len(shape.types) == 2:  # noqa: PLR2004  a Struct or nothing
            shape = inner[0]
    if isinstance(shape, msgspec.inspect.StructType) and isinstance(value, dict):
        yield from _struct_faults(shape.cls, value, path)
        return
    try:
        msgspec.convert(value, kind, strict=True)
    except msgspec.ValidationError as error:
        message, _, below = str(error).partition(" - at `$")
        item = getattr(shape, "item_type", None)
        if isinstance(value, list) and isinstance(item, msgspec.inspect.StructType):
            for index, part in enumerate(value):
                yield from _faults(item.cls, part, f"{path}[{index}]")
            return
        yield path + below.rstrip("`"), message


def _struct_faults(kind: Any, value: dict[str, Any], path: str) -> Iterable[tuple[str, str]]:
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    for name in value:
        if name not in fields:
            yield f"{path}.{name}", "There is no such field"
    for name, field in fields.items():
        if name in value:
            yield from _faults(field.type, value[name], f"{path}.{name}")
        elif field.required:
            yield f"{path}.{name}", "This field is required"
