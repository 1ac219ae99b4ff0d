"""Dialogues that branch: candidates, the choice between them, undo, restart, and the whole tree."""

from collections.abc import AsyncIterator
from typing import Annotated, Literal
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
from callboard.api.dialogue import Text, TurnNo
from callboard.api.request import Call
from callboard.api.routes import get, post, put
from callboard.api.shapes import Items
from callboard.api.work import reply, unit_of_work
from callboard.problems import describe
from dialogue import candidates, choosing, moving, topics, trees
from dialogue.candidates import Candidates
from dialogue.choosing import Decision
from dialogue.conversations import workspace_of
from dialogue.ground import ground_of
from dialogue.topics import QuotaView
from dialogue.views import ConversationView
from kernel.settings import Settings

WORK = Permission.WORK
HERE = "/assignments/{assignment_id:uuid}/dialogue"
Seen = Annotated[int, Meta(ge=1)]


class CandidatesWish(msgspec.Struct, forbid_unknown_fields=True):
    epoch: Epoch
    slots: Annotated[list[Annotated[int, Meta(ge=1, le=99)]], Meta(min_length=1, max_length=99)] | None = None
    """What of these is missing is asked for; left out: everything that is."""


class Choosing(msgspec.Struct, forbid_unknown_fields=True):
    epoch: Epoch
    outcome: Literal["chosen", "ranked", "all_bad"]
    chosen: UUID | None = None
    """The preferred one; where they are ranked, one of the best."""
    ranking: Annotated[list[Annotated[list[UUID], Meta(max_length=8)]], Meta(max_length=8)] = []
    """Best first; those that are equally good stand together."""
    reason: Text = ""
    version: Seen | None = None
    """Of the dialogue as it was read: what was changed elsewhere since is then not overwritten."""


class Back(msgspec.Struct, forbid_unknown_fields=True):
    epoch: Epoch
    version: Seen | None = None


class Restart(msgspec.Struct, forbid_unknown_fields=True):
    epoch: Epoch
    turn_id: UUID
    version: Seen | None = None


@get(f"{HERE}/tree", guards=[require(WORK)], operation_id="readTree", tags=["dialogue"])
async def read_tree(request: Call, assignment_id: AssignmentId) -> Response[trees.TreeView]:
    """Every turn over all branches, every choice, scores and marked passages; also after the hold has ended."""
    holder = await visibility.holder(request.actor, assignment_id)
    return reply(await trees.tree_of(assignment_id, holder))


@get(
    f"{HERE}/turns/{{turn_id:uuid}}/versions",
    guards=[require(WORK)], operation_id="listTextVersions", tags=["dialogue"],
)  # fmt: skip
async def list_versions(
    request: Call, assignment_id: AssignmentId, turn_id: FromPath[UUID]
) -> Response[Items[trees.TextVersion]]:
    """Every text of a turn, oldest first, each with its difference to the one before, word by word."""
    holder = await visibility.holder(request.actor, assignment_id)
    return reply(Items(await trees.versions_of(assignment_id, holder, turn_id)))


@get(f"{HERE}/topics", guards=[require(WORK)], operation_id="listOpenTopics", tags=["dialogue"])
async def list_topics(request: Call, assignment_id: AssignmentId) -> Response[Items[QuotaView]]:
    """What the project still needs and this task may be about; `wanted` less `taken` is open."""
    holder = await visibility.holder(request.actor, assignment_id)
    space = await workspace_of(assignment_id, holder, settings=request.settings)
    ground = await ground_of(space.task_id, "annotation")
    return reply(Items(await topics.topics_for(ground)))


@post(
    f"{HERE}/turns/{{no:int}}/candidates",
    guards=[require(WORK)], status_code=200, operation_id="askCandidates", tags=["dialogue"],
)  # fmt: skip
async def ask(
    request: Call, assignment_id: AssignmentId, no: TurnNo, data: JSONBody[CandidatesWish]
) -> Response[Candidates] | Stream:
    """Several replies to message `no`, by slot. Asking again asks only for what has not come; what came stays.

    With `Accept: text/event-stream` they come piece by piece: `piece` with `slot` and `text`, `candidate` when one has
    ended (with `failure` where it did not come), then `choice` with all of them, or `problem`.
    """
    holder = await visibility.holder(request.actor, assignment_id)
    if "text/event-stream" in request.headers.get("accept", ""):
        return streams.stream(_pieces(assignment_id, holder, data, no, request.settings))
    return reply(
        await candidates.candidates(assignment_id, holder, data.epoch, no, settings=request.settings, slots=data.slots)
    )


async def _pieces(
    assignment_id: UUID, holder: UUID, wish: CandidatesWish, no: int, settings: Settings
) -> AsyncIterator[bytes]:
    found = choice = None
    try:
        async for piece in candidates.candidate_stream(
            assignment_id, holder, wish.epoch, no, settings=settings, slots=wish.slots
        ):
            if piece.text:
                yield _event("piece", {"slot": piece.slot, "text": piece.text})
            if piece.ended:
                found = {"slot": piece.slot} | ({"failure": piece.failure} if piece.failure else {})
                yield _event("candidate", found)
        choice = await candidates.standing(assignment_id, holder, wish.epoch, no)
        yield _event("choice", choice)
    except Exception as error:  # noqa: BLE001  the answer has begun: a failure can only be told inside it
        yield b"event: problem\ndata: %b\n\n" % describe(error).body("", "")


def _event(name: str, value: object) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), msgspec.json.encode(value))


@put(f"{HERE}/choices/{{choice_id:uuid}}", guards=[require(WORK)], operation_id="decideChoice", tags=["dialogue"])
async def decide(
    request: Call, assignment_id: AssignmentId, choice_id: FromPath[UUID], data: JSONBody[Choosing]
) -> Response[ConversationView]:
    """Choose one, rank all of them, or turn all down; the dialogue as it goes on. It may be changed later."""
    decision = Decision(outcome=data.outcome, chosen=data.chosen, ranking=data.ranking, reason=data.reason)

    async def act() -> ConversationView:
        holder = await visibility.holder(request.actor, assignment_id)
        return await choosing.decide(
            assignment_id, holder, data.epoch, choice_id, decision, settings=request.settings, seen=data.version
        )

    return await unit_of_work(request, act)


@post(f"{HERE}/undo", guards=[require(WORK)], status_code=200, operation_id="undoChoice", tags=["dialogue"])
async def undo(request: Call, assignment_id: AssignmentId, data: JSONBody[Back]) -> Response[ConversationView]:
    """Takes back the last choice on the active path; what followed stays as a branch."""

    async def act() -> ConversationView:
        holder = await visibility.holder(request.actor, assignment_id)
        return await choosing.undo(assignment_id, holder, data.epoch, seen=data.version)

    return await unit_of_work(request, act)


@post(f"{HERE}/restart", guards=[require(WORK)], status_code=200, operation_id="restartDialogue", tags=["dialogue"])
async def restart(request: Call, assignment_id: AssignmentId, data: JSONBody[Restart]) -> Response[ConversationView]:
    """The dialogue goes on behind that turn, on this branch or on one that was left."""

    async def act() -> ConversationView:
        holder = await visibility.holder(request.actor, assignment_id)
        return await moving.restart(assignment_id, holder, data.epoch, data.turn_id, seen=data.version)

    return await unit_of_work(request, act)


route_handlers = [read_tree, list_versions, list_topics, ask, decide, undo, restart]
