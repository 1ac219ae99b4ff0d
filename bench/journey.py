"""Tasks a second through the whole path: imported, claimed, worked turn by turn, handed in, reviewed, accepted, paid.

Eight simulated annotators, who review each other's work, call a fresh site over HTTP as a browser does. The floor is
taken on the same site, by as many clients, before and after: an authenticated request that updates one row by its
primary key and commits. What the path costs is counted in such requests, so that neither a slow disk nor a busy
machine passes for a change of the code.
"""

import asyncio
import json
import random
import statistics
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from decimal import Decimal
from time import perf_counter
from typing import Any

from _form import Goal, Options, main
from _http import Client
from _site import Site, fresh_site

ANNOTATORS = 8
TURNS = 2
"""Exchanges in one dialogue; the project asks for no more."""
PRICE = {"annotation": "0.5000", "review": "0.1000"}

IDLE_SECONDS = 0.01
"""Between two claims that found nothing. Near the end somebody waits for the others' reviews."""
HANG_SECONDS = 120.0
"""Without an accepted task for so long the run is given up."""

TOPICS = ("bread", "bicycles", "night trains", "tea", "maps", "lighthouses", "chess clocks", "rain gauges")
QUESTIONS = (
    "What should a beginner know about {topic}?",
    "Compare two ways to choose {topic}, and say when each is better.",
    "Explain {topic} to somebody of ten years, then to an engineer.",
)

RATIO_GOAL = 0.015
"""Tasks a second for each request a second of the floor. The path has 12 requests, so 1/12 = 0.083 would be perfect."""
SHARE_GOAL = 0.4
"""No step may take more than this share of the annotators' time: then it is the one to look at."""


class Clock:
    """Where the annotators' time goes."""

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = defaultdict(list)

    async def of(self, step: str, call: Awaitable[Any]) -> Any:
        began = perf_counter()
        result = await call
        self.seconds[step].append(perf_counter() - began)
        return result

    def shares(self) -> dict[str, float]:
        whole = sum(map(sum, self.seconds.values()))
        return {step: sum(spent) / whole for step, spent in self.seconds.items()}


class Run:
    """What the annotators share: the project, how much is left, and what each hold was worth."""

    def __init__(self, project_id: str, tasks: int, seed: int) -> None:
        self.project_id = project_id
        self.left = tasks
        self.clock = Clock()
        self.random = random.Random(seed)  # noqa: S311  simulated, and to be repeated
        self.owed: list[Decimal] = []
        self.last_accepted = perf_counter()

    async def work(self, client: Client) -> None:
        """One annotator: claims whatever there is, until every task is accepted."""
        while self.left:
            wish = {"project_ids": [self.project_id]}
            claimed = await self.clock.of("claim", client.call("POST", "/api/v1/assignments/claim", wish))
            if not claimed["assignments"]:
                if perf_counter() - self.last_accepted > HANG_SECONDS:
                    raise RuntimeError(f"{self.left} tasks are left and nobody gets one: {claimed}")
                await self.clock.of("wait", asyncio.sleep(IDLE_SECONDS))
                continue
            (held,) = claimed["assignments"]
            self.owed.append(Decimal(held["price"]["amount"]))
            await (self._review(client, held) if held["kind"] == "review" else self._annotate(client, held))

    async def _annotate(self, client: Client, held: dict[str, Any]) -> None:
        at, epoch = f"/api/v1/assignments/{held['id']}", {"epoch": held["epoch"]}
        payload = held["task"]["payload"]
        opening = epoch | {"topic": payload["title"], "text": payload["opening"]}
        await self.clock.of("open", client.call("POST", f"{at}/dialogue", opening, expect=201))
        for turn in range(TURNS):
            if turn:
                message = epoch | {"text": payload["follow_ups"][turn - 1]}
                await self.clock.of("message", client.call("POST", f"{at}/dialogue/turns", message, expect=201))
            reply = await self.clock.of(
                "reply", client.call("POST", f"{at}/dialogue/turns/{2 * turn + 1}/reply", epoch)
            )
            place = f"{at}/dialogue/turns/{reply['id']}"
            rating = epoch | {"rating": self.random.randint(2, 5)}
            await self.clock.of("rate", client.call("PUT", f"{place}/rating", rating))
            edit = epoch | {"text": f"{reply['text']} (Checked.)"}
            await self.clock.of("edit", client.call("PUT", f"{place}/text", edit))
        await self.clock.of("submit", client.call("POST", f"{at}/submit", epoch))

    async def _review(self, client: Client, held: dict[str, Any]) -> None:
        verdict = {"epoch": held["epoch"], "outcome": "accept", "scores": {"helpfulness": self.random.randint(3, 5)}}
        at = f"/api/v1/assignments/{held['id']}/verdict"
        given = await self.clock.of("verdict", client.call("POST", at, verdict))
        if given["task_state"] != "accepted":
            raise RuntimeError(f"a verdict left the task {given['task_state']}")
        self.left -= 1
        self.last_accepted = perf_counter()


def measure(options: Options) -> Sequence[Goal]:
    with fresh_site() as site:
        return [
            *asyncio.run(_measure(site, options)),
            Goal("violated invariants", site.violations(), 0, "rows", at_most=True),
        ]


