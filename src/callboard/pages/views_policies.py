"""What the screen of policies shows."""

from msgspec import Struct

from callboard.pages.views import Problem
from routing.policies import Activation, Comparison, PolicyView


class WeightField(Struct, kw_only=True):
    name: str
    label: str
    unit: str
    reason: str
    least: float
    most: float
    built_in: float
    value: float
    """In the version that the form starts from."""


class PoliciesPage(Struct, kw_only=True):
    """`/policies`, for managers."""

    versions: list[PolicyView]
    """Newest first."""
    activations: list[Activation]
    fields: list[WeightField]
    start: int
    """The version whose weights the form shows."""
    active: int
    comparison: Comparison | None = None
    may_write: bool = False
    done: str = ""
    problem: Problem | None = None
