"""Who is there, what was offered to whom, and how much was given to whom on a day."""

from piccolo.columns import JSONB, UUID, BigInt, Date, ForeignKey, Integer, Text, Timestamptz, Varchar
from piccolo.columns.base import OnDelete
from piccolo.columns.defaults.timestamptz import TimestamptzNow
from piccolo.constraints import Check, Unique
from piccolo.table import Table

from kernel.db import engine
from routing.tables import Assignment, Project, Slot, Task
from skills.tables import Annotator


class Presence(Table, tablename="presence", db=engine):
    """What somebody said last of being there. What it means now is worked out when it is read: `available` ends by itself."""

    annotator = ForeignKey(Annotator, primary_key=True, null=False, on_delete=OnDelete.restrict)
    state = Varchar(length=10)
    since = Timestamptz(default=TimestamptzNow())
    last_seen = Timestamptz(default=TimestamptzNow())
    reason = Text(default="")
    presence_known_state = Check("state IN ('available', 'break', 'draining', 'offline')")


class Offer(Table, tablename="offer", db=engine):
    """A place that was offered to somebody at a price. It holds nothing: who accepts first has it, until it expires."""

    id = UUID(primary_key=True)
    batch = UUID()
    slot = ForeignKey(Slot, null=False, on_delete=OnDelete.restrict)
    task = ForeignKey(Task, null=False, on_delete=OnDelete.restrict)
    project = ForeignKey(Project, null=False, on_delete=OnDelete.restrict)
    annotator = ForeignKey(Annotator, null=False, on_delete=OnDelete.restrict)
    state = Varchar(length=10, default="open")
    price_micros = BigInt()
    currency = Varchar(length=3)
    price_inputs = JSONB()
    made_by = Varchar(length=200)
    offered_at = Timestamptz(default=TimestamptzNow())
    expires_at = Timestamptz()
    closed_at = Timestamptz(null=True, default=None)
    reason = Text(default="")
    not_before = Timestamptz(null=True, default=None)
    assignment = ForeignKey(Assignment, null=True, default=None, on_delete=OnDelete.restrict)
    offer_known_state = Check("state IN ('open', 'accepted', 'declined', 'timed_out', 'rescinded')")
    offer_accepted_is_held = Check("(state = 'accepted') = (assignment IS NOT NULL)")
    offer_closed_once = Check("(state = 'open') = (closed_at IS NULL)")


class Given(Table, tablename="given", db=engine):
    """How many tasks somebody was given on a day, kept where a cap asks for it: the claim's own statement adds one.

    `project` is the zero id for what counts over all projects. The assignments that were counted name the day.
    """

    id = UUID(primary_key=True)
    annotator = ForeignKey(Annotator, null=False, on_delete=OnDelete.restrict)
    project = UUID()
    day = Date()
    tasks = Integer(default=0)
    given_once_a_day = Unique([annotator, project, day])
    given_counts_up = Check("tasks >= 0")
