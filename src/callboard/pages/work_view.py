"""A dialogue as the workspace shows it: exchanges instead of messages, drafts beside what is stored, the checklist."""

import hashlib
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from callboard.pages.desk_view import lay_out
from callboard.pages.facts import held_of, reason_of
from callboard.pages.views import Check, Guideline, Problem, Turn, WorkView
from dialogue.conversations import workspace_of
from dialogue.diffs import difference
from dialogue.telemetry import times_of_assignment
from dialogue.views import BY_HAND, IMPORTED, Awaited, Seed, TurnView, Workspace, Writers
from kernel.settings import Settings
from routing import leases, review
from routing.assignments import AssignmentView
from routing.assignments import assignment as assignment_view
from routing.submission import verdict_state
from routing.verdict_items import of_rubric

DRAFT_FIELDS = 500
"""Most text boxes of one draft: two for each exchange that a dialogue may have, and the composer's."""


async def work_view(assignment_id: UUID, annotator_id: UUID, settings: Settings) -> WorkView:
    """Raises `NoSuchAssignment`, `NoDialogue`, `SeedUnusable`."""
    row = await assignment_view(assignment_id, annotator_id=annotator_id)
    space = await workspace_of(assignment_id, annotator_id, settings=settings)
    kept = await leases.draft_of(row.task_id, annotator_id)
    draft = {name: text for name, text in (kept.payload if kept else {}).items() if isinstance(text, str)}
    judged = await verdict_state(assignment_id) if row.state == "submitted" else None
    feedback = await review.feedback(row.task_id, annotator_id) if row.rework_rounds or judged else None
    talk = space.conversation
    turns = talk.turns if talk else space.left
    exchanges = turns_of(turns or space.start.seeds, draft)
    if space.writers:
        _name_writers(exchanges, turns, space.writers)
    desk = await lay_out(space, exchanges, draft)
    desk.guidelines_version = hashlib.sha256(row.guidelines.encode()).hexdigest()[:7]
    return WorkView(
        held=held_of(
            row,
            turns_done=talk.exchanges if talk else 0,
            reason=reason_of(feedback, await of_rubric(row.project_id, {})) if feedback else None,
        ),
        brief=space.start.brief,
        guidelines=guidelines_of(row),
        topics=_topics(row, space),
        turns=exchanges,
        checks=_checks(space, exchanges),
        desk=desk,
        max_turns=space.max_turns,
        text_limit=settings.turn_text_limit,
        topic=talk.topic if talk else None,
        begun=talk is not None,
        bot_opens=space.start.begins_with_reply,
        next_no=len(talk.turns) + 1 if talk else len(space.start.seeds) + 1,
        awaits_rating=talk is not None and talk.awaited is Awaited.RATING,
        suggestions=_suggestions(space, exchanges),
        draft_topic=draft.get("own_topic") or draft.get("topic", ""),
        draft_message=_unsent(draft.get("message", "" if talk else space.start.opening), exchanges),
        draft_saved_at=kept.saved_at if kept else None,
        draft_version=kept.version if kept and kept.assignment_id == assignment_id else None,
        ended=ended_of(row),
        judged=judged,
        you=space.writers.you if space.writers else 0,
        handed_on=space.handed_on,
        measured=await times_of_assignment(assignment_id),
    )


def _name_writers(exchanges: Sequence[Turn], messages: Sequence[TurnView], writers: Writers) -> None:
    numbers = {message.no: writers.by_turn.get(message.id, 0) for message in messages}
    for turn in exchanges:
        turn.writer = 0 if turn.imported else numbers.get(turn.message_no, 0)


def ended_of(row: AssignmentView) -> str | None:
    """Why nothing can be written any more; none while it can."""
    if row.state != "live":
        return row.state
    return "expired" if row.lapsed else None


def guidelines_of(row: AssignmentView) -> list[Guideline]:
    return [Guideline(title="", body=row.guidelines)] if row.guidelines.strip() else []


