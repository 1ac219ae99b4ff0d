"""A fresh site for one benchmark: `callboard up` on an empty folder and a free port, gone with everything afterwards."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from _http import Client

HOST = "127.0.0.1"
STOP_SECONDS = 20.0
_ADMIN = re.compile(r"Administrator: (\S+)\s+password: (\S+)")


class SiteError(RuntimeError):
    """The site did not come up; the text is what it said."""


class Site(NamedTuple):
    data_dir: Path
    port: int
    email: str
    password: str

    def client(self) -> Client:
        return Client(HOST, self.port)

    def violations(self) -> int:
        """Of all invariants together, as `callboard check` counts them while the site runs."""
        command = [sys.executable, "-m", "callboard.cli", "check", "--json", "--data-dir", str(self.data_dir)]
        done = subprocess.run(command, env=_environment({}), capture_output=True, text=True, check=False)
        return sum(result["violations"] for result in json.loads(done.stdout)["invariants"])

    async def admin(self) -> Client:
        return await self.signed_in(self.email, self.password)

    async def signed_in(self, email: str, password: str) -> Client:
        """A connection with the session of this person."""
        client = self.client()
        answer = await client.send(
            "POST", "/api/v1/session", json.dumps({"email": email, "password": password}).encode(), "application/json"
        )
        me = answer.json()
        if answer.status != 200:
            raise SiteError(f"{email} cannot sign in: {me}")
        client.headers["cookie"] = answer.headers["set-cookie"].split(";")[0]
        client.headers["x-csrf-token"] = me["csrf_token"]
        return client


@contextlib.contextmanager
def fresh_site(**settings: object) -> Iterator[Site]:
    """`settings` are those of `docs/settings.md`. Raises `SiteError`."""
    folder = Path(tempfile.mkdtemp(prefix="callboard-bench-"))
    folder.chmod(0o755)  # under root the database runs as another account, which must get through
    port = _free_port()
    data_dir = folder / "data"
    command = [sys.executable, "-m", "callboard.cli", "up", "--data-dir", str(data_dir), "--port", str(port)]
    process = subprocess.Popen(
        command, env=_environment(settings), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        email, password = _first_account(process)
        yield Site(data_dir, port, email, password)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.communicate(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
        shutil.rmtree(folder, ignore_errors=True)


def _first_account(process: subprocess.Popen[str]) -> tuple[str, str]:
    """The site says that it is ready, and then, once, who may sign in."""
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        found = _ADMIN.search(line)
        if found:
            return found[1], found[2]
    raise SiteError("".join(said) or "the site said nothing and ended")


def _environment(settings: dict[str, object]) -> dict[str, str]:
    """Without the servers and settings of whoever runs the benchmark: it must measure the same everywhere."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in {"DATABASE_URL", "REDIS_URL"} and not name.startswith("CALLBOARD_")
    }
    return kept | {f"CALLBOARD_{name.upper()}": str(value) for name, value in settings.items()}


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as server:
        return int(server.getsockname()[1])
