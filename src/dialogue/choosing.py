"""Candidates for one reply, judged against each other: chosen, ranked with ties, or all turned down; and taken back.

People see candidates by slot alone. A decision can be changed as long as its message stands on the active path; what
was built on another candidate before stays as a branch.
"""

from collections.abc import Sequence
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from dialogue import telemetry
from dialogue.call_store import PLACES_PER_ROUND
from dialogue.conversations import message_at
from dialogue.errors import (
    BadDecision,
    CandidatesWanted,
    NoBranches,
    NoSuchChoice,
    NothingToUndo,
    TooManyBranches,
    TurnOutOfOrder,
)
from dialogue.rules import rules_of
from dialogue.store import (
    NewTurn,
    append,
    choices_of,
    hold,
    lock_choice,
    move_head,
    newest_choice,
    require_version,
    reread,
    turn_of,
)
from dialogue.texts import require_storable
from dialogue.views import ChoiceView, ConversationView, Rules, TurnView
from kernel import db
from kernel.ids import uuid7
from kernel.settings import Settings
from kernel.sql import load

sql = load(__package__)

MOST_ROUNDS = 20
"""Of one message: whoever turns down twenty sets of candidates writes the reply."""

Ranking = Annotated[list[list[UUID]], Meta(max_length=8)]
"""Best first; candidates that are equally good stand together."""


class Decision(Struct, frozen=True, kw_only=True):
    outcome: Literal["chosen", "ranked", "all_bad"]
    chosen: UUID | None = None
    """What the dialogue goes on with; where it was ranked, one of the best, and the first shown of them if left out."""
    ranking: Ranking = []
    reason: str = ""


def place_of(choice: ChoiceView, slot: int) -> int:
    """Where the call for this candidate stands among those for its message."""
    return PLACES_PER_ROUND * choice.round + slot - 1


async def open_round(
    assignment_id: UUID, annotator_id: UUID, epoch: int, user_turn_no: int
) -> tuple[ConversationView, ChoiceView]:
    """The candidates for the message at the head: those that are open, or a new round where the last was decided.

    Where the dialogue has gone on with one of them, that choice as it stands. Raises `CandidatesWanted` in a project
    that asks for one reply at a time, `TurnOutOfOrder`, `TooManyBranches`.
    """
    ground, conversation = await hold(assignment_id, annotator_id, epoch)
    message = message_at(conversation, user_turn_no)
    if conversation.last is None or conversation.last.id != message.id:
        decided = await newest_choice(message.id)
        if decided is None or decided.chosen_id not in {turn.id for turn in conversation.turns}:
            raise TurnOutOfOrder
        return conversation, decided
    newest = conversation.choice
    if newest is not None and newest.state == "open":
        return conversation, newest
    rules = await rules_of(ground.project_id)
    if rules.candidates == 1:
        raise CandidatesWanted("This project asks for one reply at a time; ask for that.")
    number = newest.round + 1 if newest else 1
    if number > MOST_ROUNDS:
        raise TooManyBranches(f"Candidates were asked for {MOST_ROUNDS} times; write the reply yourself.")
    await db.execute(
        sql.add_choice, id=uuid7(), conversation_id=conversation.id, message_id=message.id, round=number,
        wanted=rules.candidates,
    )  # fmt: skip
    conversation = await reread(conversation)
    assert conversation.choice is not None, "it was added a moment ago"
    return conversation, conversation.choice


async def store_candidate(
    assignment_id: UUID,
    annotator_id: UUID,
    epoch: int,
    message_id: UUID,
    *,
    place: int,
    turn: NewTurn,
    settings: Settings,
) -> TurnView:
    """What a bot answered, blinded. The first one in a slot stays. Raises `TurnOutOfOrder` when it was decided meanwhile."""
    ground, conversation = await hold(assignment_id, annotator_id, epoch)
    message = await turn_of(conversation, message_id)
    number, slot = place // PLACES_PER_ROUND, place % PLACES_PER_ROUND + 1
    choice = next((one for one in await choices_of([message_id]) if one.round == number), None)
    if choice is None:
        raise NoSuchChoice
    there = next((one for one in choice.candidates if one.slot == slot), None)
    if there is not None:
        return there.blind()
    if choice.state != "open":
        raise TurnOutOfOrder("The candidates were decided before this one came.")
    candidate = NewTurn(
        role="assistant", text=turn.text, model=turn.model, bot_id=turn.bot_id, parameters=turn.parameters,
        language=ground.language, choice_id=choice.id, slot=slot,
    )  # fmt: skip
    (added,) = await append(conversation.id, message, [candidate], settings, forward=False)
    return added.blind()


async def decide(
    assignment_id: UUID,
    annotator_id: UUID,
    epoch: int,
    choice_id: UUID,
    decision: Decision,
    *,
    settings: Settings,
    seen: int | None = None,
) -> ConversationView:
    """The dialogue after it: it goes on behind the preferred candidate, or waits for others where all were bad.

    The same decision again changes nothing. Raises `NoSuchChoice`, `BadDecision`, `TurnOutOfOrder` (the message is on
    another branch), `NoBranches`, `ConversationMoved`.
    """
    ground, conversation = await hold(assignment_id, annotator_id, epoch)
    choice = await lock_choice(conversation, choice_id)
    rules = await rules_of(ground.project_id)
    require_storable(decision.reason, settings.comment_text_limit, "The reason")
    ranks = _ranks(choice, decision, rules)
    chosen_id = _preferred(choice, decision, rules)
    if _is_decided(choice, decision, chosen_id, ranks):
        return conversation.blind()
    require_version(conversation, seen)
    if choice.state == "set_aside":
        raise TurnOutOfOrder("A reply was written by hand instead; undo that first.")
    _require_on_path(conversation, choice, rules)
    newest = await newest_choice(choice.message_id)
    if newest is not None and newest.round > choice.round:
        raise TurnOutOfOrder("Other candidates were asked for since; decide between those.")
    await db.execute(
        sql.decide_choice, choice_id=choice.id, state=decision.outcome, chosen_id=chosen_id, reason=decision.reason,
        annotator_id=annotator_id, assignment_id=assignment_id,
    )  # fmt: skip
    await db.execute(sql.rank_candidates, choice_id=choice.id, turn_ids=list(ranks), ranks=list(ranks.values()))
    if chosen_id is None or chosen_id not in {turn.id for turn in conversation.turns}:
        await move_head(conversation.id, chosen_id or choice.message_id)
    await telemetry.note(assignment_id, chosen_id or choice.message_id, settings)
    return (await reread(conversation)).blind()


