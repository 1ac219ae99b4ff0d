"""Questions find their difficulty in the answers; the author's word counts where answers are few."""

import math
import random
import statistics

import pytest

from skills.belief import sigmoid
from skills.exam_calibration import calibrate
from skills.exam_engine import Item


def simulate(seed: int, people: int, items: int, each: int) -> tuple[list[tuple[int, int, bool]], list[Item]]:
    draw = random.Random(seed)
    truth = [Item(draw.gauss(0, 1), math.exp(draw.gauss(0, 0.25))) for _ in range(items)]
    answers = []
    for person in range(people):
        theta = draw.gauss(0.2, 0.9)
        for item in draw.sample(range(items), each):
            asked = truth[item]
            answers.append((person, item, draw.random() < sigmoid(asked.discrimination * (theta - asked.difficulty))))
    return answers, truth


def off(found: dict[int, Item], truth: list[Item]) -> float:
    """Root mean square of the errors of difficulty, in logits."""
    return math.sqrt(
        statistics.fmean((item.difficulty - truth[number].difficulty) ** 2 for number, item in found.items())
    )


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_answers_recover_the_difficulties_that_authors_were_wrong_about(seed: int) -> None:
    answers, truth = simulate(seed, people=500, items=50, each=25)
    draw = random.Random(seed + 100)
    authored = {number: Item(item.difficulty + draw.gauss(0, 0.7)) for number, item in enumerate(truth)}
    found = calibrate(answers, authored, least=200)
    assert len(found) > 45
    assert off(found, truth) < 0.25
    assert off(found, truth) < 0.4 * off({number: authored[number] for number in found}, truth)
    sharp = [(found[number].discrimination, truth[number].discrimination) for number in found]
    assert statistics.correlation(*zip(*sharp, strict=True)) > 0.5


def test_few_answers_leave_a_question_as_it_is_and_more_move_it_further() -> None:
    answers, truth = simulate(7, people=400, items=30, each=15)
    authored = dict(enumerate(truth)) | {0: Item(truth[0].difficulty + 2)}
    few = [answer for n, answer in enumerate(answers) if answer[1] != 0 or n % 10 == 0]
    assert 0 not in calibrate(few, authored, least=50)
    at_ten, at_all = (calibrate(some, authored, least=10)[0] for some in (few, answers))
    assert truth[0].difficulty < at_all.difficulty < at_ten.difficulty < authored[0].difficulty


def test_fitting_again_gives_the_same_and_nothing_gives_nothing() -> None:
    answers, truth = simulate(9, people=200, items=20, each=15)
    authored = dict(enumerate(truth))
    assert calibrate(answers, authored, least=50) == calibrate(answers, authored, least=50)
    assert calibrate([], authored, least=1) == {}


def test_a_question_that_everybody_answers_right_stays_within_bounds() -> None:
    answers = [(person, item, item != 1) for person in range(300) for item in range(2)]
    found = calibrate(answers, {0: Item(0.0), 1: Item(0.0)}, least=200)
    assert -6 <= found[0].difficulty < found[1].difficulty <= 6
    assert all(0.2 <= item.discrimination <= 4 for item in found.values())
