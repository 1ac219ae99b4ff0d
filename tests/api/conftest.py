"""The real app on the real database; one actor of every kind, in two vendors."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, NamedTuple
from uuid import UUID

import httpx
import msgspec
import pytest
from litestar import Litestar

from callboard.access import passwords, people, recent, sessions, tokens
from callboard.access.people import PersonDraft
from callboard.access.tokens import TokenDraft
from callboard.app import create_app, fresh_state
from callboard.logs import configure_logs
from kernel import db
from kernel.settings import Settings
from skills.annotators import AnnotatorDraft, create_annotator, ensure_vendor

BASE = "http://callboard.test"
PASSWORD = "correct staple battery"


class Somebody(NamedTuple):
    """Headers that make a request theirs, and who they are."""

    headers: dict[str, str]
    person_id: UUID | None = None
    annotator_id: UUID | None = None
    vendor_id: UUID | None = None


_apps: dict[Settings, Litestar] = {}


def app_of(settings: Settings) -> Litestar:
    """The app as the process starts it. Its seven hundred handlers are wired once for all tests with equal settings."""
    kind = msgspec.structs.replace(settings, database_url=None)
    app = _apps.get(kind)
    if app is None:
        app = _apps[kind] = create_app(settings)
    else:
        configure_logs(settings)  # to the standard error of this test
        app.state = fresh_state(settings)
    return app


@pytest.fixture
async def app(settings: Settings) -> AsyncIterator[Litestar]:
    recent.forget_all()
    app = app_of(settings)
    started, stop = asyncio.Event(), asyncio.Event()

    async def serve() -> None:
        try:
            async with app.lifespan():
                started.set()
                await stop.wait()
        finally:
            started.set()

    # In a task of its own: the lifespan must be left in the task in which it was entered.
    serving = asyncio.create_task(serve())
    await started.wait()
    if serving.done():
        await serving
    yield app
    stop.set()
    await serving


@pytest.fixture
async def client(app: Litestar) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
        yield client


@pytest.fixture(scope="session")
async def password_hash(servers_folder: Any) -> str:
    from kernel.settings import load_settings

    return await passwords.hash_password(PASSWORD, load_settings(servers_folder, environ={}))


class Cast:
    """Makes people and programs straight in the database."""

    def __init__(self, settings: Settings, password_hash: str) -> None:
        self._settings = settings
        self._hash = password_hash

    async def person(self, name: str, roles: list[str], *, vendor: str | None = None, works: bool = False) -> Somebody:
        async with db.transaction("test"):
            vendor_id = None if vendor is None else await ensure_vendor(vendor)
            annotator_id = None
            if works:
                draft = AnnotatorDraft(
                    display_name=name,
                    vendor=vendor,
                    roles=roles,
                    languages={"en": 5},
                    skills={"general": 5, "finance": 4},
                )
                annotator_id = await create_annotator(draft, 3)
            person_id = await people.create(
                PersonDraft(
                    email=f"{name}@example.org",
                    display_name=name,
                    roles=roles,
                    annotator_id=annotator_id,
                    vendor_id=vendor_id,
                ),
                password_hash=self._hash,
            )
            secret = await sessions.begin(person_id, self._settings)
        actor = await sessions.find(secret, self._settings)
        assert actor is not None
        headers = {"cookie": f"callboard={secret}", "x-csrf-token": actor.csrf_token or ""}
        return Somebody(headers, person_id, annotator_id, vendor_id)

    async def again(self, who: Somebody) -> Somebody:
        """The same person with a new session."""
        assert who.person_id is not None
        async with db.transaction("test"):
            secret = await sessions.begin(who.person_id, self._settings)
        actor = await sessions.find(secret, self._settings)
        assert actor is not None
        return who._replace(headers={"cookie": f"callboard={secret}", "x-csrf-token": actor.csrf_token or ""})

    async def program(
        self, scopes: list[str], *, owner: Somebody | None = None, annotator: Somebody | None = None
    ) -> Somebody:
        draft = TokenDraft(name="program", scopes=scopes, annotator_id=annotator.annotator_id if annotator else None)
        async with db.transaction("test"):
            _, token = await tokens.issue(draft, owner.person_id if owner else None, self._settings)
        return Somebody({"authorization": f"Bearer {token}"}, annotator_id=draft.annotator_id)


@pytest.fixture
async def cast(app: Litestar, settings: Settings, password_hash: str) -> Cast:
    return Cast(settings, password_hash)
