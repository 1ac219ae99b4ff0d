"""Who somebody is, as routing sees it."""

import math
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from kernel import db
from kernel.sql import load
from skills.belief import HALF_LIFE_DAYS, UNKNOWN, Belief, level_floor, level_of, sigmoid
from skills.classes import Papers, Proof, classify
from skills.errors import NoSuchAnnotator
from skills.hierarchy import GENERAL, OF_KIND, Local, Tree, beliefs, below, node_of

sql = load(__package__)
EXPERT_LEVEL = 4
"""The bar of experts where a project names none."""
BARRING = frozenset({"pause", "require_exam"})
"""Actions of standing that keep somebody from work; `ask_manager` only asks."""


class Known(msgspec.Struct, frozen=True, gc=False):
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
    kinds: dict[str, Belief] = {}
    """Kinds of work in a domain (`law/review`) that something was seen of."""
    own_kinds: list[str] = []
    """Kinds of work that people are good at apart from how well they know the domain."""
    inherited: dict[str, Belief] = {}
    """All other domains: what the rest of the tree says about them."""
    known: dict[str, Known] = {}
    tree: Tree = Tree()
    project_roles: dict[str, list[str]] = {}
    """By the project's id."""
    exams: dict[str, int] = {}
    """Domains with a passed exam, and the level that it proved."""
    restrictions: list[Restriction] = []
    credential_kinds: list[str] = []
    """Of `credentials`, each with its kind: `law/licence`."""
    currency: str | None = None
    """That the person is paid in; none: in that of each project."""

    def holds(self, role: str, project_id: UUID | None = None) -> bool:
        """Everywhere, or in this project."""
        return role in self.roles or role in self.project_roles.get(str(project_id), ())

    def barred(self, domain: str) -> Restriction | None:
        """What keeps the person from work in the domain; None: nothing."""
        above = {None, *self.tree.path(domain)[1:], domain}
        return next((one for one in self.restrictions if one.action in BARRING and one.domain in above), None)

    def proof(self, domain: str, level: int) -> str | None:
        """`credential` or `exam`, for the domain or one above it (but `general`); None: neither."""
        if self.certified(domain):
            return "credential"
        return "exam" if self.passed(domain, level) else None

    def certified(self, domain: str, kind: str = "") -> bool:
        """A credential, of the kind where one is named, in the domain or one above it (but `general`)."""
        if kind:
            return any(f"{code}/{kind}" in self.credential_kinds for code in self.field(domain))
        return any(code in self.credentials for code in self.field(domain))

    def passed(self, domain: str, level: int) -> bool:
        """An exam that proves the level, in the domain or one above it (but `general`)."""
        return any(self.exams.get(code, 0) >= level for code in self.field(domain))

    def field(self, domain: str) -> list[str]:
        """The domain and those above it, but `general`."""
        return [code for code in self.tree.path(domain) if code != GENERAL or domain == GENERAL]

    def belief(self, domain: str, task_kind: str = "") -> Belief:
        """About the domain, or about a kind of work in it where that has a skill of its own."""
        if task_kind in self.own_kinds:
            node = node_of(domain, task_kind)
            return self.kinds.get(node) or below(self.belief(domain), self.tree.edge(node))
        known = self.skills.get(domain) or self.inherited.get(domain)
        if known is not None:
            return known
        parent = self.tree.parent(domain)
        return self.tree.root if parent is None else below(self.belief(parent), self.tree.edge(domain))

    def with_half_life(self, days: float) -> "Profile":
        """As it looks where skill is trusted for longer or shorter (a project may say so); `days` is above 0."""
        local = {node: known.local.faded(known.idle_days, days) for node, known in self.known.items()}
        found = beliefs(self.tree, local, self.tree.parents)
        return msgspec.structs.replace(
            self,
            skills={node: belief for node, belief in found.items() if node in local and OF_KIND not in node},
            kinds={node: belief for node, belief in found.items() if OF_KIND in node},
            inherited={node: belief for node, belief in found.items() if node not in local},
        )

    def is_expert(self, domain: str, z: float, level: int = EXPERT_LEVEL) -> bool:
        """A verified, unexpired credential or a passed exam, and a lower bound at the level that the project asks for."""
        return self.proof(domain, level) is not None and self.belief(domain).lower_bound(z) >= level_floor(level)


