"""How fast a bot's words are on the page, and what is left when its endpoint, or the server itself, fails in the middle.

A fresh site, a chat endpoint on a real socket, and readers who hold the page's own stream open, of one reply and of two
candidates at once. The endpoint notes when it sent each token, a reader when it had it, and Chromium, where there is one,
in which frame it stood on the screen. Then the endpoint stops in the middle, answers 429, 500 and garbage, says
nothing, never ends; and the web server is killed while words come.
"""

import asyncio
import contextlib
import json
import os
import signal
import statistics
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from _desks import READERS, Desk, desk, project
from _endpoint import TOKENS, Endpoint, endpoint
from _form import Goal, Options, main
from _reader import Heard
from _screen import on_screen
from _site import Site, fresh_site

TOKEN_MS = 50.0
"""First token on screen within 50 ms of the endpoint sending it."""

MOST_GROWTH_MB = 16.0
"""Of the server's memory while an endpoint sends without end: the largest body is 1 MB."""

KILL_AFTER_SECONDS = 1.2
"""Into a reply of twenty tokens that takes 2.4 s: words have come, and more are to come."""

FAILURES = {
    "cut-once": "The connection to the bot was cut.",
    "429-once": None,
    "500-once": None,
    "429": "The bot is overloaded.",
    "500": "The bot reports a fault of its own.",
    "garbage-once": "something that is no reply",
    "silent-once": "The bot took too long.",
    "endless-once": "too long",
}
"""What the annotator reads; none: the server asks again by itself and nobody notices."""


def measure(options: Options) -> Sequence[Goal]:
    settings = {
        "bot_private_hosts": "127.0.0.1=the endpoint of this benchmark", "bot_reply_seconds": 2, "bot_between_seconds": 2,
        "bot_call_lost_seconds": 3,
    }  # fmt: skip
    with fresh_site(**settings) as site:
        return [
            *asyncio.run(_measure(site, options)),
            Goal("violated invariants", site.violations(), 0, "rows", at_most=True),
        ]


async def _measure(site: Site, options: Options) -> list[Goal]:
    async with AsyncExitStack() as stack:
        fake = await stack.enter_async_context(endpoint())
        admin = await site.admin()
        stack.push_async_callback(admin.close)
        plain, paired = await project(admin, fake), await project(admin, fake, candidates=2)
        pairs = [await desk(site, admin, paired, READERS + number) for number in range(READERS)]
        rounds = 4 if options.quick else 20
        heard = await asyncio.gather(*(_compare(one, rounds, number) for number, one in enumerate(pairs)))
        goals = _latency(heard, fake, " of two candidates", 2)
        seen = await on_screen(pairs[0], site, fake, 2 * rounds + 1, rounds)
        if seen:
            goals.append(
                Goal("first token of two candidates on screen, 95 %", _p95(seen), TOKEN_MS, "ms", at_most=True)
            )
            print(
                f"on the screen of Chromium, {len(seen)} first tokens: median {statistics.median(seen):.1f} ms, worst {max(seen):.1f} ms"
            )
        for one in pairs:
            await one.client.close()
        # Only now, as a line that is silent for long is closed by the server.
        with contextlib.suppress(OSError):
            await admin.close()
        desks = [await desk(site, admin, plain, number) for number in range(READERS)]
        for one in desks:
            stack.push_async_callback(one.client.close)
        heard = await asyncio.gather(*(_talk(one, rounds, number) for number, one in enumerate(desks)))
        goals += _latency(heard, fake, "", 1)
        no = 2 * rounds + 1
        goals += await _failures(desks[0], fake, no, site)
        goals += await _killed(desks[1], fake, no, site)
    return goals


def _latency(found: Sequence[Sequence[Heard]], fake: Endpoint, what: str, streams: int) -> list[Goal]:
    """`streams` come to one reader at a time, told apart by how their tokens begin."""
    heard = [one for each in found for one in each]
    firsts, every, exact = [], [], 0
    for one in heard:
        calls: dict[str, list[float]] = {}
        for token, at in one.pieces:
            if token in fake.sent:
                calls.setdefault(token.partition(".")[0], []).append((at - fake.sent[token]) * 1000)
        firsts += [waits[0] for waits in calls.values()]
        every += [wait for waits in calls.values() for wait in waits]
        exact += [len(waits) for waits in calls.values()] == [TOKENS] * streams
    print(
        f"{len(heard)} replies{what} of {TOKENS} tokens to {READERS} readers at once, from the endpoint's send to the reader:"
    )
    for name, waits in (("first token", firsts), ("every token", every)):
        print(
            f"  {name}: median {statistics.median(waits):.1f} ms, 95 % {_p95(waits):.1f} ms, worst {max(waits):.1f} ms"
        )
    return [
        Goal(f"first token{what} at the reader, 95 % of replies", _p95(firsts), TOKEN_MS, "ms", at_most=True),
        Goal(f"every token{what} at the reader, 95 %", _p95(every), TOKEN_MS, "ms", at_most=True),
        Goal(f"replies{what} whose tokens came one by one", exact / len(heard), 1.0, "share"),
    ]


