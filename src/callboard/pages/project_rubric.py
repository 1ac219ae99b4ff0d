"""The rubric of a project as rows; a save makes the next version, and what annotators will see stands beside."""

from collections.abc import Sequence
from uuid import UUID

import msgspec
from litestar import Response, get, post

from callboard.api.request import Call
from callboard.pages.frame import Form, page, redirect
from callboard.pages.project_forms import Fields
from callboard.pages.project_undo import this_change
from callboard.pages.projects import READ, WRITE, ProjectId, as_typed, head_of
from callboard.pages.views_dialogue import DimensionForm, RubricPage, RubricPreview
from dialogue import rubric_defaults
from dialogue.errors import BadRubric
from dialogue.rubrics import Dimension, RubricDraft, SpanLabel, judge, put_rubric, rubric_of, rubrics
from kernel import db
from kernel.errors import DomainError
from routing.projects import project

PLACES = ("reply", "chosen", "candidate", "imported", "dialogue")
MOST = 40
LONGEST_ANCHORS = 4000
TEXTS = ("code", "name_en", "name_zh", "lowest", "highest", "comment_at")
LONG_TEXTS = ("description_en", "description_zh", "anchors_en", "anchors_zh")
VERSIONS_SHOWN = 20


def form_of(one: Dimension) -> DimensionForm:
    return DimensionForm(
        code=one.code, name_en=one.name.get("en", ""), name_zh=one.name.get("zh", ""),
        description_en=one.description.get("en", ""), description_zh=one.description.get("zh", ""),
        lowest=str(one.lowest), highest=str(one.highest), required=one.required, applies=list(one.applies),
        comment_at="" if one.comment_at is None else str(one.comment_at),
        anchors_en=_lines(one, "en"), anchors_zh=_lines(one, "zh"),
    )  # fmt: skip


def _lines(one: Dimension, language: str) -> str:
    pairs = sorted((int(value), words[language]) for value, words in one.anchors.items() if language in words)
    return "\n".join(f"{value}: {text}" for value, text in pairs)


def _labels_of(labels: Sequence[SpanLabel]) -> str:
    return "\n".join(
        "; ".join([one.code, one.name.get("en", ""), one.name.get("zh", ""), *(["!"] if one.reason_required else [])])
        for one in labels
    )


@get("/projects/{project_id:uuid}/dialogue/rubric", guards=READ, include_in_schema=False)
async def show(request: Call, project_id: ProjectId) -> Response[str]:
    await project(project_id)
    newest = await rubric_of(project_id)
    rows = [form_of(one) for one in (newest.dimensions if newest else [])]
    labels = _labels_of(newest.span_labels if newest else [])
    view = await _view(request, project_id, rows, labels)
    view.preview = newest.dimensions if newest else []
    return page(request, "projects/rubric.html", view)


async def _view(request: Call, project_id: UUID, rows: list[DimensionForm], labels: str) -> RubricPage:
    versions = await rubrics(project_id)
    return RubricPage(
        head=await head_of(request, project_id, "dialogue"), version=versions[0].version if versions else 0, rows=rows,
        labels=labels, versions=versions[:VERSIONS_SHOWN], preview=[], most=MOST,
    )  # fmt: skip


def _read(fields: Fields, form: Form) -> list[DimensionForm]:
    count = min(fields.number("count", 0, MOST) or 0, MOST)
    return [
        DimensionForm(
            required=form.text(f"required_{n}") == "yes",
            applies=[place for place in PLACES if form.text(f"applies_{place}_{n}") == "yes"],
            **{name: fields.typed(f"{name}_{n}", 120).strip() for name in TEXTS},
            **{name: fields.typed(f"{name}_{n}", LONGEST_ANCHORS).strip() for name in LONG_TEXTS},
        )
        for n in range(1, count + 1)
    ]


def _moved(rows: list[DimensionForm], op: str) -> str:
    """Carries out what a button says; the field to stand on afterwards."""
    word, _, number = op.partition(":")
    if word == "defaults":
        known = {row.code for row in rows}
        rows += [form_of(one) for one in rubric_defaults.DIMENSIONS if one.code not in known][: MOST - len(rows)]
        return "name_en_1"
    if word == "add" and len(rows) < MOST:
        rows.append(DimensionForm())
        return f"name_en_{len(rows)}"
    n = int(number) - 1 if number.isdigit() and len(number) <= len(str(MOST)) else -1
    if not 0 <= n < len(rows):
        return ""
    if word == "remove":
        del rows[n]
        return f"name_en_{min(n + 1, len(rows))}" if rows else "add"
    to = n - 1 if word == "up" else n + 1
    if word in {"up", "down"} and 0 <= to < len(rows):
        rows[n], rows[to] = rows[to], rows[n]
        return f"name_en_{to + 1}"
    return ""


