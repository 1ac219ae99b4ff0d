"""How good reviewers are: one table, by project and domain, to sort and to take along."""

from typing import cast, get_args
from urllib.parse import urlencode

from litestar import Response, get

from callboard.access import visibility
from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api.request import Call
from callboard.pages.csv_file import csv_answer
from callboard.pages.facts import uuid_of
from callboard.pages.frame import page
from callboard.pages.views_agreement import Named, ReviewersPage
from routing import reviewer_figures
from routing.projects import projects
from routing.reviewer_figures import Proportion, ReviewerFigures, ReviewersReport, Sorting
from skills.registry import domain_codes

guards = [require(Permission.REPORTS_READ)]
MOST_PROJECTS = 200
SHARES = ("turned_down", "doubles", "calibration", "checked")
COLUMNS = [
    "annotator_id", "display_name", "looks", "median_seconds",
    *(f"{name}_{part}" for name in SHARES for part in ("count", "of", "share", "low", "high")),
    "odds", "odds_low", "odds_high", "strictness",
]  # fmt: skip


async def _found(request: Call) -> tuple[ReviewersReport, dict[str, str]]:
    """What an address that was changed by hand cannot mean is left out."""
    query = request.query_params
    project_id, sort = uuid_of(query.get("project", "")), query.get("sort", "looks")
    known = set(await domain_codes())
    domain = query.get("domain", "")
    wish = {
        "project": "" if project_id is None else str(project_id), "domain": domain if domain in known else "",
        "sort": sort if sort in get_args(Sorting) else "looks",
    }  # fmt: skip
    report = await reviewer_figures.reviewers(
        project_id=project_id, domain=wish["domain"] or None, sort=cast("Sorting", wish["sort"]),
        vendor_id=visibility.filter_for(request.actor).vendor_id,
    )  # fmt: skip
    return report, wish


@get("/reviewers", guards=guards, include_in_schema=False)
async def show(request: Call) -> Response[str]:
    report, wish = await _found(request)
    named = [Named(str(one.id), one.name) for one in await projects(limit=MOST_PROJECTS)]
    if not request.actor.may(Permission.PROJECTS_READ):
        named = []
    view = ReviewersPage(
        report=report, projects=named, domains=sorted(await domain_codes()),
        query=urlencode({name: value for name, value in wish.items() if value}), **wish,
    )  # fmt: skip
    return page(request, "reviewers.html", view)


@get("/reviewers.csv", guards=guards, include_in_schema=False)
async def export(request: Call) -> Response[str]:
    report, _ = await _found(request)
    return csv_answer("reviewers.csv", COLUMNS, [_row(one) for one in report.items])


def _row(one: ReviewerFigures) -> list[str | float]:
    shares: list[Proportion] = [getattr(one, name) for name in SHARES]
    found = [
        str(one.annotator_id), one.display_name, one.looks, one.median_seconds,
        *(value for part in shares for value in (part.count, part.of, part.share, part.low, part.high)),
    ]  # fmt: skip
    strict = one.strict
    found += [None] * 4 if strict is None else [strict.odds, strict.low, strict.high, strict.word]
    return ["" if value is None else value for value in found]


route_handlers = [show, export]
