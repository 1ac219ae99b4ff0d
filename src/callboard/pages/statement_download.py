"""A statement as CSV and as a workbook."""

import asyncio
from uuid import UUID

from litestar import Response, get
from litestar.params import FromPath

from callboard.access import visibility
from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api.request import Call
from callboard.pages import statement_file
from callboard.pages.frame import language_of
from callboard.pages.i18n import LANGUAGES
from kernel import db
from payments import statements
from payments.statements import StatementDocument

READ = Permission.ANNOTATORS_READ


async def language_for(request: Call, document: StatementDocument) -> str:
    """The person's own, by their account; without one the reader's."""
    annotator_id = document.statement.annotator_id
    if annotator_id != request.actor.annotator_id:
        known = await db.fetch_value(
            "SELECT locale FROM person WHERE annotator = :id AND active ORDER BY id LIMIT 1", id=annotator_id
        )
        if known in LANGUAGES:
            return str(known)
    return language_of(request, request.actor)


async def file_answer(request: Call, statement_id: UUID, kind: str) -> Response[bytes]:
    """`csv` or `xlsx`, of whoever may see the statement. Raises `NoSuchStatement`."""
    document = await statements.statement(statement_id, **visibility.filter_for(request.actor)._asdict())
    lang = await language_for(request, document)
    if kind == "xlsx":
        content, media = await asyncio.to_thread(statement_file.as_workbook, document, lang), statement_file.WORKBOOK
    else:
        content, media = statement_file.as_csv(document, lang).encode(), "text/csv; charset=utf-8"
    name = f"{statement_file.name_of(document)}.{kind}"
    return Response(
        content=content, media_type=media,
        headers={"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"},
    )  # fmt: skip


@get("/statements/{statement_id:uuid}/file.csv", guards=[require(READ)], include_in_schema=False)
async def table(request: Call, statement_id: FromPath[UUID]) -> Response[bytes]:
    return await file_answer(request, statement_id, "csv")


@get("/statements/{statement_id:uuid}/file.xlsx", guards=[require(READ)], include_in_schema=False)
async def workbook(request: Call, statement_id: FromPath[UUID]) -> Response[bytes]:
    return await file_answer(request, statement_id, "xlsx")


route_handlers = [table, workbook]
