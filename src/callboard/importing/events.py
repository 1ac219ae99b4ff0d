"""What reading a file yields: records, and the lines that are none."""

from typing import Any

import msgspec

from kernel.errors import Invalid


class Parsed(msgspec.Struct, frozen=True):
    """One record of the source, as it stands there.

    `line` counts from 1 and is the line on which the record begins; `byte` counts from 0 in the unpacked file.
    """

    line: int
    byte: int
    value: dict[str, Any]


class LineError(msgspec.Struct, frozen=True):
    """Why one record was not taken. `byte` is the place of the fault where it is known, else the record's start."""

    line: int
    byte: int
    reason: str


Event = Parsed | LineError


class UnmappableError(ValueError):
    """Why a record makes no task; the text is the reason of its line error."""


class Unreadable(Invalid):
    """The file as a whole cannot be used: nothing of it was imported, whatever was asked about bad lines."""

    code = "import_unreadable"
    title = "The file cannot be read as tasks"


class AboveLimit(Unreadable):
    code = "import_above_limit"
    status = 413
    title = "The file is larger than an import may be"
