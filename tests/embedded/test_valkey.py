import os
import signal
from pathlib import Path

import pytest
import redis

from callboard.embedded import EmbeddedValkey, StartError
from callboard.embedded.process import processes_in


@pytest.mark.parametrize("name", ["data", "x" * 140, "a, b 'c' é%2F?&"])
def test_what_was_written_survives_kill_9(folder: Path, name: str) -> None:
    server = EmbeddedValkey(folder / name)
    server.start()
    try:
        with redis.Redis.from_url(server.url) as client:
            client.rpush("queue", *range(1000))
        assert server.pid is not None
        os.kill(server.pid, signal.SIGKILL)
        server.start()
        with redis.Redis.from_url(server.url) as client:
            assert client.llen("queue") == 1000
    finally:
        server.stop()
    assert not processes_in(folder / name / "valkey", "valkey-server")


def test_its_socket_is_for_this_account_alone(folder: Path) -> None:
    server = EmbeddedValkey(folder / "data")
    server.start()
    assert (folder / "data" / "run" / "valkey.sock").stat().st_mode & 0o077 == 0
    server.stop()


def test_one_process_answers_for_a_folder(folder: Path) -> None:
    server = EmbeddedValkey(folder / "data")
    server.start()
    try:
        second = EmbeddedValkey(folder / "data")
        with pytest.raises(StartError, match="already run by process"):
            second.start()
        assert second.attached()
    finally:
        server.stop()
    assert not second.attached()