def _dimensions(rows: Sequence[DimensionForm], fields: Fields) -> list[Dimension]:
    """As the API takes them; what is wrong stands at its field. Rows with a fault are left out."""
    found, codes = [], set[str]()
    for n, row in enumerate(rows, 1):
        before = len(fields.faults)
        code = row.code or _code_of(row.name_en)
        if not row.name_en and not row.name_zh:
            fields.fault(f"name_en_{n}", "named")
        if not code.isascii() or not code.replace("_", "a").isalnum() or not code[:1].islower() or code != code.lower():
            fields.fault(f"code_{n}", "code")
        if code in codes:
            fields.fault(f"code_{n}", "code_taken")
        codes.add(code)
        lowest, highest = _number(fields, f"lowest_{n}", row.lowest), _number(fields, f"highest_{n}", row.highest)
        if lowest >= highest and f"highest_{n}" not in fields.faults:
            fields.fault(f"highest_{n}", "scale_up")
        comment = _number(fields, f"comment_at_{n}", row.comment_at) if row.comment_at else None
        if comment is not None and not lowest <= comment < highest:
            fields.fault(f"comment_at_{n}", "comment_at", low=lowest, high=highest - 1)
        anchors = _anchors(fields, n, row, lowest, highest)
        if not row.applies:
            fields.fault(f"applies_{n}", "applies")
        if len(fields.faults) > before:
            continue
        found.append(
            Dimension(
                code=code, name=_words(row.name_en, row.name_zh), description=_words(row.description_en, row.description_zh),
                lowest=lowest, highest=highest, anchors=anchors, required=row.required, applies=row.applies,  # type: ignore[arg-type]
                comment_at=comment,
            )
        )  # fmt: skip
    return found


def _code_of(name: str) -> str:
    plain = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in name.lower()).strip("_")
    return plain[:40]


def _words(en: str, zh: str) -> dict[str, str]:
    return {language: text for language, text in (("en", en), ("zh", zh)) if text}


def _number(fields: Fields, name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text[:9]) <= 100):  # noqa: PLR2004  the API's own limit
        fields.fault(name, "number", low=0, high=100)
        return 0
    return int(text)


def _anchors(fields: Fields, n: int, row: DimensionForm, lowest: int, highest: int) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for language, text in (("en", row.anchors_en), ("zh", row.anchors_zh)):
        for line in filter(None, map(str.strip, text.splitlines())):
            value, _, words = line.replace("：", ":", 1).partition(":")
            value, words = value.strip(), words.strip()
            on_scale = value.isascii() and value.isdigit() and lowest <= int(value[:9]) <= highest
            if not on_scale or not words or len(words) > 500:  # noqa: PLR2004  the API's own limit
                fields.fault(f"anchors_{language}_{n}", "anchor", line=line[:40], low=lowest, high=highest)
                continue
            found.setdefault(str(int(value)), {})[language] = words
    return found


def _labels(text: str, fields: Fields) -> list[SpanLabel]:
    found = []
    for line in filter(None, map(str.strip, text.splitlines())):
        code, en, zh, must = ([part.strip() for part in line.replace("；", ";").split(";")] + [""] * 4)[:4]
        try:
            label = {"code": code, "name": _words(en, zh), "reason_required": bool(must)}
            found.append(msgspec.convert(label, SpanLabel))
        except msgspec.ValidationError:
            fields.fault("labels", "span_label", line=line[:40])
    return found


@post("/projects/{project_id:uuid}/dialogue/rubric", guards=WRITE, include_in_schema=False, status_code=200)
async def save(request: Call, project_id: ProjectId) -> Response[str]:
    """The next version, or (`op`) rows are added, moved or removed; the form comes back as typed until it is saved."""
    form = await Form.of(request)
    fields, op, refusal = Fields(form), form.text("op", 20), None
    seen, rows, labels = form.number("rubric_version"), _read(fields, form), fields.typed("labels", LONGEST_ANCHORS)
    focus, reason = _moved(rows, op), fields.reason()
    checked = Fields(form)
    found, marks = _dimensions(rows, checked), _labels(labels, checked)
    faults = {} if op else fields.faults | checked.faults
    if not op and not faults:
        try:
            draft = RubricDraft(dimensions=found, span_labels=marks, reason=reason)
            async with db.transaction(request.actor.label):
                after = await put_rubric(project_id, draft, version=seen)
                change = await this_change()
            done = "same" if after.version == seen else f"saved&change_of={change}"
            return redirect(request, f"/projects/{project_id}/dialogue/rubric?done={done}")
        except DomainError as error:
            refusal = error
    view = await _view(request, project_id, rows, labels)
    view.reason, view.faults, view.looked = reason, faults, bool(op)
    view.focus = focus or next(iter(faults), "")
    view.preview, view.preview_fault = found, bool(checked.faults)
    status = as_typed(request, view.head, view.head.project.version, refusal)
    return page(request, "projects/rubric.html", view, status=200 if op else status)


@post("/projects/{project_id:uuid}/dialogue/rubric/check", guards=WRITE, include_in_schema=False, status_code=200)
async def look(request: Call, project_id: ProjectId) -> Response[str]:
    """While one types: what annotators would see."""
    await project(project_id)
    form = await Form.of(request)
    fields = Fields(form)
    found = _dimensions(_read(fields, form), fields)
    try:
        judge(RubricDraft(dimensions=found))
    except BadRubric:
        return page(request, "projects/rubric_preview.html", RubricPreview(preview=found, preview_fault=True))
    view = RubricPreview(preview=found, preview_fault=bool(fields.faults))
    return page(request, "projects/rubric_preview.html", view)


route_handlers = [show, save, look]
