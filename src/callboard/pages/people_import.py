"""A file of people in the browser: tried first, with a report by line, then taken; bad lines come back to be mended."""

import base64
import binascii

from litestar import Response, get, post
from litestar.datastructures import UploadFile

from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api.request import Call
from callboard.pages.csv_file import csv_answer
from callboard.pages.frame import Form, page, problem_view
from callboard.pages.views_people import ImportView
from callboard.roster_import.reading import Lines, mend_file, read, sample
from callboard.roster_import.write import PeopleImported, import_people, rights_of
from kernel.errors import DomainError, Invalid

LARGEST_BYTES = 2_000_000
"""Of a file that travels with the page between its trial and its taking; larger ones go by the API or the command line."""
LONGEST_TEXT = LARGEST_BYTES * 4 // 3 + 4
guards = [require(Permission.ANNOTATORS_WRITE)]


@get("/people/import", guards=guards, include_in_schema=False)
async def show(request: Call) -> Response[str]:
    return page(request, "people_import.html", _empty(request))


@post("/people/import", guards=guards, include_in_schema=False, status_code=200)
async def try_or_take(request: Call) -> Response[str]:
    """With a file: what it would do. With `take`: does it, in batches of one transaction each."""
    values = await request.form()
    view = _empty(request)
    try:
        file = values.get("file")
        if isinstance(file, UploadFile) and file.filename:
            data, view.name = await file.read(LARGEST_BYTES + 1), file.filename[-80:]
        else:
            data, view.name = _carried(Form(values)), Form(values).text("name", 80)
        take = values.get("take") == "yes"
        view.report = await _run(request, _read(request, data), dry_run=not take)
        view.data = base64.b64encode(data).decode()
    except DomainError as error:
        view.problem = problem_view(error, request)
        return page(request, "people_import.html", view, status=error.status)
    return page(request, "people_import.html", view)


@post("/people/import/mend.csv", guards=guards, include_in_schema=False, status_code=200)
async def mend(request: Call) -> Response[str]:
    """The bad lines as they came, each with its reason."""
    lines = _read(request, _carried(await Form.of(request)))
    report = await _run(request, lines, dry_run=True)
    reasons = {line.line: line.reason or "" for line in report.lines if line.outcome == "bad"}
    head, rows = mend_file(lines, reasons)
    return csv_answer("people-to-mend.csv", head, rows)


@get("/people/import/sample.csv", guards=guards, include_in_schema=False)
async def sample_file(request: Call) -> Response[str]:  # noqa: ARG001  the framework names the parameter
    head, *rows = sample()
    return csv_answer("people-sample.csv", head, rows)


def _empty(request: Call) -> ImportView:
    return ImportView(states_skills=request.actor.may(Permission.SKILLS_WRITE))


def _read(request: Call, data: bytes) -> Lines:
    if not data:
        raise Invalid("Choose a file first.")
    if len(data) > LARGEST_BYTES:
        raise Invalid(f"The file is larger than {LARGEST_BYTES:,} bytes; send it to the API or use the command line.")
    return read(data, request.settings)


def _carried(form: Form) -> bytes:
    try:
        return base64.b64decode(form.text("data", LONGEST_TEXT), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Invalid("The file did not arrive whole; choose it again.") from error


async def _run(request: Call, lines: Lines, *, dry_run: bool) -> PeopleImported:
    rights = await rights_of(request.actor)
    return await import_people(lines, rights, request.settings, request.actor.label, dry_run=dry_run)


route_handlers = [show, try_or_take, mend, sample_file]
