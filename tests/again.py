"""A second try for the tests that drive a real browser or kill real processes, and for no others.

What they depend on besides our code is not ours: Chromium's start, the scheduler of a busy machine, a port that somebody
else took between the look and the bind. Such a test may fail once in some thousand runs for none of our faults, and one
of five thousand would fail the whole run. The second try begins with a database and processes of its own; a fault of
ours fails it as well. Every first failure stands with its traceback at the end of the run.

All other tests depend on nothing but our code and a database: where one of them fails now and then, it or the code has a
race, and a second try would hide it.
"""

from collections.abc import Iterable
from pathlib import Path

import pytest

TRIES_AFTER_THE_FIRST = 1


def allow_second_try(items: Iterable[pytest.Item], places: Iterable[Path]) -> None:
    """Marks the tests in these files and folders."""
    real = tuple(places)
    for item in items:
        if any(item.path.is_relative_to(place) for place in real):
            item.add_marker(pytest.mark.flaky(reruns=TRIES_AFTER_THE_FIRST))
