"""People for an imported file: whatever it asks for, somebody of them can do and somebody else can review."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from callboard.demo.content import Person
from callboard.demo.stage import Player
from callboard.demo.workforce import MARK, external_id
from kernel import db
from kernel.settings import Settings
from kernel.sql import load
from skills.annotators import AnnotatorDraft, AnnotatorView, assess, create_annotator, roster
from skills.belief import level_floor
from skills.credentials import CredentialDraft, add_credential
from skills.grants import put_languages, put_roles
from skills.profiles import load_profile
from skills.registry import ensure_role

sql = load("callboard.demo")

TOP_LEVEL = 5
"""Of the crew in everything that a file asks for: no round of rework takes them below what its tasks need."""
PAGE_ROWS = 200

_AUTHORS = (
    "Ada Lindholm", "Benedikt Rao", "Camille Oduya", "Dmitri Albescu", "Esther Quan", "Farid Noor", "Greta Salvatore",
    "Henrik Mbeki",
)  # fmt: skip
_REVIEWERS = ("Imogen Takeda", "Jonas Petrov", "Kamala Ferris", "Lucas Wren")
_REASON = "joined the crew of an import"


class Need(msgspec.Struct, frozen=True):
    """What the tasks of one lane ask of a person."""

    domain: str
    language: str
    min_level: int
    required_role: str
    required_credential: bool


def crew() -> tuple[Person, ...]:
    """How they behave; what they can do is put into their profiles for each file."""
    return tuple(
        Person(
            key="crew-" + name.split()[0].lower(),
            display_name=name,
            email=f"{name.lower().replace(' ', '.')}@callboard.example",
            roles=("reviewer",) if name in _REVIEWERS else ("annotator",),
            languages={},
            skills={},
            speed=40,
            care=0.92,
        )
        for name in (*_AUTHORS, *_REVIEWERS)
    )


async def needs_of(project_id: UUID) -> list[Need]:
    return await db.fetch_as(Need, sql.needs_of_project, project_id=project_id)


async def call_crew(needs: Sequence[Need], settings: Settings) -> None:
    """Makes them if they are not here yet, and sees to it that each can do all of it. In the caller's transaction."""
    known = {view.external_id: view for view in await everybody()}
    for person in crew():
        view = known.get(external_id(person))
        if view is None:
            draft = AnnotatorDraft(
                display_name=person.display_name, external_id=external_id(person), roles=list(person.roles)
            )
            await _qualify(await create_annotator(draft, settings.holding_capacity), person, needs, settings, {})
        else:
            await _qualify(view.id, person, needs, settings, view.languages)


async def _qualify(
    annotator_id: UUID, person: Person, needs: Sequence[Need], settings: Settings, languages: dict[str, int]
) -> None:
    profile = await load_profile(annotator_id)
    await put_languages(annotator_id, languages | {need.language: TOP_LEVEL for need in needs})
    special = {need.required_role for need in needs} - {"reviewer", "annotator"}
    for role in sorted(special):
        await ensure_role(role, role, role)  # a file may ask for one that nobody has made yet
    await put_roles(annotator_id, [*profile.roles, *(special if "annotator" in person.roles else ())])
    for domain in sorted({need.domain for need in needs}, key=lambda code: code != "general"):
        known = profile.skills.get(domain)
        kinds = [profile.belief(domain, kind) for kind in ("", *profile.own_kinds)]
        bound = min(belief.lower_bound(settings.skill_lower_bound_z) for belief in kinds)
        if known is None or bound < level_floor(TOP_LEVEL):
            await assess(annotator_id, domain, TOP_LEVEL, _REASON)
    for domain in sorted({need.domain for need in needs if need.required_credential} - set(profile.credentials)):
        credential = CredentialDraft(domain=domain, kind="certificate", title="Demonstration", verified=True)
        await add_credential(annotator_id, credential)


async def everybody() -> list[AnnotatorView]:
    """All people of the demo, the visitor's included."""
    found: list[AnnotatorView] = []
    after: tuple[str, UUID] | None = None
    while True:
        rows = await roster(vendor_id=None, after=after, limit=PAGE_ROWS)
        found += [view for view in rows if (view.external_id or "").startswith(MARK)]
        if len(rows) < PAGE_ROWS:
            return found
        after = (rows[-1].display_name, rows[-1].id)


async def players(wanted: Sequence[Person]) -> list[Player]:
    """Those of them who are here."""
    ids = {view.external_id: str(view.id) for view in await everybody()}
    return [Player(ids[external_id(person)], person) for person in wanted if external_id(person) in ids]
