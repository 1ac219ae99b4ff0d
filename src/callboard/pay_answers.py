"""What follows from the answers to disputes of pay, for the API and the pages: the review of what was held too long comes first."""

from collections.abc import Sequence
from uuid import UUID

from callboard.access import visibility
from callboard.access.actor import Actor
from kernel.settings import Settings
from payments import pay_disputes
from payments.pay_disputes import PayDisputeAnswer
from routing import overdue


async def answer(actor: Actor, ids: Sequence[UUID], wish: PayDisputeAnswer, settings: Settings) -> None:
    """Within the transaction of whoever answers."""
    own = await visibility.annotator_behind(actor)
    for assignment_id in await pay_disputes.decide(ids, wish, visibility.decider(actor), settings, own):
        await overdue.look_now(assignment_id)
