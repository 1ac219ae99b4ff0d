"""Most tasks that somebody may be given: on a day in a project, on a day over all projects, and at a time in a project.

A cap is a preference of whoever runs the project, not a requirement of the work: a manager's hand may pass over it. Counters
are raised by the claim's own statement and read under the lock of the holder, so that claims of one person never race for
the last of a day. A project's day is that of its calendar's zone, a person's own that of UTC. What is taken back after a lease
or a review was given once, and is neither counted nor kept away again.
"""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from uuid import UUID

import msgspec

from kernel import audit, clock, db
from kernel.sql import load
from routing.eligibility import Change, Failure
from skills.errors import NoSuchAnnotator

sql = load(__package__)

PROJECT_DAY, PROJECT_LIVE, PERSON_DAY = "cap_project_day", "cap_project_live", "cap_day"
MOST_A_DAY, MOST_LIVE = 1000, 50
"""How high a cap may be."""
CAPS = frozenset({PROJECT_DAY, PROJECT_LIVE, PERSON_DAY})


class Cap(msgspec.Struct, frozen=True):
    """Of one person in one project, or over all of them (no project), now."""

    annotator_id: UUID
    project_id: UUID | None
    project_name: str | None
    day_cap: int | None
    live_cap: int | None
    zone: str
    day: date
    day_ends: datetime
    given: int
    """On this day so far; counted only where there is a cap for it."""
    live: int


class Taken(msgspec.Struct, frozen=True):
    """What a claim that is under way has given already."""

    project_id: UUID
    counted: bool
    """Whether it counts for the day."""


class Caps:
    """Of one person. Without any cap there is nothing to ask, and everything is open."""

    def __init__(self, rows: Collection[Cap] = ()) -> None:
        self.own = next((row for row in rows if row.project_id is None), None)
        """The person's own cap, over all projects."""
        self._of = {row.project_id: row for row in rows if row.project_id is not None}

    def failures(self, project_id: UUID, taken: Sequence[Taken] = ()) -> list[Failure]:
        """What keeps the person from one more task of the project; `taken` has come on top since it was read."""
        found, counted = [], [one.project_id for one in taken if one.counted]
        cap, own = self._of.get(project_id), self.own
        if cap is not None and cap.day_cap is not None and cap.given + counted.count(project_id) >= cap.day_cap:
            given = cap.given + counted.count(project_id)
            found.append(_day_failure(PROJECT_DAY, cap, cap.day_cap, given, f" in {cap.project_name}"))
        if cap is not None and cap.live_cap is not None:
            held = cap.live + sum(one.project_id == project_id for one in taken)
            if held >= cap.live_cap:
                needs, has = f"fewer than {cap.live_cap} at a time in {cap.project_name}", f"{held} are held"
                mend = f"finish or release one first, or raise the project's cap to {held + 1}"
                found.append(
                    Failure(PROJECT_LIVE, needs, has, mend, (_raise("raise_project_live_cap", held + 1, MOST_LIVE),))
                )
        if own is not None and own.day_cap is not None and own.given + len(counted) >= own.day_cap:
            found.append(_day_failure(PERSON_DAY, own, own.day_cap, own.given + len(counted), ""))
        return found

    def raised(self, predicate: str, project_id: UUID, to: int) -> "Caps":
        """As they are with one of them at `to`; 0: without it."""
        replace, cap = msgspec.structs.replace, self._of.get(project_id)
        rows = [row for row in self._of.values() if row is not cap]
        if cap is not None:
            cap = replace(cap, day_cap=to or None) if predicate == PROJECT_DAY else cap
            rows.append(replace(cap, live_cap=to or None) if predicate == PROJECT_LIVE else cap)
        if self.own is not None:
            rows.append(replace(self.own, day_cap=to or None) if predicate == PERSON_DAY else self.own)
        return Caps(rows)

    def days(self, project_id: UUID) -> tuple[date | None, date | None]:
        """The days on which one more task of the project counts: by the project's cap, and by the person's own."""
        cap, own = self._of.get(project_id), self.own
        return None if cap is None or cap.day_cap is None else cap.day, None if own is None else own.day

    def ends(self, predicate: str, project_id: UUID) -> datetime | None:
        """When the cap stops keeping the person away by itself; none: only when something that is held ends."""
        cap = self.own if predicate == PERSON_DAY else self._of.get(project_id)
        return None if cap is None or predicate == PROJECT_LIVE else cap.day_ends


