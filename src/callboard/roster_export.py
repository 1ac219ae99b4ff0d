"""The roster as a file, written while it is read: nobody waits for the last person, and no list of them is kept."""

import csv
import io
from collections.abc import AsyncIterator, Sequence
from typing import Literal

import msgspec
from litestar.response import Stream

from callboard.pages.csv_file import BYTE_ORDER_MARK
from dialogue.csv_lines import cell
from kernel.clock import rfc3339
from kernel.settings import Settings
from routing import roster
from routing.roster import Reach, RosterRow
from skills.roster import RosterFilter

PORTION = 200
MOST = 1_000_000
HEAD = [
    "display_name", "external_id", "vendor", "roles", "languages", "capacity", "id", "state", "state_reason", "held",
    "handed_in_7_days", "judged_30_days", "acceptance_30_days", "last_active_at", "beliefs", "shown_credentials",
    "standing", "created_at", "presence", "presence_since",
]  # fmt: skip
"""The first six are those that an import reads; what is only worked out has names that it passes over."""


async def stream(wanted: RosterFilter, reach: Reach, settings: Settings, form: Literal["csv", "ndjson"]) -> Stream:
    """Who is in it is settled first, so that a wrong filter is an answer and not half a file. Raises `Invalid`."""
    found = await roster.find(wanted, reach, settings, limit=MOST)
    yard = await roster.yardstick(settings, wanted.project_id)

    async def parts() -> AsyncIterator[bytes]:
        if form == "csv":
            yield (BYTE_ORDER_MARK + _line(HEAD)).encode()
        for start in range(0, len(found.ids), PORTION):
            rows = await roster.rows(found.ids[start : start + PORTION], yard, settings)
            if form == "csv":
                yield "".join(_line(_cells(row)) for row in rows).encode()
            else:
                yield b"".join(msgspec.json.encode(row) + b"\n" for row in rows)

    media = "text/csv; charset=utf-8" if form == "csv" else "application/x-ndjson"
    headers = {"content-disposition": f'attachment; filename="people.{form}"', "cache-control": "no-store"}
    return Stream(parts(), media_type=media, headers=headers)


def _line(values: Sequence[str | int]) -> str:
    file = io.StringIO()
    csv.writer(file, lineterminator="\r\n").writerow([cell(value) for value in values])
    return file.getvalue()


def _cells(row: RosterRow) -> list[str | int]:
    load = row.load
    return [
        row.display_name, row.external_id or "", row.vendor or "", " ".join(row.roles_everywhere),
        " ".join(f"{tag}:{level}" for tag, level in sorted(row.languages.items())), row.capacity, str(row.id), row.state,
        row.state_reason or "", load.held, load.handed_in_7_days, load.judged_30_days,
        "" if load.acceptance_30_days is None else f"{load.acceptance_30_days:.3f}",
        "" if load.last_active_at is None else rfc3339(load.last_active_at),
        " ".join(f"{one.domain}:{one.percent}({one.interval[0]}..{one.interval[1]})" for one in row.skills),
        "; ".join(f"{one.domain}:{one.kind}:{one.title}" for one in row.credentials), " ".join(row.standing),
        rfc3339(row.created_at), row.presence.state, "" if row.presence.since is None else rfc3339(row.presence.since),
    ]  # fmt: skip
