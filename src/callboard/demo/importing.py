"""A file becomes work of the demo: a project of its own with prices and a budget that covers it, and people for it."""

from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import msgspec

from callboard.demo.crew import call_crew, needs_of
from callboard.demo.operation import DAY_SECONDS, FACTORS, guidelines
from callboard.demo.seeding import ACTOR
from callboard.importing.events import Unreadable
from callboard.importing.files import stage_file
from callboard.importing.write import judge_by_database, write
from kernel import db
from kernel.money import Money, parse_amount
from kernel.settings import Settings
from payments.earnings import project_budget
from payments.ledger import fund
from payments.rates import create_rate_card
from routing.errors import NoSuchProject
from routing.projects import ProjectDraft, change_state, create_project, project_named

CURRENCY, ANNOTATION, REVIEW, EXPERT_FACTOR = "USD", "6.00", "2.00", "1.25"
LONGEST_NAME = 100
ANSWER_LIMIT = 20
"""So high that no number of rejections closes a task of an import for good."""
LOOKS_PAID = 6
"""Pieces of annotation and of review per task that the budget covers at the highest price."""


class Imported(msgspec.Struct, frozen=True):
    project_id: UUID
    tasks: int


async def take_file(path: Path, settings: Settings) -> Imported:
    """The same file twice adds nothing. Raises `Unreadable`, and what else the reader of files raises."""
    with ExitStack() as stack:
        stage = stack.enter_context(stage_file(path, settings, judge=await judge_by_database()))
        report = stage.report
        if report.bad:
            first = report.errors[0]
            raise Unreadable(
                f"{report.bad} of {report.records} records of {path.name} cannot be imported; line {first.line}: {first.reason}. "
                "See: callboard import --dry-run"
            )
        project_id = await _ensure_project(path.name, report.good, settings)
        await write(stage, project_id, path.name)
    async with db.transaction(ACTOR):
        await call_crew(await needs_of(project_id), settings)
    return Imported(project_id, report.good)


async def _ensure_project(file_name: str, tasks: int, settings: Settings) -> UUID:
    name = f"Import: {file_name}"[:LONGEST_NAME]
    async with db.transaction(ACTOR):
        try:
            project_id = (await project_named(name)).id
        except NoSuchProject:
            project_id = await _make_project(name, file_name, settings)
        await _cover(project_id, tasks)
        await change_state(project_id, "published")
    return project_id


async def _make_project(name: str, file_name: str, settings: Settings) -> UUID:
    draft = ProjectDraft(
        name=name,
        description=f"Tasks from the file {file_name}.",
        guidelines=guidelines("imported.en"),
        currency=CURRENCY,
        min_turns=1,
        answer_limit=ANSWER_LIMIT,
        sla_seconds=DAY_SECONDS,
    )
    project_id = await create_project(draft, settings)
    annotation, review = parse_amount(ANNOTATION, CURRENCY), parse_amount(REVIEW, CURRENCY)
    await create_rate_card(project_id, CURRENCY, annotation, review, FACTORS, expert_factor=EXPERT_FACTOR)
    return project_id


async def _cover(project_id: UUID, tasks: int) -> None:
    """Adds to the budget what is missing for these tasks; a project that was covered before gets nothing more."""
    dearest = Decimal(max(FACTORS.values(), key=Decimal)) * Decimal(EXPERT_FACTOR)
    each = parse_amount(ANNOTATION, CURRENCY) + parse_amount(REVIEW, CURRENCY)
    wanted = Money(int(each.micros * dearest) * tasks * LOOKS_PAID, CURRENCY)
    funded = (await project_budget(project_id)).funded
    if funded.micros < wanted.micros:
        missing = wanted - funded
        await fund(project_id, missing, f"demo:{project_id}:{wanted.micros}", "The demo's budget for an import")
