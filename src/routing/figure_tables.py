"""What decisions go by that was worked out before: policies, who is on shift, how hard work is, what a crowd is worth."""

from piccolo.columns import (
    JSONB,
    BigInt,
    BigSerial,
    Boolean,
    Date,
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
from routing.tables import Project
from skills.tables import Annotator, Domain, Vendor


class DifficultyModel(Table, tablename="difficulty_model", db=engine):
    """One fit of what texts and lanes say of difficulty. Rows stay; the newest active one is used at intake."""

    version = Integer(primary_key=True)
    fitted_at = Timestamptz(default=TimestamptzNow())
    tasks = Integer()
    active = Boolean(default=True)
    model = JSONB()
    error = JSONB()


class PolicyVersion(Table, tablename="policy", db=engine):
    """The weights of the score, as somebody wrote them down once. Append-only; version 0 is what the program comes with."""

    version = Integer(primary_key=True)
    weights = JSONB()
    note = Text()
    created_by = Varchar(length=200)
    created_at = Timestamptz(default=TimestamptzNow())
    policy_real_version = Check("version > 0")
    policy_has_note = Check("note <> ''")


class PolicyActivation(Table, tablename="policy_activation", db=engine):
    """From when on claims are scored by which version. Append-only; the newest one counts, so going back is another row."""

    id = BigInt(primary_key=True)
    version = Integer()
    reason = Text()
    activated_by = Varchar(length=200)
    active_from = Timestamptz(default=TimestamptzNow())
    policy_activation_has_reason = Check("reason <> ''")


class Stock(Table, tablename="stock", db=engine):
    """One row: who is on shift and what they are good for, as `routing.stock` last found it. Claims read it and go on without."""

    id = SmallInt(primary_key=True)
    figures = JSONB()
    taken_at = Timestamptz(default=TimestamptzNow())
    stock_is_one_row = Check("id = 1")


class ConsensusModel(Table, tablename="consensus_model", db=engine):
    """What a project's own answers say of its people; the newest fit alone, it is remade from the answers at any time."""

    project = ForeignKey(Project, primary_key=True, null=False, on_delete=OnDelete.restrict)
    version = Integer()
    fitted_at = Timestamptz(default=TimestamptzNow())
    read_at = Timestamptz(default=TimestamptzNow())
    domains = Integer()
    temperature = DoublePrecision()
    evidence = DoublePrecision()
    people = JSONB()
    found = JSONB()
    consensus_model_sane = Check("version > 0 AND domains >= 0 AND temperature > 0 AND evidence >= 0")


class QualityDay(Table, tablename="quality_day", db=engine):
    """What became of the work that was handed in on a day (UTC), by author, vendor, domain and kind: folded from the rows themselves.

    `stage` 0: the pieces, with the worst that counts of all looks; from 1: what this stage of the plan decided and found.
    """

    id = BigSerial(primary_key=True)
    project = ForeignKey(Project, null=False, on_delete=OnDelete.restrict)
    day = Date()
    author = ForeignKey(Annotator, null=False, on_delete=OnDelete.restrict)
    vendor = ForeignKey(Vendor, null=True, default=None, on_delete=OnDelete.restrict)
    domain = ForeignKey(Domain, null=False, on_delete=OnDelete.restrict)
    kind = Varchar(length=40)
    stage = SmallInt(default=0)
    pieces = Integer(default=0)
    looked = Integer(default=0)
    judged = Integer(default=0)
    first_judged = Integer(default=0)
    first_pass = Integer(default=0)
    accepted = Integer(default=0)
    fixed = Integer(default=0)
    reworked = Integer(default=0)
    rejected = Integer(default=0)
    counted = Integer(default=0)
    unseen = Integer(default=0)
    rounds = Integer(default=0)
    looks = Integer(default=0)
    overturned = Integer(default=0)
    review_micros = BigInt(default=0)
    review_seconds = BigInt(default=0)
    work_micros = BigInt(default=0)


class QualityItem(Table, tablename="quality_item", db=engine):
    """Pieces that were handed in on a day and of which a verdict that counts names a rule; `stage` as in `quality_day`."""

    id = BigSerial(primary_key=True)
    project = ForeignKey(Project, null=False, on_delete=OnDelete.restrict)
    day = Date()
    author = ForeignKey(Annotator, null=False, on_delete=OnDelete.restrict)
    vendor = ForeignKey(Vendor, null=True, default=None, on_delete=OnDelete.restrict)
    domain = ForeignKey(Domain, null=False, on_delete=OnDelete.restrict)
    kind = Varchar(length=40)
    stage = SmallInt(default=0)
    item = Varchar(length=80)
    pieces = Integer(default=0)


class QualityDue(Table, tablename="quality_due", db=engine):
    """Days of a project whose figures are to be folded anew."""

    id = BigSerial(primary_key=True)
    project = ForeignKey(Project, null=False, on_delete=OnDelete.restrict)
    day = Date()
    quality_due_once = Unique([project, day])
