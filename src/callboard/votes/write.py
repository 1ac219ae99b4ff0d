"""Judged votes into the evidence, one transaction a person; a second import of the same file adds nothing."""

import csv
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid5

import msgspec

from callboard.importing.mapping import BadMapping
from callboard.votes.judging import Judged, LeftOut, judge, read_votes
from callboard.votes.mapping import VoteMapping
from kernel import audit, db
from kernel.clock import now
from kernel.errors import Invalid
from kernel.settings import Settings
from skills.annotators import AnnotatorDraft, create_annotator
from skills.evidence import Observation, domain_parents, observe_many

NAMESPACE = UUID("7d4a2c52-6a0e-4f0c-9a57-0a4e6f3b8d11")
"""Of the ids that rows of exports get as sources of evidence."""
EXAMPLES = 5
"""Lines that the report names for each reason."""


class Unreadable(Invalid):
    code = "votes_unreadable"
    title = "The file of votes cannot be read"


class Report(msgspec.Struct, frozen=True):
    file: str
    rows: int
    evidence: int
    """Rows that say something about a known person."""
    new: int
    people: int
    people_added: int
    kinds: dict[str, int]
    domains: dict[str, int]
    left_out: dict[str, int]
    """Reason → rows."""
    examples: dict[str, list[int]]
    """Reason → the first lines."""
    dry_run: bool

    def as_text(self) -> str:
        counts = ", ".join(f"{count:,} {kind}" for kind, count in self.kinds.items()) or "nothing"
        lines = [
            f"{self.file}: {self.rows:,} rows, {self.evidence:,} of them evidence ({counts}) about {self.people:,} people."
        ]
        lines += [f"  domain    {', '.join(f'{name} {count:,}' for name, count in self.domains.items())}"]
        lines += [
            f"  left out  {count:,}: {reason} (line {', '.join(map(str, self.examples[reason]))}{' …' if count > EXAMPLES else ''})"
            for reason, count in self.left_out.items()
        ]
        lines.append(
            "Nothing was written: this was a dry run." if self.dry_run
            else f"{self.new:,} new pieces of evidence, {self.evidence - self.new:,} were there already; {self.people_added:,} people added."
        )  # fmt: skip
        return "\n".join(lines)


async def import_votes(
    path: Path, mapping: VoteMapping, settings: Settings, *, add_people: bool, dry_run: bool
) -> Report:
    """Raises `Unreadable`, `BadMapping`."""
    parents = await domain_parents()
    votes, left_out = read_votes(_rows(path, mapping), mapping, set(parents))
    rows = len(votes) + len(left_out)
    judged, without_measure = judge(votes, parents)
    left_out += without_measure
    by_person: dict[str, list[Judged]] = defaultdict(list)
    for one in judged:
        by_person[one.vote.person].append(one)
    people = await _known(mapping.source, list(by_person))
    missing = sorted(by_person.keys() - people.keys())
    if not add_people:
        for person in missing:
            left_out += [LeftOut(one.vote.line, "nobody has this name here") for one in by_person.pop(person)]
    new = 0 if dry_run else await _write(by_person, people, mapping, settings)
    kept = [one for own in by_person.values() for one in own]
    reasons = Counter(out.reason for out in left_out)
    report = Report(
        path.name, rows, len(kept), new, len(by_person),
        len(missing) if add_people and not dry_run else 0, dict(Counter(one.kind for one in kept)),
        dict(Counter(one.vote.domain for one in kept).most_common()), dict(reasons.most_common()),
        {reason: sorted(out.line for out in left_out if out.reason == reason)[:EXAMPLES] for reason in reasons}, dry_run,
    )  # fmt: skip
    if new:
        async with db.transaction("skills import"):
            await audit.record("skills.imported", "file", mapping.source, after=msgspec.to_builtins(report))
    return report


def _rows(path: Path, mapping: VoteMapping) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            absent = mapping.columns() - set(reader.fieldnames or ())
            if absent:
                raise BadMapping(f"{path.name} has no column {', '.join(sorted(absent))}.")
            for row in reader:
                yield reader.line_num, row
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise Unreadable(f"{path}: {error}.") from error


async def _known(source: str, names: list[str]) -> dict[str, UUID]:
    rows = await db.fetch(
        "SELECT external_id, id FROM annotator WHERE external_id = ANY(:names::text[])",
        names=[f"{source}:{name}" for name in names],
    )
    return {row["external_id"].removeprefix(f"{source}:"): row["id"] for row in rows}


async def _write(
    by_person: dict[str, list[Judged]], people: dict[str, UUID], mapping: VoteMapping, settings: Settings
) -> int:
    new, today = 0, now()
    for person, judged in sorted(by_person.items()):
        async with db.transaction("skills import"):
            annotator_id = people.get(person)
            if annotator_id is None:
                draft = AnnotatorDraft(display_name=person, external_id=f"{mapping.source}:{person}", roles=[])
                annotator_id = await create_annotator(draft, settings.holding_capacity)
            past = [
                (one.vote.at or today + timedelta(microseconds=n), _observation(annotator_id, one, mapping.source))
                for n, one in enumerate(judged)
            ]
            new += await observe_many(annotator_id, past)
    return new


def _observation(annotator_id: UUID, judged: Judged, source: str) -> Observation:
    return Observation(
        annotator_id=annotator_id, domain=judged.vote.domain, kind=judged.kind, source_type="import",
        source_id=uuid5(NAMESPACE, f"{source}\n{judged.vote.key}"), outcome=judged.outcome,
        difficulty=judged.difficulty, weight=judged.weight,
    )  # fmt: skip
