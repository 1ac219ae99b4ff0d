"""The whole product on an empty folder: an import to its end, with parts of it killed in the middle, and without."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.demo.chaos import PARTS, Kill, faults, plan, run, write_sample

TASKS = 30


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Short enough for a socket, and open to the account that the database runs under."""
    folder = tmp_path_factory.mktemp("chaos")
    for path in (folder, *folder.parents[:2]):
        path.chmod(0o755)
    return folder


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_killed_api_worker_and_database_change_nothing_at_the_end(folder: Path) -> None:
    file = folder / "sample.ndjson"
    write_sample(file, TASKS)
    seed = int(os.environ.get("CALLBOARD_CHAOS_SEED", "0"))
    kills = plan(PARTS, TASKS, seed)
    assert sorted(kill.part for kill in kills) == sorted(PARTS)
    result = run(folder / "data", file, kills, seed=seed)
    assert faults(result, TASKS) == []
    assert all(0 < done.accepted < TASKS for done in result.kills), "each in the middle"
    assert list(result.line) == ["tasks", "accepted", "paid", "rejected", "turns", "seconds", "amount"]
    assert result.line["amount"]["currency"] == "USD"
    # Once more on the same folder: nothing is left to do, and nothing is paid twice.
    again = run(folder / "data", file, [], seed=seed)
    assert faults(again, TASKS) == []
    assert again.line["amount"] == result.line["amount"]


def test_a_demo_beside_another_one_is_refused_in_a_sentence(folder: Path) -> None:
    from callboard.embedded.datafolder import Lock

    data = folder / "data"
    (data / "demo").mkdir(parents=True)
    with Lock(data / "demo" / "people.lock") as lock:
        assert lock.take("callboard demo")
        done = subprocess.run(
            [sys.executable, "-m", "callboard.cli", "demo", "--data-dir", data, "--to-completion"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("callboard: Simulated people are at work on this folder already, moved by process ")
    assert "Traceback" not in done.stderr


def test_the_kills_of_a_seed_are_the_same_again_and_lie_in_the_middle() -> None:
    for seed in range(50):
        kills = plan(PARTS, 80, seed)
        assert kills == plan(PARTS, 80, seed)
        assert all(1 <= kill.after < 80 * 0.9 for kill in kills)
        assert [kill.after for kill in kills] == sorted(kill.after for kill in kills)
    assert len({tuple(kill.part for kill in plan(PARTS, 80, seed)) for seed in range(50)}) == 6


def test_a_sample_is_made_of_different_tasks(tmp_path: Path) -> None:
    write_sample(tmp_path / "sample", 24)
    tasks = [json.loads(line) for line in (tmp_path / "sample").read_text().splitlines()]
    assert len({task["external_id"] for task in tasks}) == 24
    assert len({task["domain"] for task in tasks}) == 5
    assert {task["language"] for task in tasks} == {"en", "zh-CN"}
    assert isinstance(Kill("api", 1).after, int)
