"""Accounts: made by those who may appoint people. Nobody registers by themselves."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from callboard.access import passwords, people, visibility
from callboard.access.guards import require
from callboard.access.people import PersonDraft, PersonView
from callboard.access.permissions import Permission
from callboard.api.paging import DEFAULT_LIMIT, Cursor, Limit, Page, check_limit, page, read_cursor
from callboard.api.request import Call
from callboard.api.routes import get, patch, post
from callboard.api.work import reply, unit_of_work
from kernel.errors import Invalid

Roles = Annotated[list[str], Meta(min_length=1, max_length=4)]


class NewPerson(msgspec.Struct, frozen=True, kw_only=True):
    password: str | None
    """For the first sign-in; shown in this answer and never again. A replayed answer does not have it."""
    facts: PersonView


class PersonChange(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    roles: Roles | None = None
    active: bool | None = None


@post("/people", guards=[require(Permission.PEOPLE_WRITE)], operation_id="createPerson", tags=["people"])
async def create_person(request: Call, data: JSONBody[PersonDraft]) -> Response[NewPerson]:
    """An account with a random password."""
    actor, settings = request.actor, request.settings
    people.check_email(data.email)
    password = passwords.generate()
    password_hash = await passwords.hash_password(password, settings)

    async def act() -> NewPerson:
        if data.annotator_id is not None:
            await visibility.check_annotator(actor, data.annotator_id)
        person_id = await people.create_as(actor, data, password_hash=password_hash)
        return NewPerson(password=password, facts=await people.view(person_id))

    return await unit_of_work(
        request, act, status=201, stored=lambda made: msgspec.structs.replace(made, password=None)
    )


@get("/people", guards=[require(Permission.PEOPLE_READ)], operation_id="listPeople", tags=["people"])
async def list_people(request: Call, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT) -> Response[Page[PersonView]]:
    """Accounts by name; a vendor's manager sees that vendor's."""
    limit = check_limit(limit, request.settings)
    after = read_cursor(cursor, tuple[str, UUID])
    rows = await people.page(request.actor.vendor_id, after, limit + 1)
    return reply(page(rows, limit, lambda row: (row.display_name, row.id)))


@patch(
    "/people/{person_id:uuid}", guards=[require(Permission.PEOPLE_WRITE)], operation_id="changePerson", tags=["people"]
)
async def change_person(request: Call, person_id: FromPath[UUID], data: JSONBody[PersonChange]) -> Response[PersonView]:
    """Roles, and whether the account works. Its sessions end at once."""
    if data.roles is None and data.active is None:
        raise Invalid("Send roles, active or both.")

    async def act() -> PersonView:
        await people.change(request.actor, person_id, roles=data.roles, active=data.active)
        return await people.view(person_id)

    return await unit_of_work(request, act)


route_handlers = [create_person, list_people, change_person]
