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
        "bounced": _("Came back after it was paid"),
        "cancelled": _("Cancelled"),
        "dropped": _("Taken out"),
    },
    "bank_does": {
        "paid": _("Paid"),
        "returned": _("Came back"),
        "bounced": _("Came back after it was paid"),
        "same": _("known already"),
        "open": _("nothing final yet"),
        "repeated": _("another entry of the file decides"),
        "other_amount": _("another amount than was sent"),
        "not_sent": _("was never sent"),
        "contradicts": _("paid, after it had come back"),
        "unknown": _("no payment of ours"),
    },
    "bank_file": {
        "pain.002": "ISO 20022 (pain.002)",
        "camt.054": "ISO 20022 (camt.054)",
        "nacha": _("NACHA returns"),
        "csv": "CSV",
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
