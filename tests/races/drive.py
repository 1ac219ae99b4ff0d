"""Many clients at once on a real site, with kills, lapsing leases and clock steps; the feed alone says how it went.

    python -m tests.races.drive [--seconds 600] [--clients 64] [--seed 0] [--kill-every 5] [--folder DIR]

Leases last two seconds. Now and then a client forgets what it holds, hands it in late, or once more under the old epoch;
deadlines of live work are moved into the past (a clock that jumps); parts of the site and single database processes die.
Ends with status 0 only if `tests.races.judge` finds nothing, and the feed holds everything that was acknowledged.
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg
import httpx

from callboard.embedded.postgres import EmbeddedPostgres
from tests.demo.chaos import Site, _children
from tests.journey.conftest import free_port
from tests.races.judge import Event, faults

CAPACITY, LEASE_SECONDS, DEADLINE_SECONDS = 3, 2, 6
PARTS = ("api", "worker", "postgres", "backend")
TASKS_PER_CLIENT_MINUTE = 60
READY_SECONDS = 90.0
WORK = {"text": "done"}


class Wish(NamedTuple):
    seconds: float = 600.0
    clients: int = 64
    seed: int = 0
    kill_every: float = 5.0


class Result(NamedTuple):
    faults: list[str]
    events: int
    kinds: Counter[str]
    answers: Counter[str]
    """What clients were told, by what they asked."""
    kills: Counter[str]


@contextlib.contextmanager
def site(folder: Path) -> Iterator[str]:
    """The address of a fresh site; gone afterwards."""
    port = free_port()
    command = [sys.executable, "-m", "callboard.cli", "up", "--data-dir", str(folder), "--port", str(port)]
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("CALLBOARD_", "DATABASE_"))
    }
    with folder.with_suffix(".log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
    try:
        until = time.monotonic() + READY_SECONDS
        while "password:" not in folder.with_suffix(".log").read_text(errors="replace"):
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(folder.with_suffix(".log").read_text(errors="replace")[-2000:])
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Race:
    def __init__(self, url: str, folder: Path, wish: Wish) -> None:
        self.url, self.folder, self.wish = url, folder, wish
        self.answers: Counter[str] = Counter()
        self.kills: Counter[str] = Counter()
        self.acknowledged: set[tuple[str, str]] = set()
        """(kind of event, id in it) of everything that a client was told has happened."""
        self.broken: list[str] = []
        """Replies with status 500: whatever dies, an answer is given in order, or none."""
        self.people: list[str] = []
        self.until = 0.0

    async def run(self) -> Result:
        headers = await self._sign_in()
        async with httpx.AsyncClient(
            base_url=f"{self.url}/api/v1", headers=headers, timeout=20, trust_env=False
        ) as http:
            await self._prepare(http)
            self.until = time.monotonic() + self.wish.seconds
            troubles = [asyncio.create_task(act()) for act in (self._kill, self._step_clocks)]
            clients = [self._client(http, number) for number in range(self.wish.clients)]
            await asyncio.gather(*clients)
            await asyncio.gather(*troubles)
            events = await self._feed(http)
        said = {
            (event["type"], event["data"].get("assignment_id") or event["data"].get("submission_id"))
            for event in events
        }
        said |= {
            (event["type"], event["data"]["submission_id"]) for event in events if "submission_id" in event["data"]
        }
        lost = [f"acknowledged, but not in the feed: {kind} {one}" for kind, one in sorted(self.acknowledged - said)]
        found = faults(events, dict.fromkeys(self.people, CAPACITY)) + lost + self.broken
        return Result(found, len(events), Counter(event["type"] for event in events), self.answers, self.kills)

    async def _sign_in(self) -> dict[str, str]:
        said = self.folder.with_suffix(".log").read_text(errors="replace").split()
        email, password = said[said.index("Administrator:") + 1], said[said.index("password:") + 1]
        async with httpx.AsyncClient(base_url=f"{self.url}/api/v1", trust_env=False) as http:
            session = await http.post("/session", json={"email": email, "password": password})
            http.headers["x-csrf-token"] = session.json()["csrf_token"]
            token = await http.post("/tokens", json={"name": "races", "scopes": ["admin"]})
            token.raise_for_status()
            return {"authorization": f"Bearer {token.json()['token']}"}

    async def _prepare(self, http: httpx.AsyncClient) -> None:
        rules = {
            "name": "Races", "overlap": 2, "lease_seconds": LEASE_SECONDS, "deadline_seconds": DEADLINE_SECONDS,
            "answer_limit": 5, "language_level": 1,
        }  # fmt: skip
        project = (await _made(http, "/projects", rules))["id"]
        price = {kind: {"amount": "0.1000", "currency": "USD"} for kind in ("annotation", "review")}
        (await http.put(f"/projects/{project}/rate-card", json=price)).raise_for_status()
        await _made(http, f"/projects/{project}/budget", {"amount": {"amount": "1000000", "currency": "USD"}})
        (await http.post(f"/projects/{project}/publish")).raise_for_status()
        # Few at first, so that everybody wants the same ones; more come as the run goes on.
        count = max(40, int(self.wish.seconds / 60 * TASKS_PER_CLIENT_MINUTE * self.wish.clients))
        for first in range(0, count, 500):
            tasks = [
                {"external_id": f"race-{n}", "kind": "form", "domain": "general", "language": "en", "difficulty": 1, "payload": {}}
                for n in range(first, min(count, first + 500))
            ]  # fmt: skip
            (await http.post(f"/projects/{project}/tasks", json={"tasks": tasks})).raise_for_status()
        for number in range(self.wish.clients):
            draft = {
                "display_name": f"Racer {number}", "capacity": CAPACITY, "languages": {"en": 5}, "skills": {"general": 5},
                "roles": ["annotator", "reviewer"],
            }  # fmt: skip
            self.people.append((await _made(http, "/annotators", draft))["id"])

    async def _client(self, http: httpx.AsyncClient, number: int) -> None:
        """One person at a time, but persons are shared by clients: two of them act as the same now and then."""
        dice = random.Random(f"{self.wish.seed}/{number}")
        held: list[dict[str, Any]] = []
        while time.monotonic() < self.until:
            person = self.people[number] if dice.random() < 0.8 else dice.choice(self.people)
            if not held or dice.random() < 0.3:
                held += await self._claim(http, person, ["review"] if dice.random() < 0.5 else ["annotation"])
            elif dice.random() < 0.15:
                held.pop(dice.randrange(len(held)))
            else:
                await self._go_on(http, dice, held)
            await asyncio.sleep(dice.expovariate(1 / 0.15))

    async def _claim(self, http: httpx.AsyncClient, person: str, kinds: list[str]) -> list[dict[str, Any]]:
        got = await self._ask(http, "claim", "/assignments/claim", {"annotator_id": person, "kinds": kinds})
        found = [] if got is None else got["assignments"]
        self.acknowledged |= {("assignment.claimed", one["id"]) for one in found}
        return list(found)

    async def _go_on(self, http: httpx.AsyncClient, dice: random.Random, held: list[dict[str, Any]]) -> None:
        one = dice.choice(held)
        at, epoch = f"/assignments/{one['id']}", {"epoch": one["epoch"]}
        what = dice.choices(("heartbeat", "release", "decline", "finish", "wait", "old"), (25, 8, 7, 45, 10, 5))[0]
        if what == "heartbeat":
            await self._ask(http, what, f"{at}/heartbeat", epoch)
            return
        if what == "wait":
            await asyncio.sleep(LEASE_SECONDS * dice.uniform(0.5, 1.5))
            return
        if what == "old":
            wrong = {"epoch": max(1, one["epoch"] + dice.choice((-1, 1))), "payload": WORK}
            await self._ask(http, what, f"{at}/submit", wrong)
            return
        if what == "finish" and one["kind"] == "review":
            outcome = dice.choices(("accept", "rework", "reject"), (6, 2, 2))[0]
            reasons = [] if outcome == "accept" else [{"item": "factuality", "text": "wrong"}]
            body = epoch | {"outcome": outcome, "reasons": reasons}
            if await self._ask(http, "verdict", f"{at}/verdict", body) is not None:
                held.remove(one)
        elif what == "finish":
            if (done := await self._ask(http, "submit", f"{at}/submit", epoch | {"payload": WORK})) is not None:
                self.acknowledged.add(("submission.created", done["submission_id"]))
                if dice.random() < 0.8:
                    held.remove(one)
        elif await self._ask(http, what, f"{at}/{what}", epoch | {"reason": "raced"}) is not None:
            self.acknowledged.add((f"assignment.{what}d", one["id"]))
            held.remove(one)

    async def _ask(self, http: httpx.AsyncClient, what: str, path: str, body: dict[str, Any]) -> Any:
        """The reply's content; None where it was refused or nobody answered. Not asked again: what became of it is in the feed."""
        try:
            reply = await http.post(path, json=body)
        except httpx.HTTPError:
            self.answers[f"{what} unanswered"] += 1
            await asyncio.sleep(0.2)
            return None
        self.answers[f"{what} {reply.status_code}"] += 1
        if reply.status_code == httpx.codes.INTERNAL_SERVER_ERROR:
            self.broken.append(f"{what}: {reply.text[:300]}")
        if reply.status_code >= httpx.codes.BAD_REQUEST:
            return None
        return reply.json() if reply.content else {}

    async def _kill(self) -> None:
        dice = random.Random(f"{self.wish.seed}/kills")
        while time.monotonic() + self.wish.kill_every < self.until:
            await asyncio.sleep(self.wish.kill_every * dice.uniform(0.5, 1.5))
            part = dice.choice(PARTS)
            pid = Site(self.folder).pid("postgres" if part == "backend" else part)
            if part == "backend" and pid is not None:
                pid = next((one for one, words in _children(pid) if "callboard" in " ".join(words)), None)
            if pid is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                    self.kills[part] += 1

    async def _step_clocks(self) -> None:
        """For a part of what is live, time jumps by up to three seconds."""
        dice = random.Random(f"{self.wish.seed}/clocks")
        while time.monotonic() + 1 < self.until:
            await asyncio.sleep(dice.uniform(0.3, 1.5))
            with contextlib.suppress(
                OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, TimeoutError
            ):
                connection = await asyncpg.connect(EmbeddedPostgres(self.folder).dsn(), timeout=3)
                try:
                    moved = await connection.execute(
                        "UPDATE slot SET lease_until = lease_until - make_interval(secs => $1), deadline = deadline - make_interval(secs => $1)"
                        " WHERE id IN (SELECT id FROM slot WHERE state = 'live' AND random() < 0.2 FOR NO KEY UPDATE SKIP LOCKED)",
                        dice.uniform(0, 3),
                    )
                    self.kills["clock steps"] += int(moved.split()[-1]) > 0
                finally:
                    await connection.close()

    async def _feed(self, http: httpx.AsyncClient) -> list[Event]:
        """All of it, once everybody is back."""
        until, cursor = time.monotonic() + READY_SECONDS, None
        events: list[Event] = []
        while True:
            try:
                reply = await http.get("/events", params={"limit": 200} | ({"cursor": cursor} if cursor else {}))
                reply.raise_for_status()
            except httpx.HTTPError:
                if time.monotonic() > until:
                    raise
                await asyncio.sleep(0.3)
                continue
            page = reply.json()
            events += page["items"]
            cursor = page["next_cursor"]
            if not page["more"]:
                return events


