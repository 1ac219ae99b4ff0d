"""What a sent form lacks, for which the domain has no name of its own."""

from kernel.errors import DomainError


class TopicMissing(DomainError):  # noqa: N818  these read as facts
    code, status, title = "topic_missing", 422, "Choose a topic, or write your own"


class ScoresMissing(DomainError):  # noqa: N818
    code, status, title = "scores_missing", 422, "Score every scale before you give the verdict"


class OutcomeMissing(DomainError):  # noqa: N818
    code, status, title = "outcome_missing", 422, "Choose an outcome"


class CorrectionMissing(DomainError):  # noqa: N818
    code, status, title = "correction_missing", 422, "Correct at least one reply, or choose another outcome"


class NothingSelected(DomainError):  # noqa: N818
    code, status, title = "nothing_selected", 422, "Select at least one task"


class ReasonMissing(DomainError):  # noqa: N818
    code, status, title = "reason_missing", 422, "Say why; it stays in the history"
