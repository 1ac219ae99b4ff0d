"""Who is there, and what was offered to whom."""

from piccolo.columns import ForeignKey, Text, Timestamptz, Varchar
from piccolo.columns.base import OnDelete
from piccolo.columns.defaults.timestamptz import TimestamptzNow
from piccolo.constraints import Check
from piccolo.table import Table

from kernel.db import engine
from skills.tables import Annotator


class Presence(Table, tablename="presence", db=engine):
    """What somebody said last of being there. What it means now is worked out when it is read: `available` ends by itself."""

    annotator = ForeignKey(Annotator, primary_key=True, null=False, on_delete=OnDelete.restrict)
    state = Varchar(length=10)
    since = Timestamptz(default=TimestamptzNow())
    last_seen = Timestamptz(default=TimestamptzNow())
    reason = Text(default="")
    presence_known_state = Check("state IN ('available', 'break', 'draining', 'offline')")
