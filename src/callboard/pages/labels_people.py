"""The words of what concerns people: their evidence, papers, standing."""

from callboard.pages.i18n import mark as _

PEOPLE_LABELS: dict[str, dict[str, str]] = {
    "standing": {
        "pause": _("Paused"),
        "require_exam": _("An exam is needed first"),
        "ask_manager": _("A manager was asked to look"),
        "any": _("Something is in force"),
        "none": _("Nothing is in force"),
    },
    "standing_action": {
        "pause": _("Paused"),
        "require_exam": _("Exam needed"),
        "ask_manager": _("A manager is asked"),
    },
    "standing_state": {
        "active": _("In force"),
        "ended": _("Over"),
        "lifted": _("Lifted"),
        "withdrawn": _("Taken back"),
    },
    "standing_end": {
        "Its time is over.": _("Its time is over."),
        "The exam was passed.": _("The exam was passed."),
        "What was measured is in order again.": _("What was measured is in order again."),
        "A manager decided about it.": _("A manager decided about it."),
        "What it rested on was corrected or taken back; with what is known now it would not have come.": _(
            "What it rested on was corrected or taken back; with what is known now it would not have come."
        ),
    },
    "standing_condition": {
        "outcomes_below": _("The mean of the last work is too low"),
        "rejected": _("Too much of the last work was rejected"),
        "gold_below": _("Known answers are missed too often"),
        "skill_below": _("The skill is surely below a level"),
        "inactive_days": _("No work for a long time"),
        "credential_expired": _("A credential expired"),
        "exam_failed": _("Exams were failed"),
    },
    "appeal": {
        "open": _("Appeal open"),
        "granted": _("Appeal granted"),
        "refused": _("Appeal refused"),
    },
    "evidence_kind": {
        "assessment": _("a manager's assessment"),
        "review_verdict": _("a review's verdict"),
        "review_given": _("a review given"),
        "exam_item": _("a question of an exam"),
        "gold": _("a known answer"),
        "agreement": _("agreement with others"),
        "credential": _("a credential"),
    },
    "credential_state": {
        "unverified": _("Not verified"),
        "verified": _("Verified"),
        "refused": _("Refused"),
        "revoked": _("Revoked"),
    },
    "credential_kind": {
        "degree": _("Degree"),
        "licence": _("Licence"),
        "certificate": _("Certificate"),
        "employment": _("Employment"),
    },
    "skill_class": {"true": _("Domain experts"), "false": _("Generalists")},
    "person_state": {"active": _("Active"), "paused": _("Paused"), "left": _("Left")},
}
