"""Every route against every kind of actor: what the reviewed table says is what the app does."""

import re
from uuid import uuid4

import httpx
from litestar import Litestar

from callboard.access import recent
from kernel import db
from kernel.settings import Settings
from tests.api.conftest import Cast, Somebody
from tests.api.expectations import ALL, expected

SCOPES = ["projects:write", "tasks:write", "work", "events:read"]
OUTSIDE = ("anonymous", "expired", "revoked", "switched_off", "signed_out", "junk")
JUNK = Somebody({"authorization": f"Bearer cb_{uuid4().hex}.{'A' * 43}"})


def routes(app: Litestar, *, pages: bool) -> set[tuple[str, str]]:
    found = {
        (method, route.path)
        for route in app.routes
        for handler in getattr(route, "route_handlers", [])
        for method in handler.http_methods
        if method != "OPTIONS"
    }
    return {one for one in found if _is_page(one[1]) == pages}


def _is_page(path: str) -> bool:
    return (
        not path.startswith(("/api/", "/livez", "/readyz", "/metrics", "/static/", "/favicon.ico")) and path != "/live"
    )


async def actors(cast: Cast) -> dict[str, Somebody]:
    found = {
        "annotator": await cast.person("annotator", ["annotator"], vendor="North", works=True),
        "reviewer": await cast.person("reviewer", ["reviewer"], vendor="North", works=True),
        "vendor_manager": await cast.person("vendor_manager", ["manager"], vendor="North"),
        "manager": await cast.person("manager", ["manager"]),
        "admin": await cast.person("admin", ["admin"]),
        "anonymous": Somebody({}),
        "junk": JUNK,
    }
    found["switched_off"] = await cast.person("off", ["admin"])
    found["signed_out"] = await cast.person("gone", ["admin"])
    for name in ("frontend", "expired", "revoked"):
        found[name] = await cast.program(["admin"] if name != "frontend" else SCOPES, owner=found["admin"])
    await db.execute("UPDATE person SET active = false WHERE email = 'off@example.org'")
    await db.execute(
        "UPDATE session SET ended_at = clock_timestamp() WHERE person = :id", id=found["signed_out"].person_id
    )
    for name, change in (("expired", "expires_at"), ("revoked", "revoked_at")):
        token_id = found[name].headers["authorization"][10:42]
        await db.execute(f"UPDATE api_token SET {change} = clock_timestamp() WHERE id = :id::text::uuid", id=token_id)  # noqa: S608
    recent.forget_all()
    return found


def test_every_route_has_a_row_and_every_row_a_route(app: Litestar) -> None:
    assert routes(app, pages=False) == set(expected())


def test_every_page_declares_what_it_needs(app: Litestar) -> None:
    """Litestar would serve a page without a guard to everybody; `create_app` refuses to start with one."""
    assert routes(app, pages=True)


async def test_the_door_of_every_route(client: httpx.AsyncClient, cast: Cast, settings: Settings) -> None:
    known = await actors(cast)
    wrong = []
    for (method, path), allowed in expected().items():
        if path.endswith(("/stream", "/live")):
            continue  # test_live.py: an answer that does not end
        for name in (*ALL, *OUTSIDE):
            who = known[name]
            if who.person_id and name in ALL:
                who = await cast.again(who)
            answer = await client.request(method, _address(path), headers=who.headers, content=_body(method))
            client.cookies.clear()
            if not _as_expected(answer, name, allowed):
                wrong.append(f"{method} {path} as {name}: {answer.status_code} {answer.text[:120]}")
    assert not wrong, "\n".join(wrong)


def _as_expected(answer: httpx.Response, name: str, allowed: frozenset[str] | None) -> bool:
    if allowed is None:
        return answer.status_code not in {401, 403}
    if name in OUTSIDE:
        return answer.status_code == 401 and "www-authenticate" in answer.headers
    if name in allowed:
        return answer.status_code not in {401, 403}
    return answer.status_code == 403 and answer.json()["code"] == "forbidden"


def _address(path: str) -> str:
    path = re.sub(r"\{\w+:uuid\}", lambda _: str(uuid4()), path)
    path = re.sub(r"\{\w+:int\}", "1", path)
    return re.sub(r"\{\w+:(str|path)\}", "x", path)


def _body(method: str) -> bytes | None:
    return None if method in {"GET", "DELETE"} else b"{}"
