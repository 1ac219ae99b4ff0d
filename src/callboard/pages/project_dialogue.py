"""What a project asks of its dialogues: candidates, branches, topics, length, and whether they go on in other hands."""

from uuid import UUID

from litestar import Response, get, post

from callboard.api.request import Call
from callboard.pages.frame import Form, page, redirect
from callboard.pages.project_forms import Fields
from callboard.pages.project_undo import this_change
from callboard.pages.projects import READ, WRITE, ProjectId, as_typed, head_of
from callboard.pages.views_dialogue import DialogueRulesView
from dialogue import bot_settings, topics
from dialogue.rubrics import rubric_of
from dialogue.rules import RulesDraft, put_rules, rules_of
from kernel import db
from kernel.errors import DomainError
from routing.projects import ProjectChange, change_project, project

DECISIONS, SOURCES, WAYS = ("choose", "rank"), ("free", "task", "quota"), ("never", "release", "expiry", "both")
FLAGS = ("ties", "all_bad", "branches")
FIELDS = ("candidates", "decision", *FLAGS, "topics", "handover", "min_turns", "max_turns", "reason")


@get("/projects/{project_id:uuid}/dialogue", guards=READ, include_in_schema=False)
async def show(request: Call, project_id: ProjectId) -> Response[str]:
    owner, rules = await project(project_id), await rules_of(project_id)
    values = {
        "candidates": str(rules.candidates), "decision": rules.decision, "topics": rules.topics, "handover": rules.handover,
        "min_turns": str(owner.min_turns), "max_turns": str(owner.max_turns), "reason": "",
    }  # fmt: skip
    values |= {name: "yes" if getattr(rules, name) else "" for name in FLAGS}
    return page(request, "projects/dialogue.html", await _view(request, project_id, values))


async def _view(request: Call, project_id: UUID, values: dict[str, str]) -> DialogueRulesView:
    return DialogueRulesView(
        head=await head_of(request, project_id, "dialogue"), values=values,
        rules_version=(await rules_of(project_id)).version, rubric=await rubric_of(project_id),
        quotas=await topics.quotas(project_id),
        bots=sum(bot.enabled for bot in await bot_settings.bots_of(project_id)),
    )  # fmt: skip


@post("/projects/{project_id:uuid}/dialogue", guards=WRITE, include_in_schema=False, status_code=200)
async def save(request: Call, project_id: ProjectId) -> Response[str]:
    """Rules and length in one transaction: both stand, or neither."""
    form = await Form.of(request)
    fields, refusal = Fields(form), None
    version, seen = form.number("version"), form.number("rules_version")
    candidates, least, most = (
        fields.asked(name, 1, high) for name, high in (("candidates", 8), ("min_turns", 100), ("max_turns", 100))
    )
    reason = fields.reason()
    chosen = {
        name: fields.choice(name, set(allowed))
        for name, allowed in (("decision", DECISIONS), ("topics", SOURCES), ("handover", WAYS))
    }
    if not fields.faults and least > most:
        fields.fault("max_turns", "most_below_least", least=least)
    if not fields.faults:
        flags = {name: form.text(name) == "yes" for name in FLAGS}
        draft = RulesDraft(candidates=candidates, reason=reason, **flags, **chosen)  # type: ignore[arg-type]
        try:
            async with db.transaction(request.actor.label):
                change = ProjectChange(min_turns=least, max_turns=most, reason=reason)
                after = await change_project(project_id, change, version=version)
                rules = await put_rules(project_id, draft, version=seen)
                made = await this_change()
            same = (after.version, rules.version) == (version, seen)
            done = "same" if same else f"saved&change_of={made}"
            return redirect(request, f"/projects/{project_id}/dialogue?done={done}")
        except DomainError as error:
            refusal = error
    view = await _view(request, project_id, {name: fields.typed(name, 500) for name in FIELDS})
    view.faults = fields.faults
    return page(request, "projects/dialogue.html", view, status=as_typed(request, view.head, version, refusal))


route_handlers = [show, save]
