from typing import Any

from callboard.embedded.attach import Endpoints
from kernel.settings import Settings


def settings_environment(settings: Settings, endpoints: Endpoints | None = None) -> dict[str, str]:
    """The settings as variables that `load_settings` reads back, for a child process.

    Not on its command line: the addresses hold passwords, and everybody on the machine can read command lines.
    """
    values: dict[str, Any] = {name: getattr(settings, name) for name in Settings.__struct_fields__}
    if endpoints is not None:
        values |= endpoints._asdict()
    return {f"CALLBOARD_{name.upper()}": _text(value) for name, value in values.items() if value is not None}


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
