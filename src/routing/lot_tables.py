"""Lots of accepted work, what is in them, and the looks at their samples."""

from piccolo.columns import (
    JSONB,
    UUID,
    Boolean,
    Bytea,
    DoublePrecision,
    ForeignKey,
    Integer,
    Text,
    Timestamptz,
    Varchar,
)
from piccolo.columns.base import OnDelete
from piccolo.columns.defaults.timestamptz import TimestamptzNow
from piccolo.constraints import Check, Unique
from piccolo.table import Table

from kernel.db import engine
from routing.tables import Project, Submission
from skills.tables import Annotator


class Lot(Table, tablename="lot", db=engine):
    """Accepted work of a project that is accepted, or sent back, as a whole, by a sample."""

    id = UUID(primary_key=True)
    project = ForeignKey(Project, null=False, on_delete=OnDelete.restrict)
    name = Varchar(length=120)
    filter = JSONB()
    level = Varchar(length=3)
    aql = DoublePrecision()
    size = Integer()
    letter = Varchar(length=1)
    sample = Integer()
    accept = Integer()
    digest = Bytea()
    inspectors = JSONB(default="{}")
    state = Varchar(length=10, default="open")
    reason = Text(default="")
    created_by = Varchar(length=200)
    created_at = Timestamptz(default=TimestamptzNow())
    decided_at = Timestamptz(null=True, default=None)
    rework_at = Timestamptz(null=True, default=None)
    rework_by = Varchar(length=200, null=True, default=None)
    rework_reason = Text(default="")
    lot_known_state = Check("state IN ('open', 'accepted', 'sent_back', 'withdrawn')")
    lot_known_level = Check("level IN ('S-1', 'S-2', 'S-3', 'S-4', 'I', 'II', 'III')")
    lot_sane_plan = Check("size >= 2 AND sample BETWEEN 1 AND size AND accept >= 0")
    lot_decided = Check("(state = 'open') = (decided_at IS NULL)")
    lot_sent_back_has_reason = Check("state NOT IN ('sent_back', 'withdrawn') OR reason <> ''")
    lot_rework_of_sent_back = Check("rework_at IS NULL OR (state = 'sent_back' AND rework_reason <> '')")


class LotMember(Table, tablename="lot_member", db=engine):
    """A piece of a lot, frozen when the lot is made. `place`: of the sample, in the order of the looks.

    `live` ends when the lot is sent back: then the piece may be in another one.
    """

    id = UUID(primary_key=True)
    lot = ForeignKey(Lot, null=False, on_delete=OnDelete.restrict)
    submission = ForeignKey(Submission, null=False, on_delete=OnDelete.restrict)
    place = Integer(null=True, default=None)
    live = Boolean(default=True)
    lot_member_once = Unique([lot, submission])
    lot_member_place_once = Unique([lot, place])


class LotLook(Table, tablename="lot_look", db=engine):
    """What somebody found who neither made nor reviewed the piece. Append-only."""

    id = UUID(primary_key=True)
    lot = ForeignKey(Lot, null=False, on_delete=OnDelete.restrict)
    member = ForeignKey(LotMember, null=False, on_delete=OnDelete.restrict)
    outcome = Varchar(length=10)
    reason = Text(default="")
    inspector = Varchar(length=200)
    role = Varchar(length=20)
    annotator = ForeignKey(Annotator, null=True, default=None, on_delete=OnDelete.restrict)
    looked_at = Timestamptz(default=TimestamptzNow())
    lot_look_once = Unique([member])
    lot_look_known_outcome = Check("outcome IN ('good', 'defect')")
    lot_look_defect_has_reason = Check("outcome = 'good' OR reason <> ''")
