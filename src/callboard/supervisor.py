"""Keeps processes running: starts one again when it dies, and ends all of them in order."""

import contextlib
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from callboard.embedded.errors import StartError
from callboard.embedded.process import Step, kill_session, wait_until
from kernel.clock import monotonic

TICK_SECONDS = 0.1
# Having lived this long, a process was in order; its next start does not wait.
HEALTHY_SECONDS = 10.0
BACKOFF_LIMIT_SECONDS = 30.0
LOG_CHECK_SECONDS = 10.0

Say = Callable[[str], None]


@dataclass
class Child:
    """One process to keep running. `launch` starts it and returns at once; `steps` are how it is asked to end."""

    name: str
    launch: Callable[[], subprocess.Popen[bytes]]
    steps: Sequence[Step] = (Step(signal.SIGTERM, 6.0),)
    # Of two children the one of the higher stage is started later and ended earlier.
    stage: int = 1
    process: subprocess.Popen[bytes] | None = None
    quick_deaths: int = 0
    started_at: float = 0.0
    due_at: float = 0.0


@dataclass
class Supervisor:
    """Lives in the main thread: the kernel ends every child together with the thread that started it."""

    children: list[Child]
    say: Say
    # First wait before a process that died young is started again; it doubles.
    backoff_seconds: float = 0.5
    logs: Path | None = None
    log_file_bytes: int = 20_000_000
    stopping: threading.Event = field(default_factory=threading.Event)
    _logs_due_at: float = 0.0

    def start(self, child: Child) -> None:
        child.process = child.launch()
        child.started_at = monotonic()

    def adopt(self, child: Child, process: subprocess.Popen[bytes]) -> None:
        """Keeps a process running that was started before."""
        child.process, child.started_at = process, monotonic()
        self.children.append(child)

    def run(self) -> None:
        """Returns after `stopping` was set; children that die meanwhile are started again."""
        while not self.stopping.wait(TICK_SECONDS):
            self.tick()

    def tick(self) -> None:
        for child in self.children:
            if child.process is not None and child.process.poll() is not None:
                self._bury(child)
            if child.process is None and monotonic() >= child.due_at:
                self._start_again(child)
        if self.logs is not None and monotonic() >= self._logs_due_at:
            self._logs_due_at = monotonic() + LOG_CHECK_SECONDS
            limit_logs(self.logs, self.log_file_bytes)

    def stop(self) -> None:
        """Ends all of them, the later stages first, those of one stage together; what does not listen is killed."""
        for stage in sorted({child.stage for child in self.children}, reverse=True):
            end_together([child for child in self.children if child.stage == stage])

    def _bury(self, child: Child) -> None:
        process = child.process
        if process is None:
            return
        kill_session(process)  # what it had started itself
        child.process = None
        young = monotonic() - child.started_at < HEALTHY_SECONDS
        child.quick_deaths = child.quick_deaths + 1 if young else 0
        wait = self._wait_seconds(child)
        child.due_at = monotonic() + wait
        self.say(
            f"{child.name} {describe_end(process.returncode)}; starting it again{f' in {wait:g} s' if wait else ''}"
        )

    def _start_again(self, child: Child) -> None:
        try:
            self.start(child)
        except (StartError, OSError) as error:
            child.quick_deaths += 1
            child.due_at = monotonic() + self._wait_seconds(child)
            self.say(f"{child.name} does not start: {error}")

    def _wait_seconds(self, child: Child) -> float:
        if child.quick_deaths == 0:
            return 0.0
        return float(min(BACKOFF_LIMIT_SECONDS, self.backoff_seconds * 2 ** (child.quick_deaths - 1)))


def end_together(children: Sequence[Child]) -> None:
    """Asks all of them at once by their first step, those that stay by their second, and so on; then kills."""
    running = [(child.process, child.steps) for child in children if child.process is not None]
    for number in range(max((len(steps) for _, steps in running), default=0)):
        asked = [(process, steps[number]) for process, steps in running if number < len(steps)]
        for process, step in asked:
            process.send_signal(step.signal)
        longest = max(step.seconds for _, step in asked)
        wait_until(partial(_all_ended, [process for process, _ in asked]), longest)
    for process, _ in running:
        kill_session(process)
        process.wait()
    for child in children:
        child.process = None


def _all_ended(processes: Sequence[subprocess.Popen[bytes]]) -> bool:
    return all(process.poll() is not None for process in processes)


def describe_end(status: int) -> str:
    """What a return code means, for people."""
    if status >= 0:
        return f"ended (status {status})"
    with contextlib.suppress(ValueError):
        return f"was ended by {signal.Signals(-status).name}"
    return f"was ended by signal {-status}"


def limit_logs(folder: Path, limit_bytes: int) -> None:
    """Sets a large log aside as `.1`. The writers go on: their files are open for appending, at whatever end it has."""
    for log in folder.glob("*.log"):
        # A full disk or a file that was just removed must not end the supervisor; the next round tries again.
        with contextlib.suppress(OSError):
            if log.stat().st_size > limit_bytes:
                shutil.copyfile(log, log.with_suffix(".log.1"))
                with log.open("r+b") as file:
                    file.truncate(0)
