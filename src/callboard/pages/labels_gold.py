"""The words for gold: its states, where it came from, and what there is to look at."""

from callboard.pages.i18n import mark as _

GOLD_LABELS: dict[str, dict[str, str]] = {
    "gold_state": {"active": _("In use"), "contested": _("In doubt"), "retired": _("Retired")},
    "gold_decision": {"upheld": _("The key stands"), "corrected": _("The key was wrong")},
    "gold_origin": {
        "task": _("made of accepted work"),
        "import": _("imported"),
        "form": _("entered"),
    },
    "gold_flag": {"missed": _("Few meet it"), "flat": _("Tells nobody apart"), "leaky": _("Known by now?")},
    "gold_flag_help": {
        "missed": _("Less than two in five meet it: it is hard, or its key is wrong."),
        "flat": _("The able meet it no more often than the others."),
        "leaky": _("It is often met far faster than others of its kind: the answer may have gone round."),
    },
    "gold_sort": {
        "newest": _("Newest first"),
        "served": _("Most given out"),
        "met": _("Least met"),
        "discrimination": _("Tells least apart"),
        "fast": _("Most often too fast"),
        "contests": _("Most doubted"),
    },
}
