"""Exams and their banks of questions, as managers make them and as people find them."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from kernel import audit, db, outbox
from kernel.ids import uuid7
from kernel.money import Money
from kernel.sql import load
from skills.errors import BadExam, BadExamItem, NoSuchExam
from skills.events import exam_pay
from skills.languages import check_language
from skills.registry import check_domains

sql = load(__package__)
Option = Annotated[str, Meta(min_length=1, max_length=500)]


class ExamDraft(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    name: Annotated[str, Meta(min_length=1, max_length=120)]
    description: Annotated[str, Meta(max_length=2000)] = ""
    domain: str
    language: str
    mode: Literal["adaptive", "fixed"] = "adaptive"
    cut_level: Annotated[int, Meta(ge=2, le=5)]
    """The level that a pass proves."""
    min_items: Annotated[int, Meta(ge=1, le=100)] = 6
    max_items: Annotated[int, Meta(ge=1, le=100)] = 40
    stop_rule: Literal["sprt", "bayes"] = "sprt"
    time_limit_seconds: Annotated[int, Meta(ge=60, le=86_400)] = 1800
    attempts_allowed: Annotated[int, Meta(ge=1, le=1000)] = 2
    cooldown_seconds: Annotated[int, Meta(ge=0, le=31_536_000)] = 86_400
    training: bool = False
    """Shows after each answer whether it was right, and why; counts for nothing."""


class ItemDraft(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    text: Annotated[str, Meta(min_length=1, max_length=4000)]
    options: Annotated[list[Option], Meta(min_length=2, max_length=8)]
    answer: Annotated[int, Meta(ge=0, le=7)]
    """Place of the right option, from 0."""
    difficulty: Annotated[float, Meta(ge=-6, le=6)]
    """Logit of the skill that answers it right half of the time; the levels 1 to 5 stand at -1.6, -0.8, 0, 0.8, 1.6."""
    discrimination: Annotated[float, Meta(ge=0.2, le=4)] = 1.0
    explanation: Annotated[str, Meta(max_length=4000)] = ""
    """Shown in training alone."""
    key: Annotated[str, Meta(min_length=1, max_length=120)] | None = None
    """The caller's own name: the same one twice is one question. Without it the text's fingerprint serves."""


class ExamView(msgspec.Struct, frozen=True, kw_only=True):
    """An exam, and where the asking person stands with it."""

    id: UUID
    name: str
    description: str
    domain: str
    language: str
    mode: str
    cut_level: int
    min_items: int
    max_items: int
    stop_rule: str
    time_limit_seconds: int
    attempts_allowed: int
    cooldown_seconds: int
    pay: Money | None
    """For an attempt that was earned (docs/exams.md), whatever its result."""
    pay_project_id: UUID | None
    """Whose budget pays."""
    training: bool
    state: str
    items: int
    """Questions in its bank that can be asked."""
    attempts_used: int
    attempts_left: int
    passed: bool
    running_id: UUID | None
    opens_again_at: datetime | None
    """After a cool-down."""
    speaks: bool
    """The person's profile states the exam's language."""

    @property
    def can_start(self) -> bool:
        return (
            self.state == "open" and not self.blocked_by_pass and self.attempts_left > 0 and not self.opens_again_at
            and self.items >= self.min_items
        )  # fmt: skip

    @property
    def blocked_by_pass(self) -> bool:
        """Whoever has passed has nothing more to prove; training goes on as long as one likes."""
        return self.passed and not self.training


class ItemsAdded(msgspec.Struct, frozen=True):
    added: int
    unchanged: int
    """Known under their keys already."""


class Pay(msgspec.Struct, frozen=True):
    amount: Money
    project_id: UUID
    """Whose budget pays; in the same currency."""


async def create_exam(draft: ExamDraft, pay: Pay | None = None) -> UUID:
    """Raises `BadExam`, `NoSuchDomain`, `BadLanguage`."""
    db.require_transaction()
    if draft.min_items > draft.max_items:
        raise BadExam("min_items is larger than max_items.")
    if pay is not None:
        if draft.training or pay.amount.micros <= 0:
            raise BadExam("Training is unpaid, and the pay of an exam is more than zero.")
        await exam_pay().check(pay.project_id, pay.amount)
    await check_domains({draft.domain})
    draft = msgspec.structs.replace(draft, language=check_language(draft.language))
    exam_id = uuid7()
    await db.execute(
        sql.insert_exam, id=exam_id, pay_micros=pay and pay.amount.micros, pay_currency=pay and pay.amount.currency,
        pay_project_id=pay and pay.project_id, **msgspec.structs.asdict(draft),
    )  # fmt: skip
    after = msgspec.to_builtins(draft) | ({} if pay is None else _pay_facts(pay))
    await audit.record("exam.created", "exam", exam_id, after=after)
    data = {"exam_id": str(exam_id), "domain": draft.domain, "language": draft.language, "cut_level": draft.cut_level}
    await outbox.publish("exam.created", data, subject_id=exam_id)
    return exam_id


def _pay_facts(pay: Pay) -> dict[str, object]:
    return {"pay": pay.amount.to_json(), "pay_project_id": str(pay.project_id)}


async def add_items(exam_id: UUID, drafts: Sequence[ItemDraft]) -> ItemsAdded:
    """Into the bank of the exam's domain and language. Raises `NoSuchExam`, `BadExamItem`."""
    db.require_transaction()
    of = await exam(exam_id, everything=True)
    for number, draft in enumerate(drafts):
        check_item(draft, f"items[{number}]")
    rows = [msgspec.structs.asdict(draft) | {"key": draft.key or _fingerprint(draft.text)} for draft in drafts]
    added = await db.execute(
        sql.insert_exam_items, domain=of.domain, language=of.language, training=of.training, items=db.jsonb(rows)
    )
    counts = ItemsAdded(added, len(drafts) - added)
    await audit.record("exam.items_added", "exam", exam_id, after=msgspec.to_builtins(counts))
    return counts


