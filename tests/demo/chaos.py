"""The demo runs an import to its end while parts of the site are killed (-9) in the middle; it must end the same way.

    python -m tests.demo.chaos [--file FILE] [--folder FOLDER] [--seed N] [--kills api,worker,postgres] [--tasks N]

Prints every kill, then the demo's JSON line and the verdict of `callboard check`; status 0 only if both are right. The
seed decides the order and the moments; processes are real, so the same seed repeats a run mostly, not exactly.
"""

import argparse
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from callboard.demo.content import topics

PARTS = ("api", "worker", "postgres")
EVERY_PART = ("api", "worker", "postgres", "clock", "valkey")
POLL_SECONDS = 0.05
BACK_SECONDS = 60.0
RUN_SECONDS = 240.0
PROC = Path("/proc")


class Kill(NamedTuple):
    part: str
    after: int
    """Accepted tasks at which it happens."""


class Done(NamedTuple):
    part: str
    accepted: int
    pid: int
    back_seconds: float


class Result(NamedTuple):
    status: int
    line: dict[str, Any]
    kills: list[Done]
    check: dict[str, Any]
    said: str


def write_sample(file: Path, count: int) -> None:
    """Our own tasks, over every domain and both languages, in the form that needs no mapping."""
    with file.open("w", encoding="utf-8") as out:
        for number, topic in zip(range(count), _mixed(), strict=False):
            task = {
                "external_id": f"chaos-{number}",
                "domain": topic.domain,
                "language": topic.language,
                "difficulty": topic.level,
                "payload": {"title": topic.title, "opening": topic.opening, "follow_ups": list(topic.follow_ups[:1])},
            }
            out.write(json.dumps(task, ensure_ascii=False) + "\n")


def _mixed() -> list[Any]:
    return sorted(topics(), key=lambda topic: (len(topic.opening) % 10, topic.external_id))


def plan(parts: Sequence[str], tasks: int, seed: int) -> list[Kill]:
    """Each part once, in some order, from an eighth of the run to the middle: what follows must have time to happen."""
    dice = random.Random(seed)
    order = dice.sample(parts, len(parts))
    step = tasks * 0.5 / (len(order) + 1)
    return [Kill(part, max(1, int(step * n + dice.uniform(0, step / 2)))) for n, part in enumerate(order, 1)]


