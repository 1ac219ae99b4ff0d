from typing import Literal
from uuid import UUID

import msgspec

from callboard.access.permissions import Permission


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """Who makes a request, as it was read from the database at most `RECENT_SECONDS` ago."""

    kind: Literal["person", "token"]
    id: UUID
    name: str
    roles: frozenset[str]
    """Effective ones: a vendor's manager is a `vendor_manager`. Programs have `frontend`."""
    permissions: frozenset[Permission]
    scopes: frozenset[str] = frozenset()
    person_id: UUID | None = None
    """The account behind it; for a token, the account that it belongs to."""
    annotator_id: UUID | None = None
    """Whose work this is: always one's own for people, and for a token that is bound to one annotator."""
    vendor_id: UUID | None = None
    """Limits what is seen to this vendor's people; none: everybody."""
    email: str = ""
    locale: str = "en"
    theme: str = "auto"
    must_change_password: bool = False
    csrf_token: str | None = None
    """Only for people: what their pages send back with every change."""
    session_hash: bytes | None = None

    @property
    def label(self) -> str:
        """What the audit log writes; never a name."""
        return f"{self.kind}:{self.id}"

    def may(self, permission: Permission) -> bool:
        return permission in self.permissions

    @property
    def sees_everybody(self) -> bool:
        """Whether rows of all annotators are open; vendor managers and annotators see part of them."""
        return self.vendor_id is None and (
            (self.kind == "token" and self.annotator_id is None) or not self.roles.isdisjoint({"admin", "manager"})
        )
