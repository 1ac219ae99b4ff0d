"""JSON as strictly as the database will take it, with the place of the fault.

The parsers at hand silently keep the last of two equal keys, read 1e400 as infinity, and let U+0000 and lone
surrogates through, which PostgreSQL then refuses for the whole chunk.
"""

import json
import math
import re
from collections import Counter
from typing import Any, NoReturn

INTEGER_BITS = 64
"""Whole numbers beyond this do not survive the readers of our exports."""

SHOWN_CHARACTERS = 60
"""Of a key, in a reason: a reason is read on one line."""

DEEP = "nested too deeply"

_LARGEST = 2 ** (INTEGER_BITS - 1) - 1
_SURROGATE = re.compile("[\ud800-\udfff]")
_PLAIN_KEY = re.compile(r"[^\W\d]\w*\Z")

Fault = tuple[str, str]


class NotStrictJsonError(ValueError):
    """`reason` is for people; `character` is the place of the fault in the text where the parser knows it.

    `deep`: it may be sound, but is nested more deeply than is read.
    """

    def __init__(self, reason: str, character: int | None = None, *, deep: bool = False) -> None:
        self.reason = reason
        self.character = character
        self.deep = deep
        super().__init__(reason)


def decode(text: str, depth_limit: int) -> Any:
    """Raises `NotStrictJsonError`."""
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise NotStrictJsonError(f"not valid JSON: {error.msg.rstrip(':')}", error.pos) from error
    except RecursionError as error:
        raise NotStrictJsonError(f"{DEEP}; at most {depth_limit} levels", deep=True) from error
    except ValueError as error:
        if isinstance(error, NotStrictJsonError):
            raise
        raise NotStrictJsonError("a number has too many digits") from error
    fault = find_fault(value, depth_limit)
    if fault:
        raise NotStrictJsonError(fault, deep=fault.startswith(DEEP))
    return value


def find_fault(value: Any, depth_limit: int) -> str | None:
    """What PostgreSQL or a reader of our exports could not keep, with its JSON path; None when all is well."""
    fault = _fault(value, depth_limit)
    return None if fault is None else fault[1].replace("@", f"${fault[0]}", 1)


def _fault(value: Any, levels: int) -> Fault | None:
    """(path below this value, reason with @ for the path). Plain recursion: `levels` bounds it."""
    kind = type(value)
    if kind is str:
        return _text_fault(value)
    if kind is dict:
        return _dict_fault(value, levels)
    if kind is list:
        return _list_fault(value, levels)
    if kind is int and not -_LARGEST - 1 <= value <= _LARGEST:
        return "", f"the whole number at @ does not fit {INTEGER_BITS} bits"
    if kind is float and not math.isfinite(value):
        return "", "the number at @ is too large"
    return None


def _text_fault(text: str) -> Fault | None:
    if "\0" in text:
        return "", "the character U+0000 is not allowed at @"
    if not text.isascii():
        found = _SURROGATE.search(text)
        if found:
            return "", f"half of a surrogate pair, U+{ord(found[0]):04X}, is not allowed at @"
    return None


def _dict_fault(value: dict[str, Any], levels: int) -> Fault | None:
    if levels < 1:
        return "", f"{DEEP} at @"
    for key, below in value.items():
        fault = _text_fault(key)
        if fault:
            return "", f"in a key: {fault[1]}"
        fault = _fault(below, levels - 1)
        if fault:
            return _step(key) + fault[0], fault[1]
    return None


def _list_fault(value: list[Any], levels: int) -> Fault | None:
    if levels < 1:
        return "", f"{DEEP} at @"
    for index, below in enumerate(value):
        fault = _fault(below, levels - 1)
        if fault:
            return f"[{index}]{fault[0]}", fault[1]
    return None


def _step(key: str) -> str:
    key = key[:SHOWN_CHARACTERS]
    return f".{key}" if _PLAIN_KEY.match(key) else f"[{json.dumps(key, ensure_ascii=False)}]"


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = next(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
        raise NotStrictJsonError(f"the key {json.dumps(twice[:SHOWN_CHARACTERS])} stands twice in one object")
    return found


def _constant(name: str) -> NoReturn:
    raise NotStrictJsonError(f"{name} is not a JSON number")


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant)
