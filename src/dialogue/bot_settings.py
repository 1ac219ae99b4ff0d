"""Who answers in a project's dialogues: one bot or several. A key goes in and is never given out again.

A project without any bot has the built-in offline one. A project whose bots are all switched off has none: its
annotators are told so, because data of the built-in bot must not come unnoticed.
"""

from typing import Annotated, Any, Literal
from uuid import UUID

import asyncpg
from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import asdict, replace

from dialogue.bots import Bot, BotConfig, OfflineBot
from dialogue.errors import BadBotSettings, BotExists, NoSuchBot, SeveralBots, TooManyBots
from dialogue.openai_bot import OpenAIBot
from dialogue.texts import require_storable
from dialogue.views import BY_HAND, IMPORTED
from kernel import audit, db
from kernel.errors import PreconditionFailed
from kernel.ids import uuid7
from kernel.outbound import parse_address, private_hosts
from kernel.secrets import keyring
from kernel.settings import Settings
from kernel.sql import load
from routing.errors import NoSuchProject

sql = load(__package__)

MODEL_CHARACTERS = 120
"""The width of the column, which turns share."""

NAME_CHARACTERS = 80

KEY_CHARACTERS = 4000
"""Some services use signed tokens as keys; none is longer."""

MOST_TEMPERATURE = 2.0
"""Of the OpenAI chat API."""

MOST_TOKENS = 32_767
"""The width of the column; more does not fit into a turn."""

MOST_SECONDS = 600.0
"""Of any wait: a person waits for it."""

MOST_RETRIES = 10
MOST_CANDIDATES = 8
FIRST_NAME = "Bot"

Seconds = Annotated[float, Meta(gt=0, le=MOST_SECONDS)]


class BotDraft(Struct, forbid_unknown_fields=True, kw_only=True):
    """One bot. What is none among the limits is as the installation has it (`docs/settings.md`)."""

    name: Annotated[str, Meta(min_length=1, max_length=NAME_CHARACTERS)] = FIRST_NAME
    kind: Literal["offline", "openai"]
    base_url: Annotated[str, Meta(max_length=500)] | None = None
    model: Annotated[str, Meta(max_length=MODEL_CHARACTERS)] | None = None
    api_key: Annotated[str, Meta(max_length=KEY_CHARACTERS)] | None = None
    """Never given out again. Left out: the stored one stays while the address stays. Empty: it is removed."""
    system_prompt: Annotated[str, Meta(max_length=32_000)] = ""
    temperature: Annotated[float, Meta(ge=0, le=MOST_TEMPERATURE)] = 0.7
    top_p: Annotated[float, Meta(gt=0, le=1)] | None = None
    max_tokens: Annotated[int, Meta(ge=1, le=MOST_TOKENS)] = 1024
    connect_seconds: Seconds | None = None
    first_token_seconds: Seconds | None = None
    between_tokens_seconds: Seconds | None = None
    total_seconds: Seconds | None = None
    retries: Annotated[int, Meta(ge=0, le=MOST_RETRIES)] | None = None
    candidates: Annotated[int, Meta(ge=1, le=MOST_CANDIDATES)] = 1
    """Its share: how many of the replies to one message it gives."""
    enabled: bool = True


class BotChange(Struct, forbid_unknown_fields=True, kw_only=True):
    """What is left out stays; null gives a limit back to the installation."""

    name: Annotated[str, Meta(min_length=1, max_length=NAME_CHARACTERS)] | UnsetType = UNSET
    kind: Literal["offline", "openai"] | UnsetType = UNSET
    base_url: Annotated[str, Meta(max_length=500)] | UnsetType | None = UNSET
    model: Annotated[str, Meta(max_length=MODEL_CHARACTERS)] | UnsetType | None = UNSET
    api_key: Annotated[str, Meta(max_length=KEY_CHARACTERS)] | None = None
    """Left out: the stored one stays while the address stays. Empty: it is removed."""
    system_prompt: Annotated[str, Meta(max_length=32_000)] | UnsetType = UNSET
    temperature: Annotated[float, Meta(ge=0, le=MOST_TEMPERATURE)] | UnsetType = UNSET
    top_p: Annotated[float, Meta(gt=0, le=1)] | UnsetType | None = UNSET
    max_tokens: Annotated[int, Meta(ge=1, le=MOST_TOKENS)] | UnsetType = UNSET
    connect_seconds: Seconds | UnsetType | None = UNSET
    first_token_seconds: Seconds | UnsetType | None = UNSET
    between_tokens_seconds: Seconds | UnsetType | None = UNSET
    total_seconds: Seconds | UnsetType | None = UNSET
    retries: Annotated[int, Meta(ge=0, le=MOST_RETRIES)] | UnsetType | None = UNSET
    candidates: Annotated[int, Meta(ge=1, le=MOST_CANDIDATES)] | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    reason: Annotated[str, Meta(max_length=500)] | None = None


