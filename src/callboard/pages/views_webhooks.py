"""What the screens of webhooks show."""

from msgspec import Struct, field

from callboard.pages.views import Problem
from callboard.webhooks.registering import WebhookTrial, WebhookTryView, WebhookView


class WebhooksView(Struct, kw_only=True):
    webhooks: list[WebhookView]
    most: int
    attempts: int
    """Failures in a row after which one is dead."""
    problem: Problem | None = None


class WebhookPage(Struct, kw_only=True):
    webhook: WebhookView
    tries: list[WebhookTryView] = field(default_factory=list)
    attempts: int
    days: int
    """For which tries are kept."""
    older: int | None = None
    """The try before which the next page begins."""
    done: str = ""
    problem: Problem | None = None


class WebhookMade(Struct, kw_only=True):
    webhook: WebhookView
    secret: str
    rotated: bool = False
    """It is there already, and has a new secret."""


class WebhookTried(Struct, kw_only=True):
    trial: WebhookTrial
