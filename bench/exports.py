"""What an export of many short dialogues takes: seconds, bytes a second and memory, through the real routes.

A fresh site with 100,000 accepted dialogues of five turns (5,000 with --quick), put into the tables by SQL. Snapshots are
made by the worker and downloaded over HTTP. The floor is what PostgreSQL takes to write the same text by COPY.
"""

import asyncio
import hashlib
import json
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg
from _form import Goal, Options, main
from _http import Client
from _site import Site, fresh_site

from callboard.embedded.postgres import EmbeddedPostgres

FORMATS = ("openai", "dpo", "callboard")
MOST_MB = 96.0
"""By which a process may grow while it writes or sends a file, however large that is: a dozen slices of 8 MB."""
MOST_RATIO = 40.0
"""Of the time to make all three files to that of COPY, which neither makes JSON of trees nor keeps what it wrote."""
DOWNLOAD_MB_A_SECOND = 20.0
OTHER_MS = 250.0
"""The longest that another request waits while a file is sent."""


class Made(NamedTuple):
    code: str
    make_seconds: float
    download_seconds: float
    size: int
    intact: bool
    slowest_ms: float


class Strain(NamedTuple):
    """What it costs the others: growth of two processes in MB, and the longest transaction in seconds."""

    api: float
    worker: float
    seconds: float


async def measure(options: Options) -> Sequence[Goal]:
    number = 5_000 if options.quick else 100_000
    with fresh_site() as site:
        admin = await site.admin()
        at = await _project(admin)
        database = await asyncpg.connect(EmbeddedPostgres(site.data_dir).dsn(superuser=True))
        began = time.perf_counter()
        script = (Path(__file__).parent / "_many.sql").read_text()
        await database.execute(script.replace(":project", at.rpartition("/")[2]).replace(":number", str(number)))
        print(f"{number:,} dialogues in the tables after {time.perf_counter() - began:.1f} s")
        floor = await _floor(database)
        await admin.close()  # the server has hung up meanwhile; the next call begins anew
        async with _memory(site, "api") as api, _memory(site, "worker") as worker, _transactions(site) as longest:
            made = [await _export(site, admin, at, code) for code in FORMATS]
        await database.close()
        await admin.close()
    return _goals(number, made, floor, Strain(api[0], worker[0], longest[0]))


def _goals(number: int, made: list[Made], floor: float, strain: Strain) -> list[Goal]:
    for one in made:
        mb = one.size / 1e6
        print(
            f"  {one.code}: {mb:.1f} MB; made in {one.make_seconds:.1f} s ({number / one.make_seconds:,.0f} dialogues/s, "
            f"{mb / one.make_seconds:.1f} MB/s), sent in {one.download_seconds:.2f} s ({mb / one.download_seconds:.0f} MB/s)"
        )
    print(f"  COPY of the same text: {floor:.2f} s; longest transaction meanwhile {strain.seconds:.1f} s")
    seconds = sum(one.make_seconds for one in made) / len(made)
    sent = sum(one.size for one in made) / 1e6 / sum(one.download_seconds for one in made)
    return [
        Goal("files whose bytes have the checksum of their snapshot", sum(one.intact for one in made), len(made), "files"),
        Goal("growth of the api process", strain.api, MOST_MB, "MB", at_most=True),
        Goal("growth of the worker", strain.worker, MOST_MB, "MB", at_most=True),
        Goal("time to make a file to that of COPY", seconds / floor, MOST_RATIO, "times", at_most=True),
        Goal("sent", sent, DOWNLOAD_MB_A_SECOND, "MB/s"),
        Goal("slowest other request while a file is sent", max(one.slowest_ms for one in made), OTHER_MS, "ms", at_most=True),
        Goal("longest transaction", strain.seconds, 5.0, "s", at_most=True),
    ]  # fmt: skip


async def _project(admin: Client) -> str:
    made = await admin.call("POST", "/api/v1/projects", {"name": "Many"}, expect=201)
    at = f"/api/v1/projects/{made['id']}"
    task = {"external_id": "seed", "domain": "general", "language": "en", "payload": {"title": "x", "opening": "y"}}
    await admin.send("POST", f"{at}/tasks/import", json.dumps(task).encode(), "application/x-ndjson")
    return at


