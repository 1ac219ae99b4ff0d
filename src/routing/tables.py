from typing import Any

from piccolo.columns import (
    JSONB,
    UUID,
    Array,
    BigInt,
    Boolean,
    Bytea,
    Date,
    DoublePrecision,
    ForeignKey,
    Integer,
    SmallInt,
    Text,
    Timestamptz,
    Varchar,
)
from piccolo.columns.base import OnDelete
from piccolo.columns.defaults.timestamptz import TimestamptzNow
from piccolo.constraints import Check, Unique
from piccolo.table import Table

from kernel.db import engine
from skills.tables import Annotator, Domain, Vendor


class Calendar(Table, tablename="calendar", db=engine):
    """When people work: weekly hours in a time zone, without the holidays. `routing.calendars` counts by it."""

    id = UUID(primary_key=True)
    name = Varchar(length=80, unique=True)
    zone = Varchar(length=60)
    weekly = JSONB()
    holidays = JSONB()
    version = Integer(default=1)
    created_at = Timestamptz(default=TimestamptzNow())


class Project(Table, tablename="project", db=engine):
    """What a customer wants made, and the rules under which it is made."""

    id = UUID(primary_key=True)
    name = Varchar(length=120, unique=True)
    description = Text(default="")
    guidelines = Text(default="")
    state = Varchar(length=20, default="draft")
    currency = Varchar(length=3)
    overlap = SmallInt(default=1)
    min_turns = SmallInt(default=3)
    max_turns = SmallInt(default=20)
    language_level = SmallInt(default=3)
    required_role = Varchar(length=40, null=True, default=None)
    review_other_vendor = Boolean(default=False)
    rework_limit = SmallInt(default=2)
    answer_limit = SmallInt(default=3)
    lease_seconds = Integer()
    deadline_seconds = Integer()
    lease_grace_minutes = SmallInt(default=5)
    annotation_cost = SmallInt(default=1)
    review_cost = SmallInt(default=1)
    cap_per_person_day = Integer(null=True, default=None)
    cap_per_person_live = SmallInt(null=True, default=None)
    sla_seconds = Integer(default=86400)
    skill_half_life_days = Integer(null=True, default=None)
    expert_level = SmallInt(default=4)
    consensus_target = DoublePrecision(null=True, default=None)
    most_answers = SmallInt(default=5)
    calendar = ForeignKey(Calendar, null=True, default=None, on_delete=OnDelete.restrict)
    ladder = JSONB(default="[]")
    task_expires_days = Integer(null=True, default=14)
    paused_at = Timestamptz(null=True, default=None)
    pauses = JSONB(default="[]")
    paused_seconds = BigInt(default=0)
    push = Boolean(default=False)
    stick_to_topic = Boolean(default=False)
    stick_to_author = Varchar(length=10, null=True, default=None)
    requirements = JSONB()
    version = Integer(default=1)
    created_at = Timestamptz(default=TimestamptzNow())
    project_known_state = Check("state IN ('draft', 'published', 'paused', 'closed')")
    project_sane_overlap = Check("overlap BETWEEN 1 AND 5")
    project_sane_turns = Check("min_turns BETWEEN 1 AND max_turns")
    project_sane_half_life = Check("skill_half_life_days IS NULL OR skill_half_life_days BETWEEN 1 AND 3650")
    project_sane_expert_level = Check("expert_level BETWEEN 1 AND 5")
    project_sane_consensus = Check("consensus_target IS NULL OR consensus_target BETWEEN 0.5 AND 0.99")
    project_sane_most_answers = Check("most_answers BETWEEN 1 AND 20")
    project_sane_expiry = Check("task_expires_days IS NULL OR task_expires_days BETWEEN 1 AND 3650")
    project_sane_grace = Check("lease_grace_minutes BETWEEN 0 AND 240")
    project_sane_costs = Check("annotation_cost BETWEEN 1 AND 50 AND review_cost BETWEEN 1 AND 50")
    project_sane_caps = Check(
        "coalesce(cap_per_person_day, 1) BETWEEN 1 AND 1000 AND coalesce(cap_per_person_live, 1) BETWEEN 1 AND 50"
    )
    project_known_author = Check("stick_to_author IS NULL OR stick_to_author IN ('same', 'different')")
    project_sane_lease = Check("lease_seconds > 0 AND deadline_seconds >= lease_seconds")


