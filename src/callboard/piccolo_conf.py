"""What Piccolo's migration commands look for: the engine and the apps, in the order in which they build on each other."""

from piccolo.conf.apps import AppRegistry

from kernel.db import engine as DB  # noqa: N812  the name is Piccolo's

APP_REGISTRY = AppRegistry(
    apps=[
        "kernel.piccolo_app",
        "skills.piccolo_app",
        "routing.piccolo_app",
        "dialogue.piccolo_app",
        "payments.piccolo_app",
        "callboard.access.piccolo_app",
    ]
)

__all__ = ["APP_REGISTRY", "DB"]
