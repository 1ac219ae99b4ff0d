"""English is the source text; other languages are gettext catalogues read from their .po files when the process starts."""

import io
from functools import cache
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

LOCALE_DIR = Path(__file__).parent.parent / "locale"
LANGUAGES = {"en": "English", "zh-CN": "简体中文"}
"""BCP 47 tag → the language's name in itself. The first one is the source and the fallback."""


@cache
def translations(lang: str) -> NullTranslations:
    """The catalogue of a language; English for one that is not there."""
    path = LOCALE_DIR / babel_locale(lang) / "LC_MESSAGES" / "callboard.po"
    if not path.is_file():
        return NullTranslations()
    with path.open("rb") as file:
        catalogue = read_po(file, locale=babel_locale(lang), domain="callboard", abort_invalid=True)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(compiled, domain="callboard")


def babel_locale(lang: str) -> str:
    """`zh-CN` → `zh_CN`."""
    return lang.replace("-", "_")


def choose_language(cookie: str | None, preferred: str | None, accept_language: str | None) -> str:
    """The cookie wins (a choice just made), then the person's own setting, then what the browser asks for."""
    for wish in (cookie, preferred):
        if wish in LANGUAGES:
            return str(wish)
    for part in (accept_language or "").split(","):
        tag = part.split(";")[0].strip().lower()
        for lang in LANGUAGES:
            if tag and tag.split("-")[0] == lang.lower().split("-")[0]:
                return lang
    return next(iter(LANGUAGES))


def mark(message: str) -> str:
    """Marks a text for extraction where it is declared; it is translated where it is shown."""
    return message