class Lane(Table, tablename="lane", db=engine):
    """Slots that ask the same of a person. Eligibility and fit are judged per lane, never per task."""

    id = UUID(primary_key=True)
    project = ForeignKey(Project, null=False, on_delete=OnDelete.restrict)
    kind = Varchar(length=20)
    stage = SmallInt(default=0)
    domain = ForeignKey(Domain, null=False, on_delete=OnDelete.restrict)
    language = Varchar(length=35)
    difficulty_band = SmallInt()
    min_level = SmallInt()
    required_role = Varchar(length=40)
    required_credential = Boolean(default=False)
    task_kind = Varchar(length=40, default="")
    requirement = JSONB()
    prefer = JSONB()
    key = Varchar(length=300, unique=True)
    step = SmallInt(default=0)
    other_vendor = Boolean(default=False)
    lane_known_kind = Check("kind IN ('annotation', 'review')")
    lane_sane_band = Check("difficulty_band BETWEEN 1 AND 5 AND min_level BETWEEN 1 AND 5")


class ImportBatch(Table, tablename="import_batch", db=engine):
    """One import: what came, what was created, which lines were bad."""

    id = UUID(primary_key=True)
    project = ForeignKey(Project, null=False, on_delete=OnDelete.restrict)
    source = Varchar(length=300)
    content_hash = Bytea()
    lines = Integer(default=0)
    created = Integer(default=0)
    existing = Integer(default=0)
    bad = Integer(default=0)
    errors = JSONB()
    created_at = Timestamptz(default=TimestamptzNow())


class Task(Table, tablename="task", db=engine):
    """One unit that is wanted: a dialogue (or another payload) with a difficulty and a lane."""

    id = UUID(primary_key=True)
    project = ForeignKey(Project, null=False, on_delete=OnDelete.restrict)
    external_id = Varchar(length=200)
    kind = Varchar(length=40, default="dialogue")
    domain = ForeignKey(Domain, null=False, on_delete=OnDelete.restrict)
    language = Varchar(length=35)
    difficulty_level = SmallInt(null=True, default=None)
    difficulty_mean = DoublePrecision()
    difficulty_variance = DoublePrecision()
    prior_mean = DoublePrecision(null=True, default=None)
    prior_variance = DoublePrecision(null=True, default=None)
    prior_sources = JSONB(null=True, default=None)
    priority = SmallInt(default=3)
    due_at = Timestamptz(null=True, default=None)
    requirements = JSONB()
    payload = JSONB()
    state = Varchar(length=20, default="open")
    lane = ForeignKey(Lane, null=False, on_delete=OnDelete.restrict)
    import_batch = ForeignKey(ImportBatch, null=True, default=None, on_delete=OnDelete.restrict)
    version = Integer(default=1)
    created_at = Timestamptz(default=TimestamptzNow())
    closed_at = Timestamptz(null=True, default=None)
    expires_at = Timestamptz(null=True, default=None)
    gold = Boolean(default=False)
    task_once_per_project = Unique([project, external_id])
    task_known_state = Check(
        "state IN ('open', 'in_progress', 'in_review', 'rework', 'accepted', 'rejected', 'cancelled')"
    )
    task_sane_priority = Check("priority BETWEEN 1 AND 5")
    task_sane_difficulty = Check("difficulty_level IS NULL OR difficulty_level BETWEEN 1 AND 5")


class TaskWords(Table, tablename="task_words", db=engine):
    """What a task is found by: its external id and the first 300 characters of its title, in small letters.

    A row of its own, because a task's row changes with every step of its work and each change would be indexed again.
    Triggers write it with the task; copies of gold have none.
    """

    task = ForeignKey(Task, primary_key=True, null=False, on_delete=OnDelete.cascade)
    words = Text()


