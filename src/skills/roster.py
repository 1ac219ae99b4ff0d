"""Who can be found, and by what: the filter of the roster, and the part of it that only a belief can answer.

Beliefs fade with every hour and lean on the other domains, so no stored number is the belief of now. SQL narrows the
people by everything else; whoever is left is judged by `hierarchy.belief_about` (many at once by `hierarchy_many`, which
is held to it) and `Profile.is_expert`, the very functions that decide who gets which work. The roster can therefore not
name somebody whom eligibility would refuse.
"""

from datetime import date
from typing import Annotated, Literal, get_args
from uuid import UUID

import msgspec
from msgspec import Meta

from kernel.errors import Invalid
from skills.belief import Belief, level_floor, level_of
from skills.hierarchy import Tree, belief_about
from skills.profiles import Known, Profile, tree_of

Level = Annotated[int, Meta(ge=1, le=5)]
Share = Annotated[float, Meta(ge=0, le=1)]
Count = Annotated[int, Meta(ge=0, le=1_000_000)]
Code = Annotated[str, Meta(min_length=1, max_length=40)]
State = Literal["active", "paused", "left"]
Standing = Literal["any", "none", "pause", "require_exam", "ask_manager"]
Presence = Literal["here", "available", "busy", "break", "draining", "offline"]
Sort = Literal["name", "skill", "load", "free", "presence", "last_active", "throughput", "acceptance"]
SORTS: tuple[str, ...] = get_args(Sort)


class RosterFilter(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Everything that is named must hold; nothing named is everybody."""

    q: Annotated[str, Meta(max_length=200)] | None = None
    """Part of the name or the external id, without regard to case."""
    state: State | None = None
    vendor_id: UUID | None = None
    role: Code | None = None
    """Held everywhere or in any project; with `project_id` everywhere or in that one."""
    project_id: UUID | None = None
    """Also decides how long skill is trusted, and from which level on somebody is an expert."""
    language: Annotated[str, Meta(min_length=2, max_length=35)] | None = None
    language_level: Level = 1
    domain: Code | None = None
    level: Level | None = None
    """At least, in `domain`."""
    level_of: Literal["bound", "mean"] = "bound"
    """`bound`: what routing asks for; `mean`: where the belief is centred, which is less strict."""
    expert: bool | None = None
    """Domain expert in `domain`, or not."""
    credential_domain: Code | None = None
    credential_kind: Literal["degree", "licence", "certificate", "employment"] | None = None
    credential_state: Literal["unverified", "verified", "refused", "revoked"] | None = None
    expires_within_days: Annotated[int, Meta(ge=0, le=3650)] | None = None
    """Verified and unexpired today, with its end in at most so many days."""
    exam_id: UUID | None = None
    """Passed."""
    standing: Standing | None = None
    """In force now; `none`: nothing is."""
    presence: Presence | None = None
    """As of now; `here`: active, and available or busy."""
    free_at_least: Count | None = None
    """Tasks that could still be taken on."""
    held_at_least: Count | None = None
    throughput_at_least: Count | None = None
    """Pieces of work handed in during the last 7 days."""
    acceptance_at_least: Share | None = None
    """Of the work judged during the last 30 days; whoever was not judged is not found by it."""
    acceptance_at_most: Share | None = None

    @property
    def asks_belief(self) -> bool:
        return self.level is not None or self.expert is not None

    def check(self, sort: Sort = "name") -> None:
        """Raises `Invalid` for what only a domain gives a meaning."""
        if self.domain is None and (self.asks_belief or sort == "skill"):
            raise Invalid("Name the domain: level, expert and the order by skill are those of one domain.")


class Candidate(msgspec.Struct, frozen=True):
    """Somebody who passes everything but the belief, with what the belief is made from."""

    id: UUID
    name: str
    value: float | None = None
    """What the list is ordered by; none stands last."""
    known: dict[str, Known] = {}
    credentials: list[str] = []
    exams: dict[str, int] = {}


class Judged(msgspec.Struct, frozen=True):
    belief: Belief
    expert: bool


class Yardstick(msgspec.Struct, frozen=True):
    """By what a belief is judged: the tree, the settings, and the project's own rules where one is named."""

    tree: Tree
    z: float
    half_life_days: float
    expert_level: int

    @classmethod
    def of(
        cls,
        parents: dict[str, str | None],
        crowd: dict[str, Belief],
        z: float,
        half_life_days: float,
        expert_level: int,
    ) -> "Yardstick":
        return cls(tree_of(parents, crowd), z, half_life_days, expert_level)

    def judge(self, person: Candidate, domain: str) -> Judged:
        local = {code: one.local.faded(one.idle_days, self.half_life_days) for code, one in person.known.items()}
        belief = belief_about(self.tree, local, domain)
        return Judged(belief, self.is_expert(person, domain, belief))

    def is_expert(self, person: Candidate, domain: str, belief: Belief) -> bool:
        profile = Profile(
            person.id, person.name, None, "active", None, 1, [], {}, {domain: belief}, person.credentials,
            tree=self.tree, exams=person.exams,
        )  # fmt: skip
        return profile.is_expert(domain, self.z, self.expert_level)

    def passes(self, wanted: RosterFilter, judged: Judged) -> bool:
        if wanted.expert is not None and judged.expert is not wanted.expert:
            return False
        if wanted.level is None:
            return True
        reached = judged.belief.mean if wanted.level_of == "mean" else judged.belief.lower_bound(self.z)
        return reached >= level_floor(wanted.level)


class RosterSkill(msgspec.Struct, frozen=True):
    domain: str
    percent: int
    interval: tuple[int, int]
    """Percents, 95 %."""
    level: int
    """That the lower bound proves."""
    expert: bool
    seen: bool
    """Something was observed in this domain itself."""


class RosterCredential(msgspec.Struct, frozen=True):
    domain: str
    kind: str
    title: str
    state: str
    expires_on: date | None
    expired: bool


def skills_of(person: Candidate, domains: list[str], yardstick: Yardstick) -> list[RosterSkill]:
    """In the given domains; none given: where something was observed."""
    found = []
    for domain in domains or sorted(person.known):
        judged = yardstick.judge(person, domain)
        found.append(
            RosterSkill(
                domain, judged.belief.percent, judged.belief.interval(), level_of(judged.belief.lower_bound(yardstick.z)),
                judged.expert, domain in person.known,
            )
        )  # fmt: skip
    return found
