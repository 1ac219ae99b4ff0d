"""Standing on screen: the managers' page with appeals and rules, and the page of one person."""

import re
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath

from callboard.access import visibility
from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api.paging import read_cursor, write_cursor
from callboard.api.request import Call
from callboard.api.standing import judge_everybody, seen
from callboard.pages.frame import Form, page, redirect
from callboard.pages.missing import ReasonMissing
from callboard.pages.views_standing import (
    PersonStanding,
    PreviewView,
    RulePage,
    Shown,
    StandingFilter,
    StandingPage,
)
from kernel import db
from kernel.errors import Forbidden, Invalid
from skills import standing_preview, standing_rules, standings
from skills.annotators import annotator
from skills.registry import domain_codes
from skills.standing_rules import LONGEST_REASON, RuleDraft
from skills.standings import APPEAL_CHARACTERS, ByHand, Filters, StandingView

READ, WRITE = Permission.ANNOTATORS_READ, Permission.STANDING_WRITE
PAGE_ROWS, MOST_APPEALS, MOST_OF_PERSON = 50, 50, 200
DONE = re.compile(r"[a-z]{1,20}")
NUMBERS = {
    "skill_below": ("level",),
    "outcomes_below": ("share", "last"),
    "gold_below": ("share", "last"),
    "rejected": ("count", "last"),
    "inactive_days": ("days",),
    "credential_expired": (),
    "exam_failed": ("count",),
}
"""The fields of the form that each condition reads."""


def _done(request: Call) -> str:
    word = request.query_params.get("done", "")
    return word if DONE.fullmatch(word) else ""


async def _shown(request: Call, one: StandingView) -> Shown:
    mine = request.actor.annotator_id == one.annotator_id
    active = one.state == "active"
    return Shown(
        one=one, evidence=await standings.evidence_of(one),
        may_appeal=active and mine and one.appeal is None and request.actor.may(Permission.WORK),
        may_lift=active and request.actor.may(WRITE),
    )  # fmt: skip


@get("/standing", guards=[require(READ)], include_in_schema=False)
async def overview(request: Call) -> Response[str]:
    actor, days, query = request.actor, request.settings.standing_appeal_days, request.query_params
    if not actor.sees_everybody and actor.vendor_id is None:
        raise Forbidden("This page is for those who answer for others; your own standing is on your page.")
    wish = StandingFilter(action=query.get("action", "")[:20], domain=query.get("domain", "")[:40])
    force = Filters(vendor_id=actor.vendor_id, state="active", action=wish.action or None, domain=wish.domain or None)
    before = read_cursor(query.get("cursor") or None, UUID)
    rows = await standings.standings(force, days, before=before, limit=PAGE_ROWS + 1)
    waiting = Filters(vendor_id=actor.vendor_id, appeal="open", state="active")
    appeals = await standings.standings(waiting, days, limit=MOST_APPEALS, by_due=True)
    view = StandingPage(
        filter=wish, appeals=[await _shown(request, one) for one in appeals], rows=rows[:PAGE_ROWS],
        domains=sorted(await domain_codes()),
        rules=await standing_rules.rules() if actor.sees_everybody else [],
        may_write=actor.may(WRITE), done=_done(request),
        next_cursor=write_cursor(rows[PAGE_ROWS - 1].id) if len(rows) > PAGE_ROWS else None,
    )  # fmt: skip
    return page(request, "standing.html", view)


@get("/standing/rules/new", guards=[require(WRITE)], include_in_schema=False)
async def new_rule(request: Call) -> Response[str]:
    return page(request, "standing_rule.html", RulePage(rule=None, domains=sorted(await domain_codes())))


@get("/standing/rules/{rule_id:uuid}", guards=[require(WRITE)], include_in_schema=False)
async def one_rule(request: Call, rule_id: FromPath[UUID]) -> Response[str]:
    view = RulePage(rule=await standing_rules.rule(rule_id), domains=sorted(await domain_codes()))
    return page(request, "standing_rule.html", view)