class Slot(Table, tablename="slot", db=engine):
    """One independent answer that is wanted (stage 0) or one look at an answer (stage 1 and up).

    The claim is an UPDATE of one free row. Partial indexes (in SQL) hold: one person per task over all stages, and the
    order of each lane's free slots.
    """

    id = UUID(primary_key=True)
    task = ForeignKey(Task, null=False, on_delete=OnDelete.restrict)
    project = ForeignKey(Project, null=False, on_delete=OnDelete.restrict)
    lane = ForeignKey(Lane, null=False, on_delete=OnDelete.restrict)
    kind = Varchar(length=20)
    stage = SmallInt(default=0)
    no = SmallInt(default=1)
    state = Varchar(length=20, default="free")
    rank = BigInt()
    annotator = ForeignKey(Annotator, null=True, default=None, on_delete=OnDelete.restrict)
    assignment_id = UUID(null=True, default=None)
    epoch = Integer(default=0)
    lease_until = Timestamptz(null=True, default=None)
    deadline = Timestamptz(null=True, default=None)
    reserved_for = UUID(null=True, default=None)
    kept_until = Timestamptz(null=True, default=None)
    carried_price_micros = BigInt(null=True, default=None)
    answers_slot: "ForeignKey[Any]" = ForeignKey("self", null=True, default=None, on_delete=OnDelete.restrict)
    submission_id = UUID(null=True, default=None)
    author_id = UUID(null=True, default=None)
    author_vendor_id = UUID(null=True, default=None)
    judge_id = UUID(null=True, default=None)
    judges = Array(base_column=UUID(), null=True, default=None)
    freed_at = Timestamptz(default=TimestamptzNow())
    waits_since = Timestamptz(default=TimestamptzNow())
    gold = Boolean(default=False)
    slot_place = Unique([task, stage, no])
    slot_kept_for_somebody = Check("kept_until IS NULL OR (state = 'free' AND reserved_for IS NOT NULL)")
    slot_known_kind = Check("kind IN ('annotation', 'review')")
    slot_known_state = Check("state IN ('free', 'live', 'done', 'cancelled')")
    slot_live_has_holder = Check(
        "state <> 'live' OR (annotator IS NOT NULL AND assignment_id IS NOT NULL AND lease_until IS NOT NULL)"
    )
    slot_free_has_none = Check("state <> 'free' OR (annotator IS NULL AND assignment_id IS NULL)")
    slot_not_own_work = Check("annotator IS NULL OR author_id IS NULL OR annotator <> author_id")
    slot_review_has_work = Check("kind = 'annotation' OR (author_id IS NOT NULL AND submission_id IS NOT NULL)")


class Holder(Table, tablename="holder", db=engine):
    """How much someone holds, in units of capacity, and what they worked on last. Claims lock this row first, so one
    person's claims wait for each other.
    """

    annotator = ForeignKey(Annotator, primary_key=True, null=False, on_delete=OnDelete.restrict)
    live = SmallInt(default=0)
    capacity = SmallInt(default=3)
    worked_project = UUID(null=True, default=None)
    worked_domain = Varchar(length=40, null=True, default=None)
    worked_at = Timestamptz(null=True, default=None)
    holder_within_capacity = Check("live BETWEEN 0 AND capacity")


class Assignment(Table, tablename="assignment", db=engine):
    """One person's hold on one slot, from the claim to its end, with the price that was shown."""

    id = UUID(primary_key=True)
    slot = ForeignKey(Slot, null=False, on_delete=OnDelete.restrict)
    task = ForeignKey(Task, null=False, on_delete=OnDelete.restrict)
    project = ForeignKey(Project, null=False, on_delete=OnDelete.restrict)
    annotator = ForeignKey(Annotator, null=False, on_delete=OnDelete.restrict)
    vendor = ForeignKey(Vendor, null=True, default=None, on_delete=OnDelete.restrict)
    kind = Varchar(length=20)
    epoch = Integer()
    state = Varchar(length=20, default="live")
    lease_until = Timestamptz()
    deadline = Timestamptz()
    price_micros = BigInt()
    currency = Varchar(length=3)
    price_inputs = JSONB()
    why = JSONB()
    active_seconds = Integer(default=0)
    position = SmallInt(null=True, default=None)
    cost = SmallInt(default=1)
    project_day = Date(null=True, default=None)
    site_day = Date(null=True, default=None)
    heartbeat_at = Timestamptz(default=TimestamptzNow())
    claimed_at = Timestamptz(default=TimestamptzNow())
    ended_at = Timestamptz(null=True, default=None)
    end_reason = Text(null=True, default=None)
    assignment_one_per_epoch = Unique([slot, epoch])
    assignment_known_state = Check("state IN ('live', 'submitted', 'released', 'declined', 'expired', 'cancelled')")
    assignment_real_price = Check("price_micros >= 0")
    assignment_sane_cost = Check("cost BETWEEN 1 AND 50")


class Relaxation(Table, tablename="relaxation", db=engine):
    """A task that was given out under relaxed requirements: by which step of the ladder, and what it relaxed."""

    assignment = ForeignKey(Assignment, primary_key=True, null=False, on_delete=OnDelete.restrict)
    task = ForeignKey(Task, null=False, on_delete=OnDelete.restrict)
    step = SmallInt()
    relaxed = JSONB()
    at = Timestamptz(default=TimestamptzNow())


