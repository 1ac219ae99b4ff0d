"""What whoever does the work never gets."""

HIDDEN = frozenset({"answer", "gold", "reference", "references", "rubric_answer"})
"""What a task's payload may hold for judging the work."""