def _topics(row: AssignmentView, space: Workspace) -> list[str]:
    """What the task proposes: its title, or a list of its own."""
    listed = row.payload.get("topics")
    topics = [topic for topic in listed if isinstance(topic, str)] if isinstance(listed, list) else []
    return [topic for topic in (topics or [space.start.title]) if topic.strip()]


def _suggestions(space: Workspace, exchanges: Sequence[Turn]) -> list[str]:
    """The opening before the first message; after it the follow-ups, without those that were said already."""
    said = {turn.prompt for turn in exchanges}
    proposed = space.start.follow_ups if space.conversation else [space.start.opening]
    return [text for text in proposed if text.strip() and text not in said]


def _unsent(message: str, exchanges: Sequence[Turn]) -> str:
    """The draft of the composer; the text of the last message is a draft that was sent before it could be cleared."""
    return "" if exchanges and exchanges[-1].prompt == message else message


def turns_of(messages: Sequence[TurnView | Seed], draft: dict[str, str]) -> list[Turn]:
    """Pairs of a message and its reply. A reply without a message before it stands alone; system texts are left out."""
    found: list[Turn] = []
    for no, message in enumerate(messages, 1):
        if message.role == "user":
            found.append(_asked(len(found) + 1, no, message))
        elif message.role == "assistant":
            if not found or found[-1].reply_id is not None or found[-1].reply:
                found.append(Turn(number=len(found) + 1, prompt="", state="ready", message_no=no, author="import"))
            _answered(found[-1], message, draft)
    return found


def _asked(number: int, no: int, message: TurnView | Seed) -> Turn:
    unbegun = isinstance(message, Seed)
    return Turn(
        number=number, prompt=message.text, state="ready" if unbegun else "waiting", message_no=no,
        author="import" if unbegun else "bot",
    )  # fmt: skip


def _answered(turn: Turn, reply: TurnView | Seed, draft: dict[str, str]) -> None:
    turn.state, turn.reply, turn.original = "ready", reply.text, reply.text
    if isinstance(reply, Seed):
        turn.author = "import"
        return
    turn.author = {IMPORTED: "import", BY_HAND: "person"}.get(reply.model or "", "bot")
    turn.reply_id, turn.changed_at, turn.rating = reply.id, reply.changed_at, reply.rating
    if reply.original_text is not None:
        turn.original = reply.original_text
        turn.diff = difference(reply.original_text, reply.text)
    unsaved = draft.get(f"edit-{reply.id}")
    turn.draft = unsaved if unsaved is not None and unsaved != reply.text and not turn.imported else None


def _checks(space: Workspace, exchanges: Sequence[Turn]) -> list[Check]:
    talk = space.conversation
    own = [turn for turn in exchanges if turn.author == "bot" and turn.state == "ready"] if talk else []
    rated = sum(turn.rating is not None for turn in own)
    done = talk.exchanges if talk else 0
    checks = [
        Check(code="topic", done=talk is not None),
        Check(code="min_turns", done=done >= space.min_turns, done_count=done, wanted_count=space.min_turns),
        Check(code="drafts", done=all(turn.draft is None for turn in exchanges)),
    ]
    if talk is None or talk.rubric_id is None:
        by_number = Check(
            code="rated", done=done > 0 and rated == len(own), done_count=rated, wanted_count=len(own) or None
        )
        checks.insert(2, by_number)
    if talk is not None and talk.awaited is Awaited.REPLY:
        checks.append(Check(code="replies", done=False))
    return checks


def failed(view: WorkView, message_no: int, problem: Problem, partial: str = "") -> None:
    """Marks the exchange whose reply did not come."""
    for turn in view.turns:
        if turn.message_no == message_no and turn.state == "waiting":
            # Neither a wait nor a reference to quote: the buttons beside it say what helps.
            problem.retry_after_seconds = problem.request_id = None
            turn.state, turn.problem, turn.partial = "failed", problem, partial


def draft_payload(given: Any) -> dict[str, str]:
    """Only named texts, a bounded number of them; the length is bounded by the body of the request."""
    texts = {name: text for name, text in given.items() if isinstance(text, str)} if isinstance(given, dict) else {}
    return dict(list(texts.items())[:DRAFT_FIELDS])
