"""What Prometheus reads: counts and times per route, kept by this process.

Hand-kept children instead of the framework's middleware, whose label look-ups cost more than a small request.
"""

from functools import cache
from typing import Any

from prometheus_client import REGISTRY, Gauge, Histogram, generate_latest

BUCKETS_SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

requests = Histogram(
    "callboard_http_request_seconds",
    "Time until the first byte of the answer.",
    ["method", "route", "status"],
    buckets=BUCKETS_SECONDS,
)
streams = Gauge("callboard_live_streams", "Server-sent event streams that are open.")
upkeep_age = Gauge(
    "callboard_upkeep_age_seconds", "Since what is computed off the hot path last ran to its end.", ["name"]
)
stock_age = Gauge(
    "callboard_routing_stock_age_seconds",
    "Since who is on shift was last looked at; claims go on without patience beyond a minute. -1: nobody looked yet.",
)
consensus_lag = Gauge(
    "callboard_consensus_lag_seconds",
    "Since when the oldest answer or verdict waits that its project's estimate of the crowd has not seen.",
)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


@cache
def _child(method: str, route: str, status: int) -> Histogram:
    return requests.labels(method, route, str(status))


def observe(scope: Any, status: int, seconds: float) -> None:
    """The template of the route, not the address: ids must not become label values without end."""
    method = scope["method"] if scope["method"] in _METHODS else "other"
    _child(method, scope.get("path_template") or "none", status).observe(seconds)


def exposition() -> bytes:
    return bytes(generate_latest(REGISTRY))