def _draft(form: Form) -> RuleDraft:
    """Raises `Invalid`, with the fault in words."""
    kind = form.text("kind", 30)
    condition: dict[str, Any] = {"kind": kind}
    for name in NUMBERS.get(kind, ()):
        condition[name] = form.number(name) / 100 if name == "share" else form.number(name)
    action, lasts = form.text("action", 20), form.text("lasts_days", 4).strip()
    values = {
        "name": form.text("name", 120).strip(), "condition": condition, "action": action,
        "domain": form.text("domain", 40) or None, "reason_en": form.text("reason_en", LONGEST_REASON),
        "reason_zh": form.text("reason_zh", LONGEST_REASON),
        "lasts_days": form.number("lasts_days") if lasts and action == "pause" else None,
    }  # fmt: skip
    try:
        return msgspec.convert(values, RuleDraft)
    except msgspec.ValidationError as error:
        raise Invalid(f"The rule cannot be used like that: {error}.") from error


@post("/standing/rules/new", guards=[require(WRITE)], include_in_schema=False, status_code=200)
async def make_rule(request: Call) -> Response[str]:
    draft = _draft(await Form.of(request))
    async with db.transaction(request.actor.label):
        await standing_rules.create_rule(draft)
    return redirect(request, "/standing?done=made#rules")


@post("/standing/rules/{rule_id:uuid}", guards=[require(WRITE)], include_in_schema=False, status_code=200)
async def save_rule(request: Call, rule_id: FromPath[UUID]) -> Response[str]:
    form = await Form.of(request)
    draft, version = _draft(form), form.number("version")
    async with db.transaction(request.actor.label):
        if (await standing_rules.change_rule(rule_id, draft, version)).on:
            await judge_everybody()
    return redirect(request, "/standing?done=saved#rules")


@post("/standing/rules/preview", guards=[require(WRITE)], include_in_schema=False, status_code=200)
async def preview(request: Call) -> Response[str]:
    """Beside the form, or a page of its own without scripts."""
    form = await Form.of(request)
    draft, rule_ids = _draft(form), form.ids("rule_id", 1)
    found = await standing_preview.preview(draft, rule_ids[0] if rule_ids else None)
    return page(request, "standing/preview.html", PreviewView(preview=found, kind=form.text("kind", 30)))


@post("/standing/rules/{rule_id:uuid}/switch", guards=[require(WRITE)], include_in_schema=False, status_code=200)
async def switch(request: Call, rule_id: FromPath[UUID]) -> Response[str]:
    on = (await Form.of(request)).text("on", 3) == "yes"
    async with db.transaction(request.actor.label):
        if await standing_rules.switch_rule(rule_id, on=on) and on:
            await judge_everybody()
    return redirect(request, f"/standing?done={'on' if on else 'off'}#rules")


@post("/standing/rules/{rule_id:uuid}/lift", guards=[require(WRITE)], include_in_schema=False, status_code=200)
async def lift_all(request: Call, rule_id: FromPath[UUID]) -> Response[str]:
    reason = _reason(await Form.of(request), "reason")
    async with db.transaction(request.actor.label):
        await standings.lift_all(rule_id, reason, visibility.decider(request.actor))
    return redirect(request, "/standing?done=lifted#rules")


def _reason(form: Form, name: str, limit: int = LONGEST_REASON) -> str:
    text = form.text(name, limit).strip()
    if not text:
        raise ReasonMissing
    return text


