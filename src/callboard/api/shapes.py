"""Values that several resources share: money as it is sent, assignments as they go out, a task's payload without its key."""

from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

import msgspec
from msgspec import Meta

from kernel.money import Money, parse_amount
from payments.exchange import paid
from routing.assignments import AssignmentView
from routing.forms.answers import blinded
from routing.forms.store import form_of
from routing.hidden import HIDDEN
from routing.lanes import REVIEW
from routing.look_ends import ADJUDICATION
from routing.review import submission

T = TypeVar("T")


class MoneyIn(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    amount: Annotated[str, Meta(max_length=30, examples=["0.0135"])]
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$", examples=["USD"])]

    def money(self) -> Money:
        """Raises `Invalid`."""
        return parse_amount(self.amount, self.currency)


class Items(msgspec.Struct, Generic[T], frozen=True):
    """A complete list: there is no further page."""

    items: list[T]


class TaskOfAssignment(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    external_id: str
    kind: str
    state: str
    project_id: UUID
    project_name: str
    domain: str
    language: str
    difficulty: int | None
    difficulty_band: int
    priority: int
    due_at: datetime | None
    min_turns: int
    max_turns: int
    guidelines: str
    payload: dict[str, Any]


class WorkToReview(msgspec.Struct, frozen=True, kw_only=True):
    """What is judged; its author stays unnamed."""

    submission_id: UUID
    round: int
    payload: dict[str, Any]
    submitted_at: datetime


class Assignment(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    kind: str
    """`annotation` or `review`."""
    state: str
    epoch: int
    """Sent back with everything that is done to it: an older one is refused."""
    annotator_id: UUID
    lease_until: datetime
    """Heartbeats move it, never past `deadline`."""
    deadline: datetime
    price: Money
    price_inputs: dict[str, Any]
    """How it came about: base, factors, minimum; with `metered` the price is the most that messages and time can bring."""
    paid_as: Money | None
    """What `price` is in the currency that the person is paid in, where that is another one; fixed at the claim."""
    why: dict[str, Any]
    claimed_at: datetime
    ended_at: datetime | None
    end_reason: str | None
    lapsed: bool
    """Live in the books, but its time is over."""
    active_seconds: int
    draft_version: int | None
    rework_rounds: int
    task: TaskOfAssignment
    work: WorkToReview | None
    """For a review: what is to be judged."""
    adjudication: bool
    """A review that decides between all answers to the task: they are at `…/answers`, and it ends with `…/adjudicate`."""


class Claimed(msgspec.Struct, frozen=True, kw_only=True):
    assignments: list[Assignment]
    reason: str | None
    """Why there are fewer than asked for; stable words."""
    detail: str | None
    counts: dict[str, int]
    """Lanes with free tasks by the first condition that keeps this person from them."""
    retry_after_seconds: int | None


def without_key(payload: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in payload.items() if name not in HIDDEN}


async def for_author(project_id: UUID, kind: str, payload: dict[str, Any]) -> dict[str, Any]:
    """Neither what the work is judged by, nor whose the candidates are."""
    form = await form_of(project_id, kind)
    open_part = without_key(payload)
    return open_part if form is None else blinded(form.declaration, open_part)


async def outward(view: AssignmentView) -> Assignment:
    work, between = None, view.kind == REVIEW and view.stage == ADJUDICATION
    if view.kind == REVIEW and not between and view.submission_id is not None:
        judged = await submission(view.submission_id)
        work = WorkToReview(
            submission_id=judged.id, round=judged.round, payload=judged.payload, submitted_at=judged.submitted_at
        )
    return Assignment(
        id=view.id, kind=view.kind, state=view.state, epoch=view.epoch, annotator_id=view.annotator_id,
        lease_until=view.lease_until, deadline=view.deadline, price=Money(view.price_micros, view.currency), paid_as=paid(view.price_inputs), why=view.why,
        price_inputs=view.price_inputs,
        claimed_at=view.claimed_at, ended_at=view.ended_at, end_reason=view.end_reason, lapsed=view.lapsed,
        active_seconds=view.active_seconds, draft_version=view.draft_version, rework_rounds=view.rework_rounds,
        task=TaskOfAssignment(
            id=view.task_id, external_id=view.external_id, kind=view.task_kind, state=view.task_state,
            project_id=view.project_id, project_name=view.project_name, domain=view.domain, language=view.language,
            difficulty=view.difficulty_level, difficulty_band=view.difficulty_band, priority=view.priority,
            due_at=view.due_at, min_turns=view.min_turns, max_turns=view.max_turns, guidelines=view.guidelines,
            # A reviewer compares with the reference.
            payload=view.payload
            if view.kind == REVIEW
            else await for_author(view.project_id, view.task_kind, view.payload),
        ),
        work=work, adjudication=between,
    )  # fmt: skip
