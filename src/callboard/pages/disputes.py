"""Verdicts on one's own work, where one can say that they are wrong; and the queue of those who decide it."""

from typing import Literal, cast
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath

from callboard.access import visibility
from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api.request import Call
from callboard.pages.frame import Form, page, redirect
from callboard.pages.missing import OutcomeMissing
from callboard.pages.views_reviews import DisputesPage, VerdictsPage
from kernel import db
from kernel.sql import load
from routing import disputes, holds, verdict_items
from routing.disputes import DisputeDecision, DisputeDraft
from routing.holds import HoldView

sql = load("callboard.pages")
WORK, DECIDE = [require(Permission.WORK)], [require(Permission.VERDICTS_WRITE)]
MOST_OPEN, MOST_OVER = 100, 20
LONGEST = 4000
DONE = {"opened", "withdrawn", "overturn", "uphold", "lifted"}


def _done(request: Call) -> str:
    done = request.query_params.get("done", "")
    return done if done in DONE else ""


@get("/verdicts", guards=WORK, include_in_schema=False)
async def verdicts(request: Call) -> Response[str]:
    me = await visibility.worker(request.actor, None)
    rows = await disputes.verdicts_on(me, request.settings)
    names = await verdict_items.of_verdicts(one.verdict_id for one in rows)
    view = VerdictsPage(rows=rows, names=names, done=_done(request))
    return page(request, "verdicts.html", view)


@post("/verdicts/{verdict_id:uuid}/dispute", guards=WORK, status_code=200, include_in_schema=False)
async def dispute(request: Call, verdict_id: FromPath[UUID]) -> Response[str]:
    reason = (await Form.of(request)).reason(LONGEST)
    me = await visibility.worker(request.actor, None)
    async with db.transaction(request.actor.label):
        await disputes.open_dispute(verdict_id, me, DisputeDraft(reason), request.settings)
    return redirect(request, "/verdicts?done=opened")


@post("/verdicts/disputes/{dispute_id:uuid}/withdraw", guards=WORK, status_code=200, include_in_schema=False)
async def withdraw(request: Call, dispute_id: FromPath[UUID]) -> Response[str]:
    me = await visibility.worker(request.actor, None)
    async with db.transaction(request.actor.label):
        await disputes.withdraw(dispute_id, me)
    return redirect(request, "/verdicts?done=withdrawn")


async def _held() -> list[HoldView]:
    """In force; managers and programs by their names, as the audit log tells them apart."""
    held = [one for one in await holds.holds() if one.state != "lifted"]
    actors = [one.display_name for one in held if one.annotator_id is None]
    names = {row["actor"]: row["name"] for row in await db.fetch(sql.names_of_actors, actors=actors)} if actors else {}
    return [msgspec.structs.replace(one, display_name=names.get(one.display_name, one.display_name)) for one in held]


@get("/disputes", guards=DECIDE, include_in_schema=False)
async def queue(request: Call) -> Response[str]:
    rows = await disputes.disputes(state=None, limit=MOST_OPEN + MOST_OVER)
    view = DisputesPage(
        open=[one for one in rows if one.state == "open"], over=[one for one in rows if one.state != "open"][:MOST_OVER],
        names=await verdict_items.of_verdicts(one.verdict_id for one in rows if one.state == "open"),
        held=await _held(), done=_done(request),
    )  # fmt: skip
    return page(request, "disputes.html", view)


@post("/disputes/{dispute_id:uuid}/decide", guards=DECIDE, status_code=200, include_in_schema=False)
async def decide(request: Call, dispute_id: FromPath[UUID]) -> Response[str]:
    form = await Form.of(request)
    reason = form.reason(LONGEST)
    outcome = form.text("outcome", 20)
    if outcome not in {"overturn", "uphold"}:
        raise OutcomeMissing
    decision = DisputeDecision(cast("Literal['overturn', 'uphold']", outcome), reason)
    async with db.transaction(request.actor.label):
        by = await visibility.annotator_behind(request.actor)
        await disputes.decide(dispute_id, decision, by=by, settings=request.settings)
    return redirect(request, f"/disputes?done={outcome}")


@post("/disputes/holds/{hold_id:uuid}/lift", guards=DECIDE, status_code=200, include_in_schema=False)
async def lift(request: Call, hold_id: FromPath[UUID]) -> Response[str]:
    reason = (await Form.of(request)).reason(LONGEST)
    async with db.transaction(request.actor.label):
        await holds.lift(hold_id, reason)
    return redirect(request, "/disputes?done=lifted")


route_handlers = [verdicts, dispute, withdraw, queue, decide, lift]
