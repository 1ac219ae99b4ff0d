"""The staged drafts in the real database."""

import json
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from callboard.importing.files import stage_file
from callboard.importing.write import Outcome, find_project, judge_by_database, write
from kernel import db
from kernel.errors import Unavailable
from kernel.settings import Settings
from routing import intake
from routing.errors import NoSuchProject
from tests.importing.helpers import limits
from tests.routing.factory import make_project

pytestmark = pytest.mark.usefixtures("pool")
LIMITS = limits(import_chunk_lines=10)


def file_of(folder: Path, numbers: range, **changes: object) -> Path:
    path = folder / "tasks.ndjson"
    with path.open("w") as file:
        for number in numbers:
            record = {
                "external_id": f"t{number}",
                "domain": "law",
                "language": "en",
                "payload": {"title": f"Task {number}"},
            }
            file.write(json.dumps(record | changes) + "\n")
    return path


async def run(path: Path, project: UUID) -> Outcome:
    with stage_file(path, LIMITS, judge=await judge_by_database()) as stage:
        assert not stage.report.bad
        return await write(stage, project, path.name)


async def titles(project: UUID) -> list[str]:
    rows = await db.fetch(
        "SELECT payload FROM task WHERE project = :project ORDER BY length(external_id), external_id", project=project
    )
    return [row["payload"]["title"] for row in rows]


async def test_every_draft_becomes_one_task_with_its_slot(settings: Settings, tmp_path: Path) -> None:
    project = await make_project(settings)
    outcome = await run(file_of(tmp_path, range(25)), project)
    assert (outcome.created, outcome.existing, outcome.already) == (25, 0, False)
    assert await titles(project) == [f"Task {number}" for number in range(25)]
    assert await db.fetch_value("SELECT count(*) FROM slot WHERE project = :project", project=project) == 25
    batch = await db.fetch_one("SELECT source, lines, created, existing, bad FROM import_batch")
    assert dict(batch or {}) == {"source": "tasks.ndjson", "lines": 25, "created": 25, "existing": 0, "bad": 0}


async def test_the_same_content_again_is_known_whatever_the_bytes(settings: Settings, tmp_path: Path) -> None:
    project, other = await make_project(settings), await make_project(settings, name="Other")
    path = file_of(tmp_path, range(12))
    first = await run(path, project)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n\r\n"))
    assert await run(path, project) == Outcome(first.import_id, 0, 12, already=True)
    assert (await run(path, other)).created == 12
    assert len(await titles(project)) == 12


async def test_a_longer_file_adds_what_is_new(settings: Settings, tmp_path: Path) -> None:
    project = await make_project(settings)
    await run(file_of(tmp_path, range(15)), project)
    outcome = await run(file_of(tmp_path, range(20)), project)
    assert (outcome.created, outcome.existing, outcome.already) == (5, 15, False)
    assert len(await titles(project)) == 20


async def test_an_interrupted_import_is_taken_up(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = await make_project(settings)
    path = file_of(tmp_path, range(35))
    whole, calls = intake.import_tasks, []

    async def break_third(*arguments: object, **options: object) -> object:
        calls.append(1)
        if len(calls) == 3:
            raise Unavailable
        return await whole(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(intake, "import_tasks", break_third)
    with pytest.raises(Unavailable):
        await run(path, project)
    assert len(await titles(project)) == 20
    outcome = await run(path, project)
    assert (outcome.created, outcome.existing, outcome.already) == (15, 20, False)
    assert await titles(project) == [f"Task {number}" for number in range(35)]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"domain": "alchemy"}, "there is no domain 'alchemy'; there are finance, general, law, medicine, technology"),
        ({"requirements": {"min_level": 9}}, "requirements.min_level is 9; allowed: a level from 1 to 5"),
        (
            {"requirements": {"level": 2}},
            (
                "requirements has none of the known forms but ['level']; allowed: all, any, not, domain, language, "
                "credential, exam, expert, role, vendor or people"
            ),
        ),
    ],
)
async def test_what_the_database_would_refuse_is_a_line_error(
    tmp_path: Path, changes: dict[str, object], reason: str
) -> None:
    path = file_of(tmp_path, range(2), **changes)
    with stage_file(path, LIMITS, judge=await judge_by_database()) as stage:
        assert stage.report.errors[0].reason == reason
        assert stage.report.good == 0


async def test_a_project_is_found_by_name_or_id(settings: Settings) -> None:
    project = await make_project(settings, name="Spring")
    assert (await find_project("Spring")).id == (await find_project(str(project))).id == project
    for unknown in ("Autumn", str(uuid4())):
        with pytest.raises(NoSuchProject, match="there are: 'Spring'"):
            await find_project(unknown)


async def test_the_example_of_every_declared_kind_goes_in(settings: Settings, tmp_path: Path) -> None:
    """docs/examples/kinds.jsonl; a line that lacks what its kind shows is named with its place."""
    project_id = await make_project(settings)
    path = Path(__file__).parents[2] / "docs" / "examples" / "kinds.jsonl"
    with stage_file(path, LIMITS, judge=await judge_by_database(project_id)) as stage:
        assert not stage.report.errors
        assert (await write(stage, project_id, path.name)).created == 9
    wrong = tmp_path / "wrong.jsonl"
    wrong.write_text(path.read_text(encoding="utf-8").replace('"prompt"', '"question"', 1), encoding="utf-8")
    with stage_file(wrong, LIMITS, judge=await judge_by_database(project_id)) as stage:
        assert [error.reason for error in stage.report.errors] == ["payload/prompt: This is required"]
