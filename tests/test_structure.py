"""Layers, style, migrations and documents are held to the code."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from callboard.checks import all_invariants
from kernel.settings import describe

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "src").rglob("*.py")) + sorted((ROOT / "bench").rglob("*.py"))
LONGEST_FILE, LONGEST_FUNCTION = 400, 70
TABLES = {"settings.py"}
"""One row per setting, looked up and never read through."""


def test_imports_point_one_way() -> None:
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_files_and_functions_can_be_read_in_a_sitting() -> None:
    long_files = [
        f"{path.relative_to(ROOT)}: {n} lines"
        for path in SOURCES
        if path.name not in TABLES and (n := len(path.read_text().splitlines())) > LONGEST_FILE
    ]
    assert not long_files
    long_functions = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno >= LONGEST_FUNCTION
    ]
    assert not long_functions


def test_nothing_is_left_open() -> None:
    marks = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b|NotImplemented" + r"Error|pragma: no " + r"cover")
    found = [
        f"{path.relative_to(ROOT)}:{n}"
        for path in [*SOURCES, *sorted((ROOT / "tests").rglob("*.py"))]
        for n, line in enumerate(path.read_text().splitlines(), 1)
        if marks.search(line)
    ]
    assert not found


def test_every_named_query_says_what_it_does() -> None:
    silent = [
        f"{file.relative_to(ROOT)}: {match[1]}"
        for file in (ROOT / "src").rglob("queries.sql")
        for match in re.finditer(r"^-- name: (\w+)\n(.*)$", file.read_text(), re.MULTILINE)
        if not re.match(r"-- \w.{15,}", match[2])
    ]
    assert not silent


def test_one_package_alone_reads_the_clock() -> None:
    direct = re.compile(r"datetime\.now\(|time\.time\(|datetime\.utcnow\(")
    found = [
        f"{path.relative_to(ROOT)}:{n}"
        for path in SOURCES
        if path.name != "clock.py" and "bench" not in path.parts
        for n, line in enumerate(path.read_text().splitlines(), 1)
        if direct.search(line)
    ]
    assert not found


@pytest.mark.parametrize("app", ["kernel", "skills", "routing", "dialogue", "payments", "access"])
def test_migrations_say_what_the_tables_say(app: str) -> None:
    """Piccolo's own comparison must find nothing to alter."""
    script = (
        "import asyncio\n"
        "from piccolo.apps.migrations.commands.new import AutoMigrationManager\n"
        "from piccolo.conf.apps import Finder\n"
        f"config = Finder().get_app_config(app_name={app!r})\n"
        "found = asyncio.run(AutoMigrationManager().get_alter_statements(config))\n"
        "print([text for item in found for text in item.statements])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PICCOLO_CONF": "callboard.piccolo_conf"},
    )
    assert done.stdout.strip().endswith("[]"), done.stdout + done.stderr


def test_settings_are_documented() -> None:
    """`docs/settings.md` is what `python -m callboard.settings_page` writes."""
    done = subprocess.run([sys.executable, "-m", "callboard.settings_page"], capture_output=True, text=True, check=True)
    assert (ROOT / "docs" / "settings.md").read_text() == done.stdout
    assert all(row["reason"] and row["unit"] and row["description"] for row in describe())


def test_invariants_have_distinct_names_and_numbers() -> None:
    names = [invariant.name for invariant in all_invariants()]
    assert len(names) == len(set(names))
    assert {invariant.number for invariant in all_invariants()} >= {1, 2, 3, 4, 5, 6, 7, 8}
    assert re.findall(r"^(\d)\. ", (ROOT / "docs" / "invariants.md").read_text(), re.MULTILINE) == list("12345678")


def test_no_address_of_a_registry_is_committed() -> None:
    hosts = re.compile(r"pypi\." + r"org|python" + r"hosted|registry\." + r"npmjs")
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.splitlines()
    assert "uv.lock" not in tracked
    found = [
        name for name in tracked if (ROOT / name).is_file() and hosts.search((ROOT / name).read_text(errors="ignore"))
    ]
    assert not found
