"""What every answer has: an id, headers that protect browsers, a problem instead of a stack trace; and the health pages."""

import asyncio
import os
import re
import signal
from typing import Any

import httpx
import pytest
from litestar import Litestar, get

from callboard import health
from callboard.access.guards import public
from callboard.app import create_app
from callboard.assets import names
from callboard.embedded.postgres import EmbeddedPostgres
from kernel import db
from kernel.errors import ConfigurationError
from kernel.settings import Settings, load_settings
from tests.api.conftest import Cast

ADDRESSES = [
    "/livez",
    "/api/v1/me",
    "/nothing",
    "/api/v1/openapi.json",
    "/api/docs",
    "/static/x/favicon.svg",
    "/api/v1/me?a=1&a=2",
]


async def test_every_answer_has_an_id_and_the_headers_that_protect(client: httpx.AsyncClient) -> None:
    for address in ADDRESSES:
        answer = await client.get(address)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'self'" in policy, address
        assert "unsafe" not in policy
        for part in (
            "img-src 'self' data:",
            "style-src 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "object-src 'none'",
        ):
            assert part in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["x-request-id"])
        assert "strict-transport-security" not in answer.headers
    named = await client.get("/livez", headers={"x-request-id": "order-7"})
    assert named.headers["x-request-id"] == "order-7"
    forged = await client.get("/livez", headers={"x-request-id": "a b\tc"})
    assert forged.headers["x-request-id"] != "a b\tc"


async def test_https_makes_cookies_secure(settings: Settings, app: Litestar, cast: Cast) -> None:
    import msgspec

    await cast.person("ann", ["annotator"])
    site = msgspec.structs.replace(settings, public_url="https://work.example.org")
    secure = create_app(site)
    transport = httpx.ASGITransport(app=secure)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="https://work.example.org") as client:
        answer = await client.post(
            "/api/v1/session", json={"email": "ann@example.org", "password": "correct staple battery"}
        )
        assert answer.headers["set-cookie"].startswith("__Host-callboard=")
        assert "Secure" in answer.headers["set-cookie"]
        assert answer.headers["strict-transport-security"]


async def test_a_fault_of_ours_shows_its_id_and_nothing_else(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def broken(*_: Any) -> None:
        raise ZeroDivisionError("secret of the inside")

    monkeypatch.setattr(health, "_database", broken)
    answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "secret" not in answer.text
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


def test_a_route_without_a_declared_permission_stops_the_start(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    @get("/open")
    async def forgotten() -> None: ...

    monkeypatch.setattr(health, "route_handlers", [forgotten])
    with pytest.raises(ConfigurationError, match="/open"):
        create_app(settings)
    monkeypatch.setattr(health, "route_handlers", [get("/open", guards=[public])(forgotten.fn)])
    create_app(settings)


def test_without_a_database_there_is_one_clear_sentence(tmp_path: Any) -> None:
    with pytest.raises(ConfigurationError, match="DATABASE_URL"):
        create_app(load_settings(tmp_path, environ={}))


async def test_the_description_of_the_api_is_whole_and_needs_no_network(
    client: httpx.AsyncClient, app: Litestar
) -> None:
    described = (await client.get("/api/v1/openapi.json")).json()
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            assert operation["operationId"], (method, path)
    ids = [operation["operationId"] for one in described["paths"].values() for operation in one.values()]
    assert len(ids) == len(set(ids))
    money = described["components"]["schemas"]
    assert [name for name in money if "_" in name] == [], (
        "two things have the same name, and were told apart by their modules"
    )
    assert any("amount" in (schema.get("properties") or {}) for schema in money.values()) or "amount" in str(described)
    page = (await client.get("/api/docs")).text
    for address in re.findall(r'(?:src|href)="([^"]+)"', page):
        assert address.startswith("/static/"), address
        assert (await client.get(address)).status_code == 200


async def test_static_files_are_found_by_name_alone(client: httpx.AsyncClient) -> None:
    assert "css/base.css" in names()
    answer = await client.get("/static/any/css/base.css", headers={"accept-encoding": "gzip"})
    assert (answer.status_code, answer.headers["content-encoding"]) == (200, "gzip")
    assert "immutable" in answer.headers["cache-control"]
    plain = await client.get("/static/any/css/base.css", headers={"accept-encoding": "identity"})
    assert plain.text == answer.text
    for path in (
        "/static/x/../app.py",
        "/static/x/%2e%2e/app.py",
        "/static/x//etc/passwd",
        "/static/x/css",
        "/static/x/",
    ):
        assert (await client.get(path)).status_code == 404, path


async def test_metrics_count_routes_and_not_addresses(client: httpx.AsyncClient, cast: Cast) -> None:
    admin = await cast.person("root", ["admin"])
    await client.get("/api/v1/tasks/12345-address", headers=admin.headers)
    await client.get("/api/v1/projects", headers=admin.headers)
    text = (await client.get("/metrics", headers=admin.headers)).text
    assert 'route="/api/v1/projects"' in text
    assert "12345-address" not in text


async def test_ready_and_not_ready(client: httpx.AsyncClient, settings: Settings) -> None:
    health._migrated.clear()
    ready = await client.get("/readyz")
    assert (ready.status_code, ready.json()["database"]) == (200, "ok")
    health._migrated.clear()
    await db.execute("DELETE FROM migration WHERE id = (SELECT max(id) FROM migration)")
    old = await client.get("/readyz")
    assert (old.status_code, old.json()["database"]) == (503, "migrations pending")


@pytest.fixture
async def frozen(postgres: EmbeddedPostgres) -> Any:
    """Stops every backend of the test's database, as a frozen server does, and wakes them again."""
    pids: list[int] = []

    async def freeze() -> None:
        pids.extend(
            row["pid"] for row in await db.fetch("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
        )
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)

    yield freeze
    for pid in pids:
        os.kill(pid, signal.SIGCONT)
    await asyncio.sleep(0.2)


async def test_a_frozen_database_is_answered_with_503_and_the_site_recovers(
    client: httpx.AsyncClient, cast: Cast, frozen: Any
) -> None:
    ann = await cast.person("ann", ["annotator"], works=True)
    await frozen()
    began = asyncio.get_running_loop().time()
    answers = await asyncio.gather(
        client.get("/api/v1/assignments", headers=ann.headers), client.get("/readyz"), client.get("/livez")
    )
    assert [answer.status_code for answer in answers] == [503, 503, 200]
    assert answers[0].json()["code"] == "unavailable"
    assert answers[0].headers["retry-after"] == "1"
    assert asyncio.get_running_loop().time() - began < 30


async def test_broken_connections_are_replaced(client: httpx.AsyncClient, cast: Cast) -> None:
    ann = await cast.person("ann", ["annotator"], works=True)
    for _ in range(3):
        await db.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
        answers = [await client.get("/api/v1/assignments", headers=ann.headers) for _ in range(4)]
        assert answers[-1].status_code == 200
        assert {answer.status_code for answer in answers} <= {200, 503}
