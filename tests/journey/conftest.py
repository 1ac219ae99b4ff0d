"""The real web server as a process of its own, on the test's database, and a program's token for it."""

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import anyio
import httpx
import pytest

from callboard.access import tokens
from callboard.access.tokens import TokenDraft
from callboard.embedded.valkey import EmbeddedValkey
from kernel import db
from kernel.settings import Settings

READY_SECONDS = 60
SCOPES = ["admin"]


class Server(NamedTuple):
    url: str
    token: str
    process: subprocess.Popen[bytes]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
async def server(settings: Settings, valkey: EmbeddedValkey, pool: None, tmp_path: Path) -> AsyncIterator[Server]:
    async with db.transaction():
        _, token = await tokens.issue(TokenDraft(name="test", scopes=SCOPES), None, settings)
    port = free_port()
    assert settings.database_url is not None
    environment = os.environ | {
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": valkey.url,
        "CALLBOARD_PORT": str(port),
        "CALLBOARD_DATA_DIR": str(settings.data_dir),
    }
    with _running(environment, tmp_path) as process:
        url = f"http://127.0.0.1:{port}"
        await _ready(url, tmp_path)
        yield Server(url, token, process)


@contextlib.contextmanager
def _running(environment: dict[str, str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / "api.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "callboard.cli", "api"], env=environment, stdout=log, stderr=log
        )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


async def _ready(url: str, folder: Path) -> None:
    async with httpx.AsyncClient() as client:
        for _ in range(READY_SECONDS * 10):
            with contextlib.suppress(httpx.HTTPError):
                if (await client.get(f"{url}/readyz")).status_code == httpx.codes.OK:
                    return
            await anyio.sleep(0.1)
    raise AssertionError((folder / "api.log").read_text())


@pytest.fixture
async def api(server: Server) -> AsyncIterator[httpx.AsyncClient]:
    """A frontend with every scope."""
    headers = {"authorization": f"Bearer {server.token}"}
    async with httpx.AsyncClient(base_url=f"{server.url}/api/v1", headers=headers, timeout=30) as client:
        yield client


async def post(api: httpx.AsyncClient, path: str, body: dict[str, Any], **headers: str) -> dict[str, Any]:
    reply = await api.post(path, json=body, headers=headers)
    assert reply.is_success, f"{path}: {reply.status_code} {reply.text}"
    return dict(reply.json())


async def put(api: httpx.AsyncClient, path: str, body: dict[str, Any]) -> dict[str, Any]:
    reply = await api.put(path, json=body)
    assert reply.is_success, f"{path}: {reply.status_code} {reply.text}"
    return dict(reply.json())


async def get(api: httpx.AsyncClient, path: str, **query: Any) -> dict[str, Any]:
    reply = await api.get(path, params=query)
    assert reply.is_success, f"{path}: {reply.status_code} {reply.text}"
    return dict(reply.json())


def usd(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "USD"}


async def make_project(api: httpx.AsyncClient, tasks: int = 1, **changes: Any) -> tuple[str, list[str]]:
    """A published project with prices, a budget and tasks; its id and theirs."""
    project = await post(api, "/projects", {"name": "Chat", "guidelines": "Be kind.", **changes})
    where = f"/projects/{project['id']}"
    await put(api, f"{where}/rate-card", {"annotation": usd("2.50"), "review": usd("0.40")})
    await post(api, f"{where}/budget", {"amount": usd("1000")})
    drafts = [
        {
            "external_id": f"t{n}",
            "kind": "dialogue",
            "domain": "general",
            "language": "en",
            "difficulty": 2,
            "payload": {"title": f"Topic {n}"},
        }
        for n in range(tasks)
    ]
    made = await post(api, f"{where}/tasks", {"tasks": drafts})
    await post(api, f"{where}/publish", {})
    return project["id"], list(made["ids"].values())


async def make_person(api: httpx.AsyncClient, name: str, *roles: str, level: int = 4, **more: Any) -> str:
    draft = {
        "display_name": name, "roles": roles or ["annotator"], "languages": {"en": 5}, "skills": {"general": level}, **more
    }  # fmt: skip
    return str((await post(api, "/annotators", draft))["id"])
