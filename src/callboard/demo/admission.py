"""The demo's own key to the API: issued once per installation, kept where only this account can read it."""

import os
from pathlib import Path

from callboard.access import tokens
from callboard.access.tokens import TokenDraft
from callboard.demo.seeding import ACTOR
from kernel import db
from kernel.settings import Settings

SCOPES = ["annotators:write", "projects:read", "reports:read", "tasks:write", "work"]
LIFE_DAYS = 30


def folder(settings: Settings) -> Path:
    path = settings.data_dir / "demo"
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


async def token(settings: Settings) -> str:
    """The one from the last run while it is good, else a new one."""
    file = folder(settings) / "token"
    known = file.read_text(encoding="utf-8").strip() if file.exists() else ""
    actor = await tokens.find(known) if known else None
    if actor is not None and actor.scopes >= set(SCOPES):
        return known
    draft = TokenDraft(name="Demo frontend", scopes=SCOPES, expires_in_days=LIFE_DAYS)
    async with db.transaction(ACTOR):
        _, fresh = await tokens.issue(draft, None, settings)
    aside = file.with_suffix(".new")
    aside.unlink(missing_ok=True)
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
        out.write(fresh)
    aside.replace(file)
    return fresh
