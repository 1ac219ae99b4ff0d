"""The web application: `create_app` puts the API, the pages and what both need into one Litestar app."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib import import_module
from importlib.metadata import version
from pkgutil import iter_modules
from typing import Any

from litestar import Litestar, Router
from litestar.datastructures import State
from litestar.types import ControllerRouterHandler

from callboard import api, assets, health, names, pages
from callboard.access.guards import undeclared
from callboard.access.sessions import is_https
from callboard.api.desk import Desk
from callboard.api.events import page_handlers as live_handlers
from callboard.api.request import Call, refuse_unknown_parameters
from callboard.api.schema import MoneySchema, openapi_config, without_framework_pages
from callboard.api.schema import route_handlers as schema_handlers
from callboard.edge import Edge
from callboard.live import Hub
from callboard.logs import configure_logs
from callboard.pages.errors import answer
from callboard.wiring import wire
from dialogue import replies
from kernel import db
from kernel.errors import ConfigurationError
from kernel.settings import Settings, load_settings

API = "/api/v1"


def create_app(settings: Settings | None = None) -> Litestar:
    """Settings are read from the environment if none are given; `database_url` must be set by then.

    Raises `ConfigurationError`, also when a route declares neither a permission nor that it is public.
    """
    settings = settings or load_settings()
    if settings.database_url is None:
        raise ConfigurationError("DATABASE_URL is not set; `callboard api` starts or finds the embedded database.")
    configure_logs(settings)
    wire()
    app = Litestar(
        route_handlers=[
            Router(API, route_handlers=handlers_of(api), before_request=refuse_unknown_parameters),
            *assets.route_handlers,
            *health.route_handlers,
            *live_handlers,
            *schema_handlers,
            Router("/", route_handlers=handlers_of(pages), before_request=names.refresh),
        ],
        request_class=Call,
        exception_handlers={Exception: answer},
        lifespan=[_resources],
        state=fresh_state(settings),
        openapi_config=openapi_config(version("callboard")),
        plugins=[MoneySchema()],
        on_app_init=[without_framework_pages],
        request_max_body_size=settings.body_limit_bytes,
        logging_config=None,
    )
    open_routes = undeclared(app)
    if open_routes:
        raise ConfigurationError(f"Routes without a declared permission: {', '.join(open_routes)}.")
    app.asgi_handler = Edge(app.asgi_handler, https=is_https(settings))
    return app


def fresh_state(settings: Settings) -> State:
    """What the app of a running process holds. All that it knows of a database is in here, nothing in its routes."""
    return State({"settings": settings, "hub": Hub(settings), "desk": Desk(settings)})


def handlers_of(package: Any) -> Sequence[ControllerRouterHandler]:
    """What the modules of a package list as `route_handlers`, in the order of their names."""
    found: list[ControllerRouterHandler] = []
    for module in sorted(iter_modules(package.__path__), key=lambda item: item.name):
        if package is api and module.name == "schema":
            continue  # it stands beside the API, not in it
        found += getattr(import_module(f"{package.__name__}.{module.name}"), "route_handlers", [])
    return found


@asynccontextmanager
async def _resources(app: Litestar) -> AsyncIterator[None]:
    """Once per process: the database pool, and on top of it the reader of live events and the bots' replies."""
    settings: Settings = app.state.settings
    hub: Hub = app.state.hub
    assert settings.database_url is not None
    async with db.pool(settings.database_url, settings), hub.running():
        try:
            yield
        finally:
            await replies.stop()
