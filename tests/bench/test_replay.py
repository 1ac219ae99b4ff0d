"""The replay: logs of any spelling, curves, and the stopping of the benchmark beside that of the project."""

import sys
from pathlib import Path

import numpy as np
import pytest

BENCH = Path(__file__).resolve().parents[2] / "bench"


@pytest.fixture(autouse=True)
def bench_importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path, str(BENCH)])


def write(folder: Path, header: str, tasks: int = 120, each: int = 8) -> Path:
    path = folder / "log.csv"
    lines = [
        f"p{(task + n) % 11},t{task},{'ab'[(task + n // 6) % 2]},{'ab'[task % 2]}"
        for task in range(tasks)
        for n in range(each)
    ]
    path.write_text("\n".join([header, *lines, lines[0]]) + "\n")
    return path


@pytest.mark.parametrize("header", ["worker,task,answer,truth", "Annotator_ID,question,label,gold"])
def test_columns_may_be_called_as_elsewhere(tmp_path: Path, header: str) -> None:
    from _answer_log import read

    log = read(write(tmp_path, header))
    assert (log.tasks, log.people, log.choices, log.domains) == (120, 11, 2, 1)
    assert len(log.task) == 960, "a second answer of the same person is left out"
    assert (log.choice == log.truth[log.task]).mean() == pytest.approx(0.75)


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    from _answer_log import LogError, read

    with pytest.raises(LogError, match=r"no column answer \(or label.*no column truth.*It has: worker, task, x, y"):
        read(write(tmp_path, "worker,task,x,y"))
    with pytest.raises(LogError, match="no task with 5 answers"):
        read(write(tmp_path, "worker,task,answer,truth", each=3))
    with pytest.raises(LogError, match="cannot be read"):
        read(tmp_path / "nowhere.csv")


def test_a_curve_is_read_where_it_first_stays_in_the_mean() -> None:
    from _course import Curve, isotonic

    assert isotonic(np.array([1.0, 3.0, 2.0, 4.0])) == pytest.approx([1, 2.5, 2.5, 4])
    curve = Curve(np.array([1.0, 2.0, 3.0, 4.0]), np.array([0.5, 0.8, 0.7, 0.9]))
    assert curve.reaching(0.7) == pytest.approx(1.8)
    assert curve.reaching(0.825) == pytest.approx(3.5)
    assert curve.reaching(0.95) == float("inf")
    assert curve.reaching(0.4) == 1


def test_a_course_gives_every_answer_once_and_stops_as_the_project_does() -> None:
    from _aggregators import Consensus
    from _course import asks, by_value, course
    from _worlds import CF, crowd_log

    from routing.overlap import Stopping, wanted

    log = crowd_log(CF._replace(tasks=150, people=20, answers=12), np.random.default_rng(1))
    estimate = Consensus(log)
    rule = Stopping(target=0.8, least=1, most=4)
    curve, answers = course(log, estimate, by_value, np.random.default_rng(2), 12.0, stopping=rule)
    assert 1 <= answers < 4
    assert curve.answers[-1] == pytest.approx(answers)
    given = np.random.default_rng(3).integers(0, 6, log.tasks)
    together = asks(estimate, given, np.arange(log.tasks), rule)
    alone = [wanted(estimate.posterior[task], int(given[task]), rule).another for task in range(log.tasks)]
    assert together.tolist() == alone
    everything, all_answers = course(log, Consensus(log), by_value, np.random.default_rng(2), 99.0)
    assert all_answers == 12
    assert everything.answers[-1] == 12


def test_the_sample_has_its_answers_before_other_tasks_have_any() -> None:
    from _aggregators import Consensus
    from _course import by_value
    from _worlds import MIXED, crowd_log

    from routing.overlap import SAMPLE_ANSWERS

    log = crowd_log(MIXED._replace(tasks=600), np.random.default_rng(1))
    estimate, given, tasks = Consensus(log), np.zeros(600, dtype=np.intp), np.arange(600)
    assert estimate.sample is not None
    assert estimate.sample[by_value(estimate, 0, tasks, given).argmax()]
    given[estimate.sample] = SAMPLE_ANSWERS
    assert np.isfinite(by_value(estimate, 0, tasks, given)).all()
    assert Consensus(log, whole=True).sample is None


def test_who_knows_more_needs_less() -> None:
    from _aggregators import Consensus, Foreseen, Told
    from _course import by_value, course
    from _worlds import MIXED, confusions, crowd_log

    log = crowd_log(MIXED._replace(tasks=900), np.random.default_rng(3))
    truly = confusions(MIXED._replace(tasks=900), np.random.default_rng(3))
    busiest = np.bincount(log.person[log.domain[log.task] == 4], minlength=60).argmax()
    right = (log.choice == log.truth[log.task])[(log.person == busiest) & (log.domain[log.task] == 4)].mean()
    assert truly[busiest, 4, :4].trace() / 4 == pytest.approx(right, abs=0.12), "it is the same crowd"
    ours, told, foreseen = (
        course(log, engine, by_value, np.random.default_rng(4), 2.0)[0].at(1.5)
        for engine in (Consensus(log), Told(log), Foreseen(log, truly))
    )
    assert ours < min(told, foreseen) - 0.05


def test_the_crowds_are_what_they_say() -> None:
    """The majorities of three and five after which they are modelled (ROUTING.md section 4), and those of MIX6."""
    from _aggregators import Majority
    from _course import fixed
    from _worlds import CF, DOG, MIXED, NYU, RTE, SP, TWEET, crowd_log

    said = {
        TWEET: (0.755, 0.811), RTE: (0.813, 0.848), CF: (0.764, 0.818), SP: (0.927, 0.936), DOG: (0.767, 0.794),
        NYU: (0.928, 0.940), MIXED: (0.798, 0.826),
    }  # fmt: skip
    for crowd, (three, five) in said.items():
        logs = [crowd_log(crowd, np.random.default_rng([9, n])) for n in range(6)]
        found = [
            np.mean([fixed(log, Majority(log), overlap, np.random.default_rng(1)) for log in logs])
            for overlap in (3, 5)
        ]
        assert found == pytest.approx([three, five], abs=0.03), crowd.name


def test_an_expert_who_is_not_there_is_not_replaced() -> None:
    """ROUTING.md's .781 for 2.38 on nyu_mcqa, where everybody is right in .88: nobody is asked in an expert's place."""
    from _paid import usual
    from _worlds import NYU, crowd_log, split

    paid = split(
        crowd_log(NYU._replace(answers=5), np.random.default_rng(1)),
        np.ones(107, dtype=bool),
        0.05,
        np.random.default_rng(1),
    )
    way = usual(paid, np.random.default_rng(1))["one expert"]
    there = way.pay / 3
    assert 0.05 < there < 0.6
    assert way.accuracy == pytest.approx(there * 0.92 + (1 - there) / 4, abs=0.06)


def test_the_three_usual_ways_cost_what_they_should() -> None:
    from _paid import usual
    from _worlds import PAID, qualified

    paid = qualified(PAID[2], np.random.default_rng(1))
    ways = usual(paid, np.random.default_rng(1))
    assert 3 < ways["any three"].pay < 9
    assert 2 < ways["two generalists, then an expert"].pay < 5
    assert 0 < ways["one expert"].pay <= 3
    assert set(np.unique(paid.pay)) == {1.0, 3.0}
