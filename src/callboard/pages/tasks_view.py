"""The story of one task as managers read it: what happened, why it went to whom, what it cost."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from callboard.pages.facts import facts_of, stage_of
from callboard.pages.handed_in import handed_in
from callboard.pages.task_form import form_of_task
from callboard.pages.views import Option
from callboard.pages.views_floor import Candidate, Decision, LiveRow, Look, TaskMoney, TaskRow, TaskView, TimelineEntry
from callboard.pages.views_judged import PlanStage
from dialogue.telemetry import times_of_task
from kernel import clock, db
from kernel.money import Money
from kernel.sql import load
from payments.earnings import TransferFilters, transfers
from routing import estimating, reports
from routing.ladder import SECOND_REVIEW
from routing.reports import HistoryLine
from routing.verdict_items import Named, of_rubric

sql = load(__package__)
MONEY_ROWS = 50
WHAT = {
    "task.created": "arrived",
    "annotation.claimed": "claimed",
    "review.claimed": "review",
    "annotation.submitted": "submitted",
    "ladder.relaxed": "relaxed",
    "verdict.accept": "accept",
    "verdict.fix": "fix",
    "verdict.rework": "rework",
    "verdict.reject": "reject",
    "verdict.overturned": "overturned",
    "verdict.upheld": "upheld",
    "task.extension_asked": "extension_asked",
    "task.extended": "extended",
    "task.trouble": "trouble",
    "stage.looked": "looked",
    "stage.let_pass": "let_pass",
    "stage.overdue": "stage_overdue",
    "dispute.opened": "disputed",
    "dispute.withdrawn": "dispute_withdrawn",
    "hold.opened": "held",
    "hold.lifted": "hold_lifted",
    "hold.confirmed": "hold_confirmed",
    "task.adjudication_wanted": "unclear",
    "task.adjudicated": "adjudicated",
    "look.double": "double",
    "look.calibration": "calibration",
}
SAYS = {"accept": "accepted", "fix": "accepted", "rework": "rework", "reject": "rejected"}
"""Outcome of a verdict → state that it leaves the work in."""
SAID = ("overturned", "double", "calibration")
"""What says how it ended beside what it is."""
PERSON = "person:"
LOOKS = (
    "verdict.overturned",
    "verdict.upheld",
    "task.extension_asked",
    "task.extended",
    "task.trouble",
    "hold.opened",
    "hold.lifted",
    "hold.confirmed",
)
"""What stands in the history with whoever signed in, and not with the annotator."""
ENDS = ("released", "declined", "expired", "cancelled")
MONEY = {
    "pending": ("reserved", "pending"),
    "post": ("paid", "posted"),
    "void": ("voided", "voided"),
    "share": ("paid", "posted"),
}
"""Kind of a transfer → (what happened, state that it leaves the money in)."""


def row_of(row: reports.TaskRow) -> TaskRow:
    return TaskRow(
        task=facts_of(row),
        state=row.state,
        priority=row.priority,
        created_at=row.created_at,
        due_at=row.due_at,
        person=row.held_by,
        days_left=None if row.expires_at is None else max(0, (row.expires_at - clock.now()).days),
    )


async def task_view(task_id: UUID) -> TaskView:
    """Raises `NoSuchTask`; whether the reader may see it is the caller's question."""
    row = await reports.task(task_id)
    history = await _named(await reports.history(task_id))
    measured, money = await times_of_task(task_id), await _money(task_id)
    names = await of_rubric(row.project_id, {})
    work = await handed_in(await db.fetch_value(sql.work_of_task, task_id=task_id) or {}, row.project_id)
    payload = msgspec.json.format(msgspec.json.encode(row.payload), indent=2).decode()
    return TaskView(
        measured=measured,
        measured_people=await _names_of({one.annotator_id for one in measured}),
        task=facts_of(row),
        state=row.state,
        priority=row.priority,
        created_at=row.created_at,
        due_at=row.due_at,
        payload_text=payload,
        timeline=_in_order([entry for line in history for entry in _entries(line, names)], money),
        decisions=[_decision(line) for line in history if line.what.endswith(".claimed") and line.detail.get("why")],
        money=money,
        attempts=await db.fetch_value(sql.attempts_of_task, task_id=task_id),
        work=work.turns,
        whole=work.whole,
        span_labels=work.labels,
        form=await form_of_task(row),
        live=await _live(task_id, row),
        difficulty=await estimating.of_task(task_id),
    )


async def _named(history: list[HistoryLine]) -> list[HistoryLine]:
    """Whoever took a second look by name, where it was a person."""
    lookers = {line.who for line in history if line.what in LOOKS and line.who is not None}
    ids = sorted(UUID(who.removeprefix(PERSON)) for who in lookers if who.startswith(PERSON))
    names = {f"{PERSON}{row['id']}": row["display_name"] for row in await db.fetch(sql.names_of_people, ids=ids)}
    return [msgspec.structs.replace(line, who=names.get(line.who or "", line.who)) for line in history]


def _in_order(entries: list[TimelineEntry], money: list[TaskMoney]) -> list[TimelineEntry]:
    """What people and the plan did, and what was paid for it or no more, as one story."""
    moved = [
        TimelineEntry(at=line.at, kind=line.what, person=line.person, amount=line.amount)
        for line in money
        if line.what != "reserved"
    ]
    return sorted(entries + moved, key=lambda entry: entry.at)