async def _made(http: httpx.AsyncClient, path: str, body: dict[str, Any]) -> Any:
    reply = await http.post(path, json=body)
    if reply.is_error:
        raise RuntimeError(f"{path}: {reply.status_code} {reply.text}")
    return reply.json()


def checked(folder: Path) -> list[str]:
    """What `callboard check` finds afterwards, with the site still running."""
    command = [sys.executable, "-m", "callboard.cli", "check", "--data-dir", str(folder), "--json"]
    done = subprocess.run(command, capture_output=True, check=False)
    found = json.loads(done.stdout or b"{}").get("invariants", [{"name": "check", "violations": done.stderr.decode()}])
    return [f"{rule['name']}: {rule['violations']}" for rule in found if rule["violations"]]


def race(folder: Path, wish: Wish) -> Result:
    with site(folder) as url:
        result = asyncio.run(Race(url, folder, wish).run())
        return result._replace(faults=result.faults + checked(folder))


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, usual in Wish()._asdict().items():
        options.add_argument(f"--{name.replace('_', '-')}", type=type(usual), default=usual)
    options.add_argument("--folder", type=Path)
    told = options.parse_args()
    wish = Wish(told.seconds, told.clients, told.seed, told.kill_every)
    with tempfile.TemporaryDirectory(prefix="callboard-races-") as scratch:
        Path(scratch).chmod(0o755)
        result = race(told.folder or Path(scratch) / "data", wish)
    told_of = {name: dict(sorted(getattr(result, name).items())) for name in ("kinds", "answers", "kills")}
    print(json.dumps(told_of, indent=1))  # noqa: T201
    print("\n".join(result.faults) or f"seed={wish.seed}: {result.events} events, and nothing in them that may not be")  # noqa: T201
    return 1 if result.faults else 0


if __name__ == "__main__":
    sys.exit(main())
