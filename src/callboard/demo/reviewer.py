"""A simulated reviewer: reads what somebody else handed in, and says what becomes of it, with reasons."""

import random
from typing import Any, Literal

from callboard.demo.client import Refused, path_of
from callboard.demo.content import accept_comment, edit_reply, review_reasons, score_dimensions
from callboard.demo.stage import GONE, Player, Stage, domain_of, language_of

Outcome = Literal["accept", "fix", "rework", "reject"]

GOOD, PASSABLE = 0.7, 0.5
"""Qualities from which work is accepted, and from which a fix is worth it."""
STRANGERS_QUALITY = 0.85
"""Of work by somebody who is not simulated here, such as a visitor's."""
FIX_SHARE_GOOD, FIX_SHARE_PASSABLE, REJECT_SHARE_POOR = 0.08, 0.35, 0.3
COMMENT_SHARE = 0.5
LATER_ROUND = 2
"""From the second look on, what is still not good is fixed rather than sent around again."""
READ_SECONDS = 7.0


async def review(stage: Stage, player: Player, held: dict[str, Any]) -> None:
    rng = stage.dice(player.person.key, held["id"])
    await stage.pause(READ_SECONDS, rng)
    quality = stage.quality_of(held["work"]["submission_id"]) or STRANGERS_QUALITY
    outcome = decide(quality, held["work"]["round"], rng)
    if outcome == "reject" and stage.finite and not stage.first_time("rejected", held["task"]["id"]):
        outcome = "rework"
    try:
        await _give(stage, player, held, outcome, quality=quality, rng=rng)
    except Refused as refusal:
        if refusal.code == "rework_limit":
            await _give(stage, player, held, "accept", quality=quality, rng=rng)
        elif refusal.code in GONE:
            stage.counts["lost"] += 1
        else:
            raise


def decide(quality: float, round_no: int, rng: random.Random) -> Outcome:
    """`quality` 0 to 1; `round_no` counts the looks at this person's work on the task, from 1."""
    throw = rng.random()
    if quality >= GOOD:
        return "fix" if throw < FIX_SHARE_GOOD else "accept"
    if round_no >= LATER_ROUND:
        return "fix"
    if quality >= PASSABLE:
        return "fix" if throw < FIX_SHARE_PASSABLE else "rework"
    return "reject" if throw < REJECT_SHARE_POOR else "rework"


async def _give(
    stage: Stage, player: Player, held: dict[str, Any], outcome: Outcome, *, quality: float, rng: random.Random
) -> None:
    language, payload = language_of(held["task"]), held["work"]["payload"]
    body: dict[str, Any] = {
        "epoch": held["epoch"],
        "outcome": outcome,
        "scores": score_dimensions(quality, player.person.tendency, rng),
    }
    if outcome == "accept":
        body["comment"] = accept_comment(language, rng) if rng.random() < COMMENT_SHARE else ""
    else:
        body["reasons"] = [
            {"item": reason.item, "text": reason.text, "turn_no": _some_reply(payload, rng)}
            for reason in review_reasons(outcome, language, rng)
        ]
    if outcome == "fix":
        body["corrected"] = _corrected(held, rng)
    await stage.api.post(path_of(held, "verdict"), body)
    stage.moved(f"verdict {outcome}")


def _replies(payload: dict[str, Any]) -> list[int]:
    """Places of the replies in the list of turns."""
    return [n for n, turn in enumerate(payload.get("turns") or []) if turn.get("role") == "assistant"]


def _some_reply(payload: dict[str, Any], rng: random.Random) -> int | None:
    places = _replies(payload)
    return rng.choice(places) + 1 if places else None


def _corrected(held: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    """The work with one reply put right by the reviewer."""
    payload: dict[str, Any] = held["work"]["payload"]
    places = _replies(payload)
    if not places:
        return payload
    chosen = rng.choice(places)
    turn = payload["turns"][chosen]
    text = edit_reply(turn["text"], rng, domain=domain_of(held["task"]), language=language_of(held["task"]))
    return payload | {"turns": [turn | {"text": text} if n == chosen else t for n, t in enumerate(payload["turns"])]}
