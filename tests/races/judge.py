"""Whether the feed tells of a possible world. Nothing but events is looked at: no table, no reply.

The order is that of the events' ids (UUIDv7): made under the locks that serialise what they tell of, on one machine's
clock, to the millisecond. Within a millisecond an end comes before a beginning. The feed's own order is that of the
transactions' numbers, which are given out before they wait for each other.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

ENDS = frozenset({"assignment.released", "assignment.declined", "assignment.expired", "assignment.cancelled"})
TOLD = ENDS | {"assignment.claimed", "submission.created", "verdict.given"}
Event = Mapping[str, Any]


def in_order(events: Iterable[Event]) -> list[Event]:
    told = [event for event in events if event["type"] in TOLD]
    return sorted(told, key=lambda event: (UUID(event["id"]).int >> 80, event["type"] == "assignment.claimed"))


def faults(events: Iterable[Event], capacity: Mapping[str, int]) -> list[str]:
    """What may never happen and did, one sentence each; empty for a feed of a sound operation."""
    world = _World(capacity)
    for event in in_order(events):
        world.hear(event["type"], event["data"])
    return world.faults + world.open_ends()


class _World:
    def __init__(self, capacity: Mapping[str, int]) -> None:
        self.capacity = capacity
        self.faults: list[str] = []
        self.live: dict[str, Event] = {}
        """Claims by assignment."""
        self.holder_of: dict[str, str] = {}
        """Assignment by slot."""
        self.epochs: dict[str, int] = {}
        self.done_by: dict[str, dict[str, str]] = defaultdict(dict)
        """By task: who has handed in or judged there, and at which slot."""
        self.authors: dict[str, str] = {}
        """By submission."""
        self.judged: Counter[str] = Counter()
        self.held: Counter[str] = Counter()

    def hear(self, kind: str, data: Event) -> None:
        if kind == "assignment.claimed":
            self._claimed(data)
        elif kind in ENDS:
            self._ended(kind, data)
        elif kind == "submission.created":
            self._submitted(data)
        else:
            self._judged(data)

    def _say(self, what: str, data: Event) -> None:
        self.faults.append(f"{what}: {dict(data)}")

    def _claimed(self, data: Event) -> None:
        slot, person, task = data["slot_id"], data["annotator_id"], data["task_id"]
        if slot in self.holder_of:
            self._say(f"two live holders of a slot, the other {dict(self.live[self.holder_of[slot]])}", data)
        if data["epoch"] <= self.epochs.get(slot, 0):
            self._say("an epoch that was given out before", data)
        if any(one["task_id"] == task and one["annotator_id"] == person for one in self.live.values()):
            self._say("somebody twice on one task at once", data)
        if self.done_by[task].get(person, slot) != slot:
            self._say("somebody again on a task that they have a part in", data)
        self.held[person] += 1
        if self.held[person] > self.capacity.get(person, 0):
            self._say(f"more than {self.capacity.get(person, 0)} held by one person", data)
        self.live[data["assignment_id"]] = data
        self.holder_of[slot] = data["assignment_id"]
        self.epochs[slot] = data["epoch"]

    def _ended(self, kind: str, data: Event) -> Event | None:
        claim = self.live.pop(data["assignment_id"], None)
        if claim is None:
            self._say(f"{kind} of what was not held", data)
            return None
        if data.get("epoch", claim["epoch"]) != claim["epoch"]:
            self._say(f"{kind} with another epoch than it was claimed with", data)
        if self.holder_of.get(claim["slot_id"]) == data["assignment_id"]:
            del self.holder_of[claim["slot_id"]]
        self.held[claim["annotator_id"]] -= 1
        return claim

    def _submitted(self, data: Event) -> None:
        person, task, slot = data["annotator_id"], data["task_id"], data["slot_id"]
        if data["submission_id"] in self.authors:
            self._say("handed in twice", data)
        self.authors[data["submission_id"]] = person
        if not data["late"]:
            self._ended("submission", data)
        elif data["state"] == "surplus":
            return
        else:
            if slot in self.holder_of:
                self._say("late work taken in although somebody else held the slot", data)
            if data["epoch"] <= self.epochs.get(slot, 0):
                self._say("late work under an old epoch", data)
            self.epochs[slot] = data["epoch"]
        if self.done_by[task].get(person, slot) != slot:
            self._say("somebody handed in twice on one task", data)
        self.done_by[task][person] = slot

    def _judged(self, data: Event) -> None:
        work, review = data["submission_id"], {"assignment_id": data["review_assignment_id"]}
        claim = self._ended("verdict", review)
        if work not in self.authors:
            self._say("a verdict on what was never handed in", data)
        self.judged[work] += 1
        if self.judged[work] > 1:
            self._say("judged twice", data)
        if claim is None:
            return
        if claim["kind"] != "review" or claim["task_id"] != data["task_id"]:
            self._say(f"judged under a hold of something else, {dict(claim)}", data)
        if claim["annotator_id"] in (self.authors.get(work), data["annotator_id"]):
            self._say("own work judged", data)
        if (
            claim["annotator_id"] in self.done_by[data["task_id"]]
            and self.done_by[data["task_id"]][claim["annotator_id"]] != claim["slot_id"]
        ):
            self._say("judged by somebody with another part in the task", data)
        self.done_by[data["task_id"]][claim["annotator_id"]] = claim["slot_id"]

    def open_ends(self) -> list[str]:
        """Counts that went below nothing."""
        return [f"{person} ended {-count} more than they held" for person, count in self.held.items() if count < 0]
