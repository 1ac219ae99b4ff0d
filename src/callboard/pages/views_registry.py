"""What the screens of the registry and of credentials show; the facts come from `skills` as they are."""

from uuid import UUID

from msgspec import Struct, field

from callboard.pages.views import Problem
from skills.credentials import CredentialView
from skills.domains import DomainView, Refolding
from skills.registry import LevelView, RoleView, TaskKindView


class RegistryView(Struct, kw_only=True):
    domains: list[DomainView]
    levels: list[LevelView]
    roles: list[RoleView]
    kinds: list[TaskKindView]
    refolding: list[Refolding] = field(default_factory=list)
    opened: str = ""
    """What stays unfolded: `domain-law`, `role-annotator`, `skill-3`."""
    archived: str = ""
    """The code of what was archived a moment ago, to be taken back: `domain-law` or `role-guide`."""

    def under(self, code: str) -> list[str]:
        """What a domain must not be moved below: itself and everything in it."""
        found = [code]
        for one in self.domains:
            if one.parent in found and one.code not in found:
                found.append(one.code)
        return found


class CredentialsView(Struct, kw_only=True):
    """One person's."""

    person_id: UUID
    name: str
    state: str
    vendor: str | None
    rows: list[CredentialView]
    domains: list[str]
    """Those in which something new may begin."""
    own: bool
    may_edit: bool
    may_decide: bool
    opened: str = ""


class CredentialFilter(Struct, kw_only=True):
    show: str = "waiting"
    """`waiting`, `7`, `30`, `90` (days until they run out), `expired`, `verified`, `refused`, `revoked` or `all`."""


class CredentialListView(Struct, kw_only=True):
    filter: CredentialFilter
    rows: list[CredentialView]
    may_decide: bool
    next_cursor: str | None = None
    done: int | None = None
    skipped: int = 0
    problem: Problem | None = None
