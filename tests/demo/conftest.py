from pathlib import Path

import pytest

from tests.again import allow_second_try
from tests.api.conftest import app, client

__all__ = ["app", "client"]

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those that start a site of processes of its own, and kill some."""
    allow_second_try(items, [HERE / "test_chaos.py", HERE / "test_resident.py"])
