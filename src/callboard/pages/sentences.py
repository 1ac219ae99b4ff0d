"""A refusal that the domain says in English, in the reader's language, with what it names in its place."""

import re
from collections.abc import Callable
from functools import cache

from callboard.pages.labels_sentences import SENTENCES

LONGEST = 500
"""A longer one quotes what somebody sent, and stays as it is."""
NAMED = re.compile(r"%\((\w+)\)s")


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    """Those with most words of their own first: `Expected text.` before `Expected %(kind)s.`"""
    ordered = sorted(SENTENCES, key=lambda one: -len(NAMED.sub("", one)))
    return [(re.compile(_pattern(one.rstrip(".")), re.DOTALL), one) for one in ordered]


def _pattern(sentence: str) -> str:
    parts = NAMED.split(sentence)
    return "".join(f"(?P<{part}>.+?)" if n % 2 else re.escape(part) for n, part in enumerate(parts))


def known(sentence: str) -> str | None:
    """The entry of the list that says it."""
    found = _match(sentence)
    return found[1] if found else None


def _match(sentence: str) -> tuple[re.Match[str], str] | None:
    if len(sentence) <= LONGEST:
        for pattern, entry in _patterns():
            found = pattern.fullmatch(sentence.rstrip("."))
            if found:
                return found, entry
    return None


def translated(sentence: str, gettext: Callable[[str], str]) -> str:
    """As it is where nobody has translated it. What it quotes from another refusal (`error`) is translated as well."""
    found = _match(sentence)
    if found is None:
        return sentence
    match, entry = found
    values = {
        name: translated(value, gettext).rstrip(".。") if name == "error" else value
        for name, value in match.groupdict().items()
    }
    return NAMED.sub(lambda named: values[named[1]], gettext(entry))
