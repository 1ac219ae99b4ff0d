"""What the screens of a project's dialogues show: rules, rubric and topics, forms as they were typed."""

from msgspec import Struct, field

from callboard.pages.views_projects import Fault, ProjectHead
from dialogue.rubrics import Dimension, RubricView
from dialogue.topics import QuotaView


class DialogueRulesView(Struct, kw_only=True):
    head: ProjectHead
    values: dict[str, str]
    rules_version: int
    rubric: RubricView | None
    quotas: list[QuotaView]
    bots: int
    faults: dict[str, Fault] = field(default_factory=dict)


class DimensionForm(Struct, kw_only=True):
    """As typed; anchors a line each: `1: what it means`."""

    code: str = ""
    name_en: str = ""
    name_zh: str = ""
    description_en: str = ""
    description_zh: str = ""
    lowest: str = "1"
    highest: str = "5"
    anchors_en: str = ""
    anchors_zh: str = ""
    required: bool = True
    comment_at: str = ""
    applies: list[str] = field(default_factory=lambda: ["reply"])


class RubricPage(Struct, kw_only=True):
    head: ProjectHead
    version: int
    """The newest; 0: none."""
    rows: list[DimensionForm]
    labels: str
    """Of passages, a line each: code; English; Chinese; reason."""
    versions: list[RubricView]
    preview: list[Dimension]
    preview_fault: bool = False
    most: int
    reason: str = ""
    faults: dict[str, Fault] = field(default_factory=dict)
    focus: str = ""
    looked: bool = False
    """Nothing was to be saved: a row was added, moved or removed."""


class RubricPreview(Struct, kw_only=True):
    preview: list[Dimension]
    preview_fault: bool = False


class TopicLine(Struct, kw_only=True):
    """One line of a table that was pasted: what comes of it, or why not."""

    line: int
    domain: str
    language: str
    topic: str
    outcome: str
    """`new`, `changed`, `same` or `bad`."""
    reason: Fault | None = None


class TopicsPage(Struct, kw_only=True):
    head: ProjectHead
    quotas: list[QuotaView]
    domains: list[str]
    asked_for: bool
    """Whether the project's dialogues take their topics from here."""
    values: dict[str, str] = field(default_factory=dict)
    """Of the form of one quota; `id` names the one that is changed."""
    pasted: str = ""
    lines: list[TopicLine] | None = None
    taken: bool = False
    faults: dict[str, Fault] = field(default_factory=dict)
    opened: str = ""
