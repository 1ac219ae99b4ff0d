"""What does not fit, where, and under which stable code."""

from typing import Any

from msgspec import Struct

MOST_FAULTS = 50
"""Told at once; whoever has more mends these first."""


class Fault(Struct, frozen=True):
    """`path` is a JSON Pointer (RFC 6901); the empty one is the whole."""

    path: str
    code: str
    message: str
    values: dict[str, Any] = {}
    """What the message names, for a sentence in another language."""


def below(path: str, key: str | int) -> str:
    """The pointer one step further down."""
    return f"{path}/{str(key).replace('~', '~0').replace('/', '~1')}"


def told(faults: list[Fault]) -> list[dict[str, Any]]:
    """As problem details carry them."""
    return [{"path": one.path, "code": one.code, "message": one.message} for one in faults[:MOST_FAULTS]]


MISSING: Any = object()


def found_at(pointer: str, document: Any) -> Any:
    """What a JSON Pointer names; `MISSING` where nothing is."""
    here = document
    for step in pointer.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        if isinstance(here, dict) and key in here:
            here = here[key]
        elif (
            isinstance(here, list)
            and key.isascii()
            and key.isdigit()
            and len(key) < len("1000000")
            and int(key) < len(here)
        ):
            here = here[int(key)]
        else:
            return MISSING
    return here
