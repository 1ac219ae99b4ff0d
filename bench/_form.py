"""The one form of all benchmarks: `bench/NAME.py [--quick] [--json] [--seed N]`.

A benchmark measures, and says of each figure what it should be. The last line with --json is one object,
`{"goals": [{"name", "measured", "goal", "unit", "ok"}], "seed", "machine"}`; the status is 0 only if every goal is met.
Timings are ratios to a floor measured in the same run, because machines and their moods differ.
"""

import argparse
import json
import math
import os
import platform
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

DEFAULT_SEED = 20_261_122

# A benchmark bears the name of what it measures; behind the installed packages `bench/skills.py` cannot be taken for `skills`.
HERE = str(Path(__file__).resolve().parent)
sys.path[:] = [*(entry for entry in sys.path if entry != HERE), HERE]


class Goal(NamedTuple):
    """`goal` is a floor for `measured`, or a ceiling where `at_most` is set; both in `unit`."""

    name: str
    measured: float
    goal: float
    unit: str
    at_most: bool = False

    @property
    def ok(self) -> bool:
        """A figure that could not be taken (NaN, infinity) meets no goal."""
        if not math.isfinite(self.measured):
            return False
        return self.measured <= self.goal if self.at_most else self.measured >= self.goal

    def as_json(self) -> dict[str, Any]:
        measured = self.measured if math.isfinite(self.measured) else None
        return {"name": self.name, "measured": measured, "goal": self.goal, "unit": self.unit, "ok": self.ok}

    def as_text(self) -> str:
        bound = "at most" if self.at_most else "at least"
        return f"{'met   ' if self.ok else 'MISSED'}  {self.name}: {self.measured:,.4g} {self.unit} ({bound} {self.goal:,.4g})"


class Options(NamedTuple):
    quick: bool
    """Under 40 s on two cores."""
    seed: int
    """Of everything that is drawn by lot: the same seed, the same work."""
    path: Path | None = None
    """Of a file to measure on, where the benchmark takes one."""


def main(
    description: str,
    measure: Callable[[Options], Sequence[Goal]],
    argv: Sequence[str] | None = None,
    *,
    path: str | None = None,
) -> int:
    """The status to leave with. What `measure` prints comes before the goals. `path` says what the file is that may be named."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="less of it, under 40 s on two cores")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED, help="of everything that is drawn by lot")
    parser.set_defaults(path=None)
    if path is not None:
        parser.add_argument("path", type=Path, nargs="?", help=path)
    chosen = parser.parse_intermixed_args(argv)
    goals = measure(Options(chosen.quick, chosen.seed, chosen.path))
    for goal in goals:
        print(goal.as_text())
    if chosen.json:
        print(json.dumps({"goals": [goal.as_json() for goal in goals], "seed": chosen.seed, "machine": machine()}))
    sys.stdout.flush()
    return 0 if goals and all(goal.ok for goal in goals) else 1


def machine() -> str:
    """Cores that this process may use, interpreter, processor."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{cores} cores, {platform.python_implementation()} {platform.python_version()}, {_processor()}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, "") or platform.processor() or platform.machine()
