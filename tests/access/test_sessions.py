"""Signing in: rotation, expiry, sign-out, throttling; nothing usable in the database."""

import asyncio
import re

import httpx
import pytest
from litestar import Litestar

from callboard.access import people, recent, sessions, throttle
from callboard.access.errors import SignInThrottled
from kernel import db
from kernel.settings import Settings
from tests.api.conftest import BASE, PASSWORD, Cast


async def sign_in(client: httpx.AsyncClient, email: str, password: str = PASSWORD) -> httpx.Response:
    return await client.post("/api/v1/session", json={"email": email, "password": password})


async def test_sign_in_me_and_sign_out(client: httpx.AsyncClient, cast: Cast) -> None:
    await cast.person("ann", ["annotator"], works=True)
    answer = await sign_in(client, " ANN@example.org ")
    assert answer.status_code == 200, answer.text
    cookie = answer.headers["set-cookie"]
    assert re.match(r"callboard=[\w-]{43}; ", cookie)
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    me = (await client.get("/api/v1/me")).json()
    assert (me["email"], me["roles"]) == ("ann@example.org", ["annotator"])
    gone = await client.delete("/api/v1/session", headers={"x-csrf-token": me["csrf_token"]})
    assert gone.status_code == 204
    client.cookies.set("callboard", cookie.split("=")[1].split(";")[0], domain="callboard.test")
    assert (await client.get("/api/v1/me")).status_code == 401


async def test_a_sign_in_makes_a_new_secret_and_ends_the_one_before(client: httpx.AsyncClient, cast: Cast) -> None:
    await cast.person("ann", ["annotator"])
    await sign_in(client, "ann@example.org")
    first = client.cookies["callboard"]
    await sign_in(client, "ann@example.org")
    assert client.cookies["callboard"] != first
    async with httpx.AsyncClient(transport=client._transport, base_url=BASE, cookies={"callboard": first}) as old:
        assert (await old.get("/api/v1/me")).status_code == 401


async def test_wrong_unknown_and_switched_off_look_alike(client: httpx.AsyncClient, cast: Cast) -> None:
    ann = await cast.person("ann", ["annotator"])
    bob = await cast.person("bob", ["annotator"])
    await db.execute("UPDATE person SET active = false WHERE id = :id", id=bob.person_id)
    answers = [
        await sign_in(client, "ann@example.org", "wrong staple battery"),
        await sign_in(client, "nobody@example.org"),
        await sign_in(client, "bob@example.org"),
    ]
    bodies = [{**answer.json(), "request_id": ""} for answer in answers]
    assert [answer.status_code for answer in answers] == [401, 401, 401]
    assert bodies[0] == bodies[1] == bodies[2]
    assert bodies[0]["code"] == "invalid_credentials"
    assert ann.person_id is not None


async def test_sessions_end_by_the_clock_of_the_database(cast: Cast, settings: Settings) -> None:
    ann = await cast.person("ann", ["annotator"])
    secret = ann.headers["cookie"].removeprefix("callboard=")
    for change in (
        "seen_at = clock_timestamp() - interval '121 minutes'",
        "seen_at = clock_timestamp(), expires_at = clock_timestamp() - interval '1 second'",
    ):
        recent.forget_all()
        assert await sessions.find(secret, settings) is not None or "expires_at" in change
        await db.execute(f"UPDATE session SET {change}")  # noqa: S608  both are written here
        recent.forget_all()
        assert await sessions.find(secret, settings) is None
        await db.execute("UPDATE session SET seen_at = clock_timestamp()")


async def test_sign_out_everywhere(client: httpx.AsyncClient, cast: Cast, settings: Settings) -> None:
    ann = await cast.person("ann", ["annotator"])
    async with db.transaction():
        assert ann.person_id is not None
        other = await sessions.begin(ann.person_id, settings)
    assert (await client.delete("/api/v1/sessions", headers=ann.headers)).status_code == 204
    assert await sessions.find(other, settings) is None
    assert (await client.get("/api/v1/me", headers=ann.headers)).status_code == 401


