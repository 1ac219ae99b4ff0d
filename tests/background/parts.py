"""Worker and clock as processes, with jobs of their own. Usage: parts.py worker|clock (settings in the environment)"""

import asyncio
import sys
from typing import Any

from kernel import db, outbox
from kernel.settings import Settings, load_settings


@outbox.handler("test.note")
async def note(payload: dict[str, Any], settings: Settings) -> None:
    """Leaves a row that commits together with the job."""
    await db.execute("INSERT INTO note (text) VALUES (:text)", text=payload["text"])
    await asyncio.sleep(float(payload.get("seconds", 0)))


def worker() -> None:
    from callboard.worker import run_worker

    run_worker(load_settings())


def clock() -> None:
    from callboard.clock import run_clock

    run_clock(load_settings())


if __name__ == "__main__":
    {"worker": worker, "clock": clock}[sys.argv[1]]()
