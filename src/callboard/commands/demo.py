import asyncio
import math
import os
import signal
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click
import msgspec

from callboard.commands.options import with_settings
from kernel.clock import monotonic
from kernel.settings import Settings

if TYPE_CHECKING:
    from callboard.demo.performance import Tally

PATIENCE_SECONDS = 120.0
"""How long the demo waits for a site that is being restarted, before it gives up."""
FASTEST, SLOWEST = 1000.0, 0.01
LOCK_PAUSE_SECONDS = 2.0


class Wish(NamedTuple):
    """What the options say."""

    file: Path | None
    to_completion: bool
    seed: int
    pace: float | None


class Outcome(NamedTuple):
    tally: "Tally"
    turns: int
    """Replies that the bot gave in this run."""


@click.command()
@click.option(
    "--import", "file", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Work on the tasks of this file, in a project of its own.",
)  # fmt: skip
@click.option("--to-completion", is_flag=True, help="As fast as possible, until everything is accepted and paid.")
@click.option("--json", "as_json", is_flag=True, help="With --to-completion: one JSON object as the last line.")
@click.option("--seed", default=0, show_default=True, help="Of the dice with which people decide.")
@click.option(
    "--pace", type=click.FloatRange(SLOWEST, FASTEST),
    help="1: to be watched, 2: twice as fast. Default: 1; with --to-completion no pauses at all.",
)  # fmt: skip
@click.option("--port", type=click.IntRange(1, 65535), help="Port of the site, where none runs yet.")
@with_settings
def command(settings: Settings, as_json: bool, pace: float | None, to_completion: bool, **options: Any) -> None:
    """Let simulated people claim, converse, hand in and review, through the public API.

    Uses the site that runs on the data folder, else starts one for as long as it lasts. `up --demo` runs it as a part.
    """
    from callboard.demo.admission import folder  # noqa: PLC0415  each command imports only what it needs
    from callboard.demo.seeding import NotFresh  # noqa: PLC0415
    from callboard.embedded.attach import SUPERVISED, servers  # noqa: PLC0415
    from callboard.embedded.datafolder import DataFolder  # noqa: PLC0415
    from callboard.up import site  # noqa: PLC0415

    began = monotonic()
    resident = SUPERVISED in os.environ
    wish = Wish(to_completion=to_completion, pace=pace if pace or to_completion else 1.0, **options)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a site of our own is stopped in order then too
    DataFolder(settings.data_dir).prepare(settings.free_disk_bytes)
    with ExitStack() as stack:
        _lock(stack, folder(settings), wish, patient=resident)
        url = stack.enter_context(site(settings))
        endpoints = stack.enter_context(servers(settings, "callboard demo"))
        _say(f"The site: {url}")
        try:
            outcome = asyncio.run(_perform(wish, endpoints.applied_to(settings), url))
        except NotFresh as error:
            if not resident:
                raise
            _say(error.detail)
            signal.pause()  # a part that ended would be started again and again
            return
        if outcome is not None:
            facts = _facts(outcome, monotonic() - began)
            click.echo(msgspec.json.encode(facts).decode() if as_json else _sentence(facts))


def _lock(stack: ExitStack, folder: Path, wish: Wish, *, patient: bool) -> None:
    """Nobody is moved by two runs at once; a file's crew may finish it while the others work."""
    from callboard.embedded.datafolder import Lock  # noqa: PLC0415
    from callboard.embedded.errors import StartError  # noqa: PLC0415
    from callboard.embedded.process import wait_until  # noqa: PLC0415

    moved = [*(["crew"] if wish.file else []), *([] if wish.file and wish.to_completion else ["people"])]
    for name in moved:
        lock = stack.enter_context(Lock(folder / f"{name}.lock"))
        wait_seconds = math.inf if patient else 0.0
        if not wait_until(partial(lock.take, "callboard demo"), wait_seconds, LOCK_PAUSE_SECONDS):
            raise StartError(f"Simulated people are at work on this folder already, moved by {lock.holder()}.")


async def _perform(wish: Wish, settings: Settings, url: str) -> Outcome | None:
    """None: it was to run until it is stopped."""
    from callboard.demo import performance  # noqa: PLC0415
    from callboard.demo.client import Api, open_http  # noqa: PLC0415
    from callboard.demo.seeding import describe_logins  # noqa: PLC0415
    from callboard.demo.setting_up import set_up  # noqa: PLC0415
    from callboard.demo.stage import Stage  # noqa: PLC0415

    basis = await set_up(settings, wish.file, finite=wish.to_completion, patience_seconds=PATIENCE_SECONDS)
    async with open_http(url, basis.token, settings.demo_people_at_once + 4) as http:
        api = Api(http, patience_seconds=PATIENCE_SECONDS)
        stage = Stage(
            api, basis.project_ids, people_at_once=settings.demo_people_at_once, pace=wish.pace, seed=wish.seed,
            finite=wish.to_completion,
        )  # fmt: skip
        if wish.to_completion:
            tally = await performance.to_completion(stage, basis.players, _say)
            return Outcome(tally, stage.counts["replies"])
        for line in (*describe_logins(), "Simulated people are at work until Ctrl-C."):
            _say(line)
        await performance.without_end(stage, basis.players, basis.ids, settings, _say)
    return None


def _facts(outcome: Outcome, seconds: float) -> dict[str, Any]:
    tally = outcome.tally
    amounts = [{"amount": f"{value:.6f}", "currency": currency} for currency, value in sorted(tally.amounts.items())]
    return {
        "tasks": tally.tasks,
        "accepted": tally.accepted,
        "paid": tally.paid,
        "rejected": tally.rejected,
        "turns": outcome.turns,
        "seconds": round(seconds, 1),
        "amount": amounts[0] if len(amounts) == 1 else amounts,
    }


def _sentence(facts: dict[str, Any]) -> str:
    amounts = facts["amount"] if isinstance(facts["amount"], list) else [facts["amount"]]
    money = " and ".join(f"{money['currency']} {float(money['amount']):,.2f}" for money in amounts) or "nothing"
    return (
        f"{facts['accepted']} of {facts['tasks']} tasks accepted, {facts['paid']} paid, {facts['rejected']} rejected; "
        f"{facts['turns']} turns, {money}, {facts['seconds']:.1f} s."
    )


def _say(text: str) -> None:
    """On stderr: what a program reads stands alone on stdout."""
    click.echo(text, err=True)
