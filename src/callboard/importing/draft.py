"""The task as an import hands it on, before the database has seen it."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

Name = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_-]*$", max_length=40)]
Level = Annotated[int, Meta(ge=1, le=5)]

DIALOGUE = "dialogue"
"""The kind whose payload is our own; the payload of any other kind belongs to the frontend that shows it."""

DEFAULT_PRIORITY = 3
"""The middle of 1 to 5: an import that says nothing neither pushes ahead nor waits behind."""


class TaskDraft(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`payload` holds what the dialogue tool shows: `title`, `brief`, `opening`, `turns` of {role, text}, `reference`.

    `language` is a BCP 47 tag. `difficulty` runs from 1 (anybody) to 5 (few experts); None leaves it to the estimate.
    """

    external_id: Annotated[str, Meta(min_length=1, max_length=200)]
    kind: Name = DIALOGUE
    domain: Name
    language: Annotated[str, Meta(pattern=r"^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$")]
    difficulty: Level | None = None
    priority: Level = DEFAULT_PRIORITY
    due_at: Annotated[datetime, Meta(tz=True)] | None = None
    requirements: dict[str, Any] = {}
    payload: dict[str, Any] = {}
