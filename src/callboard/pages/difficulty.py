"""How well difficulty is foretold: the model's error, what it weighs, and how its priors turned out."""

from litestar import Response, get

from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api.request import Call
from callboard.pages.frame import page
from routing import estimating


@get("/floor/difficulty", guards=[require(Permission.TASKS_LIST)], include_in_schema=False)
async def difficulty(request: Call) -> Response[str]:
    return page(request, "difficulty.html", await estimating.report(request.settings))


route_handlers = [difficulty]
