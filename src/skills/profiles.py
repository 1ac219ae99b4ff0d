"""Who somebody is, as routing sees it, and how managers change it."""

import math
import re
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from kernel import audit, db, outbox
from kernel.ids import uuid7
from kernel.sql import load
from skills.belief import HALF_LIFE_DAYS, UNKNOWN, Belief, assessed, level_floor, level_of
from skills.errors import AnnotatorExists, BadLanguage, NoSuchAnnotator, NoSuchDomain
from skills.evidence import Observation, begin, observe
from skills.hierarchy import GENERAL, Local, Tree, beliefs, below

sql = load(__package__)
EXPERT_LEVEL = 4
_BCP47 = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|\d{3}))?")

Level = Annotated[int, Meta(ge=1, le=5)]


class Known(msgspec.Struct, frozen=True):
    """What was learned in one domain, and how long ago that was brought up to date."""

    local: Local
    idle_days: float


class Profile(msgspec.Struct, frozen=True):
    """The facts that eligibility and score depend on, read in one query at the time of the decision."""

    id: UUID
    display_name: str
    vendor_id: UUID | None
    state: str
    state_reason: str | None
    capacity: int
    roles: list[str]
    languages: dict[str, int]
    skills: dict[str, Belief]
    """Domains that somebody has said or seen something about: the belief now, faded and with what the others say."""
    credentials: list[str]
    """Domains with a verified, unexpired credential."""
    inherited: dict[str, Belief] = {}
    """All other domains: what the rest of the tree says about them."""
    known: dict[str, Known] = {}
    tree: Tree = Tree()

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

    def is_expert(self, domain: str, z: float) -> bool:
        """A verified, unexpired credential, and a lower bound at level 4 or above."""
        return domain in self.credentials and self.belief(domain).lower_bound(z) >= level_floor(EXPERT_LEVEL)


