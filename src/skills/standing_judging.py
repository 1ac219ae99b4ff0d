"""What is stored of a person's standing, brought to what the rules say of their history.

A row is never deleted and its beginning never moves. One whose cause was taken back is `withdrawn`, with a reason that
says so; one that would have come comes; what a person decided stays, and what was decided about does not speak again.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from kernel import audit, db, outbox
from kernel.ids import uuid7
from kernel.settings import Settings
from kernel.sql import load
from skills.errors import NoSuchAnnotator
from skills.evidence import domain_parents
from skills.folding import piece_of
from skills.hierarchy import Tree
from skills.standing import Break, Episode, Rule, domains_of, episodes, exam_ends
from skills.standing_conditions import Facts, Seen, Sitting, Validity
from skills.standing_rules import RuleView, rules

sql = load(__package__)
JOB = "skills.judge_standing"
MOST_PEOPLE = 100_000
WITHDRAWN = "What it rested on was corrected or taken back; with what is known now it would not have come."
ENDS = {
    "time": "Its time is over.",
    "exam": "The exam was passed.",
    "mended": "What was measured is in order again.",
    "decided": "A manager decided about it.",
}
"""Why a standing ended by itself; `pages.labels` has the same sentences for translation."""
SYSTEM = "system:standing"


class Row(msgspec.Struct, frozen=True):
    id: UUID
    rule_id: UUID | None
    rule_version: int | None
    domain: str | None
    action: str
    measured: dict[str, Any]
    state: str
    started_at: datetime
    ends_at: datetime | None
    ended_at: datetime | None
    appeal_state: str | None

    @property
    def rule(self) -> Rule:
        """As it was when it spoke: a later version does not change what an earlier one found."""
        return msgspec.convert(self.measured["rule"], Rule)


class Person(msgspec.Struct, frozen=True):
    id: UUID
    vendor_id: UUID | None
    state: str


async def person_of(annotator_id: UUID) -> Person:
    """Raises `NoSuchAnnotator`."""
    person = await db.fetch_one_as(Person, sql.person_in_standing, annotator_id=annotator_id)
    if person is None:
        raise NoSuchAnnotator
    return person


async def ask(annotator_id: UUID) -> None:
    """Has the person judged after the running transaction; under lock_person no judgement misses what it wrote."""
    await outbox.enqueue(JOB, {"annotator_id": str(annotator_id)}, key=f"standing:{annotator_id}")


async def ask_all() -> int:
    """After a rule was switched on or changed, and where time alone may have brought something about."""
    people = await db.fetch(sql.people_to_judge, limit=MOST_PEOPLE)
    for row in people:
        await ask(row["id"])
    return len(people)


async def facts_of(annotator_id: UUID, parents: dict[str, str | None]) -> Facts:
    evidence = await db.fetch(sql.standing_evidence, annotator_id=annotator_id)
    return Facts(
        Tree(parents),
        [Seen(UUID(int=row["id"].int), row["kind"], piece_of(row)) for row in evidence],
        await db.fetch_as(Validity, sql.standing_credentials, annotator_id=annotator_id),
        await db.fetch_as(Sitting, sql.standing_exams, annotator_id=annotator_id),
    )


async def rows_of(annotator_id: UUID) -> list[Row]:
    return await db.fetch_as(Row, sql.standing_rows, annotator_id=annotator_id)


async def judge(annotator_id: UUID) -> None:
    """Does nothing where everything stands as it should; so it may run again at any time."""
    db.require_transaction()
    await db.execute(sql.lock_person, annotator_id=annotator_id)
    person = await person_of(annotator_id)
    rows = await rows_of(annotator_id)
    speaking = await rules(on_only=True)
    if not speaking and not any(row.state == "active" for row in rows):
        return
    facts, now = await facts_of(annotator_id, await domain_parents()), await _now()
    await _end_what_is_over(person, rows, facts, now)
    if person.state == "left":
        return
    for rule in speaking:
        await _impose_what_is_missing(person, rule, facts, now)


async def _now() -> datetime:
    return await db.fetch_value("SELECT clock_timestamp()")  # type: ignore[no-any-return]


async def _end_what_is_over(person: Person, rows: list[Row], facts: Facts, now: datetime) -> None:
    for row in rows:
        if row.state != "active":
            continue
        if row.rule_id is None:
            passed = None
            if row.action == "require_exam" and row.domain is not None:
                passed = exam_ends(facts.tree, row.domain, row.started_at, facts.exams)
            if passed is not None:
                await end(person, row.id, "ended", ENDS["exam"], ended_at=passed)
            continue
        episode = found(row, rows, facts, now)
        if episode is None:
            await end(person, row.id, "withdrawn", WITHDRAWN)
        elif episode.ended is not None:
            await end(person, row.id, "ended", ENDS[episode.end or "time"], ended_at=episode.ended)


def found(row: Row, rows: list[Row], facts: Facts, now: datetime) -> Episode | None:
    """What the rule that imposed the row says of it now; None: nothing."""
    assert row.rule_id is not None
    assert row.rule_version is not None
    assert row.domain is not None, "a rule speaks about a domain"
    breaks = breaks_of(row.rule_id, row.rule_version, row.domain, rows)
    said = episodes(row.rule, row.domain, facts, breaks, now)
    return next((one for one in said if one.start == row.started_at), None)


def breaks_of(rule_id: UUID, version: int | None, domain: str, rows: Iterable[Row]) -> list[Break]:
    """Decisions of people about this rule and person, and what earlier versions (than none: all) of it brought about."""
    breaks = []
    for row in rows:
        if (row.rule_id, row.domain) != (rule_id, domain) or row.rule_version is None or row.state == "withdrawn":
            continue
        over = row.ended_at or row.ends_at
        if version is None or row.rule_version < version:
            breaks.append(Break(row.started_at, over))
        if row.state == "lifted" and over is not None:
            breaks.append(Break(over, over))
    return breaks


async def _impose_what_is_missing(person: Person, rule: RuleView, facts: Facts, now: datetime) -> None:
    wanted = rule.judging()
    for domain in domains_of(wanted, facts):
        rows = await rows_of(person.id)
        said = episodes(wanted, domain, facts, breaks_of(rule.id, rule.version, domain, rows), now)
        if not said or said[-1].ended is not None:
            continue
        episode = said[-1]
        measured = {"rule": msgspec.to_builtins(wanted), **msgspec.to_builtins(episode.measured)}
        await impose(
            person, rule_id=rule.id, rule_version=rule.version, domain=domain, action=rule.action,
            reason_en=rule.reason_en, reason_zh=rule.reason_zh, measured=measured, imposed_by=f"rule:{rule.id}",
            evidence_id=_evidence(facts, episode), started_at=episode.start, ends_at=episode.ends_at,
        )  # fmt: skip


def _evidence(facts: Facts, episode: Episode) -> UUID | None:
    newest = episode.measured.pieces[-1]
    return newest if any(one.id == newest for one in facts.seen) else None


async def impose(
    person: Person, *, domain: str | None, action: str, reason_en: str, reason_zh: str,
    measured: dict[str, Any], imposed_by: str, rule_id: UUID | None = None, rule_version: int | None = None,
    evidence_id: UUID | None = None, started_at: datetime | None = None, ends_at: datetime | None = None,
) -> UUID | None:  # fmt: skip
    """With its audit row and its event; None where the rule's is in force already."""
    standing_id = uuid7()
    start = await db.fetch_value(
        sql.insert_standing, id=standing_id, annotator_id=person.id, rule_id=rule_id, rule_version=rule_version,
        domain=domain, action=action, reason_en=reason_en, reason_zh=reason_zh, measured=db.jsonb(measured),
        evidence_id=evidence_id, imposed_by=imposed_by, started_at=started_at, ends_at=ends_at,
    )  # fmt: skip
    if start is None:
        return None
    facts = {
        "standing_id": str(standing_id), "annotator_id": str(person.id), "domain": domain, "action": action,
        "rule_id": None if rule_id is None else str(rule_id), "started_at": start.isoformat(),
        "ends_at": None if ends_at is None else ends_at.isoformat(),
    }  # fmt: skip
    await audit.record("standing.imposed", "standing", standing_id, after=facts, reason=reason_en)
    told = facts | {"reason_en": reason_en, "reason_zh": reason_zh}
    await outbox.publish("standing.imposed", told, subject_id=standing_id, vendor_id=person.vendor_id)
    return standing_id


