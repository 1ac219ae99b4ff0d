"""Gold: the bank of tasks with known answers, how much of it is mixed in, and doubts about keys."""

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
from callboard.api.paging import DEFAULT_LIMIT, Cursor, Limit, check_limit, read_cursor, write_cursor
from callboard.api.request import Call
from callboard.api.routes import get, post, put
from callboard.api.shapes import Items
from callboard.api.work import etag, if_match, reply, unit_of_work
from kernel.errors import Invalid
from routing import gold_answers, gold_bank, gold_doubts, gold_keys, gold_rules
from routing.errors import NoSuchGold
from routing.gold_answers import GoldResult
from routing.gold_bank import (
    MOST_AT_ONCE,
    Flag,
    GoldAnswerView,
    GoldDraft,
    GoldFilter,
    GoldMade,
    GoldOfTask,
    GoldTotals,
    GoldVersionView,
    GoldView,
    Sort,
    State,
)
from routing.gold_doubts import Doubter, GoldContestView, GoldDoubtDecision, GoldDoubtDraft
from routing.gold_keys import GoldCorrected
from routing.gold_rules import GoldRateDraft, GoldRateView, GoldRuleDraft, GoldRuleView
from routing.gold_scoring import GoldKey
from routing.projects import project

WRITE, DECIDE, WORK = Permission.GOLD_WRITE, Permission.VERDICTS_WRITE, Permission.WORK
ProjectId = FromPath[UUID]
GoldId = FromPath[UUID]
Reason = Annotated[str, Meta(min_length=1, max_length=1000, pattern=r"\S")]
Word = Annotated[str, Meta(max_length=200)]


class GoldPage(msgspec.Struct, frozen=True):
    items: list[GoldView]
    next_cursor: str | None
    totals: GoldTotals


class GoldToEnter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    items: Annotated[list[GoldDraft], Meta(min_length=1, max_length=MOST_AT_ONCE)]


class GoldEntered(msgspec.Struct, frozen=True):
    ids: dict[str, UUID]
    """By name, of the new ones and of those that were there."""


