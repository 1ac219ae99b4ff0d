"""How a call to a bot failed, in the words of a manager who can mend it; annotators read `labels_problems`."""

from callboard.pages.i18n import mark as _

BOT_LABELS: dict[str, dict[str, str]] = {
    "bot_fault": {
        "bot_unavailable": _("It did not answer."),
        "bot_slow": _("It took longer than the limit."),
        "bot_unreachable": _("Nothing takes a connection at this address."),
        "bot_cut": _("The line was cut in the middle of a reply."),
        "bot_busy": _("It is overloaded (429), or too many replies are asked at once."),
        "bot_failing": _("It reports a fault of its own (5xx)."),
        "bot_key_refused": _("It does not accept the key."),
        "bot_address_refused": _("Its address may not be called from here."),
        "bot_filtered": _("Its own filter held a reply back."),
        "bot_restarted": _("This server was restarted while it wrote."),
        "bot_broken": _("It answered with something that is no reply."),
        "bot_rejected": _("It does not accept the request: look at address and model."),
        "bot_too_long": _("Its reply is longer than the limit."),
        "bot_empty": _("It sent an empty reply."),
        "configuration": _("The stored key cannot be opened any more. Enter it again."),
        "internal": _("A fault of this server; its log says more."),
    },
}
