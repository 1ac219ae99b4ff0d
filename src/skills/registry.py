"""What an operation names: domains, levels, languages, roles, kinds of tasks."""

import re

from kernel import db
from skills.errors import BadLanguage, NoSuchDomain, NoSuchRole

_BCP47 = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|\d{3}))?")


async def domain_codes() -> set[str]:
    return {row["code"] for row in await db.fetch("SELECT code FROM domain")}


def check_language(tag: str) -> str:
    if not _BCP47.fullmatch(tag):
        raise BadLanguage(f"{tag!r} is no BCP 47 tag such as en, zh-CN or pt-BR.")
    return tag


async def check_domains(codes: set[str]) -> None:
    known = await domain_codes()
    if codes - known:
        raise NoSuchDomain(
            f"There is no domain {', '.join(sorted(codes - known))}; there are {', '.join(sorted(known))}."
        )


async def check_roles(codes: set[str]) -> None:
    """Raises `NoSuchRole`."""
    known = {row["code"] for row in await db.fetch("SELECT code FROM role WHERE NOT archived")}
    if codes - known:
        raise NoSuchRole(f"There is no role {', '.join(sorted(codes - known))}; there are {', '.join(sorted(known))}.")


async def ensure_role(code: str, name_en: str, name_zh: str) -> None:
    """The role as it is, or made with these names."""
    await db.execute(
        "INSERT INTO role (code, name_en, name_zh, position) VALUES (:code, :name_en, :name_zh, 99) ON CONFLICT (code) DO NOTHING",
        code=code, name_en=name_en, name_zh=name_zh,
    )  # fmt: skip
