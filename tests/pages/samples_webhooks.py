"""Webhooks, for samples.py."""

from typing import Any

from callboard.pages.views_webhooks import WebhookMade, WebhookPage, WebhooksView, WebhookTried
from callboard.webhooks.registering import WebhookTrial, WebhookTryView, WebhookView
from tests.pages.sample_facts import NOW, minutes, uid


def webhook(n: int, name: str, **changes: Any) -> WebhookView:
    facts: dict[str, Any] = {
        "url": "https://frontend.example/callboard/events", "types": ["task.*", "verdict.given"], "vendor_id": None,
        "state": "active", "cursor": "90412-118233", "failures": 0, "last_status": 204, "last_fault": None,
        "last_tried_at": NOW, "delivered_at": NOW, "next_try_at": None, "old_secret_until": None, "created_at": NOW,
    }  # fmt: skip
    return WebhookView(id=uid(n), name=name, **(facts | changes))


def tried(no: int, kind: str, **changes: Any) -> WebhookTryView:
    facts: dict[str, Any] = {
        "event_id": uid(no),
        "cursor": f"90412-{no}",
        "n": 1,
        "status": 204,
        "fault": None,
        "took_ms": 38,
        "at": NOW,
    }
    return WebhookTryView(id=no, event_type=kind, **(facts | changes))


FAILING = webhook(
    92, "A frontend with a very long name that has to wrap somewhere on a narrow screen", types=[], failures=3,
    url="https://frontend.example/" + "very-long-path-" * 9, last_status=503, last_fault="status", next_try_at=minutes(2),
)  # fmt: skip
DEAD = webhook(
    93, "Nightly report", state="dead", failures=36, last_status=None, last_fault="unreachable", delivered_at=None,
    old_secret_until=minutes(90),
)  # fmt: skip
LIST = WebhooksView(
    webhooks=[webhook(91, "Labelling frontend"), FAILING, DEAD, webhook(94, "Old one", state="paused")],
    most=50,
    attempts=36,
)
TRIES = [
    tried(8, "verdict.given", fault="status", status=503, n=3, took_ms=1204),
    tried(7, "verdict.given", fault="slow", status=None, n=2, took_ms=10_002),
    tried(6, "verdict.given", fault="cut", status=None, took_ms=12),
    tried(5, "task.accepted"),
]
WEBHOOK_SAMPLES = {
    "webhooks": ("webhooks.html", LIST),
    "webhooks-none": ("webhooks.html", WebhooksView(webhooks=[], most=50, attempts=1)),
    "webhooks-full": ("webhooks.html", WebhooksView(webhooks=[DEAD], most=1, attempts=36)),
    "webhook": ("webhook.html", WebhookPage(webhook=FAILING, tries=TRIES, attempts=36, days=7, older=5)),
    "webhook-dead": ("webhook.html", WebhookPage(webhook=DEAD, attempts=36, days=7)),
    "webhook-paused": (
        "webhook.html", WebhookPage(webhook=webhook(94, "Old one", state="paused"), tries=TRIES[3:], attempts=36, days=7, done="paused"),
    ),
    "fragment-webhook-made": ("webhooks/made.html", WebhookMade(webhook=webhook(91, "Frontend"), secret="whsec_" + "x7Kq" * 10)),
    "fragment-webhook-rotated": ("webhooks/made.html", WebhookMade(webhook=DEAD, secret="whsec_" + "x7Kq" * 10, rotated=True)),
    "fragment-webhook-tried": ("webhooks/trial.html", WebhookTried(trial=WebhookTrial(ok=True, status=204, fault=None, took_ms=41))),
    "fragment-webhook-refused": ("webhooks/trial.html", WebhookTried(trial=WebhookTrial(ok=False, status=401, fault="status", took_ms=41))),
}  # fmt: skip
