"""`callboard up`: the servers, the schema, then api, worker and clock, until it is told to stop."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from callboard.embedded import postgres as pg
from callboard.embedded import valkey as vk
from callboard.embedded.attach import SUPERVISED, Endpoints, endpoints
from callboard.embedded.datafolder import DataFolder, Lock
from callboard.embedded.errors import DISK_FULL_WORDS, StartError, disk_full, folder_error
from callboard.embedded.postgres import EmbeddedPostgres
from callboard.embedded.process import Step, end, is_alive, spawn, wait_until
from callboard.embedded.valkey import EmbeddedValkey
from callboard.environment import settings_environment
from callboard.listening import answers, base_url, check_port, free_port
from callboard.supervisor import TICK_SECONDS, Child, Say, Supervisor
from kernel.clock import monotonic
from kernel.settings import Settings

PARTS = ("api", "worker", "clock")
# Deaths before the first answer after which it is no use to go on trying.
HOPELESS_DEATHS = 3
LAST_WORDS_BYTES = 8000
AN_EXCEPTION = re.compile(r"[A-Za-z_.]+(Error|Exception|Exit)\b")

Command = Callable[[str], Sequence[str | Path]]


def part_command(name: str) -> Sequence[str | Path]:
    return (sys.executable, "-m", "callboard.cli", name)


class _Stopped(Exception):  # noqa: N818  no error: it was told to stop before it was ready
    pass


class Site:
    """One run of `up`. `parts` and `command` are other ones in tests, which need no whole product."""

    def __init__(
        self,
        settings: Settings,
        say: Say,
        *,
        demo: bool = False,
        parts: Sequence[str] = PARTS,
        command: Command = part_command,
    ) -> None:
        self._settings = settings
        self._say = say
        self._demo = demo
        self._parts = parts
        self._command = command
        self._folder = DataFolder(settings.data_dir)
        self._environment: dict[str, str] = {}
        self._servers: list[EmbeddedPostgres | EmbeddedValkey] = []
        self.supervisor = Supervisor(
            children=[],
            say=say,
            backoff_seconds=settings.restart_backoff_seconds,
            logs=self._folder.logs,
            log_file_bytes=settings.log_file_bytes,
        )

    def run(self) -> None:
        """Returns after a clean stop; raises `StartError` with one sentence when it cannot start."""
        folder, settings = self._folder, self._settings
        folder.prepare(settings.free_disk_bytes)
        with Lock(folder.lock) as lock, self._stop_signals():
            if not lock.take("callboard up"):
                raise StartError(
                    f"The data folder {folder.path} is in use by {lock.holder()}; stop that or choose another --data-dir."
                )
            check_port(settings.host, settings.port)
            folder.site.unlink(missing_ok=True)
            try:
                fresh = not settings.database_url and not EmbeddedPostgres(settings.data_dir).exists
                self._environment = dict(os.environ) | settings_environment(settings, self._start_servers())
                self._run_site(fresh=fresh)
            except _Stopped:
                pass
            except OSError as error:
                raise folder_error(error, folder.path) from error
            finally:
                folder.site.unlink(missing_ok=True)
                self.supervisor.stop()
                for server in self._servers:
                    server.stop()

    def _run_site(self, *, fresh: bool) -> None:
        """With a database that exists the web server starts beside the preparation; it says `ready` only after it."""
        if not fresh:
            self._start_part(self._parts[0])
        lines = self._prepare()
        try:
            for name in self._parts:
                self._start_part(name)
            ready = self._wait_until_ready()
        except StartError:
            for line in lines:  # a first password is made once, and must not be lost with this start
                self._say(line)
            raise
        self._announce(lines, ready=ready)
        if ready and self._demo:
            self._start_part("demo")  # last: the site does not wait for the people who are simulated
        self.supervisor.run()

    def _start_part(self, name: str) -> None:
        if name not in [child.name for child in self.supervisor.children]:
            steps = (Step(signal.SIGTERM, self._settings.stop_seconds),)
            child = Child(name, partial(self._launch, name), steps)
            self.supervisor.adopt(child, child.launch())

    @contextlib.contextmanager
    def _stop_signals(self) -> Iterator[None]:
        def stop(_number: int, _frame: FrameType | None) -> None:
            self.supervisor.stopping.set()

        former = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
        try:
            yield
        finally:
            for number, handler in former.items():
                signal.signal(number, handler)

    def _start_servers(self) -> Endpoints:
        settings = self._settings
        postgres = None if settings.database_url else EmbeddedPostgres(settings.data_dir)
        valkey = None if settings.redis_url else EmbeddedValkey(settings.data_dir)
        if postgres is not None and not postgres.exists:
            self._say("Making the database …")
        for name, server, steps in (("valkey", valkey, vk.STOP), ("postgres", postgres, pg.STOP)):
            if server is not None:
                self._servers.append(server)
                self.supervisor.adopt(Child(name, server.launch, steps, stage=0), server.launch())
        for server in self._servers:
            server.wait_ready(given_up=self.supervisor.stopping.is_set)
        if self.supervisor.stopping.is_set():
            raise _Stopped
        return endpoints(settings, postgres, valkey)

    def _prepare(self) -> list[str]:
        """Schema, first account and demo, in a process of its own; what it prints is for the person at the terminal."""
        log = self._folder.logs / "prepare.log"
        log.write_bytes(b"")
        command = [*self._command("prepare"), *(["--demo"] if self._demo else [])]
        process = spawn(command, log=log, environment=self._environment, stdout=subprocess.PIPE)
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                said, _ = process.communicate(timeout=TICK_SECONDS)
                break
            self.supervisor.tick()
            if self.supervisor.stopping.is_set():
                end(process, (Step(signal.SIGTERM, 2.0),))
                raise _Stopped
        if process.returncode:
            if any(word in log.read_text(errors="replace") for word in DISK_FULL_WORDS):
                raise disk_full(self._folder.path)
            raise StartError(last_words(log) or f"The database could not be prepared; see {log}.")
        return said.decode(errors="replace").splitlines()

    def _launch(self, name: str) -> subprocess.Popen[bytes]:
        environment = self._environment | {SUPERVISED: "1"}
        return spawn(self._command(name), log=self._folder.logs / f"{name}.log", environment=environment)

    def _wait_until_ready(self) -> bool:
        """False when it was told to stop before it was ready."""
        settings = self._settings
        deadline = monotonic() + settings.start_seconds
        while not self.supervisor.stopping.wait(TICK_SECONDS / 2):
            self.supervisor.tick()
            if answers(settings.host, settings.port):
                return True
            for child in self.supervisor.children:
                if child.quick_deaths >= HOPELESS_DEATHS:
                    log = self._folder.logs / f"{child.name}.log"
                    raise StartError(f"{child.name} does not start: {last_words(log)} (the whole of it is in {log})")
            if monotonic() > deadline:
                raise StartError(
                    f"The site did not answer within {settings.start_seconds:g} s; the logs are in {self._folder.logs}."
                )
        return False

    def _announce(self, lines: Sequence[str], *, ready: bool) -> None:
        url = base_url(self._settings.host, self._settings.port)
        if ready:
            fresh = self._folder.site.with_suffix(".new")
            fresh.write_text(json.dumps({"pid": os.getpid(), "url": url}))
            fresh.replace(self._folder.site)
            self._say(f"Callboard is ready: {self._settings.public_url or url}")
        for line in lines:
            self._say(line)
        if ready:
            self._say(f"Data and logs: {self._folder.path}   Stop: Ctrl-C")


def last_words(log: Path) -> str:
    """The last error that a log tells of, or its last line; without the prefix of our own messages."""
    with contextlib.suppress(OSError):
        text = log.read_bytes()[-LAST_WORDS_BYTES:].decode(errors="replace")
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        errors = [line for line in lines if line.startswith("callboard: ") or AN_EXCEPTION.match(line)]
        return (errors or lines or [""])[-1].removeprefix("callboard: ")
    return ""


@contextlib.contextmanager
def site(settings: Settings, *, demo: bool = False) -> Iterator[str]:
    """The address of the site of this data folder: the one that runs, else one that runs for as long as the block.

    A busy port is replaced by a free one. Raises `StartError` with the sentence that `up` would have given.
    """
    folder = DataFolder(settings.data_dir)
    folder.prepare(settings.free_disk_bytes)
    lock = Lock(folder.lock)
    if not lock.take("callboard"):
        found: dict[str, Any] = {}
        if not wait_until(lambda: found.update(_running(folder)) or bool(found), settings.start_seconds, TICK_SECONDS):
            raise StartError(f"The data folder {folder.path} is in use by {lock.holder()}, which serves no site.")
        yield str(found["url"])
        return
    lock.release()
    port = free_port(settings.host, settings.port)
    environment = dict(os.environ) | settings_environment(settings) | {"CALLBOARD_PORT": str(port)}
    log = folder.logs / "up.log"
    log.write_bytes(b"")
    process = spawn(
        [*part_command("up"), *(["--demo"] if demo else [])],
        log=log,
        environment=environment,
        death_signal=signal.SIGTERM,
    )
    try:
        wait_until(lambda: bool(_running(folder)) or process.poll() is not None, settings.start_seconds, TICK_SECONDS)
        if process.poll() is not None or not _running(folder):
            raise StartError(last_words(log) or f"The site did not start; see {log}.")
        yield base_url(settings.host, port)
    finally:
        end(process, (Step(signal.SIGTERM, settings.stop_seconds + 4),))


def _running(folder: DataFolder) -> dict[str, Any]:
    """What a running `up` wrote about itself; empty when there is none."""
    with contextlib.suppress(OSError, ValueError, KeyError):
        found: dict[str, Any] = json.loads(folder.site.read_text())
        if is_alive(found["pid"]):
            return found
    return {}
