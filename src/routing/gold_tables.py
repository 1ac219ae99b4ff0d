"""Tasks with known answers, who was given which, what came of it, and who doubts a key."""

from typing import Any

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
from routing.tables import Project, Submission, Task
from skills.tables import Annotator, Domain


class GoldRule(Table, tablename="gold_rule", db=engine):
    """How much gold a project mixes in, and whether whoever met one hears of it."""

    project = ForeignKey(Project, primary_key=True, null=False, on_delete=OnDelete.restrict)
    enabled = Boolean(default=False)
    feedback = Boolean(default=False)
    newcomer_share = DoublePrecision()
    newcomer_tasks = SmallInt()
    share = DoublePrecision()
    version = Integer(default=1)
    changed_at = Timestamptz(default=TimestamptzNow())
    gold_rule_sane = Check(
        "newcomer_share BETWEEN 0 AND 0.5 AND share BETWEEN 0 AND 0.5 AND newcomer_tasks BETWEEN 0 AND 1000"
    )


class GoldRate(Table, tablename="gold_rate", db=engine):
    """Another share than the project's for one person, and why."""

    id = UUID(primary_key=True)
    project = ForeignKey(Project, null=False, on_delete=OnDelete.restrict)
    annotator = ForeignKey(Annotator, null=False, on_delete=OnDelete.restrict)
    share = DoublePrecision()
    reason = Text()
    set_by = Varchar(length=200)
    set_at = Timestamptz(default=TimestamptzNow())
    gold_rate_once = Unique([project, annotator])
    gold_rate_sane = Check("share BETWEEN 0 AND 0.5 AND reason <> ''")


class Gold(Table, tablename="gold", db=engine):
    """A task whose right answer is known. What people are given is a copy of it: a task of its own each time."""

    id = UUID(primary_key=True)
    project = ForeignKey(Project, null=False, on_delete=OnDelete.restrict)
    name = Varchar(length=200)
    kind = Varchar(length=40)
    domain = ForeignKey(Domain, null=False, on_delete=OnDelete.restrict)
    language = Varchar(length=35)
    band = SmallInt()
    difficulty_mean = DoublePrecision()
    difficulty_variance = DoublePrecision()
    payload = JSONB()
    key = JSONB()
    version = Integer(default=1)
    state = Varchar(length=10, default="active")
    origin = Varchar(length=10)
    source_task: "ForeignKey[Any]" = ForeignKey(Task, null=True, default=None, on_delete=OnDelete.restrict)
    note = Text(default="")
    created_by = Varchar(length=200)
    created_at = Timestamptz(default=TimestamptzNow())
    gold_once_per_project = Unique([project, name])
    gold_known_state = Check("state IN ('active', 'retired', 'contested')")
    gold_known_origin = Check("origin IN ('task', 'import', 'form') AND (origin = 'task') = (source_task IS NOT NULL)")
    gold_sane_band = Check("band BETWEEN 1 AND 5")


class GoldVersion(Table, tablename="gold_version", db=engine):
    """Every key that a gold had, by whom and why. Append-only."""

    id = UUID(primary_key=True)
    gold = ForeignKey(Gold, null=False, on_delete=OnDelete.restrict)
    version = Integer()
    key = JSONB()
    reason = Text(default="")
    written_by = Varchar(length=200)
    written_at = Timestamptz(default=TimestamptzNow())
    gold_version_once = Unique([gold, version])


class GoldServing(Table, tablename="gold_serving", db=engine):
    """That somebody was given this gold, as which task, and what came of it; never the same one twice."""

    id = UUID(primary_key=True)
    gold = ForeignKey(Gold, null=False, on_delete=OnDelete.restrict)
    annotator = ForeignKey(Annotator, null=False, on_delete=OnDelete.restrict)
    task = ForeignKey(Task, null=False, on_delete=OnDelete.restrict)
    served_at = Timestamptz(default=TimestamptzNow())
    submission: "ForeignKey[Any]" = ForeignKey(Submission, null=True, default=None, on_delete=OnDelete.restrict)
    handed_in_at = Timestamptz(null=True, default=None)
    passes_at = Timestamptz(null=True, default=None)
    share = DoublePrecision(null=True, default=None)
    met = Boolean(null=True, default=None)
    expected = DoublePrecision(null=True, default=None)
    seconds = Integer(null=True, default=None)
    key_version = Integer(null=True, default=None)
    shown = Boolean(default=False)
    gold_never_twice = Unique([gold, annotator])
    gold_serving_of_task = Unique([task])
    gold_serving_of_submission = Unique([submission])
    gold_serving_scored = Check(
        "(submission IS NULL) = (share IS NULL) AND (share IS NULL) = (met IS NULL) AND (share IS NULL) = (key_version IS NULL)"
    )
    gold_serving_sane_share = Check("share IS NULL OR share BETWEEN 0 AND 1")


class GoldDue(Table, tablename="gold_due", db=engine):
    """Whose next task in a project is to be gold; drawn when they handed in the one before."""

    id = UUID(primary_key=True)
    annotator = ForeignKey(Annotator, null=False, on_delete=OnDelete.restrict)
    project = ForeignKey(Project, null=False, on_delete=OnDelete.restrict)
    drawn_at = Timestamptz(default=TimestamptzNow())
    gold_due_once = Unique([annotator, project])


class GoldContest(Table, tablename="gold_contest", db=engine):
    """A doubt about a key, and what was decided."""

    id = UUID(primary_key=True)
    gold = ForeignKey(Gold, null=False, on_delete=OnDelete.restrict)
    annotator = ForeignKey(Annotator, null=True, default=None, on_delete=OnDelete.restrict)
    opened_by = Varchar(length=200)
    automatic = Boolean(default=False)
    reason = Text()
    state = Varchar(length=10, default="open")
    opened_at = Timestamptz(default=TimestamptzNow())
    due_at = Timestamptz()
    told_at = Timestamptz(null=True, default=None)
    decided_by = Varchar(length=200, null=True, default=None)
    decided_at = Timestamptz(null=True, default=None)
    decision = Text(default="")
    gold_contest_known_state = Check("state IN ('open', 'upheld', 'corrected')")
    gold_contest_has_reason = Check("reason <> ''")
    gold_contest_decided = Check("(state = 'open') = (decided_at IS NULL) AND (state = 'open' OR decision <> '')")
    gold_contest_by_another = Check("decided_by IS DISTINCT FROM opened_by")
