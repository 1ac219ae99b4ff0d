"""Every text of the product that is marked for translation, found by Babel in templates and Python files."""

from babel.messages.extract import extract_from_dir

from callboard.pages.i18n import LOCALE_DIR

ROOT = LOCALE_DIR.parent
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "mark": None}


def used() -> dict[str, tuple[str, str] | None]:
    """Message → None, or (singular, plural) for one with a plural."""
    found: dict[str, tuple[str, str] | None] = {}
    methods = [("pages/**.py", "python"), ("templates/**.html", "jinja2")]
    options = {"templates/**.html": {"trimmed": "false", "newstyle_gettext": "true", "silent": "false"}}
    for _, _, message, _, _ in extract_from_dir(str(ROOT), methods, options, keywords=KEYWORDS):
        if isinstance(message, tuple):
            found[message[0]] = (message[0], message[1])
        elif message:
            found[message] = None
    return found
