"""Who somebody is, as routing sees it."""

import math
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from kernel import db
from kernel.sql import load
from skills.belief import HALF_LIFE_DAYS, UNKNOWN, Belief, level_floor, level_of, sigmoid
from skills.errors import NoSuchAnnotator
from skills.hierarchy import GENERAL, Local, Tree, beliefs, below

sql = load(__package__)
EXPERT_LEVEL = 4
"""The bar of experts where a project names none."""
BARRING = frozenset({"pause", "require_exam"})
"""Actions of standing that keep somebody from work; `ask_manager` only asks."""


class Known(msgspec.Struct, frozen=True):
    """What was learned in one domain, and how long ago that was brought up to date."""

    local: Local
    idle_days: float


class Restriction(msgspec.Struct, frozen=True):
    """What standing says against work, now: in a domain and everything below it, or everywhere where it names none."""

    id: UUID
    domain: str | None
    action: str
    """`pause`, `require_exam` or `ask_manager`."""
    reason_en: str
    reason_zh: str
    ends_at: datetime | None


class Profile(msgspec.Struct, frozen=True):
    """The facts that eligibility and score depend on, read in one query at the time of the decision."""

    id: UUID
    display_name: str
    vendor_id: UUID | None
    state: str
    state_reason: str | None
    capacity: int
    roles: list[str]
    """Held everywhere; those of one project are in `project_roles`."""
    languages: dict[str, int]
    skills: dict[str, Belief]
    """Domains that somebody has said or seen something about: the belief now, faded and with what the others say."""
    credentials: list[str]
    """Domains with a verified, unexpired credential."""
    inherited: dict[str, Belief] = {}
    """All other domains: what the rest of the tree says about them."""
    known: dict[str, Known] = {}
    tree: Tree = Tree()
    project_roles: dict[str, list[str]] = {}
    """By the project's id."""
    exams: dict[str, int] = {}
    """Domains with a passed exam, and the level that it proved."""
    restrictions: list[Restriction] = []

    def holds(self, role: str, project_id: UUID | None = None) -> bool:
        """Everywhere, or in this project."""
        return role in self.roles or role in self.project_roles.get(str(project_id), ())

    def barred(self, domain: str) -> Restriction | None:
        """What keeps the person from work in the domain; None: nothing."""
        above = {None, *self.tree.path(domain)[1:], domain}
        return next((one for one in self.restrictions if one.action in BARRING and one.domain in above), None)

    def proof(self, domain: str, level: int) -> str | None:
        """`credential` or `exam`, for the domain or one above it (but `general`); None: neither."""
        field = [code for code in self.tree.path(domain) if code != GENERAL or domain == GENERAL]
        if any(code in self.credentials for code in field):
            return "credential"
        return "exam" if any(self.exams.get(code, 0) >= level for code in field) else None

    def belief(self, domain: str) -> Belief:
        known = self.skills.get(domain) or self.inherited.get(domain)
        if known is not None:
            return known
        parent = self.tree.parent(domain)
        return self.tree.root if parent is None else below(self.belief(parent), self.tree.edge(domain))

    def with_half_life(self, days: float) -> "Profile":
        """As it looks where skill is trusted for longer or shorter (a project may say so); `days` is above 0."""
        local = {domain: known.local.faded(known.idle_days, days) for domain, known in self.known.items()}
        found = beliefs(self.tree, local, self.tree.parents)
        return msgspec.structs.replace(
            self,
            skills={domain: belief for domain, belief in found.items() if domain in local},
            inherited={domain: belief for domain, belief in found.items() if domain not in local},
        )

    def is_expert(self, domain: str, z: float, level: int = EXPERT_LEVEL) -> bool:
        """A verified, unexpired credential or a passed exam, and a lower bound at the level that the project asks for."""
        return self.proof(domain, level) is not None and self.belief(domain).lower_bound(z) >= level_floor(level)


