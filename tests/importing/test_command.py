"""`callboard import` as people run it: a process of its own, its status, what it prints."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from callboard.embedded.valkey import EmbeddedValkey
from callboard.importing.mapping import FIELDS, built_in
from kernel import db
from kernel.settings import Settings
from tests.routing.factory import make_project

QUESTION = {"question_id": 1, "category": "coding", "turns": ["How do I sort a list?", "And in place?"]}


def question_file(folder: Path, count: int, *, spoil: tuple[int, ...] = ()) -> Path:
    path = folder / "questions.jsonl"
    lines = [json.dumps(QUESTION | {"question_id": number + 1}) for number in range(count)]
    for number in spoil:
        lines[number] = lines[number][:-1]
    path.write_text("\n".join(lines))
    return path


def run(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "callboard.cli", "import", *map(str, arguments)]
    return subprocess.run(
        command, env=os.environ | environment, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture
def site(settings: Settings, valkey: EmbeddedValkey) -> dict[str, str]:
    return {"DATABASE_URL": str(settings.database_url), "REDIS_URL": valkey.url}


@pytest.mark.usefixtures("pool")
async def test_a_file_goes_in_once(settings: Settings, site: dict[str, str], tmp_path: Path) -> None:
    project = await make_project(settings, name="Spring")
    path = question_file(tmp_path, 30)
    first = run(path, "--project", "Spring", "--data-dir", tmp_path / "data", **site)
    assert first.returncode == 0, first.stderr
    assert "30 records, 30 good, 0 bad; mapping mt_bench." in first.stdout
    assert "30 new tasks in Spring, 0 were there already" in first.stdout
    again = run(path, "--project", str(project), "--json", "--data-dir", tmp_path / "data", **site)
    assert again.returncode == 0
    answer = json.loads(again.stdout)
    assert (answer["created"], answer["existing"], answer["already"]) == (0, 30, True)
    assert answer["import_id"] in first.stdout
    assert again.stderr == ""
    assert await db.fetch_value("SELECT count(*) FROM task") == 30


@pytest.mark.usefixtures("pool")
async def test_bad_lines_keep_everything_out_unless_they_are_skipped(
    settings: Settings, site: dict[str, str], tmp_path: Path
) -> None:
    await make_project(settings, name="Spring")
    path = question_file(tmp_path, 30, spoil=(6, 11))
    arguments = (path, "--project", "Spring", "--errors", tmp_path / "bad.ndjson", "--data-dir", tmp_path / "data")
    refused = run(*arguments, **site)
    assert refused.returncode == 1
    assert "bad: line 7, byte" in refused.stdout
    assert "Nothing was imported." in refused.stdout
    assert await db.fetch_value("SELECT count(*) FROM task") == 0
    bad = [json.loads(line) for line in (tmp_path / "bad.ndjson").read_text().splitlines()]
    assert [entry["line"] for entry in bad] == [7, 12]
    taken = run(*arguments, "--skip-bad-lines", **site)
    assert taken.returncode == 0
    assert "28 new tasks in Spring" in taken.stdout
    assert await db.fetch_value("SELECT bad FROM import_batch") == 2


@pytest.mark.usefixtures("pool")
async def test_an_unknown_project_and_domain_are_named(
    settings: Settings, site: dict[str, str], tmp_path: Path
) -> None:
    await make_project(settings, name="Spring")
    path = question_file(tmp_path, 2)
    common = ("--data-dir", tmp_path / "data")
    unknown = run(path, "--project", "Autumn", *common, **site)
    assert (unknown.returncode, unknown.stderr) == (
        1,
        "callboard: There is no project 'Autumn'; there are: 'Spring'.\n",
    )
    domain = run(path, "--project", "Spring", "--set", "domain=alchemy", "--dry-run", *common, **site)
    assert domain.returncode == 1
    assert "line 1, byte 0: there is no domain 'alchemy'" in domain.stdout


def test_a_dry_run_needs_neither_project_nor_server(tmp_path: Path) -> None:
    done = run(question_file(tmp_path, 5), "--dry-run", "--json", "--data-dir", tmp_path / "data")
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    assert (answer["good"], answer["created"], answer["import_id"]) == (5, 0, None)
    assert answer["domains"] == {"technology": 5}
    assert not (tmp_path / "data").exists()


def test_options_change_the_mapping(tmp_path: Path) -> None:
    path = question_file(tmp_path, 1)
    mapping = tmp_path / "own.toml"
    mapping.write_text('[map]\npayload.opening = "turns[0]"\ndomain = "category"\n[values.domain]\ncoding = "law"\n')
    for options in (("--mapping", str(mapping), "--set", "language=en"), ("--map-value", "domain.coding=law")):
        done = run(path, "--dry-run", "--json", *options)
        assert json.loads(done.stdout)["domains"] == {"law": 1}, done.stderr


@pytest.mark.parametrize(
    ("options", "status", "words"),
    [
        ((), 2, "Say which --project"),
        (("--dry-run", "--map", "topic=x"), 1, "'topic' is no field of a task"),
        (("--dry-run", "--mapping", "unknown"), 1, "There is no mapping 'unknown'"),
        (("--dry-run", "--format", "json"), 1, "Something stands before the array"),
        (("--dry-run", "--errors", "/nowhere/bad.ndjson"), 1, "/nowhere/bad.ndjson cannot be written"),
    ],
)
def test_wrong_use_is_one_sentence(tmp_path: Path, options: tuple[str, ...], status: int, words: str) -> None:
    done = run(question_file(tmp_path, 1), *options)
    assert done.returncode == status
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_the_guide_names_every_mapping_field_and_limit() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "importing.md").read_text()
    assert all(f"| `{name}` |" in guide for name in built_in())
    assert all(f"`{name}`" in guide for name in FIELDS)
    assert all(f"`{name}`" in guide for name in Settings.__struct_fields__ if name.startswith("import_"))
