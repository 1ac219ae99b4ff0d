"""A project's own estimate of its crowd, where the truth is known."""

from uuid import UUID

import numpy as np
import pytest

from routing.asking import agreed
from routing.crowd_estimate import LEAST_ANSWERS, Given, _estimate, _numbered, _read, fit
from routing.overlap import TEMPERATURE
from routing.refitting import UNREVIEWED, Beliefs

LABELS = ("red", "green", "blue")


def crowd(
    seed: int, *, tasks: int = 400, reviewed: float = 0.0, domains: tuple[str, ...] = ("law", "art")
) -> list[Given]:
    """Eight people, three to a task; the first half is right in .95 in law and .5 in art, the others the other way round."""
    rng = np.random.default_rng(seed)
    given = []
    for task in range(tasks):
        domain, truth = domains[task % len(domains)], LABELS[rng.integers(3)]
        look = rng.random() < reviewed
        for person in rng.choice(8, 3, replace=False):
            right = rng.random() < (0.95 if (person < 4) == (domain == "law") else 0.5)
            label = truth if right else str(rng.choice([one for one in LABELS if one != truth]))
            stands = truth if look and right else None
            given.append(Given(UUID(int=int(person) + 1), UUID(int=task + 1), domain, label, LABELS, stands, 1.0))
    return given


def test_people_are_told_apart_by_domain() -> None:
    found = fit(crowd(1))
    assert found is not None
    assert (found.domains, found.answers, found.tasks, len(found.people)) == (2, 1200, 400, 8)
    for person in range(1, 9):
        law, art = (found.people[str(UUID(int=person))][domain][0] for domain in ("law", "art"))
        assert (law > art + 0.2) == (person <= 4)
    assert found.strength < 12
    assert found.errors is None, "nothing was reviewed"
    assert found.temperature == pytest.approx(TEMPERATURE, abs=1e-4)
    assert 0.7 < found.expected_accuracy < 1


def test_the_error_is_that_of_tasks_foretold_without_their_review() -> None:
    found = fit(crowd(2, tasks=900, reviewed=0.4))
    assert found is not None
    assert found.errors is not None
    assert found.errors.tasks > 250
    assert found.errors.right > 0.75
    assert found.errors.claimed == pytest.approx(found.errors.right, abs=0.06)
    assert found.errors.calibration < 0.1
    reviews_are_noise = [
        one._replace(truth=LABELS[(one.task.int * 7) % 3] if one.task.int % 2 else None) for one in crowd(3, tasks=600)
    ]
    noisy = fit(reviews_are_noise)
    assert noisy is not None
    assert noisy.errors is not None
    assert noisy.errors.right < 0.45, "a task's own review would foretell itself"
    assert noisy.temperature < found.temperature
    assert noisy.errors.calibration < noisy.errors.calibration_before


def test_tasks_with_choices_of_their_own_teach_of_the_same_people() -> None:
    def renamed(one: Given) -> Given:
        names = tuple(f"{one.task.int}-{label}" for label in LABELS)
        return one._replace(choices=names, label=names[LABELS.index(one.label)])

    plain, own = fit(crowd(4)), fit([renamed(one) for one in crowd(4)])
    assert plain is not None
    assert own is not None
    assert own.people == plain.people


def test_what_is_foretold_is_what_a_task_is_asked_by() -> None:
    """The claims that the temperature is fitted on are those of `agreed`, which reads answers by accuracy alone."""
    given = [one._replace(choices=LABELS[:2] if one.task.int % 2 else LABELS) for one in crowd(6)]
    made = _numbered(given)
    assert made is not None
    model = _estimate(made, made.truth).model
    claims = _read(made, model)
    for task in range(0, len(made.truth), 40):
        rows = np.flatnonzero(made.answers.task == task)
        place = model.place[made.world.domain[task]]
        names = LABELS[: int(made.world.options[task])]  # type: ignore[index]
        said = [
            (LABELS[made.answers.choice[row]], float(model.accuracy[made.answers.person[row], place])) for row in rows
        ]
        assert claims[task, : len(names)] == pytest.approx(list(agreed(said, names).values()), abs=1e-9)
        assert claims[task, len(names) :].sum() == pytest.approx(0)


def test_too_little_is_said_to_be_too_little() -> None:
    assert fit([]) is None
    assert fit(crowd(5)[: LEAST_ANSWERS - 1]) is None
    assert fit(crowd(5)[:LEAST_ANSWERS]) is not None
    same = [one._replace(label="red", choices=()) for one in crowd(5)]
    assert fit(same) is None, "one label is no choice"
    assert fit([one._replace(label="none of them") for one in crowd(5)]) is None


def test_an_estimate_moves_what_is_believed_by_its_answers() -> None:
    known = Beliefs(1, 0.7, 2, 3.0, {str(UUID(int=1)): {"law": (0.9, 24.0)}})
    assert known.chance(UUID(int=1), "law", 0.6) == pytest.approx((12 * 0.6 + 24 * 0.9) / 36)
    assert known.chance(UUID(int=1), "art", 0.6) == pytest.approx(0.6)
    assert known.chance(UUID(int=2), "law", 0.6) == pytest.approx(0.6)
    assert UNREVIEWED == TEMPERATURE
