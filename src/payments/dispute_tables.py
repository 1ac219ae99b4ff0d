from piccolo.columns import UUID, BigInt, ForeignKey, Integer, Text, Timestamptz, Varchar
from piccolo.columns.base import OnDelete
from piccolo.columns.defaults.timestamptz import TimestamptzNow
from piccolo.constraints import Check, Unique
from piccolo.table import Table

from kernel.db import engine
from payments.tables import Adjustment
from routing.tables import Project
from skills.tables import Annotator


class BudgetNotice(Table, tablename="budget_notice", db=engine):
    """That a share of a budget was reached, told once: for each share, and again after the budget has grown. Append-only."""

    id = UUID(primary_key=True)
    project = ForeignKey(Project, null=False, on_delete=OnDelete.restrict)
    currency = Varchar(length=3)
    threshold = Integer()
    funded_micros = BigInt()
    used_percent = Integer()
    left_micros = BigInt()
    runs_out_at = Timestamptz(null=True, default=None)
    told_at = Timestamptz(default=TimestamptzNow())
    budget_notice_once = Unique([project, currency, threshold, funded_micros])


class PayDispute(Table, tablename="pay_dispute", db=engine):
    """Somebody's word against a line of their earnings, or that there is none. What it says never changes; a person who did not cause
    the line answers by its date.
    """

    id = UUID(primary_key=True)
    kind = Varchar(length=10)
    project = ForeignKey(Project, null=False, on_delete=OnDelete.restrict)
    annotator = ForeignKey(Annotator, null=False, on_delete=OnDelete.restrict)
    line = BigInt(null=True, default=None)
    assignment_id = UUID(null=True, default=None)
    currency = Varchar(length=3)
    line_micros = BigInt(default=0)
    wanted_micros = BigInt(null=True, default=None)
    reason = Text()
    state = Varchar(length=10, default="open")
    opened_at = Timestamptz(default=TimestamptzNow())
    due_at = Timestamptz()
    overdue_at = Timestamptz(null=True, default=None)
    decided_at = Timestamptz(null=True, default=None)
    decided_by = Varchar(length=100, null=True, default=None)
    answer = Varchar(length=20, default="")
    decision = Text(default="")
    adjustment = ForeignKey(Adjustment, null=True, default=None, on_delete=OnDelete.restrict)
    pay_dispute_known_kind = Check("kind IN ('posted', 'voided', 'held', 'missing')")
    pay_dispute_known_state = Check("state IN ('open', 'upheld', 'refused', 'withdrawn')")
    pay_dispute_about_something = Check(
        "(kind = 'missing') = (line IS NULL) AND (line IS NOT NULL OR assignment_id IS NOT NULL)"
    )
    pay_dispute_has_reason = Check("reason <> ''")
    pay_dispute_wants_something = Check("wanted_micros > 0")
    pay_dispute_is_answered = Check(
        "(state IN ('upheld', 'refused')) = (answer <> '') AND (state = 'open') = (decided_at IS NULL)"
    )
    pay_dispute_right_is_paid = Check(
        "(state = 'upheld' OR adjustment IS NULL) AND (state <> 'upheld' OR kind = 'held' OR adjustment IS NOT NULL)"
    )
