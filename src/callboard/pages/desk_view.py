"""The tree of a dialogue as the workspace shows it: candidates and scales beside each exchange, branches, what is missing."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

from callboard.pages.views import Turn
from callboard.pages.views_desk import (
    Candidate,
    Choice,
    DeskView,
    Fault,
    Missing,
    Rated,
    Scale,
    Way,
)
from callboard.pages.views_judged import Passage
from dialogue import replies, topics, trees
from dialogue.call_store import PLACES_PER_ROUND
from dialogue.checks import Problem, ready_to_submit
from dialogue.ground import ground_of
from dialogue.replies import ReplyAttempt
from dialogue.rubrics import RubricView
from dialogue.scoring import Judgement, SpanView, judgement_of, places_of
from dialogue.trees import TreeView
from dialogue.views import Awaited, ChoiceView, ConversationView, TurnView, Workspace

PREVIEW_CHARACTERS = 80
OWN_CHECKS = frozenset({"not_begun", "too_few_exchanges", "too_many_exchanges", "rating_missing", "reply_missing"})
"""Problems that the list of checks counts by itself."""


class _Scene(NamedTuple):
    """What was read of one dialogue."""

    judgement: Judgement
    tree: TreeView
    draft: dict[str, str]
    tried: list[ReplyAttempt]


async def lay_out(space: Workspace, exchanges: Sequence[Turn], draft: dict[str, str]) -> DeskView:
    """Fills `more` of the exchanges and returns what concerns the whole."""
    rules, talk = space.rules, space.conversation
    desk = DeskView(
        candidates=rules.candidates, decision=rules.decision, ties=rules.ties, all_bad=rules.all_bad,
        branches=rules.branches, topics=rules.topics, min_turns=space.min_turns,
    )  # fmt: skip
    if talk is None:
        if rules.topics == "quota":
            desk.quotas = await topics.topics_for(await ground_of(space.task_id, "annotation"))
        return desk
    judgement = (await judgement_of(talk)).as_open(blind=not space.handed_in)
    waiting = talk.awaited in (Awaited.REPLY, Awaited.CHOICE) and rules.candidates > 1
    last = talk.last.no if talk.last else 0
    tried = await replies.attempts(space.task_id, talk.annotator_id, last) if waiting and talk.annotator_id else []
    scene = _Scene(judgement, await trees.tree_of(space.assignment_id, _holder(talk)), draft, tried)
    desk.version, desk.rated = talk.version, judgement.rubric is not None
    desk.labels = judgement.rubric.span_labels if judgement.rubric else []
    for exchange in exchanges:
        _enrich(exchange, talk, scene, several=rules.candidates > 1)
    desk.ways = _continuations(talk, scene.tree)
    desk.can_undo = any(one.state not in ("open", "set_aside") for one in judgement.choices)
    # The whole is rated when there is a whole: before that it would only be in the way.
    if talk.exchanges >= space.min_turns:
        desk.whole = _scales(None, {"dialogue"}, scene)
    problems = ready_to_submit(talk, space.min_turns, space.max_turns, judgement)
    desk.missing = [
        _missing(one, judgement.rubric, exchanges)
        for one in problems
        if one.code not in OWN_CHECKS and (one.turn_no is not None or desk.whole)
    ]
    return desk


def _holder(talk: ConversationView) -> UUID:
    assert talk.annotator_id is not None, "dialogues without a person came with the task and are not worked on"
    return talk.annotator_id


def _enrich(exchange: Turn, talk: ConversationView, scene: _Scene, *, several: bool) -> None:
    more = exchange.more
    message = next((turn for turn in talk.turns if turn.no == exchange.message_no and turn.role == "user"), None)
    reply = next((turn for turn in talk.turns if turn.id == exchange.reply_id), None)
    if message is not None:
        more.message_id = message.id
        more.own_draft = scene.draft.get(f"own-{message.id}", "")
        more.ways = _ways(message, talk, scene.tree)
        rounds = [one for one in scene.judgement.choices if one.message_id == message.id]
        if reply is None and several:
            exchange.state, more.choice = "choosing", _open_choice(rounds, scene, talk)
        elif reply is not None and reply.choice_id is not None:
            more.choice, more.by_choice = _rounds(rounds, scene), True
    if reply is not None:
        preferred = reply.choice_id is not None
        more.rated = _rated(reply, places_of(reply, preferred=preferred), scene)


def _open_choice(rounds: list[ChoiceView], scene: _Scene, talk: ConversationView) -> Choice:
    newest = talk.choice
    if newest is None or newest.state not in ("open", "all_bad"):
        # Nothing was asked here yet, or the head was put back to this message: others are asked for.
        return Choice(id=None, state="open", candidates=[], asking=True, earlier=[_card(one, scene) for one in rounds])
    card = _rounds(rounds, scene) or _card(newest, scene)
    if newest.state == "open":
        card.asking = bool(newest.missing) and not card.failed
    return card


def _rounds(rounds: list[ChoiceView], scene: _Scene) -> Choice | None:
    if not rounds:
        return None
    *before, newest = rounds
    card = _card(newest, scene)
    card.earlier = [_card(one, scene) for one in before]
    return card


def _card(choice: ChoiceView, scene: _Scene) -> Choice:
    there = {one.slot: one for one in choice.candidates}
    cards = []
    for slot in range(1, choice.wanted + 1):
        turn = there.get(slot)
        cards.append(_missing_candidate(choice, slot, scene) if turn is None else _candidate(turn, choice, scene))
    return Choice(id=choice.id, state=choice.state, candidates=cards)


def _candidate(turn: TurnView, choice: ChoiceView, scene: _Scene) -> Candidate:
    chosen = turn.id == choice.chosen_id
    return Candidate(
        slot=turn.slot or 0, state="ready", id=turn.id, text=turn.original_text or turn.text, rank=turn.rank,
        chosen=chosen,
        # The preferred one is rated where it stands as the reply.
        rated=None if chosen else _rated(turn, places_of(turn, preferred=False), scene),
    )  # fmt: skip


def _missing_candidate(choice: ChoiceView, slot: int, scene: _Scene) -> Candidate:
    place = PLACES_PER_ROUND * choice.round + slot - 1
    call = next((one for one in scene.tried if one.place == place), None)
    if call is None or call.state != "failed":
        return Candidate(slot=slot, state="waiting", running=call is not None and call.state == "running")
    return Candidate(slot=slot, state="failed", fault=Fault(code=call.code or "bot_unavailable"), partial=call.partial)


def _rated(turn: TurnView, places: set[str], scene: _Scene) -> Rated:
    return Rated(
        turn_id=turn.id, text_version=turn.text_version, scales=_scales(turn.id, places, scene),
        passages=[_passage(one, turn) for one in scene.judgement.spans if one.turn_id == turn.id],
    )  # fmt: skip


def _scales(turn_id: UUID | None, places: set[str], scene: _Scene) -> list[Scale]:
    rubric = scene.judgement.rubric
    if rubric is None:
        return []
    given = {one.dimension: one for one in scene.judgement.scores if one.turn_id == turn_id}
    found = []
    for dimension in rubric.dimensions:
        if not places & set(dimension.applies):
            continue
        key = f"{turn_id or 'whole'}-{dimension.code}"
        score = given.get(dimension.code)
        typed = scene.draft.get(f"why-{key}")
        found.append(
            Scale(
                key=key,
                code=dimension.code,
                name=dict(dimension.name),
                description=dict(dimension.description),
                lowest=dimension.lowest,
                highest=dimension.highest,
                required=dimension.required,
                anchors={value: dict(words) for value, words in dimension.anchors.items()},
                comment_at=dimension.comment_at,
                value=score.value if score else None,
                comment=score.comment if score else "",
                draft=typed if typed is not None and typed != (score.comment if score else "") else None,
            )
        )
    return found


def _passage(span: SpanView, turn: TurnView) -> Passage:
    current = span.text_version == turn.text_version
    text = turn.text if current else (turn.original_text or "") if span.text_version == 1 else ""
    begin, end = span.from_char, span.to_char
    quote = text[begin:end]
    return Passage(
        id=span.id, quote=quote, label=span.label, reason=span.reason, current=current,
        occurrence=text[:begin].count(quote) if quote else 0,
    )  # fmt: skip


def _ways(message: TurnView, talk: ConversationView, tree: TreeView) -> list[Way]:
    """Where other messages were written at the same place, or other replies: those without rivals, or the preferred ones."""
    here = {turn.id for turn in talk.turns}
    siblings = [one for one in tree.turns if one.parent == message.parent and one.role == "user"]
    preferred = {one.chosen_id for one in tree.choices}
    replies_here = [one for one in tree.turns if one.parent == message.id]
    below = [one for one in replies_here if one.choice_id is None or one.id in preferred]
    others = siblings if len(siblings) > 1 else below if len(below) > 1 else []
    return [_way(one, tree, here) for one in others]


def _continuations(talk: ConversationView, tree: TreeView) -> list[Way]:
    head = talk.last
    if head is None:
        return []
    preferred = {one.chosen_id for one in tree.choices}
    children = [one for one in tree.turns if one.parent == head.id and (one.choice_id is None or one.id in preferred)]
    return [_way(one, tree, set()) for one in children]


def _way(turn: TurnView, tree: TreeView, here: set[UUID]) -> Way:
    preferred = {one.chosen_id for one in tree.choices}
    tip, length = turn, 1
    while True:
        following = [
            one for one in tree.turns if one.parent == tip.id and (one.choice_id is None or one.id in preferred)
        ]
        if not following:
            break
        tip, length = following[-1], length + 1
    return Way(tip=tip.id, text=turn.text[:PREVIEW_CHARACTERS], turns=length, here=turn.id in here)


def _missing(problem: Problem, rubric: RubricView | None, exchanges: Iterable[Turn]) -> Missing:
    exchange = _exchange_of(problem, exchanges)
    dimension = rubric.dimension(problem.dimension) if rubric and problem.dimension else None
    target = f"turn-{exchange.message_no}" if exchange else "composer"
    if problem.dimension:
        target = f"scale-{problem.turn_id or 'whole'}-{problem.dimension}"
    return Missing(
        code=problem.code, target=target, number=exchange.number if exchange else None,
        name=dict(dimension.name) if dimension else {}, slot=_slot(problem, exchange),
    )  # fmt: skip


def _exchange_of(problem: Problem, exchanges: Iterable[Turn]) -> Turn | None:
    if problem.turn_no is None:
        return None
    return next((one for one in exchanges if problem.turn_no in (one.message_no, one.message_no + 1)), None)


def _slot(problem: Problem, exchange: Turn | None) -> int | None:
    """Of a candidate that is not the reply that stands."""
    choice = exchange.more.choice if exchange else None
    if choice is None or exchange is None or problem.turn_id in (None, exchange.reply_id):
        return None
    return next((one.slot for one in choice.candidates if one.id == problem.turn_id), None)
