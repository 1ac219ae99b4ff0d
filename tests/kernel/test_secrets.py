import base64
import os
import threading
from pathlib import Path

import pytest

from kernel import secrets
from kernel.errors import ConfigurationError
from kernel.secrets import Keyring, keyring
from kernel.settings import load_settings


@pytest.fixture(autouse=True)
def forget() -> None:
    secrets._from_file.cache_clear()


def ring(folder: Path, **environ: str) -> Keyring:
    return keyring(load_settings(folder, environ=environ))


def test_what_was_sealed_opens_only_where_it_belongs(tmp_path: Path) -> None:
    keys = ring(tmp_path)
    sealed = keys.seal(b"sk-secret", b"bot 1")
    assert b"sk-secret" not in sealed
    assert keys.seal(b"sk-secret", b"bot 1") != sealed
    assert keys.open(sealed, b"bot 1") == b"sk-secret"
    for wrong, context in (
        (sealed, b"bot 2"), (sealed[:-1] + bytes([sealed[-1] ^ 1]), b"bot 1"), (sealed[:20], b"bot 1"), (b"", b"bot 1"),
        (b"\x02" + sealed[1:], b"bot 1"),
    ):  # fmt: skip
        with pytest.raises(ConfigurationError, match="enter it again"):
            keys.open(wrong, context)


def test_the_key_file_is_made_once_for_nobody_else_to_read(tmp_path: Path) -> None:
    first = ring(tmp_path)
    file = tmp_path / "keys" / "master.key"
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["master.key"]
    secrets._from_file.cache_clear()
    assert ring(tmp_path).key_id == first.key_id
    secrets._from_file.cache_clear()
    file.chmod(0o644)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        ring(tmp_path)


def test_processes_that_start_at_once_use_one_key(tmp_path: Path) -> None:
    ids: list[bytes] = []
    barrier = threading.Barrier(8)

    def start() -> None:
        barrier.wait()
        ids.append(secrets._from_file.__wrapped__(tmp_path).key_id)

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids) == 8
    assert len(set(ids)) == 1


def test_a_rotation_is_one_more_line(tmp_path: Path) -> None:
    old = ring(tmp_path)
    sealed = old.seal(b"kept", b"x")
    file = tmp_path / "keys" / "master.key"
    file.write_text(base64.b64encode(os.urandom(32)).decode() + "\n" + file.read_text())
    secrets._from_file.cache_clear()
    new = ring(tmp_path)
    assert new.key_id != old.key_id
    assert new.open(sealed, b"x") == b"kept"
    assert new.derive("names") == old.derive("names") != new.derive("other")
    with pytest.raises(ConfigurationError):
        old.open(new.seal(b"later", b"x"), b"x")


@pytest.mark.parametrize("text", ["short", "AAAA", base64.b64encode(bytes(32)).decode(), "!" * 44])
def test_a_bad_key_is_one_sentence(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigurationError, match="master_key"):
        ring(tmp_path, CALLBOARD_MASTER_KEY=text)
    assert not (tmp_path / "keys").exists()


def test_a_key_from_outside_needs_no_file(tmp_path: Path) -> None:
    text = base64.b64encode(os.urandom(32)).decode()
    keys = ring(tmp_path, CALLBOARD_MASTER_KEY=text)
    assert keys.open(keys.seal(b"x", b""), b"") == b"x"
    assert not (tmp_path / "keys").exists()


def test_an_unreadable_key_file_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("a file where a folder should be")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        ring(tmp_path)
