"""The words for what a plan of review decided, and for what became of a verdict."""

from callboard.pages.i18n import mark as _

REVIEW_EVENTS: dict[str, str] = {
    "looked": _("Chosen for a look"),
    "let_pass": _("Let pass"),
    "stage_overdue": _("Nobody looked in time"),
    "disputed": _("The author disputes the verdict"),
    "dispute_withdrawn": _("Dispute withdrawn"),
    "held": _("Rejections are held"),
    "hold_lifted": _("The hold is lifted"),
    "hold_confirmed": _("The hold is confirmed"),
    "unclear": _("The answers stay unclear: somebody is to decide"),
    "adjudicated": _("Decided between the answers"),
    "double": _("Looked at a second time, blind, without consequences"),
    "calibration": _("Looked at as a piece of a calibration set, without consequences"),
}
REVIEW_CHIPS: dict[str, tuple[str, str]] = {
    "looked": ("review", "eye"),
    "let_pass": ("good", "right"),
    "stage_overdue": ("warn", "clock"),
    "disputed": ("warn", "flag"),
    "dispute_withdrawn": ("wait", "back"),
    "held": ("bad", "pause"),
    "hold_lifted": ("good", "play"),
    "hold_confirmed": ("bad", "pause"),
    "unclear": ("warn", "flag"),
    "adjudicated": ("good", "check"),
    "double": ("review", "eye"),
    "calibration": ("review", "eye"),
}
"""Kind of an event → (tone of its dot, icon)."""
REVIEW_LABELS: dict[str, dict[str, str]] = {
    "agreement_measure": {
        "nominal": _("Alpha, same or not"),
        "ordinal": _("Alpha, on a scale"),
        "interval": _("Alpha, of numbers"),
        "rank": _("Kendall's u, of orders"),
    },
    "answer_field": {"comment": _("Why:")},
    "rubric": {
        "factual_error": _("Something stated is wrong"),
        "instruction_missed": _("The guideline was not followed"),
        "rating_mismatch": _("A rating does not fit its reply"),
        "edit_insufficient": _("An edit leaves mistakes behind"),
        "language": _("The language is not good enough"),
        "off_topic": _("The dialogue leaves its topic"),
        "unsafe": _("Harmful or private content"),
        "low_effort": _("Too little work in it"),
        "other": _("Something else"),
    },
    "stage_overdue": {
        "accept": _("It counts as it is."),
        "escalate": _("The next stage looks, or it goes before everything else."),
    },
    "look_rule": {
        "sent_back": _("This stage sent it back, and looks again."),
        "second_review": _("The work was given out under relaxed requirements, so one person more looks at it."),
        "newcomer": _("It is one of the first pieces of this author here, which are all looked at."),
        "unknown": _("Too little is known of such work yet, so it is looked at."),
        "all": _("Everything is looked at here."),
        "fixed": _("Each piece has the same chance."),
        "stratified": _("Each author's work has the same share of looks."),
        "promise": _("As little is looked at as keeps the promise."),
    },
}