class SkillView(msgspec.Struct, frozen=True):
    domain: str
    mean: float
    variance: float
    percent: int
    """0 to 100."""
    interval: tuple[int, int]
    """Percents, 95 %."""
    level: int
    skill_class: str
    """`generalist` or `domain expert`."""
    reason: str
    evidence_count: int
    inferred: bool
    """Nothing was observed in this domain; the belief is what general skill says about it."""
    updated_at: datetime | None
    parent: str | None
    """None: it is a field of its own, below `general`."""
    name_en: str
    name_zh: str
    level_name_en: str
    level_name_zh: str
    proved_percent: int
    """The lower bound that decides the level, 0 to 100."""
    proof: str | None
    """`credential` or `exam`; None: neither."""
    missing: list[str]
    """For a domain expert: `proof` (a credential or exam), `level` (the lower bound is below level 4); empty: nothing."""


class _Facts(msgspec.Struct, frozen=True):
    """The row of the profile query."""

    id: UUID
    display_name: str
    vendor_id: UUID | None
    state: str
    state_reason: str | None
    capacity: int
    roles: list[str]
    languages: dict[str, int]
    credentials: list[str]
    known: dict[str, Known]
    parents: dict[str, str | None]
    crowd: dict[str, Belief]
    project_roles: dict[str, list[str]]
    exams: dict[str, int]
    restrictions: list[Restriction]


async def load_profile(annotator_id: UUID, half_life_days: float = HALF_LIFE_DAYS) -> Profile:
    """As of now: what was learned long ago counts less."""
    facts = await db.fetch_one_as(_Facts, sql.profile, annotator_id=annotator_id)
    if facts is None:
        raise NoSuchAnnotator
    profile = Profile(
        facts.id, facts.display_name, facts.vendor_id, facts.state, facts.state_reason, facts.capacity, facts.roles,
        facts.languages, {}, facts.credentials, known=facts.known, tree=tree_of(facts.parents, facts.crowd),
        project_roles=facts.project_roles, exams=facts.exams, restrictions=facts.restrictions,
    )  # fmt: skip
    return profile.with_half_life(half_life_days)


def tree_of(parents: dict[str, str | None], crowd: dict[str, Belief]) -> Tree:
    edges = {domain: edge for domain, edge in crowd.items() if domain != GENERAL}
    return Tree(parents, crowd.get(GENERAL, UNKNOWN), edges)


async def skills_of(annotator_id: UUID, z: float, half_life_days: float = HALF_LIFE_DAYS) -> list[SkillView]:
    profile = await load_profile(annotator_id, half_life_days)
    return [_view(profile, row, z) for row in await db.fetch(sql.skills_of, annotator_id=annotator_id)]


def _view(profile: Profile, row: Any, z: float) -> SkillView:
    domain = row["domain"]
    belief, expert = profile.belief(domain), profile.is_expert(domain, z)
    bound, shown = belief.lower_bound(z), profile.proof(domain, EXPERT_LEVEL)
    needed = level_floor(EXPERT_LEVEL)
    missing = (["proof"] if shown is None else []) + (["level"] if bound < needed else [])
    level = level_of(bound if math.isfinite(bound) else belief.mean)
    if expert:
        proof = {"credential": "verified credential", "exam": "passed exam"}[shown or ""]
        reason = f"{proof}, and the lower bound of the skill is at level 4"
    elif shown is None:
        reason = "no verified, unexpired credential and no passed exam in this domain"
    else:
        reason = f"the lower bound of the skill ({bound:.2f}) is below level 4 ({needed:.2f})"
    return SkillView(
        domain=domain, mean=round(belief.mean, 4), variance=round(belief.variance, 4), percent=belief.percent,
        interval=belief.interval(), level=level,
        skill_class="domain expert" if expert else "generalist", reason=reason, evidence_count=row["evidence_count"],
        inferred=row["evidence_count"] == 0, updated_at=row["updated_at"], parent=row["parent_code"], name_en=row["name_en"],
        name_zh=row["name_zh"], level_name_en=row["level_names"][level - 1]["en"], level_name_zh=row["level_names"][level - 1]["zh"],
        proved_percent=round(100 * sigmoid(bound)), proof=shown, missing=missing,
    )  # fmt: skip