class BotView(Struct, frozen=True, kw_only=True):
    """`kind` is offline or openai; `id` none is the built-in bot that stands in where none was made.

    `has_api_key` is all that is ever said of the key.
    """

    id: UUID | None
    project_id: UUID
    name: str
    kind: str
    model: str
    base_url: str | None
    has_api_key: bool
    system_prompt: str
    temperature: float
    top_p: float | None
    max_tokens: int
    connect_seconds: float | None
    first_token_seconds: float | None
    between_tokens_seconds: float | None
    total_seconds: float | None
    retries: int | None
    candidates: int
    enabled: bool
    version: int


class _Row(Struct, frozen=True, kw_only=True):
    id: UUID | None
    project_id: UUID
    name: str = "Built-in bot"
    kind: str = "offline"
    base_url: str | None = None
    model: str = OfflineBot.model
    api_key_encrypted: bytes | None = None
    system_prompt: str = ""
    temperature: float = 0.7
    top_p: float | None = None
    max_tokens: int = 1024
    connect_seconds: float | None = None
    first_token_seconds: float | None = None
    between_tokens_seconds: float | None = None
    total_seconds: float | None = None
    retries: int | None = None
    candidates: int = 1
    enabled: bool = True
    version: int = 0


class BotFacts(Struct, frozen=True, kw_only=True):
    """How a bot did in the last 24 hours (of its newest 1,000 calls); the wait is the median."""

    id: UUID
    calls: int
    failed: int
    first_token_seconds: float | None
    last_code: str | None


async def bots_of(project_id: UUID) -> list[BotView]:
    """Oldest first; the built-in one where none was made."""
    return [_view(row) for row in await _read(project_id) or [_built_in(project_id)]]


async def bot_of(project_id: UUID) -> BotView:
    """The project's only bot. Raises `SeveralBots`."""
    found = await bots_of(project_id)
    if len(found) > 1:
        raise SeveralBots
    return found[0]


async def facts_of(project_id: UUID) -> dict[UUID, BotFacts]:
    return {facts.id: facts for facts in await db.fetch_as(BotFacts, sql.bot_facts, project_id=project_id)}


async def create_bot(project_id: UUID, draft: BotDraft, *, settings: Settings) -> BotView:
    """Raises `NoSuchProject`, `BadBotSettings`, `BotExists`, `TooManyBots`, `AddressRefused`, `TextTooLong`."""
    before = await _lock(project_id)
    if len(before) >= settings.bots_limit:
        raise TooManyBots(f"A project has at most {settings.bots_limit} bots.", limit=settings.bots_limit)
    row = _checked(_Row(id=uuid7(), project_id=project_id, **_fields(draft)), settings)
    row = replace(row, api_key_encrypted=_sealed(row, None, draft.api_key, settings))
    await _write(sql.add_bot, row)
    after = await _bot(project_id, row.id)
    await audit.record(
        "bot.created", "project", project_id, after={"bot": after, "key_given": row.api_key_encrypted is not None}
    )
    return after


async def change_bot(
    project_id: UUID, bot_id: UUID, change: BotChange, *, settings: Settings, version: int | None = None
) -> BotView:
    """Calls that run go on as they began. With a new address the key must be given again, or none is sent.

    Raises `NoSuchBot`, `PreconditionFailed` for another `version`, and what `create_bot` raises.
    """
    before = next((row for row in await _lock(project_id) if row.id == bot_id), None)
    if before is None:
        raise NoSuchBot
    if version is not None and version != before.version:
        raise PreconditionFailed
    given = {name: value for name, value in _fields(change).items() if value is not UNSET and name != "reason"}
    row = _checked(replace(before, **given), settings)
    row = replace(row, api_key_encrypted=_sealed(row, before, change.api_key, settings))
    if row == before:
        return _view(before)
    await _write(sql.change_bot, row)
    after = await _bot(project_id, bot_id)
    key_changed = change.api_key is not None or row.api_key_encrypted != before.api_key_encrypted
    await audit.record(
        "bot.changed", "project", project_id, before=_view(before), after={"bot": after, "key_changed": key_changed},
        reason=change.reason,
    )  # fmt: skip
    return after


async def configure_bot(project_id: UUID, draft: BotDraft, *, settings: Settings) -> BotView:
    """For a project with one bot: makes it, or replaces all that was set of it. Raises `SeveralBots`."""
    before = await _lock(project_id)
    if len(before) > 1:
        raise SeveralBots
    if not before:
        return await create_bot(project_id, draft, settings=settings)
    assert before[0].id is not None
    return await change_bot(project_id, before[0].id, BotChange(**asdict(draft)), settings=settings)


async def load_bots(project_id: UUID, settings: Settings) -> list[BotConfig]:  # noqa: ARG001  keys are opened for the call alone
    """Those that are switched on, with their keys still sealed."""
    rows = await _read(project_id) or [_built_in(project_id)]
    return [_config(row) for row in rows if row.enabled]


async def load_bot(project_id: UUID, bot_id: UUID | None) -> BotConfig:
    """One, switched on or not. None: the built-in one, where no other was made. Raises `NoSuchBot`."""
    rows = await _read(project_id) or [_built_in(project_id)]
    row = next((row for row in rows if row.id == bot_id), None)
    if row is None:
        raise NoSuchBot
    return _config(row)


