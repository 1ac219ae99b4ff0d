"""The tree of a dialogue in the workspace: candidates, decisions, undo, branches, the rubric, marked passages.

Every change names what its page shows (the version of the dialogue; of a score the value that stood there) and answers
with the dialogue as it stands; where that has moved on in another tab, the answer is 409, nothing is stored, and the page
asks which of the two shall hold.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import Stream

from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.access.visibility import worker
from callboard.api.request import Call
from callboard.api.stream import stream
from callboard.api.work import reply as json_reply
from callboard.pages.facts import uuid_of
from callboard.pages.frame import Form, html, language_of, problem_text, problem_view, recognised, shell_of
from callboard.pages.pinged import PING, event, pinged
from callboard.pages.render import render
from callboard.pages.work_view import work_view
from dialogue import candidates, choosing, moving, scoring, trees
from dialogue.candidates import Piece
from dialogue.choosing import Decision
from dialogue.errors import BadDecision
from dialogue.scoring import ScoreIn, ScoreSeen, SpanIn
from kernel import db
from kernel.errors import DomainError, Invalid
from routing import leases
from routing.assignments import assignment as assignment_view

guards = [require(Permission.WORK)]
HERE = "/work/{assignment_id:uuid}"
MOST_SCORES = 40
Slots = Annotated[str, QueryParameter(pattern=r"^(\d{1,2}(,\d{1,2}){0,19})?$")]
LABEL_CHARACTERS = 40


class KeptDraft(msgspec.Struct):
    """What the server holds of unsent texts, for a page that finds another tab's there."""

    version: int | None
    draft: dict[str, Any]
    saved_at: datetime | None


async def _me(request: Call) -> UUID:
    return await worker(request.actor, None)


async def _again(request: Call, assignment_id: UUID) -> Response[str]:
    view = await work_view(assignment_id, await _me(request), request.settings)
    return html(render("work/desk_again.html", view, shell_of(request, recognised(request))))


def _seen(form: Form) -> int | None:
    """The version of the dialogue that the page shows; none: whatever is there is replaced."""
    return form.number("version") if form.text("version", 10) else None


@get(f"{HERE}/desk", guards=guards, include_in_schema=False)
async def desk(request: Call, assignment_id: FromPath[UUID]) -> Response[str]:
    return await _again(request, assignment_id)


@get(f"{HERE}/draft", guards=guards, include_in_schema=False)
async def draft(request: Call, assignment_id: FromPath[UUID]) -> Response[KeptDraft]:
    me = await _me(request)
    row = await assignment_view(assignment_id, annotator_id=me)
    kept = await leases.draft_of(row.task_id, me)
    return json_reply(KeptDraft(kept.version, kept.payload, kept.saved_at) if kept else KeptDraft(None, {}, None))


@get(f"{HERE}/turns/{{message_no:int}}/candidates", guards=guards, include_in_schema=False)
async def candidate_stream(
    request: Call, assignment_id: FromPath[UUID], message_no: FromPath[int], epoch: FromQuery[int], slots: Slots = ""
) -> Stream:
    """All candidates as they come: `start`, then `words` and `ended` by slot, then `end`. Coming back begins anew.

    `slots`, with commas between them: what of these is missing is asked for, and nothing else.
    """
    asked = {int(one) for one in slots.split(",")} if slots else None
    return stream(_pieces(request, (assignment_id, await _me(request), epoch), message_no, asked))


async def _pieces(
    request: Call, hold: tuple[UUID, UUID, int], message_no: int, slots: set[int] | None
) -> AsyncGenerator[bytes, None]:
    yield b"retry: 1000\n\n" + event("start", "")
    problem = None
    try:
        pieces = candidates.candidate_stream(*hold, message_no, settings=request.settings, slots=slots)
        async with aclosing(pinged(pieces)) as found:
            async for piece in found:
                yield PING if piece is None else _told(piece)
    except DomainError as error:
        view = problem_view(error, request)
        problem = {"code": view.code, "text": problem_text(view, language_of(request, request.actor))}
    yield event("end", problem)


def _told(piece: Piece) -> bytes:
    words = event("words", {"slot": piece.slot, "text": piece.text}) if piece.text else b""
    code = piece.failure.code if piece.failure else None
    return words + (event("ended", {"slot": piece.slot, "code": code}) if piece.ended else b"")


