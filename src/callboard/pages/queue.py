"""What somebody may take, holds and has to mend: `/queue` for annotators, `/reviews` for reviewers, one function each."""

from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID

from litestar import Response, get, post

from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.access.visibility import worker
from callboard.api.request import Call
from callboard.pages.facts import held_of, points_of, reason_of, title_of
from callboard.pages.frame import html, is_htmx, page, recognised, redirect, shell_of
from callboard.pages.offers import offered_to
from callboard.pages.render import render
from callboard.pages.views import (
    HeldTask,
    KeptTask,
    NextOffer,
    NoWork,
    PriceRange,
    PutDown,
    QueueView,
    Reason,
    ReturnedTask,
    TaskFacts,
    Today,
    WaitingGroup,
)
from dialogue.conversations import conversation_of
from kernel import clock, db
from kernel.money import Money
from kernel.settings import Settings
from kernel.sql import load
from payments.earnings import earnings
from payments.exchange import paid
from routing import review, waiting
from routing.assignments import AssignmentView
from routing.caps import CAPS
from routing.dispatch import Claim
from routing.gold_giving import claim_hiding
from routing.lanes import ANNOTATION, REVIEW
from routing.personal_queue import held_in_order
from routing.presence import NOT_AVAILABLE, PresenceView, presence, saw
from routing.verdict_items import of_rubric, of_tasks
from routing.waiting import LaneOffer
from skills.profiles import load_profile

sql = load(__package__)
MOST_FORMULAS = 12
"""Prices whose formula is shown before one takes anything."""
MOST_GROUPS = 12


async def queue_view(annotator_id: UUID, kind: str, settings: Settings) -> QueueView:
    profile = await load_profile(annotator_id)
    there = await presence(annotator_id, settings)
    live = [row for row in await held_in_order(annotator_id) if not row.lapsed]
    lanes = [lane for lane in await waiting.what_waits(annotator_id, settings) if lane.kind == kind]
    open_lanes = [lane for lane in lanes if lane.eligible and lane.waiting]
    returned = await _returned(annotator_id) if kind == ANNOTATION else []
    return QueueView(
        offer=await _offer(open_lanes) if open_lanes else None,
        held=[await _held(row, annotator_id) for row in live if row.kind == kind],
        returned=returned,
        kept=await _kept(annotator_id, kind),
        waiting=_groups(open_lanes),
        today=await _today(annotator_id),
        capacity=profile.capacity,
        no_work=_no_work(profile.state, there, there.room, lanes, open_lanes),
        review=kind == REVIEW,
        person_id=annotator_id,
        restrictions=profile.restrictions,
        presence=there,
        offered=await offered_to(annotator_id, kind),
        put_down=await _put_down(annotator_id) if kind == ANNOTATION else [],
    )


async def _put_down(annotator_id: UUID) -> list[PutDown]:
    return [
        PutDown(
            assignment_id=UUID(int=row["assignment_id"].int), title=row["title"].strip() or row["external_id"],
            state=row["state"], at=row["ended_at"],
        )
        for row in await db.fetch(sql.put_down_lately, annotator_id=annotator_id)
    ]  # fmt: skip


async def _held(row: AssignmentView, annotator_id: UUID) -> HeldTask:
    reason, done = None, 0
    if row.kind == ANNOTATION:
        conversation = await conversation_of(row.task_id, annotator_id)
        done = conversation.exchanges if conversation else 0
        if row.rework_rounds:
            feedback = await review.feedback(row.task_id, annotator_id)
            reason = reason_of(feedback, await of_rubric(row.project_id, {})) if feedback else None
    return held_of(row, turns_done=done, reason=reason)


async def _returned(annotator_id: UUID) -> list[ReturnedTask]:
    rows = await review.returned_to(annotator_id)
    named = await of_tasks(row.task_id for row in rows)
    known = await db.fetch(sql.task_titles, ids=[row.task_id for row in rows]) if rows else []
    levels = {row["id"]: row["difficulty_level"] for row in known}
    return [
        ReturnedTask(
            task=TaskFacts(
                id=row.task_id, title=title_of(row.payload, row.external_id), project=row.project_name, kind="dialogue",
                domain=row.domain, language=row.language, external_id=row.external_id, level=levels.get(row.task_id),
            ),
            price=Money(row.price_micros, row.currency), price_inputs=row.price_inputs,
            reason=Reason(outcome="rework", points=points_of(row.reasons, named.get(row.task_id, {})), comment=row.comment, at=row.returned_at),
        )
        for row in rows
    ]  # fmt: skip


async def _kept(annotator_id: UUID, kind: str) -> list[KeptTask]:
    return [
        KeptTask(
            task=TaskFacts(
                id=row.task_id, title=title_of(row.payload, row.external_id), project=row.project_name, kind="dialogue",
                domain=row.domain, language=row.language, external_id=row.external_id, level=row.difficulty_level,
            ),
            price=Money(row.price_micros, row.currency), price_inputs=row.price_inputs, kept_until=row.kept_until,
        )
        for row in await waiting.kept_for(annotator_id) if row.kind == kind
    ]  # fmt: skip


async def _offer(lanes: list[LaneOffer]) -> NextOffer:
    hold = await db.fetch_one(sql.hold_of_published)
    assert hold is not None, "a lane with free work belongs to a published project"
    return NextOffer(
        count=sum(lane.waiting for lane in lanes), price=_range(lanes),
        lease_seconds=hold["lease_seconds"], deadline_seconds=hold["deadline_seconds"], formulas=_formulas(lanes),
    )  # fmt: skip


