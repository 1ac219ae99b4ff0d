import pytest
from msgspec.structs import replace

from dialogue import bot_settings
from dialogue.bot_settings import BotView, bot_of, configure_bot, load_bot, try_bot
from dialogue.errors import BadBotSettings, BotUnavailable, TextTooLong
from kernel import db
from kernel.errors import ConfigurationError
from kernel.ids import uuid7
from kernel.outbound import AddressRefused
from kernel.settings import Settings
from routing.errors import NoSuchProject
from tests.dialogue.fake_endpoint import endpoint, refuses, streams
from tests.routing.factory import make_project

pytestmark = pytest.mark.usefixtures("pool")

KEY = "sk-canary-91c2"
REMOTE = {"kind": "openai", "base_url": "https://api.example/v1", "model": "big-2"}


async def configure(settings: Settings, project_id: object, **values: object) -> BotView:
    async with db.transaction("person:manager"):
        return await configure_bot(project_id, settings=settings, **values)  # type: ignore[arg-type]


async def test_the_built_in_bot_answers_until_another_is_set(settings: Settings) -> None:
    project_id = await make_project(settings)
    assert (await bot_of(project_id)).kind == "offline"
    assert len(await try_bot(project_id, settings=settings)) > 10
    view = await configure(
        settings, project_id, **REMOTE, api_key=KEY, system_prompt="Be kind.", temperature=0.1, max_tokens=50
    )
    assert view == await bot_of(project_id)
    assert (view.kind, view.model, view.has_api_key, view.system_prompt) == ("openai", "big-2", True, "Be kind.")
    back = await configure(settings, project_id, kind="offline", base_url="https://ignored.example", model="ignored")
    assert (back.kind, back.model, back.base_url, back.has_api_key) == ("offline", "callboard-offline", None, False)


async def test_the_key_is_sealed_in_the_database_and_in_no_view_or_audit_row(settings: Settings) -> None:
    project_id = await make_project(settings)
    view = await configure(settings, project_id, **REMOTE, api_key=KEY)
    assert (await load_bot(project_id, settings)).api_key == KEY
    tables = await db.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    for table in tables:
        rows = await db.fetch(f'SELECT t::text AS line FROM "{table["tablename"]}" t')  # noqa: S608  names of our own tables
        for row in rows:
            assert KEY not in row["line"]
            assert KEY.encode().hex() not in row["line"]
    assert KEY not in repr(view)
    entry = await db.fetch_one("SELECT actor, after FROM audit_entry WHERE action = 'bot.configured'")
    assert entry is not None
    assert (entry["actor"], entry["after"]["key_changed"]) == ("person:manager", True)


async def test_a_key_stays_with_its_address(settings: Settings) -> None:
    project_id = await make_project(settings)
    await configure(settings, project_id, **REMOTE, api_key=KEY)
    assert (await configure(settings, project_id, **REMOTE | {"model": "big-3"})).has_api_key
    assert (await load_bot(project_id, settings)).api_key == KEY
    moved = await configure(settings, project_id, **REMOTE | {"base_url": "https://evil.example/v1"})
    assert not moved.has_api_key  # else whoever sets the address could have the key sent to themselves
    await configure(settings, project_id, **REMOTE, api_key=KEY)
    assert not (await configure(settings, project_id, **REMOTE, api_key="")).has_api_key


async def test_a_sealed_key_does_not_open_in_another_project(settings: Settings) -> None:
    first = await make_project(settings)
    second = await make_project(settings, name="Second")
    await configure(settings, first, **REMOTE, api_key=KEY)
    await configure(settings, second, **REMOTE, api_key="sk-own")
    await db.execute(
        "UPDATE bot SET api_key_encrypted = (SELECT api_key_encrypted FROM bot WHERE project = :a) WHERE project = :b",
        a=first,
        b=second,
    )
    with pytest.raises(ConfigurationError):
        await load_bot(second, settings)


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"kind": "magic"}, BadBotSettings),
        ({"base_url": None}, BadBotSettings),
        ({"model": None}, BadBotSettings),
        ({"model": "import"}, BadBotSettings),
        ({"model": "annotator"}, BadBotSettings),
        ({"model": "a\x00b"}, BadBotSettings),
        ({"model": "x" * 121}, BadBotSettings),
        ({"temperature": 2.1}, BadBotSettings),
        ({"temperature": float("nan")}, BadBotSettings),
        ({"max_tokens": 0}, BadBotSettings),
        ({"max_tokens": 40_000}, BadBotSettings),
        ({"api_key": "a key\r\nX-Evil: 1"}, BadBotSettings),
        ({"api_key": "clé"}, BadBotSettings),
        ({"system_prompt": "x" * 40_000}, TextTooLong),
        ({"base_url": "http://api.example/v1"}, AddressRefused),
        ({"base_url": "https://169.254.169.254/latest"}, AddressRefused),
        ({"base_url": "https://127.0.0.1:8700"}, AddressRefused),
    ],
)
async def test_what_cannot_work_is_refused_at_once(
    settings: Settings, values: dict[str, object], error: type[Exception]
) -> None:
    project_id = await make_project(settings)
    with pytest.raises(error):
        await configure(settings, project_id, **REMOTE | values)
    assert (await bot_of(project_id)).kind == "offline"


async def test_an_unknown_project_has_no_bot(settings: Settings) -> None:
    with pytest.raises(NoSuchProject):
        await configure(settings, uuid7(), kind="offline")


async def test_a_manager_can_try_the_bot(settings: Settings) -> None:
    open_settings = replace(settings, bot_allow_private_addresses=True)
    project_id = await make_project(settings)
    async with endpoint(streams("Hello", "!"), refuses("401 Unauthorized")) as fake:
        await configure(open_settings, project_id, **REMOTE | {"base_url": fake.url}, api_key=KEY)
        assert await try_bot(project_id, settings=open_settings) == "Hello!"
        with pytest.raises(BotUnavailable, match="key"):
            await try_bot(project_id, settings=open_settings)
    assert bot_settings.make_bot(await load_bot(project_id, settings)).model == "big-2"
