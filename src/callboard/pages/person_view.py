"""Gathers what the pages about one person show."""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from callboard.access.actor import Actor
from callboard.access.permissions import Permission
from callboard.api.paging import page, read_cursor
from callboard.pages.charts_skill import history_chart
from callboard.pages.facts import facts_of, held_of, points_of
from callboard.pages.i18n import LANGUAGES
from callboard.pages.views import Option, Reason
from callboard.pages.views_person import (
    EvidenceFilter,
    EvidenceView,
    Feedback,
    ForManagers,
    PersonHead,
    PersonView,
    SkillLine,
)
from callboard.persons import evidence as evidences
from callboard.persons import facts
from callboard.persons.evidence import Wish
from callboard.persons.prospects import Prospects, credentials_seen, prospects
from kernel import clock, db
from kernel.settings import Settings
from kernel.sql import load
from payments.earnings import earnings
from payments.exchange import pay_currency
from routing.assignments import assignments
from routing.caps import caps_of
from routing.presence import presence
from routing.projects import projects
from routing.verdict_items import of_tasks
from skills import annotators
from skills.hierarchy import GENERAL
from skills.history import Story
from skills.profiles import SkillView, skills_of

sql = load(__package__)
FEEDBACK_ROWS = 5
PAGE_ROWS = 50
COUNTED = {"yes": True, "no": False}
TREND = timedelta(days=30)


async def head_of(actor: Actor, annotator_id: UUID) -> PersonHead:
    """For a reader who may see the person: callers check that."""
    known = await annotators.annotator(annotator_id)
    return PersonHead(
        id=known.id, name=known.display_name, state=known.state, state_reason=known.state_reason, vendor=known.vendor,
        own=actor.annotator_id == annotator_id, manages=actor.may(Permission.ANNOTATORS_WRITE),
        assesses=actor.may(Permission.SKILLS_WRITE), reads_tasks=actor.sees_everybody and actor.may(Permission.TASKS_LIST),
    )  # fmt: skip


async def person_view(actor: Actor, annotator_id: UUID, domain: str, settings: Settings) -> PersonView:
    head = await head_of(actor, annotator_id)
    outlook = await prospects(annotator_id, settings)
    story = await evidences.story_of(annotator_id, settings)
    lines = await _lines(outlook, story, settings)
    shown = {line.skill.domain for line in lines}
    seen = [line for line in lines if line.kinds or not line.skill.inferred]
    chosen = domain if domain in shown else _busiest(seen)
    return PersonView(
        head=head,
        seen=seen,
        inferred=[line for line in lines if line.skill.inferred and not line.kinds],
        chart=history_chart(story.points(chosen, clock.now())),
        chart_domain=chosen,
        languages=await facts.languages_of(annotator_id),
        roles=await facts.roles_of(annotator_id),
        ends=await facts.what_ends(annotator_id),
        restrictions=outlook.profile.restrictions,
        feedback=await _feedback(annotator_id),
        managing=await _managing(
            annotator_id, outlook.profile.capacity, settings, pays=actor.may(Permission.MONEY_WRITE)
        )
        if head.manages and not head.own
        else None,
    )


def _busiest(seen: list[SkillLine]) -> str:
    return max(seen, key=lambda line: line.skill.evidence_count).skill.domain if seen else GENERAL


async def _lines(outlook: Prospects, story: Story, settings: Settings) -> list[SkillLine]:
    """The tree from its root, children after their parent."""
    profile = outlook.profile
    known = await skills_of(profile.id, settings.skill_lower_bound_z, settings.skill_half_life_days)
    views = [view for view in known if not view.task_kind]
    credentials = await credentials_seen(profile.id, [view.domain for view in views])
    then = clock.now() - TREND
    past = story.everything_at(then)
    lines = []
    for view, depth in in_tree(views):
        known_then = story.counts(view.domain, then) > 0
        change = view.percent - past[view.domain].percent if known_then and view.domain in past else None
        kinds = [kind for kind in known if kind.task_kind and kind.domain == view.domain]
        ahead = outlook.next(view.domain, credentials)
        lines.append(SkillLine(skill=view, depth=depth, next=ahead, change_30=change, kinds=kinds))
    return lines


def in_tree(views: list[SkillView]) -> list[tuple[SkillView, int]]:
    """Every domain after its parent, with its depth below the fields; siblings keep their order."""
    children: dict[str | None, list[SkillView]] = {}
    codes = {view.domain for view in views}
    for view in views:
        children.setdefault(view.parent if view.parent in codes - {GENERAL} else None, []).append(view)
    found: list[tuple[SkillView, int]] = []

    def walk(parent: str | None, depth: int) -> None:
        for view in children.get(parent, ()):
            found.append((view, depth))
            walk(view.domain, depth + 1)

    walk(None, 0)
    return found


async def _feedback(annotator_id: UUID) -> list[Feedback]:
    rows = await facts.feedback_on(annotator_id, FEEDBACK_ROWS)
    named = await of_tasks(row.task_id for row in rows)
    return [
        Feedback(
            reason=Reason(
                outcome=row.outcome,
                points=points_of(row.reasons, named.get(row.task_id, {})),
                comment=row.comment,
                at=row.given_at,
            ),
            task=facts_of(row, row.title or row.external_id),
            assignment_id=row.assignment_id,
        )
        for row in rows
    ]


async def _managing(annotator_id: UUID, capacity: int, settings: Settings, *, pays: bool) -> ForManagers:
    figures = await facts.figures_of(annotator_id)
    holds = await assignments(annotator_id=annotator_id, state="live", limit=50)
    totals = (await earnings(annotator_id, limit=1)).totals
    choices = await db.fetch_one(sql.grant_choices)
    assert choices is not None
    cap = (await caps_of([annotator_id], ()))[annotator_id].own
    return ForManagers(
        roles=choices["roles"], language_tags=sorted({*choices["languages"], *LANGUAGES}),
        projects=[Option(value=str(one.id), label=one.name) for one in await projects(limit=100)],
        currency=await pay_currency(annotator_id), pays=pays,
        figures=figures, capacity=capacity, cap_per_day=cap.day_cap if cap else None, given_today=cap.given if cap else 0, presence=await presence(annotator_id, settings), holds=[held_of(row) for row in holds],
        pay_per_accepted=[
            msgspec.structs.replace(total.posted, micros=total.posted.micros // total.posted_count)
            for total in totals if total.posted_count
        ],
    )  # fmt: skip


async def evidence_view(
    actor: Actor, annotator_id: UUID, wish: EvidenceFilter, cursor: str | None, settings: Settings
) -> EvidenceView:
    head = await head_of(actor, annotator_id)
    story, silent = await evidences.story_of(annotator_id, settings), actor.may(Permission.GOLD_WRITE)
    domains, kinds = await evidences.domains_and_kinds(annotator_id, silent=silent)
    limits = Wish(silent=silent, domain=wish.domain or None, kind=wish.kind or None, counted=COUNTED.get(wish.counted))
    before = read_cursor(cursor, tuple[datetime, UUID])
    rows = await evidences.evidence(annotator_id, story, limits, before=before, limit=PAGE_ROWS + 1)
    found = page(rows, PAGE_ROWS, lambda row: (row.at, row.id))
    return EvidenceView(
        head=head, filter=wish, rows=found.items, domains=domains, kinds=kinds, next_cursor=found.next_cursor
    )
