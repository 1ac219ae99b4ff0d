from pathlib import Path

import pytest

from tests.again import allow_second_try


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The drive kills parts of a real site; the judge is a pure function."""
    allow_second_try(items, [Path(__file__).parent / "test_drive.py"])
