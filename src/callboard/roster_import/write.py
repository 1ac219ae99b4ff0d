"""People out of a file, a batch of lines in one transaction; the same file again changes nothing."""

from collections import Counter
from collections.abc import Callable
from uuid import UUID

import msgspec

from callboard.access.actor import Actor
from callboard.access.permissions import Permission
from callboard.roster_import.plan import LineReport, Registry, Rights, Step, plan, sql, twice
from callboard.roster_import.reading import Lines
from kernel import audit, db
from kernel.settings import Settings
from skills.annotators import assess, create_annotator, ensure_vendor
from skills.credentials import add_credential
from skills.grants import put_languages, put_roles

BATCH_LINES = 200
"""Of one transaction: about a second of writing."""


class PeopleImported(msgspec.Struct, frozen=True, kw_only=True):
    dry_run: bool
    encoding: str
    ignored_columns: list[str]
    records: int
    created: int
    updated: int
    unchanged: int
    bad: int
    lines: list[LineReport]
    """In the order of the file. The numbers above count all of them."""


async def rights_of(actor: Actor) -> Rights:
    vendor = None
    if actor.vendor_id is not None:
        vendor = await db.fetch_value("SELECT name FROM vendor WHERE id = :id", id=actor.vendor_id)
    return Rights(actor.vendor_id, vendor, actor.may(Permission.SKILLS_WRITE))


async def import_people(
    lines: Lines,
    rights: Rights,
    settings: Settings,
    actor: str,
    *,
    dry_run: bool,
    progress: Callable[[int], None] = lambda _: None,
) -> PeopleImported:
    """Good lines are taken and bad ones reported; `progress` hears how many lines are done."""
    registry, double = await Registry.load(), twice(lines.people)
    reports = [LineReport(error.line, "bad", reason=error.reason) for error in lines.bad]
    done = len(reports)
    for start in range(0, len(lines.people), BATCH_LINES):
        batch = lines.people[start : start + BATCH_LINES]
        single = [person for person in batch if person.line not in double]
        reports += [
            LineReport(person.line, "bad", person.display_name, reason=double[person.line])
            for person in batch if person.line in double
        ]  # fmt: skip
        if dry_run:
            reports += [_report(step) for step in await plan(single, registry, rights)]
        else:
            async with db.transaction(actor):
                await db.execute(sql.lock_import)
                for step in await plan(single, registry, rights):
                    if isinstance(step, Step) and step.report.outcome != "unchanged":
                        await _write(step, settings)
                    reports.append(_report(step))
        done += len(batch)
        progress(done)
    counts = Counter(report.outcome for report in reports)
    return PeopleImported(
        dry_run=dry_run, encoding=lines.encoding, ignored_columns=lines.ignored, records=len(reports),
        created=counts["created"], updated=counts["updated"], unchanged=counts["unchanged"], bad=counts["bad"],
        lines=sorted(reports, key=lambda report: report.line),
    )  # fmt: skip


def _report(step: Step | LineReport) -> LineReport:
    return step.report if isinstance(step, Step) else step


async def _write(step: Step, settings: Settings) -> None:
    if step.annotator_id is None:
        await create_annotator(step.draft, settings.holding_capacity)
        return
    changed = {change.field for change in step.report.changes}
    one, draft = step.annotator_id, step.draft
    if changed & {"display_name", "vendor", "capacity"}:
        vendor_id: UUID | None = None if draft.vendor is None else await ensure_vendor(draft.vendor)
        await db.execute(
            sql.change_person, id=one, display_name=draft.display_name, vendor_id=vendor_id, capacity=draft.capacity
        )
    if "roles" in changed:
        await put_roles(one, draft.roles)
    if "languages" in changed:
        await put_languages(one, draft.languages)
    # General skill first: it is the starting point of the other domains.
    for domain in sorted(step.skills, key=lambda code: code != "general"):
        await assess(one, domain, step.skills[domain], reason="stated in an imported file")
    for credential in step.credentials:
        await add_credential(one, credential)
    await audit.record(
        "annotator.imported", "annotator", one, reason=f"line {step.report.line} of an imported file",
        before={change.field: change.before for change in step.report.changes},
        after={change.field: change.after for change in step.report.changes},
    )  # fmt: skip
