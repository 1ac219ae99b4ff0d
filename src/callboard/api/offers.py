"""Offers and the personal queue: taken, declined, put in order."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Response
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta

from callboard.access import visibility
from callboard.access.actor import Actor
from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api.paging import aware
from callboard.api.request import Call
from callboard.api.routes import get, post, put
from callboard.api.shapes import Assignment, Items, for_author, outward
from callboard.api.work import reply, unit_of_work
from kernel.money import Money
from routing import offers, personal_queue
from routing.errors import NoSuchOffer
from routing.offer_book import OfferView, offer
from routing.offer_book import offers as listed
from routing.offers import Refused
from skills.errors import NoSuchAnnotator

WORK, WRITE = [require(Permission.WORK)], [require(Permission.ASSIGNMENTS_WRITE)]
OfferId = FromPath[UUID]
Reason = Annotated[str, Meta(min_length=1, max_length=500)]


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """A place that one may take until `expires_at`. It holds nothing: who accepts first has it."""

    id: UUID
    batch: UUID
    state: str
    """`open`, `accepted`, `declined`, `timed_out` or `rescinded`, as of now."""
    annotator_id: UUID
    kind: str
    task_id: UUID
    external_id: str
    project_id: UUID
    project_name: str
    domain: str
    language: str
    difficulty_band: int
    payload: dict[str, Any]
    price: Money
    """What accepting it pays, whatever the rates become meanwhile."""
    price_inputs: dict[str, Any]
    """How it came about, as in an assignment."""
    offered_at: datetime
    expires_at: datetime
    reason: str
    not_before: datetime | None
    assignment_id: UUID | None


class Offering(msgspec.Struct, forbid_unknown_fields=True):
    annotator_ids: Annotated[list[UUID], Meta(min_length=1, max_length=50)]


class Offered(msgspec.Struct, frozen=True):
    offers: list[Offer]
    refused: list[Refused]
    """To whom it could not be offered, and why."""


class Declining(msgspec.Struct, forbid_unknown_fields=True):
    reason: Annotated[str, Meta(max_length=500)] = ""
    not_before: datetime | None = None
    """Not offered again before; left out: never again. Pulling it stays open."""


class Rescinding(msgspec.Struct, forbid_unknown_fields=True):
    reason: Reason


class Order(msgspec.Struct, forbid_unknown_fields=True):
    assignment_ids: Annotated[list[UUID], Meta(min_length=1, max_length=50)]
    """Those that come first; what is not named follows as it was."""


async def shown(view: OfferView) -> Offer:
    """As whoever is asked may see it: without what the work is judged by, and whose the candidates are."""
    payload = await for_author(view.project_id, view.task_kind, view.payload)
    return Offer(
        id=view.id, batch=view.batch, state=view.state, annotator_id=view.annotator_id, kind=view.kind, task_id=view.task_id,
        external_id=view.external_id, project_id=view.project_id, project_name=view.project_name, domain=view.domain,
        language=view.language, difficulty_band=view.difficulty_band, payload=payload,
        price=Money(view.price_micros, view.currency), price_inputs=view.price_inputs, offered_at=view.offered_at, expires_at=view.expires_at,
        reason=view.reason, not_before=view.not_before, assignment_id=view.assignment_id,
    )  # fmt: skip


async def _whose(actor: Actor, offer_id: UUID) -> UUID:
    """In whose name an offer is answered. Raises `NoSuchOffer`."""
    if not actor.may(Permission.WORK_BEHALF):
        if actor.annotator_id is None:
            raise NoSuchOffer
        return actor.annotator_id
    found = await offer(offer_id)
    try:
        await visibility.check_annotator(actor, found.annotator_id)
    except NoSuchAnnotator:
        raise NoSuchOffer from None
    return found.annotator_id


@get("/offers", guards=WORK, operation_id="listOffers", tags=["work"])
async def open_offers(request: Call, annotator_id: FromQuery[UUID | None] = None) -> Response[Items[Offer]]:
    """What is offered now, the first to expire first. Events `offer.*` on the stream tell of changes."""
    person = await visibility.worker(request.actor, annotator_id)
    return reply(Items([await shown(one) for one in await listed(annotator_id=person)]))


@get("/tasks/{task_id:uuid}/offers", guards=WRITE, operation_id="listOffersOfTask", tags=["tasks"])
async def of_task(request: Call, task_id: FromPath[UUID]) -> Response[Items[Offer]]:
    """To whom it was offered, and what they said."""
    await visibility.check_task(request.actor, task_id)
    return reply(Items([await shown(one) for one in await listed(task_id=task_id, open_only=False)]))


@post("/tasks/{task_id:uuid}/offer", guards=WRITE, status_code=201, operation_id="offerTask", tags=["tasks"])
async def make(request: Call, task_id: FromPath[UUID], data: JSONBody[Offering]) -> Response[Offered]:
    """To all of them at once; who accepts first has it."""

    async def act() -> Offered:
        made = await offers.make(task_id, data.annotator_ids, request.settings, made_by=request.actor.label)
        return Offered([await shown(one) for one in made.offers], made.refused)

    return await unit_of_work(request, act, status=201)


@post("/offers/{offer_id:uuid}/accept", guards=WORK, status_code=200, operation_id="acceptOffer", tags=["work"])
async def accept(request: Call, offer_id: OfferId) -> Response[Assignment]:
    """The assignment, at the price of the offer; a second time answers the same one."""

    async def act() -> Assignment:
        person = await _whose(request.actor, offer_id)
        return await outward(await offers.accept(offer_id, person, request.settings))

    return await unit_of_work(request, act)


@post("/offers/{offer_id:uuid}/decline", guards=WORK, status_code=200, operation_id="declineOffer", tags=["work"])
async def decline(request: Call, offer_id: OfferId, data: JSONBody[Declining]) -> Response[Offer]:
    not_before = None if data.not_before is None else aware(data.not_before, "not_before")

    async def act() -> Offer:
        person = await _whose(request.actor, offer_id)
        return await shown(await offers.decline(offer_id, person, reason=data.reason, not_before=not_before))

    return await unit_of_work(request, act)


@post("/offers/{offer_id:uuid}/rescind", guards=WRITE, status_code=200, operation_id="rescindOffer", tags=["tasks"])
async def rescind(request: Call, offer_id: OfferId, data: JSONBody[Rescinding]) -> Response[Offer]:
    """Taken back before it was accepted."""

    async def act() -> Offer:
        return await shown(await offers.rescind(offer_id, reason=data.reason))

    return await unit_of_work(request, act)


@get("/annotators/{annotator_id:uuid}/queue", guards=WORK, operation_id="readQueue", tags=["work"])
async def read_queue(request: Call, annotator_id: FromPath[UUID]) -> Response[Items[Assignment]]:
    """What is held, in the order that the person gave it."""
    person = await visibility.worker(request.actor, annotator_id)
    return reply(Items([await outward(view) for view in await personal_queue.held_in_order(person)]))


@put("/annotators/{annotator_id:uuid}/queue", guards=WORK, operation_id="orderQueue", tags=["work"])
async def order_queue(request: Call, annotator_id: FromPath[UUID], data: JSONBody[Order]) -> Response[Items[UUID]]:
    """The whole order as it is from now on."""

    async def act() -> Items[UUID]:
        person = await visibility.worker(request.actor, annotator_id)
        return Items(await personal_queue.reorder(person, data.assignment_ids))

    return await unit_of_work(request, act)


route_handlers = [open_offers, of_task, make, accept, decline, rescind, read_queue, order_queue]
