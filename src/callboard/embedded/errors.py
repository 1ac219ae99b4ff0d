import errno
from pathlib import Path

from kernel.errors import DomainError

# What PostgreSQL, Valkey and the C library write when a write finds no room.
DISK_FULL_WORDS = ("No space left on device", "Disk quota exceeded", "could not extend file", "disk is full")


class StartError(DomainError):
    """Something outside the program must change before it can start; `detail` says what, in one sentence."""

    code = "cannot_start"
    title = "Callboard cannot start"


def disk_full(folder: Path) -> StartError:
    return StartError(f"The disk that holds {folder} is full; free some space and start again.")


def folder_error(error: OSError, folder: Path) -> StartError:
    """The sentence for a failed file operation in the data folder."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return disk_full(folder)
    place = error.filename or folder
    if error.errno in (errno.EACCES, errno.EPERM):
        return StartError(f"{place} may not be read or written by this account; choose another --data-dir.")
    if error.errno == errno.EROFS:
        return StartError(f"{place} is on a read-only file system; choose another --data-dir.")
    if error.errno in (errno.ENOTDIR, errno.EEXIST):
        return StartError(f"{place} is a file where a folder is needed; choose another --data-dir.")
    return StartError(f"The data folder {folder} cannot be used: {error.strerror or error}.")


def log_error(program: str, folder: Path, log: Path, text: str) -> StartError:
    """The sentence for a server that ended while it started, from the part of its log written since."""
    if any(word in text for word in DISK_FULL_WORDS):
        return disk_full(folder)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if any(word in line for word in ("FATAL", "PANIC", "error:", "# "))]
    reason = (telling or lines or ["it said nothing"])[-1]
    return StartError(f"{program} could not start: {reason} (the whole of it is in {log})")
