"""The registry and credentials, for samples.py."""

from datetime import date
from typing import Any

from callboard.pages.views import Problem
from callboard.pages.views_registry import CredentialFilter, CredentialListView, CredentialsView, RegistryView
from skills.credentials import CredentialView
from skills.domains import DomainView, Refolding
from skills.registry import LevelView, RoleView, TaskKindView
from tests.pages.sample_facts import minutes, uid


def domain(code: str, parent: str | None = None, depth: int = 0, **changes: Any) -> DomainView:
    facts: dict[str, Any] = {
        "name_en": code.title(), "name_zh": "领域", "description_en": f"What {code} is about.", "description_zh": "领域的说明。",
        "position": 1, "archived": False, "version": 2,
    }  # fmt: skip
    return DomainView(code=code, parent=parent, depth=depth, **(facts | changes))


REGISTRY = RegistryView(
    domains=[
        domain("general"), domain("medicine"), domain("cardiology", "medicine", 1), domain("valves", "cardiology", 2),
        domain("law", description_en="", description_zh=""), domain("astrology", archived=True),
    ],
    levels=[
        LevelView(scale=scale, level=level, name_en=f"Step {level}", name_zh="等级", description_en="What it means.", description_zh="说明。", version=1)
        for scale in ("skill", "language")
        for level in range(1, 6)
    ],
    roles=[
        RoleView(code=code, name_en=code.title(), name_zh="角色", description_en="What they do.", description_zh="", position=1, archived=code == "guide", version=1, holders=holders)
        for code, holders in (("annotator", 34), ("reviewer", 1), ("guide", 0))
    ],
    kinds=[TaskKindView(code=code, name_en=code.title(), name_zh="工作", own_skill=code == "review", version=1) for code in ("dialogue", "review")],
    refolding=[Refolding("cardiology", 25, 180)],
    opened="domain-medicine",
    archived="domain-astrology",
)  # fmt: skip


def credential(n: int, state: str = "verified", **changes: Any) -> CredentialView:
    facts: dict[str, Any] = {
        "kind": "degree", "title": "MD, Internal medicine", "issuer": "McMaster University", "isced_level": 7, "isced_field": "0912",
        "document_ref": "MD-1182", "note": "", "issued_on": date(2019, 6, 1), "expires_on": None, "state_reason": None,
        "decided_by": None, "verified_at": None, "days_left": None, "counts": state == "verified",
    }  # fmt: skip
    return CredentialView(
        id=uid(900 + n), annotator_id=uid(3), display_name="Mei Lin", vendor_id=None, domain="medicine", state=state,
        version=1, created_at=minutes(-9000), **(facts | changes),
    )  # fmt: skip


ROWS = [
    credential(1, state_reason="Number checked with the university", verified_at=minutes(-900)),
    credential(2, "unverified", kind="licence", title="Registered nurse", isced_level=None, isced_field=None, note="Renewal is under way."),
    credential(3, kind="licence", title="Licence to practise", expires_on=date(2026, 3, 18), days_left=6),
    credential(4, kind="employment", title="Clinic, 9 years", expires_on=date(2026, 3, 1), days_left=-11, counts=False),
    credential(5, "refused", state_reason="Illegible"),
    credential(6, "revoked", state_reason="Withdrawn by the college"),
]  # fmt: skip
OWN = CredentialsView(
    person_id=uid(3), name="Mei Lin", state="active", vendor="Northlight", rows=ROWS, domains=["law", "medicine"], own=True, may_edit=True, may_decide=False, opened="new"
)  # fmt: skip
DECIDED = CredentialsView(
    person_id=uid(3),
    name="Mei Lin",
    state="active",
    vendor="Northlight",
    rows=ROWS,
    domains=["law"],
    own=False,
    may_edit=True,
    may_decide=True,
)
NONE_YET = CredentialsView(
    person_id=uid(3),
    name="Mei Lin",
    state="active",
    vendor="Northlight",
    rows=[],
    domains=["law"],
    own=False,
    may_edit=False,
    may_decide=False,
)
WAITING = CredentialListView(
    filter=CredentialFilter(), rows=ROWS, may_decide=True, next_cursor="abc", done=2, skipped=1
)
SEEN = CredentialListView(filter=CredentialFilter(show="30"), rows=ROWS, may_decide=False)
NOTHING = CredentialListView(
    filter=CredentialFilter(show="expired"), rows=[], may_decide=True,
    problem=Problem(status=422, code="nothing_selected", title="Select at least one"),
)  # fmt: skip
