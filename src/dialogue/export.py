"""Dialogues on their way out: what is wanted, read page by page, and written in one of the formats."""

from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import Meta, Struct, field

from dialogue import records
from dialogue.errors import BadFilter, NoSuchFormat
from dialogue.formats import FORMATS, Format, Reason
from dialogue.pseudonyms import Identities, Pseudonyms
from dialogue.records import FORMAT, Record
from kernel import db
from kernel.ids import plain_uuid
from kernel.settings import Settings
from kernel.sql import load

__all__ = [
    "FORMAT",
    "Filters",
    "Identities",
    "Pseudonyms",
    "Writer",
    "count",
    "export_dialogues",
    "format_named",
    "write",
]

sql = load(__package__)

State = Literal["accepted", "pending", "rework", "rejected", "surplus", "cancelled"]
Outcome = Literal["accept", "fix", "rework", "reject"]
Tag = Annotated[str, Meta(min_length=2, max_length=35)]
READ_AT_ONCE = 25
"""Dialogues in memory: the longest that there may be have 3 MB each."""


class Filters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which dialogues of a project; an empty list asks for nothing."""

    what: Literal["all", "work", "imported"] = "all"
    """`work`: what people handed in here. `imported`: trees that came with a task."""
    states: Annotated[list[State], Meta(min_length=1, max_length=6)] = field(default_factory=lambda: ["accepted"])
    """Of what was handed in."""
    since: Annotated[datetime, Meta(tz=True)] | None = None
    """Handed in, or come, from then on …"""
    until: Annotated[datetime, Meta(tz=True)] | None = None
    """… and before then."""
    languages: Annotated[list[Tag], Meta(max_length=50)] = []
    """`zh` finds `zh-CN` as well."""
    domains: Annotated[list[Annotated[str, Meta(max_length=40)]], Meta(max_length=100)] = []
    verdicts: Annotated[list[Outcome], Meta(max_length=4)] = []
    """The last verdict, as it counts after second looks."""
    dimension: Annotated[str, Meta(max_length=40)] = ""
    """Of the rubric, or `rating` for the plain form, or a label of an import."""
    at_least: float | None = None
    """Of that dimension: the reviewer's score, else the mean of the dialogue's own."""

    def work(self, project_id: UUID | None) -> dict[str, Any]:
        return self.tree(project_id) | {"states": self.states}

    def tree(self, project_id: UUID | None) -> dict[str, Any]:
        """Raises `BadFilter`."""
        if (self.at_least is None) != (self.dimension == ""):
            raise BadFilter("A dimension and its least value belong together.")
        if self.since and self.until and self.since >= self.until:
            raise BadFilter("The time from which on lies behind the time until which.")
        return {
            "project_id": project_id, "what": self.what, "since": self.since, "until": self.until, "languages": self.languages,
            "domains": self.domains, "verdicts": self.verdicts, "dimension": self.dimension, "at_least": self.at_least,
        }  # fmt: skip


class Found(Struct, frozen=True):
    work: int
    imported: int


async def count(project_id: UUID | None, filters: Filters) -> Found:
    """Raises `BadFilter`."""
    return Found(
        await db.fetch_value(sql.count_works_wanted, **filters.work(project_id)),
        await db.fetch_value(sql.count_trees_wanted, **filters.tree(project_id)),
    )


async def export_dialogues(
    settings: Settings,
    *,
    project_id: UUID | None = None,
    filters: Filters | None = None,
    identities: Identities = "pseudonym",
) -> AsyncGenerator[Record, None]:
    """Handed-in work in the order of handing in, then what came with tasks; a few at a time.

    What is accepted while the export runs may be in it or not; each dialogue is complete in itself.
    """
    names, filters = Pseudonyms(settings, identities), filters or Filters()
    for query, values, read in (
        (sql.works_wanted, filters.work(project_id), records.works),
        (sql.trees_wanted, filters.tree(project_id), records.planted),
    ):
        after = UUID(int=0)
        while True:
            rows = await db.fetch(query, after=after, limit=settings.export_batch, **values)
            ids = [plain_uuid(row["id"]) for row in rows]
            for start in range(0, len(ids), READ_AT_ONCE):
                for record in await read(ids[start : start + READ_AT_ONCE], names):
                    yield record
            if len(rows) < settings.export_batch:
                break
            after = ids[-1]


class Writer:
    """A file in pieces: `head`, then each record, then `tail`. It can go on where another one stopped."""

    def __init__(self, format: Format, lines: int = 0, left_out: dict[str, int] | None = None) -> None:  # noqa: A002
        self.format, self.lines, self.left_out = format, lines, Counter(left_out or {})

    def head(self) -> bytes:
        return self.format.head

    def take(self, made: Iterable[Record]) -> bytes:
        pieces: list[bytes] = []
        for record in made:
            for line in self.format.lines(record):
                if isinstance(line, Reason):
                    self.left_out[line.value] += 1
                    continue
                pieces.append(self.format.between + line if self.lines else line)
                self.lines += 1
        return b"".join(pieces)

    def tail(self) -> bytes:
        """Without lines a list is closed all the same, and a file of lines is empty."""
        return self.format.tail if self.lines or self.format.head.startswith(b"[") else b""


async def write(source: AsyncIterator[Record], writer: Writer) -> AsyncGenerator[bytes, None]:
    yield writer.head()
    async for record in source:
        yield writer.take([record])
    yield writer.tail()


def format_named(code: str) -> Format:
    """Raises `NoSuchFormat`."""
    if code not in FORMATS:
        raise NoSuchFormat(f"There is no format {code!r}; there are {', '.join(FORMATS)}.")
    return FORMATS[code]