class SkillView(msgspec.Struct, frozen=True):
    domain: str
    task_kind: str
    """Empty for the domain itself; else a kind of work in it, of which something was seen."""
    mean: float
    variance: float
    percent: int
    """0 to 100."""
    interval: tuple[int, int]
    """Percents, 95 %."""
    level: int
    skill_class: str
    """`generalist` or `domain expert`."""
    reason_code: str
    """`proven`; or what is missing: `bound_too_low`, `expired`, `unverified`, `no_proof`."""
    reason: str
    proof: Proof | None
    """The credential or exam that proves the level, here or above in the tree."""
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
    parents: dict[str, str | None] | None
    crowd: dict[str, Belief] | None
    own_kinds: list[str] | None
    project_roles: dict[str, list[str]]
    exams: dict[str, int]
    restrictions: list[Restriction]
    credential_kinds: list[str]
    currency: str | None


async def load_profile(annotator_id: UUID, half_life_days: float = HALF_LIFE_DAYS) -> Profile:
    """As of now: what was learned long ago counts less."""
    found = await load_profiles([annotator_id], half_life_days)
    if not found:
        raise NoSuchAnnotator
    return found[0]


async def load_profiles(annotator_ids: list[UUID], half_life_days: float = HALF_LIFE_DAYS) -> list[Profile]:
    """Those who are here, in no order; about 0.2 ms each. The first of the ids has to be there, or nobody is found."""
    rows = await db.fetch_as(_Facts, sql.profile, annotator_ids=annotator_ids)
    world = next((facts for facts in rows if facts.parents is not None), None)
    if world is None:
        return []
    tree = tree_of(world.parents or {}, world.crowd or {})
    return [_profile(facts, tree, world.own_kinds or []).with_half_life(half_life_days) for facts in rows]


def _profile(facts: _Facts, tree: Tree, own_kinds: list[str]) -> Profile:
    return Profile(
        facts.id, facts.display_name, facts.vendor_id, facts.state, facts.state_reason, facts.capacity, facts.roles,
        facts.languages, {}, facts.credentials, known=facts.known, tree=tree,
        own_kinds=own_kinds, project_roles=facts.project_roles, exams=facts.exams, restrictions=facts.restrictions,
        credential_kinds=facts.credential_kinds, currency=facts.currency,
    )  # fmt: skip


def tree_of(parents: dict[str, str | None], crowd: dict[str, Belief]) -> Tree:
    edges = {domain: edge for domain, edge in crowd.items() if domain != GENERAL}
    return Tree(parents, crowd.get(GENERAL, UNKNOWN), edges)


async def skills_of(
    annotator_id: UUID, z: float, half_life_days: float = HALF_LIFE_DAYS, expert_level: int = EXPERT_LEVEL
) -> list[SkillView]:
    """Every domain, and below it the kinds of work that were seen; as a project sees it, with its half-life and its bar."""
    profile = await load_profile(annotator_id, half_life_days)
    papers = await Papers.of(annotator_id)
    rows = await db.fetch(sql.skills_of, annotator_id=annotator_id)
    return [_view(profile, papers, row, z, expert_level) for row in rows]


def _view(profile: Profile, papers: Papers, row: Any, z: float, expert_level: int) -> SkillView:
    domain, task_kind = row["domain"], row["task_kind"]
    belief, derived = profile.belief(domain, task_kind), classify(profile, papers, domain, z, expert_level)
    bound = belief.lower_bound(z)
    level = level_of(bound if math.isfinite(bound) else belief.mean)
    named, lacks = row["level_names"][level - 1], profile.belief(domain).lower_bound(z) < level_floor(expert_level)
    return SkillView(
        domain=domain, task_kind=task_kind, mean=round(belief.mean, 4), variance=round(belief.variance, 4), percent=belief.percent,
        interval=belief.interval(), level=level,
        skill_class=derived.skill_class, reason_code=derived.reason_code, reason=derived.reason, proof=derived.proof,
        evidence_count=row["evidence_count"], inferred=row["evidence_count"] == 0, updated_at=row["updated_at"],
        parent=row["parent_code"], name_en=row["name_en"], name_zh=row["name_zh"], level_name_en=named["en"],
        level_name_zh=named["zh"], proved_percent=round(100 * sigmoid(bound)),
        missing=[*(["proof"] if derived.proof is None else []), *(["level"] if lacks else [])],
    )  # fmt: skip
