"""The demo's dialogue topics: 100 over five domains, two languages and five levels, and six for a first visit."""

from functools import cache
from importlib import resources
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Domain = Literal["general", "finance", "medicine", "law", "technology"]
Language = Literal["en", "zh-CN"]
Level = Annotated[int, Meta(ge=1, le=5)]
"""1 is everyday knowledge, 5 a specialist's question on which the evidence conflicts."""
Text = Annotated[str, Meta(min_length=1, max_length=2000)]

DOMAINS: tuple[Domain, ...] = ("general", "finance", "medicine", "law", "technology")
LANGUAGES: tuple[Language, ...] = ("en", "zh-CN")


class Topic(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    external_id: Annotated[str, Meta(pattern="^[a-z0-9-]{8,64}$")]
    domain: Domain
    language: Language
    level: Level
    title: Text
    brief: Text
    """What the dialogue is about, what a good one does, and the pitfall to look for in the bot's replies."""
    opening: Text
    """The first message of the user whom the annotator plays."""
    follow_ups: Annotated[tuple[Text, ...], Meta(min_length=2, max_length=3)]
    """Further messages, fit to follow any sensible reply, for an annotator who is simulated."""


@cache
def topics() -> tuple[Topic, ...]:
    """All topics but those of the tour, by domain, then language, then level."""
    return tuple(
        topic for domain in DOMAINS for language in LANGUAGES for topic in _read(f"{domain}.{language}.ndjson")
    )


@cache
def tour() -> tuple[Topic, ...]:
    """Six short and friendly topics, three in each language, for somebody's first dialogue."""
    return _read("tour.ndjson")


def _read(name: str) -> tuple[Topic, ...]:
    data = resources.files(__package__ or __name__).joinpath("topics", name).read_bytes()
    return tuple(msgspec.json.decode(line, type=Topic) for line in data.splitlines() if line.strip())
