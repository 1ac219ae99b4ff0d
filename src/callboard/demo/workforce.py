"""The demo's people as annotators, and the accounts with which a visitor signs in."""

from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

import msgspec

from callboard.access import passwords, people
from callboard.access.people import PersonDraft
from callboard.demo.content import Person
from callboard.demo.content import logins as content_logins
from callboard.demo.content import people as content_people
from callboard.demo.content import vendors as content_vendors
from callboard.demo.content.people import Credential
from callboard.demo.operation import ARBITER, GUIDE
from callboard.demo.past import live_through
from kernel import clock
from kernel.settings import Settings
from skills.annotators import AnnotatorDraft, create_annotator
from skills.credentials import CredentialDraft, add_credential
from skills.domains import DomainDraft
from skills.domains import add as add_domain
from skills.evidence import domain_parents

MARK = "demo:"
"""Begins the external_id of everybody whom the demo made."""

CHILDREN = (
    DomainDraft(
        code="cardiology", parent="medicine", name_en="Cardiology", name_zh="心脏病学",
        description_en="Heart and vessels: findings, treatment, guidelines.", description_zh="心脏与血管：检查所见、治疗与指南。",
    ),
    DomainDraft(
        code="security", parent="technology", name_en="Security", name_zh="信息安全",
        description_en="Attacks and defences of systems and networks.", description_zh="系统与网络的攻击和防护。",
    ),
    DomainDraft(
        code="accounting", parent="finance", name_en="Accounting", name_zh="会计",
        description_en="Books, statements, audits and tax.", description_zh="账簿、报表、审计与税务。",
    ),
)  # fmt: skip

PASSWORDS = {
    "manager": "demo-manager-sees-all",
    "annotator": "demo-annotator-writes",
    "reviewer": "demo-reviewer-reads",
}
"""Printed and published: these accounts exist in a demo installation alone."""


class DemoLogin(msgspec.Struct, frozen=True):
    """In the form in which the sign-in page reads it."""

    role: str
    name: str
    email: str
    password: str


def logins() -> list[DemoLogin]:
    """Who signs in; the administrator is made by the first start, with a password of its own."""
    return [
        DemoLogin(person.key, person.display_name, person.email, PASSWORDS[person.key])
        for person in content_logins()
        if person.key in PASSWORDS
    ]


def external_id(person: Person) -> str:
    return MARK + person.key


def expertise(person: Person) -> str:
    """The domain that the person's credentials speak of: the strongest, a special one before general knowledge."""
    best = max(person.skills.values())
    return min((domain for domain, level in person.skills.items() if level == best), key=lambda name: name == "general")


def annotator_draft(person: Person, roles: Sequence[str], credential_domain: str) -> AnnotatorDraft:
    names = {vendor.key: vendor.name for vendor in content_vendors()}
    return AnnotatorDraft(
        display_name=person.display_name,
        external_id=external_id(person),
        vendor=None if person.vendor is None else names[person.vendor],
        roles=list(roles),
        languages=dict(person.languages.items()),
        skills=dict(person.skills.items()),
        credentials=[
            CredentialDraft(
                domain=credential.domain or credential_domain,
                kind=credential.kind,
                title=credential.title,
                issuer=credential.issuer,
                verified=credential.verified,
                isced_level=credential.isced_level,
                isced_field=credential.isced_field,
                document_ref=credential.document_ref,
                expires_on=_last_day(credential),
            )
            for credential in person.credentials
        ],
    )


def _last_day(credential: Credential) -> date | None:
    if credential.expires_in_days is None:
        return credential.expires_on
    return clock.now().date() + timedelta(days=credential.expires_in_days)


async def open_domains() -> None:
    """A few children, so that the tree is one."""
    for draft in CHILDREN:
        await add_domain(draft)


async def hire(settings: Settings) -> int:
    """The simulated people; the number of them."""
    for person in content_people():
        await _with_past(person, annotator_draft(person, person.roles, expertise(person)), settings)
    return len(content_people())


async def _with_past(person: Person, draft: AnnotatorDraft, settings: Settings, *, visitor: bool = False) -> UUID:
    """What they did comes before what their credentials say of them: those start what nothing is known of."""
    blank = msgspec.structs.replace(draft, skills={}, credentials=[])
    annotator_id = await create_annotator(blank, settings.holding_capacity)
    if person.skills:
        await live_through(annotator_id, person, await domain_parents(), visitor=visitor)
    for credential in draft.credentials:
        await add_credential(annotator_id, credential)
    return annotator_id


async def open_accounts(hashes: dict[str, str], settings: Settings) -> None:
    """The visitor's accounts. `hashes` by key of the login, made before the transaction was opened."""
    for person in content_logins():
        if person.key not in PASSWORDS:
            continue
        annotator_id = None
        if set(person.roles) & {"annotator", "reviewer"}:
            roles = (*person.roles, GUIDE if "annotator" in person.roles else ARBITER)
            # What they studied makes them nobody's expert; the tour asks for none.
            draft = annotator_draft(person, roles, "general")
            annotator_id = await _with_past(person, draft, settings, visitor=True)
        account = PersonDraft(
            email=person.email, display_name=person.display_name, roles=list(person.roles), annotator_id=annotator_id
        )
        await people.create(account, password_hash=hashes[person.key], must_change_password=False)


async def password_hashes(settings: Settings) -> dict[str, str]:
    return {key: await passwords.hash_password(password, settings) for key, password in PASSWORDS.items()}
