"""Valkey of one data folder: live messages and nudges to the workers."""

import contextlib
import signal
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from callboard.embedded import binaries, configuration
from callboard.embedded.datafolder import DataFolder, Lock, handle, leave_socket_folder
from callboard.embedded.errors import StartError, folder_error, log_error
from callboard.embedded.process import Step, clear_folder, end, processes_in, spawn, wait_until

PROGRAM = "valkey-server"
SOCKET = "valkey.sock"
START_SECONDS = 30.0
STOP = (Step(signal.SIGTERM, 1.0),)
PING_SECONDS = 1.0


class EmbeddedValkey:
    """The server of `data_dir`; it runs as the caller, below a folder that nobody else can enter."""

    def __init__(self, data_dir: Path) -> None:
        self.folder = DataFolder(data_dir)
        self.log = self.folder.logs / "valkey.log"
        self._lock = Lock(self.folder.path / "valkey.lock")
        self._process: subprocess.Popen[bytes] | None = None
        self._log_start = 0

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @property
    def url(self) -> str:
        """For redis-py and dramatiq."""
        return f"unix://{quote(self._address().read_text(encoding='utf-8'))}?db=0"

    def start(self, seconds: float = START_SECONDS) -> None:
        """Returns when commands are answered; raises `StartError` with one sentence."""
        self.launch()
        self.wait_ready(seconds)

    def launch(self) -> subprocess.Popen[bytes]:
        """Starts the server without waiting for it."""
        self.folder.prepare()
        if not self._lock.take("Valkey"):
            raise StartError(f"Valkey in {self.folder.path} is already run by {self._lock.holder()}.")
        if self._process is not None:
            end(self._process, STOP)
        try:
            program = binaries.valkey_program()
            self.folder.valkey.mkdir(mode=0o700, exist_ok=True)
            clear_folder(self.folder.valkey, PROGRAM, STOP)
            self._process = self._spawn(program)
        except OSError as error:
            self._lock.release()
            raise folder_error(error, self.folder.path) from error
        except BaseException:
            self._lock.release()
            raise
        return self._process

    def is_ready(self) -> bool:
        """Whether it answers PING; while it loads its file it answers with an error."""
        if self._process is None or self._process.poll() is not None:
            return False
        return _answers(Path(self._address().read_text(encoding="utf-8")))

    def wait_ready(self, seconds: float = START_SECONDS, given_up: Callable[[], bool] = lambda: False) -> None:
        """Returns when it is ready or `given_up()` says that nobody wants it any more; else raises `StartError`."""
        process = self._process
        if process is None:
            raise StartError("Valkey was not started.")
        wait_until(lambda: self.is_ready() or process.poll() is not None or given_up(), seconds)
        if given_up() or self.is_ready():
            return
        self.stop()
        with self.log.open("rb") as log:
            log.seek(self._log_start)
            text = log.read(1_000_000).decode(errors="replace")
        raise log_error("Valkey", self.folder.path, self.log, text)

    def stop(self) -> None:
        if self._process is not None:
            end(self._process, STOP)
            self._process = None
            leave_socket_folder(self.folder.path, Path(self._address().read_text(encoding="utf-8")).parent)
        self._lock.release()

    def attached(self) -> bool:
        """Whether a server of this folder answers now, whoever started it."""
        if not processes_in(self.folder.valkey, PROGRAM):
            return False
        try:
            return _answers(Path(self._address().read_text(encoding="utf-8")))
        except OSError:
            return False

    def _address(self) -> Path:
        return self.folder.path / "run" / "valkey.address"

    def _spawn(self, program: Path) -> subprocess.Popen[bytes]:
        sockets = self.folder.socket_folder()
        (sockets / SOCKET).unlink(missing_ok=True)
        self._address().write_text(str(sockets / SOCKET), encoding="utf-8")
        config = self.folder.path / "run" / "valkey.conf"
        with handle(sockets) as (place, descriptor):
            configuration.write(config, configuration.valkey(f"{place}/{SOCKET}", "."))
            self._log_start = self.log.stat().st_size if self.log.exists() else 0
            return spawn(
                [program, config],
                log=self.log,
                environment=binaries.QUIET_ENVIRONMENT,
                death_signal=signal.SIGKILL,
                folder=self.folder.valkey,
                pass_fds=(descriptor,),
            )


def _answers(path: Path) -> bool:
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(PING_SECONDS)
        connection.connect(str(path))
        connection.sendall(b"PING\r\n")
        return connection.recv(64).startswith(b"+PONG")
    return False
