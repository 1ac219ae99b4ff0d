"""The web server: granian in front of `callboard.app:create_app`."""

import gc
import os
import resource
import signal
from collections.abc import Callable
from typing import Any

from callboard.embedded.process import die_with_parent
from callboard.environment import settings_environment
from kernel.settings import Settings

# Each browser holds one live stream open besides its requests, and each takes a descriptor.
OPEN_FILES = 65_536
# Streams count as requests under way; more than this many in one process wait.
CONCURRENT_REQUESTS = 8_192
BACKLOG = 2_048
ALLOCATIONS = 20_000
"""Objects that a process makes before the collector looks at the youngest (Python: 700). A look at all that lives takes 50 to 150 ms with
three thousand people in memory, during which nobody is answered; this makes it that much rarer. What hangs in no circle goes at once anyway."""
_SERVER_PID = "CALLBOARD_SERVER_PID"


def run_api(settings: Settings) -> None:
    """Serves until SIGTERM or SIGINT; open streams are cut after half of `stop_seconds`."""
    from granian import Granian  # noqa: PLC0415  its workers come back into this module and need it no second time
    from granian.constants import HTTPModes, Interfaces, Loops  # noqa: PLC0415
    from granian.log import LogLevels  # noqa: PLC0415

    _allow_open_files()
    # The workers build their app from the environment.
    os.environ.update(settings_environment(settings) | {_SERVER_PID: str(os.getpid())})
    Granian(
        "callboard.server:create",
        factory=True,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        loop=Loops.uvloop,
        http=HTTPModes.http1,  # browsers speak HTTP/2 only over TLS, which a proxy in front ends
        websockets=False,
        workers=settings.api_workers,
        respawn_failed_workers=True,
        respawn_interval=0.1,
        backlog=BACKLOG,
        backpressure=CONCURRENT_REQUESTS,
        log_level=LogLevels.warning,
        # Without it the server waits for ever for a browser that keeps its stream open.
        workers_kill_timeout=max(1, int(settings.stop_seconds / 2)),
    ).serve()


def create() -> Any:
    """The app in a worker of granian, which must not outlive granian's own process."""
    die_with_parent(signal.SIGKILL, int(os.environ[_SERVER_PID]))
    from callboard.app import create_app  # noqa: PLC0415  only the workers need the app

    factory: Callable[[], Any] = create_app
    app = factory()
    # Code and routes live as long as the process: the collector need not look at them again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(ALLOCATIONS)
    return app


def _allow_open_files() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
