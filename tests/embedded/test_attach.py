import signal
import time
from pathlib import Path

from callboard.embedded.process import processes_in
from tests.embedded.helpers import HERE, all_gone, descendants, free_port, program, timed, until

PARTS = HERE / "parts.py"


def test_a_lone_command_has_servers_for_as_long_as_it_lasts(folder: Path) -> None:
    with program(PARTS, "hold", folder / "data", "0.1", out=folder / "out") as command:
        assert command.ends() == 0
        assert "has postgresql://callboard:" in command.said
    assert not processes_in(folder / "data" / "postgres", "postgres")
    assert not processes_in(folder / "data" / "valkey", "valkey-server")


def test_a_second_command_joins_the_first_which_waits_for_it(folder: Path) -> None:
    one, two = folder / "one may go", folder / "two may go"
    with program(PARTS, "hold", folder / "data", one, out=folder / "first") as first:
        until(lambda: processes_in(folder / "data" / "postgres", "postgres") != [], "the first began")
        with program(PARTS, "hold", folder / "data", two, out=folder / "second") as second:
            second.says("has postgresql://")
            assert second.said.splitlines()[0] == first.said.splitlines()[0]
            one.touch()
            time.sleep(1)  # much longer than the first would have stayed by itself
            assert first.process.poll() is None
            assert second.process.poll() is None
            two.touch()
            assert second.ends() == 0
            assert first.ends() == 0


def test_a_command_joins_a_running_site(folder: Path) -> None:
    with program(PARTS, "up", folder / "data", str(free_port()), out=folder / "site") as site:
        site.says("Callboard is ready")
        with program(PARTS, "hold", folder / "data", "0.1", out=folder / "out") as command:
            assert command.ends() == 0
        assert site.process.poll() is None
        assert "starting it again" not in site.said


def test_the_servers_of_a_killed_command_end_with_it(folder: Path) -> None:
    with program(PARTS, "hold", folder / "data", "60", out=folder / "out") as command:
        command.says("has postgresql://")
        children = descendants(command.process.pid)
        command.kill()
        all_gone(children)
    with program(PARTS, "hold", folder / "data", "60", out=folder / "out") as command:
        command.says("has postgresql://")
        command.process.send_signal(signal.SIGINT)
        assert command.ends() != 0
    assert not processes_in(folder / "data" / "postgres", "postgres")


def test_a_part_that_is_told_to_stop_does_not_wait_for_its_guests_for_ever(folder: Path) -> None:
    """A lone `callboard worker` owns the servers here, and somebody has joined it for a long time."""
    worker = ("-m", "callboard.cli", "worker", "--data-dir", str(folder / "data"))
    with program(*worker, out=folder / "worker", CALLBOARD_STOP_SECONDS="2") as owner:
        until(lambda: processes_in(folder / "data" / "postgres", "postgres") != [], "the worker has its servers")
        with program(PARTS, "hold", folder / "data", "60", out=folder / "guest") as guest:
            guest.says("has postgresql://")
            owner.says("Event loop is running")
            owner.process.send_signal(signal.SIGTERM)
            with timed(30, "the stop"):
                assert owner.ends() == 0
            guest.kill()
    assert not processes_in(folder / "data" / "postgres", "postgres")
