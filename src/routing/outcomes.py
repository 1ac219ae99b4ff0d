"""What a verdict can say, and what each word is worth."""

from typing import Literal

Outcome = Literal["accept", "fix", "rework", "reject"]
PASSING = ("accept", "fix")
"""With these the work goes on to the next stage, or counts."""
EVIDENCE_OUTCOME = {"accept": 1.0, "fix": 0.5, "rework": 0.25, "reject": 0.0}
"""How acceptable the work was: a fix was half right, a rework needs its author again."""
