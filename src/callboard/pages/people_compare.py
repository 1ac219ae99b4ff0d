"""Two to six people side by side, on one scale."""

from uuid import UUID

from litestar import Response, get

from callboard.access import visibility
from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api.request import Call
from callboard.pages.facts import uuid_of
from callboard.pages.frame import page
from callboard.pages.people_view import compare_view
from kernel.errors import Invalid

LEAST, MOST = 2, 6
"""More columns than six cannot be read side by side."""


@get("/people/compare", guards=[require(Permission.ANNOTATORS_WRITE)], include_in_schema=False)
async def compare(request: Call) -> Response[str]:
    """Somebody whom one may not see does not exist: 404, as everywhere."""
    ids: list[UUID] = []
    for text in request.query_params.get("ids", "").split(",")[: MOST + 1]:
        one = uuid_of(text)
        if one is not None and one not in ids:
            ids.append(one)
    if not LEAST <= len(ids) <= MOST:
        raise Invalid(f"Choose {LEAST} to {MOST} people to compare.")
    for one in ids:
        await visibility.check_annotator(request.actor, one)
    return page(request, "people_compare.html", await compare_view(request, ids))


route_handlers = [compare]
