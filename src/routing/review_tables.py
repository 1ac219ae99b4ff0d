"""Who looks at work, by which plan, and what was decided about each look; holds on reviewers, and disputes."""

from piccolo.columns import (
    JSONB,
    UUID,
    Boolean,
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
from routing.tables import Project, Submission, Verdict
from skills.tables import Annotator


class ReviewPlan(Table, tablename="review_plan", db=engine):
    """A version of how a project's work is reviewed. Never changed; version 0, one look at everything, is not stored."""

    id = UUID(primary_key=True)
    project = ForeignKey(Project, null=False, on_delete=OnDelete.restrict)
    version = Integer(default=1)
    stages = JSONB()
    adjudicator = JSONB(null=True, default=None)
    note = Text()
    created_by = Varchar(length=200)
    created_at = Timestamptz(default=TimestamptzNow())
    review_plan_once = Unique([project, version])


class ReviewPlanActivation(Table, tablename="review_plan_activation", db=engine):
    """Which plan was in force from when on. Append-only; the newest counts."""

    id = UUID(primary_key=True)
    project = ForeignKey(Project, null=False, on_delete=OnDelete.restrict)
    version = Integer(default=0)
    reason = Text()
    activated_by = Varchar(length=200)
    active_from = Timestamptz(default=TimestamptzNow())


class ReviewStep(Table, tablename="review_step", db=engine):
    """What a stage of the plan decided about one submission: looked at or let pass, with which chance, and why."""

    id = UUID(primary_key=True)
    submission = ForeignKey(Submission, null=False, on_delete=OnDelete.restrict)
    project = ForeignKey(Project, null=False, on_delete=OnDelete.restrict)
    stage = SmallInt(default=1)
    plan_version = Integer(default=0)
    looked = Boolean(default=True)
    chance = DoublePrecision(default=1.0)
    reason = JSONB()
    author = ForeignKey(Annotator, null=False, on_delete=OnDelete.restrict)
    domain = Varchar(length=40)
    band = SmallInt(default=3)
    decided_at = Timestamptz(default=TimestamptzNow())
    due_at = Timestamptz(null=True, default=None)
    overdue = Varchar(length=10, default="wait")
    overdue_at = Timestamptz(null=True, default=None)
    review_step_once = Unique([submission, stage])
    review_step_known_overdue = Check("overdue IN ('wait', 'escalate', 'accept')")
    review_step_sane_chance = Check("chance > 0 AND chance <= 1")


class ReviewSampling(Table, tablename="review_sampling", db=engine):
    """What was found so far at an adaptive stage, by author, domain and difficulty; overwritten by the next look."""

    id = UUID(primary_key=True)
    project = ForeignKey(Project, null=False, on_delete=OnDelete.restrict)
    stage = SmallInt(default=1)
    found = JSONB()
    computed_at = Timestamptz(default=TimestamptzNow())
    review_sampling_once = Unique([project, stage])


class ReviewHold(Table, tablename="review_hold", db=engine):
    """Somebody whose rejections jumped past the control limit: no other of theirs moves until a second sample decides."""

    id = UUID(primary_key=True)
    kind = Varchar(length=10)
    subject = Varchar(length=200)
    annotator = ForeignKey(Annotator, null=True, default=None, on_delete=OnDelete.restrict)
    state = Varchar(length=10, default="open")
    figures = JSONB()
    opened_at = Timestamptz(default=TimestamptzNow())
    decided_at = Timestamptz(null=True, default=None)
    decided_by = Varchar(length=200, null=True, default=None)
    reason = Text(default="")
    review_hold_known_kind = Check("kind IN ('reviewer', 'manager', 'frontend')")
    review_hold_known_state = Check("state IN ('open', 'lifted', 'confirmed')")
    review_hold_decided = Check("(state = 'open') = (decided_at IS NULL)")


class HoldSample(Table, tablename="hold_sample", db=engine):
    """A rejection of the one who is held, to be looked at again: upheld or overturned, it says who was right."""

    id = UUID(primary_key=True)
    hold = ForeignKey(ReviewHold, null=False, on_delete=OnDelete.restrict)
    verdict = ForeignKey(Verdict, null=False, on_delete=OnDelete.restrict)
    hold_sample_once = Unique([hold, verdict])


class Dispute(Table, tablename="dispute", db=engine):
    """An author's word against a verdict; a different, better-qualified person decides it by its date."""

    id = UUID(primary_key=True)
    verdict = ForeignKey(Verdict, null=False, on_delete=OnDelete.restrict)
    project = ForeignKey(Project, null=False, on_delete=OnDelete.restrict)
    author = ForeignKey(Annotator, null=False, on_delete=OnDelete.restrict)
    reason = Text()
    state = Varchar(length=12, default="open")
    opened_at = Timestamptz(default=TimestamptzNow())
    due_at = Timestamptz()
    overdue_at = Timestamptz(null=True, default=None)
    decided_at = Timestamptz(null=True, default=None)
    decided_by = Varchar(length=200, null=True, default=None)
    decision = Text(default="")
    dispute_once = Unique([verdict])
    dispute_known_state = Check("state IN ('open', 'upheld', 'overturned', 'withdrawn')")
    dispute_decided = Check("(state = 'open') = (decided_at IS NULL)")
    dispute_has_reason = Check("reason <> ''")
