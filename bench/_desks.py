"""Readers at their desks: a project whose bot is the benchmark's endpoint, and annotators who hear it on the page's own stream."""

from typing import Any, NamedTuple

from _endpoint import Endpoint
from _http import Client
from _reader import Heard, listen
from _site import Site

READERS = 4
"""At once, each in a dialogue of their own."""


class Desk(NamedTuple):
    """One annotator with one dialogue under way."""

    client: Client
    port: int
    assignment_id: str
    epoch: int

    async def say(self, text: str, no: int) -> None:
        at = f"/api/v1/assignments/{self.assignment_id}/dialogue"
        if no == 1:
            body = {"epoch": self.epoch, "topic": "Latency", "text": text}
            await self.client.call("POST", at, body, expect=201)
        else:
            await self.client.call("POST", f"{at}/turns", {"epoch": self.epoch, "text": text, "no": no}, expect=201)

    async def hear(self, no: int) -> Heard:
        path = f"/work/{self.assignment_id}/turns/{no}/stream?epoch={self.epoch}"
        return await listen(self.port, path, self.client.headers["cookie"])

    async def hear_all(self, no: int) -> Heard:
        """Every candidate of one message, mixed as they come."""
        path = f"/work/{self.assignment_id}/turns/{no}/candidates?epoch={self.epoch}"
        return await listen(self.port, path, self.client.headers["cookie"])

    async def choose(self, no: int) -> None:
        """The first one, rated."""
        at = f"/api/v1/assignments/{self.assignment_id}/dialogue"
        choice = (await self.client.call("POST", f"{at}/turns/{no}/candidates", {"epoch": self.epoch}))["choice"]
        wish = {"epoch": self.epoch, "outcome": "chosen", "chosen": choice["candidates"][0]["id"]}
        await self.client.call("PUT", f"{at}/choices/{choice['id']}", wish)
        await self.rate()

    async def turns(self) -> list[dict[str, Any]]:
        read = await self.client.call("GET", f"/api/v1/assignments/{self.assignment_id}/dialogue")
        found: list[dict[str, Any]] = read["workspace"]["conversation"]["turns"]
        return found

    async def rate(self) -> None:
        last = (await self.turns())[-1]
        at = f"/api/v1/assignments/{self.assignment_id}/dialogue/turns/{last['id']}/rating"
        await self.client.call("PUT", at, {"epoch": self.epoch, "rating": 4})


async def project(admin: Client, fake: Endpoint, *, candidates: int = 1) -> str:
    """Published, with a task for each reader."""
    made = await admin.call(
        "POST", "/api/v1/projects", {"name": f"Replies, {candidates}", "min_turns": 1, "max_turns": 90}, expect=201
    )
    at = f"/api/v1/projects/{made['id']}"
    card = {kind: {"amount": "0.5000", "currency": "USD"} for kind in ("annotation", "review")}
    await admin.call("PUT", f"{at}/rate-card", card)
    await admin.call("POST", f"{at}/budget", {"amount": {"amount": "1000", "currency": "USD"}}, expect=201)
    bot = {"name": "Fake", "kind": "openai", "base_url": fake.url, "model": "fake-1", "api_key": "sk-bench"}
    await admin.call("POST", f"{at}/bots", bot | {"candidates": candidates}, expect=201)
    await admin.call("PUT", f"{at}/dialogue", {"candidates": candidates})
    await admin.call("POST", f"{at}/publish")
    drafts = [{"external_id": f"r-{n}", "domain": "general", "language": "en", "difficulty": 2} for n in range(READERS)]
    tasks = [draft | {"payload": {"title": "Latency"}} for draft in drafts]
    await admin.call("POST", f"{at}/tasks", {"tasks": tasks}, expect=201)
    return str(made["id"])


async def desk(site: Site, admin: Client, project_id: str, number: int) -> Desk:
    """`number` is the reader's own in the whole site."""
    profile = {
        "display_name": f"Reader {number}", "roles": ["annotator"], "languages": {"en": 5}, "skills": {"general": 5},
    }  # fmt: skip
    annotator = await admin.call("POST", "/api/v1/annotators", profile, expect=201)
    account = {
        "email": f"reader{number}@bench.example", "display_name": profile["display_name"], "roles": ["annotator"],
        "annotator_id": annotator["id"],
    }  # fmt: skip
    made = await admin.call("POST", "/api/v1/people", account, expect=201)
    client = await site.signed_in(account["email"], made["password"])
    claimed = await client.call("POST", "/api/v1/assignments/claim", {"project_ids": [project_id]})
    (held,) = claimed["assignments"]
    return Desk(client, site.port, held["id"], held["epoch"])
