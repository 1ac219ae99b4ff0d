from piccolo.columns import JSONB, UUID, ForeignKey, Integer, Text, Timestamptz, Varchar
from piccolo.columns.base import OnDelete
from piccolo.columns.defaults.timestamptz import TimestamptzNow
from piccolo.constraints import Check
from piccolo.table import Table

from kernel.db import engine
from skills.tables import Annotator, Domain


class StandingRule(Table, tablename="standing_rule", db=engine):
    """When `condition` holds of somebody, `action` follows, with a reason that they read. An edit is a new version."""

    id = UUID(primary_key=True)
    name = Varchar(length=120, unique=True)
    condition = JSONB()
    action = Varchar(length=20)
    domain = ForeignKey(Domain, null=True, default=None, on_delete=OnDelete.restrict)
    reason_en = Text()
    reason_zh = Text()
    lasts_days = Integer(null=True, default=None)
    state = Varchar(length=10, default="on")
    version = Integer(default=1)
    created_at = Timestamptz(default=TimestamptzNow())
    changed_at = Timestamptz(default=TimestamptzNow())
    standing_rule_known_action = Check("action IN ('pause', 'require_exam', 'ask_manager')")
    standing_rule_known_state = Check("state IN ('on', 'off')")
    standing_rule_sane_time = Check("lasts_days IS NULL OR lasts_days BETWEEN 1 AND 3650")


class Standing(Table, tablename="standing", db=engine):
    """What a rule (or a manager, where `rule` is empty) brought about for somebody: from when, until when, and why."""

    id = UUID(primary_key=True)
    annotator = ForeignKey(Annotator, null=False, on_delete=OnDelete.restrict)
    rule = ForeignKey(StandingRule, null=True, default=None, on_delete=OnDelete.restrict)
    rule_version = Integer(null=True, default=None)
    domain = ForeignKey(Domain, null=True, default=None, on_delete=OnDelete.restrict)
    action = Varchar(length=20)
    reason_en = Text()
    reason_zh = Text()
    measured = JSONB()
    evidence_id = UUID(null=True, default=None)
    imposed_by = Varchar(length=200)
    state = Varchar(length=10, default="active")
    started_at = Timestamptz(default=TimestamptzNow())
    ends_at = Timestamptz(null=True, default=None)
    ended_at = Timestamptz(null=True, default=None)
    end_reason = Text(null=True, default=None)
    ended_by = Varchar(length=200, null=True, default=None)
    appeal_text = Text(null=True, default=None)
    appealed_at = Timestamptz(null=True, default=None)
    appeal_state = Varchar(length=10, null=True, default=None)
    appeal_answer = Text(null=True, default=None)
    appeal_decided_by = Varchar(length=200, null=True, default=None)
    appeal_decided_at = Timestamptz(null=True, default=None)
    standing_known_action = Check("action IN ('pause', 'require_exam', 'ask_manager')")
    standing_known_state = Check("state IN ('active', 'ended', 'lifted', 'withdrawn')")
    standing_ends_with_reason = Check(
        "(state = 'active') = (ended_at IS NULL) AND (state = 'active') = (end_reason IS NULL)"
    )
    standing_known_appeal = Check("appeal_state IS NULL OR appeal_state IN ('open', 'granted', 'refused')")
    standing_whole_appeal = Check(
        "(appeal_state IS NULL) = (appeal_text IS NULL) AND (appeal_state IS NULL) = (appealed_at IS NULL)"
    )
    standing_answered_appeal = Check("(coalesce(appeal_state, 'open') = 'open') = (appeal_decided_at IS NULL)")
