"""A project's bots, for samples.py."""

from typing import Any

from callboard.pages.views import Problem
from callboard.pages.views_bots import BotsView, BotWaits, TrialView
from dialogue.bot_settings import BotFacts, BotView
from dialogue.bot_trial import BotTrial
from tests.pages.sample_facts import uid

WAITS = BotWaits(
    connect_seconds=10, first_token_seconds=30, between_tokens_seconds=20, total_seconds=120, retries=2
)  # fmt: skip


def bot(n: int | None, name: str, **changes: Any) -> BotView:
    facts: dict[str, Any] = {
        "kind": "openai", "model": "tutor-70b", "base_url": "https://models.example/v1", "has_api_key": True,
        "system_prompt": "You are a patient tutor.", "temperature": 0.7, "top_p": None, "max_tokens": 1024,
        "connect_seconds": None, "first_token_seconds": 12.5, "between_tokens_seconds": None, "total_seconds": None,
        "retries": None, "candidates": 1, "enabled": True, "version": 3,
    }  # fmt: skip
    return BotView(id=uid(n) if n else None, project_id=uid(1), name=name, **(facts | changes))


OFFLINE = {"kind": "offline", "model": "callboard-offline", "base_url": None, "has_api_key": False, "system_prompt": ""}
FACTS = {
    uid(71): BotFacts(id=uid(71), calls=1840, failed=3, first_token_seconds=0.318, last_code="bot_busy"),
    uid(72): BotFacts(id=uid(72), calls=0, failed=0, first_token_seconds=None, last_code=None),
}
BOTS = BotsView(
    project_id=uid(1), project="Everyday advice", facts=FACTS, waits=WAITS, most=20, opened=str(uid(72)),
    bots=[
        bot(71, "Large, warm", candidates=2),
        bot(72, "A small one with a very long name that has to wrap somewhere on a narrow screen", model="org/" + "tutor-7b-instruct-" * 4),
        bot(73, "For training", enabled=False, **OFFLINE),
    ],
)  # fmt: skip
NONE = BotsView(
    project_id=uid(1), project="Everyday advice", facts={}, waits=WAITS, most=20, bots=[bot(None, "Built-in bot", **OFFLINE)],
)  # fmt: skip
OFF = BotsView(
    project_id=uid(1), project="Everyday advice", facts={}, waits=WAITS, most=1, bots=[bot(73, "Old", enabled=False)],
)  # fmt: skip
REFUSED = BotsView(
    project_id=uid(1), project="Everyday advice", facts={}, waits=WAITS, most=20, bots=[],
    problem=Problem(status=422, code="bad_bot_settings", title="No"),
)  # fmt: skip
GOOD = TrialView(trial=BotTrial(ok=True, text="Hello there!", first_token_ms=212.4, total_ms=640.0))
BAD = TrialView(
    trial=BotTrial(ok=False, text="Hel", first_token_ms=210.0, total_ms=1300.0, code="bot_cut", detail="It was cut.")
)
BOTS_SAMPLES = {
    "bots": ("bots.html", BOTS),
    "bots-none": ("bots.html", NONE),
    "bots-off": ("bots.html", OFF),
    "bots-refused": ("bots.html", REFUSED),
    "fragment-bot-trial": ("bots/trial.html", GOOD),
    "fragment-bot-trial-failed": ("bots/trial.html", BAD),
}
