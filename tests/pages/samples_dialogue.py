"""What the screens of a project's dialogues show, made up."""

from callboard.pages.project_rubric import form_of
from callboard.pages.views_dialogue import (
    DialogueRulesView,
    DimensionForm,
    RubricPage,
    RubricPreview,
    TopicLine,
    TopicsPage,
)
from callboard.pages.views_projects import Fault
from dialogue.rubric_defaults import DIMENSIONS, SPAN_LABELS
from dialogue.rubrics import RubricView
from dialogue.topics import QuotaView, TopicView
from tests.pages.sample_facts import minutes, uid
from tests.pages.samples_projects import head

RUBRIC = RubricView(id=uid(401), version=2, dimensions=DIMENSIONS, span_labels=SPAN_LABELS, created_at=minutes(-90))
RULES = {
    "candidates": "3", "decision": "rank", "ties": "yes", "all_bad": "", "branches": "yes", "topics": "quota", "handover": "both",
    "min_turns": "3", "max_turns": "20", "reason": "",
}  # fmt: skip
QUOTAS = [
    QuotaView(
        id=uid(402), domain="law", language="zh-CN", difficulty=3, wanted=200, taken=37, own_words=True,
        topics=[TopicView(id=uid(403), text="Tenancy <b>disputes</b>", brief="", seed=[], most=5, taken=2)],
    ),
    QuotaView(id=uid(404), domain="medicine", language="en", difficulty=None, wanted=10, taken=12, own_words=False, topics=[]),
]  # fmt: skip
LINES = [
    TopicLine(line=2, domain="law", language="en", topic="Deposits", outcome="new"),
    TopicLine(line=3, domain="moon", language="en", topic="", outcome="bad", reason=Fault("domain")),
    TopicLine(
        line=4, domain="law", language="en", topic="x", outcome="bad", reason=Fault("number", {"low": 1, "high": 5})
    ),
]
EMPTY = dict.fromkeys(("id", "domain", "language", "difficulty", "wanted", "own_words", "topics", "reason"), "")

DIALOGUE: dict[str, tuple[str, object]] = {
    "project-dialogue": (
        "projects/dialogue.html",
        DialogueRulesView(head=head("dialogue", done="saved"), values=RULES, rules_version=1, rubric=RUBRIC, quotas=QUOTAS, bots=2),
    ),
    "project-dialogue-wrong": (
        "projects/dialogue.html",
        DialogueRulesView(
            head=head("dialogue", stale=True), values=RULES | {"candidates": "9"}, rules_version=0, rubric=None, quotas=[], bots=1,
            faults={"candidates": Fault("number", {"low": 1, "high": 8}), "max_turns": Fault("most_below_least", {"least": 30})},
        ),
    ),
    "project-rubric": (
        "projects/rubric.html",
        RubricPage(
            head=head("dialogue", done="same"), version=2, rows=[form_of(one) for one in DIMENSIONS], labels="rude; Rude; 粗鲁; !",
            versions=[RUBRIC], preview=DIMENSIONS, most=40,
        ),
    ),
    "project-rubric-wrong": (
        "projects/rubric.html",
        RubricPage(
            head=head("dialogue"), version=0, rows=[DimensionForm(anchors_en="9: no", highest="1", applies=[])], labels="", versions=[],
            preview=[], preview_fault=True, most=40, focus="name_en_1",
            faults={
                "name_en_1": Fault("named"), "highest_1": Fault("scale_up"), "applies_1": Fault("applies"), "code_1": Fault("code"),
                "anchors_en_1": Fault("anchor", {"line": "9: no", "low": 1, "high": 1}), "comment_at_1": Fault("comment_at", {"low": 1, "high": 4}),
                "labels": Fault("span_label", {"line": "x"}),
            },
        ),
    ),
    "project-rubric-none": (
        "projects/rubric.html", RubricPage(head=head("dialogue"), version=0, rows=[], labels="", versions=[], preview=[], most=40),
    ),
    "fragment-rubric": ("projects/rubric_preview.html", RubricPreview(preview=DIMENSIONS[:2])),
    "project-topics": ("projects/topics.html", TopicsPage(head=head("dialogue"), quotas=QUOTAS, domains=["law", "medicine"], asked_for=False, values=EMPTY)),
    "project-topics-table": (
        "projects/topics.html",
        TopicsPage(
            head=head("dialogue"), quotas=[], domains=["law"], asked_for=True, values=EMPTY | {"language": "xx!"}, lines=LINES, pasted="domain,language\n",
            opened="table", faults={"language": Fault("language"), "topics": Fault("too_long", {"limit": 300})},
        ),
    ),
}  # fmt: skip
