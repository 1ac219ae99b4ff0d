"""Who answers in a project's dialogues. The key goes in and is never given out again."""

from uuid import UUID

from msgspec import Struct

from dialogue.bots import Ask, Bot, BotConfig, Message, OfflineBot, collect
from dialogue.errors import BadBotSettings
from dialogue.openai_bot import OpenAIBot
from dialogue.texts import require_storable
from dialogue.views import BY_HAND, IMPORTED
from kernel import audit, db
from kernel.ids import uuid7
from kernel.outbound import parse_address
from kernel.secrets import keyring
from kernel.settings import Settings
from kernel.sql import load
from routing.errors import NoSuchProject

sql = load(__package__)

MODEL_CHARACTERS = 120
"""The width of the column, which turns share."""

KEY_CHARACTERS = 4000
"""Some services use signed tokens as keys; none is longer."""

MOST_TEMPERATURE = 2.0
"""Of the OpenAI chat API."""

MOST_TOKENS = 32_767
"""The width of the column; more does not fit into a turn."""


class BotView(Struct, frozen=True, kw_only=True):
    """`kind` is offline or openai. `has_api_key` is all that is ever said of the key."""

    project_id: UUID
    kind: str
    model: str
    base_url: str | None
    has_api_key: bool
    system_prompt: str
    temperature: float
    max_tokens: int


class _Row(Struct, frozen=True):
    project_id: UUID
    kind: str
    base_url: str | None
    model: str
    api_key_encrypted: bytes | None
    system_prompt: str
    temperature: float
    max_tokens: int


async def configure_bot(
    project_id: UUID,
    *,
    kind: str,
    settings: Settings,
    base_url: str | None = None,
    model: str | None = None,
    api_key: str | None = None,
    system_prompt: str = "",
    temperature: float = 0.7,
    max_tokens: int = 1024,
) -> BotView:
    """Replaces what was set. `api_key` none keeps the stored key while the address stays the same; "" removes it.

    With a new address the key must be given again: nobody can have a key sent elsewhere without knowing it.
    Raises `NoSuchProject`, `BadBotSettings`, `AddressRefused`, `TextTooLong`.
    """
    db.require_transaction()
    if await db.fetch_value(sql.lock_project_of_bot, project_id=project_id) is None:
        raise NoSuchProject
    before = await _read(project_id)
    if kind == "offline":
        base_url, model, sealed = None, OfflineBot.model, None
    else:
        base_url, model = _require_endpoint(kind, base_url, model, settings)
        kept = before.api_key_encrypted if before and before.base_url == base_url else None
        sealed = kept if api_key is None else _seal(project_id, api_key, settings)
    require_storable(system_prompt, settings.turn_text_limit, "The system prompt")
    _require_numbers(temperature, max_tokens)
    await db.execute(
        sql.put_bot, id=uuid7(), project_id=project_id, kind=kind, base_url=base_url, model=model,
        api_key_encrypted=sealed, system_prompt=system_prompt, temperature=temperature, max_tokens=max_tokens,
    )  # fmt: skip
    after = await bot_of(project_id)
    await audit.record(
        "bot.configured", "project", project_id, before=_view(before) if before else None,
        after={"bot": after, "key_changed": api_key is not None or (before is not None and sealed != before.api_key_encrypted)},
    )  # fmt: skip
    return after


async def bot_of(project_id: UUID) -> BotView:
    """What is set, or the built-in bot where nothing was."""
    row = await _read(project_id)
    return _view(row or _built_in(project_id))


async def load_bot(project_id: UUID, settings: Settings) -> BotConfig:
    """With the key, for the call itself. Raises `ConfigurationError` when the key cannot be opened here."""
    row = await _read(project_id) or _built_in(project_id)
    sealed = row.api_key_encrypted
    return BotConfig(
        project_id=project_id,
        kind=row.kind,
        model=row.model,
        base_url=row.base_url,
        api_key=keyring(settings).open(sealed, _context(project_id)).decode() if sealed else None,
        system_prompt=row.system_prompt,
        temperature=row.temperature,
        max_tokens=row.max_tokens,
    )


def make_bot(config: BotConfig) -> Bot:
    return OpenAIBot(config) if config.kind == "openai" else OfflineBot()


async def try_bot(project_id: UUID, *, settings: Settings) -> str:
    """One short question to the bot as it is set up; its answer. Raises `BotUnavailable`, which says what is wrong."""
    if db.in_transaction():
        raise RuntimeError("a bot is never called inside a transaction: it would hold locks while a stranger thinks")
    bot = make_bot(await load_bot(project_id, settings))
    ask = Ask(messages=[Message("user", "Say hello in one short sentence.")], language="en", domain="general", seed=0)
    return await collect(bot, ask, settings=settings)


def _require_endpoint(kind: str, base_url: str | None, model: str | None, settings: Settings) -> tuple[str, str]:
    if kind != "openai":
        raise BadBotSettings("The kind of a bot is offline or openai.")
    if not base_url or not model:
        raise BadBotSettings("An OpenAI-compatible bot needs a base address and a model.")
    if len(model) > MODEL_CHARACTERS or not model.isprintable() or model in (IMPORTED, BY_HAND, OfflineBot.model):
        raise BadBotSettings(
            f"The model must be printable, at most {MODEL_CHARACTERS} characters, and no reserved name."
        )
    parse_address(base_url, allow_private=settings.bot_allow_private_addresses)
    return base_url.rstrip("/"), model


def _require_numbers(temperature: float, max_tokens: int) -> None:
    if not 0 <= temperature <= MOST_TEMPERATURE:
        raise BadBotSettings(f"The temperature lies between 0 and {MOST_TEMPERATURE:g}.")
    if not 1 <= max_tokens <= MOST_TOKENS:
        raise BadBotSettings(f"The tokens of a reply lie between 1 and {MOST_TOKENS:,}.")


def _seal(project_id: UUID, api_key: str, settings: Settings) -> bytes | None:
    if not api_key:
        return None
    if len(api_key) > KEY_CHARACTERS or not api_key.isascii() or not api_key.isprintable() or " " in api_key:
        raise BadBotSettings(f"The key must be plain ASCII without spaces, at most {KEY_CHARACTERS} characters.")
    return keyring(settings).seal(api_key.encode(), _context(project_id))


def _context(project_id: UUID) -> bytes:
    return b"bot of project " + project_id.bytes


async def _read(project_id: UUID) -> _Row | None:
    return await db.fetch_one_as(_Row, sql.bot_of_project, project_id=project_id)


def _built_in(project_id: UUID) -> _Row:
    return _Row(project_id, "offline", None, OfflineBot.model, None, "", 0.7, 1024)


def _view(row: _Row) -> BotView:
    return BotView(
        project_id=row.project_id,
        kind=row.kind,
        model=row.model,
        base_url=row.base_url,
        has_api_key=row.api_key_encrypted is not None,
        system_prompt=row.system_prompt,
        temperature=row.temperature,
        max_tokens=row.max_tokens,
    )