def _formulas(lanes: list[LaneOffer]) -> list[tuple[str, str, dict[str, Any]]]:
    """How the prices come about, the dearest first; several lanes may have the same."""
    found = {
        (lane.project_name, lane.price_micros): (lane.project_name, lane.currency, lane.price_inputs)
        for lane in lanes
        if "base" in lane.price_inputs
    }
    return [found[key] for key in sorted(found, key=lambda key: (-key[1], key[0]))][:MOST_FORMULAS]


def _range(lanes: list[LaneOffer]) -> PriceRange:
    """Of the currency in which most of it is paid: amounts of two currencies make no range."""
    plain = [Money(lane.price_micros, lane.currency) for lane in lanes]
    own = [paid(lane.price_inputs) or price for lane, price in zip(lanes, plain, strict=True)]
    low, high = _ends(own)
    least, most = _ends(plain)
    return PriceRange(low=low, high=high, beside=None if own == plain else PriceRange(low=least, high=most))


def _ends(prices: list[Money]) -> tuple[Money, Money]:
    currency = Counter(price.currency for price in prices).most_common(1)[0][0]
    alike = [price for price in prices if price.currency == currency]
    return min(alike), max(alike)


def _groups(lanes: list[LaneOffer]) -> list[WaitingGroup]:
    groups: dict[tuple[str, int, str], list[LaneOffer]] = {}
    for lane in lanes:
        groups.setdefault((lane.domain, lane.difficulty_band, lane.language), []).append(lane)
    found = [
        WaitingGroup(
            kind=members[0].kind, domain=domain, language=language, level=level,
            count=sum(lane.waiting for lane in members), price=_range(members),
        )
        for (domain, level, language), members in groups.items()
    ]  # fmt: skip
    return sorted(found, key=lambda group: (-group.count, group.domain, group.level or 0))[:MOST_GROUPS]


async def _today(annotator_id: UUID) -> Today:
    day = await db.fetch_one(sql.day_of_annotator, annotator_id=annotator_id)
    assert day is not None
    totals = (await earnings(annotator_id, limit=1)).totals
    return Today(
        done=day["done"], active_seconds=day["active_seconds"],
        earned=[total.today for total in totals if total.today.micros], pending=[total.pending for total in totals if total.pending.micros],
    )  # fmt: skip


def _no_work(
    state: str, there: PresenceView, room: int, lanes: list[LaneOffer], open_lanes: list[LaneOffer]
) -> NoWork | None:
    if state != "active":
        return NoWork(code="not_active")
    if there.state in NOT_AVAILABLE:
        return NoWork(code="not_available")
    if room <= 0:
        return NoWork(code="at_capacity")
    if open_lanes:
        return None
    refusals = Counter(lane.failures[0].predicate for lane in lanes if lane.failures and lane.waiting)
    if refusals:
        code = "capped" if refusals.keys() <= CAPS else "not_eligible"
        return NoWork(code=code, refusals=dict(refusals.most_common()))
    return NoWork(code="nothing_waiting")


async def _show(request: Call, kind: str, template: str) -> Response[str]:
    annotator_id = await worker(request.actor, None)
    if template == "queue.html":  # the fragment comes by itself, and says nothing of the person
        await saw(annotator_id, request.settings)
    view = await queue_view(annotator_id, kind, request.settings)
    return page(request, template, view, live=template == "queue.html")


async def _next(request: Call, kind: str) -> Response[str]:
    """One more assignment: the person goes to it, or reads why there is none."""
    annotator_id = await worker(request.actor, None)
    async with db.transaction(request.actor.label):
        claim = await claim_hiding(annotator_id, request.settings, limit=1, kinds=[kind])
    if claim.assignments:
        taken = claim.assignments[0]
        return redirect(request, f"/{'review' if taken.kind == REVIEW else 'work'}/{taken.id}")
    if not is_htmx(request):
        return redirect(request, "/reviews" if kind == REVIEW else "/queue")
    return html(render("no_work.html", _answer(claim), shell_of(request, recognised(request))))


def _answer(claim: Claim) -> NoWork:
    seconds = claim.retry_after_seconds
    return NoWork(
        code=claim.reason or "nothing_waiting", detail=claim.detail or "", refusals=claim.counts,
        retry_at=clock.now() + timedelta(seconds=seconds) if seconds else None,
    )  # fmt: skip


guards = [require(Permission.WORK)]


@get("/queue", guards=guards, include_in_schema=False)
async def queue(request: Call) -> Response[str]:
    return await _show(request, ANNOTATION, "queue.html")


@get("/queue/fragment", guards=guards, include_in_schema=False)
async def queue_fragment(request: Call) -> Response[str]:
    return await _show(request, ANNOTATION, "queue_body.html")


@post("/queue/next", guards=guards, include_in_schema=False, status_code=200)
async def next_task(request: Call) -> Response[str]:
    return await _next(request, ANNOTATION)


@get("/reviews", guards=guards, include_in_schema=False)
async def reviews(request: Call) -> Response[str]:
    return await _show(request, REVIEW, "queue.html")


@get("/reviews/fragment", guards=guards, include_in_schema=False)
async def reviews_fragment(request: Call) -> Response[str]:
    return await _show(request, REVIEW, "queue_body.html")


@post("/reviews/next", guards=guards, include_in_schema=False, status_code=200)
async def next_review(request: Call) -> Response[str]:
    return await _next(request, REVIEW)


route_handlers = [queue, queue_fragment, next_task, reviews, reviews_fragment, next_review]
