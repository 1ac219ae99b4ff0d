"""What comes out is what was made: accepted work, line by line, under pseudonyms."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from dialogue.checks import ready_to_submit, submission_payload
from dialogue.export import FORMAT, Filters, Pseudonyms, export_dialogues
from dialogue.views import ConversationView
from kernel.settings import Settings
from tests.dialogue.exporting import EVERYTHING
from tests.dialogue.factory import Desk, make_desk
from tests.routing.factory import claim_one, make_reviewer, submit, verdict

pytestmark = pytest.mark.usefixtures("pool")

TEXTS = ['=HYPERLINK("http://x")', "<b>雪</b> \u202e", "e\u0301 \u2028 👩‍👩‍👧"]


async def finish(desk: Desk) -> ConversationView:
    """Three exchanges with an edit, ready to hand in."""
    await desk.open(topic="雪 & snow", text=TEXTS[0])
    await desk.edit(await desk.exchange(rating=2), TEXTS[1])
    await desk.exchange(TEXTS[2])
    await desk.exchange("Last one?")
    seen = await desk.see()
    assert ready_to_submit(seen, 3, 20) == []
    return seen


async def lines(settings: Settings, *, accepted_only: bool = True, **options: Any) -> list[dict[str, Any]]:
    filters = Filters() if accepted_only else EVERYTHING
    return [line async for line in export_dialogues(settings, filters=filters, **options)]


async def test_an_accepted_dialogue_comes_out_whole_and_under_pseudonyms(settings: Settings) -> None:
    desk = await make_desk(settings, payload={"source": {"dataset": "ours"}})
    made = submission_payload(await finish(desk))
    await submit(settings, desk.held, made)
    assert await lines(settings) == []
    assert [line["state"] for line in await lines(settings, accepted_only=False)] == ["pending"]
    reviewer = await make_reviewer(settings)
    await verdict(settings, await claim_one(settings, reviewer), "accept", scores={"helpfulness": 4})
    (line,) = await lines(settings)
    assert line["format"] == FORMAT
    assert line["turns"] == made["turns"]
    assert line["messages"] == [{"role": turn["role"], "content": turn["text"]} for turn in made["turns"]]
    assert line["messages"][1]["content"] == TEXTS[1]
    assert line["turns"][1]["original_text"] != TEXTS[1]
    assert (line["topic"], line["task"]["source"], line["corrected_by_reviewer"]) == (
        "雪 & snow",
        {"dataset": "ours"},
        False,
    )
    assert line["verdicts"][0]["scores"] == {"helpfulness": 4}
    names = Pseudonyms(settings)
    assert (line["annotator"], line["verdicts"][0]["reviewer"]) == (
        names.name(desk.held.annotator_id),
        names.name(reviewer),
    )
    text = json.dumps(line)
    for private in (str(desk.held.annotator_id), str(reviewer), "Ann", "Rev"):
        assert private not in text


async def test_a_correction_of_the_reviewer_is_what_counts(settings: Settings) -> None:
    desk = await make_desk(settings)
    made = submission_payload(await finish(desk))
    await submit(settings, desk.held, made)
    better = {"topic": "Snow", "turns": [turn | {"text": turn["text"].upper()} for turn in made["turns"]]}
    await verdict(settings, await claim_one(settings, await make_reviewer(settings)), "fix", corrected=better)
    (line,) = await lines(settings)
    assert (line["corrected_by_reviewer"], line["turns"], line["submitted"]) == (True, better["turns"], made)
    assert line["topic"] == "Snow"
    assert all("corrected" not in given for given in line["verdicts"])


async def test_work_of_another_frontend_is_kept_in_its_own_form(settings: Settings) -> None:
    desk = await make_desk(settings)
    own = {"turns": "in a form of their own", "labels": [1, 2]}
    await submit(settings, desk.held, own)
    (line,) = await lines(settings, accepted_only=False)
    assert (line["payload"], line["messages"], line["turns"]) == (own, [], [])


async def test_pages_join_without_gap_or_double(settings: Settings) -> None:
    desk = await make_desk(settings)
    made = submission_payload(await finish(desk))
    await submit(settings, desk.held, made)
    other = await make_desk(settings, name="Other")
    await submit(settings, other.held, submission_payload(await finish(other)))
    for batch in (1, 2, 3):
        found = await lines(replace(settings, export_batch=batch), accepted_only=False)
        assert [line["project"]["name"] for line in found] == ["Chat", "Other"]
    (line,) = await lines(settings, accepted_only=False, project_id=other.project_id)
    assert line["project"]["id"] == str(other.project_id)


@pytest.mark.parametrize("options", [[], ["--chat"]], ids=["full", "chat"])
async def test_the_command_writes_one_line_each(settings: Settings, tmp_path: Path, options: list[str]) -> None:
    desk = await make_desk(settings)
    made = submission_payload(await finish(desk))
    await submit(settings, desk.held, made)
    await verdict(settings, await claim_one(settings, await make_reviewer(settings)), "accept")
    output = tmp_path / "out.ndjson"
    environ = os.environ | {"DATABASE_URL": settings.database_url or "", "REDIS_URL": "redis://127.0.0.1:1"}
    run = [sys.executable, "-m", "callboard.cli", "export", "--data-dir", str(tmp_path / "data"), *options]
    result = subprocess.run(
        [*run, "-o", str(output), "--project", "Chat"], env=environ, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    (line,) = [json.loads(text) for text in output.read_bytes().split(b"\n") if text]
    messages = [{"role": turn["role"], "content": turn["text"]} for turn in made["turns"]]
    assert line["messages"] == messages
    assert (list(line) == ["messages"]) == bool(options)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
    piped = subprocess.run(run, env=environ, capture_output=True, text=True, check=False)
    assert json.loads(piped.stdout)["messages"] == messages
    wrong = subprocess.run([*run, "--project", "Nobody's"], env=environ, capture_output=True, text=True, check=False)
    assert (wrong.returncode, "Traceback" in wrong.stderr, wrong.stdout) == (1, False, "")
