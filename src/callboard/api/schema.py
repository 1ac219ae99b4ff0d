"""The description of the API for machines (OpenAPI) and a page to read it, both served from here, offline too."""

import re
from typing import Any

import msgspec
from litestar import Litestar, Response
from litestar.config.app import AppConfig
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, OpenAPIType, Schema, SecurityScheme
from litestar.plugins import InitPlugin, OpenAPISchemaPlugin
from litestar.typing import FieldDefinition

from callboard.access.guards import public
from callboard.api.request import Call
from callboard.api.routes import get
from callboard.pages.render import static_url
from callboard.problems import PROBLEM_JSON
from kernel.money import Money

FRAMEWORK_PATH = "/schema"

PUBLIC = frozenset({"/livez", "/readyz", "/api/v1/session"})
PROBLEM: dict[str, Any] = {
    "title": "ProblemDetails",
    "type": "object",
    "required": ["type", "title", "status", "detail", "instance", "code", "request_id"],
    "properties": {
        **{name: {"type": "string"} for name in ("type", "title", "detail", "instance", "request_id")},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "Stable; docs/errors.md lists all."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"path": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
}
IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "A retry with the same key gets the first answer again, and nothing happens twice.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}
_GENERIC = re.compile(r"\b(Page|Items)_(?:[a-z_]+\.)*([A-Za-z]+)_")
_CAPITAL = re.compile("[A-Z]")

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Callboard API</title>
<link rel="stylesheet" href="{css}">
<link rel="icon" href="{icon}">
</head>
<body>
<div id="api" data-schema="/api/v1/openapi.json"></div>
<script src="{bundle}"></script>
<script src="{start}"></script>
</body>
</html>
"""


def openapi_config(version: str) -> OpenAPIConfig:
    return OpenAPIConfig(
        title="Callboard",
        version=version,
        description=(
            "Errors are `application/problem+json` with a stable `code`. Times are RFC 3339 in UTC. Money is "
            '`{"amount": "0.013500", "currency": "USD"}`. Every POST takes an `Idempotency-Key`: a retry with the same '
            "key gets the first answer again."
        ),
        path=FRAMEWORK_PATH,
        use_handler_docstrings=True,
        render_plugins=[JsonRenderPlugin()],
        components=Components(
            security_schemes={
                "token": SecurityScheme(type="http", scheme="bearer", description="`cb_<id>.<secret>`, for programs"),
            }
        ),
        security=[{"token": []}],
    )


def without_framework_pages(app_config: AppConfig) -> AppConfig:
    """Appended here, the plugin runs after the one whose routes it takes out."""
    app_config.plugins.append(_WithoutFrameworkPages())
    return app_config


class _WithoutFrameworkPages(InitPlugin):
    """Takes out the routes that Litestar adds for its own documentation pages: they load from a CDN."""

    def on_app_init(self, app_config: AppConfig) -> AppConfig:
        app_config.route_handlers = [
            handler for handler in app_config.route_handlers if getattr(handler, "path", None) != FRAMEWORK_PATH
        ]
        return app_config


class MoneySchema(OpenAPISchemaPlugin):
    """Money as it is sent, not as it is kept."""

    @staticmethod
    def is_plugin_supported_type(value: Any) -> bool:
        return value is Money

    def to_openapi_schema(self, field_definition: FieldDefinition, schema_creator: Any) -> Schema:  # noqa: ARG002  the plugin's form
        text = Schema(type=OpenAPIType.STRING)
        return Schema(
            type=OpenAPIType.OBJECT,
            required=["amount", "currency"],
            properties={
                "amount": Schema(type=OpenAPIType.STRING, pattern=r"^-?\d+\.\d{6}$", examples=["0.013500"]),
                "currency": text,
            },
        )


def describe(app: Litestar) -> bytes:
    """What the framework says of the routes, and what it cannot know: our errors, keys, and who may come in unnamed."""
    schema: dict[str, Any] = app.openapi_schema.to_schema()
    schema["components"]["schemas"]["ProblemDetails"] = PROBLEM
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            _complete(operation, method, is_public=path in PUBLIC and method != "delete")
    # Litestar names a page after the whole module path of its rows.
    text = _GENERIC.sub(r"\1Of\2", msgspec.json.encode(schema).decode())
    return text.encode()


def _complete(operation: dict[str, Any], method: str, *, is_public: bool) -> None:
    name: str = operation["operationId"]
    operation["summary"] = _CAPITAL.sub(lambda match: " " + match[0].lower(), name).strip().capitalize()
    operation["responses"].pop("400", None)
    operation["responses"]["default"] = {
        "description": "Any refusal; docs/errors.md lists the codes.",
        "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}},
    }
    if is_public:
        operation["security"] = []
    elif method == "post":
        operation.setdefault("parameters", []).append(IDEMPOTENCY_KEY)
    if name == "importTasks":
        line = {"type": "string", "description": "One task as JSON per line"}
        operation["requestBody"] = {"required": True, "content": {"application/x-ndjson": {"schema": line}}}


@get("/api/v1/openapi.json", guards=[public], include_in_schema=False)
async def openapi_json(request: Call) -> Response[bytes]:
    state = request.app.state
    if "openapi_json" not in state:
        state.openapi_json = describe(request.app)
    return Response(content=state.openapi_json, media_type="application/json", headers={"cache-control": "no-cache"})


@get("/api/docs", guards=[public], include_in_schema=False)
async def docs() -> Response[str]:
    page = PAGE.format(
        css=static_url("vendor/swagger-ui-5.35.0.css"),
        icon=static_url("favicon.svg"),
        bundle=static_url("vendor/swagger-ui-5.35.0.js"),
        start=static_url("js/api-docs.js"),
    )
    return Response(content=page, media_type="text/html; charset=utf-8")


route_handlers = [openapi_json, docs]
