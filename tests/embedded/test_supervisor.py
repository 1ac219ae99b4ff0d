import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from callboard.embedded.process import Step, spawn
from callboard.supervisor import Child, Supervisor, describe_end, limit_logs
from tests.embedded.helpers import all_gone, descendants, timed, until

SLEEP = ["sleep", "600"]
DEAF = [sys.executable, "-c", "import signal, time; signal.signal(15, 1); print('deaf', flush=True); time.sleep(600)"]
PARENT = ["bash", "-c", "sleep 600 & sleep 600 & wait"]


class Stage:
    def __init__(self, folder: Path) -> None:
        self.log = folder / "child.log"
        self.said: list[str] = []
        self.supervisor = Supervisor([], self.said.append, backoff_seconds=0.2)

    def child(
        self, command: list[str], steps: tuple[Step, ...] = (Step(signal.SIGTERM, 0.5),), stage: int = 1
    ) -> Child:
        def launch() -> subprocess.Popen[bytes]:
            return spawn(command, log=self.log, environment=dict(os.environ))

        child = Child(command[0], launch, steps, stage)
        self.supervisor.adopt(child, launch())
        return child


@pytest.fixture
def stage(folder: Path) -> Stage:
    return Stage(folder)


def test_a_killed_child_runs_again_soon(stage: Stage) -> None:
    child = stage.child(SLEEP)
    assert child.process is not None
    first = child.process.pid
    child.process.kill()
    with timed(20, "the restart"):
        until(lambda: stage.supervisor.tick() or (child.process is not None and child.process.pid != first), "again")
    assert stage.said == ["sleep was ended by SIGKILL; starting it again in 0.2 s"]
    stage.supervisor.stop()


def test_a_child_that_always_dies_is_started_ever_more_rarely(stage: Stage) -> None:
    child = stage.child(["false"])
    until(lambda: stage.supervisor.tick() or child.quick_deaths >= 4, "four deaths")
    assert [line.rpartition(" in ")[2] for line in stage.said] == ["0.2 s", "0.4 s", "0.8 s", "1.6 s"]
    stage.supervisor.stop()


def test_a_healthy_life_forgets_former_deaths(stage: Stage) -> None:
    child = stage.child(SLEEP)
    assert child.process is not None
    child.quick_deaths, child.started_at = 3, time.monotonic() - 60
    child.process.kill()
    child.process.wait()
    stage.supervisor.tick()
    assert child.quick_deaths == 0
    assert child.process is not None
    assert child.process.poll() is None
    stage.supervisor.stop()


def test_what_a_dead_child_had_started_dies_with_it(stage: Stage) -> None:
    child = stage.child(PARENT)
    assert child.process is not None
    pid = child.process.pid
    until(lambda: len(descendants(pid)) == 2, "it has children")
    orphans = descendants(pid)
    child.process.kill()
    until(lambda: stage.supervisor.tick() or bool(stage.said), "its death was seen")
    all_gone(orphans)
    stage.supervisor.stop()


def test_all_are_asked_at_once_and_the_deaf_are_killed(stage: Stage) -> None:
    children = [stage.child(DEAF, (Step(signal.SIGTERM, 4),)) for _ in range(3)]
    until(lambda: stage.log.read_text().count("deaf") == 3, "they do not listen")
    pids = {child.process.pid: "" for child in children if child.process}
    with timed(10, "stopping three deaf children with four seconds each"):
        stage.supervisor.stop()
    all_gone(pids)


def test_later_stages_end_before_earlier_ones(stage: Stage, folder: Path) -> None:
    order = folder / "order"
    note = "trap 'echo {0} >> {1}; exit 0' TERM; echo up; while :; do sleep 0.05; done"
    for name, number in (("server", 0), ("part", 1)):
        stage.child(["bash", "-c", note.format(name, order)], (Step(signal.SIGTERM, 3),), number)
    until(lambda: stage.log.read_text().count("up") == 2, "both run")
    stage.supervisor.stop()
    assert order.read_text().split() == ["part", "server"]


def test_a_large_log_is_set_aside_while_its_writer_goes_on(folder: Path) -> None:
    log = folder / "api.log"
    with log.open("ab", buffering=0) as writer:
        writer.write(b"x" * 2000)
        limit_logs(folder, 1000)
        writer.write(b"after\n")
    assert log.read_bytes() == b"after\n"
    assert (folder / "api.log.1").read_bytes() == b"x" * 2000


def test_an_end_is_described_for_people() -> None:
    assert describe_end(1) == "ended (status 1)"
    assert describe_end(-9) == "was ended by SIGKILL"
    assert describe_end(-200) == "was ended by signal 200"
