import pytest
from msgspec.structs import replace

from dialogue import bot_settings
from dialogue.bot_settings import (
    BotChange,
    BotDraft,
    BotView,
    bot_of,
    bots_of,
    change_bot,
    configure_bot,
    create_bot,
    load_bots,
    with_key,
)
from dialogue.bot_trial import try_bot
from dialogue.errors import BadBotSettings, BotExists, NoSuchBot, SeveralBots, TextTooLong, TooManyBots
from kernel import db
from kernel.errors import ConfigurationError, PreconditionFailed
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
        return await configure_bot(project_id, BotDraft(**values), settings=settings)  # type: ignore[arg-type]


async def key_of(settings: Settings, project_id: object) -> str | None:
    (bot,) = await load_bots(project_id, settings)  # type: ignore[arg-type]
    assert bot.api_key is None, "it stays sealed until the call"
    return with_key(bot, settings).api_key


async def test_the_built_in_bot_answers_until_another_is_set(settings: Settings) -> None:
    project_id = await make_project(settings)
    assert (await bot_of(project_id)).kind == "offline"
    assert len((await try_bot(project_id, None, settings=settings)).text) > 10
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
    assert await key_of(settings, project_id) == KEY
    tables = await db.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    for table in tables:
        rows = await db.fetch(f'SELECT t::text AS line FROM "{table["tablename"]}" t')  # noqa: S608  names of our own tables
        for row in rows:
            assert KEY not in row["line"]
            assert KEY.encode().hex() not in row["line"]
    assert KEY not in repr(view)
    entry = await db.fetch_one("SELECT actor, after FROM audit_entry WHERE action = 'bot.created'")
    assert entry is not None
    assert (entry["actor"], entry["after"]["key_given"]) == ("person:manager", True)


async def test_a_key_stays_with_its_address(settings: Settings) -> None:
    project_id = await make_project(settings)
    await configure(settings, project_id, **REMOTE, api_key=KEY)
    assert (await configure(settings, project_id, **REMOTE | {"model": "big-3"})).has_api_key
    assert await key_of(settings, project_id) == KEY
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
        await key_of(settings, second)


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


async def test_a_manager_can_try_a_bot_and_sees_how_long_its_first_word_took(settings: Settings) -> None:
    open_settings = replace(settings, bot_allow_private_addresses=True)
    project_id = await make_project(settings)
    async with endpoint(streams("Hello", "!", pause_seconds=0.2), refuses("401 Unauthorized")) as fake:
        bot = await configure(open_settings, project_id, **REMOTE | {"base_url": fake.url}, api_key=KEY)
        trial = await try_bot(project_id, bot.id, settings=open_settings)
        assert (trial.ok, trial.text, trial.code) == (True, "Hello!", None)
        assert trial.first_token_ms is not None
        assert 0 < trial.first_token_ms <= trial.total_ms - 190, "the endpoint paused for 200 ms after its first word"
        trial = await try_bot(project_id, bot.id, settings=open_settings)
        assert (trial.ok, trial.code, trial.first_token_ms) == (False, "bot_key_refused", None)
    with pytest.raises(NoSuchBot):
        await try_bot(project_id, None, settings=open_settings)
    assert bot_settings.make_bot((await load_bots(project_id, settings))[0]).model == "big-2"


async def test_several_bots_are_made_changed_and_switched_off(settings: Settings) -> None:
    project_id = await make_project(settings)

    async def make(name: str, **values: object) -> BotView:
        async with db.transaction("person:manager"):
            draft = BotDraft(name=name, **REMOTE | values)  # type: ignore[arg-type]
            return await create_bot(project_id, draft, settings=settings)

    async def change(bot: BotView, version: int | None = None, **values: object) -> BotView:
        assert bot.id is not None
        async with db.transaction("person:manager"):
            return await change_bot(project_id, bot.id, BotChange(**values), settings=settings, version=version)  # type: ignore[arg-type]

    one = await make("Large", api_key=KEY, top_p=0.9, first_token_seconds=5.0, candidates=2)
    two = await make("Small", model="small-1")
    assert await bots_of(project_id) == [one, two]
    with pytest.raises(SeveralBots):
        await bot_of(project_id)
    with pytest.raises(SeveralBots):
        await configure(settings, project_id, kind="offline")
    with pytest.raises(BotExists):
        await make("Large")
    with pytest.raises(BotExists):
        await change(two, name="Large")

    changed = await change(one, version=1, temperature=0.2, first_token_seconds=None, reason="calmer")
    assert (changed.version, changed.temperature, changed.first_token_seconds) == (2, 0.2, None)
    assert (changed.top_p, changed.has_api_key, changed.candidates) == (0.9, True, 2)
    with pytest.raises(PreconditionFailed):
        await change(one, version=1, temperature=0.3)
    assert (await change(one, temperature=0.2)).version == 2, "nothing changed, no version"
    assert not (await change(one, base_url="https://evil.example/v1")).has_api_key

    await change(two, enabled=False, reason="too dear")
    assert [bot.name for bot in await load_bots(project_id, settings)] == ["Large"]
    await change(one, enabled=False)
    assert await load_bots(project_id, settings) == [], "the built-in bot does not come in unnoticed"
    reasons = await db.fetch("SELECT reason FROM audit_entry WHERE action = 'bot.changed' AND reason IS NOT NULL")
    assert {row["reason"] for row in reasons} == {"calmer", "too dear"}
    narrow = replace(settings, bots_limit=2)
    with pytest.raises(TooManyBots):
        async with db.transaction("person:manager"):
            await create_bot(project_id, BotDraft(name="Third", kind="offline"), settings=narrow)


async def test_a_host_in_the_own_network_needs_the_word_of_whoever_runs_the_installation(settings: Settings) -> None:
    project_id = await make_project(settings)
    inside = REMOTE | {"base_url": "http://gpu1.lan:8000/v1"}
    with pytest.raises(AddressRefused):
        await configure(settings, project_id, **inside)
    listed = replace(settings, bot_private_hosts="gpu1.lan=our model server")
    assert (await configure(listed, project_id, **inside)).base_url == "http://gpu1.lan:8000/v1"
    for url in ("http://gpu2.lan:8000/v1", "http://user:pw@gpu1.lan/v1", "ftp://gpu1.lan/v1"):
        with pytest.raises(AddressRefused):
            await configure(listed, project_id, **inside | {"base_url": url})
