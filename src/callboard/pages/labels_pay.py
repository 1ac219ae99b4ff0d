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
    "pay_dispute_kind": {
        "posted": _("Paid wrongly"),
        "voided": _("Not paid"),
        "held": _("Held too long"),
        "missing": _("Paid nothing"),
    },
    "pay_dispute_state": {
        "open": _("Unanswered"),
        "upheld": _("Upheld"),
        "refused": _("Refused"),
        "withdrawn": _("Withdrawn"),
    },
    "pay_answer": {
        "our_mistake": _("It was our mistake."),
        "counted_wrong": _("It was counted wrongly."),
        "work_counts": _("The work counts after all."),
        "as_agreed": _("The price is the one that was shown before the work."),
        "counted_right": _("It was counted as the rules say."),
        "work_not_accepted": _("The work was not accepted, and such work is not paid."),
        "still_in_review": _("The work is still waiting for its review; it is paid when it is accepted."),
        "other": _("Another reason"),
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
