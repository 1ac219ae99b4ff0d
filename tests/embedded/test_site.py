"""The whole product, started as a person starts it."""

import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import msgspec
import pytest

from callboard.embedded.process import processes_in
from callboard.up import site
from kernel.settings import load_settings
from tests.embedded.helpers import Program, all_gone, descendants, free_port, program, timed


def start(folder: Path, port: int, out: str, *more: str) -> Program:
    command = ("-m", "callboard.cli", "up", "--data-dir", str(folder / "data"), "--port", str(port), *more)
    return Program(*command, out=folder / out)


def get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310  our own address
        return bytes(answer.read())


def import_seconds() -> float:
    """What it costs to load the product in this minute: the floor of any start, on a machine that others use too."""
    begin = time.monotonic()
    subprocess.run([sys.executable, "-c", "import callboard.app"], check=True)
    return time.monotonic() - begin


@pytest.mark.slow
def test_a_second_start_takes_less_than_five_seconds_and_shows_no_password_again(folder: Path) -> None:
    port = free_port()
    first = start(folder, port, "first", "--demo")
    try:
        first.says("Stop: Ctrl-C")
        assert "Administrator: admin@callboard.local   password: " in first.said
        assert "annotator@callboard.example" in first.said
        assert get(f"http://127.0.0.1:{port}/sign-in")
        first.process.send_signal(signal.SIGINT)
        with timed(10, "the stop"):
            assert first.ends(15) == 0
    finally:
        first.kill()
    limit = max(5, 4 * import_seconds())
    second = start(folder, port, "second", "--demo")
    try:
        with timed(limit, "the second start"):
            second.says("Stop: Ctrl-C")
        assert "Administrator:" not in second.said
        assert "annotator@callboard.example" in second.said
        everything = descendants(second.process.pid)
        assert sum(" -m callboard.cli " in line for line in everything.values()) >= 3
    finally:
        second.kill()
    all_gone(everything)


@pytest.mark.slow
def test_a_command_has_a_site_of_its_own_or_uses_the_running_one(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        settings = load_settings(folder / "data", environ={}, port=busy.getsockname()[1])
        with site(settings) as url:
            assert not url.endswith(f":{settings.port}")
            assert msgspec.json.decode(get(f"{url}/readyz"))["ready"] is True
            with site(settings) as same:
                assert same == url
            assert msgspec.json.decode(get(f"{url}/readyz"))["ready"] is True
    assert not processes_in(folder / "data" / "postgres", "postgres")


@pytest.mark.slow
def test_check_works_beside_a_site_and_alone(folder: Path) -> None:
    settings = load_settings(folder / "data", environ={}, port=free_port())
    command = ("-m", "callboard.cli", "check", "--json", "--data-dir", str(folder / "data"))
    with site(settings), program(*command, out=folder / "beside") as beside:
        assert beside.ends() == 0, beside.said
    with program(*command, out=folder / "alone") as alone:
        assert alone.ends() == 0, alone.said
    for said in (beside.said, alone.said):
        assert msgspec.json.decode(said)["ok"] is True
