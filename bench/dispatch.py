"""Claims over HTTP with 10,000 to 1,000,000 tasks waiting in 300 lanes: how fast, and how much slower with more.

A fresh site, its database filled by SQL; a frontend claims on behalf of annotators, each claim durable. The floor is
taken on the same site by as many clients, before and after each measurement: an authenticated request that updates one
row by its primary key and commits. Afterwards nobody may hold a slot twice, and no invariant may be violated.
"""

import asyncio
import itertools
import random
import statistics
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

from _form import Goal, Options, main
from _http import Client
from _site import Site, fresh_site

from callboard.embedded.postgres import EmbeddedPostgres
from kernel import db
from kernel.settings import Settings
from routing.intake import TaskDraft, import_tasks

DOMAINS, LANGUAGES, BANDS, PROJECTS = ("general", "finance", "law", "medicine", "technology"), ("en", "zh-CN"), 5, 6
LANES = len(DOMAINS) * len(LANGUAGES) * BANDS * PROJECTS
PEOPLE, CAPACITY = 3000, 50
"""Everybody claims once before anything is measured: they are at work, not new."""
ROUNDS = 3
"""Of each measurement, floor and claims in turns, after one of each that is not counted: every connection plans anew after the ANALYZE."""
CYCLE_PEOPLE = 8
TOKEN_SCOPES = ["work"]
VISIBLE, SETTLED_WITHIN = 0.98, 20
"""Share of the pages of tasks and slots that are visible to all before anything is measured, and how often that is tried."""

FILL = """
WITH made AS (
  INSERT INTO task (id, project, external_id, kind, domain, language, difficulty_level, difficulty_mean, difficulty_variance, priority,
                    requirements, payload, state, lane, version, created_at)
  SELECT gen_random_uuid(), t.project, t.external_id || '-' || :run::text || '-' || n, t.kind, t.domain, t.language, t.difficulty_level, t.difficulty_mean,
         t.difficulty_variance, 3, '{}', t.payload, 'open', t.lane, 1, clock_timestamp()
  FROM task t CROSS JOIN generate_series(:first::int, :last::int) AS n
  WHERE t.external_id LIKE 'seed-%' AND t.external_id NOT LIKE 'seed-%-%'
  RETURNING id, project, lane
)
INSERT INTO slot (id, task, project, lane, kind, stage, no, state, rank, epoch, freed_at)
SELECT gen_random_uuid(), id, project, lane, 'annotation', 0, 1, 'free',
       (extract(epoch FROM clock_timestamp()) * 1000 - random() * 3600000)::bigint, 0, clock_timestamp()
FROM made
"""
FILL_PEOPLE = """
WITH people AS (
  INSERT INTO annotator (id, external_id, display_name, state, capacity, created_at)
  SELECT gen_random_uuid(), 'bench-' || n, 'Annotator ' || n, 'active', :capacity, clock_timestamp() FROM generate_series(1, :people::int) AS n
  RETURNING id
), roles AS (
  INSERT INTO annotator_role (id, annotator, role) SELECT gen_random_uuid(), id, 'annotator' FROM people
), tongues AS (
  INSERT INTO annotator_language (id, annotator, language, level)
  SELECT gen_random_uuid(), id, language, 5 FROM people CROSS JOIN unnest(ARRAY['en', 'zh-CN']) AS language
), stated AS MATERIALIZED (
  SELECT people.id AS annotator, domain.code AS domain, 1.0 + random() AS mean, 0.1::float8 AS variance, clock_timestamp() AS at
  FROM people CROSS JOIN domain
), said AS (
  INSERT INTO evidence (id, annotator, domain, kind, belief_mean, belief_variance, source_type, source_id, observed_at)
  SELECT gen_random_uuid(), annotator, domain, 'assessment', mean, variance, 'assessment', gen_random_uuid(), at FROM stated
)
INSERT INTO skill (id, annotator, domain, mean, variance, evidence_count, updated_at, anchor_mean, anchor_variance)
SELECT gen_random_uuid(), annotator, domain, mean, variance, 1, at, mean, variance FROM stated
"""
DOUBLES = """
SELECT (SELECT count(*) FROM (SELECT slot FROM assignment WHERE state = 'live' GROUP BY slot HAVING count(*) > 1) twice)
     + (SELECT count(*) FROM (SELECT task, annotator FROM assignment WHERE state = 'live' GROUP BY 1, 2 HAVING count(*) > 1) again)
     + (SELECT count(*) FROM holder WHERE live <> (SELECT coalesce(sum(a.cost), 0) FROM assignment a WHERE a.annotator = holder.annotator AND a.state = 'live'))
"""


