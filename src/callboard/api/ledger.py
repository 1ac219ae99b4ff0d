"""The journal of all money."""

from typing import Literal
from uuid import UUID

from litestar import Response
from litestar.params import FromQuery

from callboard.access import visibility
from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api.paging import DEFAULT_LIMIT, Cursor, Limit, Moment, aware, check_limit
from callboard.api.request import Call
from callboard.api.routes import get
from callboard.api.work import reply
from payments.earnings import TransferFilters, TransferPage, transfers


@get("/ledger/transfers", guards=[require(Permission.LEDGER_READ)], operation_id="listTransfers", tags=["money"])
async def list_transfers(
    request: Call,
    *,
    project_id: FromQuery[UUID | None] = None,
    annotator_id: FromQuery[UUID | None] = None,
    task_id: FromQuery[UUID | None] = None,
    assignment_id: FromQuery[UUID | None] = None,
    kind: FromQuery[
        Literal[
            "direct",
            "pending",
            "post",
            "void",
            "share",
            "deduct",
            "earmark",
            "clear",
            "unmark",
            "paid",
            "return",
            "bounce",
        ]
        | None
    ] = None,
    since: Moment = None,
    until: Moment = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Response[TransferPage]:
    """Newest first; a vendor's manager sees the money of that vendor's people."""
    limit = check_limit(limit, request.settings)
    scope = visibility.filter_for(request.actor)
    filters = TransferFilters(
        project_id=project_id, annotator_id=scope.annotator_id or annotator_id, task_id=task_id,
        assignment_id=assignment_id, vendor_id=scope.vendor_id, kind=kind, since=aware(since, "since"), until=aware(until, "until"),
    )  # fmt: skip
    return reply(await transfers(filters, limit=limit, cursor=cursor))


route_handlers = [list_transfers]
