"""The public API as a patient program uses it: each change under its own key, tried again until it is known to be done.

A request whose answer was lost is sent again with the same Idempotency-Key, so it has its effect once. What the server
refuses for a reason is not tried again: it comes back as `Refused` with the reason's code.
"""

import asyncio
import random
from typing import Any
from uuid import UUID, uuid4

import httpx

from kernel.clock import monotonic
from kernel.errors import DomainError

API = "/api/v1"
PAGE_ROWS = 200
REQUEST_SECONDS = 40.0
"""Longer than a bot may be silent: its reply is an answer like any other."""
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.05, 2.0
SERVER_FAULTS_BORNE = 5
"""Answers 500 to one request: a fault that stays is none that waiting mends."""

IN_PROGRESS = "request_in_progress"
NO_BOT = ("bot_", "bots_")
"""Beginnings of codes: the server is well, and its caller decides whether to ask again or to write the reply."""


class Refused(Exception):  # noqa: N818  what the server says, not what went wrong here
    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(f"{status} {code}: {detail}")
        self.status = status
        self.code = code


class Unreachable(DomainError):  # noqa: N818
    code = "demo_unreachable"
    title = "The site stopped answering"


class Api:
    """`patience_seconds`: how long one request is tried before the site counts as gone."""

    def __init__(self, http: httpx.AsyncClient, *, patience_seconds: float) -> None:
        self._http = http
        self._patience_seconds = patience_seconds
        self.retries = 0

    async def get(self, path: str, **query: Any) -> Any:
        params = {name: str(value) for name, value in query.items() if value is not None}
        return await self._send("GET", path, params=params)

    async def post(self, path: str, body: Any) -> Any:
        return await self._send("POST", path, json=body, headers={"idempotency-key": uuid4().hex})

    async def put(self, path: str, body: Any) -> Any:
        """The same twice is the same, so it needs no key."""
        return await self._send("PUT", path, json=body)

    async def pages(self, path: str, **query: Any) -> list[Any]:
        """Every row of a list."""
        rows: list[Any] = []
        cursor = None
        while True:
            page = await self.get(path, limit=PAGE_ROWS, cursor=cursor, **query)
            rows += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return rows

    async def _send(self, method: str, path: str, **options: Any) -> Any:
        deadline = monotonic() + self._patience_seconds
        faults = 0
        attempt = 0
        while True:
            try:
                answer = await self._http.request(method, API + path, **options)
            except httpx.TransportError as error:
                reason = repr(error)
                wait = 0.0
            else:
                if answer.is_success:
                    return answer.json() if answer.content else None
                reason, wait = _judge(answer)
                faults += answer.status_code == httpx.codes.INTERNAL_SERVER_ERROR
            if faults >= SERVER_FAULTS_BORNE or monotonic() > deadline:
                raise Unreachable(f"The site stopped answering {method} {path}: {reason}.")
            attempt += 1
            self.retries += 1
            await asyncio.sleep(max(wait, _pause_seconds(attempt)))


def _judge(answer: httpx.Response) -> tuple[str, float]:
    """Why to try again, and how long the server wants to be left alone. Raises `Refused` for what would stay the same."""
    try:
        problem = answer.json()
    except ValueError:
        problem = {}
    code, detail = problem.get("code", "unknown"), problem.get("detail", answer.text[:200])
    passing = answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR and not code.startswith(NO_BOT)
    if not passing and answer.status_code != httpx.codes.TOO_MANY_REQUESTS and code != IN_PROGRESS:
        raise Refused(answer.status_code, code, detail)
    try:
        wait = float(answer.headers.get("retry-after", 0))
    except ValueError:
        wait = 0.0
    return f"{answer.status_code} {code}", min(wait, LONGEST_PAUSE_SECONDS)


def _pause_seconds(attempt: int) -> float:
    """Doubles up to a limit; the jitter keeps many waiting requests from coming back as one."""
    full: float = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** min(attempt, 10))
    return full * random.uniform(0.5, 1)  # noqa: S311  no secret


def open_http(url: str, token: str, connections: int) -> httpx.AsyncClient:
    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
    return httpx.AsyncClient(
        base_url=url,
        headers={"authorization": f"Bearer {token}"},
        limits=limits,
        timeout=httpx.Timeout(REQUEST_SECONDS, connect=5.0),
        trust_env=False,  # this machine's own site is not reached through a proxy
    )


def path_of(assignment: dict[str, Any] | UUID | str, action: str = "") -> str:
    held = assignment["id"] if isinstance(assignment, dict) else assignment
    return f"/assignments/{held}{'/' if action else ''}{action}"
