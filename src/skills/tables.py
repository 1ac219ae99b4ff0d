from piccolo.columns import (
    UUID,
    BigInt,
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


class Vendor(Table, tablename="vendor", db=engine):
    """A company that brings people; its managers see only their own people, work and money."""

    id = UUID(primary_key=True)
    name = Varchar(length=120, unique=True)
    created_at = Timestamptz(default=TimestamptzNow())


class Domain(Table, tablename="domain", db=engine):
    """A field of knowledge; children belong to a parent."""

    code = Varchar(length=40, primary_key=True)
    parent_code = Varchar(length=40, null=True, default=None)
    name_en = Varchar(length=80)
    name_zh = Varchar(length=80)
    description_en = Text(default="")
    description_zh = Text(default="")
    position = SmallInt(default=0)
    archived = Boolean(default=False)
    version = Integer(default=1)


class Level(Table, tablename="level", db=engine):
    """What 1 to 5 mean in words, on each of the two scales."""

    code = Varchar(length=20, primary_key=True)
    scale = Varchar(length=10)
    level = SmallInt()
    name_en = Varchar(length=80)
    name_zh = Varchar(length=80)
    description_en = Text(default="")
    description_zh = Text(default="")
    version = Integer(default=1)
    level_once = Unique([scale, level])
    level_known_scale = Check("scale IN ('skill', 'language')")
    level_in_range = Check("level BETWEEN 1 AND 5")


class Role(Table, tablename="role", db=engine):
    """A part somebody may play: annotator, reviewer, and whatever else an operation names."""

    code = Varchar(length=40, primary_key=True)
    name_en = Varchar(length=80)
    name_zh = Varchar(length=80)
    description_en = Text(default="")
    description_zh = Text(default="")
    position = SmallInt(default=0)
    archived = Boolean(default=False)
    version = Integer(default=1)


class TaskKind(Table, tablename="task_kind", db=engine):
    """A kind of work. Where `own_skill`, people are believed to be good at it apart from how well they know the domain."""

    code = Varchar(length=40, primary_key=True)
    name_en = Varchar(length=80)
    name_zh = Varchar(length=80)
    own_skill = Boolean(default=False)
    version = Integer(default=1)


class Annotator(Table, tablename="annotator", db=engine):
    """A person who works. Names are kept here and nowhere else; everything refers to the id."""

    id = UUID(primary_key=True)
    external_id = Varchar(length=120, null=True, default=None, unique=True)
    display_name = Varchar(length=120)
    vendor = ForeignKey(Vendor, null=True, default=None, on_delete=OnDelete.restrict)
    state = Varchar(length=20, default="active")
    state_reason = Text(null=True, default=None)
    capacity = SmallInt(default=3)
    cap_per_day = Integer(null=True, default=None)
    currency = Varchar(length=3, null=True, default=None)
    created_at = Timestamptz(default=TimestamptzNow())
    annotator_known_state = Check("state IN ('active', 'paused', 'left')")
    annotator_sane_capacity = Check("capacity BETWEEN 1 AND 50")
    annotator_sane_cap = Check("cap_per_day IS NULL OR cap_per_day BETWEEN 1 AND 1000")


class AnnotatorRole(Table, tablename="annotator_role", db=engine):
    """A role that somebody holds: in one project, or everywhere where `project_id` is empty."""

    id = UUID(primary_key=True)
    annotator = ForeignKey(Annotator, null=False, on_delete=OnDelete.restrict)
    role = Varchar(length=40)
    project_id = UUID(null=True, default=None)
    granted_by = Varchar(length=200, default="")
    granted_at = Timestamptz(default=TimestamptzNow())


class AnnotatorLanguage(Table, tablename="annotator_language", db=engine):
    """BCP 47 tag with a level from 1 (reads it) to 5 (writes it natively)."""

    id = UUID(primary_key=True)
    annotator = ForeignKey(Annotator, null=False, on_delete=OnDelete.restrict)
    language = Varchar(length=35)
    level = SmallInt()
    annotator_language_once = Unique([annotator, language])
    annotator_language_sane_level = Check("level BETWEEN 1 AND 5")


class Skill(Table, tablename="skill", db=engine):
    """The belief about one person in one domain (and one task kind, where it has a skill of its own): normal on the logit scale. Recomputable from the evidence.

    `mean` and `variance` are the belief as of `updated_at`. The other columns are what was learned in this domain itself
    (`skills.hierarchy.Local`), from which the belief at any later time is worked out together with the other domains.
    """

    id = UUID(primary_key=True)
    annotator = ForeignKey(Annotator, null=False, on_delete=OnDelete.restrict)
    domain = ForeignKey(Domain, null=False, on_delete=OnDelete.restrict)
    task_kind = Varchar(length=40, default="")
    mean = DoublePrecision()
    variance = DoublePrecision()
    evidence_count = Integer(default=0)
    updated_at = Timestamptz(default=TimestamptzNow())
    own_precision = DoublePrecision(default=0.0)
    own_shift = DoublePrecision(default=0.0)
    anchor_mean = DoublePrecision(null=True, default=None)
    anchor_variance = DoublePrecision(null=True, default=None)
    edge_mean = DoublePrecision(null=True, default=None)
    edge_variance = DoublePrecision(null=True, default=None)
    skill_once_per_kind = Unique([annotator, domain, task_kind])
    skill_real_variance = Check("variance > 0")


class Evidence(Table, tablename="evidence", db=engine):
    """One observation about a person's skill. Immutable; a correction retracts the row and adds another.

    A retraction is a row too: `retracts` names the row that no longer counts, `reason` says why. `revision` counts the
    corrections of one source, so that the same verdict may speak again, and a replay of it still adds nothing.
    """

    id = UUID(primary_key=True)
    annotator = ForeignKey(Annotator, null=False, on_delete=OnDelete.restrict)
    domain = ForeignKey(Domain, null=False, on_delete=OnDelete.restrict)
    task_kind = Varchar(length=40, default="")
    kind = Varchar(length=30)
    outcome = DoublePrecision(null=True, default=None)
    difficulty_mean = DoublePrecision(null=True, default=None)
    difficulty_variance = DoublePrecision(null=True, default=None)
    belief_mean = DoublePrecision(null=True, default=None)
    belief_variance = DoublePrecision(null=True, default=None)
    weight = DoublePrecision(default=1.0)
    source_type = Varchar(length=40)
    source_id = UUID()
    retracts = UUID(null=True, default=None, unique=True)
    reason = Text(null=True, default=None)
    revision = SmallInt(default=0)
    observed_at = Timestamptz(default=TimestamptzNow())
    evidence_once_per_revision = Unique([annotator, domain, kind, source_id, revision])
    evidence_known_kind = Check(
        "kind IN ('assessment', 'review_verdict', 'review_given', 'exam_item', 'gold', 'agreement', 'credential')"
    )
    evidence_real_outcome = Check("outcome IS NULL OR outcome BETWEEN 0 AND 1")
    evidence_reasoned_retraction = Check("retracts IS NULL OR reason IS NOT NULL")


class ProfileVersion(Table, tablename="profile_version", db=engine):
    """Raised by triggers with every change of what a profile is read from; the nil id stands for what all profiles share."""

    annotator = UUID(primary_key=True)
    version = BigInt(default=0)


class CrowdSkill(Table, tablename="crowd_skill", db=engine):
    """What the crowd says of a domain: `general`, where people start; others, how they hang on their parent."""

    domain = ForeignKey(Domain, primary_key=True, null=False, on_delete=OnDelete.restrict)
    mean = DoublePrecision()
    variance = DoublePrecision()
    people = Integer(default=0)
    estimated_at = Timestamptz(default=TimestamptzNow())


class Credential(Table, tablename="credential", db=engine):
    """A degree, licence, certificate or post. Only `verified` and unexpired ones open a door."""

    id = UUID(primary_key=True)
    annotator = ForeignKey(Annotator, null=False, on_delete=OnDelete.restrict)
    domain = ForeignKey(Domain, null=False, on_delete=OnDelete.restrict)
    kind = Varchar(length=20)
    title = Varchar(length=200)
    issuer = Varchar(length=200)
    isced_level = SmallInt(null=True, default=None)
    isced_field = Varchar(length=4, null=True, default=None)
    document_ref = Varchar(length=300, default="")
    note = Text(default="")
    issued_on = Date(null=True, default=None)
    expires_on = Date(null=True, default=None)
    state = Varchar(length=12, default="unverified")
    state_reason = Text(null=True, default=None)
    decided_by = Varchar(length=200, null=True, default=None)
    verified_at = Timestamptz(null=True, default=None)
    reminded_days = SmallInt(null=True, default=None)
    version = Integer(default=1)
    created_at = Timestamptz(default=TimestamptzNow())
    credential_known_kind = Check("kind IN ('degree', 'licence', 'certificate', 'employment')")
    credential_known_state = Check("state IN ('unverified', 'verified', 'refused', 'revoked')")
    credential_isced_level = Check("isced_level IS NULL OR isced_level BETWEEN 0 AND 8")
    credential_isced_field = Check("isced_field IS NULL OR isced_field ~ '^[0-9]{2,4}$'")
