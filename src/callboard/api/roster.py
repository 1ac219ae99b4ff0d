"""The roster over HTTP: people by what they can do and hold, changed many at once, brought in and taken along as files."""

from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from litestar import Response
from litestar.di import Provide
from litestar.params import FromQuery, QueryParameter
from litestar.response import Stream
from msgspec import UNSET, Meta, UnsetType

from callboard.access import visibility
from callboard.access.actor import Actor
from callboard.access.errors import BeyondOwnRights
from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api.paging import DEFAULT_LIMIT, Cursor, Limit, check_limit, read_cursor, write_cursor
from callboard.api.request import Call, check_media_type
from callboard.api.routes import get, post
from callboard.api.work import reply, unit_of_work
from callboard.roster_export import stream
from callboard.roster_import.reading import read
from callboard.roster_import.write import PeopleImported, import_people, rights_of
from kernel.errors import Invalid
from kernel.settings import Settings
from routing import roster
from routing.projects import project
from routing.roster import After, Load, Order, Reach, RosterPresence, RosterRow
from skills import bulk
from skills.annotators import AnnotatorView
from skills.bulk import BulkChange, BulkReport
from skills.roster import SORTS, RosterCredential, RosterFilter, RosterSkill

READ, WRITE, SKILLS = Permission.ANNOTATORS_READ, Permission.ANNOTATORS_WRITE, Permission.SKILLS_WRITE
INCLUDES = ("skills", "load", "credentials", "presence", "standing", "total")
LONGEST_SORT = 20
Text = Annotated[str | None, QueryParameter(max_length=200)]
Id = FromQuery[UUID | None]
Level = Annotated[int | None, QueryParameter(ge=1, le=5)]
Share = Annotated[float | None, QueryParameter(ge=0, le=1)]
Count = Annotated[int | None, QueryParameter(ge=0, le=1_000_000)]


class RosterItem(AnnotatorView, frozen=True, kw_only=True):
    """What `include` names comes along; the rest is not there."""

    skills: list[RosterSkill] | UnsetType = UNSET
    load: Load | UnsetType = UNSET
    credentials: list[RosterCredential] | UnsetType = UNSET
    presence: RosterPresence | UnsetType = UNSET
    standing: list[str] | UnsetType = UNSET


class RosterPage(msgspec.Struct, frozen=True):
    items: list[RosterItem]
    next_cursor: str | None
    """For the next page; none at the end."""
    total: int | UnsetType = UNSET
    """Of all pages, with `include=total`."""


class BulkWish(BulkChange, frozen=True, kw_only=True):
    """Either `ids`, or everybody whom `filter` finds."""

    ids: Annotated[list[UUID], Meta(min_length=1, max_length=bulk.MOST_PEOPLE)] | None = None
    filter: RosterFilter | None = None


def read_filter(values: dict[str, Any]) -> RosterFilter:
    """Raises `Invalid`, naming what does not fit."""
    try:
        return msgspec.convert({name: value for name, value in values.items() if value is not None}, RosterFilter)
    except msgspec.ValidationError as error:
        raise Invalid(f"The filter cannot be used: {error}.") from error


async def provide_filter(  # noqa: PLR0917  one per filter, so that each is documented and checked
    q: Text = None, person_state: Annotated[str | None, QueryParameter(name="state", max_length=20)] = None, vendor_id: Id = None, role: Text = None, project_id: Id = None, language: Text = None,
    language_level: Annotated[int, QueryParameter(ge=1, le=5)] = 1, domain: Text = None, level: Level = None,
    level_of: Annotated[str, QueryParameter(description="bound or mean")] = "bound", expert: FromQuery[bool | None] = None,
    credential_domain: Text = None, credential_kind: Text = None, credential_state: Text = None,
    expires_within_days: Annotated[int | None, QueryParameter(ge=0, le=3650)] = None, exam_id: Id = None, standing: Text = None, presence: Text = None,
    free_at_least: Count = None, held_at_least: Count = None, throughput_at_least: Count = None,
    acceptance_at_least: Share = None, acceptance_at_most: Share = None,
) -> RosterFilter:  # fmt: skip
    given = dict(locals())
    return read_filter({"state": given.pop("person_state")} | given)


FILTERED = {"wanted": Provide(provide_filter)}


def reach_of(actor: Actor) -> Reach:
    """Raises `Forbidden` for an account that is tied to nobody."""
    scope = visibility.filter_for(actor)
    return Reach(self_id=scope.annotator_id, vendor_id=scope.vendor_id)


def read_order(sort: str) -> Order:
    """`skill`, or `-skill` from the top down. Raises `Invalid`."""
    name = sort.removeprefix("-")
    if name not in SORTS:
        raise Invalid(
            f"There is no order by {name[:LONGEST_SORT]!r}; there are {', '.join(SORTS)}, each also with a minus."
        )
    return Order(name, falling=sort.startswith("-"))  # type: ignore[arg-type]


