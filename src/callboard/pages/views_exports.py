"""What the screen of a project's exports shows; snapshots come from `dialogue` as they are."""

from datetime import datetime

from msgspec import Struct, field

from callboard.pages.views_projects import ProjectHead
from dialogue.export import Found
from dialogue.formats import FORMATS
from dialogue.snapshots import SnapshotView


class SnapshotRow(Struct, kw_only=True):
    snapshot: SnapshotView
    who: str | None
    """None: nobody who has a name here, such as the command line."""
    goes_at: datetime | None = None
    """When the file is removed at the earliest; none: never, or there is none."""

    @property
    def share(self) -> float:
        one = self.snapshot
        return one.done / one.dialogues if one.dialogues else 1.0


class SnapshotList(Struct, kw_only=True):
    project_id: str
    rows: list[SnapshotRow]
    may_see_people: bool = False
    more: bool = False
    """Older ones than these are told by the API."""

    @property
    def under_way(self) -> bool:
        return any(row.snapshot.state in {"making", "rebuilding"} for row in self.rows)


class ExportsView(Struct, kw_only=True):
    head: ProjectHead
    found: Found
    snapshots: SnapshotList
    languages: list[str]
    domains: list[str]
    dimensions: list[str]
    """Of the rubric's newest version; `rating` where replies are rated from 1 to 5."""
    may_see_people: bool
    formats: list[str] = field(default_factory=lambda: list(FORMATS))


class CountView(Struct, kw_only=True):
    found: Found | None
    fault: str = ""
    """A key of `field_fault`, where there is nothing to count."""
