"""Tiny stand-ins for the parts of the site, and programs that run them. Usage: parts.py ROLE [ARGUMENTS]"""

import asyncio
import os
import signal
import sys
import time
import types
from pathlib import Path
from typing import Any

HERE = Path(__file__)


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def tiny_app() -> Any:
    """Ready at once; /stream never ends."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            while True:
                message = await receive()
                await send({"type": f"{message['type']}.complete"})
                if message["type"] == "lifespan.shutdown":
                    return
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while scope["path"] == "/stream":
            await send({"type": "http.response.body", "body": b"data: x\n\n", "more_body": True})
            await asyncio.sleep(0.05)
        await send({"type": "http.response.body", "body": b"tiny"})

    return app


def api() -> None:
    """The real server around the tiny app."""
    app = types.ModuleType("callboard.app")
    app.create_app = tiny_app  # type: ignore[attr-defined]
    sys.modules["callboard.app"] = app
    from callboard.server import run_api
    from kernel.settings import load_settings

    run_api(load_settings())


def idle() -> None:
    if os.environ.get("TEST_IDLE") == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(600)


def dying() -> None:
    raise RuntimeError("the tiny part always dies")


def up(data_dir: str, port: str) -> None:
    """`callboard up` with the tiny parts."""
    from callboard.embedded import StartError
    from callboard.up import Site
    from kernel.settings import load_settings

    roles = {"api": os.environ.get("TEST_API", "api"), "prepare": "prepare"}

    def command(name: str) -> tuple[str, ...]:
        return (sys.executable, str(HERE), roles.get(name, "idle"))

    try:
        Site(load_settings(Path(data_dir), port=int(port)), say, command=command).run()
    except StartError as error:
        say(f"callboard: {error.detail}")
        sys.exit(1)


def prepare() -> None:
    say("the demo's annotator is ann")


def hold(data_dir: str, how_long: str) -> None:
    """A command that needs the servers for so many seconds, or until there is a file of this name."""
    from callboard.embedded import servers
    from kernel.settings import load_settings

    with servers(load_settings(Path(data_dir)), "callboard hold") as endpoints:
        say(f"has {endpoints.database_url} {endpoints.redis_url}")
        while how_long.startswith("/") and not Path(how_long).exists():
            time.sleep(0.02)
        time.sleep(0 if how_long.startswith("/") else float(how_long))
    say("left")


if __name__ == "__main__":
    role, *arguments = sys.argv[1:]
    {"api": api, "idle": idle, "dying": dying, "up": up, "prepare": prepare, "hold": hold}[role](*arguments)
