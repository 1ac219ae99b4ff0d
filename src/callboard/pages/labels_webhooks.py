"""What webhooks are doing, and why a request to one was not taken."""

from callboard.pages.i18n import mark as _

WEBHOOK_LABELS: dict[str, dict[str, str]] = {
    "webhook_state": {
        "active": _("Running"),
        "failing": _("Tries again"),
        "paused": _("Paused"),
        "dead": _("Dead"),
    },
    "webhook_fault": {
        "address": _("The address leads where it may not be called"),
        "cut": _("The connection was cut"),
        "secret": _("The secret cannot be opened with this master key"),
        "slow": _("No answer in time"),
        "status": _("Refused"),
        "unreachable": _("Nothing answers there"),
    },
}
