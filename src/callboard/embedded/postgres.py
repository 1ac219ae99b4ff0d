"""PostgreSQL of one data folder: made once, started, stopped, and started again after any kind of death."""

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, urlencode

from callboard.embedded import binaries, configuration
from callboard.embedded.datafolder import DataFolder, Lock, handle, leave_socket_folder
from callboard.embedded.errors import StartError, folder_error, log_error
from callboard.embedded.process import (
    Step,
    clear_folder,
    end,
    is_alive,
    processes_in,
    run,
    spawn,
    unprivileged_account,
    wait_until,
)

DATABASE = "callboard"
# What the program signs in as: owner of its database, no superuser, as it should be in production.
ROLE = "callboard"
SUPERUSER = "postgres"
PROGRAM = "postgres"
PORT = 5432
# Recovery after a crash reads at most max_wal_size again.
START_SECONDS = 120.0
# Sessions are cut and the last checkpoint written; if that takes too long the log is enough to start from.
STOP = (Step(signal.SIGINT, 2.0), Step(signal.SIGQUIT, 0.5))


class EmbeddedPostgres:
    """The server of `data_dir`. One process at a time may run it; `attached()` is how the others find it."""

    def __init__(self, data_dir: Path, *, durable: bool = True) -> None:
        """`durable=False` leaves out fsync, for tests that throw their folder away."""
        self.folder = DataFolder(data_dir)
        self.log = self.folder.logs / "postgres.log"
        self._durable = durable
        self._account = unprivileged_account()
        self._lock = Lock(self.folder.path / "postgres.lock")
        self._process: subprocess.Popen[bytes] | None = None
        self._log_start = 0
        self._launched = False

    @property
    def exists(self) -> bool:
        """Whether the folder holds a database already."""
        return (self.folder.postgres / "PG_VERSION").exists()

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def dsn(self, database: str = DATABASE, *, superuser: bool = False) -> str:
        """For asyncpg and libpq; the password is in it."""
        role = SUPERUSER if superuser else ROLE
        password = self.folder.secret(f"postgres-{role}")
        where = urlencode({"host": self._address().read_text(encoding="utf-8"), "port": PORT})
        return f"postgresql://{role}:{quote(password)}@/{quote(database)}?{where}"

    def start(self, seconds: float = START_SECONDS) -> None:
        """Returns when connections are accepted; raises `StartError` with one sentence."""
        self.launch()
        self.wait_ready(seconds)

    def launch(self) -> subprocess.Popen[bytes]:
        """Starts the server without waiting for it, the folder first cleared of what a former one left."""
        self.folder.prepare()
        if not self._lock.take("PostgreSQL"):
            raise StartError(f"The database in {self.folder.path} is already run by {self._lock.holder()}.")
        if self._process is not None:
            end(self._process, STOP)
        try:
            programs = binaries.postgres_programs(self._account)
            self._clear()
            if not self.exists:
                self._initialize(programs)
            self._check_version(programs)
            self._process = self._spawn(programs)
            self._launched = True
        except OSError as error:
            self._lock.release()
            raise folder_error(error, self.folder.path) from error
        except BaseException:
            self._lock.release()
            raise
        return self._process

    def is_ready(self) -> bool:
        return self._process is not None and _status(self.folder.postgres) == (self._process.pid, "ready")

    def wait_ready(self, seconds: float = START_SECONDS, given_up: Callable[[], bool] = lambda: False) -> None:
        """Returns when it is ready or `given_up()` says that nobody wants it any more; else raises `StartError`."""
        process = self._process
        if process is None:
            raise StartError("The database was not started.")
        wait_until(lambda: self.is_ready() or process.poll() is not None or given_up(), seconds)
        if given_up() or self.is_ready():
            return
        ended = process.poll() is not None
        self.stop()
        if not ended:
            raise StartError(f"The database was not ready within {seconds:.0f} s; its log is {self.log}.")
        raise log_error("PostgreSQL", self.folder.path, self.log, self._said_since_launch())

    def stop(self) -> None:
        """Ends it and everything it started; nothing committed is lost, whichever way was needed."""
        if self._process is not None:
            end(self._process, STOP)
            self._process = None
            clear_folder(self.folder.postgres, PROGRAM, STOP)  # its sessions lead sessions of their own
            leave_socket_folder(self.folder.path, Path(self._address().read_text(encoding="utf-8")))
        self._lock.release()

    def ensure_database(self, name: str) -> None:
        """Makes an empty database owned by the program's role, unless there is one."""
        literal = name.replace("'", "''")
        if self._psql(f"SELECT 1 FROM pg_database WHERE datname = '{literal}'").strip():  # noqa: S608  quoted above
            return
        identifier = name.replace('"', '""')
        self._psql(f'CREATE DATABASE "{identifier}" OWNER {ROLE}')

    def attached(self) -> bool:
        """Whether a server of this folder accepts connections now, whoever started it."""
        found = _status(self.folder.postgres)
        return found is not None and found[1] == "ready" and found[0] in processes_in(self.folder.postgres, PROGRAM)

    def _psql(self, statement: str) -> str:
        programs = binaries.postgres_programs(None)
        command: list[str | Path] = [
            programs / "psql",
            "--no-psqlrc",
            "-qAtX",
            "-v",
            "ON_ERROR_STOP=1",
            "-c",
            statement,
        ]
        environment = binaries.QUIET_ENVIRONMENT | {
            "PGHOST": self._address().read_text(encoding="utf-8"),
            "PGPORT": str(PORT),
            "PGUSER": SUPERUSER,
            "PGDATABASE": "postgres",
            "PGPASSWORD": self.folder.secret(f"postgres-{SUPERUSER}"),
        }
        done = run(command, environment=environment)
        if done.returncode:
            raise log_error("A statement", self.folder.path, self.log, done.stderr)
        return done.stdout

    def _address(self) -> Path:
        return self.folder.path / "run" / "postgres.address"

    def _said_since_launch(self) -> str:
        with self.log.open("rb") as log:
            log.seek(self._log_start)
            return log.read(1_000_000).decode(errors="replace")

    def _clear(self) -> None:
        """A lock file proves nothing after a kill: its number may belong to a zombie or to another program by now.

        What counts is whether a process of this folder is alive; two servers on one folder would destroy it.
        """
        clear_folder(self.folder.postgres, PROGRAM, (Step(signal.SIGTERM, 0.0), *STOP))
        (self.folder.postgres / "postmaster.pid").unlink(missing_ok=True)

    def _check_version(self, programs: Path) -> None:
        ours = run([programs / "postgres", "--version"], environment=binaries.QUIET_ENVIRONMENT, account=self._account)
        major = ours.stdout.split()[-1].split(".")[0]
        theirs = (self.folder.postgres / "PG_VERSION").read_text().strip()
        if theirs != major:
            raise StartError(
                f"The database in {self.folder.postgres} is of PostgreSQL {theirs} and this Callboard brings {major}; "
                f"export with the old version and import with this one."
            )

    def _initialize(self, programs: Path) -> None:
        """Everything is made in a folder beside it and put in place by one rename: a cluster is whole or absent."""
        # An empty database in the place of one that was there a moment ago would look like lost work.
        if self._launched:
            raise StartError(f"The database in {self.folder.postgres} has vanished; bring it back or start anew.")
        staging = self.folder.path / "postgres.new"
        clear_folder(staging / "cluster", PROGRAM, ())
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(mode=0o700)
        password_file = staging / "password"
        password_file.touch(mode=0o600)
        password_file.write_text(self.folder.secret(f"postgres-{SUPERUSER}") + "\n")
        self._give(staging)
        self._give(password_file)
        with handle(staging) as (place, descriptor):
            self._must_run(
                [
                    programs / "initdb",
                    *("-D", f"{place}/cluster", "-U", SUPERUSER, f"--pwfile={place}/password"),
                    *("--auth-local=scram-sha-256", "--auth-host=scram-sha-256", "--encoding=UTF8", "--data-checksums"),
                    # Sorting by code point: the same on every machine, and no index breaks with a new C library.
                    *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions"),
                ],
                descriptor,
            )
            password = self.folder.secret(f"postgres-{ROLE}")
            # One command a line, without a socket: nobody can connect before the passwords are in place.
            self._must_run(
                [programs / "postgres", "--single", "-D", f"{place}/cluster", "template1"],
                descriptor,
                f"CREATE ROLE {ROLE} LOGIN CREATEDB PASSWORD '{password}';\nCREATE DATABASE {DATABASE} OWNER {ROLE};\n",
            )
        shutil.rmtree(self.folder.postgres, ignore_errors=True)
        (staging / "cluster").rename(self.folder.postgres)
        shutil.rmtree(staging)

    def _must_run(self, command: list[str | Path], descriptor: int, text_in: str | None = None) -> None:
        environment = binaries.QUIET_ENVIRONMENT
        done = run(command, account=self._account, text_in=text_in, environment=environment, pass_fds=(descriptor,))
        said = done.stderr + done.stdout
        # Single-user mode reports a failed command and goes on, so its exit status alone says little.
        if done.returncode or "ERROR:" in said:
            self.log.write_text(said)
            raise log_error("PostgreSQL's initialization", self.folder.path, self.log, said)

    def _spawn(self, programs: Path) -> subprocess.Popen[bytes]:
        sockets = self.folder.socket_folder(self._account)
        for name in (f".s.PGSQL.{PORT}", f".s.PGSQL.{PORT}.lock"):
            (sockets / name).unlink(missing_ok=True)
        self._address().write_text(str(sockets), encoding="utf-8")
        with handle(self.folder.postgres) as (cluster, data), handle(sockets) as (place, socket):
            text = configuration.postgres(place, PORT, durable=self._durable)
            self._write_into_cluster("postgresql.conf", text)
            if not (self.folder.postgres / "local.conf").exists():
                self._write_into_cluster(
                    "local.conf", "# Settings of this installation; Callboard never changes this file.\n"
                )
            self._log_start = self.log.stat().st_size if self.log.exists() else 0
            return spawn(
                [programs / "postgres", "-D", cluster],
                log=self.log,
                environment=binaries.QUIET_ENVIRONMENT,
                # Killed with its parent it needs no checkpoint: it cuts all sessions and is gone at once.
                death_signal=signal.SIGQUIT,
                account=self._account,
                pass_fds=(data, socket),
            )

    def _write_into_cluster(self, name: str, text: str) -> None:
        fresh = self.folder.postgres / f"{name}.new"
        fresh.unlink(missing_ok=True)
        fresh.touch(mode=0o600)
        fresh.write_text(text, encoding="utf-8")
        self._give(fresh)
        fresh.replace(self.folder.postgres / name)

    def _give(self, path: Path) -> None:
        if self._account is not None:
            os.chown(path, self._account.uid, self._account.gid)


def _status(cluster: Path) -> tuple[int, str] | None:
    """PID and state from the lock file of a running server; `None` when there is no complete one."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        lines = (cluster / "postmaster.pid").read_text().splitlines()
        pid, state = int(lines[0]), lines[7].strip()
        return (pid, state) if is_alive(pid) else None
    return None
