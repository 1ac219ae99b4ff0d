from datetime import UTC, datetime

from piccolo.columns import JSONB, UUID, BigInt, BigSerial, Bytea, Integer, SmallInt, Text, Timestamptz, Varchar
from piccolo.columns.defaults.timestamptz import TimestamptzNow
from piccolo.constraints import Unique
from piccolo.table import Table

from kernel.db import engine

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


class Event(Table, tablename="event", db=engine):
    """What happened, as everybody may hear it: the feed, the live pages and the webhooks. Append-only.

    A further column `xid` (the writing transaction) is added in SQL: a reader stops at the oldest running transaction,
    because rows do not become visible in the order of `seq`.
    """

    seq = BigSerial(primary_key=True)
    id = UUID(unique=True)
    type = Varchar(length=80)
    project_id = UUID(null=True, default=None)
    subject_id = UUID(null=True, default=None)
    vendor_id = UUID(null=True, default=None)
    data = JSONB()
    occurred_at = Timestamptz(default=TimestamptzNow())


class Job(Table, tablename="job", db=engine):
    """Work that must follow a transaction. The row is the record; a message in the queue is only a nudge."""

    id = UUID(primary_key=True)
    name = Varchar(length=80)
    key = Varchar(length=200, null=True, default=None)
    payload = JSONB()
    due_at = Timestamptz(default=TimestamptzNow())
    nudged_until = Timestamptz(default=LONG_AGO)
    attempts = SmallInt(default=0)
    last_error = Text(null=True, default=None)
    done_at = Timestamptz(null=True, default=None)
    failed_at = Timestamptz(null=True, default=None)
    created_at = Timestamptz(default=TimestamptzNow())


class IdempotencyKey(Table, tablename="idempotency_key", db=engine):
    """The reply to one request, written in the transaction of its effect."""

    id = BigSerial(primary_key=True)
    actor = Varchar(length=100)
    key = Varchar(length=255)
    request_hash = Bytea()
    status = SmallInt(null=True, default=None)
    body = Bytea(null=True, default=None)
    created_at = Timestamptz(default=TimestamptzNow())
    idempotency_key_once_per_actor = Unique([actor, key])


class AuditEntry(Table, tablename="audit_entry", db=engine):
    """Who changed what, when and why. Append-only; sealed into a hash chain off the hot path. `xid` as in Event.

    `digest` is added in SQL too: a trigger writes the hash of the row's own content.
    """

    seq = BigSerial(primary_key=True)
    at = Timestamptz(default=TimestamptzNow())
    actor = Varchar(length=100)
    action = Varchar(length=80)
    subject_type = Varchar(length=40)
    subject_id = Varchar(length=80)
    before = JSONB(null=True, default=None)
    after = JSONB(null=True, default=None)
    reason = Text(null=True, default=None)


class AuditSeal(Table, tablename="audit_seal", db=engine):
    """One link of the chain: the hash over the previous link and the rows between two positions.

    `leaves` says which rows, with the digest of each; links from before it was kept have none.
    """

    n = BigInt(primary_key=True)
    from_xid = BigInt()
    from_seq = BigInt()
    to_xid = BigInt()
    to_seq = BigInt()
    rows = Integer()
    leaves = Bytea(null=True, default=None)
    previous_hash = Bytea()
    hash = Bytea()
    sealed_at = Timestamptz(default=TimestamptzNow())


class SchedulerFiring(Table, tablename="scheduler_firing", db=engine):
    """A clock job fires once per time slot, however many clocks believe that they lead."""

    id = BigSerial(primary_key=True)
    job = Varchar(length=80)
    slot = Timestamptz()
    fired_at = Timestamptz(default=TimestamptzNow())
    scheduler_firing_once_per_slot = Unique([job, slot])
