"""What the columns of a file of people are called, and what stands in their cells."""

import re
from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

import msgspec

from skills.credentials import CredentialDraft
from skills.errors import BadCredential, BadLanguage
from skills.isced import check_education
from skills.registry import check_language

SYNONYMS = {
    "display_name": ("name", "full name", "person", "annotator", "姓名", "名字", "显示名"),
    "external_id": ("id in your system", "employee id", "employee no", "staff id", "外部编号", "工号", "编号"),
    "vendor": ("company", "supplier", "agency", "供应商", "公司"),
    "roles": ("role", "角色"),
    "languages": ("language", "语言", "语种"),
    "skills": ("skill", "domains", "levels", "技能", "领域"),
    "capacity": ("limit", "max tasks", "tasks at once", "容量", "同时任务数"),
    "credentials": ("credential", "certificates", "licences", "licenses", "资质", "证书"),
}
"""Field → what people also write above its column. Case, spaces, hyphens and underscores do not matter."""
FIELDS = tuple(SYNONYMS)
SEPARATORS = re.compile(r"[\s,;|，；、]+")
CREDENTIAL_SEPARATOR = re.compile(r"[;；\n]+")
LEVELS = ("1", "2", "3", "4", "5")
_FORMULA = re.compile(r"^'(?=[=+\-@＝＋－＠])")
"""The apostrophe that our exports put before what a spreadsheet would run."""
LONGEST_NAME, LONGEST_CODE, MOST_CAPACITY = 120, 40, 50
KINDS = ("degree", "licence", "certificate", "employment")
ISCED_LEVELS = ("", *"012345678")


class Unusable(ValueError):  # noqa: N818  the text is the reason in the report
    """Why a cell cannot be used; the text is for people."""


class PersonLine(msgspec.Struct, kw_only=True):
    """One line of the file. None: the file says nothing about it, and what is known stays."""

    line: int
    display_name: str
    external_id: str | None = None
    vendor: str | None = None
    roles: list[str] | None = None
    languages: dict[str, int] | None = None
    skills: dict[str, int] | None = None
    capacity: int | None = None
    credentials: list[CredentialDraft] | None = None


def field_of(heading: str) -> str | None:
    """The field that a column's heading means; None: none that we know."""
    plain = _plain(heading)
    return next((name for name, others in SYNONYMS.items() if plain in {_plain(one) for one in (name, *others)}), None)


def _plain(text: str) -> str:
    return re.sub(r"[\s_\-]+", "", text).lower()


def person_of(number: int, record: dict[str, Any]) -> PersonLine:
    """Of a record whose keys are field names. Raises `Unusable`."""
    texts = {name: record.get(name) for name in FIELDS}
    name = _text(texts["display_name"])
    if not name:
        raise Unusable("display_name is empty")
    if len(name) > LONGEST_NAME:
        raise Unusable(f"display_name has {len(name)} characters; at most {LONGEST_NAME} are allowed")
    return PersonLine(
        line=number, display_name=name, external_id=_short(texts["external_id"], "external_id"),
        vendor=_short(texts["vendor"], "vendor"), roles=_list(texts["roles"]),
        languages=_levels(texts["languages"], "languages", _language),
        skills=_levels(texts["skills"], "skills", lambda code: code), capacity=_capacity(texts["capacity"]),
        credentials=_credentials(texts["credentials"]),
    )  # fmt: skip


def _text(value: Any) -> str:
    return "" if value is None else _FORMULA.sub("", str(value).strip())


def _short(value: Any, name: str) -> str | None:
    text = _text(value)
    if len(text) > LONGEST_NAME:
        raise Unusable(f"{name} has {len(text)} characters; at most {LONGEST_NAME} are allowed")
    return text or None


def _list(value: Any) -> list[str] | None:
    parts = [str(one) for one in value] if isinstance(value, list) else SEPARATORS.split(_text(value))
    return sorted({part.strip() for part in parts if part.strip()}) or None


def _language(tag: str) -> str:
    """`ZH-cn` is `zh-CN`: spreadsheets and people do not keep the case."""
    main, *rest = tag.replace("_", "-").split("-")
    parts = [main.lower(), *(part.title() if len(part) == 4 else part.upper() for part in rest)]  # noqa: PLR2004  a script has four letters
    try:
        return check_language("-".join(parts))
    except BadLanguage as error:
        raise Unusable(f"languages: {tag!r} is no language tag such as en, zh-CN or pt-BR") from error


def _levels(value: Any, name: str, key: Callable[[str], str]) -> dict[str, int] | None:
    if isinstance(value, dict):
        pairs: Iterable[tuple[str, str]] = [(str(code), str(level)) for code, level in value.items()]
    else:
        cell = re.sub(r"\s*[:=：]\s*", ":", _text(value))
        pairs = [tuple(part.partition(":")[::2]) for part in SEPARATORS.split(cell) if part]
    found: dict[str, int] = {}
    for code, level in pairs:
        if level not in LEVELS:
            raise Unusable(f"{name}: {code!r} needs a level from 1 to 5, as in {code}:3")
        if key(code) in found:
            raise Unusable(f"{name}: {code!r} stands twice")
        found[key(code)] = int(level)
    return found or None


def _capacity(value: Any) -> int | None:
    text = _text(value)
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= MOST_CAPACITY):
        raise Unusable(f"capacity: {text[:20]!r} is no whole number from 1 to {MOST_CAPACITY}")
    return int(text)


def _credentials(value: Any) -> list[CredentialDraft] | None:
    """`law:degree-7:LL.M.` (7: the ISCED level), `law:licence:Bar:2027-12-31` with a date where it expires; several with
    semicolons. They come in unverified.
    """
    if isinstance(value, list):
        return [_credential(str(one)) for one in value] or None
    return [_credential(part) for part in CREDENTIAL_SEPARATOR.split(_text(value)) if part.strip()] or None


def _credential(text: str) -> CredentialDraft:
    parts = [part.strip() for part in re.split(r"[:：]", text.strip())]
    kind, _, isced_level = parts[1].partition("-") if len(parts) > 1 else ("", "", "")
    if len(parts) < 3 or not parts[2] or kind not in KINDS or isced_level not in ISCED_LEVELS:  # noqa: PLR2004  domain, kind, title
        raise Unusable(
            f"credentials: {text.strip()[:60]!r} is none such as law:degree-7:LL.M. or law:licence:Bar:2027-12-31"
        )
    level = int(isced_level) if isced_level else None
    try:
        check_education(kind, level, None)
    except BadCredential as error:
        raise Unusable(f"credentials: {text.strip()[:60]!r}: {error.detail} As in law:degree-7:LL.M.") from error
    expires = None
    if len(parts) > 3:  # noqa: PLR2004
        try:
            expires = date.fromisoformat(parts[3])
        except ValueError as error:
            raise Unusable(f"credentials: {parts[3]!r} is no date such as 2027-12-31") from error
    return CredentialDraft(domain=parts[0], kind=kind, title=parts[2][:200], isced_level=level, expires_on=expires)  # type: ignore[arg-type]