class Upkeep(Table, tablename="upkeep", db=engine):
    """When what is computed off the hot path last ran to its end."""

    name = Varchar(length=60, primary_key=True)
    ran_at = Timestamptz(default=TimestamptzNow())


class Declined(Table, tablename="declined", db=engine):
    """Who handed a task back and should not be given it again; with `slot`, who had a part in that place, and so in no other."""

    id = UUID(primary_key=True)
    task = ForeignKey(Task, null=False, on_delete=OnDelete.restrict)
    annotator = ForeignKey(Annotator, null=False, on_delete=OnDelete.restrict)
    slot = ForeignKey(Slot, null=True, on_delete=OnDelete.restrict, default=None)
    reason = Text(default="")
    at = Timestamptz(default=TimestamptzNow())
    declined_once = Unique([task, annotator])


class Draft(Table, tablename="draft", db=engine):
    """Unsent work of an assignment; survives the lease. `version` is what If-Match is compared with."""

    assignment = ForeignKey(Assignment, primary_key=True, null=False, on_delete=OnDelete.restrict)
    version = Integer(default=1)
    payload = JSONB()
    saved_at = Timestamptz(default=TimestamptzNow())


class Submission(Table, tablename="submission", db=engine):
    """Work as it was handed in. Never changed; a correction stands in the verdict."""

    id = UUID(primary_key=True)
    assignment = ForeignKey(Assignment, null=False, on_delete=OnDelete.restrict)
    slot = ForeignKey(Slot, null=False, on_delete=OnDelete.restrict)
    task = ForeignKey(Task, null=False, on_delete=OnDelete.restrict)
    project = ForeignKey(Project, null=False, on_delete=OnDelete.restrict)
    author = ForeignKey(Annotator, null=False, on_delete=OnDelete.restrict)
    round = SmallInt(default=1)
    state = Varchar(length=20, default="pending")
    payload = JSONB()
    content_hash = Bytea()
    submitted_at = Timestamptz(default=TimestamptzNow())
    decided_at = Timestamptz(null=True, default=None)
    submission_one_per_assignment = Unique([assignment])
    submission_with_author = Unique([id, author])  # noqa: A003  the column, not the builtin
    submission_known_state = Check("state IN ('pending', 'accepted', 'rework', 'rejected', 'surplus', 'cancelled')")


class Verdict(Table, tablename="verdict", db=engine):
    """What a reviewer decided about one submission at one stage."""

    id = UUID(primary_key=True)
    submission = ForeignKey(Submission, null=False, on_delete=OnDelete.restrict)
    stage = SmallInt(default=1)
    assignment = ForeignKey(Assignment, null=False, on_delete=OnDelete.restrict)
    reviewer = ForeignKey(Annotator, null=False, on_delete=OnDelete.restrict)
    author_id = UUID()
    outcome = Varchar(length=10)
    scores = JSONB()
    reasons = JSONB()
    comment = Text(default="")
    corrected = JSONB(null=True, default=None)
    given_at = Timestamptz(default=TimestamptzNow())
    verdict_one_per_stage = Unique([submission, stage])
    verdict_not_own_work = Check("reviewer <> author_id")
    verdict_known_outcome = Check("outcome IN ('accept', 'fix', 'rework', 'reject')")


class Overturn(Table, tablename="overturn", db=engine):
    """A second look at a verdict, which itself stays as it was given. Append-only; the newest one counts.

    `upheld`: the second look found the same. `outcome` is what counts from then on.
    """

    id = UUID(primary_key=True)
    verdict = ForeignKey(Verdict, null=False, on_delete=OnDelete.restrict)
    outcome = Varchar(length=10)
    upheld = Boolean(default=False)
    scores = JSONB()
    reason = Text()
    decided_by = Varchar(length=200)
    decided_at = Timestamptz(default=TimestamptzNow())
    overturn_known_outcome = Check("outcome IN ('accept', 'fix', 'rework', 'reject')")
    overturn_has_reason = Check("reason <> ''")


class LegalTransition(Table, tablename="legal_transition", db=engine):
    """The drawn edges of every state machine; a trigger refuses any other change of state."""

    id = Integer(primary_key=True)
    entity = Varchar(length=20)
    from_state = Varchar(length=20)
    to_state = Varchar(length=20)
    legal_transition_once = Unique([entity, from_state, to_state])
