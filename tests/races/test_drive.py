"""The short form of `make races`: a dozen clients, a few seconds, one kill or two."""

import os

import pytest

from tests.races.drive import Wish, race


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_racing_clients_leave_a_sound_feed(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("races")
    for path in (folder, *folder.parents[:2]):
        path.chmod(0o755)
    seed = int(os.environ.get("CALLBOARD_RACES_SEED", "0"))
    result = race(folder / "data", Wish(seconds=9.0, clients=16, seed=seed, kill_every=3.0))
    assert result.faults == []
    assert result.kills.total() > 0
    assert result.kinds["assignment.claimed"] > 20, result
    assert result.kinds["submission.created"] > 5, result
