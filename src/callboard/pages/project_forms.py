"""Fields of the forms of projects, read so that every fault stands at its field and nothing that was typed is lost."""

from callboard.pages.frame import Form
from callboard.pages.views_projects import Fault

LONGEST_REASON = 500
UNITS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86_400}
DIGITS = 9


class Fields:
    """Reads one form; what is wrong is in `faults`, by the name of the field."""

    def __init__(self, form: Form) -> None:
        self._form = form
        self.faults: dict[str, Fault] = {}

    def typed(self, name: str, limit: int = 80) -> str:
        text = self._form.text(name, 20_000)
        if len(text) > limit:
            self.faults.setdefault(name, Fault("too_long", {"limit": limit}))
        return text

    def fault(self, name: str, code: str, **values: object) -> None:
        """The first of a field stays."""
        self.faults.setdefault(name, Fault(code, values))

    def number(self, name: str, low: int, high: int) -> int | None:
        """None where it is empty or wrong; wrong is a fault."""
        text = self.typed(name).strip()
        if not text:
            return None
        value = int(text) if text.isascii() and text.isdigit() and len(text) <= DIGITS else None
        if value is None or not low <= value <= high:
            self.fault(name, "number", low=low, high=high)
            return None
        return value

    def asked(self, name: str, low: int, high: int) -> int:
        """A number that has to be there; 0 beside a fault."""
        value = self.number(name, low, high)
        if value is None:
            self.fault(name, "number", low=low, high=high)
        return value or 0

    def choice(self, name: str, allowed: set[str]) -> str:
        value = self.typed(name)
        if value not in allowed:
            self.fault(name, "choice")
        return value

    def seconds(self, name: str, low: int, high: int) -> int:
        """A number and its unit in the field `…_unit`; 0 beside a fault."""
        unit = UNITS.get(self.typed(f"{name}_unit"), 60)
        value = self.number(name, 0, 10**DIGITS)
        if value is None or not low <= value * unit <= high:
            self.faults[name] = Fault("duration", {"low": low, "high": high})
            return 0
        return value * unit

    def reason(self, *, needed: bool = False) -> str:
        text = self.typed("reason", LONGEST_REASON).strip()
        if needed and not text:
            self.fault("reason", "reason")
        return text


def in_units(seconds: float | None, least: str = "seconds") -> tuple[str, str]:
    """A number and the largest unit in which it is whole."""
    if seconds is None:
        return "", "minutes"
    for unit in ("days", "hours", "minutes", "seconds"):
        if seconds >= UNITS[unit] and seconds % UNITS[unit] == 0:
            return f"{seconds / UNITS[unit]:.0f}", unit
    return f"{seconds / UNITS[least]:g}", least
