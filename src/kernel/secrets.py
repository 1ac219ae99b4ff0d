"""Secrets of others at rest: sealed with AES-256-GCM under a master key that is never in the database.

The key is the setting `master_key`, or the file `keys/master.key` of the data folder, made at first use (0600). The file
holds one key a line, the newest first: the first one seals, each opens what it sealed, so a rotation is one more line.
"""

import base64
import binascii
import contextlib
import hashlib
import hmac
import os
import stat
import tempfile
from functools import cache
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kernel.errors import ConfigurationError
from kernel.settings import Settings

VERSION = b"\x01"
KEY_BYTES = 32
KEY_ID_BYTES = 4
NONCE_BYTES = 12
TAG_BYTES = 16
NOT_FOR_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class Keyring:
    """`context` names what a secret belongs to: moved to another row, it does not open there."""

    def __init__(self, keys: list[bytes]) -> None:
        self._keys = {_identify(key): key for key in keys}
        self.key_id = _identify(keys[0])
        self._oldest = keys[-1]

    def seal(self, secret: bytes, context: bytes) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        header = VERSION + self.key_id
        return header + nonce + AESGCM(self._keys[self.key_id]).encrypt(nonce, secret, header + context)

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """Raises `ConfigurationError` when the key is missing here, or the sealed bytes were changed or moved."""
        header, rest = sealed[: 1 + KEY_ID_BYTES], sealed[1 + KEY_ID_BYTES :]
        key = self._keys.get(header[1:])
        if header[:1] != VERSION or key is None or len(rest) < NONCE_BYTES + TAG_BYTES:
            raise ConfigurationError("A stored secret was sealed with a master key that is not here; enter it again.")
        try:
            return AESGCM(key).decrypt(rest[:NONCE_BYTES], rest[NONCE_BYTES:], header + context)
        except InvalidTag as error:
            raise ConfigurationError("A stored secret was changed or moved; enter it again.") from error

    def derive(self, purpose: str) -> bytes:
        """32 bytes for a keyed hash; from the oldest key, so that pseudonyms outlive a rotation."""
        return hmac.digest(self._oldest, b"callboard " + purpose.encode(), "sha256")


def keyring(settings: Settings) -> Keyring:
    """The keys of this installation, made at first use. Raises `ConfigurationError` with what is wrong with them."""
    return _from_setting(settings.master_key) if settings.master_key else _from_file(settings.data_dir)


@cache
def _from_setting(text: str) -> Keyring:
    return Keyring(_parse(text, "The setting master_key"))


@cache
def _from_file(data_dir: Path) -> Keyring:
    path = data_dir / "keys" / "master.key"
    try:
        if not path.exists():
            _create(path)
        if path.stat().st_mode & NOT_FOR_OTHERS:
            raise ConfigurationError(f"{path} can be read by other accounts; run chmod 600 on it.")
        text = path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"The master key {path} cannot be read: {error}.") from error
    return Keyring(_parse(text, str(path)))


def _create(path: Path) -> None:
    """Written aside and linked into place: of two processes that start at once, one wins and both read its key."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, aside = tempfile.mkstemp(dir=path.parent)  # 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(base64.b64encode(os.urandom(KEY_BYTES)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(aside, path)
    finally:
        Path(aside).unlink()


def _parse(text: str, place: str) -> list[bytes]:
    try:
        keys = [base64.b64decode(line, validate=True) for line in text.split()]
    except binascii.Error as error:
        raise ConfigurationError(f"{place} is not base64.") from error
    if not keys or any(len(key) != KEY_BYTES or key == bytes(KEY_BYTES) for key in keys):
        raise ConfigurationError(f"{place} must be {KEY_BYTES} random bytes in base64.")
    return keys


def _identify(key: bytes) -> bytes:
    return hashlib.sha256(b"callboard key id" + key).digest()[:KEY_ID_BYTES]
