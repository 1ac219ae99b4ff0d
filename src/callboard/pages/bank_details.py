"""Where somebody is paid: the person's own page, and the manager's of a person."""

from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from callboard.access import visibility
from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api.request import Call
from callboard.pages.frame import Form, page, problem_view, redirect
from callboard.pages.views_pay import BankPage
from kernel import db
from kernel.errors import DomainError
from kernel.sql import load
from payments import bank
from payments.bank import BankDetailsDraft
from payments.errors import BadBankDetails

sql = load("callboard.pages")
guards = [require(Permission.BANK_WRITE)]
KEPT = ("kind", "holder", "bic")
"""Of a refused form; numbers are typed again."""
OF_PERSON = "/annotators/{annotator_id:uuid}/bank-details"


async def _view(request: Call, annotator_id: UUID, path: str, form: Form | None = None) -> BankPage:
    await visibility.check_annotator(request.actor, annotator_id)
    person = None if path == "/bank-details" else await db.fetch_one(sql.named_person, id=annotator_id)
    return BankPage(
        path=path, name=person["display_name"] if person else "", versions=await bank.details(annotator_id),
        values={name: form.text(name, 70) if form else "" for name in KEPT}, done=bool(request.query_params.get("done")),
    )  # fmt: skip


async def _save(request: Call, annotator_id: UUID, path: str) -> Response[str]:
    form = await Form.of(request)
    await visibility.check_annotator(request.actor, annotator_id)
    try:
        kind = form.text("kind", 8)
        if kind not in {"iban", "aba", "other"}:
            raise BadBankDetails("Choose the kind of account.")
        draft = BankDetailsDraft(
            kind=kind, holder=form.text("holder", 70), account=form.text("account", 60), routing=form.text("routing", 20),  # type: ignore[arg-type]
            bic=form.text("bic", 20), savings=form.text("savings", 3) == "yes",
        )  # fmt: skip
        async with db.transaction(request.actor.label):
            await bank.set_details(annotator_id, draft, visibility.decider(request.actor), request.settings)
    except DomainError as error:
        view = await _view(request, annotator_id, path, form)
        view.problem = problem_view(error, request)
        return page(request, "bank_details.html", view, status=error.status)
    return redirect(request, f"{path}?done=1")


@get("/bank-details", guards=guards, include_in_schema=False)
async def own(request: Call) -> Response[str]:
    annotator_id = await visibility.worker(request.actor, None)
    return page(request, "bank_details.html", await _view(request, annotator_id, "/bank-details"))


@post("/bank-details", guards=guards, include_in_schema=False, status_code=200)
async def save_own(request: Call) -> Response[str]:
    return await _save(request, await visibility.worker(request.actor, None), "/bank-details")


@get(OF_PERSON, guards=guards, include_in_schema=False)
async def of_person(request: Call, annotator_id: FromPath[UUID]) -> Response[str]:
    path = f"/annotators/{annotator_id}/bank-details"
    return page(request, "bank_details.html", await _view(request, annotator_id, path))


@post(OF_PERSON, guards=guards, include_in_schema=False, status_code=200)
async def save_of_person(request: Call, annotator_id: FromPath[UUID]) -> Response[str]:
    return await _save(request, annotator_id, f"/annotators/{annotator_id}/bank-details")


route_handlers = [own, save_own, of_person, save_of_person]