async def end(
    person: Person, standing_id: UUID, state: str, reason: str, *, by: str = SYSTEM, ended_at: datetime | None = None
) -> bool:
    """`ended`, `lifted` or `withdrawn`, once; False where it was over already."""
    row = await db.fetch_one(
        sql.end_standing, id=standing_id, state=state, ended_at=ended_at, end_reason=reason, ended_by=by
    )
    if row is None:
        return False
    facts = {"standing_id": str(standing_id), "annotator_id": str(person.id), "reason": reason}
    await audit.record(f"standing.{state}", "standing", standing_id, after={"state": state}, reason=reason)
    await outbox.publish(f"standing.{state}", facts, subject_id=standing_id, vendor_id=person.vendor_id)
    if row["granted"]:
        decided = facts | {"decision": "granted"}
        await outbox.publish("appeal.decided", decided, subject_id=standing_id, vendor_id=person.vendor_id)
    return True


async def tidy(settings: Settings) -> int:
    """Writes down and tells what ended by the clock; at most `sweep_batch` of them. Reads never wait for it."""
    db.require_transaction()
    rows = await db.fetch(sql.lapsed_standings, limit=settings.sweep_batch)
    for row in rows:
        person = await person_of(row["annotator_id"])
        await end(person, row["id"], "ended", ENDS["time"], ended_at=row["ends_at"])
    return len(rows)


async def unfounded() -> list[tuple[UUID, UUID]]:
    """Standings of rules in force that their rule would not find in the evidence: (person, standing)."""
    wrong: list[tuple[UUID, UUID]] = []
    parents, now = await domain_parents(), await _now()
    for one in await db.fetch(sql.standings_to_check):
        rows = await rows_of(one["annotator_id"])
        facts = await facts_of(one["annotator_id"], parents)
        wrong += [
            (one["annotator_id"], row.id)
            for row in rows
            if row.state == "active" and row.rule_id is not None and found(row, rows, facts, now) is None
        ]
    return wrong
