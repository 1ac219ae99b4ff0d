"""The key of a question that was wrong: what another one would change, looked at first and then done."""

from contextlib import suppress
from uuid import UUID

from litestar import Response, post
from litestar.params import FromPath

from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api.request import Call
from callboard.pages.exam_forms import values_of_item
from callboard.pages.frame import Form, page, problem_view
from callboard.pages.missing import ReasonMissing
from callboard.pages.views_exam_manage import ItemPageView, KeyChange, OtherOutcome
from kernel import db
from kernel.errors import DomainError
from skills import annotators, exam_bank, exams, gold
from skills.gold import KeyCorrected

LONGEST_REASON = 500


class _OnlyLookedError(Exception):
    """Undoes what a look did."""


@post(
    "/exams/manage/{exam_id:uuid}/items/{item_id:uuid}/key",
    guards=[require(Permission.EXAMS_WRITE)],
    include_in_schema=False,
    status_code=200,
)
async def correct_key(request: Call, exam_id: FromPath[UUID], item_id: FromPath[UUID]) -> Response[str]:
    """The page of the question again, with the outcome: sent twice, the second answer is that it is the key already."""
    form, limit = await Form.of(request), request.settings.exam_item_exposure_limit
    await exam_bank.item(exam_id, item_id, limit)
    change, problem, status = None, None, 200
    try:
        change = await _change(request, form, item_id)
    except DomainError as error:
        problem, status = problem_view(error, request), error.status
    item = await exam_bank.item(exam_id, item_id, limit)
    view = ItemPageView(
        exam=await exams.exam(exam_id, everything=True),
        item=item,
        values=values_of_item(item),
        problem=problem,
        key=change,
    )
    return page(request, "exams/item.html", view, status=status)


async def _look(item_id: UUID, answer: int, reason: str) -> KeyCorrected:
    """Done and undone again, so that it says what really would happen."""
    found: list[KeyCorrected] = []
    with suppress(_OnlyLookedError):
        async with db.savepoint():
            found.append(await gold.correct_key(item_id, answer, reason))
            raise _OnlyLookedError
    return found[0]


async def _change(request: Call, form: Form, item_id: UUID) -> KeyChange:
    answer, reason = form.number("answer"), form.text("reason", LONGEST_REASON).strip()
    looks = form.text("action", 10) == "look"
    if not reason:
        raise ReasonMissing
    async with db.transaction(request.actor.label):
        found = await (_look if looks else gold.correct_key)(item_id, answer - 1, reason)
    others = [
        OtherOutcome(one.annotator_id, (await annotators.annotator(one.annotator_id)).display_name, one.passed)
        for one in found.would_differ
    ]
    return KeyChange(
        answer=answer, reason=reason, done=not looks, people=found.people, evidence=found.evidence, others=others
    )


route_handlers = [correct_key]
