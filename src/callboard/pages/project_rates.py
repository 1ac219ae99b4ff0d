"""A project's rates on screen: its versions, the next one, and what that would have cost."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from litestar import Response, get, post

from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api.request import Call
from callboard.pages.frame import Form, page, problem_view, redirect
from callboard.pages.projects import READ, ProjectId, head_of
from callboard.pages.views_pay import ProjectRatesPage
from kernel import clock, db
from kernel.errors import DomainError
from kernel.money import Money, amount_text, parse_amount
from payments.calibration import calibration
from payments.errors import BadRateCard
from payments.rates import DIFFICULTY_BANDS, LEVELS, RateCardView, Terms, create_rate_card, current_cards, rate_cards
from payments.repricing import reprice
from routing.projects import project

WRITE = Permission.MONEY_WRITE
LONGEST_LANGUAGES = 5000
AMOUNTS = ("annotation", "review", "minimum", "per_turn", "per_hour", "bill_annotation", "bill_review", "fee_fixed")
COUNTS = ("most_turns", "most_minutes")
FIELDS = (
    *AMOUNTS, *COUNTS, *(f"difficulty_{n}" for n in DIFFICULTY_BANDS), *(f"class_{n}" for n in LEVELS), "expert", "languages", "fee_percent", "effective_from", "reason",
)  # fmt: skip


def typed(card: RateCardView | None) -> dict[str, str]:
    """The fields as the card in force fills them."""
    values = dict.fromkeys(FIELDS, "")
    if card is None:
        return values
    for name in AMOUNTS:
        amount: Money | None = getattr(card, name)
        values[name] = _plain(amount) if amount is not None else ""
    values |= {f"difficulty_{n}": factor for n, factor in card.difficulty_factors.items()}
    values |= {f"class_{n}": factor for n, factor in card.class_factors.items()}
    values |= {name: str(getattr(card, name) or "") for name in COUNTS}
    values["expert"] = card.expert_factor
    values["fee_percent"] = "" if card.fee_percent == "0" else card.fee_percent
    values["languages"] = "\n".join(f"{tag} {factor}" for tag, factor in sorted(card.language_factors.items()))
    return values


def _plain(amount: Money) -> str:
    """Without the zeros that nobody types: `0.45`, not `0.450000`."""
    whole, _, parts = amount_text(amount.micros).partition(".")
    return f"{whole}.{parts.rstrip('0').ljust(2, '0')}"


async def _view(request: Call, project_id: UUID, values: dict[str, str] | None = None) -> ProjectRatesPage:
    await project(project_id)
    cards = await rate_cards(project_id)
    card = (await current_cards({project_id})).get(project_id)
    return ProjectRatesPage(
        head=await head_of(request, project_id, "pay"), cards=cards, card=card, now=clock.now(), may_write=request.actor.may(WRITE),
        values=values or typed(card), next_version=cards[0].version + 1 if cards else 1, most_minutes=request.settings.floor_most_minutes, done=request.query_params.get("done", ""),
    )  # fmt: skip


def _draft(values: dict[str, str], currency: str) -> dict[str, Any]:
    """As `create_rate_card` and `reprice` take it. Raises `BadRateCard`, `Invalid`."""

    def amount(name: str) -> Money | None:
        text = values[name].strip().replace(",", ".")
        return parse_amount(text, currency) if text else None

    annotation, review = amount("annotation"), amount("review")
    if annotation is None or review is None:
        raise BadRateCard("A task and a review have a price; it may be 0.")
    return {
        "currency": currency, "annotation": annotation, "review": review, "difficulty_factors": _factors(values, "difficulty"),
        "expert_factor": values["expert"].strip().replace(",", ".") or "1",
        "terms": Terms(
            class_factors=_factors(values, "class"), language_factors=_languages(values["languages"]), minimum=amount("minimum"),
            per_turn=amount("per_turn"), most_turns=_count(values["most_turns"]), per_hour=amount("per_hour"),
            most_minutes=_count(values["most_minutes"]), bill_annotation=amount("bill_annotation"), bill_review=amount("bill_review"),
            fee_percent=values["fee_percent"].strip().replace(",", ".").removesuffix("%").strip() or "0", fee_fixed=amount("fee_fixed"),
        ),
    }  # fmt: skip


def _factors(values: dict[str, str], group: str) -> dict[str, str]:
    typed = {n: values[f"{group}_{n}"].strip().replace(",", ".") for n in LEVELS}
    return {n: text for n, text in typed.items() if text}


def _count(text: str) -> int:
    text = text.strip() or "0"
    if not (text.isascii() and text.isdigit()):
        raise BadRateCard("What counts at most is a whole number.")
    return int(text[:9])


def _languages(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        tag, _, factor = line.replace("×", " ").partition(" ")
        if not factor.strip() or tag in found:
            raise BadRateCard(f"{line[:60]!r} is no tag with its factor, or names a tag a second time.")
        found[tag] = factor.strip().replace(",", ".")
    return found


def _from(text: str) -> datetime | None:
    if not text.strip():
        return None
    try:
        return datetime.fromisoformat(text.strip()).replace(tzinfo=UTC)
    except ValueError as error:
        raise BadRateCard("The date is written as 2027-01-01 or 2027-01-01 00:00, in UTC.") from error


@get("/projects/{project_id:uuid}/rates", guards=READ, include_in_schema=False)
async def show(request: Call, project_id: ProjectId) -> Response[str]:
    """`target`: what an active hour should bring; `annotation` and `review` fill the form with what was found for it."""
    view, problem = await _view(request, project_id), None
    view.target = request.query_params.get("target", "").strip()[:30]
    view.values |= {
        name: request.query_params[name][:30] for name in ("annotation", "review") if name in request.query_params
    }
    if view.target and view.may_write:
        try:
            view.calibrations = await calibration(
                project_id, parse_amount(view.target.replace(",", "."), view.head.project.currency)
            )
        except DomainError as error:
            problem = error
            view.problem = problem_view(error, request)
    return page(request, "projects/rates.html", view, status=problem.status if problem else 200)


@post("/projects/{project_id:uuid}/rates", guards=[require(WRITE)], include_in_schema=False, status_code=200)
async def change(request: Call, project_id: ProjectId) -> Response[str]:
    """`act`: preview, or save."""
    form = await Form.of(request)
    values = {name: form.text(name, LONGEST_LANGUAGES) for name in FIELDS}
    try:
        draft = _draft(values, (await project(project_id)).currency)
        if form.text("act", 10) == "preview":
            told = await reprice(project_id, **draft)
            view = await _view(request, project_id, values)
            view.preview = told
            return page(request, "projects/rates.html", view)
        async with db.transaction(request.actor.label):
            await create_rate_card(
                project_id, **draft, effective_from=_from(values["effective_from"]), reason=values["reason"].strip()[:500] or None,
                counted_minutes=request.settings.floor_most_minutes,
            )  # fmt: skip
    except DomainError as error:
        view = await _view(request, project_id, values)
        view.problem = problem_view(error, request)
        return page(request, "projects/rates.html", view, status=error.status)
    return redirect(request, f"/projects/{project_id}/rates?done=saved")


route_handlers = [show, change]
