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
}
"""Kind of an event → (tone of its dot, icon)."""
REVIEW_LABELS: dict[str, dict[str, str]] = {
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
        "newcomer": _("It is one of the first pieces of this author here, which are all looked at."),
        "unknown": _("Too little is known of such work yet, so it is looked at."),
        "all": _("Everything is looked at here."),
        "fixed": _("Each piece has the same chance."),
        "stratified": _("Each author's work has the same share of looks."),
        "promise": _("As little is looked at as keeps the promise."),
    },
    "quality_weeks": {
        "4": _("4 weeks"),
        "12": _("12 weeks"),
        "26": _("Half a year"),
        "52": _("A year"),
        "days": _("Chosen days"),
    },
    "quality_part": {
        "accept": _("accepted as it was"),
        "fix": _("mended"),
        "rework": _("sent back"),
        "reject": _("rejected"),
        "open": _("nobody judged it"),
    },
    "quality_by": {
        "project": _("Project"),
        "person": _("Person"),
        "domain": _("Domain"),
        "stage": _("Stage of review"),
        "week": _("Week"),
    },
    "quality_what": {
        "looked": _("Chosen for a look"),
        "judged": _("Judged"),
        "first_pass": _("Accepted at the first look, as they were"),
        "defect": _("With a defect"),
        "accept": _("Accepted as they were"),
        "fix": _("Mended by a reviewer"),
        "rework": _("Sent back to their authors"),
        "reject": _("Rejected"),
        "again": _("Second and later rounds"),
        "counted": _("What counts"),
        "unseen": _("What counts and nobody judged"),
        "overdue": _("Reviews past their time"),
        "overturned": _("With a verdict that was overturned"),
    },
}
