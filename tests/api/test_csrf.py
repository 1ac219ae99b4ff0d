"""Changes from a browser come from our own pages, or not at all."""

import httpx
import pytest

from tests.api.conftest import BASE, PASSWORD, Cast, Somebody

PATH = "/api/v1/me"
WISH = {"theme": "dark"}


@pytest.fixture
async def ann(cast: Cast) -> Somebody:
    return await cast.person("ann", ["annotator"])


def without_token(who: Somebody) -> dict[str, str]:
    return {"cookie": who.headers["cookie"]}


async def test_the_token_of_the_session_is_needed(client: httpx.AsyncClient, cast: Cast, ann: Somebody) -> None:
    bob = await cast.person("bob", ["annotator"])
    for token in (None, "", "x", bob.headers["x-csrf-token"]):
        headers = without_token(ann) | ({} if token is None else {"x-csrf-token": token})
        answer = await client.patch(PATH, json=WISH, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "csrf"), token
    assert (await client.patch(PATH, json=WISH, headers=ann.headers)).status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "same-origin"}, 200),
        ({"sec-fetch-site": "none"}, 200),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": f"{BASE}.evil.example"}, 403),
        ({"origin": BASE}, 200),
    ],
)
async def test_the_browsers_word_is_believed(
    client: httpx.AsyncClient, ann: Somebody, headers: dict[str, str], status: int
) -> None:
    answer = await client.patch(PATH, json=WISH, headers=ann.headers | headers)
    assert answer.status_code == status


@pytest.mark.parametrize(
    "media", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", None]
)
async def test_what_a_foreign_page_can_send_without_asking_changes_nothing(
    client: httpx.AsyncClient, ann: Somebody, media: str | None
) -> None:
    headers = without_token(ann) | ({"content-type": media} if media else {})
    answer = await client.patch(PATH, content=b'{"theme":"dark"}', headers=headers)
    assert answer.status_code == 403
    assert (await client.get(PATH, headers=ann.headers)).json()["theme"] == "auto"


async def test_nobody_is_signed_in_from_a_foreign_page(client: httpx.AsyncClient, ann: Somebody) -> None:
    body = {"email": "ann@example.org", "password": PASSWORD}
    answer = await client.post("/api/v1/session", json=body, headers={"origin": "https://evil.example"})
    assert (answer.status_code, answer.json()["code"]) == (403, "csrf")


async def test_programs_need_no_csrf_token_and_their_cookies_count_nothing(
    client: httpx.AsyncClient, cast: Cast, ann: Somebody
) -> None:
    boss = await cast.person("boss", ["manager"])
    program = await cast.program(["projects:write"], owner=boss)
    assert (await client.post("/api/v1/projects", json={"name": "P"}, headers=program.headers)).status_code == 201
    both = without_token(boss) | {"authorization": "Bearer cb_junk"}
    assert (await client.get("/api/v1/projects", headers=both)).status_code == 401
    basic = without_token(boss) | {"authorization": "Basic YTpi"}
    assert (await client.get("/api/v1/projects", headers=basic)).status_code == 401