def check_item(draft: ItemDraft, where: str) -> None:
    """Raises `BadExamItem`."""
    if draft.answer >= len(draft.options):
        raise BadExamItem(f"{where}: answer {draft.answer} is none of the {len(draft.options)} options.")
    if len({option.strip() for option in draft.options}) < len(draft.options):
        raise BadExamItem(f"{where}: two options are the same.")
    if not draft.text.strip() or not all(option.strip() for option in draft.options):
        raise BadExamItem(f"{where}: the question or an option is blank.")


def _fingerprint(text: str) -> str:
    return hashlib.sha256(text.strip().encode()).hexdigest()[:32]


async def duplicate(exam_id: UUID, name: str) -> UUID:
    """The same exam under another name, closed until somebody opens it; the bank is shared. Raises `NoSuchExam`, `BadExam`."""
    of = await exam(exam_id, everything=True)
    values = {field: getattr(of, field) for field in ExamDraft.__struct_fields__} | {"name": name}
    pay = None if of.pay is None or of.pay_project_id is None else Pay(of.pay, of.pay_project_id)
    copy = await create_exam(msgspec.convert(values, ExamDraft), pay)
    await set_state(copy, "closed")
    return copy


async def set_state(exam_id: UUID, state: Literal["open", "closed"]) -> None:
    """Closed: nobody begins; who sits in it may finish. Raises `NoSuchExam`, `DomainArchived`."""
    db.require_transaction()
    before = await exam(exam_id, everything=True)
    if state == "open":
        await check_domains({before.domain})
    await db.execute("UPDATE exam SET state = :state WHERE id = :id", state=state, id=exam_id)
    await audit.record("exam." + state, "exam", exam_id, before={"state": before.state}, after={"state": state})


async def exams(
    annotator_id: UUID | None, *, everything: bool = False, after: tuple[str, UUID] | None = None, limit: int
) -> list[ExamView]:
    """By name; `everything` includes closed ones."""
    name, last = after or ("", UUID(int=0))
    rows = await db.fetch(
        sql.exams, annotator_id=annotator_id, exam_id=None, everything=everything, after_name=name, after_id=last,
        limit=limit,
    )  # fmt: skip
    return [_view(dict(row)) for row in rows]


async def exam(exam_id: UUID, annotator_id: UUID | None = None, *, everything: bool = False) -> ExamView:
    """Raises `NoSuchExam`."""
    row = await db.fetch_one(
        sql.exams, annotator_id=annotator_id, exam_id=exam_id, everything=everything, after_name="",
        after_id=UUID(int=0), limit=1,
    )  # fmt: skip
    if row is None:
        raise NoSuchExam
    return _view(dict(row))


def _view(row: dict[str, object]) -> ExamView:
    micros, currency = row.pop("pay_micros"), row.pop("pay_currency")
    row["attempts_left"] = max(0, row["attempts_allowed"] - row["attempts_used"])  # type: ignore[operator]
    row["pay"] = None if micros is None else Money(micros, currency)  # type: ignore[arg-type]
    return msgspec.convert(row, ExamView, from_attributes=True)
