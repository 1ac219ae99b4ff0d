"""Standing: the rules, what is in force on whom and why, appeals."""

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from litestar import Response
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Meta

from callboard.access import visibility
from callboard.access.actor import Actor
from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api.paging import DEFAULT_LIMIT, Cursor, Limit, Page, check_limit, page, read_cursor
from callboard.api.request import Call
from callboard.api.routes import get, post, put
from callboard.api.shapes import Items
from callboard.api.work import etag, if_match, reply, unit_of_work
from kernel import outbox
from skills import standing_preview, standing_rules, standings
from skills.errors import NoSuchAnnotator, NoSuchStanding
from skills.standing_preview import Preview
from skills.standing_rules import RuleDraft, RuleView
from skills.standings import APPEAL_CHARACTERS, ByHand, Filters, StandingView

READ, WRITE, WORK = Permission.ANNOTATORS_READ, Permission.STANDING_WRITE, Permission.WORK
RuleId = FromPath[UUID]
StandingId = FromPath[UUID]
AnnotatorId = FromPath[UUID]
Reason = Annotated[str, Meta(min_length=1, max_length=1000)]
State = Annotated[Literal["active", "ended", "lifted", "withdrawn"] | None, QueryParameter(name="state")]
ActionFilter = Annotated[Literal["pause", "require_exam", "ask_manager"] | None, QueryParameter()]
AppealFilter = Annotated[Literal["open", "granted", "refused"] | None, QueryParameter()]
DomainFilter = Annotated[str | None, QueryParameter(max_length=40)]
RuleFilter = Annotated[UUID | None, QueryParameter()]


class Switch(msgspec.Struct, forbid_unknown_fields=True):
    on: bool


class Trial(RuleDraft, kw_only=True):
    rule_id: UUID | None = None
    """Of the rule that it would change: what was decided about that one is respected."""


class Lifting(msgspec.Struct, forbid_unknown_fields=True):
    reason: Reason
    """The person reads it."""


class Lifted(msgspec.Struct, frozen=True):
    lifted: int


class NewAppeal(msgspec.Struct, forbid_unknown_fields=True):
    text: Annotated[str, Meta(min_length=1, max_length=APPEAL_CHARACTERS)]


class Decision(msgspec.Struct, forbid_unknown_fields=True):
    grant: bool
    answer: Reason
    """The person reads it."""


def _versioned(view: RuleView) -> dict[str, str]:
    return etag(view.version)


async def judge_everybody() -> None:
    """As soon as this transaction is committed."""
    await outbox.enqueue("skills.judge_everybody", {})


@get("/standing-rules", guards=[require(READ)], operation_id="listStandingRules", tags=["standing"])
async def list_rules(request: Call) -> Response[Items[RuleView]]:
    """By name. Who does not answer for everybody sees those that are on, and not how many people they hold."""
    if request.actor.sees_everybody:
        return reply(Items(await standing_rules.rules()))
    public = [msgspec.structs.replace(one, active=None) for one in await standing_rules.rules(on_only=True)]
    return reply(Items(public))


@post("/standing-rules", guards=[require(WRITE)], operation_id="createStandingRule", tags=["standing"])
async def create(request: Call, data: JSONBody[RuleDraft]) -> Response[RuleView]:
    """Switched off: a preview says whom it would touch."""

    async def act() -> RuleView:
        return await standing_rules.rule(await standing_rules.create_rule(data))

    return await unit_of_work(request, act, status=201, headers=_versioned)


@put("/standing-rules/{rule_id:uuid}", guards=[require(WRITE)], operation_id="putStandingRule", tags=["standing"])
async def change(request: Call, rule_id: RuleId, data: JSONBody[RuleDraft]) -> Response[RuleView]:
    """The next version: it judges from now on, and what earlier ones brought about stays."""
    version = if_match(request)

    async def act() -> RuleView:
        view = await standing_rules.change_rule(rule_id, data, version)
        if view.on:
            await judge_everybody()
        return view

    return await unit_of_work(request, act, headers=_versioned)


@post(
    "/standing-rules/{rule_id:uuid}/switch",
    guards=[require(WRITE)],
    status_code=200,
    operation_id="switchStandingRule",
    tags=["standing"],
)
async def switch(request: Call, rule_id: RuleId, data: JSONBody[Switch]) -> Response[RuleView]:
    """On: everybody is judged at once. Off: it says nothing new; what is in force goes on until it ends or is lifted."""

    async def act() -> RuleView:
        if await standing_rules.switch_rule(rule_id, on=data.on) and data.on:
            await judge_everybody()
        return await standing_rules.rule(rule_id)

    return await unit_of_work(request, act, headers=_versioned)


@post(
    "/standing-rules/{rule_id:uuid}/lift",
    guards=[require(WRITE)],
    status_code=200,
    operation_id="liftStandingRule",
    tags=["standing"],
)
async def lift_all(request: Call, rule_id: RuleId, data: JSONBody[Lifting]) -> Response[Lifted]:
    """Everything that the rule holds in force, for good: the same causes do not bring it back."""

    async def act() -> Lifted:
        return Lifted(await standings.lift_all(rule_id, data.reason, visibility.decider(request.actor)))

    return await unit_of_work(request, act)