async def _failures(desk: Desk, fake: Endpoint, no: int, site: Site) -> list[Goal]:
    told = whole = kept = 0
    growth = 0.0
    for order, sentence in FAILURES.items():
        before = _memory_mb(site)
        await desk.say(f"{order} {no}", no)
        first = await desk.hear(no)
        growth = max(growth, _memory_mb(site) - before)
        told += sentence is None or sentence in first.end
        if order == "cut-once":
            kept += first.text.strip() != "" and first.text.strip() in first.end
        if sentence is not None and order.endswith("-once"):
            again = await desk.hear(no)  # as the button does
            whole += "data-edit" in again.end
        elif sentence is not None:
            at = f"/api/v1/assignments/{desk.assignment_id}/dialogue/turns/{no}/own-reply"
            await desk.client.call("POST", at, {"epoch": desk.epoch, "text": "As I would say it."}, expect=201)
            whole += 1
        else:
            whole += "data-edit" in first.end
        if (await desk.turns())[-1]["model"] != "annotator":
            await desk.rate()
        print(f"  {order}: asked {fake.asked[f'{order} {no}']} times")
        no += 2
    turns = await desk.turns()
    doubled = len(turns) - (no - 1)
    return [
        Goal("failures told in the right words", told / len(FAILURES), 1.0, "share"),
        Goal("failures that a way leads on from", whole / len(FAILURES), 1.0, "share"),
        Goal("what came before the cut is on the page", kept, 1.0, "of 1"),
        Goal("turns too many", doubled, 0, "turns", at_most=True),
        Goal("growth of the server under an endless reply", growth, MOST_GROWTH_MB, "MB", at_most=True),
    ]


async def _killed(desk: Desk, fake: Endpoint, no: int, site: Site) -> list[Goal]:
    """The worker of the web server is killed after some words; the page comes back by itself and gets a whole reply."""
    with contextlib.suppress(OSError):
        await desk.client.close()  # silent while the others failed
    message = f"slow {no}"
    await desk.say(message, no)
    hearing = asyncio.create_task(desk.hear(no))
    await asyncio.sleep(KILL_AFTER_SECONDS)
    os.kill(_api(site), signal.SIGKILL)
    heard = await hearing
    with contextlib.suppress(OSError):
        await desk.client.close()  # its line ended with the server
    turns = await desk.turns()
    print(f"  killed in the middle: {heard.breaks} breaks, asked {fake.asked[message]} times, {len(turns)} turns")
    whole = turns[-1]["role"] == "assistant" and len(turns) == no + 1 and turns[-1]["text"] == heard.text
    return [
        Goal("the whole reply after a killed server", float(whole), 1.0, "of 1"),
        Goal("calls for it", fake.asked[message], 2, "calls", at_most=True),
    ]


def _api(site: Site) -> int:
    """The process that serves: the child of the web server's own, which is a child of the site's."""
    up = int(json.loads((site.data_dir / "run" / "site.json").read_text())["pid"])
    return next(
        worker
        for pid in _children(up)
        if b"\0api\0" in Path(f"/proc/{pid}/cmdline").read_bytes()
        for worker in _children(pid)
        if b"\0api\0" in Path(f"/proc/{worker}/cmdline").read_bytes()
    )


def _children(pid: int) -> list[int]:
    return [
        int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()
    ]


def _resident(pid: int) -> float:
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def _memory_mb(site: Site) -> float:
    return _resident(_api(site))


async def _talk(desk: Desk, rounds: int, number: int) -> list[Heard]:
    found = []
    for at in range(rounds):
        no = 2 * at + 1
        await desk.say(f"well {number} {no}", no)
        found.append(await desk.hear(no))
        await desk.rate()
    return found


async def _compare(desk: Desk, rounds: int, number: int) -> list[Heard]:
    """As `_talk`, with two candidates for each message, of which the first is chosen."""
    found = []
    for at in range(rounds):
        no = 2 * at + 1
        await desk.say(f"pair {number} {no}", no)
        found.append(await desk.hear_all(no))
        await desk.choose(no)
    return found


def _p95(values: Sequence[float]) -> float:
    return sorted(values)[max(0, -(-len(values) * 95 // 100) - 1)]


if __name__ == "__main__":
    sys.exit(main(__doc__.splitlines()[0], measure))