@get("/annotators", guards=[require(READ)], dependencies=FILTERED, operation_id="listAnnotators", tags=["annotators"])
async def list_all(
    request: Call,
    wanted: RosterFilter,
    *,
    sort: Annotated[str, QueryParameter(max_length=LONGEST_SORT)] = "name",
    include: Annotated[str, QueryParameter(max_length=100, description="Comma-separated")] = "",
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Response[RosterPage]:
    """By name; annotators see themselves, a vendor's manager sees that vendor's people.

    `domain` with `level` or `expert` asks what routing would ask: the belief of now, in `project_id` by that project's
    rules. Orders: name, skill (in `domain`), load, free, presence (available first),
    last_active, throughput, acceptance; `-load` is from the top down.
    """
    limit, order, extra = check_limit(limit, request.settings), read_order(sort), _included(include)
    after = read_cursor(cursor, After)
    found = await roster.find(wanted, reach_of(request.actor), request.settings, order, after=after, limit=limit)
    yard = await roster.yardstick(request.settings, wanted.project_id)
    rows = await roster.rows(found.ids, yard, request.settings, [wanted.domain] if wanted.domain else None)
    items = [_item(row, extra) for row in rows]
    after = found.after
    total = found.total if "total" in extra else UNSET
    return reply(RosterPage(items, None if after is None else write_cursor(after), total))


def _included(text: str) -> set[str]:
    names = {name.strip() for name in text.split(",") if name.strip()}
    if names - set(INCLUDES):
        raise Invalid(f"include knows {', '.join(INCLUDES)}, not {', '.join(sorted(names - set(INCLUDES)))}.")
    return names


def _item(row: RosterRow, extra: set[str]) -> RosterItem:
    known = {name: getattr(row, name) for name in AnnotatorView.__struct_fields__}
    return RosterItem(**known, **{name: getattr(row, name) for name in extra - {"total"}})


@post(
    "/annotators/bulk", guards=[require(WRITE)], operation_id="changeAnnotators", tags=["annotators"], status_code=200
)
async def change_many(request: Call, data: BulkWish) -> Response[BulkReport]:
    """Pause, activate, grant or revoke a role, set the capacity; all in one transaction, with a line for everybody."""

    async def act() -> BulkReport:
        return await apply(request.actor, data, request.settings)

    return await unit_of_work(request, act)


async def apply(actor: Actor, wish: BulkWish, settings: Settings) -> BulkReport:
    """Raises `Invalid`, `BeyondOwnRights`, `NoSuchProject`, `NoSuchRole`."""
    if (wish.ids is None) == (wish.filter is None):
        raise Invalid("Name either ids or a filter.")
    if wish.action in {"grant_role", "revoke_role"} and not actor.may(SKILLS):
        raise BeyondOwnRights("Roles decide who gets which work; this account does not give them.")
    if wish.project_id is not None:
        await project(wish.project_id)
    reach = reach_of(actor)
    ids = wish.ids
    if ids is None:
        assert wish.filter is not None
        ids = await roster.everybody(wish.filter, reach, settings, limit=bulk.MOST_PEOPLE + 1)
    given = {name: getattr(wish, name) for name in BulkChange.__struct_fields__}
    return await bulk.change_many(ids, BulkChange(**given), reach.vendor_id)


@post("/annotators/bulk/{bulk_id:uuid}/undo", guards=[require(WRITE)], operation_id="undoAnnotatorsChange", tags=["annotators"], status_code=200)  # fmt: skip
async def undo(request: Call, bulk_id: UUID) -> Response[BulkReport]:
    """Within an hour, by whoever made it; people who were changed again meanwhile stay as they are."""

    async def act() -> BulkReport:
        return await bulk.undo(bulk_id, request.actor.label, reach_of(request.actor).vendor_id)

    return await unit_of_work(request, act)


@post(
    "/annotators/import", guards=[require(WRITE)], operation_id="importAnnotators", tags=["annotators"], status_code=200
)
async def import_file(request: Call, dry_run: FromQuery[bool] = False) -> Response[PeopleImported]:
    """People as `text/csv` or `application/x-ndjson`: good lines are taken, bad ones reported; the same again changes nothing."""
    media_type, _ = request.content_type
    if media_type != "text/csv":
        check_media_type(request, ("text/csv", "application/x-ndjson"))
    lines = read(await request.body(), request.settings, "csv" if media_type == "text/csv" else "ndjson")
    rights = await rights_of(request.actor)
    return reply(await import_people(lines, rights, request.settings, request.actor.label, dry_run=dry_run))


@get("/annotators/export", guards=[require(READ)], dependencies=FILTERED, operation_id="exportAnnotators", tags=["annotators"])  # fmt: skip
async def export(
    request: Call,
    wanted: RosterFilter,
    form: Annotated[Literal["csv", "ndjson"], QueryParameter(name="format")] = "csv",
) -> Stream:
    """Everybody whom the filter finds, by name: a table whose cells no spreadsheet runs, or one JSON object a line."""
    return await stream(wanted, reach_of(request.actor), request.settings, form)


route_handlers = [list_all, change_many, undo, import_file, export]
