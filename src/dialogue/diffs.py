"""What an edit changed, word by word (Chinese: character by character), for people to read."""

import re
from difflib import SequenceMatcher
from typing import Literal

from msgspec import Struct

TOKENS_LIMIT = 6000
"""Beyond this many tokens the comparison, which grows with the square, goes by sentence: still readable, and bounded."""

_WORD = re.compile(r"[⺀-鿿豈-﫿＀-￯]|\w+|\s+|[^\w\s]")
_SENTENCE = re.compile(r"[^.!?。！？\n]*[.!?。！？\n]+|[^.!?。！？\n]+")


class Part(Struct, frozen=True):
    op: Literal["same", "ins", "del"]
    text: str


def difference(before: str, after: str) -> list[Part]:
    """Parts in reading order; joining all but `ins` gives `before`, all but `del` gives `after`."""
    split = _WORD if len(before) + len(after) < TOKENS_LIMIT * 4 else _SENTENCE
    old, new = split.findall(before), split.findall(after)
    parts: list[Part] = []
    for op, i1, i2, j1, j2 in SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes():
        if op == "equal":
            _append(parts, "same", "".join(old[i1:i2]))
            continue
        _append(parts, "del", "".join(old[i1:i2]))
        _append(parts, "ins", "".join(new[j1:j2]))
    return _join_islands(parts)


def _append(parts: list[Part], op: Literal["same", "ins", "del"], text: str) -> None:
    if text:
        parts.append(Part(op, text))


def _join_islands(parts: list[Part]) -> list[Part]:
    """A lone space between two changes belongs to them: `[-a-] [+b+]` reads worse than one change of two words."""
    joined: list[Part] = []
    deleted = inserted = ""
    for index, part in enumerate(parts):
        island = part.op == "same" and part.text.isspace() and (deleted or inserted) and index + 1 < len(parts)
        if part.op == "same" and not island:
            _append(joined, "del", deleted)
            _append(joined, "ins", inserted)
            deleted = inserted = ""
            joined.append(part)
            continue
        deleted += part.text if part.op != "ins" else ""
        inserted += part.text if part.op != "del" else ""
    _append(joined, "del", deleted)
    _append(joined, "ins", inserted)
    return joined
