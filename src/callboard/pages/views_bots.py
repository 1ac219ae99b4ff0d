"""What the screen of a project's bots shows; bots come from `dialogue` as they are, without their keys."""

from uuid import UUID

from msgspec import Struct

from callboard.pages.views import Problem
from dialogue.bot_settings import BotFacts, BotView
from dialogue.bot_trial import BotTrial


class BotWaits(Struct, kw_only=True):
    """What a bot without limits of its own goes by: seconds, and further tries."""

    connect_seconds: float
    first_token_seconds: float
    between_tokens_seconds: float
    total_seconds: float
    retries: int


class BotsView(Struct, kw_only=True):
    project_id: UUID
    project: str
    bots: list[BotView]
    facts: dict[UUID, BotFacts]
    waits: BotWaits
    most: int
    opened: str = ""
    """`new`, or the id of the bot whose form stays unfolded."""
    problem: Problem | None = None

    @property
    def own(self) -> list[BotView]:
        """Those that were made; the built-in one that stands in is none of them."""
        return [bot for bot in self.bots if bot.id is not None]

    @property
    def on(self) -> int:
        return sum(bot.enabled for bot in self.bots)

    @property
    def shares(self) -> int:
        return sum(bot.candidates for bot in self.bots if bot.enabled)


class TrialView(Struct, kw_only=True):
    trial: BotTrial
