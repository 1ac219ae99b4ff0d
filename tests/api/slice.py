"""The slice over HTTP: what tests need to get a task from nothing to any stage."""

from typing import Any

import httpx

from tests.api.conftest import Cast, Somebody

USD = "USD"


def money(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": USD}


def task(external_id: str, **changes: Any) -> dict[str, Any]:
    return {
        "external_id": external_id, "kind": "dialogue", "domain": "general", "language": "en", "difficulty": 2,
        "payload": {"title": f"Title of {external_id}", "brief": "Talk about it.", "reference": "CANARY-KEY"},
    } | changes  # fmt: skip


class Site:
    """One published project, seen by a frontend, two annotators of two vendors, and a reviewer."""

    project_id: str
    frontend: Somebody
    manager: Somebody
    author: Somebody
    other: Somebody
    reviewer: Somebody

    def __init__(self, client: httpx.AsyncClient, cast: Cast) -> None:
        self.client = client
        self._cast = cast

    async def open(self, **project: Any) -> "Site":
        self.manager = await self._cast.person("manager", ["manager"])
        self.author = await self._cast.person("author", ["annotator"], vendor="North", works=True)
        self.other = await self._cast.person("other", ["annotator"], vendor="South", works=True)
        self.reviewer = await self._cast.person("reviewer", ["reviewer"], vendor="South", works=True)
        scopes = ["projects:write", "tasks:write", "money:write", "work", "ledger:read", "events:read", "reports:read"]
        self.frontend = await self._cast.program(scopes, owner=self.manager)
        made = await self.call("POST", "/projects", self.frontend, {"name": "Chat", "min_turns": 1} | project, 201)
        self.project_id = made["id"]
        card = {"annotation": money("0.50"), "review": money("0.20"), "difficulty_factors": {"2": "1.5"}}
        await self.call("PUT", f"/projects/{self.project_id}/rate-card", self.frontend, card)
        await self.call("POST", f"/projects/{self.project_id}/budget", self.frontend, {"amount": money("100")}, 201)
        await self.call("POST", f"/projects/{self.project_id}/publish", self.frontend)
        return self

    async def call(
        self, method: str, path: str, who: Somebody, body: Any = None, status: int = 200, **headers: str
    ) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = await self.client.request(method, "/api/v1" + path, json=body, headers=who.headers | named)
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    async def post_tasks(self, count: int = 1, **changes: Any) -> dict[str, str]:
        tasks = [task(f"t{n}", **changes) for n in range(count)]
        posted = await self.call("POST", f"/projects/{self.project_id}/tasks", self.frontend, {"tasks": tasks}, 201)
        ids: dict[str, str] = posted["ids"]
        return ids

    async def claim(self, who: Somebody, **wish: Any) -> dict[str, Any]:
        claimed = await self.call("POST", "/assignments/claim", who, wish)
        assert claimed["assignments"], claimed
        found: dict[str, Any] = claimed["assignments"][0]
        return found

    async def converse(self, who: Somebody, held: dict[str, Any]) -> None:
        at, epoch = f"/assignments/{held['id']}/dialogue", held["epoch"]
        await self.call("POST", at, who, {"epoch": epoch, "topic": "Tea", "text": "How is tea made?"}, 201)
        reply = await self.call("POST", f"{at}/turns/1/reply", who, {"epoch": epoch})
        await self.call("PUT", f"{at}/turns/{reply['id']}/rating", who, {"epoch": epoch, "rating": 4})
        better = {"epoch": epoch, "text": reply["text"] + " And then it is drunk.", "seen_at": None}
        await self.call("PUT", f"{at}/turns/{reply['id']}/text", who, better)

    async def submit(self, who: Somebody, held: dict[str, Any]) -> dict[str, Any]:
        done: dict[str, Any] = await self.call(
            "POST", f"/assignments/{held['id']}/submit", who, {"epoch": held["epoch"]}
        )
        return done
