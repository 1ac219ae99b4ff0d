"""Who people are, as it goes out: under a keyed hash by default, or by their real ids where somebody may see them.

The same person has the same name in every export of this installation, and nobody without its master key can find out
whose it is.
"""

import hmac
from typing import Any, Literal
from uuid import UUID

from kernel.secrets import keyring
from kernel.settings import Settings

Identities = Literal["pseudonym", "real"]

PSEUDONYM_BYTES = 10
"""80 bits: no two people of any workforce meet."""


class Pseudonyms:
    def __init__(self, settings: Settings, identities: Identities = "pseudonym") -> None:
        self._key = keyring(settings).derive("export pseudonyms")
        self._real = identities == "real"

    def name(self, person_id: UUID) -> str:
        if self._real:
            return str(person_id)
        return hmac.digest(self._key, person_id.bytes, "sha256")[:PSEUDONYM_BYTES].hex()

    def by(self, author_id: UUID | None, assignment_id: UUID | None) -> dict[str, Any] | None:
        """Who did it, and under which hold; none: a bot did, or nobody knows."""
        if author_id is None:
            return None
        return {"person": self.name(author_id), "hold": None if assignment_id is None else str(assignment_id)}
