"""What is offered and what is held, on the queue page: accept, decline, up and down."""

from datetime import timedelta
from uuid import UUID

from litestar import Response, post
from litestar.params import FromPath

from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.access.visibility import worker
from callboard.api.request import Call
from callboard.pages.facts import title_of
from callboard.pages.frame import Form, html, is_htmx, local_path, redirect
from callboard.pages.views import OfferedTask, TaskFacts
from kernel import clock, db
from kernel.errors import Invalid
from kernel.money import Money
from routing import offers, personal_queue
from routing.lanes import REVIEW
from routing.offer_book import OfferView
from routing.offer_book import offers as listed

LONGEST_REASON = 500
LATER = {"hour": timedelta(hours=1), "day": timedelta(days=1), "never": None}
"""When somebody who declines may be asked again."""
guards = [require(Permission.WORK)]


async def offered_to(annotator_id: UUID, kind: str) -> list[OfferedTask]:
    return [_offered(one) for one in await listed(annotator_id=annotator_id) if one.kind == kind]


def _offered(one: OfferView) -> OfferedTask:
    return OfferedTask(
        offer_id=one.id, price=Money(one.price_micros, one.currency), expires_at=one.expires_at, review=one.kind == REVIEW, price_inputs=one.price_inputs,
        task=TaskFacts(
            id=one.task_id, title=title_of(one.payload, one.external_id), project=one.project_name, kind="dialogue",
            domain=one.domain, language=one.language, external_id=one.external_id, level=one.difficulty_level,
        ),
    )  # fmt: skip


@post("/queue/offers/{offer_id:uuid}/accept", guards=guards, include_in_schema=False, status_code=200)
async def accept(request: Call, offer_id: FromPath[UUID]) -> Response[str]:
    """The person goes to the work, or reads in the notice that somebody was faster."""
    person = await worker(request.actor, None)
    async with db.transaction(request.actor.label):
        view = await offers.accept(offer_id, person, request.settings)
    return redirect(request, f"/{'review' if view.kind == REVIEW else 'work'}/{view.id}")


@post("/queue/offers/{offer_id:uuid}/decline", guards=guards, include_in_schema=False, status_code=200)
async def decline(request: Call, offer_id: FromPath[UUID]) -> Response[str]:
    form = await Form.of(request)
    later = form.text("later", 5)
    if later not in LATER:
        raise Invalid("Say when you may be asked again: in an hour, tomorrow, or never.")
    wait = LATER[later]
    person, reason = await worker(request.actor, None), form.text("reason", LONGEST_REASON).strip()
    async with db.transaction(request.actor.label):
        await offers.decline(offer_id, person, reason=reason, not_before=None if wait is None else clock.now() + wait)
    return _back(request, form)


@post("/queue/{assignment_id:uuid}/move", guards=guards, include_in_schema=False, status_code=200)
async def move(request: Call, assignment_id: FromPath[UUID]) -> Response[str]:
    form = await Form.of(request)
    person = await worker(request.actor, None)
    async with db.transaction(request.actor.label):
        await personal_queue.move(person, assignment_id, -1 if form.text("to", 4) == "up" else 1)
    return _back(request, form)


def _back(request: Call, form: Form) -> Response[str]:
    if is_htmx(request):
        return html("", headers={"hx-trigger": "refresh"})
    return redirect(request, local_path(form.text("next")))


route_handlers = [accept, decline, move]
