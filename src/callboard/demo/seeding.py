"""A fresh installation becomes a demonstration: people, projects, prices, budgets, tasks and logins, once."""

import contextlib
import os
from pathlib import Path

import msgspec

from callboard.access.people import FIRST_ADMIN
from callboard.demo import judging, pay_stories, paying
from callboard.demo.exams import open_exams
from callboard.demo.gold import PROJECT as WITH_GOLD
from callboard.demo.gold import mix_in
from callboard.demo.operation import ARBITER, COMPARE, FACTORS, GUIDE, PROJECTS, DemoProject
from callboard.demo.standing import switch_on_rules
from callboard.demo.workforce import MARK, hire, logins, open_accounts, open_domains, password_hashes
from callboard.pages.demo_logins import FILE as LOGINS_FILE
from dialogue.rubric_defaults import DIMENSIONS, SPAN_LABELS
from dialogue.rubrics import Dimension, RubricDraft, put_rubric
from dialogue.rules import RulesDraft, put_rules
from kernel import db
from kernel.errors import Conflict
from kernel.money import Money, parse_amount
from kernel.settings import Settings
from kernel.sql import load
from payments.ledger import fund
from payments.rates import Terms, create_rate_card
from routing.intake import import_tasks
from routing.projects import ProjectDraft, change_state, create_project, project_named
from skills.registry import ensure_role

sql = load("callboard.demo")

ACTOR = "system:demo"
MARKER = f"{MARK}annotator"
"""The visitor's annotator: made in the transaction that makes everything else, so that it tells whether all is there."""


class NotFresh(Conflict):
    """The demo has accounts with published passwords: it is never put among an operation's own people and work."""

    code = "not_fresh"
    title = "The demo is only put into a fresh installation, and this one has people or projects of its own"


class Seeded(msgspec.Struct, frozen=True):
    """What was added; zeros where the demo was there already."""

    people: int = 0
    projects: int = 0
    tasks: int = 0


async def is_seeded() -> bool:
    return bool((await _state())["seeded"])


async def _state() -> dict[str, bool]:
    row = await db.fetch_one(sql.demo_state, marker=MARKER, admin_email=FIRST_ADMIN)
    assert row is not None
    return dict(row)


async def seed(settings: Settings) -> Seeded:
    """All of it or nothing, in one transaction; what people made of known answers, and the months before that were paid, follow in others. Raises `NotFresh`."""
    state = await _state()
    if state["seeded"]:
        show_logins(settings)
        await paying.pay_out(settings)
        return Seeded()
    if state["in_use"]:
        raise NotFresh
    hashes = await password_hashes(settings)
    async with db.transaction(ACTOR):
        await db.execute(sql.lock_seeding)
        if await is_seeded():
            return Seeded()
        await ensure_role(GUIDE, "Guide", "导览")
        await ensure_role(ARBITER, "Arbiter", "裁定人")
        await open_domains()
        await open_accounts(hashes, settings)
        people = await hire(settings)
        await open_exams()
        await switch_on_rules()
        tasks = [await _make(project, settings) for project in PROJECTS]
        await paying.live_through_months((await project_named(PROJECTS[0].name)).id, settings)
        await pay_stories.tell(settings)
    async with db.transaction(ACTOR):
        await mix_in((await project_named(WITH_GOLD.name)).id, settings)
        judged = await judging.live_through(settings)
        await db.execute(sql.demo_nobody_is_here)
    show_logins(settings)
    await paying.pay_out(settings)
    return Seeded(people, len(PROJECTS) + 1, sum(tasks) + judged)


async def _make(wanted: DemoProject, settings: Settings) -> int:
    """The number of its tasks."""
    project_id = await create_project(ProjectDraft(**wanted.facts()), settings)
    await create_rate_card(
        project_id,
        wanted.currency,
        parse_amount(wanted.annotation, wanted.currency),
        parse_amount(wanted.review, wanted.currency),
        FACTORS,
        expert_factor=wanted.expert_factor,
        terms=Terms(bill_annotation=_billed(wanted.annotation, wanted), bill_review=_billed(wanted.review, wanted)),
    )
    await fund(project_id, parse_amount(wanted.budget, wanted.currency), f"demo:{project_id}", "The demo's budget")
    if wanted.name == COMPARE:
        await put_rules(project_id, RulesDraft(candidates=2))
        await put_rubric(project_id, RubricDraft(dimensions=_dimensions(), span_labels=SPAN_LABELS))
    taken = await import_tasks(project_id, wanted.drafts())
    await change_state(project_id, "published")
    return taken.created


def _billed(price: str, wanted: DemoProject) -> Money:
    """What the demo's customer pays: three fifths more than whoever works gets."""
    amount = parse_amount(price, wanted.currency)
    return Money(amount.micros * 8 // 5, wanted.currency)


def _dimensions() -> list[Dimension]:
    """Three of the reply, and the first again of the whole: enough to see how it goes, and done in minutes."""
    wanted = [one for one in DIMENSIONS if one.code in ("helpfulness", "factuality", "fluency")]
    whole = msgspec.structs.replace(
        wanted[0], code="overall", name={"en": "The whole dialogue", "zh": "整个对话"}, applies=["dialogue"]
    )
    return [*wanted, whole]


def show_logins(settings: Settings) -> None:
    """For the sign-in page, which offers them where this file lies; deleting it hides them until the next start."""
    file: Path = settings.data_dir / LOGINS_FILE
    wanted = msgspec.json.encode(logins())
    with contextlib.suppress(OSError):  # of use, but nothing depends on it
        if file.exists() and file.read_bytes() == wanted:
            return
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            out.write(wanted)


def describe_logins() -> list[str]:
    """Lines for the terminal."""
    width = max(len(login.email) for login in logins())
    return [
        "Demo logins (published passwords, made for this demonstration alone):",
        *(f"  {login.name:<15} {login.email:<{width}}   {login.password}" for login in logins()),
    ]
