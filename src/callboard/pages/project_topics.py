"""Topics of a project: what is wanted, open and done, changed one by one, or pasted as a table with a report by line."""

import csv
import io
from collections.abc import Iterator
from uuid import UUID

import msgspec
from litestar import Response, get, post

from callboard.api.request import Call
from callboard.pages.frame import Form, page, problem_view, redirect
from callboard.pages.project_forms import Fields
from callboard.pages.project_undo import offer_undo, this_change
from callboard.pages.projects import READ, WRITE, ProjectId, head_of
from callboard.pages.views_dialogue import TopicLine, TopicsPage
from callboard.pages.views_projects import Fault
from dialogue import topics
from dialogue.rules import rules_of
from dialogue.topics import QuotaDraft, QuotaView, TopicDraft, drafted
from kernel import db
from kernel.errors import DomainError, Invalid
from routing.projects import project
from skills.languages import check_language
from skills.registry import domain_codes

LONGEST_PASTE, MOST_LINES = 400_000, 2000
MOST_WANTED = 1_000_000
LONGEST_TOPIC, LONGEST_BRIEF = 300, 4000
COLUMNS = ("domain", "language", "difficulty", "wanted", "topic", "brief")
FIELDS = ("id", "domain", "language", "difficulty", "wanted", "own_words", "topics", "reason")
Key = tuple[str, str, int | None]


@get("/projects/{project_id:uuid}/dialogue/topics", guards=READ, include_in_schema=False)
async def show(request: Call, project_id: ProjectId) -> Response[str]:
    view = await _view(request, project_id)
    wanted = request.query_params.get("change", "")
    quota = next((one for one in view.quotas if str(one.id) == wanted), None)
    if quota is not None:
        view.values, view.opened = _values(quota), "one"
    elif wanted == "new":
        view.opened = "one"
    return page(request, "projects/topics.html", view)


def _values(quota: QuotaView) -> dict[str, str]:
    return {
        "id": str(quota.id), "domain": quota.domain, "language": quota.language, "difficulty": str(quota.difficulty or ""),
        "wanted": str(quota.wanted), "own_words": "yes" if quota.own_words else "",
        "topics": "\n".join(topic.text for topic in quota.topics), "reason": "",
    }  # fmt: skip


async def _view(request: Call, project_id: UUID) -> TopicsPage:
    await project(project_id)
    return TopicsPage(
        head=await head_of(request, project_id, "dialogue"), quotas=await topics.quotas(project_id),
        domains=sorted(await domain_codes()),
        asked_for=(await rules_of(project_id)).topics == "quota", values=dict.fromkeys(FIELDS, ""),
    )  # fmt: skip


def _key(one: QuotaDraft | QuotaView) -> Key:
    return one.domain, check_language(one.language), one.difficulty


@post("/projects/{project_id:uuid}/dialogue/topics", guards=WRITE, include_in_schema=False, status_code=200)
async def save(request: Call, project_id: ProjectId) -> Response[str]:
    """One row: added, or changed in its place. Topics that stay keep their brief, opening turns and limit."""
    form = await Form.of(request)
    fields, problem, status = Fields(form), None, 422
    view = await _view(request, project_id)
    domain = fields.choice("domain", set(view.domains))
    difficulty, wanted = fields.number("difficulty", 1, 5), fields.asked("wanted", 0, MOST_WANTED)
    language, reason = fields.typed("language", 35).strip(), fields.reason()
    texts = list(dict.fromkeys(filter(None, map(str.strip, form.text("topics", LONGEST_PASTE).splitlines()))))
    if any(len(text) > LONGEST_TOPIC for text in texts):
        fields.fault("topics", "too_long", limit=LONGEST_TOPIC)
    if len(texts) > topics.MOST_TOPICS:
        fields.fault("topics", "too_many", limit=topics.MOST_TOPICS)
    if not _is_language(language):
        fields.fault("language", "language")
    if not fields.faults:
        try:
            async with db.transaction(request.actor.label):
                before = await topics.quotas(project_id)
                old = next((one for one in before if str(one.id) == form.text("id", 40)), None)
                kept = {one.text: one for one in (drafted(old).topics if old else [])}
                new = QuotaDraft(
                    domain=domain, language=language, difficulty=difficulty, wanted=wanted, own_words=form.text("own_words") == "yes",
                    topics=[kept.get(text) or TopicDraft(text=text) for text in texts],
                )  # fmt: skip
                drafts = [new if one is old else drafted(one) for one in before] + ([] if old else [new])
                await topics.put_quotas(project_id, drafts, settings=request.settings, reason=reason)
                change = await this_change()
            return redirect(request, f"/projects/{project_id}/dialogue/topics?done=saved&change_of={change}")
        except DomainError as error:
            problem, status = problem_view(error, request), error.status
    view.values = {name: form.text(name, LONGEST_PASTE) for name in FIELDS}
    view.head.problem, view.faults, view.opened = problem, fields.faults, "one"
    return page(request, "projects/topics.html", view, status=status)


def _is_language(tag: str) -> bool:
    try:
        return bool(check_language(tag))
    except DomainError:
        return False


