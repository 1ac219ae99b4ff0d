"""The breaker's edge: the rejection that is one too many changes nothing, and the hold that it caused stays."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from kernel import db
from routing import holds
from routing.errors import RejectionTrips


@asynccontextmanager
async def breaker(actor: str) -> AsyncIterator[None]:
    """Around the transaction of a verdict, or of an overturn. What `RejectionTrips` undid is undone; its hold is written in one of its own."""
    try:
        yield
    except RejectionTrips as trip:
        async with db.transaction(actor):
            await holds.hold(trip)
        raise
