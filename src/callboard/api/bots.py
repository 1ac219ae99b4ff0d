"""Who answers in a project's dialogues: bots made, changed, switched off and tried. A key goes in and never comes out."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api.projects import ProjectId
from callboard.api.request import Call
from callboard.api.routes import get, patch, post, put
from callboard.api.shapes import Items
from callboard.api.work import etag, if_match, reply, unit_of_work
from dialogue import bot_settings
from dialogue.bot_settings import BotChange, BotDraft, BotView
from dialogue.bot_trial import BotTrial, try_bot
from routing.projects import project

READ, WRITE = Permission.PROJECTS_READ, Permission.PROJECTS_WRITE
BotId = FromPath[UUID]


class BotSwitch(msgspec.Struct, forbid_unknown_fields=True):
    reason: Annotated[str, Meta(min_length=1, max_length=500)] | None = None


def _versioned(view: BotView) -> dict[str, str]:
    return etag(view.version)


@get("/projects/{project_id:uuid}/bots", guards=[require(READ)], operation_id="listBots", tags=["bots"])
async def list_bots(project_id: ProjectId) -> Response[Items[BotView]]:
    """Oldest first. Where none was made, the built-in offline bot stands in: the one without an id."""
    await project(project_id)
    return reply(Items(await bot_settings.bots_of(project_id)))


@post("/projects/{project_id:uuid}/bots", guards=[require(WRITE)], operation_id="createBot", tags=["bots"])
async def create(request: Call, project_id: ProjectId, data: JSONBody[BotDraft]) -> Response[BotView]:
    """The built-in bot (`offline`) or any endpoint that speaks the OpenAI chat API (`openai`)."""

    async def act() -> BotView:
        return await bot_settings.create_bot(project_id, data, settings=request.settings)

    return await unit_of_work(request, act, status=201, headers=_versioned)


@patch(
    "/projects/{project_id:uuid}/bots/{bot_id:uuid}", guards=[require(WRITE)], operation_id="changeBot", tags=["bots"]
)
async def change(request: Call, project_id: ProjectId, bot_id: BotId, data: JSONBody[BotChange]) -> Response[BotView]:
    """What is left out stays. With a new address the key must be given again."""
    version = if_match(request)

    async def act() -> BotView:
        return await bot_settings.change_bot(project_id, bot_id, data, settings=request.settings, version=version)

    return await unit_of_work(request, act, headers=_versioned)


async def _switch(
    request: Call, project_id: UUID, bot_id: UUID, data: BotSwitch | None, *, on: bool
) -> Response[BotView]:
    wish = BotChange(enabled=on, reason=data.reason if data else None)

    async def act() -> BotView:
        return await bot_settings.change_bot(project_id, bot_id, wish, settings=request.settings)

    return await unit_of_work(request, act, headers=_versioned)


@post(
    "/projects/{project_id:uuid}/bots/{bot_id:uuid}/disable",
    guards=[require(WRITE)], status_code=200, operation_id="disableBot", tags=["bots"],
)  # fmt: skip
async def disable(
    request: Call, project_id: ProjectId, bot_id: BotId, data: JSONBody[BotSwitch | None] = None
) -> Response[BotView]:
    """It is asked nothing more; replies under way arrive."""
    return await _switch(request, project_id, bot_id, data, on=False)


@post(
    "/projects/{project_id:uuid}/bots/{bot_id:uuid}/enable",
    guards=[require(WRITE)], status_code=200, operation_id="enableBot", tags=["bots"],
)  # fmt: skip
async def enable(
    request: Call, project_id: ProjectId, bot_id: BotId, data: JSONBody[BotSwitch | None] = None
) -> Response[BotView]:
    return await _switch(request, project_id, bot_id, data, on=True)


@post(
    "/projects/{project_id:uuid}/bots/{bot_id:uuid}/test",
    guards=[require(WRITE)], status_code=200, operation_id="testBot", tags=["bots"],
)  # fmt: skip
async def test(request: Call, project_id: ProjectId, bot_id: BotId) -> Response[BotTrial]:
    """Asks it to say hello, and measures: `first_token_ms`. A failure is an answer, with its code and what to mend."""
    return reply(await try_bot(project_id, bot_id, settings=request.settings))


@put("/projects/{project_id:uuid}/bot", guards=[require(WRITE)], operation_id="putBot", tags=["bots"])
async def put_bot(request: Call, project_id: ProjectId, data: JSONBody[BotDraft]) -> Response[BotView]:
    """For a project with one bot: makes it, or replaces all of it."""

    async def act() -> BotView:
        return await bot_settings.configure_bot(project_id, data, settings=request.settings)

    return await unit_of_work(request, act)


@get("/projects/{project_id:uuid}/bot", guards=[require(READ)], operation_id="readBot", tags=["bots"])
async def read_bot(project_id: ProjectId) -> Response[BotView]:
    """The only one of a project."""
    await project(project_id)
    return reply(await bot_settings.bot_of(project_id))


route_handlers = [list_bots, create, change, disable, enable, test, put_bot, read_bot]