OPEN = Caps()


def _raise(action: str, to: int, most: int) -> Change:
    """A cap that cannot be so high is taken away."""
    return Change(action, count=to if to <= most else 0)


def _day_failure(predicate: str, cap: Cap, most: int, given: int, where: str) -> Failure:
    whose = "the project's" if cap.project_id else "the person's"
    mend = f"wait until {cap.day_ends:%Y-%m-%d %H:%M} UTC, when the day ends, or raise {whose} cap to {given + 1}"
    change = _raise("raise_project_day_cap" if cap.project_id else "raise_day_cap", given + 1, MOST_A_DAY)
    change = msgspec.structs.replace(change, until=f"{cap.day_ends:%Y-%m-%dT%H:%M:%SZ}")
    return Failure(
        predicate, f"fewer than {most} a day{where}", f"{given} were given today ({cap.zone})", mend, (change,)
    )


async def caps_of(annotator_ids: Sequence[UUID], project_ids: Collection[UUID]) -> dict[UUID, Caps]:
    """Of everybody who is named, in these projects and over all."""
    rows = await db.fetch_as(Cap, sql.caps_of, annotator_ids=list(annotator_ids), project_ids=list(project_ids))
    by_person: dict[UUID, list[Cap]] = {}
    for row in rows:
        by_person.setdefault(row.annotator_id, []).append(row)
    return {person: Caps(by_person.get(person, ())) for person in annotator_ids}


class Capped(msgspec.Struct):
    """The caps that kept somebody from work that was open to them otherwise, for the reason of a claim."""

    failures: dict[tuple[str, UUID], Failure] = {}
    ends: list[datetime] = []
    """When those of a day end."""

    def note(self, caps: Caps, failures: Sequence[Failure], project_id: UUID) -> None:
        for failure in failures:
            self.failures[failure.predicate, project_id] = failure
            ends = caps.ends(failure.predicate, project_id)
            if ends is not None:
                self.ends.append(ends)

    @property
    def detail(self) -> str:
        told = dict.fromkeys(f"The cap is {one.needs}; {one.has}: {one.mend}." for one in self.failures.values())
        return " ".join(told)

    @property
    def retry_after_seconds(self) -> int | None:
        """Until the first day ends; none where only what is held keeps the person away."""
        return None if not self.ends else max(1, int((min(self.ends) - clock.now()).total_seconds()) + 1)


async def count_today(project_id: UUID) -> None:
    """For a cap per day that is new in a project: what was given today counts, too. Locks the holders."""
    db.require_transaction()
    rows = await db.fetch(sql.lock_holders_of_day, project_id=project_id)
    if rows:
        people = [row["annotator"] for row in rows]
        await db.execute(sql.count_project_day, project_id=project_id, annotator_ids=people)


async def set_cap_per_day(annotator_id: UUID, cap: int | None, reason: str) -> None:
    """Most tasks that the person is given on a day over all projects, 1 to 1000; none: no cap. Audited. Raises `NoSuchAnnotator`."""
    db.require_transaction()
    before = await db.fetch_one("SELECT cap_per_day FROM annotator WHERE id = :id", id=annotator_id)
    if before is None:
        raise NoSuchAnnotator
    if before["cap_per_day"] == cap:
        return
    await db.fetch_one(sql.lock_holder, annotator_id=annotator_id)  # a claim that is under way is counted, too
    await db.execute(sql.set_cap_per_day, annotator_id=annotator_id, cap=cap)
    if before["cap_per_day"] is None:
        await db.execute(sql.count_site_day, annotator_ids=[annotator_id])
    await audit.record(
        "annotator.cap_per_day", "annotator", annotator_id, before={"cap_per_day": before["cap_per_day"]},
        after={"cap_per_day": cap}, reason=reason or None,
    )  # fmt: skip