def _look(detail: dict[str, Any]) -> Look:
    """Of what a stage wrote down about its decision."""
    why, chance = detail["why"], detail["chance"]
    rule = why.get("why") or why.get("rule") or "fixed"
    if rule == "fixed" and chance >= 1:
        rule = "all"
    return Look(
        rule=rule, chance=chance, seen=why.get("seen"), looked=why.get("looked"), promised=why.get("promised"),
        upper=why.get("upper"),
    )  # fmt: skip


def _of_plan(line: HistoryLine, kind: str) -> Iterable[TimelineEntry]:
    """A plan of one stage that looks at everything decides nothing that anybody needs to read."""
    detail = line.detail
    if detail["of"] == 1 and detail["chance"] >= 1 and kind != "stage_overdue":
        return
    stage = PlanStage(number=detail["stage"], of=detail["of"], name=detail["name"])
    acted = kind == "stage_overdue"
    yield TimelineEntry(
        at=line.at, kind=kind, stage=stage if stage.of > 1 else None, look=None if acted else _look(detail),
        round=detail["round"], overdue=detail["overdue"] if acted else None,
    )  # fmt: skip


def _entries(line: HistoryLine, names: Named) -> Iterable[TimelineEntry]:
    """Changes of state follow from what people did; only those with a reason of their own are shown beside it."""
    detail = line.detail
    ended = line.what.rpartition(".")[2]
    kind = WHAT.get(line.what) or (ended if ended in ENDS else None)
    if kind is None:
        if detail.get("reason"):
            yield TimelineEntry(at=line.at, kind="state", state=detail.get("to"), note=detail["reason"])
        return
    if line.what.startswith("stage."):
        yield from _of_plan(line, kind)
        return
    amount = Money(detail["price_micros"], detail["currency"]) if "price_micros" in detail else None
    reasons = [f"{reason.get('text', '')}" for reason in detail.get("reasons") or []]
    relaxed = detail.get("relaxed") or {}
    reasons += [f"{name} {before} → {now}" for name, (before, now) in relaxed.items() if name != SECOND_REVIEW]
    kind = "relaxed_once_more" if SECOND_REVIEW in relaxed else kind
    note = "\n".join([*reasons, detail.get("comment") or detail.get("reason") or ""]).strip()
    yield TimelineEntry(
        at=line.at, kind=kind, person=None if kind == "unclear" else line.who, note=note or None, amount=amount, scores=detail.get("scores") or {},
        state=SAYS.get(detail.get("outcome", "")) if kind in SAID else None, label=detail.get("label"),
        verdict_id=UUID(detail["verdict_id"]) if "counts" in detail else None, counts=detail.get("counts"),
        items=[_item(reason.get("item", ""), names) for reason in detail.get("reasons") or []],
        round=detail.get("round", 1), due_at=None if detail.get("due_at") is None else datetime.fromisoformat(detail["due_at"]),
    )  # fmt: skip


def _item(code: str, names: Named) -> Option:
    return Option(value=code, label="", words=names.get(code, {}))


def _decision(line: HistoryLine) -> Decision:
    why: dict[str, Any] = line.detail["why"]
    score = why.get("score") or {}
    candidates = []
    if "lane" in why:
        candidates.append(
            Candidate(
                lane=why["lane"], score=score.get("total", 0.0), fit=score.get("p_acceptable"),
                wait_seconds=int(score.get("waited_seconds", 0)), chosen=True,
            )
        )  # fmt: skip
    candidates += [Candidate(lane=other["lane"], score=other["score"]) for other in why.get("runners_up", [])]
    summary = (
        "reserved"
        if "reserved" in why
        else "grace"
        if "grace" in why
        else "late"
        if "late" in why
        else "by_hand"
        if "by_hand" in why
        else "best"
    )
    return Decision(at=line.at, person=line.who or "", summary=summary, candidates=candidates)


async def _money(task_id: UUID) -> list[TaskMoney]:
    found = (await transfers(TransferFilters(task_id=task_id), limit=MONEY_ROWS)).items
    ids = [line.annotator_id for line in found if line.annotator_id]
    names = {row["id"]: row["display_name"] for row in await db.fetch(sql.names_of_annotators, ids=ids)}
    return [
        TaskMoney(
            at=line.created_at, person=names.get(line.annotator_id, ""), what=MONEY[line.kind][0], state=MONEY[line.kind][1],
            amount=line.amount,
        )
        for line in found
        if line.kind in MONEY
    ]  # fmt: skip


async def _names_of(ids: set[UUID]) -> dict[UUID, str]:
    rows = await db.fetch("SELECT id, display_name FROM annotator WHERE id = ANY (:ids::uuid[])", ids=list(ids))
    return {UUID(int=row["id"].int): row["display_name"] for row in rows}


async def _live(task_id: UUID, task: reports.TaskRow) -> LiveRow | None:
    row = await db.fetch_one(sql.live_of_task, task_id=task_id)
    if row is None:
        return None
    return LiveRow(
        assignment_id=row["id"], person=row["annotator"], vendor=row["vendor"], task=facts_of(task),
        stage=stage_of(row["kind"], row["rework_rounds"]), since=row["claimed_at"], lease_until=row["lease_until"],
        active_seconds=row["active_seconds"], price=Money(row["price_micros"], row["currency"]),
    )  # fmt: skip