async def undo(assignment_id: UUID, annotator_id: UUID, epoch: int, *, seen: int | None = None) -> ConversationView:
    """Takes back the last decision on the active path: its candidates are open again, and the dialogue waits there.

    Nothing is lost: what followed stays as a branch. Raises `NothingToUndo`, `NoBranches`, `ConversationMoved`.
    """
    ground, conversation = await hold(assignment_id, annotator_id, epoch)
    require_version(conversation, seen)
    choice = await _last_decided(conversation)
    rules = await rules_of(ground.project_id)
    depth = {turn.id: turn.no for turn in conversation.turns}
    if not rules.branches and conversation.turns[-1].no > depth[choice.message_id] + 1:
        raise NoBranches("The dialogue has gone on since; in this project that cannot be taken back.")
    await db.execute(
        sql.decide_choice, choice_id=choice.id, state="open", chosen_id=None, reason="", annotator_id=None,
        assignment_id=None,
    )  # fmt: skip
    await db.execute(sql.rank_candidates, choice_id=choice.id, turn_ids=[], ranks=[])
    await move_head(conversation.id, choice.message_id)
    return (await reread(conversation)).blind()


async def _last_decided(conversation: ConversationView) -> ChoiceView:
    """From the head up. Raises `NothingToUndo`."""
    rounds: dict[UUID, ChoiceView] = {}
    for choice in await choices_of([turn.id for turn in conversation.turns if turn.role == "user"]):
        rounds[choice.message_id] = choice  # the last round of each
    path = {turn.id for turn in conversation.turns}
    replies = {turn.parent: turn for turn in conversation.turns if turn.parent}
    for message in reversed(conversation.turns):
        newest = rounds.get(message.id)
        if newest is None or newest.state == "open":
            continue
        reply = replies.get(message.id)
        goes_on = newest.chosen_id in path
        waits = reply is None and newest.state == "all_bad"
        by_hand = reply is not None and reply.by_hand and newest.state == "set_aside"
        if goes_on or waits or by_hand:
            return newest
    raise NothingToUndo


def _ranks(choice: ChoiceView, decision: Decision, rules: Rules) -> dict[UUID, int]:
    """By candidate, 1 the best, without gaps. Raises `BadDecision`."""
    if not decision.ranking:
        if decision.outcome == "ranked":
            raise BadDecision("A ranking names every candidate, best first.")
        return {}
    if decision.outcome == "chosen":
        raise BadDecision("Choose one, or rank all of them.")
    named = [one for group in decision.ranking for one in group]
    if sorted(named) != sorted(one.id for one in choice.candidates) or not all(decision.ranking):
        raise BadDecision("A ranking names every candidate once.")
    if not rules.ties and len(named) > len(decision.ranking):
        raise BadDecision("In this project no two candidates may have the same rank.")
    return {one: rank for rank, group in enumerate(decision.ranking, 1) for one in group}


def _preferred(choice: ChoiceView, decision: Decision, rules: Rules) -> UUID | None:
    """Raises `BadDecision`."""
    if not choice.candidates:
        raise BadDecision("No candidate has come yet.")
    if decision.outcome == "all_bad":
        if not rules.all_bad:
            raise BadDecision("In this project one of the candidates must be preferred.")
        if decision.chosen is not None:
            raise BadDecision("Where all are bad none is preferred.")
        return None
    if decision.outcome == "chosen" and rules.decision == "rank":
        raise BadDecision("This project wants the candidates ranked.")
    among: Sequence[UUID] = [one.id for one in choice.candidates]
    if decision.outcome == "ranked":
        among = [one for one in among if one in decision.ranking[0]]
    preferred = decision.chosen if decision.chosen or decision.outcome == "chosen" else among[0]
    if preferred not in among:
        raise BadDecision("The preferred candidate is one of the best of this choice.")
    return preferred


def _is_decided(choice: ChoiceView, decision: Decision, chosen_id: UUID | None, ranks: dict[UUID, int]) -> bool:
    given = {one.id: one.rank for one in choice.candidates if one.rank is not None}
    same = (choice.state, choice.chosen_id, choice.reason) == (decision.outcome, chosen_id, decision.reason)
    return same and given == ranks


def _require_on_path(conversation: ConversationView, choice: ChoiceView, rules: Rules) -> None:
    depth = {turn.id: turn.no for turn in conversation.turns}
    if choice.message_id not in depth:
        raise TurnOutOfOrder("This choice is on another branch; take the dialogue up there first.")
    if not rules.branches and conversation.turns[-1].no > depth[choice.message_id] + 1:
        raise NoBranches("The dialogue has gone on since; in this project the choice stands.")
