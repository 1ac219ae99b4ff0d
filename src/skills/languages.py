"""Language tags after RFC 5646 (BCP 47): language, script, region, variants, in canonical case."""

import re

from skills.errors import BadLanguage

LONGEST = 35
"""Characters, as RFC 5646 §4.4.1 asks systems to store at least."""
TWO_LETTERS = frozenset(
    [
        "aa",
        "ab",
        "ae",
        "af",
        "ak",
        "am",
        "an",
        "ar",
        "as",
        "av",
        "ay",
        "az",
        "ba",
        "be",
        "bg",
        "bh",
        "bi",
        "bm",
        "bn",
        "bo",
        "br",
        "bs",
        "ca",
        "ce",
        "ch",
        "co",
        "cr",
        "cs",
        "cu",
        "cv",
        "cy",
        "da",
        "de",
        "dv",
        "dz",
        "ee",
        "el",
        "en",
        "eo",
        "es",
        "et",
        "eu",
        "fa",
        "ff",
        "fi",
        "fj",
        "fo",
        "fr",
        "fy",
        "ga",
        "gd",
        "gl",
        "gn",
        "gu",
        "gv",
        "ha",
        "he",
        "hi",
        "ho",
        "hr",
        "ht",
        "hu",
        "hy",
        "hz",
        "ia",
        "id",
        "ie",
        "ig",
        "ii",
        "ik",
        "io",
        "is",
        "it",
        "iu",
        "ja",
        "jv",
        "ka",
        "kg",
        "ki",
        "kj",
        "kk",
        "kl",
        "km",
        "kn",
        "ko",
        "kr",
        "ks",
        "ku",
        "kv",
        "kw",
        "ky",
        "la",
        "lb",
        "lg",
        "li",
        "ln",
        "lo",
        "lt",
        "lu",
        "lv",
        "mg",
        "mh",
        "mi",
        "mk",
        "ml",
        "mn",
        "mr",
        "ms",
        "mt",
        "my",
        "na",
        "nb",
        "nd",
        "ne",
        "ng",
        "nl",
        "nn",
        "no",
        "nr",
        "nv",
        "ny",
        "oc",
        "oj",
        "om",
        "or",
        "os",
        "pa",
        "pi",
        "pl",
        "ps",
        "pt",
        "qu",
        "rm",
        "rn",
        "ro",
        "ru",
        "rw",
        "sa",
        "sc",
        "sd",
        "se",
        "sg",
        "si",
        "sk",
        "sl",
        "sm",
        "sn",
        "so",
        "sq",
        "sr",
        "ss",
        "st",
        "su",
        "sv",
        "sw",
        "ta",
        "te",
        "tg",
        "th",
        "ti",
        "tk",
        "tl",
        "tn",
        "to",
        "tr",
        "ts",
        "tt",
        "tw",
        "ty",
        "ug",
        "uk",
        "ur",
        "uz",
        "ve",
        "vi",
        "vo",
        "wa",
        "wo",
        "xh",
        "yi",
        "yo",
        "za",
        "zh",
        "zu",
    ]
)
"""ISO 639-1; longer codes (ISO 639-3) are too many to list and are taken by their form."""
REPLACED = {"iw": "he", "in": "id", "ji": "yi", "jw": "jv", "mo": "ro", "sh": "sr-Latn"}
"""Deprecated codes of the registry, and what it says instead."""
NO_REGION = {"UK": "GB"}
_TAG = re.compile(
    r"(?P<language>[A-Za-z]{2,3})(?:-(?P<script>[A-Za-z]{4}))?(?:-(?P<region>[A-Za-z]{2}|[0-9]{3}))?"
    r"(?P<variants>(?:-(?:[A-Za-z0-9]{5,8}|[0-9][A-Za-z0-9]{3}))*)"
)


def check_language(tag: str) -> str:
    """The tag in canonical case: `zh-hant-hk` → `zh-Hant-HK`. Raises `BadLanguage` with what to write instead."""
    if "_" in tag:
        raise BadLanguage(f"{tag!r}: write hyphens, as in {tag.replace('_', '-')!r}.")
    if len(tag) > LONGEST:
        raise BadLanguage(f"A language tag has at most {LONGEST} characters.")
    found = _TAG.fullmatch(tag)
    if found is None:
        raise BadLanguage(
            f"{tag!r} is no BCP 47 tag such as en, zh-CN, zh-Hant-HK or ca-valencia "
            "(language-script-region-variant; extensions and private use are left out)."
        )
    language = found["language"].lower()
    if language in REPLACED:
        raise BadLanguage(f"{tag!r}: {language} is written {REPLACED[language]} now.")
    if len(language) == len("en") and language not in TWO_LETTERS:
        raise BadLanguage(f"{tag!r}: there is no language {language} in ISO 639-1.")
    region = (found["region"] or "").upper()
    if region in NO_REGION:
        raise BadLanguage(f"{tag!r}: the region {region} is written {NO_REGION[region]}.")
    variants = found["variants"].lower().split("-")[1:]
    if len(set(variants)) < len(variants):
        raise BadLanguage(f"{tag!r} names a variant twice.")
    parts = [language, (found["script"] or "").capitalize(), region, *variants]
    return "-".join(part for part in parts if part)


def check_languages(levels: dict[str, int]) -> dict[str, int]:
    """By canonical tag. Raises `BadLanguage`, also for one language in two spellings."""
    found: dict[str, int] = {}
    for tag, level in levels.items():
        canonical = check_language(tag)
        if canonical in found:
            raise BadLanguage(f"{canonical} stands twice, in two spellings.")
        found[canonical] = level
    return found
