"""Dialogues from before there were trees: the migration makes trees of them, with authors, versions and a head."""

import importlib.util
from types import ModuleType

import pytest

from dialogue.invariants import INVARIANTS
from kernel import db
from kernel.invariants import run
from kernel.migrations import execute_script, migrations_root
from kernel.settings import Settings
from tests.dialogue.factory import make_desk

pytestmark = pytest.mark.usefixtures("pool")


def rules_of_trees() -> ModuleType:
    path = migrations_root() / "dialogue" / "dialogue_2026_11_22t15_31_00_000001.py"
    spec = importlib.util.spec_from_file_location("rules_of_trees", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def test_linear_dialogues_become_trees(settings: Settings) -> None:
    desk = await make_desk(settings, payload={"turns": [{"role": "system", "text": "Be brief."}]})
    await desk.open()
    await desk.edit(await desk.exchange(), "As it should have been.")
    await desk.say("And then?")
    await desk.write(4, "By hand.")
    after = await desk.see()
    facts = "SELECT id, parent, no, position, text_version, author, assignment, language FROM turn ORDER BY no"
    versions = "SELECT turn, version, text, author, assignment FROM turn_edit ORDER BY turn, version"
    known, edits = await db.fetch(facts), await db.fetch(versions)
    migration = rules_of_trees()
    async with db.transaction("test"):
        await execute_script(migration.BACKWARDS)
        # As it was before: no path, nobody's, no versions.
        await execute_script(
            "UPDATE conversation SET head_id = NULL; TRUNCATE turn_edit;"
            "UPDATE turn SET text_version = 1, author = NULL, assignment = NULL, language = NULL"
        )
    async with db.transaction("test"):
        await execute_script(migration.FORWARDS)
    assert await db.fetch(facts) == known
    assert await db.fetch(versions) == edits
    assert (await desk.see()).turns == after.turns
    assert not [one for one in await run(INVARIANTS) if one.violations]
    await desk.say("It goes on.")
