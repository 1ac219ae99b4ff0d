"""The form that every benchmark keeps, tried as a process, because the status and the last line are what others read."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "bench"
SCRIPT = """
import sys
from _form import Goal, main

def measure(options):
    print("quick" if options.quick else "whole", options.seed)
    return [{goals}]

sys.exit(main("a trial", measure))
"""


def run(folder: Path, goals: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    script = folder / "trial.py"
    script.write_text(SCRIPT.format(goals=goals))
    environment = {**os.environ, "PYTHONPATH": str(BENCH)}
    return subprocess.run(
        [sys.executable, script, *arguments], env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("goals", "met"),
    [
        ("Goal('rate', 12.0, 10.0, 'tasks/s')", [True]),
        ("Goal('rate', 10.0, 10.0, 'tasks/s'), Goal('share', 0.5, 0.5, 'ratio', at_most=True)", [True, True]),
        ("Goal('rate', 12.0, 10.0, 'tasks/s'), Goal('share', 0.6, 0.5, 'ratio', at_most=True)", [True, False]),
        ("Goal('rate', 9.0, 10.0, 'tasks/s')", [False]),
        ("Goal('rate', float('nan'), 10.0, 'tasks/s')", [False]),
        ("Goal('rate', float('inf'), 10.0, 'tasks/s')", [False]),
        ("", []),
    ],
)
def test_the_status_is_zero_only_if_every_goal_is_met(tmp_path: Path, goals: str, met: list[bool]) -> None:
    done = run(tmp_path, goals, "--json", "--seed", "7")
    assert done.returncode == (0 if met and all(met) else 1), done.stderr
    last = json.loads(done.stdout.splitlines()[-1], parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert set(last) == {"goals", "seed", "machine"}
    assert [goal["ok"] for goal in last["goals"]] == met
    assert all(set(goal) == {"name", "measured", "goal", "unit", "ok"} for goal in last["goals"])
    assert last["seed"] == 7


def test_options_reach_the_measurement(tmp_path: Path) -> None:
    done = run(tmp_path, "Goal('rate', 1.0, 1.0, 'x')", "--quick", "--seed", "3")
    assert done.stdout.splitlines()[0] == "quick 3"
    assert not done.stdout.rstrip().endswith("}")
    assert run(tmp_path, "Goal('rate', 1.0, 1.0, 'x')").stdout.startswith("whole ")


def test_the_machine_is_named(tmp_path: Path) -> None:
    done = run(tmp_path, "Goal('rate', 1.0, 1.0, 'x')", "--json")
    machine = json.loads(done.stdout.splitlines()[-1])["machine"]
    assert f"{len(os.sched_getaffinity(0))} cores, " in machine
    assert sys.version.split()[0] in machine
    assert machine.rpartition(", ")[2]


def test_every_benchmark_keeps_the_form() -> None:
    for script in sorted(BENCH.glob("[!_]*.py")):
        shown = subprocess.run([sys.executable, script, "--help"], capture_output=True, text=True, check=False)
        assert shown.returncode == 0, shown.stderr
        assert all(option in shown.stdout for option in ("--quick", "--json", "--seed"))


@pytest.mark.parametrize("where", [0, 1, 3])
def test_a_file_may_be_named_before_between_and_after_the_options(tmp_path: Path, where: int) -> None:
    script = tmp_path / "trial.py"
    script.write_text(
        "import sys\nfrom _form import Goal, main\n\ndef measure(options):\n    print(options)\n    return [Goal('rate', 1, 1, 'x')]\n\n"
        "sys.exit(main('a trial', measure, path='a log'))\n"
    )
    arguments = ["--quick", "--seed", "3"]
    arguments.insert(where, "log.csv")
    environment = {**os.environ, "PYTHONPATH": str(BENCH)}
    done = subprocess.run(
        [sys.executable, script, *arguments], env=environment, capture_output=True, text=True, check=False
    )
    assert done.stdout.startswith(f"Options(quick=True, seed=3, path={Path('log.csv')!r})"), done.stderr


def test_a_benchmark_that_takes_no_file_says_so(tmp_path: Path) -> None:
    done = run(tmp_path, "Goal('rate', 1.0, 1.0, 'x')", "log.csv")
    assert done.returncode == 2
    assert "log.csv" in done.stderr
