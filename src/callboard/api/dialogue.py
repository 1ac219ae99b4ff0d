"""The multi-turn dialogue of an assignment: topic, messages, the bot's replies, ratings, edits."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Response
from litestar.params import FromPath, JSONBody
from litestar.response import Stream
from msgspec import Meta

from callboard.access import visibility
from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api import stream as streams
from callboard.api.assignments import AssignmentId, Epoch
from callboard.api.request import Call
from callboard.api.routes import get, post, put
from callboard.api.shapes import Items
from callboard.api.work import reply, unit_of_work
from callboard.problems import describe
from dialogue import conversations, replies
from dialogue.checks import Problem, ready_to_submit
from dialogue.scoring import Judgement, judgement_of
from dialogue.telemetry import NOTHING, Pasted
from dialogue.views import ConversationView, TurnView, Workspace

WORK = Permission.WORK
LONGEST_TEXT = 200_000
"""Of what is decoded at all; the settings hold the real limits, in characters."""
Text = Annotated[str, Meta(max_length=LONGEST_TEXT)]
TurnNo = FromPath[int]


class Opening(msgspec.Struct, forbid_unknown_fields=True):
    epoch: Epoch
    topic: Annotated[str, Meta(max_length=1000)] = ""
    """In words; left out where `topic_id` names one of those that are listed."""
    topic_id: UUID | None = None
    quota_id: UUID | None = None
    """A place for a topic in own words."""
    text: Text | None = None
    """The first message; left out only where the task begins with a question of its own."""
    pasted: Pasted = NOTHING


class Message(msgspec.Struct, forbid_unknown_fields=True):
    epoch: Epoch
    text: Text
    no: Annotated[int, Meta(ge=1, le=10_000)] | None = None
    """The place that the writer saw free, so that two tabs do not both write there."""
    version: Annotated[int, Meta(ge=1)] | None = None
    """Of the dialogue as it was read."""
    pasted: Pasted = NOTHING
    """How often and how much was pasted while it was written: told to whoever writes, and never what."""


class Held(msgspec.Struct, forbid_unknown_fields=True):
    epoch: Epoch


class OwnReply(msgspec.Struct, forbid_unknown_fields=True):
    epoch: Epoch
    text: Text
    pasted: Pasted = NOTHING


class Rating(msgspec.Struct, forbid_unknown_fields=True):
    epoch: Epoch
    rating: Annotated[int, Meta(ge=1, le=5)]
    comment: Text = ""


class Edit(msgspec.Struct, forbid_unknown_fields=True):
    epoch: Epoch
    text: Text
    seen_at: Annotated[datetime, Meta(tz=True)] | None = None
    """`changed_at` as it was read: somebody else's later edit is then not overwritten."""
    pasted: Pasted = NOTHING


class Dialogue(msgspec.Struct, frozen=True):
    workspace: Workspace
    judgement: Judgement
    """What was rated and chosen."""
    problems: list[Problem]
    """What is still missing before it can be handed in."""


@get(
    "/assignments/{assignment_id:uuid}/dialogue", guards=[require(WORK)], operation_id="readDialogue", tags=["dialogue"]
)
async def read(request: Call, assignment_id: AssignmentId) -> Response[Dialogue]:
    """The task's words, the dialogue so far, and what is missing; also after the hold has ended."""
    holder = await visibility.holder(request.actor, assignment_id)
    workspace = await conversations.workspace_of(assignment_id, holder, settings=request.settings)
    judgement = await judgement_of(workspace.conversation)
    problems = ready_to_submit(workspace.conversation, workspace.min_turns, workspace.max_turns, judgement)
    return reply(Dialogue(workspace, judgement.as_open(blind=not workspace.handed_in), problems))


@post(
    "/assignments/{assignment_id:uuid}/dialogue", guards=[require(WORK)], operation_id="openDialogue", tags=["dialogue"]
)
async def open_dialogue(
    request: Call, assignment_id: AssignmentId, data: JSONBody[Opening]
) -> Response[ConversationView]:
    """Choose the topic and write the first message."""

    async def act() -> ConversationView:
        holder = await visibility.holder(request.actor, assignment_id)
        return await conversations.open_conversation(
            assignment_id,
            holder,
            data.epoch,
            data.topic,
            data.text,
            settings=request.settings,
            topic_id=data.topic_id,
            quota_id=data.quota_id,
            pasted=data.pasted,
        )

    return await unit_of_work(request, act, status=201)


@post(
    "/assignments/{assignment_id:uuid}/dialogue/turns",
    guards=[require(WORK)],
    operation_id="addTurn",
    tags=["dialogue"],
)
async def add_turn(request: Call, assignment_id: AssignmentId, data: JSONBody[Message]) -> Response[TurnView]:
    """The next message. The last reply must have come and be rated."""

    async def act() -> TurnView:
        holder = await visibility.holder(request.actor, assignment_id)
        return await conversations.add_user_turn(
            assignment_id,
            holder,
            data.epoch,
            data.text,
            settings=request.settings,
            no=data.no,
            seen=data.version,
            pasted=data.pasted,
        )

    return await unit_of_work(request, act, status=201)