async def test_password_change_asks_for_the_old_one_and_ends_all_sessions(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    ann = await cast.person("ann", ["annotator"])
    new = "quite another long sentence"
    wrong = await client.put(
        "/api/v1/me/password", headers=ann.headers, json={"current_password": "no", "new_password": new}
    )
    assert wrong.json()["code"] == "invalid_credentials"
    weak = await client.put(
        "/api/v1/me/password", headers=ann.headers, json={"current_password": PASSWORD, "new_password": "Password1234!"}
    )
    assert (weak.status_code, weak.json()["code"]) == (422, "bad_password")
    right = await client.put(
        "/api/v1/me/password", headers=ann.headers, json={"current_password": PASSWORD, "new_password": new}
    )
    assert right.status_code == 200
    client.cookies.clear()
    assert (await client.get("/api/v1/me", headers=ann.headers)).status_code == 401
    assert (await sign_in(client, "ann@example.org", new)).status_code == 200


async def test_the_database_holds_no_usable_secret(client: httpx.AsyncClient, cast: Cast) -> None:
    admin = await cast.person("root", ["admin"])
    await sign_in(client, "root@example.org")
    secrets = [client.cookies["callboard"], PASSWORD]
    client.cookies.clear()
    for n in range(2):  # the second is the replay of the first
        made = await client.post(
            "/api/v1/tokens", headers={**admin.headers, "idempotency-key": "k"}, json={"name": "x", "scopes": ["work"]}
        )
        assert made.status_code == 201
        assert (made.json()["token"] is None) == (n == 1)
        secrets += [made.json()["token"].partition(".")[2]] if n == 0 else []
    person = await client.post(
        "/api/v1/people",
        headers={**admin.headers, "idempotency-key": "p"},
        json={"email": "new@example.org", "display_name": "New", "roles": ["annotator"]},
    )
    secrets.append(person.json()["password"])
    tables = await db.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    for table in tables:
        rows = await db.fetch(f'SELECT t::text AS text FROM "{table["tablename"]}" t')  # noqa: S608  names from the catalogue
        dump = "\n".join(row["text"] for row in rows)
        for secret in secrets:
            assert secret not in dump, table["tablename"]
            assert secret.encode().hex() not in dump, table["tablename"]


def test_delays_grow_and_stay_bounded() -> None:
    assert [throttle.delay_seconds(n, 3) for n in (0, 2, 3, 4, 5, 9, 500)] == [0, 0, 1, 2, 4, 60, 60]


async def test_guesses_are_slowed_down_but_nobody_is_locked_out(client: httpx.AsyncClient, cast: Cast) -> None:
    await cast.person("ann", ["annotator"])
    # Seven failures, the last one just now; the next one makes the wait a minute, however slow this machine is.
    await db.execute("""INSERT INTO login_failure (email, address, at)
                        SELECT 'ann@example.org', 'elsewhere', clock_timestamp() FROM generate_series(1, 7)""")
    answers = await asyncio.gather(*(sign_in(client, "ann@example.org", f"guess number {n}") for n in range(2)))
    await db.execute("""INSERT INTO login_failure (email, address, at)
                        SELECT 'ann@example.org', 'elsewhere', clock_timestamp() FROM generate_series(1, 10)""")
    assert 401 in {answer.status_code for answer in answers}
    refused = await sign_in(client, "ann@example.org")
    assert (refused.status_code, refused.json()["code"]) == (429, "sign_in_throttled")
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    await db.execute("UPDATE login_failure SET at = at - interval '1 minute'")
    assert (await sign_in(client, "ann@example.org")).status_code == 200
    assert await db.fetch_value("SELECT count(*) FROM login_failure") == 0


async def test_guesses_that_come_all_at_once_are_all_counted(app: Litestar, settings: Settings) -> None:
    tries = [throttle.begin_attempt("ann@example.org", f"203.0.113.{n}", settings) for n in range(30)]
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    let_in = sum(outcome is None for outcome in outcomes)
    # Delays double from one second, so a slow machine lets a few more through, never all.
    assert settings.login_attempts_per_account <= let_in <= settings.login_attempts_per_account + 4


async def test_one_address_is_slowed_down_over_many_accounts(app: Litestar, settings: Settings) -> None:
    for n in range(settings.login_attempts_per_address):
        await throttle.begin_attempt(f"n{n}@example.org", "203.0.113.9", settings)
    with pytest.raises(SignInThrottled):
        await throttle.begin_attempt("other@example.org", "203.0.113.9", settings)
    await throttle.begin_attempt("other@example.org", "203.0.113.10", settings)


async def test_first_start_makes_one_admin_and_shows_the_password_once(app: Litestar, settings: Settings) -> None:
    made = await asyncio.gather(*(people.ensure_admin(settings) for _ in range(4)))
    (password,) = [one for one in made if one is not None]
    assert await people.ensure_admin(settings) is None
    signed = await sessions.sign_in(people.FIRST_ADMIN, password, "127.0.0.1", settings)
    assert signed.actor.roles == {"admin"}
    assert signed.actor.must_change_password
