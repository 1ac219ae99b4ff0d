"""The bots of a project: who answers in its dialogues, tried with one press."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath

from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api.request import Call
from callboard.pages.frame import Form, page, redirect
from callboard.pages.registry import read
from callboard.pages.views_bots import BotsView, BotWaits, TrialView
from dialogue import bot_settings
from dialogue.bot_settings import BotChange, BotDraft
from dialogue.bot_trial import try_bot
from kernel import db
from kernel.errors import Invalid
from routing.projects import project

guards = [require(Permission.PROJECTS_WRITE)]
LONGEST_PROMPT = 32_000
LONGEST_MARK = 40
LIMITS = ("connect_seconds", "first_token_seconds", "between_tokens_seconds", "total_seconds", "retries", "top_p")
"""Fields that may be left empty: then they are as the installation, or the bot, has them."""
ProjectId = FromPath[UUID]
BotId = FromPath[UUID]


@get("/projects/{project_id:uuid}/bots", guards=guards, include_in_schema=False)
async def show(request: Call, project_id: ProjectId) -> Response[str]:
    view, settings = await project(project_id), request.settings
    return page(request, "bots.html", BotsView(
        project_id=project_id, project=view.name, bots=await bot_settings.bots_of(project_id),
        facts=await bot_settings.facts_of(project_id), most=settings.bots_limit,
        opened=request.query_params.get("open", "")[:LONGEST_MARK],
        waits=BotWaits(
            connect_seconds=settings.bot_connect_seconds, first_token_seconds=settings.bot_reply_seconds,
            between_tokens_seconds=settings.bot_between_seconds, total_seconds=settings.bot_total_seconds,
            retries=settings.bot_retries,
        ),
    ))  # fmt: skip


@post("/projects/{project_id:uuid}/bots", guards=guards, status_code=200, include_in_schema=False)
async def add(request: Call, project_id: ProjectId) -> Response[str]:
    draft = read(BotDraft, _values(await Form.of(request)))
    async with db.transaction(request.actor.label):
        made = await bot_settings.create_bot(project_id, draft, settings=request.settings)
    return _back(request, project_id, made.id)


@post("/projects/{project_id:uuid}/bots/{bot_id:uuid}", guards=guards, status_code=200, include_in_schema=False)
async def save(request: Call, project_id: ProjectId, bot_id: BotId) -> Response[str]:
    form = await Form.of(request)
    change = read(BotChange, _values(form))
    async with db.transaction(request.actor.label):
        await bot_settings.change_bot(
            project_id, bot_id, change, settings=request.settings, version=form.number("version")
        )
    return _back(request, project_id, bot_id)


@post("/projects/{project_id:uuid}/bots/{bot_id:uuid}/switch", guards=guards, status_code=200, include_in_schema=False)
async def switch(request: Call, project_id: ProjectId, bot_id: BotId) -> Response[str]:
    form = await Form.of(request)
    change = BotChange(enabled=form.text("on", 3) == "yes", reason=form.text("reason", 500).strip() or None)
    async with db.transaction(request.actor.label):
        await bot_settings.change_bot(project_id, bot_id, change, settings=request.settings)
    return _back(request, project_id, None)


@post("/projects/{project_id:uuid}/bots/{bot_id:uuid}/test", guards=guards, status_code=200, include_in_schema=False)
async def test(request: Call, project_id: ProjectId, bot_id: BotId) -> Response[str]:
    trial = await try_bot(project_id, bot_id, settings=request.settings)
    return page(request, "bots/trial.html", TrialView(trial=trial))


def _values(form: Form) -> dict[str, Any]:
    """The form as the API takes it. An empty key keeps the stored one; a mark beside it removes it."""
    kind = form.text("kind", 10)
    values: dict[str, Any] = {
        "name": form.text("name", 80).strip(), "kind": kind, "system_prompt": form.text("system_prompt", LONGEST_PROMPT),
        "temperature": _number(form, "temperature"), "max_tokens": form.number("max_tokens"),
        "candidates": form.number("candidates"),
    }  # fmt: skip
    if kind == "openai":
        values |= {"base_url": form.text("base_url", 500).strip(), "model": form.text("model", 120).strip()}
    key = form.text("api_key", bot_settings.KEY_CHARACTERS).strip()
    if key or form.text("remove_key", 3) == "yes":
        values["api_key"] = "" if form.text("remove_key", 3) == "yes" else key
    for name in LIMITS:
        values[name] = _number(form, name) if form.text(name, 20).strip() else None
    if values["retries"] is not None:
        values["retries"] = form.number("retries")
    return values


def _number(form: Form, name: str) -> float:
    try:
        return msgspec.convert(form.text(name, 20).strip(), float, strict=False)
    except msgspec.ValidationError as error:
        raise Invalid(f"The field {name} is no number.") from error


def _back(request: Call, project_id: UUID, bot_id: UUID | None) -> Response[str]:
    return redirect(request, f"/projects/{project_id}/bots" + (f"?open={bot_id}#bot-{bot_id}" if bot_id else ""))


route_handlers = [show, add, save, switch, test]