class GoldFromTasks(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    items: Annotated[list[GoldOfTask], Meta(min_length=1, max_length=MOST_AT_ONCE)]
    note: Annotated[str, Meta(max_length=2000)] = ""


class GoldStateWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    ids: Annotated[list[UUID], Meta(min_length=1, max_length=MOST_AT_ONCE)]
    state: Literal["active", "retired"]
    reason: Reason


class GoldChanged(msgspec.Struct, frozen=True):
    changed: int


class GoldKeyWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    key: GoldKey
    reason: Reason


class GoldNoteWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    note: Annotated[str, Meta(max_length=2000)]


class GoldWhole(msgspec.Struct, frozen=True):
    gold: GoldView
    flags: list[Flag]
    """`missed`: few met it; `flat`: the able meet it no more often than the others; `leaky`: often met far too fast."""
    versions: list[GoldVersionView]
    answers: list[GoldAnswerView]
    doubts: list[GoldContestView]


class GoldDecided(msgspec.Struct, frozen=True):
    corrected: GoldCorrected | None
    """None: the key was upheld."""


class GoldDoubtOpened(msgspec.Struct, frozen=True):
    id: UUID


async def doubter(actor: Actor) -> Doubter:
    """The person behind a doubt or a decision, also where a program of theirs sent it."""
    return Doubter(visibility.decider(actor), await visibility.annotator_behind(actor))


@get("/projects/{project_id:uuid}/gold", guards=[require(WRITE)], operation_id="listGold", tags=["gold"])
async def list_all(  # noqa: PLR0917  one query parameter each
    request: Call,
    project_id: ProjectId,
    wanted: Annotated[State | None, QueryParameter(name="state")] = None,
    kind: Word | None = None,
    domain: Word | None = None,
    q: Word | None = None,
    sort: Sort = "newest",
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Response[GoldPage]:
    """The bank with how each fares: met, told apart, doubted, and met too fast."""
    limit = check_limit(limit, request.settings)
    await project(project_id)
    skip = read_cursor(cursor, int) or 0
    if skip < 0:
        raise Invalid("The cursor does not come from here.")
    chosen = GoldFilter(state=wanted, kind=kind, domain=domain, search=q or None, sort=sort)
    rows = await gold_bank.bank(project_id, chosen, request.settings, skip=skip, limit=limit + 1)
    more = write_cursor(skip + limit) if len(rows) > limit else None
    return reply(GoldPage(rows[:limit], more, await gold_bank.totals(project_id)))


@post("/projects/{project_id:uuid}/gold", guards=[require(WRITE)], operation_id="enterGold", tags=["gold"])
async def enter(request: Call, project_id: ProjectId, data: JSONBody[GoldToEnter]) -> Response[GoldEntered]:
    """Tasks with their keys. Once per name in a project."""

    async def act() -> GoldEntered:
        by = visibility.decider(request.actor)
        return GoldEntered(await gold_bank.enter(project_id, data.items, by))

    return await unit_of_work(request, act, status=201)


@post(
    "/projects/{project_id:uuid}/gold/from-tasks",
    guards=[require(WRITE)],
    operation_id="makeGoldOfTasks",
    tags=["gold"],
)
async def from_tasks(request: Call, project_id: ProjectId, data: JSONBody[GoldFromTasks]) -> Response[GoldMade]:
    """Accepted, reviewed work becomes gold; its key is what was accepted, unless another is stated."""

    async def act() -> GoldMade:
        by = visibility.decider(request.actor)
        return await gold_bank.from_tasks(project_id, data.items, data.note, by)

    return await unit_of_work(request, act, status=201)


@post(
    "/projects/{project_id:uuid}/gold/state", guards=[require(WRITE)], status_code=200, operation_id="setGoldState",
    tags=["gold"],
)  # fmt: skip
async def set_state(request: Call, project_id: ProjectId, data: JSONBody[GoldStateWish]) -> Response[GoldChanged]:
    """Retire many at once, or take them back. All or none."""

    async def act() -> GoldChanged:
        return GoldChanged(await gold_bank.set_state(project_id, data.ids, data.state, data.reason))

    return await unit_of_work(request, act)


@get("/projects/{project_id:uuid}/gold/rule", guards=[require(WRITE)], operation_id="readGoldRule", tags=["gold"])
async def rule(request: Call, project_id: ProjectId) -> Response[GoldRuleView]:
    await project(project_id)
    found = await gold_rules.rule_of(project_id, request.settings)
    return reply(found, etag(found.version))


@put("/projects/{project_id:uuid}/gold/rule", guards=[require(WRITE)], operation_id="putGoldRule", tags=["gold"])
async def put_rule(request: Call, project_id: ProjectId, data: JSONBody[GoldRuleDraft]) -> Response[GoldRuleView]:
    """How much gold is mixed in, and whether people hear of it. From the next hand-in on."""
    version = if_match(request)

    async def act() -> GoldRuleView:
        return await gold_rules.put_rule(project_id, data, request.settings, version=version)

    return await unit_of_work(request, act, headers=lambda found: etag(found.version))


@get("/projects/{project_id:uuid}/gold/rates", guards=[require(WRITE)], operation_id="listGoldRates", tags=["gold"])
async def rates(project_id: ProjectId) -> Response[Items[GoldRateView]]:
    """People who are given another share than the others."""
    await project(project_id)
    return reply(Items(await gold_rules.rates(project_id)))


@put(
    "/projects/{project_id:uuid}/gold/rates/{annotator_id:uuid}", guards=[require(WRITE)], operation_id="putGoldRate",
    tags=["gold"],
)  # fmt: skip
async def put_rate(
    request: Call, project_id: ProjectId, annotator_id: FromPath[UUID], data: JSONBody[GoldRateDraft]
) -> Response[Items[GoldRateView]]:
    """One person's share; null: like everybody again."""

    async def act() -> Items[GoldRateView]:
        await gold_rules.put_rate(project_id, annotator_id, data, visibility.decider(request.actor))
        return Items(await gold_rules.rates(project_id))

    return await unit_of_work(request, act)


@get("/gold/{gold_id:uuid}", guards=[require(WRITE)], operation_id="readGold", tags=["gold"])
async def read(request: Call, gold_id: GoldId) -> Response[GoldWhole]:
    """With every key that it had, the newest answers, and doubts."""
    view = await gold_bank.gold(gold_id, request.settings)
    return reply(
        GoldWhole(
            view, view.flags, await gold_bank.versions(gold_id), await gold_bank.answers(gold_id),
            await gold_doubts.contests(gold_id=gold_id),
        )
    )  # fmt: skip


@put("/gold/{gold_id:uuid}/key", guards=[require(WRITE)], operation_id="putGoldKey", tags=["gold"])
async def put_key(request: Call, gold_id: GoldId, data: JSONBody[GoldKeyWish]) -> Response[GoldCorrected]:
    """Another key: everybody's record is as if it had been right from the start. While it is in doubt, the doubt decides."""

    async def act() -> GoldCorrected:
        by = visibility.decider(request.actor)
        return await gold_keys.change(gold_id, data.key, data.reason, by, request.settings)

    return await unit_of_work(request, act)


@put("/gold/{gold_id:uuid}/note", guards=[require(WRITE)], operation_id="putGoldNote", tags=["gold"])
async def put_note(request: Call, gold_id: GoldId, data: JSONBody[GoldNoteWish]) -> Response[GoldView]:
    """Words for managers beside it; audited."""

    async def act() -> GoldView:
        await gold_bank.set_note(gold_id, data.note)
        return await gold_bank.gold(gold_id, request.settings)

    return await unit_of_work(request, act)


@post("/gold/{gold_id:uuid}/doubt", guards=[require(WRITE)], operation_id="doubtGold", tags=["gold"])
async def doubt(request: Call, gold_id: GoldId, data: JSONBody[GoldDoubtDraft]) -> Response[GoldDoubtOpened]:
    """It is given to nobody until somebody else decides."""

    async def act() -> GoldDoubtOpened:
        return GoldDoubtOpened(await gold_doubts.doubt(gold_id, data, await doubter(request.actor), request.settings))

    return await unit_of_work(request, act, status=201)


@get("/gold-doubts", guards=[require(DECIDE)], operation_id="listGoldDoubts", tags=["gold"])
async def doubts(
    request: Call,
    wanted: Annotated[Literal["open", "upheld", "corrected"] | None, QueryParameter(name="state")] = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Response[Items[GoldContestView]]:
    """Open ones by their date, then the others, newest first."""
    limit = check_limit(limit, request.settings)
    return reply(Items(await gold_doubts.contests(state=wanted, limit=limit)))


@post(
    "/gold-doubts/{doubt_id:uuid}/decide", guards=[require(DECIDE)], status_code=200, operation_id="decideGoldDoubt",
    tags=["gold"],
)  # fmt: skip
async def decide(request: Call, doubt_id: FromPath[UUID], data: JSONBody[GoldDoubtDecision]) -> Response[GoldDecided]:
    """Never by whoever doubted, nor by somebody less able in the domain. A correction corrects everybody's record."""

    async def act() -> GoldDecided:
        return GoldDecided(await gold_keys.decide(doubt_id, data, await doubter(request.actor), request.settings))

    return await unit_of_work(request, act)


@get("/assignments/{assignment_id:uuid}/gold", guards=[require(WORK)], operation_id="readGoldResult", tags=["gold"])
async def result(request: Call, assignment_id: FromPath[UUID]) -> Response[GoldResult]:
    """For its author, where the project tells. Everything else, work and gold alike, is 404."""
    holder = await visibility.holder(request.actor, assignment_id)
    found = await gold_answers.result(assignment_id, holder, request.settings)
    if found is None:
        raise NoSuchGold
    return reply(found)


@post(
    "/assignments/{assignment_id:uuid}/gold/doubt",
    guards=[require(WORK)],
    operation_id="doubtGoldAnswered",
    tags=["gold"],
)
async def doubt_own(
    request: Call, assignment_id: FromPath[UUID], data: JSONBody[GoldDoubtDraft]
) -> Response[GoldDoubtOpened]:
    """By its author, who was told that it was gold. Somebody else decides by a date."""

    async def act() -> GoldDoubtOpened:
        holder = await visibility.holder(request.actor, assignment_id)
        gold_id = await gold_answers.gold_met_by(assignment_id, holder)
        by = Doubter(visibility.decider(request.actor), holder)
        return GoldDoubtOpened(await gold_doubts.doubt(gold_id, data, by, request.settings))

    return await unit_of_work(request, act, status=201)


route_handlers = [
    list_all, enter, from_tasks, set_state, rule, put_rule, rates, put_rate, read, put_key, put_note, doubt, doubts, decide, result,
    doubt_own,
]  # fmt: skip
