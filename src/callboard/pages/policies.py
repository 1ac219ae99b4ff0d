"""Policies of the score on screen: the weights with what they are for, versions, the way back, comparison."""

import re

from litestar import Response, get, post
from litestar.params import FromPath

from callboard.access import visibility
from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api.request import Call
from callboard.pages.frame import Form, language_of, page, redirect
from callboard.pages.missing import ReasonMissing
from callboard.pages.policy_words import WORDS
from callboard.pages.views_policies import PoliciesPage, WeightField
from kernel import db
from kernel.errors import Invalid
from routing import policies
from routing.policies import LONGEST_NOTE, Comparison, PolicyDraft, Weight

READ, WRITE = Permission.TASKS_LIST, Permission.POLICIES_WRITE
MOST_VERSIONS, CLAIMS_COMPARED = 50, 500
VERSION = re.compile(r"\d{1,6}")
DONE = {"made", "active"}


def field_of(weight: Weight, value: float, *, chinese: bool) -> WeightField:
    name_en, name_zh, reason_zh, unit_zh = WORDS[weight.name]
    return WeightField(
        name=weight.name, label=name_zh if chinese else name_en, unit=unit_zh if chinese else weight.unit,
        reason=reason_zh if chinese else weight.reason, least=weight.least, most=weight.most, built_in=weight.built_in,
        value=value,
    )  # fmt: skip


def _asked(request: Call, name: str) -> int | None:
    text = request.query_params.get(name, "")
    return int(text) if VERSION.fullmatch(text) else None


async def _comparison(request: Call) -> Comparison | None:
    a, b = _asked(request, "a"), _asked(request, "b")
    return None if a is None or b is None else await policies.compare(a, b, CLAIMS_COMPARED)


@get("/policies", guards=[require(READ)], include_in_schema=False)
async def overview(request: Call) -> Response[str]:
    active = await policies.active_version()
    wanted = _asked(request, "from")
    start = await policies.policy(active if wanted is None else wanted)
    chinese = language_of(request, request.actor).startswith("zh")
    done = request.query_params.get("done", "")
    view = PoliciesPage(
        versions=await policies.policies(limit=MOST_VERSIONS), activations=await policies.activations(),
        fields=[field_of(one, start.weights[one.name], chinese=chinese) for one in policies.weights()],
        start=start.version, active=active, comparison=await _comparison(request),
        may_write=request.actor.may(WRITE), done=done if done in DONE else "",
    )  # fmt: skip
    return page(request, "policies.html", view)


def _number(form: Form, name: str) -> float:
    text = form.text(name, 20).strip()
    try:
        return float(text)
    except ValueError:
        raise Invalid(f"The field {name} is no number.") from None


@post("/policies", guards=[require(WRITE)], include_in_schema=False, status_code=200)
async def make(request: Call) -> Response[str]:
    form = await Form.of(request)
    note = form.text("note", LONGEST_NOTE).strip()
    if not note:
        raise ReasonMissing
    draft = PolicyDraft(weights={name: _number(form, name) for name in WORDS}, note=note)
    async with db.transaction(request.actor.label):
        made = await policies.create_policy(draft, visibility.decider(request.actor))
    return redirect(
        request, f"/policies?done=made&from={made.version}&a={await policies.active_version()}&b={made.version}"
    )


@post("/policies/{version:int}/activate", guards=[require(WRITE)], include_in_schema=False, status_code=200)
async def activate(request: Call, version: FromPath[int]) -> Response[str]:
    reason = (await Form.of(request)).text("reason", LONGEST_NOTE).strip()
    if not reason:
        raise ReasonMissing
    async with db.transaction(request.actor.label):
        await policies.activate(version, reason, visibility.decider(request.actor))
    return redirect(request, "/policies?done=active")


route_handlers = [overview, make, activate]
