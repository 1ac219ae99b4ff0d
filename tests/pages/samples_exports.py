"""A project's exports, for samples.py."""

from typing import Any

from msgspec.structs import replace

from callboard.pages.views_exports import CountView, ExportsView, SnapshotList, SnapshotRow
from dialogue.export import Filters, Found
from dialogue.snapshots import SnapshotView
from tests.pages.sample_facts import NOW, uid
from tests.pages.samples_projects import head


def snapshot(n: int, **changes: Any) -> SnapshotView:
    facts: dict[str, Any] = {
        "format": "openai", "filters": Filters(), "identities": "pseudonym", "reason": "", "state": "ready", "position": "900:905:901",
        "dialogues": 12_480, "done": 12_480, "lines": 12_391, "size": 98_412_331, "left_out": {"no_reply": 89},
        "sha256": "9f" * 32, "failure": None, "made_by": "person:x", "created_at": NOW, "ready_at": NOW,
    }  # fmt: skip
    return SnapshotView(id=uid(n), project_id=uid(1), **(facts | changes))


NARROW = Filters(
    what="work", states=["accepted", "rework"], languages=["zh", "en"], domains=["law"], verdicts=["accept", "fix"],
    dimension="helpfulness", at_least=3.5, since=NOW, until=NOW,
)  # fmt: skip
ROWS = [
    SnapshotRow(snapshot=snapshot(81, state="making", done=4200, lines=4100, size=31_000_000, sha256=None, ready_at=None), who="Mia Lindqvist"),
    SnapshotRow(snapshot=snapshot(82, format="dpo", filters=NARROW, left_out={"no_comparison": 12, "same_text": 3}), who="A program with a long name for the nightly training run"),
    SnapshotRow(snapshot=snapshot(83, format="callboard", identities="real", reason="Pay dispute 12", built_at=NOW), who=None, goes_at=NOW),
    SnapshotRow(snapshot=snapshot(85, state="rebuilding", done=9000, removed_at=NOW), who="Mia Lindqvist"),
    SnapshotRow(snapshot=snapshot(86, format="kto", state="removed", removed_at=NOW, failure="changed"), who="Mia Lindqvist"),
    SnapshotRow(snapshot=snapshot(87, state="cancelled", done=300, lines=300, size=100_000, sha256=None, ready_at=None), who="Mia Lindqvist"),
    SnapshotRow(snapshot=snapshot(84, format="oasst", state="failed", failure="ValueError: no way", sha256=None, ready_at=None, left_out={}), who="Mia Lindqvist"),
]  # fmt: skip
EXPORTS = ExportsView(
    head=head("exports"), found=Found(12_480, 94), snapshots=SnapshotList(project_id=str(uid(1)), rows=ROWS, may_see_people=True, more=True),
    languages=["en", "zh-CN", "pt-BR"], domains=["general", "law"], dimensions=["helpfulness", "honesty"], may_see_people=True,
)  # fmt: skip
NONE = replace(
    EXPORTS, found=Found(0, 0), snapshots=SnapshotList(project_id=str(uid(1)), rows=[]), languages=[], domains=[], dimensions=["rating"],
    may_see_people=False,
)  # fmt: skip
EXPORTS_SAMPLES = {
    "exports": ("exports.html", EXPORTS),
    "exports-none": ("exports.html", NONE),
    "fragment-exports-list": ("exports/list.html", EXPORTS.snapshots),
    "fragment-exports-count": ("exports/count.html", CountView(found=Found(1, 0))),
    "fragment-exports-count-wrong": ("exports/count.html", CountView(found=None, fault="no")),
}
