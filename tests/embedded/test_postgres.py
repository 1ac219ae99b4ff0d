import asyncio
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from callboard.embedded import EmbeddedPostgres, StartError, binaries
from callboard.embedded.process import Account, is_alive, processes_in, unprivileged_account
from tests.embedded.helpers import all_gone, copy_data, descendants, program, timed, until

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root demotes")


@pytest.fixture
def server(folder: Path, fresh_data: Path) -> Iterator[EmbeddedPostgres]:
    copy_data(fresh_data, folder / "data")
    made = EmbeddedPostgres(folder / "data")
    made.start()
    yield made
    made.stop()


def ask(dsn: str, *statements: str) -> Any:
    async def talk() -> Any:
        connection = await asyncpg.connect(dsn)
        try:
            for statement in statements[:-1]:
                await connection.execute(statement)
            return await connection.fetchval(statements[-1])
        finally:
            await connection.close()

    return asyncio.run(talk())


def kill_postmaster(server: EmbeddedPostgres) -> None:
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)


def test_data_survives_a_stop_and_the_second_start_is_quick(server: EmbeddedPostgres, folder: Path) -> None:
    ask(server.dsn(), "CREATE TABLE kept (n int)", "INSERT INTO kept VALUES (7)", "SELECT 1")
    server.stop()
    assert not processes_in(folder / "data" / "postgres", "postgres")
    with timed(20, "the second start"):
        server.start()
    assert ask(server.dsn(), "SELECT n FROM kept") == 7