def with_key(config: BotConfig, settings: Settings) -> BotConfig:
    """For the call itself. Raises `ConfigurationError` when the key cannot be opened here."""
    if config.sealed_key is None:
        return config
    opened = keyring(settings).open(config.sealed_key, _context(config.project_id)).decode()
    return replace(config, api_key=opened, sealed_key=None)


def make_bot(config: BotConfig) -> Bot:
    return OpenAIBot(config) if config.kind == "openai" else OfflineBot()


def _fields(given: BotDraft | BotChange) -> dict[str, Any]:
    return {name: value for name, value in asdict(given).items() if name != "api_key"}


def _checked(row: _Row, settings: Settings) -> _Row:
    """The row as it is stored. The numbers' bounds are those of the Structs and of the database."""
    name = row.name.strip()
    if not name or not name.isprintable():
        raise BadBotSettings("The name of a bot is printable and not empty.")
    require_storable(row.system_prompt, settings.turn_text_limit, "The system prompt")
    numbers = (row.connect_seconds, row.first_token_seconds, row.between_tokens_seconds, row.total_seconds)
    if not 0 <= row.temperature <= MOST_TEMPERATURE:
        raise BadBotSettings(f"The temperature lies between 0 and {MOST_TEMPERATURE:g}.")
    if row.top_p is not None and not 0 < row.top_p <= 1:
        raise BadBotSettings("top_p lies above 0 and is at most 1.")
    if not 1 <= row.max_tokens <= MOST_TOKENS:
        raise BadBotSettings(f"The tokens of a reply lie between 1 and {MOST_TOKENS:,}.")
    if any(number is not None and not 0 < number <= MOST_SECONDS for number in numbers):
        raise BadBotSettings(f"A wait is longer than nothing and at most {MOST_SECONDS:g} seconds.")
    if row.kind == "offline":
        return replace(row, name=name, base_url=None, model=OfflineBot.model)
    base_url, model = _require_endpoint(row.kind, row.base_url, row.model, settings)
    return replace(row, name=name, base_url=base_url, model=model)


def _require_endpoint(kind: str, base_url: str | None, model: str | None, settings: Settings) -> tuple[str, str]:
    if kind != "openai":
        raise BadBotSettings("The kind of a bot is offline or openai.")
    if not base_url or not model or model == OfflineBot.model:
        raise BadBotSettings("An OpenAI-compatible bot needs a base address and a model.")
    if len(model) > MODEL_CHARACTERS or not model.isprintable() or model in (IMPORTED, BY_HAND):
        raise BadBotSettings(
            f"The model must be printable, at most {MODEL_CHARACTERS} characters, and no reserved name."
        )
    parse_address(
        base_url,
        allow_private=settings.bot_allow_private_addresses,
        private_hosts=private_hosts(settings.bot_private_hosts),
    )
    return base_url.rstrip("/"), model


def _sealed(row: _Row, before: _Row | None, api_key: str | None, settings: Settings) -> bytes | None:
    """Nobody can have a key sent elsewhere without knowing it: with a new address the old key is gone."""
    if row.kind == "offline" or api_key == "":
        return None
    if api_key is None:
        return before.api_key_encrypted if before and before.base_url == row.base_url else None
    if len(api_key) > KEY_CHARACTERS or not api_key.isascii() or not api_key.isprintable() or " " in api_key:
        raise BadBotSettings(f"The key must be plain ASCII without spaces, at most {KEY_CHARACTERS} characters.")
    return keyring(settings).seal(api_key.encode(), _context(row.project_id))


def _context(project_id: UUID) -> bytes:
    return b"bot of project " + project_id.bytes


async def _lock(project_id: UUID) -> list[_Row]:
    db.require_transaction()
    if await db.fetch_value(sql.lock_project_of_bot, project_id=project_id) is None:
        raise NoSuchProject
    return await _read(project_id)


async def _read(project_id: UUID) -> list[_Row]:
    return await db.fetch_as(_Row, sql.bots_of_project, project_id=project_id)


async def _write(query: Any, row: _Row) -> None:
    values = asdict(row)
    del values["version"]
    if query is sql.change_bot:
        del values["project_id"]
    try:
        async with db.savepoint():
            await db.execute(query, **values)
    except asyncpg.UniqueViolationError as error:
        raise BotExists(f"There is a bot named {row.name} in this project already.") from error


async def _bot(project_id: UUID, bot_id: UUID | None) -> BotView:
    return next(view for view in await bots_of(project_id) if view.id == bot_id)


def _built_in(project_id: UUID) -> _Row:
    return _Row(id=None, project_id=project_id)


def _view(row: _Row) -> BotView:
    values = asdict(row)
    return BotView(has_api_key=values.pop("api_key_encrypted") is not None, **values)


def _config(row: _Row) -> BotConfig:
    values = asdict(row)
    del values["enabled"], values["version"]
    return BotConfig(sealed_key=values.pop("api_key_encrypted"), **values)
