"""The words for every state, kind and code that a screen shows.

Roles, domains and rubric keys are data: an unknown one is shown as it is, with its underscores as spaces.
"""

from callboard.pages.i18n import mark as _
from callboard.pages.labels_bots import BOT_LABELS
from callboard.pages.labels_exports import EXPORT_LABELS
from callboard.pages.labels_gold import GOLD_LABELS
from callboard.pages.labels_kinds import KIND_LABELS
from callboard.pages.labels_pay import PAY_LABELS
from callboard.pages.labels_people import PEOPLE_LABELS
from callboard.pages.labels_problems import PROBLEM_LABELS
from callboard.pages.labels_projects import PROJECT_LABELS
from callboard.pages.labels_reviews import REVIEW_CHIPS, REVIEW_EVENTS, REVIEW_LABELS
from callboard.pages.labels_webhooks import WEBHOOK_LABELS
from callboard.pages.labels_who import WHO_LABELS

_OWN: dict[str, dict[str, str]] = {
    "state": {
        "open": _("Waiting"),
        "in_progress": _("In work"),
        "in_review": _("In review"),
        "rework": _("Sent back"),
        "accepted": _("Accepted"),
        "rejected": _("Rejected"),
        "cancelled": _("Cancelled"),
        "live": _("Live"),
        "submitted": _("Handed in"),
        "released": _("Released"),
        "declined": _("Declined"),
        "expired": _("Expired"),
        "pending": _("Pending"),
        "posted": _("Earned"),
        "voided": _("Not paid"),
        "draft": _("Draft"),
        "published": _("Published"),
        "paused": _("Paused"),
        "closed": _("Closed"),
    },
    "risk": {"low": _("Low risk"), "medium": _("Some risk"), "high": _("High risk")},
    "risk_reason": {
        "nothing_waits": _("Nothing waits."),
        "paused": _("The project is paused; its clocks stand still."),
        "sla_missed": _("The oldest task has waited longer than it should."),
        "overdue": _("A task is past its due time."),
        "sla_will_be_missed": _("At this rate the last tasks will wait longer than they should."),
        "due_will_be_missed": _("At this rate the first due time comes before everything is done."),
        "nobody_here": _("Nobody who works on it is here."),
        "no_rate": _("Too little was handed in lately to say."),
        "sla_close": _("It will just do: the end of the queue comes close to the limit."),
        "on_track": _("At this rate everything is done in time."),
    },
    "person_done": {
        "state": _("The state was changed. They read your reason."),
        "capacity": _("The capacity was saved."),
        "assessed": _("The level was stated. Work moves it from here."),
        "role": _("The roles were changed."),
        "language": _("The languages were changed."),
        "presence": _("The presence was set. They read your reason."),
        "currency": _("The currency was set. It counts from the next work that they take."),
    },
    "evidence": {
        "review_verdict": _("Reviewed work"),
        "review_given": _("Review given"),
        "exam_item": _("Exam question"),
        "gold": _("Control task"),
        "agreement": _("Agreement with others"),
        "assessment": _("A manager's assessment"),
        "credential": _("Credential"),
    },
    # Both are data: their names come from the registry.
    "skill_level": {},
    "language_level": {},
    "stage": {"annotation": _("Annotation"), "rework": _("Rework"), "review": _("Review")},
    "domain": {
        "general": _("General"),
        "finance": _("Finance"),
        "medicine": _("Medicine"),
        "law": _("Law"),
        "technology": _("Technology"),
    },
    "kind": {"annotation": _("Annotation"), "review": _("Review"), "dialogue": _("Dialogue")},
    "role": {
        "admin": _("Administrator"),
        "manager": _("Manager"),
        "reviewer": _("Reviewer"),
        "annotator": _("Annotator"),
        "frontend": _("Program"),
        "vendor_manager": _("Manager of a vendor"),
    },
    "role_sees": {
        "admin": _("everything, and the accounts"),
        "manager": _("the floor, tasks and cost"),
        "reviewer": _("handed-in work to judge"),
        "annotator": _("a queue of dialogues, and earnings"),
    },
    "outcome": {"accept": _("Accept"), "fix": _("Fix"), "rework": _("Send back"), "reject": _("Reject")},
    "outcome_means": {
        "accept": _("Good as it is. The author is paid."),
        "fix": _("You correct it now; your text is used. The author is paid."),
        "rework": _("The author gets it back with your reason."),
        "reject": _("Not usable. The author is not paid and reads your reason."),
    },
    "dimension": {
        "helpfulness": _("Helpfulness"),
        "factuality": _("Factuality"),
        "fluency": _("Fluency"),
        "instructions": _("Following instructions"),
        "following_instructions": _("Following instructions"),
    },
    "dimension_asks": {
        "helpfulness": _("Does the edited reply serve what the person asked for?"),
        "factuality": _("Is everything it states correct?"),
        "fluency": _("Does it read as a good writer would put it?"),
        "instructions": _("Does the work keep to the guideline?"),
        "following_instructions": _("Does the work keep to the guideline?"),
    },
    "rating": {"1": _("Unusable"), "2": _("Poor"), "3": _("Fair"), "4": _("Good"), "5": _("Excellent")},
    "rating_means": {
        "1": _("wrong, harmful or beside the question"),
        "2": _("has serious mistakes"),
        "3": _("useful, with gaps"),
        "4": _("right and helpful, small flaws"),
        "5": _("nothing to improve"),
    },
    "check": {
        "topic": _("A topic is chosen"),
        "min_turns": _("Enough exchanges"),
        "rated": _("Every reply is rated"),
        "replies": _("Every message has its reply"),
        "drafts": _("No edit is left open"),
    },
    "missing": {
        "choice_missing": _("Choose between the candidates"),
        "comment_missing": _("say why"),
        "text_empty": _("A text is empty"),
    },
    "ended": {
        "submitted": _("You handed this task in."),
        "released": _("You gave this task back."),
        "declined": _("You declined this task."),
        "expired": _("The time for this task ran out. Your text is kept and can be recovered."),
        "cancelled": _("This task was cancelled by its project."),
    },
    "put_down": {"released": _("given back"), "declined": _("declined"), "expired": _("time ran out")},
    "exam_end": {
        "decided": _("Your answers were clear: this level is not proven yet. They count in your skill all the same."),
        "last_item": _(
            "The last question is answered, and the level is not proven yet. Your answers count all the same."
        ),
        "time_up": _("The time ran out before the result was clear. The answers you gave count all the same."),
        "given_up": _("You ended it. The answers you gave count all the same."),
    },
    "attempt": {
        "decided": _("decided"),
        "last_item": _("last question"),
        "time_up": _("time ran out"),
        "given_up": _("given up"),
    },
    "item_done": {
        "changed": _("The question is changed."),
        "retired": _("The question is retired: no exam asks it any more."),
        "restored": _("The question is back in the bank."),
    },
    "no_work": {
        "nothing_waiting": _("Nothing that suits you is waiting at the moment."),
        "not_eligible": _("Work is waiting, but none of it is open to you yet."),
        "at_capacity": _("You hold as many tasks as you may at once. Finish or give back one first."),
        "capped": _("You were given as much as one person gets for now."),
        "budget_exhausted": _("The budget of the project is used up; its manager has to add to it."),
        "exchange_rate_missing": _(
            "There is no exchange rate of these days for this project's pay. A manager has to import one."
        ),
        "kept_for_better_fit": _(
            "What waits suits somebody better who is at work now. In a little while it is for everybody."
        ),
        "not_active": _("Your profile is paused. A manager can tell you why."),
        "not_available": _(
            "You are on a break or finishing what you have. Say that you are available to get work again."
        ),
    },
    "presence": {
        "here": _("Here now"),
        "available": _("Available"),
        "busy": _("Busy: the hands are full"),
        "break": _("On a break"),
        "draining": _("Finishing what is held"),
        "offline": _("Offline"),
    },
    "presence_short": {
        "available": _("Available"),
        "busy": _("Busy"),
        "break": _("On a break"),
        "draining": _("Finishing"),
        "offline": _("Offline"),
    },
    "presence_means": {
        "available": _("You can take work, and work may be offered to you."),
        "busy": _("You hold as much as you may. Nothing is offered until there is room."),
        "break": _("Nothing new comes to you. What you hold keeps its clocks."),
        "draining": _("Nothing new comes to you; finish what you hold in peace."),
        "offline": _("Nothing is offered to you. Taking a task, or the switch, brings you back."),
    },
    "refusal": {
        "active": _("Your profile is not active:"),
        "standing": _("Kinds of work from which something in force keeps you:"),
        "role": _("Kinds of work for another role:"),
        "language": _("Kinds of work in a language that your profile does not state well enough:"),
        "level": _("Kinds of work above the level that is proven for you:"),
        "credential": _("Kinds of work that ask for a verified credential:"),
        "cap_project_day": _("Kinds of work of which you were given the most of a day:"),
        "cap_project_live": _("Kinds of work of which you hold the most that you may at a time:"),
        "cap_day": _("Kinds of work beyond the most that you are given on a day:"),
    },
    "decision": {
        "best": _("best score of what was open to this person"),
        "reserved": _("rework of their own"),
        "grace": _("came back to whoever's lease had lapsed"),
        "late": _("came after its time and was taken in"),
        "by_hand": _("given by a manager"),
    },
    "difficulty_source": {
        "stated": _("Stated level"),
        "lane": _("Tasks like it before"),
        "text": _("Its text"),
        "base": _("Nothing else known"),
    },
    "preview_part": {"domain": _("domain"), "difficulty": _("difficulty"), "kind": _("kind of work")},
    "void": {
        "released": _("given back"),
        "returned for rework": _("sent back for rework; it is paid when the new version is accepted"),
        "the lease or the deadline passed": _("the time ran out"),
        "rejected": _("rejected"),
        "time_up": _("the time ran out before enough questions were answered"),
        "given_up": _("ended before enough questions were answered"),
    },
    "event": REVIEW_EVENTS
    | {
        "created": _("Tasks arrived"),
        "arrived": _("Task arrived"),
        "claimed": _("Taken"),
        "submitted": _("Handed in"),
        "released": _("Given back"),
        "declined": _("Declined"),
        "expired": _("Time ran out"),
        "accept": _("Accepted"),
        "fix": _("Accepted with a fix"),
        "rework": _("Sent back"),
        "reject": _("Rejected"),
        "relaxed": _("Requirements relaxed"),
        "relaxed_once_more": _("Requirements relaxed, for one review more"),
        "overturned": _("Verdict overturned"),
        "upheld": _("Verdict upheld"),
        "accepted": _("Accepted"),
        "rejected": _("Rejected"),
        "reopened": _("Open again"),
        "review": _("Taken for review"),
        "verdict": _("Verdict given"),
        "paid": _("Payment posted"),
        "reserved": _("Payment reserved"),
        "voided": _("Payment voided"),
        "cancelled": _("Cancelled"),
        "priority": _("Priority changed"),
        "state": _("State changed"),
        "extension_asked": _("More time asked for"),
        "extended": _("More time granted"),
        "trouble": _("Something is wrong with the task"),
        "budget_threshold": _("A budget runs low"),
        "pay_disputed": _("Pay disputed"),
        "pay_dispute_overdue": _("Dispute of pay overdue"),
        "published": _("Project published"),
        "paused": _("Project paused"),
        "closed": _("Project closed"),
    },
    "standing_then": {
        "pause": _("Pause: no work there"),
        "require_exam": _("Ask for an exam: no work there until it is passed"),
        "ask_manager": _("Ask a manager: work goes on"),
    },
    "language": {"en": _("English"), "zh-CN": _("Chinese")},
    "level_of": {"bound": _("Proven (lower bound)"), "mean": _("Likely (mean)")},
    "import_outcome": {
        "created": _("New"),
        "updated": _("Changes"),
        "unchanged": _("Stays as it is"),
        "bad": _("Not usable"),
    },
    "person_field": {
        "display_name": _("Name"),
        "vendor": _("Vendor"),
        "roles": _("Roles"),
        "languages": _("Languages"),
        "capacity": _("Capacity"),
        "skills": _("Stated levels"),
        "credentials": _("Credentials"),
    },
}

