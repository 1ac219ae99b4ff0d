"""Child processes that cannot outlive their parent, and processes found by the folder that they work in."""

import contextlib
import ctypes
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from callboard.embedded.errors import StartError
from kernel.clock import monotonic

PROC = Path("/proc")
HAS_PROC = (PROC / "self" / "fd").is_dir()
PR_SET_PDEATHSIG = 1
POLL_SECONDS = 0.01
# Before any fork: between fork and exec only calls that are already loaded are safe.
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class Account(NamedTuple):
    name: str
    uid: int
    gid: int


class Step(NamedTuple):
    """One way of asking a process to end, and how long to wait for it."""

    signal: signal.Signals
    seconds: float


def unprivileged_account() -> Account | None:
    """The account that a server runs under when the caller is root; `None` when the caller is not.

    PostgreSQL refuses to run as root, so that a hole in it is not a hole in the machine.
    """
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return Account(name, entry.pw_uid, entry.pw_gid)
    raise StartError("PostgreSQL may not run as root, and there is neither an account `postgres` nor `nobody` here.")


def die_with_parent(death_signal: signal.Signals, parent: int) -> None:
    """Asks the kernel to send `death_signal` to this process when the thread that forked it ends.

    Changing the user clears the request, so this runs after that, as the last thing before exec.
    """
    if _LIBC is not None:
        _LIBC.prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
    if os.getppid() != parent:  # it ended before the request was made
        os._exit(1)


def _last_word(death_signal: signal.Signals) -> Callable[[], None]:
    parent = os.getpid()
    return lambda: die_with_parent(death_signal, parent)


def spawn(
    command: Sequence[str | Path],
    *,
    log: Path,
    environment: Mapping[str, str],
    death_signal: signal.Signals = signal.SIGKILL,
    account: Account | None = None,
    folder: Path | str = "/",
    pass_fds: Sequence[int] = (),
    stdout: int | None = None,
) -> subprocess.Popen[bytes]:
    """A child in a session of its own (Ctrl-C reaches only the parent, which then stops it in order).

    What it prints goes to the log, or with `stdout` (as in Popen) only what it prints on stderr.
    Call it from a thread that lives as long as the child should: the kernel watches that thread.
    """
    with log.open("ab") as out:
        return subprocess.Popen(  # noqa: S603  our own commands, no shell
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=out if stdout is None else stdout,
            stderr=out,
            env=dict(environment),
            cwd=folder,
            pass_fds=pass_fds,
            start_new_session=True,
            preexec_fn=_last_word(death_signal),  # noqa: PLW1509  libc is loaded and nothing here takes a lock
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )


def run(
    command: Sequence[str | Path],
    *,
    account: Account | None = None,
    text_in: str | None = None,
    environment: Mapping[str, str],
    pass_fds: Sequence[int] = (),
    timeout_seconds: float = 120,
) -> subprocess.CompletedProcess[str]:
    """A short command to its end; it dies with the caller as well."""
    return subprocess.run(  # noqa: S603  our own commands, no shell
        [str(part) for part in command],
        input=text_in or "",
        capture_output=True,
        text=True,
        errors="replace",
        env=dict(environment),
        cwd="/",
        pass_fds=pass_fds,
        timeout=timeout_seconds,
        check=False,
        preexec_fn=_last_word(signal.SIGKILL),
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )


def end(process: subprocess.Popen[bytes], steps: Sequence[Step]) -> None:
    """Asks in the given ways, one after the other, then kills the whole session of the process."""
    for step in steps:
        if process.poll() is not None:
            break
        process.send_signal(step.signal)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(step.seconds)
    kill_session(process)
    process.wait()


def kill_session(process: subprocess.Popen[bytes]) -> None:
    """Kills what is left of the session that a child of `spawn` leads, whether the child itself still runs or not."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def wait_until(condition: Callable[[], bool], seconds: float, poll_seconds: float = POLL_SECONDS) -> bool:
    """Whether the condition became true within the time."""
    deadline = monotonic() + seconds
    while not condition():
        if monotonic() >= deadline:
            return False
        time.sleep(poll_seconds)
    return True


def is_alive(pid: int) -> bool:
    """False for a zombie: it holds neither files nor memory, its parent has only not asked after it."""
    try:
        state = (PROC / str(pid) / "stat").read_text(errors="replace")
    except FileNotFoundError:
        return not HAS_PROC and _accepts_signals(pid)
    except OSError:
        return False
    return state.rpartition(")")[2].split()[0] not in ("Z", "X")


def _accepts_signals(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def processes_in(folder: Path, program: str) -> list[int]:
    """PIDs of the living processes of that name whose working folder is `folder`, however they were started.

    Compared by device and inode, so a folder that was moved, or is reached by another path, is still found.
    Where there is no /proc the list is empty.
    """
    try:
        wanted = folder.stat()
    except FileNotFoundError:
        return []
    found = []
    for entry in PROC.iterdir() if HAS_PROC else ():
        if not entry.name.isdigit():
            continue
        # Processes end while we look, and those of others are closed to us: neither is a server of this folder.
        with contextlib.suppress(OSError):
            if (entry / "comm").read_text().strip() != program:
                continue
            here = (entry / "cwd").stat()
            if (here.st_dev, here.st_ino) == (wanted.st_dev, wanted.st_ino) and is_alive(int(entry.name)):
                found.append(int(entry.name))
    return sorted(found)


def clear_folder(folder: Path, program: str, steps: Sequence[Step]) -> None:
    """Sees to it that no process of a former server works in the folder; raises `StartError` if one stays.

    Only called by the holder of the folder's lock, so whatever is found has lost the process that answered for it.
    """
    for step in (Step(signal.SIGCONT, 1.0), *steps, Step(signal.SIGKILL, 5.0)):
        for pid in processes_in(folder, program):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, step.signal)
        if wait_until(lambda: not processes_in(folder, program), step.seconds, 0.05):
            return
    left = processes_in(folder, program)
    raise StartError(f"A former {program} (process {left[0] if left else '?'}) still uses {folder} and does not end.")
