"""The commands of docs/quickstart.md, run as they stand there."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from callboard.access import passwords, people
from callboard.access.people import PersonDraft
from kernel import db
from kernel.settings import Settings
from tests.journey.conftest import Server

GUIDE = Path(__file__).parents[2] / "docs" / "quickstart.md"


@pytest.mark.skipif(shutil.which("curl") is None, reason="the guide's commands need curl")
async def test_the_guides_commands_end_with_a_posted_line(server: Server, settings: Settings, tmp_path: Path) -> None:
    hashed = await passwords.hash_password("demo-manager-sees-all", settings)
    async with db.transaction():
        draft = PersonDraft(email="manager@callboard.example", display_name="Manager", roles=["manager"])
        await people.create(draft, password_hash=hashed, must_change_password=False)
    (block,) = re.findall(r"^```sh\n(.*?)^```", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    script = block.replace("http://127.0.0.1:8700", server.url)
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True)
    assert "urn:callboard:problem" not in done.stdout, done.stdout
    earnings = json.loads(done.stdout[done.stdout.rindex('{"totals"') :])
    assert [(line["state"], line["amount"]["amount"]) for line in earnings["lines"]] == [("posted", "2.500000")]
