from typing import Any

from piccolo.columns import (
    JSONB,
    UUID,
    BigInt,
    BigSerial,
    Boolean,
    Bytea,
    Date,
    ForeignKey,
    Integer,
    Numeric,
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
from skills.tables import Annotator


class RateCard(Table, tablename="rate_card", db=engine):
    """Prices of a project from a date on. Never edited: a new version follows."""

    id = UUID(primary_key=True)
    project = ForeignKey(Project, null=False, on_delete=OnDelete.restrict)
    version = Integer()
    effective_from = Timestamptz(default=TimestamptzNow())
    currency = Varchar(length=3)
    annotation_micros = BigInt()
    review_micros = BigInt()
    difficulty_factors = JSONB()
    expert_factor = Varchar(length=12, default="1")
    class_factors = JSONB()
    language_factors = JSONB()
    minimum_micros = BigInt(default=0)
    turn_micros = BigInt(default=0)
    most_turns = Integer(default=0)
    hour_micros = BigInt(default=0)
    most_minutes = Integer(default=0)
    bill_annotation_micros = BigInt(null=True, default=None)
    bill_review_micros = BigInt(null=True, default=None)
    fee_percent = Varchar(length=12, default="0")
    fee_micros = BigInt(default=0)
    created_at = Timestamptz(default=TimestamptzNow())
    rate_card_once = Unique([project, version])
    rate_card_real_prices = Check("annotation_micros >= 0 AND review_micros >= 0")
    rate_card_real_fee = Check("fee_percent::numeric BETWEEN 0 AND 100 AND fee_micros >= 0")
    rate_card_real_terms = Check("minimum_micros >= 0 AND bill_annotation_micros >= 0 AND bill_review_micros >= 0")
    rate_card_stated_maximum = Check(
        "turn_micros >= 0 AND hour_micros >= 0 AND (turn_micros > 0) = (most_turns > 0) AND (hour_micros > 0) = (most_minutes > 0)"
    )


class Account(Table, tablename="account", db=engine):
    """Where money stands. The four sums are kept by the posting itself, in the order of account ids."""

    id = UUID(primary_key=True)
    kind = Varchar(length=30)
    owner_id = UUID()
    currency = Varchar(length=3)
    debits_pending = BigInt(default=0)
    debits_posted = BigInt(default=0)
    credits_pending = BigInt(default=0)
    credits_posted = BigInt(default=0)
    account_once = Unique([kind, owner_id, currency])
    # One CHECK, and its rule in a function: PostgreSQL reads the text of a CHECK anew in every statement that writes (decision 14). The kind
    # is known, no sum is negative, and only accounts that money comes from or goes through may owe anything.
    account_stands = Check("account_stands(kind, debits_pending, debits_posted, credits_pending, credits_posted)")


class Transfer(Table, tablename="transfer", db=engine):
    """Money from one account to another: pending, the posting or voiding of a pending one, a share of posted pay,
    a deduction, a conversion, a fee, or a step of a payout. Append-only.

    Two further columns are added in SQL: `xid` (as in the kernel's Event) and `digest`, the hash of the row's own content. What a row may say is
    held by the trigger `book_transfer` (decision 14): known kinds, what ends a hold names it, an amount above zero, two accounts, one purpose.
    """

    id = UUID(primary_key=True)
    seq = BigSerial()
    kind = Varchar(length=10)
    business_key = Varchar(length=200, unique=True)
    debit_account = UUID()
    credit_account = UUID()
    amount_micros = BigInt()
    currency = Varchar(length=3)
    pending = UUID(null=True, default=None)
    project_id = UUID(null=True, default=None)
    annotator_id = UUID(null=True, default=None)
    assignment_id = UUID(null=True, default=None)
    task_id = UUID(null=True, default=None)
    exam_attempt_id = UUID(null=True, default=None)
    adjustment_id = UUID(null=True, default=None)
    for_period = UUID(null=True, default=None)
    rate_card = UUID(null=True, default=None)
    inputs = JSONB()
    reason = Text(default="")
    created_at = Timestamptz(default=TimestamptzNow())


class ExchangeRate(Table, tablename="exchange_rate", db=engine):
    """What one unit of a currency is worth in another on a day, by whom that is said. Append-only: a later day has a row of its own."""

    id = UUID(primary_key=True)
    base = Varchar(length=3)
    quote = Varchar(length=3)
    day = Date()
    rate = Numeric(digits=(19, 12))
    source = Varchar(length=120)
    usable_until = Date()
    created_by = Varchar(length=100)
    created_at = Timestamptz(default=TimestamptzNow())
    exchange_rate_once = Unique([base, quote, day])
    exchange_rate_real = Check(
        "rate > 0 AND rate <= 5000000 AND base <> quote AND source <> '' AND usable_until >= day"
    )


class LedgerSeal(Table, tablename="ledger_seal", db=engine):
    """One link of the ledger's chain: position and digest of each transfer (`leaves`), and the hash over them and the link before."""

    n = BigInt(primary_key=True)
    from_xid = BigInt()
    from_seq = BigInt()
    to_xid = BigInt()
    to_seq = BigInt()
    rows = Integer()
    leaves = Bytea()
    previous_hash = Bytea()
    hash = Bytea()
    sealed_at = Timestamptz(default=TimestamptzNow())


class PayPeriod(Table, tablename="pay_period", db=engine):
    """A stretch of time that is paid together. What it holds is everything up to a place in the ledger (`to_xid`, `to_seq`)
    that came before its end and is in no earlier one; a closed one never changes.
    """

    id = UUID(primary_key=True)
    starts_at = Timestamptz(unique=True)
    ends_at = Timestamptz(unique=True)
    state = Varchar(length=10, default="open")
    to_xid = BigInt(null=True, default=None)
    to_seq = BigInt(null=True, default=None)
    next_project = UUID(null=True, default=None)
    next_account = UUID(null=True, default=None)
    statements = Integer(default=0)
    lines = BigInt(default=0)
    chain_head = Bytea(null=True, default=None)
    closed_by = Varchar(length=100, null=True, default=None)
    closed_at = Timestamptz(null=True, default=None)
    created_at = Timestamptz(default=TimestamptzNow())
    pay_period_known_state = Check("state IN ('open', 'closing', 'closed')")
    pay_period_has_length = Check("starts_at < ends_at")
    pay_period_closed_is_whole = Check(
        "state <> 'closed' OR (to_xid IS NOT NULL AND chain_head IS NOT NULL AND closed_at IS NOT NULL)"
    )


class Statement(Table, tablename="statement", db=engine):
    """What somebody earned in a period, in one currency. Its lines are transfers, found by the period and hashed together. Append-only."""

    id = UUID(primary_key=True)
    period = ForeignKey(PayPeriod, null=False, on_delete=OnDelete.restrict)
    annotator = ForeignKey(Annotator, null=False, on_delete=OnDelete.restrict)
    account = ForeignKey(Account, null=False, on_delete=OnDelete.restrict)
    currency = Varchar(length=3)
    no = Integer()
    lines = Integer()
    earned_micros = BigInt()
    carried_in_micros = BigInt()
    payable_micros = BigInt()
    carried_out_micros = BigInt()
    lines_hash = Bytea()
    previous_hash = Bytea()
    hash = Bytea()
    created_at = Timestamptz(default=TimestamptzNow())
    statement_once = Unique([period, account])
    statement_number = Unique([account, no])
    statement_adds_up = Check(
        "carried_in_micros + earned_micros = payable_micros + carried_out_micros AND payable_micros >= 0"
    )


class PayFloor(Table, tablename="pay_floor", db=engine):
    """What an active hour brings at least, in a project and (or) one of its languages, for work that is taken from then on. Append-only."""

    id = UUID(primary_key=True)
    project = ForeignKey(Project, null=False, on_delete=OnDelete.restrict)
    language = Varchar(length=20, null=True, default=None)
    version = Integer()
    hourly_micros = BigInt()
    currency = Varchar(length=3)
    reason = Text()
    created_by = Varchar(length=100)
    effective_from = Timestamptz(default=TimestamptzNow())
    pay_floor_version = Unique([project, version])
    pay_floor_real = Check("hourly_micros >= 0")


class Adjustment(Table, tablename="adjustment", db=engine):
    """Money beside the price of work: a bonus, a correction upwards or downwards, a top-up to the floor. What it says never changes,
    only what becomes of it; above a limit a second person decides.
    """

    id = UUID(primary_key=True)
    kind = Varchar(length=12)
    project = ForeignKey(Project, null=False, on_delete=OnDelete.restrict)
    annotator = ForeignKey(Annotator, null=False, on_delete=OnDelete.restrict)
    amount_micros = BigInt()
    currency = Varchar(length=3)
    reason = Text()
    corrects = BigInt(null=True, default=None)
    period = ForeignKey(PayPeriod, null=True, default=None, on_delete=OnDelete.restrict)
    language = Varchar(length=20, null=True, default=None)
    inputs = JSONB()
    author = Varchar(length=100)
    needs_approval = Boolean(default=True)
    state = Varchar(length=10, default="waiting")
    acts_at = Timestamptz()
    decided_by = Varchar(length=100, null=True, default=None)
    decided_at = Timestamptz(null=True, default=None)
    decision = Text(default="")
    created_at = Timestamptz(default=TimestamptzNow())
    adjustment_known_kind = Check("kind IN ('bonus', 'adjustment', 'floor')")
    adjustment_known_state = Check(
        "state IN ('waiting', 'scheduled', 'posted', 'refused', 'undone', 'expired', 'short')"
    )
    adjustment_real_amount = Check("amount_micros <> 0 AND (kind = 'adjustment' OR amount_micros > 0)")
    adjustment_says_why = Check("reason <> ''")
    adjustment_four_eyes = Check(
        "NOT needs_approval OR state NOT IN ('posted', 'refused') OR decided_by IS NOT NULL AND decided_by <> author"
    )
    adjustment_floor_of_period = Check("(kind = 'floor') = (period IS NOT NULL)")


class BankDetails(Table, tablename="bank_details", db=engine):
    """Where somebody is paid, sealed; a change is a new version, so that every file can say what it was made from. Append-only."""

    id = UUID(primary_key=True)
    annotator = ForeignKey(Annotator, null=False, on_delete=OnDelete.restrict)
    version = Integer()
    kind = Varchar(length=8)
    country = Varchar(length=2)
    tail = Varchar(length=4)
    sealed = Bytea()
    fingerprint = Bytea()
    created_by = Varchar(length=100)
    created_at = Timestamptz(default=TimestamptzNow())
    bank_details_version = Unique([annotator, version])
    bank_details_known_kind = Check("kind IN ('iban', 'aba', 'other')")


class PayoutBatch(Table, tablename="payout_batch", db=engine):
    """Payments that leave together: drafted, approved by a second person, exported, reconciled; or cancelled before it leaves."""

    id = UUID(primary_key=True)
    no = BigSerial()
    period = ForeignKey(PayPeriod, null=False, on_delete=OnDelete.restrict)
    currency = Varchar(length=3)
    format = Varchar(length=10)
    state = Varchar(length=10, default="drafted")
    pay_on = Date()
    author = Varchar(length=100)
    approved_by = Varchar(length=100, null=True, default=None)
    approved_at = Timestamptz(null=True, default=None)
    exported_by = Varchar(length=100, null=True, default=None)
    exported_at = Timestamptz(null=True, default=None)
    file_name = Varchar(length=100, null=True, default=None)
    file_digest = Bytea(null=True, default=None)
    sealed_file = Bytea(null=True, default=None)
    reconciled_by = Varchar(length=100, null=True, default=None)
    reconciled_at = Timestamptz(null=True, default=None)
    created_at = Timestamptz(default=TimestamptzNow())
    payout_batch_known_state = Check("state IN ('drafted', 'approved', 'exported', 'reconciled', 'cancelled')")
    payout_batch_known_format = Check("format IN ('pain.001', 'nacha', 'csv')")
    payout_batch_four_eyes = Check(
        "state IN ('drafted', 'cancelled') AND approved_by IS NULL OR approved_by IS NOT NULL AND approved_by <> author"
    )
    payout_batch_file_is_kept = Check(
        "(state IN ('exported', 'reconciled')) = (file_digest IS NOT NULL AND sealed_file IS NOT NULL AND exported_at IS NOT NULL)"
    )


class PayoutLine(Table, tablename="payout_line", db=engine):
    """One statement paid in one batch. Its try is counted per statement: what was returned or taken out may be tried again."""

    id = UUID(primary_key=True)
    batch = ForeignKey(PayoutBatch, null=False, on_delete=OnDelete.restrict)
    statement = ForeignKey(Statement, null=False, on_delete=OnDelete.restrict)
    annotator = ForeignKey(Annotator, null=False, on_delete=OnDelete.restrict)
    attempt = Integer()
    retry_of: ForeignKey[Any] = ForeignKey("self", null=True, default=None, on_delete=OnDelete.restrict)
    amount_micros = BigInt()
    bank_details = ForeignKey(BankDetails, null=False, on_delete=OnDelete.restrict)
    state = Varchar(length=10, default="drafted")
    reason = Text(default="")
    decided_by = Varchar(length=100, null=True, default=None)
    decided_at = Timestamptz(null=True, default=None)
    created_at = Timestamptz(default=TimestamptzNow())
    payout_line_once = Unique([statement, attempt])
    payout_line_known_state = Check(
        "state IN ('drafted', 'approved', 'sent', 'paid', 'returned', 'bounced', 'dropped')"
    )
    payout_line_real_amount = Check("amount_micros > 0 AND attempt > 0")
    payout_line_return_says_why = Check("state NOT IN ('returned', 'bounced') OR reason <> ''")


class BankAnswer(Table, tablename="bank_answer", db=engine):
    """A file in which a bank said what became of payments; the same bytes are taken once. Append-only, without its content."""

    id = UUID(primary_key=True)
    digest = Bytea(unique=True)
    name = Varchar(length=100)
    format = Varchar(length=10)
    entries = Integer()
    counts = JSONB()
    taken_by = Varchar(length=100)
    created_at = Timestamptz(default=TimestamptzNow())
    bank_answer_known_format = Check("format IN ('pain.002', 'camt.054', 'nacha', 'csv')")


class BookCheck(Table, tablename="book_check", db=engine):
    """One look at all rules of the money: which of them did not hold. Append-only."""

    id = UUID(primary_key=True)
    failures = JSONB()
    created_at = Timestamptz(default=TimestamptzNow())
