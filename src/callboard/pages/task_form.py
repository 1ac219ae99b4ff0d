"""A task of a declared kind as its managers read it: what it holds and what was answered, by the layout of its kind."""

from typing import Any
from uuid import UUID

import msgspec

from callboard.pages.kind_fields import blocks_of, typed_of
from callboard.pages.views_kinds import TaskAnswer, TaskForm
from kernel import db
from kernel.sql import load
from routing.forms import answers, store
from routing.forms.declaration import SHOWN, Declaration
from routing.forms.faults import MISSING, below, found_at
from routing.reports import TaskRow

sql = load(__package__)
ANSWERS_SHOWN = 20


async def form_of_task(row: TaskRow) -> TaskForm | None:
    """None for kinds with a page of their own, and for those that nobody has declared."""
    newest = await store.form_of(row.project_id, row.kind)
    if newest is None:
        return None
    found, seen = [], set[UUID]()
    for line in await db.fetch(sql.answers_of_task, task_id=row.id, limit=ANSWERS_SHOWN):
        if line["id"] not in seen:  # a second correction stands behind the first
            seen.add(line["id"])
            found.append(await answer_of(line, row.payload))
    shown = blocks_of(newest.declaration, row.payload, answers.shown(newest.declaration, row.payload, UUID(int=0)), {})
    return TaskForm(
        names=newest.declaration.names, blocks=[one for one in shown if not one.asks], answers=found, key=_key(newest.declaration, row.payload)
    )  # fmt: skip


async def answer_of(line: Any, payload: dict[str, Any]) -> TaskAnswer:
    """Of a declared kind, as whoever judged it left it."""
    held = await store.held_form(line["assignment_id"])
    assert held is not None, "its kind is declared"
    one, answer = held.form.declaration, line["corrected"] or line["payload"]
    order = line["payload"].get(SHOWN)
    order = order if isinstance(order, dict) else answers.shown(one, payload, line["assignment_id"])
    if answers.answer_faults(one, payload, answer):
        return TaskAnswer(who=line["who"], state=line["state"], at=line["submitted_at"], text=_pretty(answer))
    return TaskAnswer(
        who=line["who"], state=line["state"], at=line["submitted_at"], corrected=line["corrected"] is not None,
        blocks=blocks_of(one, payload, order, typed_of(one, payload, answer), answer=answer), right=_right(one, payload, answer),
    )  # fmt: skip


def _pretty(answer: dict[str, Any]) -> str:
    """Of work that came before its kind was declared."""
    return msgspec.json.format(msgspec.json.encode(answer), indent=2).decode()


def _key(one: Declaration, payload: dict[str, Any]) -> str:
    if one.right is None or "answer" not in payload:
        return ""
    key = payload["answer"]
    return key if isinstance(key, str) else msgspec.json.encode(key).decode()


def _right(one: Declaration, payload: dict[str, Any], answer: dict[str, Any]) -> bool | None:
    if one.right is None or "answer" not in payload:
        return None
    given = found_at(below("", one.right.answer), answer)
    return given is not MISSING and store.right(given, payload["answer"])
