"""A dialogue that was held here, handed in: what may still be missing is said in one go."""

from uuid import UUID

import msgspec

from dialogue.checks import ready_to_submit, submission_payload
from dialogue.conversations import workspace_of
from dialogue.errors import HandedOn
from dialogue.scoring import judgement_of
from kernel.errors import Conflict
from kernel.settings import Settings
from routing import leases
from routing.submission import Submitted, submit


class NotReady(Conflict):
    code = "not_ready"
    title = "The dialogue cannot be handed in yet"


async def submit_dialogue(assignment_id: UUID, annotator_id: UUID, epoch: int, settings: Settings) -> Submitted:
    """In the caller's transaction. Raises `NotReady` with every problem, `HandedOn`, and what `submit` and `workspace_of` raise."""
    # Locked before it is read: an edit that commits in between would be missing from what is handed in.
    await leases.lock(assignment_id, annotator_id)
    workspace = await workspace_of(assignment_id, annotator_id, settings=settings, blind=False)
    if workspace.handed_on:
        raise HandedOn
    judgement = await judgement_of(workspace.conversation)
    problems = ready_to_submit(workspace.conversation, workspace.min_turns, workspace.max_turns, judgement)
    if problems or workspace.conversation is None:
        raise NotReady(problems[0].message, problems=msgspec.to_builtins(problems))
    payload = submission_payload(workspace.conversation, judgement)
    return await submit(assignment_id, annotator_id, epoch, payload, settings)
