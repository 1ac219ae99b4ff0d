"""`callboard up` seen from a terminal, around tiny parts: what it says, and what is left when it is gone."""

import http.client
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
import redis

from callboard.embedded import EmbeddedPostgres, EmbeddedValkey
from callboard.embedded.process import is_alive
from tests.embedded.helpers import (
    HERE,
    Program,
    all_gone,
    command_line,
    copy_data,
    descendants,
    free_port,
    program,
    timed,
    until,
)

PARTS = HERE / "parts.py"
READY = "Callboard is ready: http://127.0.0.1:"


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def site(folder: Path, fresh_data: Path, port: int) -> Iterator[Program]:
    copy_data(fresh_data, folder / "data")
    with program(PARTS, "up", folder / "data", str(port), out=folder / "out") as running:
        running.says(READY)
        yield running


def get(port: int, path: str = "/") -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def answers(port: int) -> bool:
    try:
        return get(port) == "tiny"
    except OSError:
        return False


def child(site: Program, *words: str) -> int:
    """PID of the direct child whose command line has these words."""
    for pid, line in descendants(site.process.pid).items():
        if all(word in line for word in words):
            return pid
    return 0


def test_it_says_where_it_is_and_what_to_know(site: Program, port: int, folder: Path) -> None:
    assert f"{READY}{port}\n" in site.said
    assert "the demo's annotator is ann\n" in site.said
    assert get(port) == "tiny"
    assert {log.name for log in (folder / "data" / "logs").iterdir()} >= {"api.log", "postgres.log", "valkey.log"}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_it_stops_within_ten_seconds_with_a_stream_open(
    site: Program, port: int, folder: Path, number: signal.Signals
) -> None:
    everything = descendants(site.process.pid)
    with socket.create_connection(("127.0.0.1", port)) as stream:
        stream.sendall(b"GET /stream HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"data: x" in stream.recv(4096) + stream.recv(4096)
        site.process.send_signal(number)
        with timed(10, "the stop"):
            assert site.ends(15) == 0
    all_gone(everything)
    assert not (folder / "data" / "run" / "site.json").exists()


def test_the_web_server_alone_stops_with_a_stream_open(port: int, folder: Path) -> None:
    with program(PARTS, "api", out=folder / "out", CALLBOARD_PORT=str(port), CALLBOARD_STOP_SECONDS="4") as server:
        until(lambda: answers(port), "it answers")
        with socket.create_connection(("127.0.0.1", port)) as stream:
            stream.sendall(b"GET /stream HTTP/1.1\r\nHost: x\r\n\r\n")
            assert stream.recv(4096)
            server.process.terminate()
            with timed(20, "the stop"):
                server.ends()


def test_deaf_parts_do_not_hold_the_stop_up(folder: Path, port: int) -> None:
    with program(PARTS, "up", folder / "data", str(port), out=folder / "out", TEST_IDLE="deaf") as site:
        site.says(READY)
        everything = descendants(site.process.pid)
        site.process.terminate()
        with timed(10, "the stop"):
            assert site.ends(15) == 0
        all_gone(everything)


def test_kill_9_leaves_no_process_and_the_next_start_is_in_order(site: Program, port: int, folder: Path) -> None:
    everything = descendants(site.process.pid)
    assert any("postgres" in line for line in everything.values())
    assert sum(PARTS.name in line and " api" in line for line in everything.values()) == 2  # the server and its worker
    site.kill()
    all_gone(everything)
    with program(PARTS, "up", folder / "data", str(port), out=folder / "out2") as again, timed(30, "the second start"):
        again.says(READY)


def test_a_second_up_on_the_folder_is_refused_in_one_sentence(site: Program, folder: Path) -> None:
    with program(PARTS, "up", folder / "data", str(free_port()), out=folder / "out2") as second:
        assert second.ends() == 1
        assert second.said == (
            f"callboard: The data folder {folder}/data is in use by process {site.process.pid} (callboard up); "
            "stop that or choose another --data-dir.\n"
        )
    assert site.process.poll() is None


def test_a_busy_port_is_refused_before_anything_is_made(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        busy = other.getsockname()[1]
        with program(PARTS, "up", folder / "data", str(busy), out=folder / "out") as site:
            assert site.ends() == 1
            assert site.said == (
                f"callboard: Port {busy} on 127.0.0.1 is in use by another program; choose another --port.\n"
            )
    assert not (folder / "data" / "postgres").exists()


@pytest.mark.parametrize("role", ["api", "idle"])
def test_a_killed_part_runs_again(site: Program, port: int, role: str) -> None:
    first = child(site, PARTS.name, role)
    os.kill(first, signal.SIGKILL)
    site.says("was ended by SIGKILL; starting it again")

    def runs_again() -> bool:
        idle = [line for line in descendants(site.process.pid).values() if line.rstrip().endswith("parts.py idle")]
        return len(idle) == 2 and answers(port)

    until(runs_again, f"{role} runs again")


def test_a_killed_worker_of_the_web_server_runs_again(site: Program, port: int) -> None:
    server = child(site, PARTS.name, " api")
    (worker,) = descendants(server)
    os.kill(worker, signal.SIGKILL)
    until(lambda: worker not in descendants(server) and answers(port), "it answers again")


async def test_killed_servers_run_again_and_have_forgotten_nothing(site: Program, folder: Path) -> None:
    postgres, valkey = EmbeddedPostgres(folder / "data"), EmbeddedValkey(folder / "data")
    connection = await asyncpg.connect(postgres.dsn())
    await connection.execute("CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)")
    connection.terminate()
    with redis.Redis.from_url(valkey.url) as client:
        client.set("kept", 7)
    for name in ("bin/postgres", "valkey-server"):
        victim = child(site, name)
        os.kill(victim, signal.SIGKILL)
        until(lambda: not is_alive(victim) and child(site, name) not in (0, victim), f"{name} runs again")  # noqa: B023
    until(lambda: postgres.attached() and valkey.attached(), "both answer")
    connection = await asyncpg.connect(postgres.dsn())
    assert await connection.fetchval("SELECT n FROM kept") == 7
    await connection.close()
    with redis.Redis.from_url(valkey.url) as client:
        assert client.get("kept") == b"7"
    assert "api" not in site.said.split("starting it again", 1)[1]  # the parts went on


def test_a_part_that_never_starts_ends_it_with_its_reason(folder: Path, port: int) -> None:
    with program(PARTS, "up", folder / "data", str(port), out=folder / "out", TEST_API="dying") as site:
        assert site.ends() == 1
        last = site.said.splitlines()[-1]
        assert last.startswith("callboard: api does not start: RuntimeError: the tiny part always dies")


def cli(*arguments: str | Path, **environment: str) -> tuple[int, str]:
    """Status and stderr of the real command line."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("CALLBOARD_", "DATABASE_"))}
    command = [sys.executable, "-m", "callboard.cli", *arguments]
    done = subprocess.run(command, env=clean | environment, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stderr


@pytest.fixture
async def external(folder: Path) -> Iterator[str]:
    server = EmbeddedPostgres(folder / "external")
    server.start()
    yield server.dsn()
    server.stop()


@pytest.mark.parametrize("command", ["up", "migrate"])
async def test_an_external_database_that_does_not_let_us_in_is_one_sentence(
    external: str, folder: Path, port: int, command: str
) -> None:
    secret = external.split(":")[2].split("@", maxsplit=1)[0]
    closed = free_port()
    cases = {
        external.replace(secret, "wrong"): "user or password in DATABASE_URL is wrong",
        external.replace("/callboard?", "/nowhere?"): "has no database of that name",
        f"postgresql://u:{secret}@127.0.0.1:{closed}/db": f"at 127.0.0.1:{closed} cannot be reached",
        f"postgresql://u:{secret}@no-such-host.invalid/db": "host of the database at no-such-host.invalid:5432 is unknown",
        "mysql://somewhere": "is not an address of PostgreSQL",
    }
    for url, sentence in cases.items():
        status, said = cli(command, "--data-dir", folder / "data", DATABASE_URL=url, CALLBOARD_PORT=str(port))
        assert (status, said.count("\n")) == (1, 1), said
        assert said.startswith("callboard: ")
        assert sentence in said
        assert secret not in said


def test_commands_make_no_installation_of_a_mistyped_folder(folder: Path) -> None:
    place = folder / "dta"
    (folder / "lines.ndjson").write_text("{}\n")
    for command in (["check"], ["export"], ["import", folder / "lines.ndjson", "--project", "Chat"]):
        status, said = cli(*command, "--data-dir", place)
        assert (status, said.count("\n")) == (1, 1), said
        assert f"There is no installation in {place}" in said
        assert not place.exists()


async def test_commands_say_when_the_database_has_no_schema(external: str, folder: Path) -> None:
    for command in ("check", "export"):
        status, said = cli(command, "--data-dir", folder / "data", DATABASE_URL=external)
        assert (status, said.count("\n")) == (1, 1), said
        assert "run callboard migrate first" in said


def test_a_folder_that_cannot_be_used_is_one_sentence(folder: Path) -> None:
    (folder / "file").write_text("")
    cases = {
        folder / "file": "is a file where a folder is needed",
        folder / "file" / "below": "is a file where a folder",
    }
    for place, sentence in cases.items():
        status, said = cli("up", "--data-dir", place)
        assert (status, said.count("\n")) == (1, 1), said
        assert sentence in said


def test_a_closed_folder_is_one_sentence(folder: Path) -> None:
    """Root may write everywhere, except to a file system that takes no writes."""
    closed = folder / "closed"
    closed.mkdir(mode=0o500)
    if os.geteuid() == 0:
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", closed], capture_output=True, check=False
        )
        if mounted.returncode:
            pytest.skip("this account may not mount a read-only disk")
    try:
        status, said = cli("up", "--data-dir", closed / "data")
        assert (status, said.count("\n")) == (1, 1), said
        assert "may not be read or written" in said or "read-only file system" in said
    finally:
        if os.geteuid() == 0:
            subprocess.run(["umount", "-l", closed], check=True)


def test_a_disk_without_room_is_one_sentence(folder: Path) -> None:
    status, said = cli("up", "--data-dir", folder / "data", CALLBOARD_FREE_DISK_BYTES=str(10**18))
    assert (status, said) == (
        1,
        f"callboard: The disk that holds {folder}/data is full; free some space and start again.\n",
    )


def test_a_setting_that_cannot_be_used_is_one_sentence(folder: Path) -> None:
    status, said = cli("up", "--data-dir", folder / "data", CALLBOARD_LEASE_SECONDS="soon")
    assert (status, said.count("\n")) == (1, 1), said
    assert "lease_seconds" in said


def test_no_secret_is_on_a_command_line(site: Program, folder: Path) -> None:
    secrets = [file.read_text() for file in (folder / "data" / "secrets").iterdir()]
    lines = [command_line(pid) for pid in descendants(site.process.pid)]
    assert len(secrets) == 2
    assert not [line for line in lines for secret in secrets if secret in line]
