"""The words of declared kinds: what is wrong with an answer, and how a turn's author is called."""

from callboard.pages.i18n import mark as _

KIND_LABELS: dict[str, dict[str, str]] = {
    "answer_fault": {
        "required": _("This is needed."),
        "wrong_type": _("This cannot be read."),
        "not_a_number": _("Write a number."),
        "not_a_passage": _("One passage to a line: 0-12 and its label."),
        "not_a_choice": _("Choose one of the list."),
        "too_short": _("At least %(limit)s characters."),
        "too_long": _("At most %(limit)s characters."),
        "too_small": _("Not below %(limit)s."),
        "too_large": _("Not above %(limit)s."),
        "too_few": _("At least %(limit)s."),
        "too_many": _("At most %(limit)s."),
        "twice": _("Something stands twice."),
        "not_ranked": _("Give every answer a place."),
        "tie": _("No two answers share a place here."),
        "unchanged": _("The text is as it was; change it."),
        "outside_text": _("A passage lies outside of the text."),
        "overlap": _("Two passages overlap."),
        "turn_unrated": _("Turn %(turn)s has no rating yet."),
    },
    "speaker": {"user": _("User"), "assistant": _("Assistant"), "system": _("Instructions")},
}