@post(f"{HERE}/choices/{{choice_id:uuid}}", guards=guards, status_code=200, include_in_schema=False)
async def decide(request: Call, assignment_id: FromPath[UUID], choice_id: FromPath[UUID]) -> Response[str]:
    """`ranking` holds ids, best first: `;` stands between places, `,` between those that are equally good."""
    form, me = await Form.of(request), await _me(request)
    outcome = form.text("outcome", 10)
    if outcome not in ("chosen", "ranked", "all_bad"):
        raise BadDecision
    decision = Decision(
        outcome=outcome,  # type: ignore[arg-type]
        chosen=uuid_of(form.text("chosen", 40)),
        ranking=[_ids(group) for group in form.text("ranking", 500).split(";") if group],
        reason=form.text("reason"),
    )
    async with db.transaction(request.actor.label):
        await choosing.decide(
            assignment_id, me, form.number("epoch"), choice_id, decision, settings=request.settings, seen=_seen(form)
        )
    return await _again(request, assignment_id)


def _ids(group: str) -> list[UUID]:
    found = [uuid_of(one) for one in group.split(",")]
    if None in found:
        raise BadDecision
    return [one for one in found if one is not None]


@post(f"{HERE}/undo", guards=guards, status_code=200, include_in_schema=False)
async def undo(request: Call, assignment_id: FromPath[UUID]) -> Response[str]:
    form, me = await Form.of(request), await _me(request)
    async with db.transaction(request.actor.label):
        await choosing.undo(assignment_id, me, form.number("epoch"), seen=_seen(form))
    return await _again(request, assignment_id)


@post(f"{HERE}/restart/{{turn_id:uuid}}", guards=guards, status_code=200, include_in_schema=False)
async def restart(request: Call, assignment_id: FromPath[UUID], turn_id: FromPath[UUID]) -> Response[str]:
    form, me = await Form.of(request), await _me(request)
    async with db.transaction(request.actor.label):
        await moving.restart(assignment_id, me, form.number("epoch"), turn_id, seen=_seen(form))
    return await _again(request, assignment_id)


@post(f"{HERE}/scores", guards=guards, status_code=200, include_in_schema=False)
async def put_score(request: Call, assignment_id: FromPath[UUID]) -> Response[str]:
    """One value of one dimension with its comment; without `turn` of the whole dialogue, without `value` taken back."""
    form, me, settings = await Form.of(request), await _me(request), request.settings
    turn_id = uuid_of(form.text("turn", 40))
    value = form.number("value") if form.text("value", 10) else None
    given = ScoreIn(
        dimension=form.text("dimension", LABEL_CHARACTERS), value=value, turn_id=turn_id,
        comment=form.text("comment", settings.comment_text_limit),
        was=ScoreSeen(value=form.number("was"), comment=form.text("was_comment", settings.comment_text_limit))
        if form.text("was", 10) else None,
    )  # fmt: skip
    async with db.transaction(request.actor.label):
        await scoring.score(assignment_id, me, form.number("epoch"), [given], settings=settings)
    return await _again(request, assignment_id)


@post(f"{HERE}/turns/{{turn_id:uuid}}/spans", guards=guards, status_code=200, include_in_schema=False)
async def mark(request: Call, assignment_id: FromPath[UUID], turn_id: FromPath[UUID]) -> Response[str]:
    """`from` and `to` in code points of the text as a page holds it, where every line end is one character."""
    form, me, settings = await Form.of(request), await _me(request), request.settings
    tree = await trees.tree_of(assignment_id, me)
    text = next((turn.text for turn in tree.turns if turn.id == turn_id), "")
    begin, end = _place(text, form.number("from")), _place(text, form.number("to"))
    if begin >= end:
        raise Invalid("Select some words first.")
    span = SpanIn(
        text_version=form.number("text_version"), from_char=begin, to_char=end,
        label=form.text("label", LABEL_CHARACTERS), reason=form.text("reason", settings.comment_text_limit),
    )  # fmt: skip
    async with db.transaction(request.actor.label):
        await scoring.mark(assignment_id, me, form.number("epoch"), turn_id, span, settings=settings)
    return await _again(request, assignment_id)


def _place(text: str, shown: int) -> int:
    """Where the character `shown` of a text box stands in the text: boxes hold CR LF as one line end."""
    if "\r\n" not in text:
        return shown
    lengths = [2 if text[at : at + 2] == "\r\n" else 1 for at in range(len(text)) if text[at - 1 : at + 1] != "\r\n"]
    return sum(lengths[:shown])


@post(f"{HERE}/spans/{{span_id:uuid}}/remove", guards=guards, status_code=200, include_in_schema=False)
async def unmark(request: Call, assignment_id: FromPath[UUID], span_id: FromPath[UUID]) -> Response[str]:
    form, me = await Form.of(request), await _me(request)
    async with db.transaction(request.actor.label):
        await scoring.unmark(assignment_id, me, form.number("epoch"), span_id)
    return await _again(request, assignment_id)


route_handlers = [desk, draft, candidate_stream, decide, undo, restart, put_score, mark, unmark]
