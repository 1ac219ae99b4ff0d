"""Where a dialogue goes on: an earlier turn, which makes a branch, or another branch that was left before."""

from uuid import UUID

from dialogue.errors import NoBranches, NotPreferred
from dialogue.rules import rules_of
from dialogue.store import hold, move_head, require_version, reread, turn_of
from dialogue.views import ConversationView, TurnView
from kernel import db
from kernel.sql import load

sql = load(__package__)


async def restart(
    assignment_id: UUID, annotator_id: UUID, epoch: int, turn_id: UUID, *, seen: int | None = None
) -> ConversationView:
    """The dialogue as it goes on behind that turn: after a reply the next message is written, after a message a reply
    is asked for again. What stood there stays, and can be taken up in the same way.

    Raises `NoSuchTurn`, `NoBranches`, `NotPreferred`, `ConversationMoved`.
    """
    ground, conversation = await hold(assignment_id, annotator_id, epoch)
    turn = await turn_of(conversation, turn_id)
    if conversation.last is not None and conversation.last.id == turn.id:
        return conversation.blind()
    require_version(conversation, seen)
    if not (await rules_of(ground.project_id)).branches:
        raise NoBranches
    given = max((one.no for one in conversation.turns if one.imported), default=0)
    if turn.no < given:
        raise NoBranches("The beginning came with the task; the dialogue goes on behind it.")
    path = await db.fetch_as(TurnView, sql.path_to, conversation_id=conversation.id, turn_id=turn.id)
    candidates = [one.id for one in path if one.choice_id is not None]
    if len(candidates) != await db.fetch_value(sql.count_preferred, turn_ids=candidates):
        raise NotPreferred
    await move_head(conversation.id, turn.id)
    return (await reread(conversation)).blind()
