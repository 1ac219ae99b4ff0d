"""What a process remembers of judging people for the roster, so that the next page or filter need not judge them anew.

A judgement counts while the version of the person's profile is the one that the query reads (triggers raise it with every
change of what it is made from) and for the running hour: beliefs fade by whole hours. The tree, the crowd and a project's
rules are part of the key, so a change of theirs finds nothing.
"""

from typing import NamedTuple
from uuid import UUID

from skills.roster import Judged, Yardstick

MOST = 8
"""Combinations of a domain and rules; 20,000 people take some 5 MB in each."""


class Asked(NamedTuple):
    """What was asked of everybody. `hour`: whole hours since 1970."""

    yard: Yardstick
    domain: str
    by_class: bool
    hour: int


class Remembered(NamedTuple):
    version: int
    judged: Judged


_shelves: list[tuple[Asked, dict[UUID, Remembered]]] = []
"""The one that was used last stands last."""


def shelf_of(asked: Asked) -> dict[UUID, Remembered]:
    """By person; those of hours that are over are dropped."""
    global _shelves  # noqa: PLW0603  one memory of the process
    kept = [one for one in _shelves if one[0].hour == asked.hour]
    found = next((one for one in kept if one[0] == asked), None)
    if found is None:
        found = (asked, {})
    _shelves = [*(one for one in kept if one is not found), found][-MOST:]
    return found[1]
