"""What shows how good reviewers are: second looks without consequences, sets of known verdicts, and what adjudicators decided."""

from piccolo.columns import JSONB, UUID, DoublePrecision, ForeignKey, SmallInt, Text, Timestamptz, Varchar
from piccolo.columns.base import OnDelete
from piccolo.columns.defaults.timestamptz import TimestamptzNow
from piccolo.constraints import Check, Unique
from piccolo.table import Table

from kernel.db import engine
from routing.tables import Assignment, Project, Slot, Submission, Task, Verdict
from skills.tables import Annotator


class CalibrationSet(Table, tablename="calibration_set", db=engine):
    """Decided work whose right verdict is known, given to reviewers among their ordinary reviews."""

    id = UUID(primary_key=True)
    project = ForeignKey(Project, null=False, on_delete=OnDelete.restrict)
    name = Varchar(length=120)
    note = Text()
    share = DoublePrecision(default=0.05)
    state = Varchar(length=10, default="active")
    created_by = Varchar(length=200)
    created_at = Timestamptz(default=TimestamptzNow())
    retired_at = Timestamptz(null=True, default=None)
    calibration_set_known_state = Check("state IN ('active', 'retired')")
    calibration_set_sane_share = Check("share > 0 AND share <= 0.5")
    calibration_set_retired = Check("(state = 'active') = (retired_at IS NULL)")


class CalibrationItem(Table, tablename="calibration_item", db=engine):
    """A piece of a set, as the stage saw it, with the verdict that is right. Never changed."""

    id = UUID(primary_key=True)
    set = ForeignKey(CalibrationSet, null=False, on_delete=OnDelete.restrict)
    submission = ForeignKey(Submission, null=False, on_delete=OnDelete.restrict)
    verdict = ForeignKey(Verdict, null=False, on_delete=OnDelete.restrict)
    outcome = Varchar(length=10)
    calibration_item_once = Unique([set, submission])  # noqa: A003  the column, not the builtin
    calibration_item_known_outcome = Check("outcome IN ('accept', 'fix', 'rework', 'reject')")


class MeasuredLook(Table, tablename="measured_look", db=engine):
    """A look that decides nothing about the work: `double` beside a verdict that its reviewer does not know of, or at a
    piece of a set (`calibration`). What was said stands here, and not among the verdicts.
    """

    id = UUID(primary_key=True)
    kind = Varchar(length=12)
    project = ForeignKey(Project, null=False, on_delete=OnDelete.restrict)
    submission = ForeignKey(Submission, null=False, on_delete=OnDelete.restrict)
    verdict = ForeignKey(Verdict, null=False, on_delete=OnDelete.restrict)
    item = ForeignKey(CalibrationItem, null=True, default=None, on_delete=OnDelete.restrict)
    slot = ForeignKey(Slot, null=False, on_delete=OnDelete.restrict)
    assignment = ForeignKey(Assignment, null=True, default=None, on_delete=OnDelete.restrict)
    reviewer = ForeignKey(Annotator, null=True, default=None, on_delete=OnDelete.restrict)
    outcome = Varchar(length=10, null=True, default=None)
    scores = JSONB()
    reasons = JSONB()
    comment = Text(default="")
    corrected = JSONB(null=True, default=None)
    likeness = DoublePrecision(null=True, default=None)
    placed_at = Timestamptz(default=TimestamptzNow())
    given_at = Timestamptz(null=True, default=None)
    measured_look_of_slot = Unique([slot])
    measured_look_known_kind = Check(
        "kind IN ('double', 'calibration') AND (kind = 'calibration') = (item IS NOT NULL)"
    )
    measured_look_given = Check(
        "(given_at IS NULL) = (outcome IS NULL) AND (given_at IS NULL) = (reviewer IS NULL) "
        "AND (given_at IS NULL) = (assignment IS NULL) AND (given_at IS NULL) = (likeness IS NULL)"
    )
    measured_look_known_outcome = Check("outcome IN ('accept', 'fix', 'rework', 'reject')")


class Adjudication(Table, tablename="adjudication", db=engine):
    """What somebody decided who saw all answers to a task that stayed unclear, and why. Append-only."""

    id = UUID(primary_key=True)
    task = ForeignKey(Task, null=False, on_delete=OnDelete.restrict)
    project = ForeignKey(Project, null=False, on_delete=OnDelete.restrict)
    assignment = ForeignKey(Assignment, null=False, on_delete=OnDelete.restrict)
    adjudicator = ForeignKey(Annotator, null=False, on_delete=OnDelete.restrict)
    label = Text()
    reason = Text()
    answers = SmallInt(default=0)
    decided_at = Timestamptz(default=TimestamptzNow())
    adjudication_once = Unique([assignment])
    adjudication_has_reason = Check("reason <> '' AND label <> ''")
