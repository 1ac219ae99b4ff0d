"""Texts that people and bots send: stored exactly as they came, or refused with the reason."""

import unicodedata

from dialogue.errors import TextEmpty, TextTooLong, TextUnstorable

INVISIBLE = ("Cc", "Cf")
"""General categories of control and format characters: zero-width and directional marks alone are no text."""


def require_text(text: str, limit_characters: int, what: str) -> str:
    """The text itself, unchanged. `what` begins the sentence of a refusal (`The message`); characters are code points."""
    if is_blank(text):
        raise TextEmpty(f"{what} is empty.")
    return require_storable(text, limit_characters, what)


def is_blank(text: str) -> bool:
    return all(character.isspace() or unicodedata.category(character) in INVISIBLE for character in text)


def require_storable(text: str, limit_characters: int, what: str) -> str:
    """As `require_text`, for a text that may be empty."""
    if len(text) > limit_characters:
        raise TextTooLong(
            f"{what} has {len(text):,} characters; at most {limit_characters:,} are allowed.",
            limit=limit_characters, length=len(text),
        )  # fmt: skip
    fault = find_unstorable(text)
    if fault is not None:
        raise TextUnstorable(f"{what} holds {fault}, which cannot be stored.")
    return text


def find_unstorable(text: str) -> str | None:
    """What PostgreSQL and UTF-8 cannot hold; None where the text can be kept."""
    if "\x00" in text:
        return "the character U+0000"
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return f"half a character (U+{ord(text[error.start]):04X})"
    return None
