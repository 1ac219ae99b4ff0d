"""How fast a bot's words are on the page, and what is left when its endpoint, or the server itself, fails in the middle.

A fresh site, a chat endpoint on a real socket, and readers who hold the page's own stream open. The endpoint notes when
it sent each token, a reader when it had it. Then the endpoint stops in the middle, answers 429, 500 and garbage, says
nothing, never ends; and the web server is killed while words come.
"""

import asyncio
import contextlib
import json
import os
import signal
import statistics
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, NamedTuple

from _endpoint import TOKENS, Endpoint, endpoint
from _form import Goal, Options, main
from _http import Client
from _reader import Heard, listen
from _site import Site, fresh_site

READERS = 4
"""At once, each in a dialogue of their own."""

TOKEN_MS = 50.0
"""First token on screen within 50 ms of the endpoint sending it."""

MOST_GROWTH_MB = 16.0
"""Of the server's memory while an endpoint sends without end: the largest body is 1 MB."""

KILL_AFTER_SECONDS = 1.2
"""Into a reply of twenty tokens that takes 2.4 s: words have come, and more are to come."""

FAILURES = {
    "cut-once": "The connection to the bot was cut.",
    "429-once": None,
    "500-once": None,
    "429": "The bot is overloaded.",
    "500": "The bot reports a fault of its own.",
    "garbage-once": "something that is no reply",
    "silent-once": "The bot took too long.",
    "endless-once": "too long",
}
"""What the annotator reads; none: the server asks again by itself and nobody notices."""


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

    async def turns(self) -> list[dict[str, Any]]:
        read = await self.client.call("GET", f"/api/v1/assignments/{self.assignment_id}/dialogue")
        found: list[dict[str, Any]] = read["workspace"]["conversation"]["turns"]
        return found

    async def rate(self) -> None:
        last = (await self.turns())[-1]
        at = f"/api/v1/assignments/{self.assignment_id}/dialogue/turns/{last['id']}/rating"
        await self.client.call("PUT", at, {"epoch": self.epoch, "rating": 4})


def measure(options: Options) -> Sequence[Goal]:
    settings = {
        "bot_private_hosts": "127.0.0.1=the endpoint of this benchmark", "bot_reply_seconds": 2, "bot_between_seconds": 2,
        "bot_call_lost_seconds": 3,
    }  # fmt: skip
    with fresh_site(**settings) as site:
        return [
            *asyncio.run(_measure(site, options)),
            Goal("violated invariants", site.violations(), 0, "rows", at_most=True),
        ]


async def _measure(site: Site, options: Options) -> list[Goal]:
    async with AsyncExitStack() as stack:
        fake = await stack.enter_async_context(endpoint())
        admin = await site.admin()
        stack.push_async_callback(admin.close)
        project_id = await _project(admin, fake)
        desks = [await _desk(site, admin, project_id, number) for number in range(READERS)]
        for desk in desks:
            stack.push_async_callback(desk.client.close)
        rounds = 4 if options.quick else 20
        heard = await asyncio.gather(*(_talk(desk, rounds, number) for number, desk in enumerate(desks)))
        goals = _latency([one for found in heard for one in found], fake)
        no = 2 * rounds + 1
        goals += await _failures(desks[0], fake, no, site)
        goals += await _killed(desks[1], fake, no, site)
    return goals


def _latency(heard: list[Heard], fake: Endpoint) -> list[Goal]:
    waits = [[(at - fake.sent[token]) * 1000 for token, at in one.pieces if token in fake.sent] for one in heard]
    firsts, every = [one[0] for one in waits], [wait for one in waits for wait in one]
    exact = sum(len(one) == TOKENS for one in waits) / len(waits)
    print(
        f"{len(heard)} replies of {TOKENS} tokens to {READERS} readers at once, from the endpoint's send to the reader:"
    )
    for name, found in (("first token", firsts), ("every token", every)):
        print(
            f"  {name}: median {statistics.median(found):.1f} ms, 95 % {_p95(found):.1f} ms, worst {max(found):.1f} ms"
        )
    return [
        Goal("first token at the reader, 95 % of replies", _p95(firsts), TOKEN_MS, "ms", at_most=True),
        Goal("every token at the reader, 95 %", _p95(every), TOKEN_MS, "ms", at_most=True),
        Goal("replies whose tokens came one by one", exact, 1.0, "share"),
    ]


