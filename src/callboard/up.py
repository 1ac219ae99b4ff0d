"""`callboard up`: the servers, the schema, then api, worker and clock, until it is told to stop."""

import contextlib
import errno
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType

from callboard.embedded import postgres as pg
from callboard.embedded import valkey as vk
from callboard.embedded.attach import Endpoints, endpoints
from callboard.embedded.datafolder import DataFolder, Lock
from callboard.embedded.errors import StartError, folder_error
from callboard.embedded.postgres import EmbeddedPostgres
from callboard.embedded.process import Step, is_alive, run, spawn
from callboard.embedded.valkey import EmbeddedValkey
from callboard.settings_environment import settings_environment
from callboard.supervisor import TICK_SECONDS, Child, Say, Supervisor
from kernel.clock import monotonic
from kernel.settings import Settings

PARTS = ("api", "worker", "clock")
# Deaths before the first answer after which it is no use to go on trying.
HOPELESS_DEATHS = 3
PREPARE_SECONDS = 900.0
LAST_WORDS_BYTES = 4000

Command = Callable[[str], Sequence[str | Path]]


def part_command(name: str) -> Sequence[str | Path]:
    return (sys.executable, "-m", "callboard.cli", name)


class Site:
    """One run of `up`. `command` and `parts` are replaced in tests by tiny programs."""

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
        self.supervisor = Supervisor(
            children=[],
            say=say,
            backoff_seconds=settings.restart_backoff_seconds,
            logs=self._folder.logs,
            log_file_bytes=settings.log_file_bytes,
        )

    def run(self) -> None:
        """Returns after a clean stop; raises `StartError` with one sentence when it cannot start."""
        folder = self._folder
        folder.prepare(self._settings.free_disk_bytes)
        with Lock(folder.lock) as lock, self._stop_signals():
            if not lock.take("callboard up"):
                raise StartError(
                    f"The data folder {folder.path} is in use by {lock.holder()}; stop that or choose another --data-dir."
                )
            check_port(self._settings.host, self._settings.port)
            folder.site.unlink(missing_ok=True)
            try:
                self._environment = dict(os.environ) | settings_environment(self._settings, self._start_servers())
                lines = self._prepare()
                self._start_parts()
                self._wait_until_ready()
                self._announce(lines)
                self.supervisor.run()
            finally:
                folder.site.unlink(missing_ok=True)
                self.supervisor.stop()

    @contextlib.contextmanager
    def _stop_signals(self) -> Iterator[None]:
        def stop(number: int, frame: FrameType | None) -> None:
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
        if valkey is not None:
            self.supervisor.adopt(Child("valkey", valkey.launch, vk.STOP, stage=0), valkey.launch())
        if postgres is not None:
            if not postgres.exists:
                self._say("Making the database …")
            self.supervisor.adopt(Child("postgres", postgres.launch, pg.STOP, stage=0), postgres.launch())
            postgres.wait_ready()
        if valkey is not None:
            valkey.wait_ready()
        return endpoints(settings, postgres, valkey)

    def _prepare(self) -> list[str]:
        """Schema, first account and demo, in a process of its own; what it prints is for the person at the terminal."""
        command = [*self._command("prepare"), *(["--demo"] if self._demo else [])]
        process = subprocess.Popen(  # noqa: S603  our own command
            [str(part) for part in command],
        )
        ...

    def _start_parts(self) -> None: ...
    def _wait_until_ready(self) -> None: ...
    def _announce(self, lines: list[str]) -> None: ...
