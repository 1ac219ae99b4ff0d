"""Keys of programs: what they open, when they stop, and what is left of them in the database."""

import httpx
import pytest

from callboard.access import recent, tokens
from callboard.access.permissions import ROLES, SCOPES, Permission, effective_roles
from callboard.access.tokens import TokenDraft
from kernel import db
from kernel.settings import Settings
from tests.api.conftest import Cast

pytestmark = pytest.mark.usefixtures("app")


async def made(settings: Settings, **changes: object) -> str:
    async with db.transaction("test"):
        _, token = await tokens.issue(TokenDraft(name="t", scopes=["tasks:read"], **changes), None, settings)  # type: ignore[arg-type]
    return token


async def test_only_the_exact_token_opens(settings: Settings) -> None:
    token = await made(settings)
    assert await tokens.find(token) is not None
    other = await made(settings)
    mixed = token.split(".")[0] + "." + other.split(".")[1]
    for wrong in (token[:-1], token + "A", token.upper(), mixed, "", "cb_", token.replace("cb_", "cb-"), f" {token}"):
        assert await tokens.find(wrong) is None, wrong


async def test_the_database_ends_it(settings: Settings) -> None:
    token = await made(settings, expires_in_days=1)
    assert await tokens.find(token) is not None
    await db.execute("UPDATE api_token SET expires_at = clock_timestamp() - interval '1 second'")
    recent.forget_all()
    assert await tokens.find(token) is None
    assert await db.fetch_value("SELECT max(expires_at - created_at) < interval '1 day 1 minute' FROM api_token")


async def test_last_use_is_written_once_a_minute(settings: Settings) -> None:
    token = await made(settings)
    for _ in range(3):
        recent.forget_all()
        await tokens.find(token)
    first = await db.fetch_value("SELECT last_used_at FROM api_token")
    recent.forget_all()
    await tokens.find(token)
    assert await db.fetch_value("SELECT last_used_at FROM api_token") == first
    await db.execute("UPDATE api_token SET last_used_at = last_used_at - interval '61 seconds'")
    recent.forget_all()
    await tokens.find(token)
    assert await db.fetch_value("SELECT last_used_at FROM api_token") >= first


async def test_a_full_disk_does_not_stop_reading(settings: Settings) -> None:
    """The time of the last use cannot be written then; who it is can still be read."""
    token = await made(settings)
    await db.execute("ALTER TABLE api_token ADD CONSTRAINT no_room CHECK (last_used_at IS NULL)")
    assert await tokens.find(token) is not None


async def test_revocation_holds_at_once_here_and_soon_elsewhere(client: httpx.AsyncClient, cast: Cast) -> None:
    admin = await cast.person("root", ["admin"])
    program = await cast.program(["tasks:read"], owner=admin)
    assert (await client.get("/api/v1/tasks", headers=program.headers)).status_code == 200
    token_id = (await client.get("/api/v1/tokens", headers=admin.headers)).json()["items"][0]["id"]
    gone = await client.delete(f"/api/v1/tokens/{token_id}", headers=admin.headers)
    assert gone.status_code == 204
    assert (await client.get("/api/v1/tasks", headers=program.headers)).status_code == 401
    listed = (await client.get("/api/v1/tokens", headers=admin.headers)).json()["items"][0]
    assert listed["revoked_at"]
    assert "secret_hash" not in listed
    assert recent.RECENT_SECONDS <= 5


async def test_managers_see_their_own_tokens_and_admins_all(client: httpx.AsyncClient, cast: Cast) -> None:
    admin, one, two = (
        await cast.person("root", ["admin"]), await cast.person("one", ["manager"]), await cast.person("two", ["manager"]),
    )  # fmt: skip
    for owner in (admin, one, two):
        await cast.program(["tasks:read"], owner=owner)
    counts = [
        len((await client.get("/api/v1/tokens", headers=who.headers)).json()["items"]) for who in (admin, one, two)
    ]
    assert counts == [3, 1, 1]
    foreign = (await client.get("/api/v1/tokens", headers=two.headers)).json()["items"][0]["id"]
    assert (await client.delete(f"/api/v1/tokens/{foreign}", headers=one.headers)).status_code == 404


def test_a_vendors_manager_decides_nothing_for_everybody() -> None:
    assert effective_roles(["manager"], has_vendor=True) == {"vendor_manager"}
    assert effective_roles(["manager", "admin"], has_vendor=True) == {"manager", "admin"}
    assert effective_roles(["manager"], has_vendor=False) == {"manager"}
    forbidden = {
        Permission.MONEY_WRITE, Permission.PROJECTS_WRITE, Permission.SKILLS_WRITE,
        Permission.TASKS_LIST, Permission.TASKS_WRITE, Permission.TOKENS_WRITE,
    }  # fmt: skip
    assert not ROLES["vendor_manager"] & forbidden


def test_nobody_who_manages_works_and_nobody_who_works_manages() -> None:
    for role in ("admin", "manager", "vendor_manager"):
        assert not ROLES[role] & {Permission.WORK, Permission.WORK_BEHALF}
    for role in ("annotator", "reviewer"):
        # Their own account at a bank, their own papers, which count for nothing until somebody else has verified them, and whether they are there.
        assert {permission for permission in ROLES[role] if permission.endswith(":write")} == {
            "bank:write",
            "credentials:write",
            "presence:write",
        }
    assert all(Permission.ACCOUNT not in held for held in SCOPES.values())
