"""Generalist or domain expert, per domain, with the reason: which credential or exam proves it, and until when."""

from datetime import date
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

import msgspec

from kernel import db
from kernel.sql import load
from skills.belief import level_floor
from skills.hierarchy import GENERAL

if TYPE_CHECKING:
    from skills.profiles import Profile

sql = load(__package__)

ReasonCode = Literal["proven", "bound_too_low", "expired", "unverified", "no_proof"]
WORDS: dict[str, str] = {
    "proven": "{proof}, and the lower bound of the skill is at level {level}",
    "bound_too_low": "the lower bound of the skill ({bound:.2f}) is below level {level} ({needed:.2f})",
    "expired": "the credential for this domain has expired",
    "unverified": "the credential for this domain is not verified yet",
    "no_proof": "no verified, unexpired credential and no passed exam in this domain",
}


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    kind: Literal["credential", "exam"]
    id: UUID
    title: str
    domain: str
    """Itself, or one above it."""
    until: date | None
    """The last day on which it counts; none: it does not run out."""


class SkillClass(msgspec.Struct, frozen=True, kw_only=True):
    skill_class: Literal["generalist", "domain expert"]
    reason_code: ReasonCode
    reason: str
    proof: Proof | None


class Papers(msgspec.Struct, frozen=True):
    """What somebody can show, read once for all domains."""

    proofs: list[dict[str, Any]]
    lapsed: list[dict[str, Any]]

    @classmethod
    async def of(cls, annotator_id: UUID) -> "Papers":
        proofs = await db.fetch(sql.proofs_of, annotator_id=annotator_id)
        lapsed = await db.fetch(sql.lapsed_credentials_of, annotator_id=annotator_id)
        return cls([dict(row) for row in proofs], [dict(row) for row in lapsed])


def classify(profile: "Profile", papers: Papers, domain: str, z: float, level: int) -> SkillClass:
    """Expert exactly where `Profile.is_expert` says so; the reason names the first thing that is missing."""
    bound, needed = profile.belief(domain).lower_bound(z), level_floor(level)
    kind = profile.proof(domain, level)
    proof = None if kind is None else _paper(profile, papers, domain, kind, level)
    enough: ReasonCode = "proven" if bound >= needed else "bound_too_low"
    code = _missing(profile, papers, domain) if kind is None else enough
    named = {"credential": "verified credential", "exam": "passed exam"}.get(kind or "", "")
    return SkillClass(
        skill_class="domain expert" if code == "proven" else "generalist", reason_code=code,
        reason=WORDS[code].format(proof=named, level=level, bound=bound, needed=needed), proof=proof,
    )  # fmt: skip


def _field(profile: "Profile", domain: str) -> list[str]:
    """The nearest first; general knowledge proves nothing but itself."""
    return [code for code in reversed(profile.tree.path(domain)) if code != GENERAL or domain == GENERAL]


def _paper(profile: "Profile", papers: Papers, domain: str, kind: str, level: int) -> Proof | None:
    """Of several the one that holds longest, of those the nearest."""
    for code in _field(profile, domain):
        for row in papers.proofs:
            if row["kind"] == kind and row["domain"] == code and row["level"] >= level:
                return Proof(
                    kind=row["kind"], id=UUID(int=row["id"].int), title=row["title"], domain=code,
                    until=row["expires_on"],
                )  # fmt: skip
    return None


def _missing(profile: "Profile", papers: Papers, domain: str) -> ReasonCode:
    field = _field(profile, domain)
    mine = [row for row in papers.lapsed if row["domain"] in field]
    if any(row["state"] == "unverified" for row in mine):
        return "unverified"
    return "expired" if mine else "no_proof"