@post(
    "/standing-rules/preview", guards=[require(WRITE)], status_code=200, operation_id="previewStandingRule",
    tags=["standing"],
)  # fmt: skip
async def preview(request: Call, data: JSONBody[Trial]) -> Response[Preview]:
    """Whom the rule would touch if it were switched on now. Writes nothing."""
    given = msgspec.structs.asdict(data)
    rule_id = given.pop("rule_id")

    async def act() -> Preview:
        return await standing_preview.preview(RuleDraft(**given), rule_id)

    return await unit_of_work(request, act)


@get("/standing", guards=[require(READ)], operation_id="listStanding", tags=["standing"])
async def list_standing(
    request: Call,
    *,
    in_state: State = None,
    action: ActionFilter = None,
    domain: DomainFilter = None,
    rule: RuleFilter = None,
    appeal: AppealFilter = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Response[Page[StandingView]]:
    """Newest first. Annotators see their own, a vendor's manager that vendor's people."""
    limit = check_limit(limit, request.settings)
    scope = visibility.filter_for(request.actor)
    filters = Filters(
        vendor_id=scope.vendor_id, annotator_id=scope.annotator_id, rule_id=rule, state=in_state, action=action,
        domain=domain, appeal=appeal,
    )  # fmt: skip
    days = request.settings.standing_appeal_days
    rows = await standings.standings(filters, days, before=read_cursor(cursor, UUID), limit=limit + 1)
    return reply(page(rows, limit, lambda row: row.id))


@get("/annotators/{annotator_id:uuid}/standing", guards=[require(READ)], operation_id="readStanding", tags=["standing"])
async def read(
    request: Call, annotator_id: AnnotatorId, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Response[Page[StandingView]]:
    """What is in force on somebody, and what was."""
    limit = check_limit(limit, request.settings)
    await visibility.check_annotator(request.actor, annotator_id)
    days, before = request.settings.standing_appeal_days, read_cursor(cursor, UUID)
    rows = await standings.standings(Filters(annotator_id=annotator_id), days, before=before, limit=limit + 1)
    return reply(page(rows, limit, lambda row: row.id))


@post(
    "/annotators/{annotator_id:uuid}/standing", guards=[require(WRITE)], operation_id="imposeStanding",
    tags=["standing"],
)  # fmt: skip
async def impose(request: Call, annotator_id: AnnotatorId, data: JSONBody[ByHand]) -> Response[StandingView]:
    """By hand, with a reason that the person reads."""

    async def act() -> StandingView:
        await visibility.check_annotator(request.actor, annotator_id)
        standing_id = await standings.impose_by_hand(annotator_id, data, visibility.decider(request.actor))
        return await standings.standing(standing_id, request.settings.standing_appeal_days)

    return await unit_of_work(request, act, status=201)


async def seen(actor: Actor, standing_id: UUID, days: int) -> StandingView:
    """Raises `NoSuchStanding` also where it is another one's."""
    view = await standings.standing(standing_id, days)
    try:
        await visibility.check_annotator(actor, view.annotator_id)
    except NoSuchAnnotator:
        raise NoSuchStanding from None
    return view


@post(
    "/standing/{standing_id:uuid}/lift", guards=[require(WRITE)], status_code=200, operation_id="liftStanding",
    tags=["standing"],
)  # fmt: skip
async def lift(request: Call, standing_id: StandingId, data: JSONBody[Lifting]) -> Response[StandingView]:
    """Ends it at once and for good; of `ask_manager` it is the answer. An open appeal is granted by it."""
    days = request.settings.standing_appeal_days

    async def act() -> StandingView:
        await seen(request.actor, standing_id, days)
        await standings.lift(standing_id, data.reason, visibility.decider(request.actor))
        return await standings.standing(standing_id, days)

    return await unit_of_work(request, act)


@post(
    "/standing/{standing_id:uuid}/appeal", guards=[require(WORK)], status_code=200, operation_id="appealStanding",
    tags=["standing"],
)  # fmt: skip
async def appeal(request: Call, standing_id: StandingId, data: JSONBody[NewAppeal]) -> Response[StandingView]:
    """One per restriction, by the person, or by a program on behalf of them."""
    days = request.settings.standing_appeal_days

    async def act() -> StandingView:
        view = await seen(request.actor, standing_id, days)
        try:
            await visibility.worker(request.actor, view.annotator_id)
        except NoSuchAnnotator:
            raise NoSuchStanding from None
        await standings.appeal(standing_id, data.text)
        return await standings.standing(standing_id, days)

    return await unit_of_work(request, act)


@post(
    "/standing/{standing_id:uuid}/decide", guards=[require(WRITE)], status_code=200, operation_id="decideAppeal",
    tags=["standing"],
)  # fmt: skip
async def decide(request: Call, standing_id: StandingId, data: JSONBody[Decision]) -> Response[StandingView]:
    """Granted, the restriction is lifted. Who imposed it by hand does not refuse, where another manager can."""
    days, actor = request.settings.standing_appeal_days, request.actor

    async def act() -> StandingView:
        await seen(actor, standing_id, days)
        await standings.decide(
            standing_id, grant=data.grant, answer=data.answer, by=visibility.decider(actor),
            may_refuse_own=await visibility.may_refuse_own(actor),
        )  # fmt: skip
        return await standings.standing(standing_id, days)

    return await unit_of_work(request, act)


route_handlers = [
    list_rules, create, change, switch, lift_all, preview, list_standing, read, impose, lift, appeal, decide,
]  # fmt: skip