@post("/projects/{project_id:uuid}/dialogue/topics/remove", guards=WRITE, include_in_schema=False, status_code=200)
async def remove(request: Call, project_id: ProjectId) -> Response[str]:
    """Archived: dialogues that have begun go on, and naming it again brings it back."""
    form = await Form.of(request)
    async with db.transaction(request.actor.label):
        before = await topics.quotas(project_id)
        drafts = [drafted(one) for one in before if str(one.id) != form.text("id", 40)]
        await topics.put_quotas(project_id, drafts, settings=request.settings, reason=form.text("reason", 500))
        change = await this_change()
    return redirect(request, f"/projects/{project_id}/dialogue/topics?done=saved&change_of={change}")


@post("/projects/{project_id:uuid}/dialogue/topics/paste", guards=WRITE, include_in_schema=False, status_code=200)
async def paste(request: Call, project_id: ProjectId) -> Response[str]:
    """A table: tried first, with what comes of each line; with `take` the good lines are taken, in one transaction."""
    form = await Form.of(request)
    view = await _view(request, project_id)
    view.pasted, take = form.text("table", LONGEST_PASTE), form.text("take") == "yes"
    known = set(view.domains)
    status, change = 200, ""
    try:
        rows = list(_rows(view.pasted))
        async with db.transaction(request.actor.label):
            drafts, view.lines = _merged(await topics.quotas(project_id), rows, known)
            if take and any(line.outcome in {"new", "changed"} for line in view.lines):
                await topics.put_quotas(project_id, drafts, settings=request.settings, reason=form.text("reason", 500))
                view.taken, change = True, await this_change()
            elif take and any(line.outcome == "bad" for line in view.lines):
                status = 422  # nothing of it could be taken
        if view.taken:
            view.quotas = await topics.quotas(project_id)
            view.head.done = "taken"
            await offer_undo(view.head, change, "topics")
    except DomainError as error:
        view.head.problem, status = problem_view(error, request), error.status
    view.opened = "table"
    return page(request, "projects/topics.html", view, status=status)


def _rows(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    """By line of the table; separated by tabs, commas or semicolons, as spreadsheets do. Raises `Invalid`."""
    first = text.strip("﻿\r\n ").split("\n", 1)[0]
    mark = max("\t,;", key=first.count)
    reader = csv.reader(io.StringIO(text.lstrip("﻿\r\n ")), delimiter=mark)
    try:
        head = [name.strip().lower() for name in next(reader, [])]
        missing = [name for name in ("domain", "language") if name not in head]
        if missing:
            raise Invalid(f"The first line names the columns; {', '.join(missing)} is missing.")
        for row in reader:
            if reader.line_num > MOST_LINES:
                raise Invalid(f"At most {MOST_LINES:,} lines at a time.")
            if any(cell.strip() for cell in row):
                yield reader.line_num, {name: cell.strip() for name, cell in zip(head, row, strict=False)}
    except csv.Error as error:
        raise Invalid(f"This is no table: {error}.") from error


def _merged(
    quotas: list[QuotaView], rows: list[tuple[int, dict[str, str]]], domains_known: set[str]
) -> tuple[list[QuotaDraft], list[TopicLine]]:
    """What there is with what the lines add or change; a line that is wrong changes nothing."""
    drafts = {_key(one): drafted(one) for one in quotas}
    lines = []
    for number, row in rows:
        line = TopicLine(
            line=number,
            domain=row.get("domain", ""),
            language=row.get("language", ""),
            topic=row.get("topic", ""),
            outcome="bad",
        )
        lines.append(line)
        line.reason = _fault_of(row, domains_known)
        if line.reason is not None:
            continue
        key = (row["domain"], check_language(row["language"]), int(row.get("difficulty") or 0) or None)
        before = drafts.get(key)
        after = before or QuotaDraft(domain=key[0], language=key[1], difficulty=key[2], wanted=0)
        if row.get("wanted"):
            after = msgspec.structs.replace(after, wanted=int(row["wanted"]))
        if line.topic:
            after = msgspec.structs.replace(after, topics=_with_topic(after.topics, line.topic, row.get("brief", "")))
        line.outcome = "same" if after == before else "changed" if before else "new"
        drafts[key] = after
    return list(drafts.values()), lines


def _with_topic(there: list[TopicDraft], text: str, brief: str) -> list[TopicDraft]:
    old = next((one for one in there if one.text == text), None)
    if old is None:
        return [*there, TopicDraft(text=text, brief=brief)]
    return [msgspec.structs.replace(one, brief=brief or one.brief) if one is old else one for one in there]


def _fault_of(row: dict[str, str], domains_known: set[str]) -> Fault | None:
    """The first that is wrong with a line."""
    if row["domain"] not in domains_known:
        return Fault("domain")
    if not _is_language(row.get("language", "")):
        return Fault("language")
    for name, low, high in (("difficulty", 1, 5), ("wanted", 0, MOST_WANTED)):
        text = row.get(name, "")
        if text and not (text.isascii() and text.isdigit() and low <= int(text[:9]) <= high):
            return Fault("number", {"low": low, "high": high})
    for name, limit in (("topic", LONGEST_TOPIC), ("brief", LONGEST_BRIEF)):
        if len(row.get(name, "")) > limit:
            return Fault("too_long", {"limit": limit})
    return None


route_handlers = [show, save, remove, paste]