class CredentialDraft(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    domain: str
    kind: Literal["degree", "licence", "certificate", "employment"]
    title: Annotated[str, Meta(min_length=1, max_length=200)]
    issuer: Annotated[str, Meta(max_length=200)] = ""
    verified: bool = False
    expires_on: date | None = None


class AnnotatorDraft(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    display_name: Annotated[str, Meta(min_length=1, max_length=120)]
    external_id: Annotated[str, Meta(min_length=1, max_length=120)] | None = None
    vendor: Annotated[str, Meta(min_length=1, max_length=120)] | None = None
    roles: list[Annotated[str, Meta(min_length=1, max_length=40)]] = msgspec.field(
        default_factory=lambda: ["annotator"]
    )
    languages: dict[str, Level] = {}
    skills: dict[str, Level] = {}
    credentials: list[CredentialDraft] = []
    capacity: Annotated[int, Meta(ge=1, le=50)] | None = None


class AnnotatorView(msgspec.Struct, frozen=True):
    id: UUID
    external_id: str | None
    display_name: str
    vendor_id: UUID | None
    vendor: str | None
    state: str
    state_reason: str | None
    capacity: int
    roles: list[str]
    languages: dict[str, int]
    created_at: datetime


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


async def load_profile(annotator_id: UUID, half_life_days: float = HALF_LIFE_DAYS) -> Profile:
    """As of now: what was learned long ago counts less."""
    facts = await db.fetch_one_as(_Facts, sql.profile, annotator_id=annotator_id)
    if facts is None:
        raise NoSuchAnnotator
    profile = Profile(
        facts.id, facts.display_name, facts.vendor_id, facts.state, facts.state_reason, facts.capacity, facts.roles,
        facts.languages, {}, facts.credentials, known=facts.known, tree=tree_of(facts.parents, facts.crowd),
    )  # fmt: skip
    return profile.with_half_life(half_life_days)


def tree_of(parents: dict[str, str | None], crowd: dict[str, Belief]) -> Tree:
    edges = {domain: edge for domain, edge in crowd.items() if domain != GENERAL}
    return Tree(parents, crowd.get(GENERAL, UNKNOWN), edges)


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


async def ensure_vendor(name: str) -> UUID:
    await db.execute(
        "INSERT INTO vendor (id, name) VALUES (:id, :name) ON CONFLICT (name) DO NOTHING", id=uuid7(), name=name
    )
    return await db.fetch_value("SELECT id FROM vendor WHERE name = :name", name=name)  # type: ignore[no-any-return]


async def create_annotator(draft: AnnotatorDraft, default_capacity: int) -> UUID:
    """A person with roles, languages, assessed skills and credentials. Raises `AnnotatorExists`, `NoSuchDomain`, `BadLanguage`."""
    db.require_transaction()
    await check_domains(set(draft.skills) | {credential.domain for credential in draft.credentials})
    vendor_id = None if draft.vendor is None else await ensure_vendor(draft.vendor)
    annotator_id = await db.fetch_value(
        sql.insert_annotator, id=uuid7(), external_id=draft.external_id, display_name=draft.display_name,
        vendor_id=vendor_id, capacity=draft.capacity or default_capacity,
    )  # fmt: skip
    if annotator_id is None:
        raise AnnotatorExists
    await put_roles(annotator_id, draft.roles)
    await put_languages(annotator_id, draft.languages)
    # General skill first: it is the starting point of the other domains.
    for domain in sorted(draft.skills, key=lambda code: code != "general"):
        await assess(annotator_id, domain, draft.skills[domain], reason="stated when the profile was made")
    for credential in draft.credentials:
        await add_credential(annotator_id, credential)
    await outbox.publish(
        "annotator.created", {"annotator_id": str(annotator_id)}, subject_id=annotator_id, vendor_id=vendor_id
    )
    return UUID(int=annotator_id.int)


async def put_roles(annotator_id: UUID, roles: list[str]) -> None:
    await db.execute(sql.put_roles, annotator_id=annotator_id, roles=sorted(set(roles)))


async def put_languages(annotator_id: UUID, languages: dict[str, int]) -> None:
    tags = [check_language(tag) for tag in languages]
    await db.execute(
        sql.put_languages, annotator_id=annotator_id, languages=tags, levels=[languages[tag] for tag in tags]
    )


async def assess(annotator_id: UUID, domain: str, level: int, reason: str) -> Belief:
    """A manager's word on a level from 1 to 5: the belief starts anew from it. Audited."""
    await check_domains({domain})
    belief = await observe(
        Observation(
            annotator_id=annotator_id,
            domain=domain,
            kind="assessment",
            source_type="assessment",
            source_id=uuid7(),
            stated=assessed(level),
        )
    )
    await audit.record(
        "skill.assessed", "annotator", annotator_id, after={"domain": domain, "level": level}, reason=reason
    )
    return belief


async def add_credential(annotator_id: UUID, draft: CredentialDraft) -> UUID:
    """Raises `NoSuchDomain`."""
    await check_domains({draft.domain})
    credential_id = uuid7()
    await db.execute(
        sql.insert_credential, id=credential_id, annotator_id=annotator_id, domain=draft.domain, kind=draft.kind,
        title=draft.title, issuer=draft.issuer, verified=draft.verified, expires_on=draft.expires_on,
    )  # fmt: skip
    if draft.verified:
        await begin(annotator_id, draft.domain)
    await audit.record("credential.added", "annotator", annotator_id, after=msgspec.to_builtins(draft))
    return credential_id


async def set_state(annotator_id: UUID, state: str, reason: str | None) -> None:
    """`active`, `paused` or `left`; paused people get nothing new and see the reason."""
    db.require_transaction()
    before = await load_profile(annotator_id)
    await db.execute(
        "UPDATE annotator SET state = :state, state_reason = :reason WHERE id = :id",
        id=annotator_id,
        state=state,
        reason=reason,
    )
    await audit.record(
        "annotator." + state,
        "annotator",
        annotator_id,
        before={"state": before.state},
        after={"state": state},
        reason=reason,
    )


async def roster(*, vendor_id: UUID | None, after: tuple[str, UUID] | None, limit: int) -> list[AnnotatorView]:
    """People by name; `vendor_id` limits to one vendor's people."""
    name, last = after or ("", UUID(int=0))
    return await db.fetch_as(
        AnnotatorView, sql.roster, vendor_id=vendor_id, annotator_id=None, after_name=name, after_id=last, limit=limit
    )


async def annotator(annotator_id: UUID, vendor_id: UUID | None = None) -> AnnotatorView:
    rows = await db.fetch_as(
        AnnotatorView,
        sql.roster,
        vendor_id=vendor_id,
        annotator_id=annotator_id,
        after_name="",
        after_id=UUID(int=0),
        limit=1,
    )
    if not rows:
        raise NoSuchAnnotator
    return rows[0]


async def skills_of(annotator_id: UUID, z: float, half_life_days: float = HALF_LIFE_DAYS) -> list[SkillView]:
    profile = await load_profile(annotator_id, half_life_days)
    return [_view(profile, row, z) for row in await db.fetch(sql.skills_of, annotator_id=annotator_id)]


def _view(profile: Profile, row: Any, z: float) -> SkillView:
    domain = row["domain"]
    belief, expert = profile.belief(domain), profile.is_expert(domain, z)
    bound = belief.lower_bound(z)
    needed = level_floor(EXPERT_LEVEL)
    if expert:
        reason = "verified credential, and the lower bound of the skill is at level 4"
    elif domain not in profile.credentials:
        reason = "no verified, unexpired credential in this domain"
    else:
        reason = f"the lower bound of the skill ({bound:.2f}) is below level 4 ({needed:.2f})"
    return SkillView(
        domain=domain, mean=round(belief.mean, 4), variance=round(belief.variance, 4), percent=belief.percent,
        interval=belief.interval(), level=level_of(bound if math.isfinite(bound) else belief.mean),
        skill_class="domain expert" if expert else "generalist", reason=reason, evidence_count=row["evidence_count"],
        inferred=row["evidence_count"] == 0, updated_at=row["updated_at"],
    )  # fmt: skip
