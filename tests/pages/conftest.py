"""The pages of the real app, asked for as a browser asks."""

import re
from typing import Any
from uuid import UUID

import httpx
import msgspec
import pytest

from tests.api.conftest import Cast, Somebody, app, cast, client, password_hash
from tests.api.slice import Site

__all__ = ["app", "cast", "client", "password_hash"]


class Browser:
    """One person's browser: the cookie, the CSRF token of the page, forms as forms."""

    def __init__(self, client: httpx.AsyncClient, who: Somebody | None) -> None:
        self._client = client
        self._headers = {"accept": "text/html"}
        self.csrf = ""
        if who is not None:
            self._headers["cookie"] = who.headers["cookie"]
            self.csrf = who.headers["x-csrf-token"]

    async def get(self, path: str, status: int = 200, **headers: str) -> str:
        answer = await self.raw("GET", path, **headers)
        assert answer.status_code == status, f"{path}: {answer.status_code} {answer.text[:500]}"
        return answer.text

    async def post(self, path: str, status: int = 200, *, htmx: bool = True, **fields: Any) -> httpx.Response:
        headers = {"hx-request": "true"} if htmx else {}
        data = {"_csrf": self.csrf} | {name: str(value) for name, value in fields.items()}
        answer = await self._client.post(path, data=data, headers=self._headers | headers)
        assert answer.status_code == status, f"{path}: {answer.status_code} {answer.text[:800]}"
        return answer

    async def upload(self, path: str, name: str, data: bytes, csrf: str) -> httpx.Response:
        """A form with a file, as browsers send it."""
        files = {"file": (name, data, "text/csv")}
        answer = await self._client.post(path, data={"_csrf": csrf}, files=files, headers=self._headers)
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text[:800]}"
        return answer

    async def json(self, path: str, body: Any, status: int = 200) -> Any:
        headers = self._headers | {"accept": "*/*", "x-csrf-token": self.csrf}
        answer = await self._client.post(path, json=body, headers=headers)
        assert answer.status_code == status, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()

    async def json_of(self, path: str) -> Any:
        return msgspec.json.decode(await self.get(path, accept="application/json"))

    async def raw(self, method: str, path: str, **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self._client.request(method, path, headers=self._headers | named)


class Play:
    """A published project with three tasks, and the browsers of those who work on it."""

    site: Site
    author: Browser
    other: Browser
    reviewer: Browser
    manager: Browser
    nobody: Browser

    async def take(self, browser: Browser, kind: str = "queue") -> str:
        """The address of the workspace or review that the press of the button leads to."""
        answer = await browser.post(f"/{kind}/next")
        return answer.headers["hx-redirect"]

    async def converse(self, browser: Browser, at: str, epoch: int = 1) -> UUID:
        """One exchange: message, streamed reply, rating; the reply's id."""
        page = await browser.get(at)
        no = re.search(r'name="no" value="(\d+)"', page)
        assert no is not None, "the composer names the place of the next message"
        await browser.post(
            f"{at}/turns", epoch=epoch, no=no[1], topic="Tea", message=f"Question {no[1]}: green or black?"
        )
        events = (await browser.get(f"{at}/turns/{no[1]}/stream?epoch={epoch}", accept="text/event-stream")).split(
            "\n\n"
        )
        end = next(event for event in events if event.startswith("event: end"))
        fragment = msgspec.json.decode(end.partition("data: ")[2], type=str)
        reply = re.search(r"/replies/([0-9a-f-]{36})/rating", fragment)
        assert reply is not None, fragment[:800]
        await browser.post(f"{at}/replies/{reply[1]}/rating", epoch=epoch, rating=4)
        return UUID(reply[1])


@pytest.fixture
async def play(client: httpx.AsyncClient, cast: Cast) -> Play:
    stage = Play()
    stage.site = await Site(client, cast).open(min_turns=2, guidelines="Be **kind**.")
    await stage.site.post_tasks(3)
    stage.author, stage.other = Browser(client, stage.site.author), Browser(client, stage.site.other)
    stage.reviewer, stage.manager = Browser(client, stage.site.reviewer), Browser(client, stage.site.manager)
    stage.nobody = Browser(client, None)
    return stage