async def _floor(database: asyncpg.Connection) -> float:
    """The text of every turn, and of the work, written out by PostgreSQL: the median of three."""

    async def nothing(_: bytes) -> None: ...

    times = []
    for _ in range(3):
        began = time.perf_counter()
        await database.copy_from_query(
            "SELECT s.id, s.payload, (SELECT jsonb_agg(t.text) FROM turn t JOIN conversation c ON c.id = t.conversation WHERE c.task = s.task) FROM submission s",
            output=nothing,
        )
        times.append(time.perf_counter() - began)
    return sorted(times)[1]


async def _export(site: Site, admin: Client, at: str, code: str) -> Made:
    began = time.perf_counter()
    view = await admin.call("POST", f"{at}/exports", {"format": code}, expect=201)
    seen = set()
    while view["state"] == "making":
        await asyncio.sleep(0.2)
        view = await admin.call("GET", f"{at}/exports/{view['id']}")
        seen.add(view["done"])
    if view["state"] != "ready":
        raise RuntimeError(view["failure"])
    making = time.perf_counter() - began
    other = asyncio.create_task(_slowest(site, admin.headers["cookie"]))
    began = time.perf_counter()
    size, digest = await _download(site, admin, f"{at}/exports/{view['id']}/file")
    sending = time.perf_counter() - began
    other.cancel()
    (slowest,) = await asyncio.gather(other)
    return Made(code, making, sending, size, digest == view["sha256"] and size == view["size"], slowest)


async def _download(site: Site, admin: Client, path: str) -> tuple[int, str]:
    """Bytes and checksum of the body, which is never kept."""
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    writer.write(
        f"GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncookie: {admin.headers['cookie']}\r\n\r\n".encode()
    )
    head = await reader.readuntil(b"\r\n\r\n")
    if b" 200 " not in head.splitlines()[0]:
        raise RuntimeError(head.decode())
    left = int(next(line.split(b":")[1] for line in head.lower().splitlines() if line.startswith(b"content-length")))
    size, digest = 0, hashlib.sha256()
    while size < left:
        piece = await reader.read(1 << 18)
        if not piece:
            break
        size += len(piece)
        digest.update(piece)
    writer.close()
    return size, digest.hexdigest()


async def _slowest(site: Site, cookie: str) -> float:
    """Of small requests one after another, until it is cancelled."""
    client, slowest = site.client(), 0.0
    client.headers["cookie"] = cookie
    try:
        while True:
            began = time.perf_counter()
            await client.call("GET", "/api/v1/projects")
            slowest = max(slowest, (time.perf_counter() - began) * 1000)
            await asyncio.sleep(0.01)
    except asyncio.CancelledError:
        return slowest


def _processes(site: Site, role: str) -> list[int]:
    """Those of the site that do this: the part itself and the processes below it."""
    up = int(json.loads((site.data_dir / "run" / "site.json").read_text())["pid"])
    found = [pid for pid in _children(up) if f"\0{role}\0".encode() in Path(f"/proc/{pid}/cmdline").read_bytes()]
    return found + [child for pid in found for child in _children(pid)]


def _children(pid: int) -> list[int]:
    return [int(one) for task in Path(f"/proc/{pid}/task").iterdir() for one in (task / "children").read_text().split()]


@asynccontextmanager
async def _memory(site: Site, role: str) -> AsyncIterator[list[float]]:
    """By how many MB the process that grew most has grown at its peak."""
    pids = _processes(site, role)
    if not pids:
        raise RuntimeError(f"no process of {role} is there")
    before = {pid: _begin_peak(pid) for pid in pids}
    grown: list[float] = []
    yield grown
    grown.append(max(_status(pid, "VmHWM") - before[pid] for pid in pids))


def _begin_peak(pid: int) -> float:
    """From here on the peak is counted; what the process has now."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    return _status(pid, "VmRSS")


def _status(pid: int, name: str) -> float:
    text = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith(name)) / 1024


@asynccontextmanager
async def _transactions(site: Site) -> AsyncIterator[list[float]]:
    """The longest that any transaction of the site has lasted, in seconds."""
    database = await asyncpg.connect(EmbeddedPostgres(site.data_dir).dsn())
    longest: list[float] = [0.0]

    async def look() -> None:
        while True:
            found: Any = await database.fetchval(
                "SELECT max(extract(epoch FROM clock_timestamp() - xact_start)) FROM pg_stat_activity WHERE xact_start IS NOT NULL AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
            )
            longest[0] = max(longest[0], float(found or 0))
            await asyncio.sleep(0.05)

    looking = asyncio.create_task(look())
    try:
        yield longest
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
        await database.close()


if __name__ == "__main__":
    sys.exit(main(__doc__.splitlines()[0], lambda options: asyncio.run(measure(options)), sys.argv[1:]))
