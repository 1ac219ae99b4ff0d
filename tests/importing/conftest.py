from collections.abc import Iterator
from contextlib import ExitStack

import pytest


@pytest.fixture
def closing() -> Iterator[ExitStack]:
    """Closes what a test enters into it."""
    with ExitStack() as stack:
        yield stack
