"""The judge itself: a sound feed passes, and every rule is seen to fail."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.races.judge import Event, faults

CAPACITY = {"ann": 1, "bob": 1, "rev": 1}


def event(ms: int, type_: str, **data: Any) -> Event:
    return {"id": f"{ms:012x}"[:8] + "-" + f"{ms:012x}"[8:] + "-7000-8000-000000000000", "type": type_, "data": data}


def claimed(
    ms: int,
    assignment: str,
    person: str,
    *,
    slot: str = "s1",
    epoch: int = 1,
    task: str = "t1",
    kind: str = "annotation",
) -> Event:
    return event(
        ms,
        "assignment.claimed",
        assignment_id=assignment,
        annotator_id=person,
        slot_id=slot,
        epoch=epoch,
        task_id=task,
        kind=kind,
    )


def ended(ms: int, assignment: str, epoch: int = 1, how: str = "released") -> Event:
    return event(ms, f"assignment.{how}", assignment_id=assignment, epoch=epoch)


def handed_in(
    ms: int, assignment: str, person: str, *, work: str = "w1", slot: str = "s1", epoch: int = 1, **more: Any
) -> Event:
    facts = {"late": False, "state": "pending"} | more
    return event(
        ms,
        "submission.created",
        submission_id=work,
        assignment_id=assignment,
        annotator_id=person,
        slot_id=slot,
        epoch=epoch,
        task_id="t1",
        **facts,
    )


def judged(ms: int, review: str, author: str = "ann", work: str = "w1") -> Event:
    return event(
        ms, "verdict.given", submission_id=work, review_assignment_id=review, annotator_id=author, task_id="t1"
    )


def sound() -> list[Event]:
    return [
        claimed(1, "a1", "ann"), ended(2, "a1"), claimed(2, "a2", "bob", epoch=2), ended(3, "a2", 2, "expired"),
        claimed(4, "a3", "ann", epoch=3), handed_in(5, "a3", "ann", epoch=3),
        claimed(6, "r1", "rev", slot="s2", kind="review"), judged(7, "r1"),
    ]  # fmt: skip


def test_a_sound_feed_passes_in_whatever_order_it_is_read() -> None:
    assert faults(sound(), CAPACITY) == []
    assert faults(reversed(sound()), CAPACITY) == []


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda: [claimed(1, "a1", "ann"), claimed(2, "a2", "bob", epoch=2)], "two live holders"),
        (lambda: [claimed(1, "a1", "ann"), ended(2, "a1"), claimed(3, "a2", "bob")], "epoch that was given out"),
        (lambda: [claimed(1, "a1", "ann"), claimed(2, "a2", "ann", slot="s9")], "twice on one task at once"),
        (lambda: [claimed(1, "a1", "ann"), claimed(2, "a2", "ann", slot="s9", task="t2")], "more than 1 held"),
        (lambda: [ended(1, "a1")], "of what was not held"),
        (lambda: [claimed(1, "a1", "ann"), ended(2, "a1"), handed_in(3, "a1", "ann")], "submission of what was not held"),
        (lambda: [claimed(1, "a1", "ann", epoch=2), handed_in(3, "a1", "ann", epoch=1)], "another epoch"),
        (lambda: [claimed(1, "a1", "bob"), handed_in(2, "a0", "ann", epoch=5, late=True)], "somebody else held"),
        (lambda: [claimed(1, "a1", "bob"), ended(2, "a1"), handed_in(3, "a0", "ann", late=True)], "old epoch"),
        (lambda: [*sound(), claimed(8, "a4", "ann", slot="s9")], "again on a task"),
        (lambda: [*sound(), claimed(8, "r2", "bob", slot="s2", epoch=2, kind="review"), judged(9, "r2")], "judged twice"),
        (lambda: [*sound()[:6], claimed(6, "r1", "ann", slot="s2", kind="review"), judged(7, "r1")], "own work judged"),
        (lambda: [claimed(6, "r1", "rev", slot="s2", kind="review"), judged(7, "r1")], "never handed in"),
        (lambda: [*sound()[:6], judged(7, "r1")], "verdict of what was not held"),
        (lambda: [*sound()[:6], claimed(6, "r1", "rev", slot="s2"), judged(7, "r1")], "something else"),
    ],
)  # fmt: skip
def test_every_rule_is_seen(wrong: Callable[[], list[Event]], says: str) -> None:
    assert any(says in fault for fault in faults(wrong(), CAPACITY)), faults(wrong(), CAPACITY)
