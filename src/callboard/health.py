"""Whether the process lives, whether it can serve, and its figures."""

import asyncio
from typing import Any

import asyncpg
import msgspec
import structlog
from litestar import Response

from callboard import metrics
from callboard.access.guards import public, require
from callboard.access.permissions import Permission
from callboard.api.request import Call
from callboard.api.routes import get
from callboard.live import Hub
from callboard.migrate import pending
from kernel import db
from kernel.settings import Settings
from routing import climbing, refitting
from routing.situation import age_seconds

log = structlog.get_logger(__name__)

READY_SECONDS = 1.0
"""A check that waits longer than this says no: whoever asks every second must not pile up."""


class Readiness(msgspec.Struct, frozen=True):
    ready: bool
    database: str
    """`ok`, `away`, or `migrations pending`."""
    redis: str
    """`ok` or `away`; without it live pages are polled and everything else goes on."""


@get("/livez", guards=[public], operation_id="livez", tags=["operations"])
async def livez() -> Response[bytes]:
    """The process answers. Says nothing about the database, so that an outage of it restarts nobody."""
    return Response(content=b'{"status":"ok"}', media_type="application/json", headers={"cache-control": "no-store"})


@get("/readyz", guards=[public], operation_id="readyz", tags=["operations"])
async def readyz(request: Call) -> Response[Any]:
    """200 when requests can be served; 503 while the database is away or older than this version."""
    database = await _database(request.settings)
    hub: Hub = request.app.state.hub
    readiness = Readiness(database == "ok", database, "ok" if hub.redis_is_there else "away")
    return Response(
        content=msgspec.json.encode(readiness),
        status_code=200 if readiness.ready else 503,
        media_type="application/json",
        headers={"cache-control": "no-store"} | ({} if readiness.ready else {"retry-after": "1"}),
    )


_migrated: set[str] = set()
"""Databases that were found complete once: a schema never goes back under a running version."""


async def _database(settings: Settings) -> str:
    assert settings.database_url is not None
    try:
        async with asyncio.timeout(READY_SECONDS):
            if settings.database_url not in _migrated:
                if await pending(settings.database_url):
                    return "migrations pending"
                _migrated.add(settings.database_url)
            await db.fetch_value("SELECT 1")
    except (TimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return "away"
    return "ok"


@get("/metrics", guards=[require(Permission.METRICS_READ)], operation_id="metrics", tags=["operations"])
async def read_metrics() -> Response[bytes]:
    """Figures of this process in the text format of Prometheus; while the database is away, those of before."""
    try:
        for name, seconds in (await climbing.ages()).items():
            metrics.upkeep_age.labels(name).set(seconds)
        age = await age_seconds()
        metrics.stock_age.set(-1 if age is None else age)
        metrics.consensus_lag.set(await refitting.lag())
    except (TimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        log.warning("the ages of upkeep are not known: the database is away")
    return Response(content=metrics.exposition(), media_type="text/plain; version=0.0.4; charset=utf-8")


route_handlers = [livez, readyz, read_metrics]