async def _measure(site: Site, options: Options) -> Sequence[Goal]:
    tasks, floor_seconds = (100, 1.5) if options.quick else (2000, 10.0)
    async with _people(site) as (admin, workers):
        project_id = await _project(admin)
        floors = [await _floor(workers, floor_seconds)]
        run = Run(project_id, tasks, options.seed)
        began = perf_counter()
        await run.clock.of("import", _import(admin, project_id, tasks, options.seed))
        async with asyncio.TaskGroup() as group:
            for worker in workers:
                group.create_task(run.work(worker))
        seconds = perf_counter() - began
        floors.append(await _floor(workers, floor_seconds))
        paid = await _paid_share(admin, run, tasks)
    return _goals(run, tasks, seconds, statistics.mean(floors), paid)


def _goals(run: Run, tasks: int, seconds: float, floor: float, paid: float) -> list[Goal]:
    print(f"{tasks} tasks in {seconds:.2f} s: {tasks / seconds:.1f} tasks/s; floor {floor:.0f} requests/s")
    shares = run.clock.shares()
    for step, share in sorted(shares.items(), key=lambda item: -item[1]):
        spent = run.clock.seconds[step]
        print(f"  {step:<8} {share:6.1%}  {len(spent):6} times, median {statistics.median(spent) * 1000:.1f} ms")
    return [
        Goal("accepted and paid", paid, 1.0, "share of the tasks"),
        Goal("tasks a second", tasks / seconds, RATIO_GOAL * floor, "tasks/s"),
        Goal("ratio to the floor", tasks / seconds / floor, RATIO_GOAL, "tasks/s per request/s"),
        *(Goal(f"share of {step}", share, SHARE_GOAL, "of the time", at_most=True) for step, share in shares.items()),
    ]


@asynccontextmanager
async def _people(site: Site) -> AsyncIterator[tuple[Client, list[Client]]]:
    """The administrator, and the annotators, each with a browser session."""
    async with AsyncExitStack() as stack:
        admin = await site.admin()
        stack.push_async_callback(admin.close)
        workers = []
        for number in range(ANNOTATORS):
            profile = {
                "display_name": f"Annotator {number}", "roles": ["annotator", "reviewer"],
                "languages": {"en": 5}, "skills": {"general": 5},
            }  # fmt: skip
            annotator = await admin.call("POST", "/api/v1/annotators", profile, expect=201)
            account = {
                "email": f"annotator{number}@bench.example", "display_name": profile["display_name"],
                "roles": profile["roles"], "annotator_id": annotator["id"],
            }  # fmt: skip
            made = await admin.call("POST", "/api/v1/people", account, expect=201)
            workers.append(await site.signed_in(account["email"], made["password"]))
            stack.push_async_callback(workers[-1].close)
        yield admin, workers


async def _project(admin: Client) -> str:
    rules = {"name": "Journey", "min_turns": TURNS, "max_turns": TURNS}
    made = await admin.call("POST", "/api/v1/projects", rules, expect=201)
    at = f"/api/v1/projects/{made['id']}"
    card = {kind: {"amount": amount, "currency": "USD"} for kind, amount in PRICE.items()}
    await admin.call("PUT", f"{at}/rate-card", card)
    await admin.call("POST", f"{at}/budget", {"amount": {"amount": "100000", "currency": "USD"}}, expect=201)
    await admin.call("POST", f"{at}/publish")
    return str(made["id"])


async def _import(admin: Client, project_id: str, tasks: int, seed: int) -> None:
    drawn = random.Random(seed)  # noqa: S311  simulated, and to be repeated
    lines = []
    for number in range(tasks):
        topic = drawn.choice(TOPICS)
        payload = {
            "title": f"About {topic}",
            "opening": drawn.choice(QUESTIONS).format(topic=topic),
            "follow_ups": [f"And what is often got wrong about {topic}?"] * (TURNS - 1),
        }
        draft = {"external_id": f"journey-{number}", "domain": "general", "language": "en", "difficulty": 2}
        lines.append(json.dumps(draft | {"payload": payload}))
    body = "\n".join(lines).encode()
    at = f"/api/v1/projects/{project_id}/tasks/import"
    answer = await admin.send("POST", at, body, "application/x-ndjson")
    if answer.status != 200 or answer.json()["created"] != tasks:
        raise RuntimeError(f"the import answered {answer.status}: {answer.body[:500]!r}")


async def _floor(clients: Sequence[Client], seconds: float) -> float:
    """Requests a second of all clients together, each changing a field of its own row."""
    until = perf_counter() + seconds

    async def change(client: Client) -> int:
        done = 0
        while perf_counter() < until:
            await client.call("PATCH", "/api/v1/me", {"theme": ("dark", "light")[done % 2]})
            done += 1
        return done

    began = perf_counter()
    counts = await asyncio.gather(*map(change, clients))
    return sum(counts) / (perf_counter() - began)


async def _paid_share(admin: Client, run: Run, tasks: int) -> float:
    """1 when the ledger has posted exactly what was promised at the claims, and holds nothing back."""
    budget = await admin.call("GET", f"/api/v1/projects/{run.project_id}/budget")
    posted, reserved = (Decimal(budget[name]["amount"]) for name in ("posted", "reserved"))
    if len(run.owed) != 2 * tasks or reserved:
        raise RuntimeError(f"{len(run.owed)} holds for {tasks} tasks, {reserved} still reserved")
    return float(posted / sum(run.owed))


if __name__ == "__main__":
    sys.exit(main(__doc__.splitlines()[0], measure))
