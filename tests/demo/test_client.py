"""A patient client: the same key until the answer is known, and no patience with what would stay the same."""

from collections.abc import Callable

import httpx
import pytest

from callboard.demo import client as client_module
from callboard.demo.client import Api, Refused, Unreachable

Answer = httpx.Response | Exception


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "FIRST_PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(client_module, "LONGEST_PAUSE_SECONDS", 0.0)


def problem(status: int, code: str, **headers: str) -> httpx.Response:
    return httpx.Response(status, json={"code": code, "detail": code}, headers=headers)


class Script:
    """A site that answers as it is told, and remembers what it was asked."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def api(self, patience_seconds: float = 5.0) -> Api:
        http = httpx.AsyncClient(transport=httpx.MockTransport(self), base_url="http://site.test")
        return Api(http, patience_seconds=patience_seconds)


async def test_a_change_is_sent_again_under_the_same_key_until_it_is_known_to_be_done() -> None:
    script = Script(
        httpx.ConnectError("down"),
        httpx.ReadError("the answer was lost"),
        problem(503, "unavailable", **{"retry-after": "1"}),
        httpx.Response(502, text="<html>"),
        problem(409, "request_in_progress"),
        problem(429, "too_many_requests"),
        problem(500, "internal"),
        httpx.Response(201, json={"id": 1}),
    )
    api = script.api()
    assert await api.post("/things", {"a": 1}) == {"id": 1}
    assert len({request.headers["idempotency-key"] for request in script.asked}) == 1
    assert {request.content for request in script.asked} == {script.asked[0].content}
    assert api.retries == 7


async def test_two_changes_have_two_keys() -> None:
    script = Script(httpx.Response(204), httpx.Response(204))
    api = script.api()
    assert await api.post("/things", {}) is None
    await api.post("/things", {})
    first, second = script.asked
    assert first.headers["idempotency-key"] != second.headers["idempotency-key"]


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (409, "lease_lost"),
        (422, "invalid"),
        (401, "invalid_token"),
        (503, "bot_unavailable"),
        (502, "bot_broken"),
        (503, "bot_cut"),
        (503, "bots_off"),
    ],
)
async def test_what_would_stay_the_same_comes_back_at_once(status: int, code: str) -> None:
    script = Script(problem(status, code))
    with pytest.raises(Refused) as caught:
        await script.api().post("/things", {})
    assert (caught.value.status, caught.value.code) == (status, code)
    assert len(script.asked) == 1


async def test_a_fault_that_stays_ends_the_patience() -> None:
    script = Script(*[problem(500, "internal") for _ in range(9)])
    with pytest.raises(Unreachable, match="500 internal"):
        await script.api().get("/things")
    assert len(script.asked) == client_module.SERVER_FAULTS_BORNE


async def test_a_site_that_is_gone_ends_the_patience() -> None:
    script = Script(*[httpx.ConnectError("gone") for _ in range(9)])
    with pytest.raises(Unreachable, match="ConnectError"):
        await script.api(patience_seconds=-1).get("/things")


async def test_a_list_is_read_to_its_end() -> None:
    pages: list[Callable[[], httpx.Response]] = [
        lambda: httpx.Response(200, json={"items": [1, 2], "next_cursor": "x"}),
        lambda: httpx.Response(200, json={"items": [3], "next_cursor": None}),
    ]
    script = Script(*[page() for page in pages])
    assert await script.api().pages("/things", kind="a", none=None) == [1, 2, 3]
    assert [dict(request.url.params) for request in script.asked] == [
        {"limit": "200", "kind": "a"},
        {"limit": "200", "kind": "a", "cursor": "x"},
    ]
