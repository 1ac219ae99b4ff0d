"""Statements as files for people: a table and a workbook."""

from typing import Annotated, Literal
from uuid import UUID

from litestar import Response
from litestar.params import FromPath, QueryParameter

from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api.request import Call
from callboard.api.routes import get
from callboard.pages.statement_download import file_answer

READ = Permission.ANNOTATORS_READ


@get("/statements/{statement_id:uuid}/file", guards=[require(READ)], operation_id="readStatementFile", tags=["money"])
async def read_file(
    request: Call,
    statement_id: FromPath[UUID],
    kind: Annotated[Literal["csv", "xlsx"], QueryParameter(name="format")] = "csv",
) -> Response[bytes]:
    """Every line with how it was reckoned, in the person's language; amounts are numbers, no text is run as a formula.

    To be computed again: `GET /statements/{statement_id}`.
    """
    return await file_answer(request, statement_id, kind)


route_handlers = [read_file]
