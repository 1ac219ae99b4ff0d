"""What each screen shows: the contract between page handlers and templates.

Views carry facts (Money, aware datetimes, states), never formatted text: templates format them for the reader's
language and time zone. Texts that people wrote (topics, replies, reasons) are carried as they are and escaped there.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct, field

from callboard.pages.views_desk import DeskView, More
from callboard.pages.views_judged import Answered, GoldTold, Mend, PlanStage, Score
from dialogue.diffs import Part
from dialogue.rubrics import SpanLabel
from dialogue.telemetry import TurnTimes
from kernel.money import Money
from routing.presence import PresenceView
from skills.profiles import Restriction


class Person(Struct, kw_only=True):
    """The one who is signed in."""

    name: str
    email: str
    roles: list[str]
    vendor: str | None = None
    annotator_id: UUID | None = None
    """Of whoever works, not only looks on."""


class Shell(Struct, kw_only=True):
    """What the frame around every page needs. `lang` is en or zh-CN, `theme` is auto, light or dark."""

    now: datetime
    path: str = "/"
    lang: str = "en"
    theme: str = "auto"
    csrf_token: str = ""
    person: Person | None = None
    live_url: str | None = None
    """Address of the server-sent events of this page; none: the page does not change by itself."""


class Problem(Struct, kw_only=True):
    """An error as a person meets it; the fields of problem+json. `detail` is a sentence, already translated if it can be."""

    status: int
    code: str
    title: str
    detail: str | None = None
    retry_after_seconds: int | None = None
    request_id: str | None = None


class Option(Struct, kw_only=True):
    value: str
    label: str
    words: dict[str, str] = field(default_factory=dict)
    """Of what a project named itself, by language."""

    @property
    def own(self) -> bool:
        return bool(self.words)


class SignInView(Struct, kw_only=True):
    email: str = ""
    next_path: str = "/"
    problem: Problem | None = None
    demo_logins: list["DemoLogin"] = field(default_factory=list)


class DemoLogin(Struct, kw_only=True):
    role: str
    name: str
    email: str
    password: str


class TaskFacts(Struct, kw_only=True):
    """What identifies a task to a person. `language` is BCP 47, `level` 1–5 (none: not known yet)."""

    id: UUID
    title: str
    project: str
    kind: str
    domain: str
    language: str
    level: int | None = None
    external_id: str | None = None


class ReasonPoint(Struct, frozen=True):
    """One fault: `item` of the rubric, and the number of the exchange where it concerns one."""

    item: str
    text: str
    exchange: int | None = None
    words: dict[str, str] = {}
    """What the project calls the rule, by language."""


class Reason(Struct, kw_only=True):
    """Why work came back or was turned down. The reviewer stays unnamed."""

    outcome: str
    points: list[ReasonPoint]
    at: datetime
    comment: str = ""
    given: str | None = None
    """What the reviewer had said, where a second look said otherwise; `outcome` is what counts."""
    overturned_because: str | None = None


class HeldTask(Struct, kw_only=True):
    """A live assignment. `stage` is annotation, rework or review; times are the database's."""

    assignment_id: UUID
    epoch: int
    task: TaskFacts
    stage: str
    price: Money
    lease_until: datetime
    deadline: datetime
    turns_done: int = 0
    turns_wanted: int = 0
    reason: Reason | None = None
    price_inputs: dict[str, Any] = field(default_factory=dict)


class OfferedTask(Struct, kw_only=True):
    """A place that waits for an answer until `expires_at`."""

    offer_id: UUID
    task: TaskFacts
    price: Money
    expires_at: datetime
    review: bool = False
    price_inputs: dict[str, Any] = field(default_factory=dict)


class ReturnedTask(Struct, kw_only=True):
    """Rework that waits for its author; the next claim takes it first, at the price that was seen."""

    task: TaskFacts
    price: Money
    reason: Reason
    price_inputs: dict[str, Any] = field(default_factory=dict)


class KeptTask(Struct, kw_only=True):
    """A task whose lease lapsed a moment ago; the next claim takes it first, at the price of the hold, until `kept_until`."""

    task: TaskFacts
    price: Money
    kept_until: datetime
    price_inputs: dict[str, Any] = field(default_factory=dict)


class PriceRange(Struct, kw_only=True):
    low: Money
    high: Money
    beside: "PriceRange | None" = None
    """In the projects' currency, where the person is paid in another."""


class NextOffer(Struct, kw_only=True):
    """What a press on "Get next task" would most likely hand out, before anybody is bound to it."""

    count: int
    price: PriceRange
    lease_seconds: int
    deadline_seconds: int
    formulas: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    """Project, currency and inputs of the prices, the dearest first; one of each."""


class WaitingGroup(Struct, kw_only=True):
    kind: str
    domain: str
    language: str
    level: int | None
    count: int
    price: PriceRange


class NoWork(Struct, kw_only=True):
    """Why nothing can be handed out. `code` is the claim's stable reason; `detail` its sentence in English.

    `refusals`: failing predicate (level, language, role, credential …) → kinds of waiting work that it keeps away.
    """

    code: str
    detail: str = ""
    retry_at: datetime | None = None
    refusals: dict[str, int] = field(default_factory=dict)


class Today(Struct, kw_only=True):
    done: int
    earned: list[Money]
    pending: list[Money]
    active_seconds: int


class PutDown(Struct, kw_only=True):
    """A dialogue that was begun and is held no more: what stood there can still be read."""

    assignment_id: UUID
    title: str
    state: str
    at: datetime


