"""What the forms of exams send, turned into drafts; each field says what it needs."""

from typing import Any, TypeVar
from uuid import UUID

import msgspec

from callboard.pages.frame import Form
from kernel.errors import Invalid
from kernel.money import parse_amount
from routing.projects import project
from skills.exam_bank import ItemView
from skills.exams import ExamDraft, ItemDraft, Pay

USUAL = {
    "name": "", "description": "", "domain": "general", "language": "en", "mode": "adaptive", "cut_level": "3",
    "min_items": "6", "max_items": "40", "stop_rule": "sprt", "time_limit_minutes": "30", "attempts_allowed": "2",
    "cooldown_hours": "24", "training": "", "pay": "", "pay_project_id": "",
}  # fmt: skip
COPIED = (
    "description", "domain", "language", "mode", "cut_level", "min_items", "max_items", "stop_rule", "attempts_allowed",
)  # fmt: skip
OPTIONS = 8
D = TypeVar("D")


def exam_of(form: Form) -> ExamDraft:
    """Raises `Invalid`."""
    values: dict[str, Any] = {
        name: form.text(name, 2000).strip()
        for name in ("name", "description", "domain", "language", "mode", "stop_rule")
    }
    values |= {name: form.number(name) for name in ("cut_level", "min_items", "max_items", "attempts_allowed")}
    values["time_limit_seconds"] = form.number("time_limit_minutes") * 60
    values["cooldown_seconds"] = form.number("cooldown_hours") * 3600
    values["training"] = form.text("training", 5) == "yes"
    return _draft(values, ExamDraft)


async def pay_of(form: Form) -> Pay | None:
    """In the currency of the project that pays. Raises `Invalid`, `NoSuchProject`."""
    amount, payer = form.text("pay", 30).strip(), form.text("pay_project_id", 40)
    if not amount and not payer:
        return None
    if not amount or not payer:
        raise Invalid("A paid exam has both a price and a project whose budget pays.")
    try:
        project_id = UUID(payer)
    except ValueError as error:
        raise Invalid("The project that pays is not one of the list.") from error
    return Pay(parse_amount(amount, (await project(project_id)).currency), project_id)


def values_of_item(item: ItemView | None) -> dict[str, str]:
    values = {f"option_{number}": "" for number in range(1, OPTIONS + 1)}
    values |= {"text": "", "answer": "1", "difficulty": "0", "discrimination": "1", "explanation": ""}
    if item is not None:
        values |= {f"option_{number}": option for number, option in enumerate(item.options, 1)}
        values |= {
            "text": item.text, "answer": str(item.answer + 1), "difficulty": f"{item.difficulty:g}",
            "discrimination": f"{item.discrimination:g}", "explanation": item.explanation,
        }  # fmt: skip
    return values


def item_of(form: Form) -> ItemDraft:
    """Raises `Invalid`."""
    given = [form.text(f"option_{number}", 500).strip() for number in range(1, OPTIONS + 1)]
    right = form.number("answer")
    if not 1 <= right <= OPTIONS or not given[right - 1]:
        raise Invalid("The right option is empty; mark one that has a text.")
    values: dict[str, Any] = {
        "text": form.text("text").strip(), "options": [option for option in given if option],
        "answer": sum(1 for option in given[: right - 1] if option), "explanation": form.text("explanation").strip(),
        "difficulty": _real(form, "difficulty"), "discrimination": _real(form, "discrimination"),
    }  # fmt: skip
    return _draft(values, ItemDraft)


def _real(form: Form, name: str) -> float:
    try:
        return float(form.text(name, 12).strip().replace(",", "."))
    except ValueError as error:
        raise Invalid(f"The field {name} is no number.") from error


def _draft(values: dict[str, Any], kind: type[D]) -> D:
    try:
        return msgspec.convert(values, kind)
    except msgspec.ValidationError as error:
        raise Invalid(f"This cannot be used: {error}.") from error