@post(
    "/assignments/{assignment_id:uuid}/dialogue/turns/{no:int}/reply",
    guards=[require(WORK)], status_code=200, operation_id="askReply", tags=["dialogue"],
)  # fmt: skip
async def ask_reply(
    request: Call, assignment_id: AssignmentId, no: TurnNo, data: JSONBody[Held]
) -> Response[TurnView] | Stream:
    """The bot's reply to message `no`. Asking again gives the same reply; whoever goes away in between loses nothing.

    With `Accept: text/event-stream` it comes piece by piece: `piece` messages, then `reply` with the turn, or `problem`.
    `Last-Event-ID` goes on behind the piece of that id; a piece with `again` begins the reply anew.
    """
    holder = await visibility.holder(request.actor, assignment_id)
    key = {"settings": request.settings}
    if "text/event-stream" in request.headers.get("accept", ""):
        heard = request.headers.get("last-event-id")
        return streams.stream(_pieces(assignment_id, holder, data.epoch, no, key | {"heard": heard}))
    return reply(await replies.reply(assignment_id, holder, data.epoch, no, **key))


async def _pieces(assignment_id: UUID, holder: UUID, epoch: int, no: int, key: dict[str, Any]) -> AsyncIterator[bytes]:
    try:
        async for piece in replies.reply_words(assignment_id, holder, epoch, no, **key):
            mark = b"id: %b\n" % piece.mark.encode() if piece.mark else b""
            said = {"text": piece.text} | ({"again": True} if piece.again else {})
            yield b"%bevent: piece\ndata: %b\n\n" % (mark, msgspec.json.encode(said))
        turn = await replies.reply(assignment_id, holder, epoch, no, settings=key["settings"])
        yield b"event: reply\ndata: %b\n\n" % msgspec.json.encode(turn)
    except Exception as error:  # noqa: BLE001  the answer has begun: a failure can only be told inside it
        problem = describe(error)
        yield b"event: problem\ndata: %b\n\n" % problem.body("", "")


@get(
    "/assignments/{assignment_id:uuid}/dialogue/turns/{no:int}/attempts",
    guards=[require(WORK)], operation_id="listReplyAttempts", tags=["dialogue"],
)  # fmt: skip
async def list_attempts(
    request: Call, assignment_id: AssignmentId, no: TurnNo
) -> Response[Items[replies.ReplyAttempt]]:
    """How asking for the reply to message `no` went: running, arrived, failed or cut, why, and what came of it."""
    holder = await visibility.holder(request.actor, assignment_id)
    space = await conversations.workspace_of(assignment_id, holder, settings=request.settings)
    return reply(Items(await replies.attempts(space.task_id, holder, no, blind=not space.handed_in)))


@post(
    "/assignments/{assignment_id:uuid}/dialogue/turns/{no:int}/own-reply",
    guards=[require(WORK)], operation_id="writeReply", tags=["dialogue"],
)  # fmt: skip
async def own_reply(
    request: Call, assignment_id: AssignmentId, no: TurnNo, data: JSONBody[OwnReply]
) -> Response[TurnView]:
    """The reply by hand, where no bot answers."""

    async def act() -> TurnView:
        holder = await visibility.holder(request.actor, assignment_id)
        return await conversations.write_reply_myself(
            assignment_id, holder, data.epoch, no, data.text, settings=request.settings, pasted=data.pasted
        )

    return await unit_of_work(request, act, status=201)


@put(
    "/assignments/{assignment_id:uuid}/dialogue/turns/{turn_id:uuid}/rating",
    guards=[require(WORK)], operation_id="rateReply", tags=["dialogue"],
)  # fmt: skip
async def rate(
    request: Call, assignment_id: AssignmentId, turn_id: FromPath[UUID], data: JSONBody[Rating]
) -> Response[TurnView]:
    """1 (useless) to 5 (could not be better), as often as the mind changes."""

    async def act() -> TurnView:
        holder = await visibility.holder(request.actor, assignment_id)
        return await conversations.rate(
            assignment_id,
            holder,
            data.epoch,
            turn_id,
            rating=data.rating,
            comment=data.comment,
            settings=request.settings,
        )

    return await unit_of_work(request, act)


@put(
    "/assignments/{assignment_id:uuid}/dialogue/turns/{turn_id:uuid}/text",
    guards=[require(WORK)], operation_id="editReply", tags=["dialogue"],
)  # fmt: skip
async def edit(
    request: Call, assignment_id: AssignmentId, turn_id: FromPath[UUID], data: JSONBody[Edit]
) -> Response[TurnView]:
    """The reply as it should have been; what the bot wrote is kept beside it."""

    async def act() -> TurnView:
        holder = await visibility.holder(request.actor, assignment_id)
        return await conversations.edit_reply(
            assignment_id,
            holder,
            data.epoch,
            turn_id,
            data.text,
            settings=request.settings,
            seen_at=data.seen_at,
            pasted=data.pasted,
        )

    return await unit_of_work(request, act)


route_handlers = [read, open_dialogue, add_turn, ask_reply, list_attempts, own_reply, rate, edit]