class QueueView(Struct, kw_only=True):
    """`/queue` (and, with `review=True`, `/reviews`)."""

    offer: NextOffer | None
    held: list[HeldTask]
    returned: list[ReturnedTask]
    waiting: list[WaitingGroup]
    today: Today
    capacity: int
    no_work: NoWork | None = None
    review: bool = False
    problem: Problem | None = None
    person_id: UUID | None = None
    restrictions: list[Restriction] = field(default_factory=list)
    """What is in force on the person, with its reasons."""
    presence: PresenceView | None = None
    """None: not shown."""
    offered: list[OfferedTask] = field(default_factory=list)
    kept: list[KeptTask] = field(default_factory=list)
    put_down: list[PutDown] = field(default_factory=list)


class Turn(Struct, kw_only=True):
    """One exchange. `state`: waiting (the bot is being asked), failed (it did not answer), ready.

    `original` is the bot's own words, `reply` what stands now; they differ once the reply was edited. `author` is bot,
    person (written by hand after the bot failed) or import (came with the task: neither rated nor edited). `draft` is
    an unsaved edit that the server kept.
    """

    number: int
    """Counts exchanges from 1, imported ones included."""
    prompt: str
    state: str
    message_no: int = 0
    """Place of the person's message among all messages; the address under which the reply is asked for."""
    reply_id: UUID | None = None
    reply_no: int = 0
    changed_at: datetime | None = None
    """When the reply was last written; an edit that was begun before another one is refused."""
    reply: str = ""
    original: str = ""
    author: str = "bot"
    writer: int = 0
    """Of the message, by number, where the dialogue changed hands."""
    rating: int | None = None
    draft: str | None = None
    diff: list[Part] = field(default_factory=list)
    problem: Problem | None = None
    partial: str = ""
    """What had come of a reply that failed; it can be gone on from."""
    more: More = field(default_factory=More)
    mended: list[Mend] = field(default_factory=list)

    @property
    def edited(self) -> bool:
        return self.author == "bot" and self.reply != self.original

    @property
    def imported(self) -> bool:
        return self.author == "import"


class Check(Struct, kw_only=True):
    """One condition of handing in; `done_count` of `wanted_count` when it counts something."""

    code: str
    done: bool
    done_count: int | None = None
    wanted_count: int | None = None


class Guideline(Struct, kw_only=True):
    """`body` is Markdown, rendered without HTML."""

    title: str
    body: str


class WorkView(Struct, kw_only=True):
    """`/work/{assignment_id}`. `ended` is set when the hold is over: released, expired, submitted…"""

    held: HeldTask
    brief: str
    guidelines: list[Guideline]
    topics: list[str]
    turns: list[Turn]
    checks: list[Check]
    max_turns: int
    text_limit: int
    topic: str | None = None
    begun: bool = True
    """Whether topic and first message are there."""
    bot_opens: bool = False
    """Whether the imported part ends with a question, so that the bot answers first."""
    next_no: int = 1
    """Place that the next message will take."""
    awaits_rating: bool = False
    suggestions: list[str] = field(default_factory=list)
    """Messages that the task proposes."""
    draft_topic: str = ""
    draft_message: str = ""
    draft_saved_at: datetime | None = None
    draft_version: int | None = None
    ended: str | None = None
    judged: str | None = None
    """What became of it after it was handed in: accepted, rework, rejected; none while a review is awaited."""
    problem: Problem | None = None
    you: int = 0
    handed_on: bool = False
    gold: GoldTold | None = None
    """Where this was gold and the project tells."""
    measured: list[TurnTimes] = field(default_factory=list)
    changed: int = 0
    """Number of the exchange that a fragment is about."""
    arrived: bool = False
    """Whether that exchange's reply has just come."""
    desk: DeskView = field(default_factory=DeskView)

    @property
    def ready(self) -> bool:
        return all(check.done for check in self.checks) and not self.desk.missing

    @property
    def can_continue(self) -> bool:
        """Whether another message may be written: the last reply has arrived and the limit is not reached."""
        return self.own_turns < self.max_turns and (not self.turns or self.turns[-1].state == "ready")

    @property
    def own_turns(self) -> int:
        return sum(not turn.imported for turn in self.turns)


class Dimension(Struct, kw_only=True):
    """One scale of the rubric; `key` is known to labels.py or carries its own `label`."""

    key: str
    label: str = ""


class VerdictDraft(Struct, kw_only=True):
    """What the form holds; `corrected` by place of the message."""

    outcome: str = ""
    scores: dict[str, int] = field(default_factory=dict)
    item: str = ""
    reason: str = ""
    corrected: dict[int, str] = field(default_factory=dict)


class ReviewView(Struct, kw_only=True):
    """`/review/{assignment_id}`: the author is not in here, so no template can show them."""

    held: HeldTask
    submission_id: UUID
    """A draft of the verdict belongs to one version of the work; after rework it begins anew."""
    brief: str
    guidelines: list[Guideline]
    topic: str
    turns: list[Turn]
    dimensions: list[Dimension]
    rubric_items: list[Option]
    draft: VerdictDraft
    text_limit: int
    draft_version: int | None = None
    earlier: list[Reason] = field(default_factory=list)
    whole: list[Score] = field(default_factory=list)
    """What the author gave the dialogue as a whole."""
    span_labels: list[SpanLabel] = field(default_factory=list)
    stage: PlanStage | None = None
    answered: list[Answered] = field(default_factory=list)
    mended: list[Mend] = field(default_factory=list)
    """Of work that is no dialogue."""
    payload_text: str = ""
    """Work of another frontend in a form of its own, as JSON; empty for dialogues."""
    ended: str | None = None
    problem: Problem | None = None


class PasswordView(Struct, kw_only=True):
    must: bool
    least_characters: int
    problem: Problem | None = None