async def _failures(desk: Desk, fake: Endpoint, no: int, site: Site) -> list[Goal]:
    told = whole = kept = 0
    growth = 0.0
    for order, sentence in FAILURES.items():
        before = _memory_mb(site)
        await desk.say(f"{order} {no}", no)
        first = await desk.hear(no)
        growth = max(growth, _memory_mb(site) - before)
        told += sentence is None or sentence in first.end
        if order == "cut-once":
            kept += first.text.strip() != "" and first.text.strip() in first.end
        if sentence is not None and order.endswith("-once"):
            again = await desk.hear(no)  # as the button does
            whole += "data-edit" in again.end
        elif sentence is not None:
            at = f"/api/v1/assignments/{desk.assignment_id}/dialogue/turns/{no}/own-reply"
            await desk.client.call("POST", at, {"epoch": desk.epoch, "text": "As I would say it."}, expect=201)
            whole += 1
        else:
            whole += "data-edit" in first.end
        if (await desk.turns())[-1]["model"] != "annotator":
            await desk.rate()
        print(f"  {order}: asked {fake.asked[f'{order} {no}']} times")
        no += 2
    turns = await desk.turns()
    doubled = len(turns) - (no - 1)
    return [
        Goal("failures told in the right words", told / len(FAILURES), 1.0, "share"),
        Goal("failures that a way leads on from", whole / len(FAILURES), 1.0, "share"),
        Goal("what came before the cut is on the page", kept, 1.0, "of 1"),
        Goal("turns too many", doubled, 0, "turns", at_most=True),
        Goal("growth of the server under an endless reply", growth, MOST_GROWTH_MB, "MB", at_most=True),
    ]


async def _killed(desk: Desk, fake: Endpoint, no: int, site: Site) -> list[Goal]:
    """The worker of the web server is killed after some words; the page comes back by itself and gets a whole reply."""
    message = f"slow {no}"
    await desk.say(message, no)
    hearing = asyncio.create_task(desk.hear(no))
    await asyncio.sleep(KILL_AFTER_SECONDS)
    os.kill(_api(site), signal.SIGKILL)
    heard = await hearing
    with contextlib.suppress(OSError):
        await desk.client.close()  # its line ended with the server
    turns = await desk.turns()
    print(f"  killed in the middle: {heard.breaks} breaks, asked {fake.asked[message]} times, {len(turns)} turns")
    whole = turns[-1]["role"] == "assistant" and len(turns) == no + 1 and turns[-1]["text"] == heard.text
    return [
        Goal("the whole reply after a killed server", float(whole), 1.0, "of 1"),
        Goal("calls for it", fake.asked[message], 2, "calls", at_most=True),
    ]


def _api(site: Site) -> int:
    """The process that serves: the child of the web server's own, which is a child of the site's."""
    up = int(json.loads((site.data_dir / "run" / "site.json").read_text())["pid"])
    return next(
        worker
        for pid in _children(up)
        if b"\0api\0" in Path(f"/proc/{pid}/cmdline").read_bytes()
        for worker in _children(pid)
        if b"\0api\0" in Path(f"/proc/{worker}/cmdline").read_bytes()
    )


def _children(pid: int) -> list[int]:
    return [
        int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()
    ]


def _resident(pid: int) -> float:
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def _memory_mb(site: Site) -> float:
    return _resident(_api(site))


async def _talk(desk: Desk, rounds: int, number: int) -> list[Heard]:
    found = []
    for at in range(rounds):
        no = 2 * at + 1
        await desk.say(f"well {number} {no}", no)
        found.append(await desk.hear(no))
        await desk.rate()
    return found


def _p95(values: Sequence[float]) -> float:
    return sorted(values)[max(0, -(-len(values) * 95 // 100) - 1)]


async def _project(admin: Client, fake: Endpoint) -> str:
    made = await admin.call(
        "POST", "/api/v1/projects", {"name": "Replies", "min_turns": 1, "max_turns": 90}, expect=201
    )
    at = f"/api/v1/projects/{made['id']}"
    card = {kind: {"amount": "0.5000", "currency": "USD"} for kind in ("annotation", "review")}
    await admin.call("PUT", f"{at}/rate-card", card)
    await admin.call("POST", f"{at}/budget", {"amount": {"amount": "1000", "currency": "USD"}}, expect=201)
    bot = {"name": "Fake", "kind": "openai", "base_url": fake.url, "model": "fake-1", "api_key": "sk-bench"}
    await admin.call("POST", f"{at}/bots", bot, expect=201)
    await admin.call("POST", f"{at}/publish")
    drafts = [{"external_id": f"r-{n}", "domain": "general", "language": "en", "difficulty": 2} for n in range(READERS)]
    tasks = [draft | {"payload": {"title": "Latency"}} for draft in drafts]
    await admin.call("POST", f"{at}/tasks", {"tasks": tasks}, expect=201)
    return str(made["id"])


async def _desk(site: Site, admin: Client, project_id: str, number: int) -> Desk:
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


if __name__ == "__main__":
    sys.exit(main(__doc__.splitlines()[0], measure))
