"""What opens the next level in a domain, by work, by exam and by credential; and which work it would open."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from kernel import db
from kernel.settings import Settings
from kernel.sql import load
from routing.lanes import ANNOTATION, REVIEW
from routing.waiting import LaneOffer, what_waits
from skills import domains
from skills.exams import ExamView, exams
from skills.hierarchy import GENERAL
from skills.profiles import EXPERT_LEVEL, Profile, load_profile
from skills.progress import Outlook, Step, Way

sql = load(__package__)
MOST_EXAMS = 200


class ExamAhead(msgspec.Struct, frozen=True, kw_only=True):
    """An open exam that this person has not passed, and where they stand with it."""

    id: UUID
    name: str
    domain: str
    language: str
    cut_level: int
    attempts_left: int
    opens_again_at: datetime | None
    speaks: bool
    can_start: bool
    running: bool


class CredentialSeen(msgspec.Struct, frozen=True):
    id: UUID
    domain: str
    title: str
    state: str
    counts: bool
    """Verified and not expired."""


class Expertise(msgspec.Struct, frozen=True):
    """A domain expert has a proof, and a lower bound at level 4."""

    expert: bool
    proof: str | None
    """`credential` or `exam`."""
    missing: list[str]
    """`proof`, `level`; empty: nothing."""
    credentials: list[CredentialSeen]
    """In the domain or the field above it, whatever their state."""


class OpenWork(msgspec.Struct, frozen=True):
    """Work that waits and needs this level in the domain, and nothing else that the person lacks."""

    kind: str
    level: int
    waiting: int
    """Free tasks; a lane is counted no further than 1000."""


class NextLevel(msgspec.Struct, frozen=True, kw_only=True):
    domain: str
    level: int
    """Proved now, 1 to 5."""
    next_level: int | None
    """None at the top."""
    bound_percent: int
    """The skill that is proved, 0 to 100."""
    needed_percent: int | None
    """Where the next level begins."""
    ways: list[Way]
    """By accepted work: the shortest first."""
    exams: list[ExamAhead]
    expertise: Expertise
    opens: list[OpenWork]

    @property
    def waiting(self) -> int:
        return sum(opening.waiting for opening in self.opens)


class Prospects:
    """One person's outlook in every domain, from one look at what waits and which exams there are."""

    def __init__(
        self, profile: Profile, settings: Settings, offers: Sequence[LaneOffer], ahead: Sequence[ExamView]
    ) -> None:
        self.profile = profile
        self.offers = offers
        self._ahead = ahead
        self._z = settings.skill_lower_bound_z
        half_life = settings.skill_half_life_days
        self._known = {code: known.local.faded(known.idle_days, half_life) for code, known in profile.known.items()}

    def step(self, domain: str) -> Step:
        return Outlook(self.profile.tree, self._known, domain, self._z).step()

    def exams(self, domain: str, least: int) -> list[ExamAhead]:
        """Of the domain or the field above it, that prove at least this level; what can be begun first."""
        field = set(self.field(domain))
        found = [
            ExamAhead(
                id=exam.id, name=exam.name, domain=exam.domain, language=exam.language, cut_level=exam.cut_level,
                attempts_left=exam.attempts_left, opens_again_at=exam.opens_again_at, speaks=exam.speaks,
                can_start=exam.can_start, running=exam.running_id is not None,
            )
            for exam in self._ahead
            if exam.domain in field and not exam.training and not exam.passed and exam.cut_level >= least
            and (exam.attempts_left > 0 or exam.running_id is not None)
        ]  # fmt: skip
        return sorted(
            found, key=lambda one: (not one.running, not one.can_start, not one.speaks, one.cut_level, one.name)
        )

    def opens(self, domain: str, next_level: int | None) -> list[OpenWork]:
        """Lanes that only the level in the domain keeps shut, and that the next one opens."""
        found: dict[str, int] = {}
        for offer in self.offers:
            alone = [failure.predicate for failure in offer.failures] == ["level"]
            if alone and offer.domain == domain and offer.min_level == next_level and offer.kind in self.kinds:
                found[offer.kind] = found.get(offer.kind, 0) + offer.waiting
        return [OpenWork(kind, next_level or 0, waiting) for kind, waiting in sorted(found.items()) if waiting]

    @property
    def kinds(self) -> Sequence[str]:
        """The skill of doing the work; only of those who do nothing but review, that of judging it."""
        return (ANNOTATION,) if self.profile.holds("annotator") or not self.profile.holds("reviewer") else (REVIEW,)

    def field(self, domain: str) -> list[str]:
        """The domain and those above it, but `general`."""
        return [code for code in self.profile.tree.path(domain) if code != GENERAL or domain == GENERAL]

    def expertise(self, domain: str, credentials: Sequence[CredentialSeen] = ()) -> Expertise:
        proof, expert = self.profile.proof(domain, EXPERT_LEVEL), self.profile.is_expert(domain, self._z)
        missing = (["proof"] if proof is None else []) + (
            ["level"] if self.step(domain).level < EXPERT_LEVEL else []
        )  # fmt: skip
        return Expertise(expert, proof, missing, list(credentials))

    def next(self, domain: str, credentials: Mapping[str, Sequence[CredentialSeen]]) -> NextLevel:
        step = self.step(domain)
        expertise = self.expertise(domain, [one for code in self.field(domain) for one in credentials.get(code, ())])
        least = step.next_level if step.next_level is not None else EXPERT_LEVEL
        wanted = self.exams(domain, least) if step.next_level is not None or "proof" in expertise.missing else []
        return NextLevel(
            domain=domain, level=step.level, next_level=step.next_level, bound_percent=step.bound_percent,
            needed_percent=step.needed_percent, ways=step.ways, exams=wanted, expertise=expertise,
            opens=self.opens(domain, step.next_level),
        )  # fmt: skip


async def prospects(annotator_id: UUID, settings: Settings) -> Prospects:
    """Raises `NoSuchAnnotator`."""
    profile = await load_profile(annotator_id, settings.skill_half_life_days)
    offers = await what_waits(annotator_id, settings)
    return Prospects(profile, settings, offers, await exams(annotator_id, limit=MOST_EXAMS))


async def credentials_seen(annotator_id: UUID, domains: Sequence[str]) -> dict[str, list[CredentialSeen]]:
    rows = await db.fetch_as(CredentialSeen, sql.credentials_in, annotator_id=annotator_id, domains=list(domains))
    return {code: [row for row in rows if row.domain == code] for code in {row.domain for row in rows}}


async def next_level(annotator_id: UUID, domain: str, settings: Settings) -> NextLevel:
    """Raises `NoSuchAnnotator`, `NoSuchDomain`."""
    await domains.domain(domain)
    outlook = await prospects(annotator_id, settings)
    return outlook.next(domain, await credentials_seen(annotator_id, outlook.field(domain)))