class Site:
    """What runs on a data folder, seen from outside."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._project: str | None = None

    def accepted(self) -> int | None:
        """None while nobody answers."""
        with contextlib.suppress(OSError, ValueError, KeyError, httpx.HTTPError):
            url = json.loads((self.folder / "run" / "site.json").read_text())["url"]
            token = (self.folder / "demo" / "token").read_text().strip()
            headers = {"authorization": f"Bearer {token}"}
            with httpx.Client(base_url=f"{url}/api/v1", headers=headers, timeout=5, trust_env=False) as http:
                if self._project is None:
                    found = http.get("/projects").json()["items"]
                    self._project = next((one["id"] for one in found if one["name"].startswith("Import: ")), None)
                if self._project is None:
                    return None
                cells = http.get("/reports/queue", params={"project_id": self._project}).json()["items"]
                return sum(cell["accepted"] for cell in cells) if cells else None
        return None

    def pid(self, part: str) -> int | None:
        with contextlib.suppress(OSError, ValueError, KeyError):
            if part == "postgres":
                pid = int((self.folder / "postgres" / "postmaster.pid").read_text().split()[0])
                return pid if (PROC / str(pid)).exists() else None
            up = json.loads((self.folder / "run" / "site.json").read_text())["pid"]
            return next((pid for pid, words in _children(up) if _is(part, words)), None)
        return None


def _children(parent: int) -> Iterator[tuple[int, list[str]]]:
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, IndexError):
                state = (entry / "stat").read_text().rpartition(")")[2].split()
                if int(state[1]) == parent and state[0] not in {"Z", "X"}:
                    yield int(entry.name), (entry / "cmdline").read_text().split("\0")


def _is(part: str, words: list[str]) -> bool:
    if part == "valkey":
        return "valkey-server" in words[0]
    return "callboard.cli" in words and part in words


def run(
    folder: Path, file: Path, kills: Sequence[Kill], *, seed: int = 0, say: Callable[[str], None] = print
) -> Result:
    said = folder.with_suffix(".stderr")
    command = [
        sys.executable, "-m", "callboard.cli", "demo", "--data-dir", str(folder), "--import", str(file),
        "--to-completion", "--json", "--seed", str(seed),
    ]  # fmt: skip
    with said.open("wb") as errors, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors) as process:
        try:
            done = [_carry_out(kill, Site(folder), process, say) for kill in kills]
            out, _ = process.communicate(timeout=RUN_SECONDS)
        finally:
            process.terminate()
    lines = out.decode().splitlines()
    checked = subprocess.run(
        [sys.executable, "-m", "callboard.cli", "check", "--data-dir", folder, "--json"],
        capture_output=True, check=False,
    )  # fmt: skip
    return Result(
        process.returncode,
        json.loads(lines[-1]) if lines else {},
        done,
        json.loads(checked.stdout or b"{}"),
        said.read_text(errors="replace"),
    )


def _carry_out(kill: Kill, site: Site, process: "subprocess.Popen[bytes]", say: Callable[[str], None]) -> Done:
    while (accepted := site.accepted()) is None or accepted < kill.after:
        if process.poll() is not None:
            raise RuntimeError(f"the demo ended before {kill.part} could be killed")
        time.sleep(POLL_SECONDS)
    pid = _wait_for(process, lambda: site.pid(kill.part))
    os.kill(pid, signal.SIGKILL)
    began = time.monotonic()
    _wait_for(process, lambda: (found := site.pid(kill.part)) and found != pid)
    back_seconds = time.monotonic() - began
    say(f"killed {kill.part} ({pid}) at {accepted} accepted; another one runs after {back_seconds:.1f} s")
    return Done(kill.part, accepted, pid, back_seconds)


def _wait_for(process: "subprocess.Popen[bytes]", look: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + BACK_SECONDS
    while not (found := look()):
        if process.poll() is not None:
            raise RuntimeError("the demo gave up after a part of its site was killed")
        if time.monotonic() > deadline:
            raise RuntimeError("a part did not come back")
        time.sleep(POLL_SECONDS)
    return found


def faults(result: Result, tasks: int) -> list[str]:
    """What is wrong with the end of a run; empty when it ended as one without any kill."""
    line, check = result.line, result.check
    found = [
        f"{name} is {line.get(name)}, not {wanted}"
        for name, wanted in (("tasks", tasks), ("accepted", tasks), ("paid", tasks), ("rejected", 0))
        if line.get(name) != wanted
    ]
    if result.status:
        found.append(f"the demo ended with status {result.status}: {result.said[-2000:]}")
    found += [f"{rule['name']}: {rule['violations']}" for rule in check.get("invariants", []) if rule["violations"]]
    if not check.get("invariants") or not check.get("ok"):
        found.append("callboard check is not ok")
    found += [
        f"{total['debits']} is not {total['credits']}"
        for total in check.get("ledger", [])
        if total["debits"] != total["credits"]
    ]
    return found


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--file", type=Path, help="what is imported; default: tasks of our own")
    options.add_argument("--folder", type=Path, help="an empty data folder; default: a temporary one")
    options.add_argument("--tasks", type=int, default=80, help="of our own, or records of the file")
    options.add_argument("--kills", default=",".join(PARTS), help=f"of {', '.join(EVERY_PART)}")
    options.add_argument("--seed", type=int, default=0)
    wish = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="callboard-chaos-") as scratch:
        file = wish.file
        if file is None:
            file = Path(scratch) / "sample.ndjson"
            write_sample(file, wish.tasks)
        kills = plan(wish.kills.split(","), wish.tasks, wish.seed)
        print(f"seed={wish.seed} " + " ".join(f"{kill.part}@{kill.after}" for kill in kills))  # noqa: T201
        Path(scratch).chmod(0o755)
        result = run(wish.folder or Path(scratch) / "data", file.resolve(), kills, seed=wish.seed)
    print(json.dumps(result.line))  # noqa: T201
    wrong = faults(result, wish.tasks)
    print("\n".join(wrong) or f"{len(result.check['invariants'])} invariants hold, debits equal credits")  # noqa: T201
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
