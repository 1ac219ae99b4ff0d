from piccolo.columns import (
    JSONB,
    UUID,
    BigInt,
    Boolean,
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
from skills.tables import Annotator, Domain


class Exam(Table, tablename="exam", db=engine):
    """A way to prove a level in a domain and language, by questions out of the bank of both."""

    id = UUID(primary_key=True)
    name = Varchar(length=120)
    description = Text(default="")
    domain = ForeignKey(Domain, null=False, on_delete=OnDelete.restrict)
    language = Varchar(length=35)
    mode = Varchar(length=10)
    cut_level = SmallInt()
    min_items = SmallInt()
    max_items = SmallInt()
    stop_rule = Varchar(length=10)
    time_limit_seconds = Integer()
    attempts_allowed = SmallInt()
    cooldown_seconds = Integer()
    pay_micros = BigInt(null=True, default=None)
    pay_currency = Varchar(length=3, null=True, default=None)
    pay_project_id = UUID(null=True, default=None)
    training = Boolean(default=False)
    state = Varchar(length=10, default="open")
    created_at = Timestamptz(default=TimestamptzNow())
    exam_known_mode = Check("mode IN ('adaptive', 'fixed')")
    exam_known_stop_rule = Check("stop_rule IN ('sprt', 'bayes')")
    exam_known_state = Check("state IN ('open', 'closed')")
    exam_sane_cut = Check("cut_level BETWEEN 2 AND 5")
    exam_sane_length = Check("min_items BETWEEN 1 AND max_items AND max_items <= 100")
    exam_sane_time = Check("time_limit_seconds BETWEEN 60 AND 86400")
    exam_sane_attempts = Check("attempts_allowed BETWEEN 1 AND 1000 AND cooldown_seconds >= 0")
    exam_whole_price = Check("(pay_micros IS NULL) = (pay_currency IS NULL) AND coalesce(pay_micros, 1) > 0")
    exam_pay_has_budget = Check("(pay_micros IS NULL) = (pay_project_id IS NULL)")
    exam_training_is_unpaid = Check("NOT (training AND pay_micros IS NOT NULL)")


class ExamItem(Table, tablename="exam_item", db=engine):
    """One question of the bank of a domain and language. What training shows with its answer never stands in an exam."""

    id = UUID(primary_key=True)
    domain = ForeignKey(Domain, null=False, on_delete=OnDelete.restrict)
    language = Varchar(length=35)
    training = Boolean(default=False)
    key = Varchar(length=120)
    text = Text()
    options = JSONB()
    answer = SmallInt()
    explanation = Text(default="")
    difficulty = DoublePrecision()
    discrimination = DoublePrecision(default=1.0)
    authored_difficulty = DoublePrecision(null=True, default=None)
    authored_discrimination = DoublePrecision(null=True, default=None)
    exposure_count = Integer(default=0)
    retired = Boolean(default=False)
    retired_reason = Varchar(length=200, null=True, default=None)
    calibrated_answers = Integer(default=0)
    calibrated_at = Timestamptz(null=True, default=None)
    version = Integer(default=1)
    created_at = Timestamptz(default=TimestamptzNow())
    exam_item_once = Unique([domain, language, training, key])
    exam_item_has_options = Check("jsonb_array_length(options) BETWEEN 2 AND 8")
    exam_item_answer_is_an_option = Check("answer >= 0 AND answer < jsonb_array_length(options)")
    exam_item_sane_difficulty = Check("difficulty BETWEEN -6 AND 6")
    exam_item_calibrated_from_authored = Check(
        "(calibrated_at IS NULL) = (authored_difficulty IS NULL)"
        " AND (calibrated_at IS NULL) = (authored_discrimination IS NULL)"
    )
    exam_item_sane_discrimination = Check("discrimination BETWEEN 0.2 AND 4")


class ExamAttempt(Table, tablename="exam_attempt", db=engine):
    """One person's sitting. It ends by decision, by its last item, by giving up, or by the database's clock."""

    id = UUID(primary_key=True)
    exam = ForeignKey(Exam, null=False, on_delete=OnDelete.restrict)
    annotator = ForeignKey(Annotator, null=False, on_delete=OnDelete.restrict)
    number = Integer()
    state = Varchar(length=10, default="running")
    seed = BigInt()
    plan = JSONB()
    started_at = Timestamptz(default=TimestamptzNow())
    ends_at = Timestamptz()
    ended_at = Timestamptz(null=True, default=None)
    mean = DoublePrecision()
    variance = DoublePrecision()
    log_ratio = DoublePrecision(default=0.0)
    passed = Boolean(null=True, default=None)
    reason = Varchar(length=20, null=True, default=None)
    pay_micros = BigInt(null=True, default=None)
    pay_currency = Varchar(length=3, null=True, default=None)
    pay_project_id = UUID(null=True, default=None)
    exam_attempt_once = Unique([exam, annotator, number])
    exam_attempt_known_state = Check("state IN ('running', 'finished')")
    exam_attempt_ends_with_result = Check(
        "(state = 'running') = (passed IS NULL) AND (state = 'running') = (ended_at IS NULL)"
        " AND (state = 'running') = (reason IS NULL)"
    )
    exam_attempt_real_variance = Check("variance > 0")


class ExamAnswer(Table, tablename="exam_answer", db=engine):
    """One question as it was put in one sitting, and what was answered; its difficulty as it was then."""

    id = UUID(primary_key=True)
    attempt = ForeignKey(ExamAttempt, null=False, on_delete=OnDelete.restrict)
    item = ForeignKey(ExamItem, null=False, on_delete=OnDelete.restrict)
    position = SmallInt()
    difficulty = DoublePrecision()
    discrimination = DoublePrecision()
    shown_at = Timestamptz(default=TimestamptzNow())
    choice = SmallInt(null=True, default=None)
    correct = Boolean(null=True, default=None)
    answered_at = Timestamptz(null=True, default=None)
    exam_answer_once = Unique([attempt, item])
    exam_answer_in_order = Unique([attempt, position])
    exam_answer_whole = Check("(choice IS NULL) = (correct IS NULL) AND (choice IS NULL) = (answered_at IS NULL)")
