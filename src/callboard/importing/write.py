"""The staged drafts into a project, chunk by chunk.

Everything was judged before, so what can still go wrong is the machine. A chunk is one transaction; after a crash the
next run finds its tasks by their external id and adds the rest.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple
from uuid import UUID

import msgspec

from callboard.importing.stage import Stage
from callboard.importing.trees import AT_ONCE, TreeDraft, store_trees
from kernel import db
from routing import gold_column, intake
from routing.errors import BadGold, BadRequirement, NoSuchProject
from routing.forms import store
from routing.forms.answers import payload_faults
from routing.gold_keys import fault_of
from routing.intake import TaskDraft
from routing.projects import ProjectView, project, project_named, projects
from routing.wanted import Known, read
from skills.profiles import EXPERT_LEVEL
from skills.registry import domain_codes

ACTOR = "system:import"


class Outcome(NamedTuple):
    import_id: UUID
    created: int
    existing: int
    already: bool
    """The whole content had been imported into this project before."""


async def find_project(name_or_id: str) -> ProjectView:
    """Raises `NoSuchProject`, naming those that there are."""
    try:
        return await project(UUID(name_or_id))
    except (ValueError, NoSuchProject):
        pass
    try:
        return await project_named(name_or_id)
    except NoSuchProject as error:
        names = ", ".join(repr(known.name) for known in await projects(limit=10)) or "none yet"
        raise NoSuchProject(f"There is no project {name_or_id!r}; there are: {names}.") from error


async def judge_by_database(project_id: UUID | None = None) -> Callable[[TaskDraft], str | None]:
    """Names, line by line and before anything is written, what `import_tasks` would refuse a whole chunk for.

    With the project, its own declarations of kinds; without it those that the program comes with.
    """
    domains = await domain_codes()
    known = await Known.of_everybody()
    declared = store.built_in() if project_id is None else {one.kind: one for one in await store.forms(project_id)}
    there = ", ".join(sorted(domains))

    def fault(draft: TaskDraft) -> str | None:
        if draft.domain not in domains:
            return f"there is no domain {draft.domain!r}; there are {there}"
        try:
            read(draft.requirements, known, EXPERT_LEVEL)
        except BadRequirement as error:
            return error.detail.rstrip(".")
        form = declared.get(draft.kind)
        wrong = payload_faults(form.declaration, draft.payload) if form else []
        if wrong:
            return f"payload{wrong[0].path}: {wrong[0].message.rstrip('.')}"
        return _gold_fault(draft, form) if gold_column.is_gold(draft.payload) else None

    return fault


def _gold_fault(draft: TaskDraft, form: store.FormView | None) -> str | None:
    """Of a row that goes into the bank of known answers."""
    if isinstance(draft, TreeDraft) and draft.reader:
        return "gold: a dialogue that comes with its tree is no gold"
    try:
        found = fault_of(draft.kind, form, gold_column.key_in(draft.payload[gold_column.COLUMN]), draft.payload)
    except BadGold as error:
        found = error.detail
    return None if found is None else f"gold: {found.rstrip('.')}"


async def write(
    stage: Stage,
    project_id: UUID,
    source: str,
    progress: Callable[[int], None] = lambda _: None,
    *,
    actor: str = ACTOR,
) -> Outcome:
    """`source` is the name that the import is remembered by; `progress` hears the number of drafts dealt with so far."""
    report = stage.report
    before = await intake.batch_with_content(project_id, stage.fingerprint)
    if before:
        progress(report.good)
        return Outcome(before[0], 0, report.good, already=True)
    async with db.transaction(actor=actor):
        import_id = await intake.begin_batch(project_id, source, stage.fingerprint)
    created = existing = 0
    for chunk in _bites(stage):
        async with db.transaction(actor=actor):
            taken = await intake.import_tasks(project_id, chunk, import_id=import_id)
            await store_trees(chunk, taken.ids, stage.settings)
        created += taken.created
        existing += taken.existing
        progress(created + existing)
    async with db.transaction(actor=actor):
        await intake.finish_batch(
            import_id,
            lines=report.records,
            created=created,
            existing=existing,
            errors=[msgspec.to_builtins(error) for error in report.errors],
            bad=report.bad,
        )
    return Outcome(import_id, created, existing, already=False)


def _bites(stage: Stage) -> Iterator[list[TaskDraft]]:
    for chunk in stage.drafts():
        size = AT_ONCE if any(isinstance(draft, TreeDraft) and draft.reader for draft in chunk) else len(chunk)
        for start in range(0, len(chunk), size):
            yield chunk[start : start + size]