def test_the_program_is_no_superuser_and_owns_its_database(server: EmbeddedPostgres) -> None:
    assert ask(server.dsn(), "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False
    assert ask(server.dsn("postgres", superuser=True), "SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
    server.ensure_database('it\'s "two"')
    server.ensure_database('it\'s "two"')
    assert ask(server.dsn('it\'s "two"'), "SELECT current_database()") == 'it\'s "two"'


def test_a_wrong_password_is_refused_on_the_socket(server: EmbeddedPostgres) -> None:
    right = server.folder.secret("postgres-callboard")
    with pytest.raises(asyncpg.InvalidPasswordError):
        ask(server.dsn().replace(right, "wrong"), "SELECT 1")


def test_secrets_are_for_this_account_alone(server: EmbeddedPostgres) -> None:
    for file in (server.folder.path / "secrets").iterdir():
        assert file.stat().st_mode & 0o077 == 0
    assert server.folder.path.stat().st_mode & 0o077 == 0


def test_what_was_committed_survives_kill_9(server: EmbeddedPostgres, folder: Path) -> None:
    ask(server.dsn(), "CREATE TABLE kept (n int)", "SELECT 1")
    for n in range(3):
        ask(server.dsn(), f"INSERT INTO kept VALUES ({n})", "SELECT 1")  # noqa: S608  a number
        kill_postmaster(server)
        server.start()
    server.stop()
    again = EmbeddedPostgres(folder / "data")
    again.start()
    assert ask(again.dsn(), "SELECT count(*) FROM kept") == 3
    again.stop()


def test_a_frozen_backend_of_a_killed_server_is_ended_before_the_next_one_starts(server: EmbeddedPostgres) -> None:
    """Two servers on one folder would destroy it; a backend that hangs does not notice that its server is gone."""

    async def freeze() -> int:
        connection = await asyncpg.connect(server.dsn())
        backend = int(await connection.fetchval("SELECT pg_backend_pid()"))
        os.kill(backend, signal.SIGSTOP)
        kill_postmaster(server)
        connection.terminate()
        return backend

    backend = asyncio.run(freeze())
    assert is_alive(backend)
    server.start()
    assert not is_alive(backend)
    assert ask(server.dsn(), "SELECT 1") == 1


@pytest.mark.parametrize("owner", ["another program", "a zombie"])
def test_a_lock_file_whose_number_belongs_to_something_else_is_stale(
    server: EmbeddedPostgres, folder: Path, owner: str
) -> None:
    lock_file = folder / "data" / "postgres" / "postmaster.pid"
    content = lock_file.read_text().splitlines()
    server.stop()
    account = unprivileged_account()
    # Of the server's own account: only then does PostgreSQL itself believe the file.
    other = subprocess.Popen(
        ["sleep", "60"] if owner == "another program" else ["true"], user=account.uid if account else None
    )
    if owner == "a zombie":
        until(lambda: not is_alive(other.pid), "it became a zombie")
    lock_file.write_text("\n".join([str(other.pid), *content[1:]]) + "\n")
    try:
        server.start()
        assert ask(server.dsn(), "SELECT 1") == 1
        assert owner == "a zombie" or other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_one_process_answers_for_a_folder(server: EmbeddedPostgres, folder: Path) -> None:
    second = EmbeddedPostgres(folder / "data")
    with pytest.raises(StartError, match="already run by process"):
        second.start()
    assert second.attached()
    assert ask(second.dsn(), "SELECT 1") == 1
    server.stop()
    assert not second.attached()


@pytest.mark.parametrize("name", ["x" * 140, "a, b 'c' é%2F?&"])
def test_any_folder_name_will_do(folder: Path, name: str) -> None:
    server = EmbeddedPostgres(folder / name)
    server.start()
    try:
        assert ask(server.dsn(), "SELECT 1") == 1
        server.ensure_database("two")
        sockets = Path((folder / name / "run" / "postgres.address").read_text())
    finally:
        server.stop()
    assert sockets.is_relative_to(folder) or not sockets.exists()


def test_a_database_half_made_is_made_anew(folder: Path) -> None:
    staging = folder / "data" / "postgres.new" / "cluster"
    staging.mkdir(parents=True)
    (staging / "PG_VERSION").write_text("18\n")
    server = EmbeddedPostgres(folder / "data")
    server.start()
    assert ask(server.dsn(), "SELECT 1") == 1
    server.stop()
    assert not staging.parent.exists()


def test_a_database_that_vanished_is_not_replaced_by_an_empty_one(server: EmbeddedPostgres, folder: Path) -> None:
    kill_postmaster(server)
    shutil.move(folder / "data" / "postgres", folder / "elsewhere")
    with pytest.raises(StartError, match="has vanished"):
        server.start()
    assert not (folder / "data" / "postgres").exists()


def test_another_version_of_the_database_is_named(server: EmbeddedPostgres, folder: Path) -> None:
    server.stop()
    (folder / "data" / "postgres" / "PG_VERSION").write_text("15\n")
    with pytest.raises(StartError, match="is of PostgreSQL 15 and this Callboard brings 18"):
        server.start()


def test_a_server_that_cannot_start_says_why_in_one_sentence(server: EmbeddedPostgres, folder: Path) -> None:
    server.stop()
    (folder / "data" / "postgres" / "local.conf").write_text("shared_buffers = nonsense\n")
    with pytest.raises(StartError, match="contains errors") as caught:
        server.start()
    assert "\n" not in caught.value.detail


def test_a_full_disk_is_named(folder: Path) -> None:
    small = folder / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=30m", "tmpfs", small], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("this account may not mount a small disk")
    try:
        server = EmbeddedPostgres(small / "data")
        with pytest.raises(StartError, match="is full; free some space"):
            server.start()
    finally:
        subprocess.run(["umount", "-l", small], check=True)


def test_nothing_outlives_the_process_that_started_it(folder: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from callboard.embedded import EmbeddedPostgres, EmbeddedValkey\n"
        "a = EmbeddedPostgres(Path(sys.argv[1])); a.start(); b = EmbeddedValkey(Path(sys.argv[1])); b.start()\n"
        "print('ready', flush=True); time.sleep(60)"
    )
    with program("-c", script, folder / "data", out=folder / "out") as parent:
        parent.says("ready")
        children = descendants(parent.process.pid)
        assert len(children) > 3
        parent.kill()
        all_gone(children)


@as_root
def test_root_demotes_it_and_a_closed_parent_folder_is_no_obstacle(folder: Path) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    server = EmbeddedPostgres(closed / "data")
    server.start()
    try:
        assert server.pid is not None
        assert Path(f"/proc/{server.pid}").stat().st_uid != 0
        assert closed.stat().st_mode & 0o777 == 0o700
        assert ask(server.dsn(), "CREATE TABLE t (n int)", "SELECT count(*) FROM t") == 0
    finally:
        server.stop()


@as_root
def test_root_copies_programs_that_the_account_cannot_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.chmod(0o755)
    cache = folder / "cache"
    account = unprivileged_account()
    assert account is not None
    really_runs = binaries._runs
    monkeypatch.setattr(binaries, "SHARED_CACHE", cache)

    def closed_environment(programs: Path, who: Account) -> bool:
        return programs.is_relative_to(cache) and really_runs(programs, who)

    monkeypatch.setattr(binaries, "_runs", closed_environment)
    former = os.umask(0o077)
    try:
        server = EmbeddedPostgres(folder / "data")
        server.start()
        assert ask(server.dsn(), "SELECT 1") == 1
        assert cache in Path(f"/proc/{server.pid}/exe").readlink().parents
        server.stop()
    finally:
        os.umask(former)


@as_root
def test_an_ordinary_user_needs_no_demotion(folder: Path) -> None:
    """For an ordinary user every other test here is this one."""
    account = unprivileged_account()
    assert account is not None
    os.chown(folder, account.uid, account.gid)

    def as_other(python: str, script: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [python, "-c", script, folder / "data"],
            user=account.uid,
            group=account.gid,
            extra_groups=[],
            capture_output=True,
            check=False,
            text=True,
            cwd="/",
            env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "PYTHONPATH": os.pathsep.join(sys.path)},
        )

    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    for python in (sys.executable, f"/usr/bin/python{version}", f"/usr/local/bin/python{version}"):
        with contextlib.suppress(OSError):
            if as_other(python, "import callboard.cli").returncode == 0:
                done = as_other(
                    python,
                    "import sys; from pathlib import Path\n"
                    "from callboard.embedded import EmbeddedPostgres, EmbeddedValkey\n"
                    "a = EmbeddedPostgres(Path(sys.argv[1])); a.start(); b = EmbeddedValkey(Path(sys.argv[1])); b.start()\n"
                    "a.ensure_database('two'); b.stop(); a.stop(); print('well')",
                )
                assert done.stdout.strip() == "well", done.stderr
                assert Path(folder / "data" / "postgres").stat().st_uid == account.uid
                return
    pytest.skip("no other account can read this environment")


def test_the_socket_is_gone_from_a_folder_that_somebody_else_made(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder in /tmp that another account could write into is not used."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    long = folder / ("y" * 140)
    first = EmbeddedPostgres(long).folder
    first.path.mkdir()
    (first.path / "run").mkdir()
    chosen = first.socket_folder()
    assert chosen.parent == folder
    chosen.chmod(0o777)
    assert EmbeddedPostgres(long).folder.socket_folder() != chosen
    with socket.socket(socket.AF_UNIX) as probe:
        probe.bind(str(chosen / ".s.PGSQL.5432"))
