"""The data folder: what lies where, who may use it, and where a socket fits.

callboard.lock   held by the process that answers for the folder
logs/            one file per process
postgres/        the cluster
run/             sockets, and the address of the site while it runs
secrets/         passwords of the embedded database
valkey/          its append-only file
"""

import contextlib
import fcntl
import hashlib
import os
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from callboard.embedded.errors import StartError, disk_full, folder_error
from callboard.embedded.process import HAS_PROC, Account

# sun_path holds 108 bytes on Linux and 104 on macOS, one of them for the final NUL.
SOCKET_PATH_BYTES = 103
DEMOTED = "pg"
LONGEST_SOCKET_NAME = f"{DEMOTED}/.s.PGSQL.5432"


class DataFolder:
    def __init__(self, path: Path) -> None:
        self.path = path.expanduser().resolve()

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def postgres(self) -> Path:
        return self.path / "postgres"

    @property
    def valkey(self) -> Path:
        return self.path / "valkey"

    @property
    def lock(self) -> Path:
        return self.path / "callboard.lock"

    @property
    def site(self) -> Path:
        return self.path / "run" / "site.json"

    def prepare(self, free_bytes: int = 0) -> None:
        """Makes the folders, for this account alone; raises `StartError` where one cannot be written."""
        try:
            for folder in (self.path, self.logs, self.path / "run", self.path / "secrets"):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.path) as probe:
                probe.write(bytes(4096))
                probe.flush()
            if shutil.disk_usage(self.path).free < free_bytes:
                raise disk_full(self.path)
        except OSError as error:
            raise folder_error(error, self.path) from error

    def secret(self, name: str) -> str:
        """A password of 192 bits, made on first use, in a file that only this account can read."""
        file = self.path / "secrets" / name
        try:
            if not file.exists():
                fresh = file.with_suffix(".new")
                fresh.unlink(missing_ok=True)
                with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
                    out.write(secrets.token_urlsafe(24))
                    out.flush()
                    os.fsync(out.fileno())
                fresh.replace(file)
            return file.read_text()
        except OSError as error:
            raise folder_error(error, self.path) from error

    def socket_folder(self, account: Account | None = None) -> Path:
        """A folder for Unix sockets: inside the data folder where that fits, else a short one of our own.

        Clients name the socket by its path, and neither the kernel takes a long one nor libpq one with a comma.
        """
        tag = hashlib.sha256(os.fsencode(self.path)).hexdigest()[:12]
        short = [Path(base) for base in (os.environ.get("XDG_RUNTIME_DIR"), tempfile.gettempdir(), "/tmp") if base]  # noqa: S108  ours() refuses a folder that somebody else made
        own = self.path / "run"
        for folder in (own, *(base / f"callboard-{os.geteuid()}-{tag}" for base in short)):
            if len(os.fsencode(folder / LONGEST_SOCKET_NAME)) > SOCKET_PATH_BYTES or "," in str(folder):
                continue
            with contextlib.suppress(OSError):
                folder.mkdir(mode=0o700, exist_ok=True)
                if _ours(folder, account):
                    return _sub_folder(folder, account)
        raise StartError(f"No folder with a path short enough for a Unix socket was found for {self.path}.")


def leave_socket_folder(data_dir: Path, folder: Path) -> None:
    """Removes a short folder outside the data folder once the last server has left it."""
    if not folder.is_relative_to(data_dir):
        for place in (folder, folder.parent) if folder.name == DEMOTED else (folder,):
            with contextlib.suppress(OSError):
                place.rmdir()


def _ours(folder: Path, account: Account | None) -> bool:
    found = folder.lstat()
    owners = {os.geteuid()} | ({account.uid} if account else set())
    return stat.S_ISDIR(found.st_mode) and found.st_uid in owners and not found.st_mode & 0o022


def _sub_folder(folder: Path, account: Account | None) -> Path:
    """PostgreSQL's own part of it: a demoted server must be able to create its socket and nothing else."""
    if account is None:
        return folder
    inner = folder / DEMOTED
    inner.mkdir(mode=0o700, exist_ok=True)
    os.chown(inner, account.uid, account.gid)
    return inner


@contextlib.contextmanager
def handle(folder: Path) -> Iterator[tuple[str, int]]:
    """A short path to the folder for a child that inherits the given descriptor, and the descriptor.

    It needs no right on the folders above, so a demoted server works below a closed home folder whose permissions
    nobody has to widen, and it has no length to speak of.
    """
    descriptor = os.open(folder, os.O_DIRECTORY | getattr(os, "O_PATH", os.O_RDONLY))
    try:
        yield (f"/proc/self/fd/{descriptor}" if HAS_PROC else str(folder)), descriptor
    finally:
        os.close(descriptor)


class Lock:
    """An exclusive lock on a file that ends with the process that holds it, however that ends."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._held: IO[str] | None = None

    def take(self, purpose: str) -> bool:
        """False when another process holds it; `purpose` is what that one will be told."""
        if self._held is not None:
            return True
        with contextlib.ExitStack() as stack:
            try:
                file = stack.enter_context(self.file.open("a+", encoding="utf-8"))
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                file.truncate(0)
                file.write(f"{os.getpid()} {purpose}\n")
                file.flush()
            except BlockingIOError:
                return False
            except OSError as error:
                raise folder_error(error, self.file.parent) from error
            stack.pop_all()
        self._held = file
        return True

    def holder(self) -> str:
        """`process 4711 (callboard up)`, as the holder wrote it."""
        with contextlib.suppress(OSError, ValueError):
            pid, purpose = self.file.read_text(encoding="utf-8").strip().split(" ", 1)
            return f"process {pid} ({purpose})"
        return "another process"

    def release(self) -> None:
        if self._held is not None:
            self._held.close()
            self._held = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()
