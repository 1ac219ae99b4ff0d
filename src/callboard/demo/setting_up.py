"""What a run of the demo stands on: people, projects, the file's tasks, and a key to the API."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import msgspec

from callboard.demo.admission import token
from callboard.demo.content import people
from callboard.demo.crew import crew, players
from callboard.demo.importing import take_file
from callboard.demo.operation import GUIDED, PROJECTS
from callboard.demo.seeding import seed
from callboard.demo.stage import Player
from callboard.wiring import wire
from kernel import db
from kernel.clock import monotonic
from kernel.errors import Unavailable
from kernel.settings import Settings
from routing.projects import project_named

T = TypeVar("T")
PAUSE_SECONDS = 0.5


class SetUp(msgspec.Struct, frozen=True):
    players: list[Player]
    project_ids: list[str]
    """Where simulated people work; the tour is the visitor's."""
    ids: dict[str, UUID]
    """Of the demo's projects, by name."""
    token: str


async def set_up(settings: Settings, file: Path | None, *, finite: bool, patience_seconds: float) -> SetUp:
    """Each step may be repeated, so all of it is when the database goes away meanwhile. Raises `NotFresh`, `Unreadable`."""
    wire()
    assert settings.database_url is not None
    dsn = settings.database_url

    async def once() -> SetUp:
        async with db.pool(dsn, settings, min_size=1):
            return await prepare(settings, file, finite=finite)

    return await _patiently(once, patience_seconds)


async def prepare(settings: Settings, file: Path | None, *, finite: bool) -> SetUp:
    """On the pool that is open. A finite run of a file is the crew's alone, who can do all of it whatever happens."""
    await seed(settings)
    ids = {project.name: (await project_named(project.name)).id for project in PROJECTS}
    own = [str(project_id) for name, project_id in ids.items() if name not in GUIDED]
    if file is None:
        return SetUp(await players(people()), own, ids, await token(settings))
    imported = str((await take_file(file, settings)).project_id)
    if finite:
        return SetUp(await players(crew()), [imported], ids, await token(settings))
    return SetUp(await players([*people(), *crew()]), [*own, imported], ids, await token(settings))


async def _patiently(step: Callable[[], Awaitable[T]], seconds: float) -> T:
    deadline = monotonic() + seconds
    while True:
        try:
            return await step()
        except Exception as error:
            known = error if isinstance(error, Unavailable) else db.translate(error)
            if not isinstance(known, Unavailable) or monotonic() > deadline:
                raise
        await asyncio.sleep(PAUSE_SECONDS)
