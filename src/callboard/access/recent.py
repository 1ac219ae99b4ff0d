"""Who was recognised a moment ago, so that a busy program costs one look-up in five seconds instead of one a request.

Measured: the look-up is half of a request that does nothing else (0.9 ms with it, 0.4 ms without).

Nothing lives here longer than `RECENT_SECONDS`: a revocation made by another process takes effect within that time,
one made by this process at once.
"""

from callboard.access.actor import Actor
from kernel.clock import monotonic

RECENT_SECONDS = 5.0
MOST_ACTORS = 4096
"""Then all are forgotten and looked up again: at about 1 kB each that bounds the memory."""

_actors: dict[bytes, tuple[float, Actor]] = {}


def recall(key: bytes) -> Actor | None:
    found = _actors.get(key)
    if found is None or found[0] < monotonic():
        return None
    return found[1]


def remember(key: bytes, actor: Actor) -> None:
    if len(_actors) >= MOST_ACTORS:
        _actors.clear()
    _actors[key] = (monotonic() + RECENT_SECONDS, actor)


def forget_all() -> None:
    """After any change of somebody's rights; the next request of everybody reads them anew."""
    _actors.clear()
