"""The dialogue workspace: every change answers with the part of the page that it changed."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.response import Stream

from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.access.visibility import worker
from callboard.api.request import Call
from callboard.api.stream import stream
from callboard.api.work import reply as json_reply
from callboard.handing_in import NotReady, submit_dialogue
from callboard.pages import kind_work
from callboard.pages.facts import uuid_of
from callboard.pages.frame import Form, html, page, problem_view, recognised, redirect, shell_of
from callboard.pages.gold_one import told
from callboard.pages.missing import TopicMissing
from callboard.pages.pinged import PING, event, pinged
from callboard.pages.render import render
from callboard.pages.views import WorkView
from callboard.pages.work_view import draft_payload, failed, work_view
from dialogue import conversations, replies
from dialogue.conversations import TOPIC_CHARACTERS
from dialogue.diffs import difference
from dialogue.errors import TurnChanged, known_failure
from dialogue.replies import Words
from dialogue.telemetry import Pasted
from kernel import db
from kernel.errors import DomainError, Invalid
from routing import leases

guards = [require(Permission.WORK)]
Heard = FromQuery[Annotated[str | None, msgspec.Meta(max_length=60)]]


class DraftSave(msgspec.Struct, forbid_unknown_fields=True):
    draft: dict[str, Any]
    version: int | None = None
    """The one that the page knows; none: whatever is there is replaced."""


class DraftSaved(msgspec.Struct):
    version: int
    saved_at: datetime


class Beat(msgspec.Struct, forbid_unknown_fields=True):
    epoch: int


async def _me(request: Call) -> UUID:
    return await worker(request.actor, None)


def _fragment(request: Call, template: str, view: WorkView) -> Response[str]:
    return html(render(template, view, shell_of(request, recognised(request))))


async def _changed(
    request: Call, assignment_id: UUID, template: str, *, reply_id: UUID | None = None, message_no: int = 0
) -> Response[str]:
    """The exchange that was just changed, as it stands now."""
    view = await work_view(assignment_id, await _me(request), request.settings)
    view.changed = next(
        turn.number for turn in view.turns if reply_id in (None, turn.reply_id) and message_no in (0, turn.message_no)
    )
    return _fragment(request, template, view)


@get("/work/{assignment_id:uuid}", guards=guards, include_in_schema=False)
async def workspace(request: Call, assignment_id: FromPath[UUID]) -> Response[str]:
    me = await _me(request)
    declared = await kind_work.page_of(request, assignment_id, me)
    if declared is not None:
        return declared
    view = await work_view(assignment_id, me, request.settings)
    await _recall_failure(request, view, me)
    view.gold = await told(assignment_id, me, request.settings) if view.ended else None
    return page(request, "work.html", view)


async def _recall_failure(request: Call, view: WorkView, me: UUID) -> None:
    """A reply that failed is asked for again by a press, not by a reload: a call may cost money."""
    waiting = next((turn for turn in view.turns if turn.state == "waiting"), None)
    if waiting is None or view.ended is not None:
        return
    tried = await replies.attempts(view.held.task.id, me, waiting.message_no)
    if tried and tried[0].state == "failed":
        failed(view, waiting.message_no, problem_view(known_failure(tried[0].code), request), tried[0].partial)


@post("/work/{assignment_id:uuid}/turns", guards=guards, status_code=200, include_in_schema=False)
async def send(request: Call, assignment_id: FromPath[UUID]) -> Response[str]:
    """The first message with its topic, or the next one."""
    form, settings, me = await Form.of(request), request.settings, await _me(request)
    epoch, no, message = form.number("epoch"), form.number("no"), form.text("message", settings.turn_text_limit)
    before, pasted = await work_view(assignment_id, me, settings), _pasted(form)
    async with db.transaction(request.actor.label):
        if before.begun:
            await conversations.add_user_turn(
                assignment_id, me, epoch, message, settings=settings, no=no, pasted=pasted
            )
        else:
            await _open(request, (assignment_id, me, epoch), form, before, message)
    view = await work_view(assignment_id, me, settings)
    if not before.begun and (before.turns or view.turns[0].imported):
        return redirect(
            request, f"/work/{assignment_id}"
        )  # what came with task or topic stands above: all of it is new
    view.draft_message = ""
    return _fragment(request, "work/turn_added.html", view)


def _pasted(form: Form) -> Pasted:
    """As the page counted; a page without scripts counts nothing."""
    values = {
        name: int(text)
        for name, field in (("count", "pastes"), ("characters", "pasted_characters"))
        if (text := form.text(field, 7)).isascii() and text.isdigit()
    }
    return msgspec.convert(values, Pasted)


async def _open(request: Call, hold: tuple[UUID, UUID, int], form: Form, before: WorkView, message: str) -> None:
    settings, pasted = request.settings, _pasted(form)
    if before.desk.topics != "quota":
        text = None if before.bot_opens else message
        await conversations.open_conversation(*hold, _topic(form), text, settings=settings, pasted=pasted)
        return
    kind, _, number = form.text("topic", 60).partition(":")
    known, listed = uuid_of(number), kind == "topic"
    if known is None:
        raise TopicMissing
    topics = [topic for quota in before.desk.quotas for topic in quota.topics]
    seed = next((topic.seed for topic in topics if topic.id == known), []) if listed else []
    speaks_first = before.bot_opens or (not before.turns and bool(seed) and seed[-1].get("role") == "user")
    await conversations.open_conversation(
        *hold, "" if listed else _own_topic(form), None if speaks_first else message, settings=settings,
        topic_id=known if listed else None, quota_id=None if listed else known, pasted=pasted,
    )  # fmt: skip


def _own_topic(form: Form) -> str:
    topic = form.text("own_topic", TOPIC_CHARACTERS).strip()
    if not topic:
        raise TopicMissing
    return topic


def _topic(form: Form) -> str:
    topic = (form.text("topic", TOPIC_CHARACTERS) or form.text("own_topic", TOPIC_CHARACTERS)).strip()
    if not topic:
        raise TopicMissing
    return topic


@get("/work/{assignment_id:uuid}/turns/{message_no:int}", guards=guards, include_in_schema=False)
async def one_turn(request: Call, assignment_id: FromPath[UUID], message_no: FromPath[int]) -> Response[str]:
    """One exchange again; where its reply is missing, the page asks for it by itself."""
    return await _changed(request, assignment_id, "work/turn_changed.html", message_no=message_no)


@get("/work/{assignment_id:uuid}/checks", guards=guards, include_in_schema=False)
async def checks(request: Call, assignment_id: FromPath[UUID]) -> Response[str]:
    view = await work_view(assignment_id, await _me(request), request.settings)
    return _fragment(request, "work/checks_again.html", view)


@get("/work/{assignment_id:uuid}/measured", guards=guards, include_in_schema=False)
async def measured(request: Call, assignment_id: FromPath[UUID]) -> Response[str]:
    """Of the whole hold up to now: the panel is opened in the middle of work, and a page stands open for hours."""
    view = await work_view(assignment_id, await _me(request), request.settings)
    return _fragment(request, "work/measured_again.html", view)


@get("/work/{assignment_id:uuid}/turns/{message_no:int}/stream", guards=guards, include_in_schema=False)
async def reply_stream(
    request: Call, assignment_id: FromPath[UUID], message_no: FromPath[int], epoch: FromQuery[int], heard: Heard = None
) -> Stream:
    """The reply as it arrives: `start`, `words` many times, then `end` with the finished exchange as HTML.

    Whoever comes back names the last id that it has (`Last-Event-ID`, or `heard`) and goes on behind it without a `start`.
    """
    mark = request.headers.get("last-event-id") or heard
    hold = (assignment_id, await _me(request), epoch)
    return stream(_words(request, hold, message_no, mark))


async def _words(
    request: Call, hold: tuple[UUID, UUID, int], message_no: int, heard: str | None
) -> AsyncGenerator[bytes, None]:
    yield b"retry: 1000\n\n"
    problem, partial = None, ""
    words = replies.reply_words(*hold, message_no, settings=request.settings, heard=heard)
    try:
        async with aclosing(pinged(words)) as events:
            async for piece in events:
                yield PING if piece is None else _said(piece)
    except DomainError as error:
        problem, partial = problem_view(error, request), str(error.extra.get("partial", ""))
    view = await work_view(*hold[:2], request.settings)
    if problem is not None:
        failed(view, message_no, problem, partial)
    view.changed = next((turn.number for turn in view.turns if turn.message_no == message_no), len(view.turns))
    view.arrived = True
    yield event("end", render("work/turn_changed.html", view, shell_of(request, recognised(request))))


def _said(piece: Words) -> bytes:
    mark = b"id: %b\n" % piece.mark.encode() if piece.mark else b""
    return (event("start", "") if piece.again else b"") + mark + event("words", piece.text)


@post("/work/{assignment_id:uuid}/turns/{message_no:int}/own", guards=guards, status_code=200, include_in_schema=False)
async def write_reply(request: Call, assignment_id: FromPath[UUID], message_no: FromPath[int]) -> Response[str]:
    form, settings, me = await Form.of(request), request.settings, await _me(request)
    text, epoch = form.text("text", settings.turn_text_limit), form.number("epoch")
    async with db.transaction(request.actor.label):
        await conversations.write_reply_myself(
            assignment_id, me, epoch, message_no, text, settings=settings, pasted=_pasted(form)
        )
    view = await work_view(assignment_id, me, settings)
    view.changed = next(turn.number for turn in view.turns if turn.message_no == message_no)
    view.arrived = True
    return _fragment(request, "work/turn_changed.html", view)


@post(
    "/work/{assignment_id:uuid}/replies/{turn_id:uuid}/rating", guards=guards, status_code=200, include_in_schema=False
)
async def rate(request: Call, assignment_id: FromPath[UUID], turn_id: FromPath[UUID]) -> Response[str]:
    form, settings, me = await Form.of(request), request.settings, await _me(request)
    epoch, rating = form.number("epoch"), form.number("rating")
    async with db.transaction(request.actor.label):
        await conversations.rate(assignment_id, me, epoch, turn_id, rating=rating, settings=settings)
    return await _changed(request, assignment_id, "work/rating_changed.html", reply_id=turn_id)


@post("/work/{assignment_id:uuid}/replies/{turn_id:uuid}/edit", guards=guards, status_code=200, include_in_schema=False)
async def edit(request: Call, assignment_id: FromPath[UUID], turn_id: FromPath[UUID]) -> Response[str]:
    form, settings, me = await Form.of(request), request.settings, await _me(request)
    epoch, text, seen_at = (
        form.number("epoch"),
        form.text("text", settings.turn_text_limit),
        _moment(form.text("seen_at", 50)),
    )
    try:
        async with db.transaction(request.actor.label):
            await conversations.edit_reply(
                assignment_id, me, epoch, turn_id, text, settings=settings, seen_at=seen_at, pasted=_pasted(form)
            )
    except TurnChanged:
        return await _both(request, assignment_id, turn_id, text)
    view = await work_view(assignment_id, me, settings)
    turn = next(turn for turn in view.turns if turn.reply_id == turn_id)
    view.changed, turn.draft = turn.number, None  # the draft of the edit that was just saved is of no use any more
    for check in view.checks:
        if check.code == "drafts":
            check.done = all(other.draft is None for other in view.turns)
    return _fragment(request, "work/turn_changed.html", view)


async def _both(request: Call, assignment_id: UUID, turn_id: UUID, text: str) -> Response[str]:
    """What another tab has made of the reply meanwhile, beside what this one would; nothing is stored yet."""
    view = await work_view(assignment_id, await _me(request), request.settings)
    turn = next(turn for turn in view.turns if turn.reply_id == turn_id)
    view.changed, turn.draft, turn.diff = turn.number, text, difference(turn.reply, text)
    shell = shell_of(request, recognised(request))
    return html(render("work/edit_overtaken.html", view, shell), TurnChanged.status, {"hx-retarget": "#notice"})


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise Invalid("The field seen_at is no time.") from error


@post("/work/{assignment_id:uuid}/draft", guards=guards, status_code=200, include_in_schema=False)
async def save_draft(request: Call, assignment_id: FromPath[UUID], data: JSONBody[DraftSave]) -> Response[DraftSaved]:
    me = await _me(request)
    async with db.transaction(request.actor.label):
        version, saved_at = await leases.save_draft(assignment_id, me, draft_payload(data.draft), version=data.version)
    return json_reply(DraftSaved(version, saved_at))


@post("/work/{assignment_id:uuid}/heartbeat", guards=guards, status_code=200, include_in_schema=False)
async def heartbeat(request: Call, assignment_id: FromPath[UUID], data: JSONBody[Beat]) -> Response[leases.Lease]:
    me = await _me(request)
    async with db.transaction(request.actor.label):
        lease = await leases.heartbeat(assignment_id, me, data.epoch, request.settings)
    return json_reply(lease)


@post("/work/{assignment_id:uuid}/submit", guards=guards, status_code=200, include_in_schema=False)
async def submit(request: Call, assignment_id: FromPath[UUID]) -> Response[str]:
    form, settings, me = await Form.of(request), request.settings, await _me(request)
    epoch = form.number("epoch")
    view = await work_view(assignment_id, me, settings)
    if view.ended is None and any(turn.draft is not None for turn in view.turns):
        raise NotReady("An edit was begun and not saved; save it or discard it first.")
    async with db.transaction(request.actor.label):
        handed_in = await submit_dialogue(assignment_id, me, epoch, settings)
    return redirect(request, f"/work/{handed_in.assignment_id}")


@post("/work/{assignment_id:uuid}/release", guards=guards, status_code=200, include_in_schema=False)
async def release(request: Call, assignment_id: FromPath[UUID]) -> Response[str]:
    form, me = await Form.of(request), await _me(request)
    async with db.transaction(request.actor.label):
        await leases.release(assignment_id, me, form.number("epoch"), request.settings)
    return redirect(request, "/queue")


route_handlers = [
    workspace, send, one_turn, checks, measured, reply_stream, write_reply, rate, edit, save_draft, heartbeat, submit, release,
]  # fmt: skip
