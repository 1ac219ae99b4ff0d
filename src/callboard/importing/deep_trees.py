"""Message trees whose replies stand inside each other, deeper than any parser of JSON goes: read message by message.

Each message is cut out of the text without its replies and judged by itself, as strictly as any other record; how deep
it stands in its tree is no nesting. What comes back is flat (`dialogue.oasst.FLAT`), so that nothing behind has to recurse.
"""

import re
from typing import Any, NamedTuple

from callboard.importing.strict_json import NotStrictJsonError
from callboard.importing.strict_json import decode as strictly
from dialogue.oasst import FLAT

_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"|[{}\[\]]', re.DOTALL)
_CLOSED_BY = {"{": "}", "[": "]"}
_CUT = "0"
"""Stands in a text where a message was cut out of it."""


class _Open(NamedTuple):
    bracket: str
    message: int | None = None
    """Which one begins here; -1 is the record around the tree."""
    replies: bool = False


class _Cutter:
    """Takes the text of one record apart; `texts` are those of the messages, parents before their replies."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.parents: list[int] = []
        self._pieces: dict[int, list[str]] = {-1: []}
        self._cut = 0
        self._open: list[_Open] = []
        self._inside = [-1]
        self._key, self._key_end = "", 0

    def cut(self) -> bool:
        """False: the brackets do not fit each other, or there is no tree."""
        for found in _TOKEN.finditer(self.text):
            token = found[0]
            if token[0] == '"':
                self._key, self._key_end = token, found.end()
            elif token in _CLOSED_BY:
                self._begin(token, found.start())
            elif not self._end(token, found.end()):
                return False
        self._pieces[-1].append(self.text[self._cut :])
        return not self._open and bool(self.parents)

    def _begin(self, bracket: str, at: int) -> None:
        above = self._open[-1] if self._open else None
        if above is None:
            self._open.append(_Open(bracket, -1))
        elif bracket == "{" and (
            above.replies or (above.message == -1 and not self.parents and self._named('"prompt"', at))
        ):
            self._pieces[self._inside[-1]] += [self.text[self._cut : at], _CUT]
            self._cut = at
            self.parents.append(self._inside[-1])
            number = len(self.parents) - 1
            self._inside.append(number)
            self._pieces[number] = []
            self._open.append(_Open(bracket, number))
        else:
            inside = above.message is not None and above.message >= 0
            self._open.append(_Open(bracket, replies=bracket == "[" and inside and self._named('"replies"', at)))

    def _named(self, key: str, at: int) -> bool:
        return self._key == key and self.text[self._key_end : at].strip() == ":"

    def _end(self, bracket: str, behind: int) -> bool:
        if not self._open or _CLOSED_BY[self._open[-1].bracket] != bracket:
            return False
        message = self._open.pop().message
        if message is not None and message >= 0:
            self._pieces[message].append(self.text[self._cut : behind])
            self._cut = behind
            self._inside.pop()
        return True

    def of(self, number: int) -> str:
        return "".join(self._pieces[number])


def decode(text: str, depth_limit: int) -> dict[str, Any] | None:
    """The record with its messages side by side; none: it is no message tree. Raises `NotStrictJsonError`.

    `depth_limit` is that of each message by itself.
    """
    cutter = _Cutter(text)
    if not cutter.cut():
        return None
    record = strictly(cutter.of(-1), depth_limit)
    messages = [strictly(cutter.of(number), depth_limit) for number in range(len(cutter.parents))]
    counts = [0] * len(messages)
    for parent in cutter.parents[1:]:
        counts[parent] += 1
    for message, count in zip(messages, counts, strict=True):
        if count:
            if message["replies"] != [int(_CUT)] * count:
                raise NotStrictJsonError(
                    f"the replies of {str(message.get('message_id'))[:60]!r} hold what is no message"
                )
            message["replies"] = []
    flat = [[parent, message] for parent, message in zip(cutter.parents, messages, strict=True)]
    return {**record, "prompt": messages[0], FLAT: flat}
