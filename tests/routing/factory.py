"""A small operation made through the same functions that the product uses."""

from typing import Any
from uuid import UUID

from kernel import db
from kernel.money import parse_amount
from kernel.settings import Settings
from payments.ledger import fund
from payments.rates import create_rate_card
from routing import dispatch, intake, projects, review, submission
from routing.assignments import AssignmentView
from skills.annotators import AnnotatorDraft, create_annotator

WORK = {"turns": [{"role": "user", "text": "?"}, {"role": "assistant", "text": "!", "rating": 4}]}


async def make_project(
    settings: Settings, *, budget: str = "1000", publish: bool = True, price: str = "2.50", **changes: Any
) -> UUID:
    async with db.transaction("person:test"):
        project_id = await projects.create_project(
            projects.ProjectDraft(name=changes.pop("name", "Chat"), **changes), settings
        )
        await create_rate_card(
            project_id, currency="USD", annotation=parse_amount(price, "USD"), review=parse_amount("0.40", "USD"),
            difficulty_factors={"4": "1.25"}, expert_factor="1.5",
        )  # fmt: skip
        await fund(project_id, parse_amount(budget, "USD"), f"fund:{project_id}", "first budget")
        if publish:
            await projects.change_state(project_id, "published")
    return project_id


async def make_annotator(settings: Settings, name: str = "Ann", **changes: Any) -> UUID:
    values: dict[str, Any] = {"languages": {"en": 5}, "skills": {"general": 4}, **changes}
    async with db.transaction("person:test"):
        return await create_annotator(AnnotatorDraft(display_name=name, **values), settings.holding_capacity)


async def make_reviewer(settings: Settings, name: str = "Rev", **changes: Any) -> UUID:
    return await make_annotator(settings, name, **{"roles": ["reviewer"], "skills": {"general": 5}, **changes})


async def make_tasks(project_id: UUID, count: int = 1, **changes: Any) -> list[UUID]:
    values: dict[str, Any] = {"domain": "general", "language": "en", "difficulty": 2, **changes}
    drafts = [
        intake.TaskDraft(external_id=f"t{n}-{values['domain']}-{values['difficulty']}", **values) for n in range(count)
    ]
    async with db.transaction("person:test"):
        return list((await intake.import_tasks(project_id, drafts)).ids.values())


async def claim(settings: Settings, annotator_id: UUID, **options: Any) -> dispatch.Claim:
    async with db.transaction(f"annotator:{annotator_id}"):
        return await dispatch.claim(annotator_id, settings, **options)


async def claim_one(settings: Settings, annotator_id: UUID, **options: Any) -> AssignmentView:
    got = await claim(settings, annotator_id, **options)
    assert got.assignments, got
    return got.assignments[0]


async def submit(
    settings: Settings, held: AssignmentView, payload: dict[str, Any] | None = None
) -> submission.Submitted:
    async with db.transaction(f"annotator:{held.annotator_id}"):
        return await submission.submit(held.id, held.annotator_id, held.epoch, payload or WORK, settings)


async def verdict(settings: Settings, held: AssignmentView, outcome: str, **values: Any) -> review.VerdictGiven:
    if outcome in ("rework", "reject"):
        values.setdefault("reasons", [review.Reason(item="factuality", text="wrong year")])
    draft = review.VerdictDraft(epoch=held.epoch, outcome=outcome, **values)  # type: ignore[arg-type]
    async with db.transaction(f"annotator:{held.annotator_id}"):
        return await review.give_verdict(held.id, held.annotator_id, draft, settings)


async def lapse(assignment_id: UUID) -> None:
    """As if the lease had run out, by the database's clock."""
    await db.execute(
        "UPDATE slot SET lease_until = clock_timestamp() - interval '1 second' WHERE assignment_id = :id",
        id=assignment_id,
    )