LABELS = (
    BOT_LABELS
    | EXPORT_LABELS
    | WEBHOOK_LABELS
    | KIND_LABELS
    | PAY_LABELS
    | PEOPLE_LABELS
    | PROBLEM_LABELS
    | GOLD_LABELS
    | PROJECT_LABELS
    | REVIEW_LABELS
    | WHO_LABELS
    | _OWN
)

CHIPS: dict[str, tuple[str, str]] = {
    "open": ("wait", "dots"),
    "draft": ("wait", "dots"),
    "pending": ("wait", "clock"),
    "in_progress": ("live", "pen"),
    "live": ("live", "pen"),
    "published": ("live", "play"),
    "annotation": ("live", "pen"),
    "in_review": ("review", "eye"),
    "review": ("review", "eye"),
    "submitted": ("review", "send"),
    "rework": ("warn", "back"),
    "paused": ("warn", "pause"),
    "expired": ("warn", "clock"),
    "surplus": ("wait", "dots"),
    "accepted": ("good", "check"),
    "accept": ("good", "check"),
    "fix": ("good", "edit"),
    "posted": ("good", "check"),
    "unverified": ("wait", "clock"),
    "verified": ("good", "check"),
    "refused": ("bad", "cross"),
    "revoked": ("bad", "cross"),
    "rejected": ("bad", "cross"),
    "reject": ("bad", "cross"),
    "voided": ("bad", "cross"),
    "cancelled": ("wait", "cross"),
    "released": ("wait", "back"),
    "declined": ("wait", "cross"),
    "closed": ("wait", "check"),
}
"""State → (tone of the chip, icon): every state has a shape of its own besides its colour."""

