"""Finished dialogues, one JSON object a line, nothing left out but who people are.

`messages` is what a chat model is trained on (the OpenAI form); `turns` is the whole truth behind it: what the bot
wrote, what the annotator made of it, ratings and comments. People appear under a keyed hash: the same person has the
same name in every export of this installation, and nobody without its master key can find out whose it is.
"""

import hmac
from collections.abc import AsyncGenerator
from typing import Any
from uuid import UUID

from kernel import clock, db
from kernel.secrets import keyring
from kernel.settings import Settings
from kernel.sql import load

sql = load(__package__)

FORMAT = "callboard.dialogue/1"
PSEUDONYM_BYTES = 10
"""80 bits: no two people of any workforce meet."""


async def export_dialogues(
    settings: Settings, *, project_id: UUID | None = None, accepted_only: bool = True
) -> AsyncGenerator[dict[str, Any], None]:
    """In the order of handing in, `export_batch` at a time. Without `accepted_only` also what is pending or was refused.

    What is accepted while the export runs may be in it or not; each line is complete in itself.
    """
    names = Pseudonyms(settings)
    after = UUID(int=0)
    while True:
        rows = await db.fetch(
            sql.dialogues_to_export, after=after, project_id=project_id, accepted_only=accepted_only,
            limit=settings.export_batch,
        )  # fmt: skip
        for row in rows:
            yield line_of(row, names)
        if len(rows) < settings.export_batch:
            return
        after = rows[-1]["id"]


class Pseudonyms:
    def __init__(self, settings: Settings) -> None:
        self._key = keyring(settings).derive("export pseudonyms")

    def name(self, person_id: UUID) -> str:
        return hmac.digest(self._key, person_id.bytes, "sha256")[:PSEUDONYM_BYTES].hex()


def line_of(row: Any, names: Pseudonyms) -> dict[str, Any]:
    """`turns` and `messages` are what counts in the end: the reviewer's correction where there is one."""
    verdicts = [_verdict(verdict, names) for verdict in row["verdicts"]]
    corrected = next((v["corrected"] for v in reversed(verdicts) if _has_turns(v["corrected"])), None)
    submitted = row["payload"]
    work = corrected or submitted
    line = {
        "format": FORMAT,
        "id": str(row["id"]),
        "state": row["state"],
        "round": row["round"],
        "project": {"id": str(row["project_id"]), "name": row["project_name"]},
        "task": {
            "id": str(row["task_id"]),
            "external_id": row["external_id"],
            "state": row["task_state"],
            "domain": row["domain"],
            "language": row["language"],
            "difficulty": row["difficulty_level"],
            "source": row["task_payload"].get("source"),
        },
        "annotator": names.name(row["author_id"]),
        "submitted_at": clock.rfc3339(row["submitted_at"]),
        "decided_at": clock.rfc3339(row["decided_at"]) if row["decided_at"] else None,
        "topic": work.get("topic", submitted.get("topic")),
        "messages": [],
        "turns": [],
        "corrected_by_reviewer": corrected is not None,
        "verdicts": [{name: value for name, value in v.items() if name != "corrected"} for v in verdicts],
    }
    if not _has_turns(work):  # the work of another frontend, in a form of its own
        return line | {"payload": submitted}
    line["turns"] = work["turns"]
    line["messages"] = [{"role": turn["role"], "content": turn["text"]} for turn in work["turns"]]
    return line | ({"submitted": submitted} if corrected is not None else {})


def _verdict(verdict: dict[str, Any], names: Pseudonyms) -> dict[str, Any]:
    reviewer = names.name(UUID(verdict["reviewer_id"]))
    return {"reviewer": reviewer} | {name: value for name, value in verdict.items() if name != "reviewer_id"}


def _has_turns(work: Any) -> bool:
    turns = work.get("turns") if isinstance(work, dict) else None
    return isinstance(turns, list) and all(
        isinstance(turn, dict) and isinstance(turn.get("role"), str) and isinstance(turn.get("text"), str)
        for turn in turns
    )
