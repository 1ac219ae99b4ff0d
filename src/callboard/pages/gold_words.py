"""Keys of gold as people write and read them: a known answer as it is, bands a line each."""

import re

import msgspec

from routing.errors import BadGold
from routing.gold_scoring import GoldKey

NUMBER = r"-?\d+(?:\.\d+)?"
BAND = re.compile(rf"([a-z][a-z0-9_]{{0,39}})\s*[:：]\s*({NUMBER})\s*(?:-|–|~|to|至|…|\.\.)\s*({NUMBER})")


def key_text(key: GoldKey) -> str:
    if key.bands:
        return "\n".join(f"{name}: {least:g} – {most:g}" for name, (least, most) in key.bands.items())
    return key.answer if isinstance(key.answer, str) else msgspec.json.encode(key.answer).decode()


def read_key(text: str) -> GoldKey:
    """Raises `BadGold` for nothing, and for JSON that is none."""
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    if not lines:
        raise BadGold("A key is a known answer, or bands of ratings: one of the two.")
    found = [BAND.fullmatch(line) for line in lines]
    if all(found):
        return GoldKey(bands={one[1]: (float(one[2]), float(one[3])) for one in found if one})
    if text.lstrip()[0] not in "[{":
        return GoldKey(answer=text.strip())
    try:
        return GoldKey(answer=msgspec.json.decode(text))
    except msgspec.DecodeError as error:
        raise BadGold(f"The key cannot be read: {error}.") from error
