"""`up --demo`: a site on which simulated people are at work from the start."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.demo.chaos import write_sample
from tests.demo.test_chaos import folder
from tests.embedded.helpers import Program, free_port, program, timed

__all__ = ["folder"]


OWN_OPERATION = """
import asyncio, sys
from pathlib import Path
from callboard.commands.prepare import prepare
from callboard.embedded.attach import servers
from kernel import db
from kernel.settings import load_settings
from skills.annotators import AnnotatorDraft, create_annotator

async def main(settings):
    await prepare(settings)
    async with db.pool(settings.database_url, settings), db.transaction("test"):
        await create_annotator(AnnotatorDraft(display_name="Kim"), 3)

settings = load_settings(Path(sys.argv[1]))
with servers(settings) as endpoints:
    asyncio.run(main(endpoints.applied_to(settings)))
"""
"""Of somebody who did not ask for a demo."""


def wait_for(look: Callable[[], Any], seconds: float) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.2)
    return found


def up(folder: Path, port: int) -> Program:
    command = ("-m", "callboard.cli", "up", "--demo", "--data-dir", str(folder / "data"), "--port", str(port))
    return Program(*command, out=folder / "up")


def demo(folder: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "callboard.cli", "demo", "--data-dir", str(folder / "data"), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_people_are_at_work_and_a_file_can_be_finished_beside_them(folder: Path) -> None:
    port = free_port()
    write_sample(folder / "sample.ndjson", 6)
    site = up(folder, port)
    try:
        site.says("Stop: Ctrl-C")
        assert "demo-annotator-writes" in site.said
        token = folder / "data" / "demo" / "token"
        wait_for(token.exists, 90)
        headers = {"authorization": f"Bearer {token.read_text()}"}
        with httpx.Client(base_url=f"http://127.0.0.1:{port}/api/v1", headers=headers, trust_env=False) as http:
            wait_for(lambda: http.get("/assignments", params={"state": "live"}).json()["items"], 90)
        beside = demo(folder, "--import", str(folder / "sample.ndjson"), "--to-completion", "--json")
        assert beside.returncode == 0, beside.stderr
        assert json.loads(beside.stdout)["paid"] == 6
        second = demo(folder)
        assert second.returncode == 1
        assert second.stderr.startswith(
            "callboard: Simulated people are at work on this folder already, moved by process "
        )
        site.process.send_signal(signal.SIGINT)
        with timed(10, "the stop"):
            assert site.ends(15) == 0
        assert "ended (status" not in site.said
    finally:
        site.kill()


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_an_operation_of_its_own_gets_no_simulated_people(folder: Path) -> None:
    """And the part that would move them waits quietly instead of ending again and again."""
    with program("-c", OWN_OPERATION, str(folder / "data"), out=folder / "make") as made:
        assert made.ends(60) == 0, made.said
    refused = demo(folder, "--to-completion")
    assert refused.returncode == 1
    assert "callboard: The demo is only put into a fresh installation" in refused.stderr
    site = up(folder, free_port())
    try:
        site.says("Stop: Ctrl-C")
        assert "The demo was left out" in site.said
        assert "demo-annotator-writes" not in site.said
        log = folder / "data" / "logs" / "demo.log"
        wait_for(lambda: log.exists() and "only put into a fresh installation" in log.read_text(), 90)
        time.sleep(1)
        site.process.send_signal(signal.SIGTERM)
        with timed(10, "the stop"):
            assert site.ends(15) == 0
        assert "ended (status" not in site.said
    finally:
        site.kill()
