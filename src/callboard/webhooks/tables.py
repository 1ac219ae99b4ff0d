from piccolo.columns import JSONB, UUID, BigInt, BigSerial, Bytea, ForeignKey, Integer, SmallInt, Timestamptz, Varchar
from piccolo.columns.base import OnDelete
from piccolo.columns.defaults.timestamptz import TimestamptzNow
from piccolo.table import Table

from kernel.db import engine
from kernel.tables import LONG_AGO
from skills.tables import Vendor


class Webhook(Table, tablename="webhook", db=engine):
    """An address that hears of events. `position_*` is the last event that it has taken, or that does not concern it.

    Whoever sends holds `lease_id` until `leased_until`; a replay and a change raise `revision`, so that what was under
    way then does not move the position. Until `old_secret_until` the secret before this one signs as well.
    """

    id = UUID(primary_key=True)
    name = Varchar(length=120)
    url = Varchar(length=500)
    types = JSONB()
    vendor = ForeignKey(Vendor, null=True, default=None, on_delete=OnDelete.restrict)
    secret_sealed = Bytea()
    old_secret_sealed = Bytea(null=True, default=None)
    old_secret_until = Timestamptz(null=True, default=None)
    state = Varchar(length=10, default="active")
    position_xid = BigInt()
    position_seq = BigInt()
    revision = Integer(default=0)
    failures = SmallInt(default=0)
    last_status = SmallInt(null=True, default=None)
    last_fault = Varchar(length=20, null=True, default=None)
    last_tried_at = Timestamptz(null=True, default=None)
    delivered_at = Timestamptz(null=True, default=None)
    next_try_at = Timestamptz(default=TimestamptzNow())
    lease_id = UUID(null=True, default=None)
    leased_until = Timestamptz(default=LONG_AGO)
    made_by = Varchar(length=100)
    created_at = Timestamptz(default=TimestamptzNow())


class WebhookTry(Table, tablename="webhook_try", db=engine):
    """One request to a webhook and what came of it; kept for days."""

    id = BigSerial(primary_key=True)
    webhook = ForeignKey(Webhook, null=False, on_delete=OnDelete.cascade)
    event_id = UUID()
    event_type = Varchar(length=80)
    event_xid = BigInt()
    event_seq = BigInt()
    n = SmallInt()
    status = SmallInt(null=True, default=None)
    fault = Varchar(length=20, null=True, default=None)
    took_ms = Integer()
    at = Timestamptz(default=TimestamptzNow())
