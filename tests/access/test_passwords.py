import time

import pytest

from callboard.access import passwords
from callboard.access.errors import BadPassword
from kernel.settings import Settings, load_settings


@pytest.fixture(scope="module")
def plain(servers_folder: object) -> Settings:
    return load_settings(environ={})


@pytest.mark.parametrize(
    "password",
    ["short", "x" * 257, "aaaaaaaaaaaaaa", "password1234", "Password1234!", "PASS WORD 1234", "123456789012", "qwertyuiop123",
     "letmeinletmein", "iloveyou123456", "woaini1314520", "annabelle-ann@", "annabelle2026!", "callboard2026", "new\nline in it all"],
)  # fmt: skip
def test_what_guessers_try_first_is_refused(plain: Settings, password: str) -> None:
    with pytest.raises(BadPassword):
        passwords.check(password, plain, email="annabelle@example.org")


@pytest.mark.parametrize(
    "password", ["correct staple battery", "我家的猫喜欢在窗台上睡觉", "Zs7!kd0-Qmw4", "annabelle likes tea and rain"]
)
def test_a_sentence_of_ones_own_is_taken(plain: Settings, password: str) -> None:
    passwords.check(password, plain, email="annabelle@example.org")


async def test_hashes_are_argon2id_with_the_stated_costs(plain: Settings) -> None:
    known = await passwords.hash_password("caf\u00e9 and a croissant", plain)
    assert known.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert await passwords.verify("cafe\u0301 and a croissant", known, plain)  # the same, typed on another keyboard
    assert not await passwords.verify("another sentence", known, plain)
    assert not await passwords.verify("x", None, plain)
    assert not await passwords.verify("x" * 100_000, known, plain)
    assert not await passwords.verify("x", "no hash at all", plain)
    assert not passwords.is_outdated(known)
    assert passwords.is_outdated(known.replace("m=19456", "m=8192"))


async def test_an_unknown_account_takes_as_long_as_a_known_one(plain: Settings) -> None:
    known = await passwords.hash_password("correct staple battery", plain)

    async def fastest(known_hash: str | None) -> float:
        times = []
        for _ in range(7):
            began = time.process_time()  # of all threads: others on the machine do not count
            await passwords.verify("wrong staple battery", known_hash, plain)
            times.append(time.process_time() - began)
        return min(times)

    await fastest(None)
    assert 0.5 < await fastest(None) / await fastest(known) < 2


def test_generated_passwords_are_long_enough_and_never_the_same(plain: Settings) -> None:
    made = {passwords.generate() for _ in range(100)}
    assert len(made) == 100
    for one in made:
        passwords.check(one, plain)