EVENT_CHIPS: dict[str, tuple[str, str]] = REVIEW_CHIPS | {
    "created": ("wait", "tray"),
    "arrived": ("wait", "tray"),
    "claimed": ("live", "pen"),
    "review": ("review", "eye"),
    "verdict": ("review", "check"),
    "accepted": ("good", "check"),
    "rejected": ("bad", "cross"),
    "reopened": ("warn", "retry"),
    "budget_threshold": ("warn", "coin"),
    "pay_disputed": ("warn", "coin"),
    "pay_dispute_overdue": ("bad", "coin"),
    "published": ("live", "play"),
    "paused": ("warn", "pause"),
    "submitted": ("review", "send"),
    "released": ("wait", "back"),
    "expired": ("warn", "clock"),
    "declined": ("wait", "cross"),
    "accept": ("good", "check"),
    "fix": ("good", "edit"),
    "rework": ("warn", "back"),
    "reject": ("bad", "cross"),
    "relaxed": ("warn", "down"),
    "relaxed_once_more": ("warn", "down"),
    "overturned": ("warn", "retry"),
    "upheld": ("good", "check"),
    "extension_asked": ("warn", "clock"),
    "extended": ("good", "clock"),
    "trouble": ("warn", "flag"),
    "paid": ("good", "coin"),
    "reserved": ("wait", "coin"),
    "voided": ("bad", "coin"),
    "cancelled": ("wait", "cross"),
    "priority": ("wait", "up"),
}
"""Kind of an event → (tone of its dot, icon)."""


def label(key: object, group: str) -> str:
    """The English words for a key of a group; the key itself, made readable, when nobody named it."""
    if key in ("", None):
        return ""
    text = LABELS[group].get(str(key))
    return text if text is not None else str(key).replace("_", " ").replace(".", " ").strip().capitalize()
