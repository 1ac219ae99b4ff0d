"""The logins that the sign-in page offers in a demonstration: only where the demo itself wrote them down."""

import msgspec

from callboard.pages.views import DemoLogin
from kernel.settings import Settings

FILE = "demo-logins.json"
"""In the data folder: `[{"role", "name", "email", "password"}]`. `callboard demo` writes it; deleting it hides them."""


def demo_logins(settings: Settings) -> list[DemoLogin]:
    try:
        return msgspec.json.decode((settings.data_dir / FILE).read_bytes(), type=list[DemoLogin])
    except (OSError, msgspec.DecodeError):
        return []
