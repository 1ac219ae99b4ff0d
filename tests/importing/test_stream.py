from collections.abc import AsyncIterator

import pytest

from callboard.importing.events import Unreadable
from callboard.importing.stream import stage_stream
from tests.importing.helpers import cut, limits
from tests.importing.test_stage import row


async def arriving(data: bytes, size: int, *, breaks_off: bool = False) -> AsyncIterator[bytes]:
    for block in cut(data, [size] * (len(data) // size)):
        yield block
    if breaks_off:
        raise ConnectionResetError


@pytest.mark.parametrize("size", [1, 7, 4096])
async def test_a_request_is_staged_as_it_arrives(size: int) -> None:
    lines = [row(number) for number in range(20)]
    lines[3] = lines[3].replace(b"payload", b"paylaod")
    with await stage_stream(arriving(b"\n".join(lines), size), limits()) as stage:
        assert (stage.report.good, stage.report.bad) == (19, 1)
        assert stage.report.errors[0].line == 4
        assert "paylaod" in stage.report.errors[0].reason
        assert sum(map(len, stage.drafts())) == 19


async def test_an_empty_request_and_a_broken_connection_leave_nothing() -> None:
    with pytest.raises(Unreadable, match="holds no records"):
        await stage_stream(arriving(b"\n\n", 1), limits())
    with pytest.raises(ConnectionResetError):
        await stage_stream(arriving(row(1), 8, breaks_off=True), limits())
