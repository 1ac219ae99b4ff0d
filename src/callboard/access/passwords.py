"""Argon2id in a few threads of low priority: sign-ins in number must not starve the people at work."""

import asyncio
import os
import secrets
import threading
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib.resources import files
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from callboard.access.errors import BadPassword
from kernel.errors import TooManyRequests
from kernel.settings import Settings

T = TypeVar("T")

# OWASP's minimum for Argon2id: 19 MiB, two passes, one lane; about 30 ms of one core.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1, hash_len=32, salt_len=16)
LONGEST_PASSWORD = 256
"""Characters. Longer ones only cost time."""
WAITING_HASHES = 64
"""Hashes that may wait in one process, about a second of work; more are told to come back."""
NICENESS = 10
GENERATED_BYTES = 12
SHORTEST_STEM = 4

_waiting = 0


@cache
def _threads(count: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(count, thread_name_prefix="password", initializer=_step_back)


def _step_back() -> None:
    # On Linux a priority belongs to the thread: claims are served before guesses at passwords.
    if hasattr(os, "setpriority"):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


async def _in_thread(settings: Settings, work: Callable[[], T]) -> T:
    global _waiting  # noqa: PLW0603  one queue per process, and it is bounded
    if _waiting >= WAITING_HASHES:
        raise TooManyRequests("Too many people sign in at this moment; try again.", retry_after_seconds=1)
    _waiting += 1
    try:
        return await asyncio.get_running_loop().run_in_executor(_threads(settings.password_hashes_at_once), work)
    finally:
        _waiting -= 1


def _normal(password: str) -> str:
    """One spelling for what different keyboards compose differently (NIST SP 800-63B, 3.1.1.2)."""
    return unicodedata.normalize("NFKC", password)


async def hash_password(password: str, settings: Settings) -> str:
    return await _in_thread(settings, lambda: _hasher.hash(_normal(password)))


async def verify(password: str, known_hash: str | None, settings: Settings) -> bool:
    """Takes the same time for an account that does not exist (`known_hash` is `None`)."""
    if len(password) > LONGEST_PASSWORD:
        password, known_hash = "", None

    def work() -> bool:
        try:
            return _hasher.verify(known_hash or _nobodys_hash(), _normal(password)) and known_hash is not None
        except (VerificationError, InvalidHashError):
            return False

    return await _in_thread(settings, work)


@cache
def _nobodys_hash() -> str:
    return _hasher.hash(secrets.token_urlsafe(32))


def is_outdated(known_hash: str) -> bool:
    """Whether it was made with other costs than today's."""
    return _hasher.check_needs_rehash(known_hash)


def generate() -> str:
    """96 random bits in characters that survive being read out."""
    return secrets.token_urlsafe(GENERATED_BYTES)


@cache
def common_passwords() -> frozenset[str]:
    text = files("callboard.access").joinpath("common_passwords.txt").read_text(encoding="utf-8")
    return frozenset(line for line in text.splitlines() if not line.startswith("#"))


def check(password: str, settings: Settings, *, email: str = "") -> None:
    """Length, and none of what guessers try first. Raises `BadPassword`."""
    length = len(password)
    if length < settings.password_min_characters:
        raise BadPassword(
            f"A password has at least {settings.password_min_characters} characters; a short sentence is good."
        )
    if length > LONGEST_PASSWORD:
        raise BadPassword(f"A password has at most {LONGEST_PASSWORD} characters.")
    if not password.isprintable():
        raise BadPassword("A password has no line breaks or control characters.")
    plain = _normal(password).casefold().replace(" ", "")
    if _is_guessable(plain) or _holds_little(plain, email):
        raise BadPassword("This password is one of the first that anybody would try; choose a sentence of your own.")


def _is_guessable(plain: str) -> bool:
    """A common one, also with the usual digits and marks around it, or said twice."""
    stem = plain.strip("0123456789!@#$%^&*()-_=+.,?")
    half = plain[: len(plain) // 2]
    return (
        plain in common_passwords()
        or stem in common_passwords()
        or stem == ""
        or (plain == half * 2 and half in common_passwords())
        or len(set(plain)) < SHORTEST_STEM
    )


def _holds_little(plain: str, email: str) -> bool:
    """Little is left when one's own address or the product's name is taken out."""
    name = email.partition("@")[0].casefold()
    for part in (name, "callboard"):
        if len(part) >= SHORTEST_STEM and len(plain.replace(part, "")) < SHORTEST_STEM * 2 and part in plain:
            return True
    return False
