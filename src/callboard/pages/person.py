"""The pages about one person: their own for those who work, with actions for those who answer for them."""

from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from callboard.access import visibility
from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.access.visibility import worker
from callboard.api.request import Call
from callboard.pages.frame import Form, page, redirect
from callboard.pages.person_view import COUNTED, evidence_view, person_view
from callboard.pages.views_person import EvidenceFilter
from callboard.persons.evidence import KINDS
from kernel import db
from kernel.errors import Invalid
from routing.caps import set_cap_per_day
from skills import annotators

AnnotatorId = FromPath[UUID]
READ = [require(Permission.ANNOTATORS_READ)]
DONE = ("state", "capacity", "assessed", "role", "language", "presence")
STATES = ("active", "paused", "left")
LONGEST_REASON = 500
LEVELS = range(1, 6)
CAPACITIES, DAY_CAPS = range(1, 51), range(1, 1001)


@get("/profile", guards=[require(Permission.WORK)], include_in_schema=False)
async def profile(request: Call) -> Response[str]:
    """One's own page, wherever it is."""
    return redirect(request, f"/people/{await worker(request.actor, None)}")


@get("/people/{annotator_id:uuid}", guards=READ, include_in_schema=False)
async def overview(request: Call, annotator_id: AnnotatorId) -> Response[str]:
    await visibility.check_annotator(request.actor, annotator_id)
    asked = request.query_params
    view = await person_view(request.actor, annotator_id, asked.get("domain", ""), request.settings)
    done = asked.get("done", "")
    view.notice = done if done in DONE else None
    return page(request, "person.html", view)


@get("/people/{annotator_id:uuid}/evidence", guards=READ, include_in_schema=False)
async def evidence(request: Call, annotator_id: AnnotatorId) -> Response[str]:
    await visibility.check_annotator(request.actor, annotator_id)
    asked = request.query_params
    kind, counted = asked.get("kind", ""), asked.get("counted", "")
    wish = EvidenceFilter(
        domain=asked.get("domain", ""),
        kind=kind if kind in KINDS else "",
        counted=counted if counted in COUNTED else "",
    )
    view = await evidence_view(request.actor, annotator_id, wish, asked.get("cursor") or None, request.settings)
    return page(request, "person_evidence.html", view)


def _done(request: Call, annotator_id: UUID, what: str) -> Response[str]:
    return redirect(request, f"/people/{annotator_id}?done={what}")


@post(
    "/people/{annotator_id:uuid}/state",
    guards=[require(Permission.ANNOTATORS_WRITE)],
    include_in_schema=False,
    status_code=200,
)
async def change_state(request: Call, annotator_id: AnnotatorId) -> Response[str]:
    form = await Form.of(request)
    state, reason = form.text("state", 20), form.reason(LONGEST_REASON)
    if state not in STATES:
        raise Invalid(f"The state is one of {', '.join(STATES)}.")
    async with db.transaction(request.actor.label):
        await visibility.check_annotator(request.actor, annotator_id)
        await annotators.set_state(annotator_id, state, reason)
    return _done(request, annotator_id, "state")


@post(
    "/people/{annotator_id:uuid}/capacity",
    guards=[require(Permission.ANNOTATORS_WRITE)],
    include_in_schema=False,
    status_code=200,
)
async def change_capacity(request: Call, annotator_id: AnnotatorId) -> Response[str]:
    form = await Form.of(request)
    capacity = form.number("capacity")
    if capacity not in CAPACITIES:
        raise Invalid("Between 1 and 50 tasks can be held at once.")
    # A form without the field, an older page or somebody's own, says nothing of the cap; an empty field takes it away.
    named = "cap_per_day" in form.names()
    cap = form.number("cap_per_day") if form.text("cap_per_day", 10).strip() else None
    if cap is not None and cap not in DAY_CAPS:
        raise Invalid("The most that somebody is given on a day is from 1 to 1,000, or left empty.")
    reason = form.text("reason", LONGEST_REASON).strip()
    async with db.transaction(request.actor.label):
        await visibility.check_annotator(request.actor, annotator_id)
        if named:  # first, because it locks the holder
            await set_cap_per_day(annotator_id, cap, reason)
        await annotators.set_capacity(annotator_id, capacity, reason)
    return _done(request, annotator_id, "capacity")


@post(
    "/people/{annotator_id:uuid}/assess",
    guards=[require(Permission.SKILLS_WRITE)],
    include_in_schema=False,
    status_code=200,
)
async def assess(request: Call, annotator_id: AnnotatorId) -> Response[str]:
    form = await Form.of(request)
    domain, level, reason = form.text("domain", 40), form.number("level"), form.reason(LONGEST_REASON)
    if level not in LEVELS:
        raise Invalid("A level is a number from 1 to 5.")
    async with db.transaction(request.actor.label):
        await visibility.check_annotator(request.actor, annotator_id)
        await annotators.assess(annotator_id, domain, level, reason)
    return _done(request, annotator_id, "assessed")


route_handlers = [profile, overview, evidence, change_state, change_capacity, assess]
