"""What things of payroll are called on screen."""

from callboard.pages.i18n import mark as _

PAY_LABELS: dict[str, dict[str, str]] = {
    "pay_work": {
        "annotation": _("Work"),
        "review": _("Review"),
        "exam": _("Exam"),
        "share": _("Share"),
        "bonus": _("Bonus"),
        "adjustment": _("Adjustment"),
        "floor": _("Top-up to the floor"),
    },
    "rate_problem": {
        "columns": _("It has other columns than from, to, day and rate"),
        "currency": _("No ISO 4217 currency code"),
        "same_currency": _("From and to are the same"),
        "day": _("The day is written as 2026-11-20"),
        "far_day": _("The day is too far off: from 2000 to a month ahead"),
        "rate": _("The rate is a number above 0, with up to twelve decimals"),
        "twice": _("This pair and day stand in the file already"),
        "known": _("This pair and day have another rate already, and rates are never changed"),
    },
    "adjustment_state": {
        "waiting": _("For a second person"),
        "scheduled": _("Can be undone"),
        "posted": _("Paid"),
        "refused": _("Refused"),
        "undone": _("Undone"),
        "expired": _("Expired"),
        "short": _("Not covered"),
    },
    "payout_state": {
        "drafted": _("Draft"),
        "approved": _("Approved"),
        "exported": _("At the bank"),
        "sent": _("At the bank"),
        "reconciled": _("Reconciled"),
        "paid": _("Paid"),
        "returned": _("Came back"),
        "cancelled": _("Cancelled"),
        "dropped": _("Taken out"),
    },
    "payout_flag": {
        "changed_since": _("bank details changed since the draft"),
        "changed_lately": _("bank details changed lately"),
        "shared": _("somebody else has the same account"),
        "no_details": _("no bank details"),
        "other_kind": _("account of a kind that this format cannot pay"),
        "below_minimum": _("below the minimum; waits for the next batch"),
        "uncovered": _("something was taken back since the statement"),
    },
    "payout_format": {
        "pain.001": _("ISO 20022 (pain.001)"),
        "nacha": _("NACHA (United States)"),
        "csv": _("CSV"),
    },
    "account_kind": {
        "iban": _("IBAN"),
        "aba": _("Account in the United States"),
        "other": _("Account number and BIC"),
    },
}
