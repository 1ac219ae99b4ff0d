"""A bank's file in the browser: shown first, line by line, then taken; the same file is taken once."""

import base64
import binascii

from litestar import Response, get, post
from litestar.datastructures import UploadFile

from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api.payouts import person
from callboard.api.request import Call
from callboard.pages.frame import Form, page, problem_view
from callboard.pages.views_pay import BankStatusPage
from kernel import db
from kernel.errors import DomainError
from payments import bank_answers
from payments.bank_answers import DOING
from payments.bank_status import LARGEST_BYTES
from payments.errors import BadBankFile

WRITE = Permission.PAYOUTS_WRITE
HERE = "/payroll/payouts/bank-status"
LONGEST_TEXT = LARGEST_BYTES * 4 // 3 + 4
guards = [require(WRITE)]


@get(HERE, guards=guards, include_in_schema=False)
async def show(request: Call) -> Response[str]:
    return page(request, "bank_status.html", BankStatusPage())


@post(HERE, guards=guards, include_in_schema=False, status_code=200)
async def look_or_take(request: Call) -> Response[str]:
    """With a file: what it would do. With `take`: does it."""
    values = await request.form()
    view = BankStatusPage()
    try:
        file = values.get("file")
        if isinstance(file, UploadFile) and file.filename:
            content, view.name = await file.read(LARGEST_BYTES + 1), file.filename[-80:]
        else:
            content, view.name = _carried(Form(values)), Form(values).text("name", 80)
        if values.get("take") == "yes":
            by = person(request)
            async with db.transaction(request.actor.label):
                view.report = await bank_answers.take(content, view.name, by)
        else:
            view.report = await bank_answers.look(content)
        view.data = base64.b64encode(content).decode()
        view.doing = sum(view.report.counts.get(one, 0) for one in DOING)
    except DomainError as error:
        view.problem = problem_view(error, request)
        return page(request, "bank_status.html", view, status=error.status)
    return page(request, "bank_status.html", view)


def _carried(form: Form) -> bytes:
    try:
        return base64.b64decode(form.text("data", LONGEST_TEXT), validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadBankFile("The file did not arrive whole; choose it again.") from error


route_handlers = [show, look_or_take]