class Timing(NamedTuple):
    """Of one kind of request by so many clients."""

    per_second: float
    median_ms: float
    p99_ms: float


class Bench:
    def __init__(self, site: Site, admin: Client, options: Options) -> None:
        self.site, self.admin, self.options = site, admin, options
        self.random = random.Random(options.seed)  # noqa: S311  simulated, and to be repeated
        self.token = ""
        self.people: list[str] = []
        self.next_person: Any = None
        self.runs = 0
        # Short, because claims empty the lanes that they are measured on, and because the machine's speed moves.
        self.seconds = 1.2 if options.quick else 2.0

    async def timed(self, clients: int, act: Callable[[Client, int], Awaitable[None]]) -> Timing:
        """All clients call in a loop for `seconds`."""
        spent: list[float] = []
        connections = [self.site.client() for _ in range(clients)]

        async def loop(number: int) -> None:
            client, done = connections[number], 0
            while perf_counter() < until:
                began = perf_counter()
                await act(client, done)
                spent.append(perf_counter() - began)
                done += 1

        # Connections are opened and the person is recognised before the clock runs.
        for number, client in enumerate(connections):
            await act(client, number)
        began = perf_counter()
        until = began + self.seconds
        await asyncio.gather(*map(loop, range(clients)))
        whole = perf_counter() - began
        for client in connections:
            await client.close()
        spent.sort()
        return Timing(len(spent) / whole, 1000 * statistics.median(spent), 1000 * spent[int(0.99 * (len(spent) - 1))])

    async def floor(self, clients: int) -> Timing:
        headers = dict(self.admin.headers)

        async def change(client: Client, number: int) -> None:
            client.headers.update(headers)
            await client.call("PATCH", "/api/v1/me", {"theme": ("dark", "light")[number % 2]})

        return await self.timed(clients, change)

    async def claims(self, clients: int) -> Timing:
        async def claim(client: Client, _: int) -> None:
            client.headers["authorization"] = f"Bearer {self.token}"
            wish = {"annotator_id": next(self.next_person), "kinds": ["annotation"]}
            answer = await client.call("POST", "/api/v1/assignments/claim", wish)
            if not answer["assignments"]:
                raise RuntimeError(f"a claim found nothing: {answer}")

        return await self.timed(clients, claim)

    async def cycles(self) -> Timing:
        """Claim and hand in, by eight people at once."""
        people = itertools.cycle(self.random.sample(self.people, CYCLE_PEOPLE))
        owners: dict[Client, str] = {}

        async def cycle(client: Client, _: int) -> None:
            owner = owners.setdefault(client, next(people))
            client.headers["authorization"] = f"Bearer {self.token}"
            wish = {"annotator_id": owner, "kinds": ["annotation"]}
            (held,) = (await client.call("POST", "/api/v1/assignments/claim", wish))["assignments"]
            work = {"epoch": held["epoch"], "payload": {"text": "done"}}
            await client.call("POST", f"/api/v1/assignments/{held['id']}/submit", work)

        return await self.timed(CYCLE_PEOPLE, cycle)

    async def prepare(self) -> None:
        projects = [await _project(self.admin, number) for number in range(PROJECTS)]
        for project_id in projects:
            async with db.transaction("bench"):
                await import_tasks(project_id, _seeds())
        async with db.transaction("bench"):
            await db.execute(FILL_PEOPLE, people=PEOPLE // 10 if self.options.quick else PEOPLE, capacity=CAPACITY)
        rows = await db.fetch(
            "SELECT id::text AS id FROM annotator WHERE external_id LIKE 'bench-%' ORDER BY external_id"
        )
        self.people = [row["id"] for row in rows]
        self.next_person = itertools.cycle(self.random.sample(self.people, len(self.people)))
        made = await self.admin.call("POST", "/api/v1/tokens", {"name": "bench", "scopes": TOKEN_SCOPES}, expect=201)
        self.token = made["token"]

    async def warm(self) -> None:
        client = self.site.client()
        client.headers["authorization"] = f"Bearer {self.token}"
        for annotator_id in self.people * 2:  # the first claim opens accounts, the second is remembered
            await client.call(
                "POST", "/api/v1/assignments/claim", {"annotator_id": annotator_id, "kinds": ["annotation"]}
            )
        await client.close()

    async def fill(self, waiting: int) -> None:
        """Up to so many free slots, about the same number in every lane; claims have taken some since the last time."""
        free = await db.fetch_value("SELECT count(*) FROM slot WHERE state = 'free'")
        each = max(0, waiting - free) // LANES
        for first in range(0, each, 200):
            async with db.transaction("bench"):
                await db.execute(FILL, run=str(self.runs), first=first, last=min(first + 200, each) - 1)
        self.runs += 1
        if each:
            await _settle()


async def _settle() -> None:
    """Until the pages are marked as visible to all: an ANALYZE in the background keeps one VACUUM from it."""
    for _ in range(SETTLED_WITHIN):
        await db.execute("VACUUM (ANALYZE)")
        marked = await db.fetch_value(
            "SELECT min(relallvisible::float8 / relpages) FROM pg_class WHERE relname IN ('slot', 'task')"
        )
        if marked > VISIBLE:
            return
        await asyncio.sleep(1)


def _seeds() -> list[TaskDraft]:
    return [
        TaskDraft(external_id=f"seed-{domain}.{language}.{band}".replace("-CN", ""), domain=domain, language=language, difficulty=band,
                  payload={"title": "A question", "opening": "What should a beginner know about tea? " * 8})
        for domain in DOMAINS for language in LANGUAGES for band in range(1, BANDS + 1)
    ]  # fmt: skip


async def _project(admin: Client, number: int) -> Any:
    made = await admin.call("POST", "/api/v1/projects", {"name": f"Dispatch {number}"}, expect=201)
    at = f"/api/v1/projects/{made['id']}"
    card = {kind: {"amount": "0.5000", "currency": "USD"} for kind in ("annotation", "review")}
    await admin.call("PUT", f"{at}/rate-card", card)
    await admin.call("POST", f"{at}/budget", {"amount": {"amount": "10000000", "currency": "USD"}}, expect=201)
    await admin.call("POST", f"{at}/publish")
    return made["id"]


async def _measured(site: Site, options: Options) -> Sequence[Goal]:
    sizes = (10_000, 100_000) if options.quick else (10_000, 100_000, 1_000_000)
    crowds = (1, 32) if options.quick else (1, 8, 32, 64)
    admin = await site.admin()
    settings = Settings(data_dir=site.data_dir, statement_timeout_seconds=900)
    medians: dict[int, dict[int, float]] = {}
    relative: dict[int, dict[int, float]] = {}
    ratios, tails = [], []
    async with db.pool(EmbeddedPostgres(site.data_dir).dsn(), settings, min_size=1):
        bench = Bench(site, admin, options)
        await bench.prepare()
        for size in sizes:
            medians[size], relative[size] = {}, {}
            for clients in crowds:
                await bench.fill(size)
                if not relative[sizes[0]]:
                    await bench.warm()
                median_ms, beside = await _beside(bench, size, clients)
                medians[size][clients], relative[size][clients] = median_ms, beside.median_ms
                if clients == 32:
                    ratios.append(beside.per_second)
                    tails.append(beside.p99_ms)
        cycle = await bench.cycles()
        print(f"claim and hand in, {CYCLE_PEOPLE} people: {cycle.per_second:,.0f}/s, median {cycle.median_ms:.1f} ms")
        doubles = await db.fetch_value(DOUBLES)
    await admin.close()
    growth, drift_free = (
        max(found[sizes[-1]][clients] / found[sizes[0]][clients] for clients in crowds) for found in (medians, relative)
    )
    print(
        f"growth of the median {growth:.2f}; in the floor's median beside it, which moves with the machine, {drift_free:.2f}"
    )
    return [
        Goal(
            f"growth of the median from {sizes[0]:,} to {sizes[-1]:,} waiting",
            growth,
            1.15,
            "ratio",
            at_most=True,
        ),
        Goal("claims of 32 clients against the floor", min(ratios), 1.0, "ratio"),
        Goal("p99 of 32 clients against the floor's", max(tails), 1.0, "ratio", at_most=True),
        Goal("memory of the api process", _api_memory(site.data_dir), 250, "MB", at_most=True),
        Goal("slots, tasks or holders counted twice", doubles, 0, "rows", at_most=True),
    ]


async def _beside(bench: Bench, size: int, clients: int) -> tuple[float, Timing]:
    """The median in ms, and claims in units of the floor: each round in those of the floor right before and after it, and of the rounds the median."""
    await bench.claims(clients)
    await bench.floor(clients)
    floors, claims = [await bench.floor(clients)], []
    for _ in range(ROUNDS):
        claims.append(await bench.claims(clients))
        floors.append(await bench.floor(clients))
    around = [Timing(*map(statistics.mean, zip(*pair, strict=True))) for pair in itertools.pairwise(floors)]
    ours, floor = (Timing(*map(statistics.median, zip(*each, strict=True))) for each in (claims, floors))
    ratios = [
        [mine / its for mine, its in zip(one, other, strict=True)] for one, other in zip(claims, around, strict=True)
    ]
    beside = Timing(*map(statistics.median, zip(*ratios, strict=True)))
    print(
        f"{size:>9,} waiting, {clients:>2} clients: {ours.per_second:7,.0f} claims/s (median {ours.median_ms:.1f} ms, p99 "
        f"{ours.p99_ms:.1f} ms); floor {floor.per_second:7,.0f}/s ({floor.median_ms:.1f}, {floor.p99_ms:.1f}); "
        f"in floors {beside.per_second:.2f} ({beside.median_ms:.2f}, {beside.p99_ms:.2f})",
        flush=True,
    )
    return ours.median_ms, beside


def _api_memory(data_dir: Path) -> float:
    """Of the largest process that serves this folder, in MB."""
    found = 0.0
    for process in Path("/proc").iterdir():
        try:
            command = (process / "cmdline").read_bytes().decode(errors="replace")
            environment = (process / "environ").read_bytes().decode(errors="replace")
            status = (process / "status").read_text()
        except (OSError, ValueError):
            continue
        if "CALLBOARD_SERVER_PID" not in environment and "\0api\0" not in command:
            continue
        if str(data_dir) in command or str(data_dir) in environment:
            line = next((line for line in status.splitlines() if line.startswith("VmRSS")), "VmRSS: 0")
            found = max(found, int(line.split()[1]) / 1024)
    return found


def measure(options: Options) -> Sequence[Goal]:
    with fresh_site() as site:
        goals = asyncio.run(_measured(site, options))
        return [*goals, Goal("violated invariants", site.violations(), 0, "rows", at_most=True)]


if __name__ == "__main__":
    sys.exit(main(__doc__.splitlines()[0], measure))
