"""Looking at real processes from outside."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from callboard.embedded.process import is_alive, wait_until

HERE = Path(__file__).parent
ROOT = HERE.parent.parent


PATIENCE_SECONDS = 60.0
"""Far more than anything takes: the machine may be busy, and what never comes about fails all the same."""


def until(condition: Callable[[], bool], what: str) -> None:
    assert wait_until(condition, PATIENCE_SECONDS, 0.02), f"not within {PATIENCE_SECONDS} s: {what}"


def parent_of(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[1])
    except (OSError, IndexError):
        return 0


def descendants(pid: int) -> dict[int, str]:
    """PID → command line of everything below a process."""
    parents = {int(entry.name): parent_of(int(entry.name)) for entry in Path("/proc").iterdir() if entry.name.isdigit()}
    found: dict[int, str] = {}
    layer = {pid}
    while layer:
        layer = {child for child, parent in parents.items() if parent in layer and child not in found}
        for child in layer:
            found[child] = command_line(child)
    return found


def command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def all_gone(pids: dict[int, str]) -> None:
    until(lambda: not any(is_alive(pid) for pid in pids), f"all of {pids} ended")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


class Program:
    """A program under test with its output in a file, so that it can be read while it runs."""

    def __init__(self, *command: str | Path, out: Path, **environment: str) -> None:
        self.out = out
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("CALLBOARD_", "DATABASE_"))}
        with out.open("wb") as file:
            self.process = subprocess.Popen(
                [sys.executable, *command], stdout=file, stderr=subprocess.STDOUT, env=clean | environment, cwd=ROOT
            )

    @property
    def said(self) -> str:
        return self.out.read_text(errors="replace")

    def says(self, text: str) -> None:
        until(lambda: text in self.said or self.process.poll() is not None, f"{text!r} in {self.said!r}")
        assert text in self.said, self.said

    def ends(self, seconds: float = PATIENCE_SECONDS) -> int:
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {seconds} s: {self.said}") from None

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@contextmanager
def program(*command: str | Path, out: Path, **environment: str) -> Iterator[Program]:
    running = Program(*command, out=out, **environment)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.process.send_signal(signal.SIGTERM)
            try:
                running.process.wait(12)
            except subprocess.TimeoutExpired:
                running.kill()


@contextmanager
def timed(limit_seconds: float, what: str) -> Iterator[None]:
    begin = time.monotonic()
    yield
    took = time.monotonic() - begin
    assert took < limit_seconds, f"{what} took {took:.1f} s"


def copy_data(source: Path, target: Path) -> None:
    """With the owners, which Python's copying leaves out: a demoted server must find its own files."""
    subprocess.run(["cp", "-a", source, target], check=True)