@get("/people/{annotator_id:uuid}/standing", guards=[require(READ)], include_in_schema=False)
async def person(request: Call, annotator_id: FromPath[UUID]) -> Response[str]:
    actor, days = request.actor, request.settings.standing_appeal_days
    await visibility.check_annotator(actor, annotator_id)
    who = await annotator(annotator_id)
    rows = await standings.standings(Filters(annotator_id=annotator_id), days, limit=MOST_OF_PERSON)
    shown = [await _shown(request, one) for one in rows]
    view = PersonStanding(
        person_id=annotator_id, name=who.display_name, state=who.state, vendor=who.vendor,
        own=actor.annotator_id == annotator_id,
        now=[one for one in shown if one.one.state == "active"],
        past=[one for one in shown if one.one.state != "active"],
        domains=sorted(await domain_codes()), appeal_days=days,
        may_write=actor.may(WRITE), done=_done(request),
    )  # fmt: skip
    return page(request, "person_standing.html", view)


@post("/people/{annotator_id:uuid}/standing", guards=[require(WRITE)], include_in_schema=False, status_code=200)
async def impose(request: Call, annotator_id: FromPath[UUID]) -> Response[str]:
    form = await Form.of(request)
    await visibility.check_annotator(request.actor, annotator_id)
    days = form.text("days", 4).strip()
    async with db.transaction(request.actor.label):
        action = form.text("action", 20)
        wish = {
            "action": action, "domain": form.text("domain", 40) or None,
            "reason_en": form.text("reason_en", LONGEST_REASON), "reason_zh": form.text("reason_zh", LONGEST_REASON),
            "until": await _in_days(form.number("days")) if days and action == "pause" else None,
        }  # fmt: skip
        try:
            by_hand = msgspec.convert(wish, ByHand)
        except msgspec.ValidationError as error:
            raise Invalid(f"That cannot be imposed: {error}.") from error
        await standings.impose_by_hand(annotator_id, by_hand, visibility.decider(request.actor))
    return redirect(request, f"/people/{annotator_id}/standing?done=imposed")


async def _in_days(days: int) -> Any:
    return await db.fetch_value("SELECT clock_timestamp() + make_interval(days => :days)", days=days)


@post(
    "/standing/{standing_id:uuid}/appeal", guards=[require(Permission.WORK)], include_in_schema=False, status_code=200
)
async def appeal(request: Call, standing_id: FromPath[UUID]) -> Response[str]:
    text = _reason(await Form.of(request), "text", APPEAL_CHARACTERS)
    view = await seen(request.actor, standing_id, request.settings.standing_appeal_days)
    await visibility.worker(request.actor, view.annotator_id)
    async with db.transaction(request.actor.label):
        await standings.appeal(standing_id, text)
    return redirect(request, f"/people/{view.annotator_id}/standing?done=appealed")


@post("/standing/{standing_id:uuid}/lift", guards=[require(WRITE)], include_in_schema=False, status_code=200)
async def lift(request: Call, standing_id: FromPath[UUID]) -> Response[str]:
    form = await Form.of(request)
    view = await seen(request.actor, standing_id, request.settings.standing_appeal_days)
    async with db.transaction(request.actor.label):
        await standings.lift(standing_id, _reason(form, "answer"), visibility.decider(request.actor))
    return redirect(request, f"{_back(form, view)}?done=lifted")


@post("/standing/{standing_id:uuid}/decide", guards=[require(WRITE)], include_in_schema=False, status_code=200)
async def decide(request: Call, standing_id: FromPath[UUID]) -> Response[str]:
    form, actor = await Form.of(request), request.actor
    view = await seen(actor, standing_id, request.settings.standing_appeal_days)
    async with db.transaction(actor.label):
        await standings.decide(
            standing_id, grant=form.text("decision", 10) == "grant", answer=_reason(form, "answer"),
            by=visibility.decider(actor), may_refuse_own=await visibility.may_refuse_own(actor),
        )  # fmt: skip
    return redirect(request, f"{_back(form, view)}?done=decided")


def _back(form: Form, view: StandingView) -> str:
    return "/standing" if form.text("from", 10) == "list" else f"/people/{view.annotator_id}/standing"


route_handlers = [
    overview, new_rule, one_rule, make_rule, save_rule, preview, switch, lift_all, person, impose, appeal, lift, decide,
]  # fmt: skip
