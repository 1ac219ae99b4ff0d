"""Both languages say everything."""

import re

import pytest
from babel.messages.pofile import read_po

from callboard.pages.i18n import LANGUAGES, LOCALE_DIR, babel_locale, choose_language
from callboard.pages.render import render
from tests.pages.messages import used
from tests.pages.samples import SAMPLES, shell

PLACEHOLDER = re.compile(r"%\(\w+\)s")
TRANSLATED = [lang for lang in LANGUAGES if lang != "en"]


def catalogue(lang: str) -> dict[str, list[str]]:
    path = LOCALE_DIR / babel_locale(lang) / "LC_MESSAGES" / "callboard.po"
    with path.open("rb") as file:
        po = read_po(file, locale=babel_locale(lang))
    assert not [message for message in po if message.fuzzy and message.id]
    return {
        message.id if isinstance(message.id, str) else message.id[0]: (
            [message.string] if isinstance(message.string, str) else list(message.string)
        )
        for message in po
        if message.id
    }


@pytest.mark.parametrize("lang", TRANSLATED)
def test_every_message_is_translated(lang: str) -> None:
    known = catalogue(lang)
    missing = [key for key in used() if not all(known.get(key, [""]))]
    assert not missing
    assert not set(known) - set(used()), "translations of texts that are gone"


@pytest.mark.parametrize("lang", TRANSLATED)
def test_translations_keep_their_placeholders(lang: str) -> None:
    for key, texts in catalogue(lang).items():
        for text in texts:
            assert set(PLACEHOLDER.findall(text)) == set(PLACEHOLDER.findall(key)), key


def test_no_english_words_outside_of_gettext() -> None:
    """A screen in Chinese keeps Latin letters only in what people wrote, in names and in codes."""
    sample = SAMPLES["floor-empty"]
    text = render(sample.template, sample.view, shell("/floor", "manager", lang="zh-CN"))
    shown = re.sub(r"<title>.*?</title>|<[^>]+>", " ", text)
    words = set(re.findall(r"[A-Za-z]{3,}", shown))
    assert words <= {
        "Callboard",
        "CSV",
        "English",
        "Esc",
        "Ctrl",
        "Jonas",
        "Weber",
        "mei",
        "lin",
        "example",
        "org",
        "Northlight",
    }


@pytest.mark.parametrize(
    ("cookie", "preferred", "header", "expected"),
    [
        (None, None, None, "en"),
        ("zh-CN", "en", "en", "zh-CN"),
        ("xx", "zh-CN", "en", "zh-CN"),
        (None, None, "de-DE,zh-TW;q=0.8,en;q=0.5", "zh-CN"),
        (None, None, "fr", "en"),
    ],
)
def test_language_is_chosen(cookie: str | None, preferred: str | None, header: str | None, expected: str) -> None:
    assert choose_language(cookie, preferred, header) == expected
