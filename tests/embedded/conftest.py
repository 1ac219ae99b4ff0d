import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from callboard.embedded import EmbeddedPostgres
from tests.again import allow_second_try


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    allow_second_try(items, [Path(__file__).parent])


@pytest.fixture
def folder() -> Iterator[Path]:
    """Short, so that a socket fits into it wherever the tests run."""
    made = Path(tempfile.mkdtemp(prefix="cb-", dir="/tmp"))
    yield made
    shutil.rmtree(made)


@pytest.fixture(scope="session")
def fresh_data() -> Iterator[Path]:
    """A data folder with an empty database in it, to be copied: making one takes most of a start."""
    made = Path(tempfile.mkdtemp(prefix="cb-", dir="/tmp"))
    server = EmbeddedPostgres(made / "data")
    server.start()
    server.stop()
    yield made / "data"
    shutil.rmtree(made)
