"""Credentials: people show their own, managers verify, refuse and revoke; roles and languages are granted beside them."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from litestar import Response
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Meta

from callboard.access import visibility
from callboard.access.actor import Actor
from callboard.access.errors import BeyondOwnRights
from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api.paging import DEFAULT_LIMIT, Cursor, Limit, Page, check_limit, page, read_cursor
from callboard.api.request import Call
from callboard.api.routes import delete, get, post, put
from callboard.api.shapes import Items
from callboard.api.work import NO_CONTENT, etag, if_match, reply, unit_of_work
from kernel.errors import Forbidden, Invalid
from routing.projects import projects_of
from skills import credentials, grants
from skills.credentials import CredentialDraft, CredentialFacts, CredentialView, Filter
from skills.errors import NoSuchAnnotator, NoSuchCredential
from skills.grants import Grants, GrantView

READ, WRITE, SKILLS = Permission.ANNOTATORS_READ, Permission.CREDENTIALS_WRITE, Permission.SKILLS_WRITE
MOST_OF_ONE = 200
"""Credentials of one person: more than anybody has."""
State = Annotated[Literal["unverified", "verified", "refused", "revoked"] | None, QueryParameter(name="state")]
Days = Annotated[int | None, QueryParameter(ge=0, le=3650)]


class Verdict(msgspec.Struct, forbid_unknown_fields=True):
    reason: Annotated[str, Meta(min_length=1, max_length=500)]


class NewCredential(msgspec.Struct, frozen=True):
    id: UUID


class Languages(msgspec.Struct, frozen=True):
    languages: dict[str, int]


async def may_show(actor: Actor, annotator_id: UUID) -> None:
    """Somebody's own credentials, or anybody's for those who state what people can do. Raises `NoSuchAnnotator`, `Forbidden`."""
    await visibility.check_annotator(actor, annotator_id)
    if actor.annotator_id != annotator_id and not actor.may(SKILLS):
        raise Forbidden("People show their own credentials; this account cannot speak for others.")


async def reached(actor: Actor, credential_id: UUID) -> CredentialView:
    """Raises `NoSuchCredential`, also for one of a person whom the actor does not see."""
    found = await credentials.credential(credential_id)
    try:
        await visibility.check_annotator(actor, found.annotator_id)
    except NoSuchAnnotator as error:
        raise NoSuchCredential from error
    return found


def _versioned(view: CredentialView) -> dict[str, str]:
    return etag(view.version)


@get("/annotators/{annotator_id:uuid}/credentials", guards=[require(READ)], operation_id="listCredentialsOfAnnotator",
     tags=["annotators"])  # fmt: skip
async def list_of_annotator(request: Call, annotator_id: FromPath[UUID]) -> Response[Items[CredentialView]]:
    """In the order in which they were shown."""
    await visibility.check_annotator(request.actor, annotator_id)
    return reply(Items(await credentials.credentials(annotator_id=annotator_id, limit=MOST_OF_ONE)))


@post("/annotators/{annotator_id:uuid}/credentials", guards=[require(WRITE)], operation_id="addCredential",
      tags=["annotators"])  # fmt: skip
async def add(request: Call, annotator_id: FromPath[UUID], data: JSONBody[CredentialDraft]) -> Response[NewCredential]:
    """A degree, licence, certificate or employment; it opens doors once it is verified and until it expires.

    People show their own; only who holds `skills:write` may say `verified` at once.
    """

    async def act() -> NewCredential:
        await may_show(request.actor, annotator_id)
        if data.verified and not request.actor.may(SKILLS):
            raise BeyondOwnRights("Only a manager verifies a credential; leave out verified.")
        return NewCredential(await credentials.add_credential(annotator_id, data))

    return await unit_of_work(request, act, status=201)


@get("/credentials", guards=[require(READ)], operation_id="listCredentials", tags=["annotators"])
async def list_all(
    request: Call, in_state: State = None, expiring_within_days: Days = None, cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Response[Page[CredentialView]]:  # fmt: skip
    """Of everybody whom one sees. With `expiring_within_days` verified ones, the next to run out first."""
    limit = check_limit(limit, request.settings)
    if expiring_within_days is not None and in_state not in {None, "verified"}:
        raise Invalid("Only verified credentials are about to expire; leave out state.")
    scope, wish = visibility.filter_for(request.actor), Filter(state=in_state, within_days=expiring_within_days)
    rows = await credentials.credentials(
        wish,
        annotator_id=scope.annotator_id,
        vendor_id=scope.vendor_id,
        after=read_cursor(cursor, tuple[date, UUID]),
        limit=limit + 1,
    )
    return reply(page(rows, limit, lambda row: credentials.key_of(row, wish)))


@put("/credentials/{credential_id:uuid}", guards=[require(WRITE)], operation_id="putCredential", tags=["annotators"])
async def change(
    request: Call, credential_id: FromPath[UUID], data: JSONBody[CredentialFacts]
) -> Response[CredentialView]:
    """All of what it says; it is unverified again."""
    version = if_match(request)

    async def act() -> CredentialView:
        await may_show(request.actor, (await reached(request.actor, credential_id)).annotator_id)
        return await credentials.change_credential(credential_id, data, version)

    return await unit_of_work(request, act, headers=_versioned)


@delete("/credentials/{credential_id:uuid}", guards=[require(WRITE)], operation_id="withdrawCredential",
        tags=["annotators"], status_code=NO_CONTENT)  # fmt: skip
async def withdraw(request: Call, credential_id: FromPath[UUID]) -> Response[None]:
    """What was never verified is gone; what was is revoked."""

    async def act() -> None:
        await may_show(request.actor, (await reached(request.actor, credential_id)).annotator_id)
        await credentials.withdraw(credential_id, "withdrawn")

    return await unit_of_work(request, act, status=NO_CONTENT)


@post("/credentials/{credential_id:uuid}/verify", guards=[require(SKILLS)], operation_id="verifyCredential",
      tags=["annotators"], status_code=200)  # fmt: skip
async def verify(request: Call, credential_id: FromPath[UUID], data: JSONBody[Verdict]) -> Response[CredentialView]:
    """Also what was refused or revoked before: a decision is undone by a further one."""
    return await _decided(request, credential_id, "verify", data)


@post("/credentials/{credential_id:uuid}/refuse", guards=[require(SKILLS)], operation_id="refuseCredential",
      tags=["annotators"], status_code=200)  # fmt: skip
async def refuse(request: Call, credential_id: FromPath[UUID], data: JSONBody[Verdict]) -> Response[CredentialView]:
    """What is unverified."""
    return await _decided(request, credential_id, "refuse", data)


@post("/credentials/{credential_id:uuid}/revoke", guards=[require(SKILLS)], operation_id="revokeCredential",
      tags=["annotators"], status_code=200)  # fmt: skip
async def revoke(request: Call, credential_id: FromPath[UUID], data: JSONBody[Verdict]) -> Response[CredentialView]:
    """What is verified; it opens no door from now on."""
    return await _decided(request, credential_id, "revoke", data)


async def _decided(
    request: Call, credential_id: UUID, decision: credentials.Decision, data: Verdict
) -> Response[CredentialView]:
    version = if_match(request)

    async def act() -> CredentialView:
        await reached(request.actor, credential_id)
        return await credentials.decide(credential_id, decision, data.reason, version)

    return await unit_of_work(request, act, headers=_versioned)


@get("/annotators/{annotator_id:uuid}/roles", guards=[require(READ)], operation_id="readRolesOfAnnotator",
     tags=["annotators"])  # fmt: skip
async def read_roles(request: Call, annotator_id: FromPath[UUID]) -> Response[Items[GrantView]]:
    """Everywhere (`project_id` is null) and in single projects."""
    await visibility.check_annotator(request.actor, annotator_id)
    return reply(Items(await grants.roles_of(annotator_id)))


@put("/annotators/{annotator_id:uuid}/roles", guards=[require(SKILLS)], operation_id="putRolesOfAnnotator",
     tags=["annotators"])  # fmt: skip
async def put_roles(request: Call, annotator_id: FromPath[UUID], data: JSONBody[Grants]) -> Response[Items[GrantView]]:
    """The whole set: what is not named is taken back."""

    async def act() -> Items[GrantView]:
        await visibility.check_annotator(request.actor, annotator_id)
        missing = set(data.projects) - await projects_of(list(data.projects))
        if missing:
            raise Invalid(f"There is no project {', '.join(sorted(map(str, missing)))}.")
        return Items(await grants.put_grants(annotator_id, data))

    return await unit_of_work(request, act)


@put("/annotators/{annotator_id:uuid}/languages", guards=[require(SKILLS)], operation_id="putLanguagesOfAnnotator",
     tags=["annotators"])  # fmt: skip
async def put_languages(
    request: Call, annotator_id: FromPath[UUID], data: JSONBody[dict[str, Annotated[int, Meta(ge=1, le=5)]]]
) -> Response[Languages]:
    """The whole set, `{"en": 5, "zh-Hant-HK": 3}`; tags are answered in canonical case."""

    async def act() -> Languages:
        await visibility.check_annotator(request.actor, annotator_id)
        return Languages(await grants.set_languages(annotator_id, data))

    return await unit_of_work(request, act)


route_handlers = [
    list_of_annotator, add, list_all, change, withdraw, verify, refuse, revoke, read_roles, put_roles, put_languages,
]  # fmt: skip
