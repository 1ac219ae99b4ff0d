"""Simulated people at work: each asks for a task, does it, rests, and asks again; only some at a time."""

import asyncio
import random
from typing import Any

from callboard.demo.author import annotate
from callboard.demo.client import Refused, path_of
from callboard.demo.reviewer import review
from callboard.demo.stage import GONE, Player, Stage

REST_SECONDS = 4.0
"""Between two tasks, at pace 1."""
REVIEW_FIRST_SHARE = 0.7
"""Who may do both looks for reviews first, mostly: work that waits for its review is money that waits."""

# Between two claims that found nothing, without a pace.
SHORTEST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 0.1, 1.0
OUT_OF_REACH_WAIT_SECONDS = 3.0
"""What waits is not for this person; that changes seldom."""


async def shift(stage: Stage, player: Player) -> None:
    """For ever; the caller ends it. Raises what the site refuses for good, and `Unreachable`."""
    rng = stage.dice("shift", player.person.key)
    await stage.pause(REST_SECONDS, rng)
    async with stage.seats:
        await _resume(stage, player)
    misses = 0
    while True:
        async with stage.seats:
            reason, held = await _claim(stage, player, rng)
            for assignment in held:
                await _do(stage, player, assignment)
        misses = 0 if held else misses + 1
        if held:
            await stage.pause(REST_SECONDS, rng)
        elif reason == "at_capacity":
            await _resume(stage, player)
        await _wait(stage, reason, misses, rng)


async def _claim(stage: Stage, player: Player, rng: random.Random) -> tuple[str | None, list[dict[str, Any]]]:
    kinds = player.kinds
    if len(kinds) > 1:
        kinds = ["review"] if rng.random() < REVIEW_FIRST_SHARE else ["annotation"]
    wish = {"annotator_id": player.id, "project_ids": stage.project_ids, "kinds": kinds}
    answer = await stage.api.post("/assignments/claim", wish)
    if answer["assignments"]:
        stage.moved("claimed", len(answer["assignments"]))
    else:
        stage.reasons[f"{answer['reason']} ({'/'.join(kinds)})"] += 1
    return answer["reason"], answer["assignments"]


async def _resume(stage: Stage, player: Player) -> None:
    """What was held when an earlier run, or an answer, was lost."""
    held = await stage.api.pages("/assignments", annotator_id=player.id, state="live")
    for assignment in held:
        if not assignment["lapsed"]:
            await _do(stage, player, assignment)


async def _do(stage: Stage, player: Player, held: dict[str, Any]) -> None:
    try:
        await (review if held["kind"] == "review" else annotate)(stage, player, held)
    except Refused as refusal:
        # Nobody keeps a task that they cannot finish; the count shows that something is wrong.
        stage.counts[f"refused {refusal.code}"] += 1
        try:
            await stage.api.post(path_of(held, "release"), {"epoch": held["epoch"], "reason": refusal.code})
        except Refused as again:
            if again.code not in GONE:
                raise


async def _wait(stage: Stage, reason: str | None, misses: int, rng: random.Random) -> None:
    if misses == 0:
        return
    if stage.pace is not None:
        await stage.pause(REST_SECONDS * min(misses, 5), rng)
        return
    longest = OUT_OF_REACH_WAIT_SECONDS if reason == "not_eligible" else LONGEST_WAIT_SECONDS
    await asyncio.sleep(min(longest, SHORTEST_WAIT_SECONDS * 2**misses) * rng.uniform(0.7, 1.3))
