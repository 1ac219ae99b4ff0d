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
    from _worlds import MIXED, crowd_log

    from routing.overlap import Stopping, wanted

    log = crowd_log(MIXED._replace(tasks=150, people=20, domains=1), np.random.default_rng(1))
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
    truly = confusions(MIXED, np.random.default_rng(3))
    right = (log.choice == log.truth[log.task])[(log.person == 5) & (log.domain[log.task] == 2)].mean()
    assert truly[5, 2].trace() / 4 == pytest.approx(right, abs=0.12), "it is the same crowd"
    ours, told, foreseen = (
        course(log, engine, by_value, np.random.default_rng(4), 2.0)[0].at(1.5)
        for engine in (Consensus(log), Told(log), Foreseen(log, truly))
    )
    assert ours < min(told, foreseen) - 0.05


def test_the_crowds_are_what_they_say() -> None:
    """The majorities after which they are modelled (ROUTING.md section 4): MIX6 .798 and .826, prelec .689, nyu .929."""
    from _aggregators import Majority
    from _course import fixed
    from _worlds import MIXED, PAID, crowd_log

    def majority(crowd: object, overlap: int) -> float:
        logs = [crowd_log(crowd, np.random.default_rng([9, n])) for n in range(4)]  # type: ignore[arg-type]
        return float(np.mean([fixed(log, Majority(log), overlap, np.random.default_rng(1)) for log in logs]))

    assert majority(MIXED, 3) == pytest.approx(0.798, abs=0.025)
    assert majority(MIXED, 5) == pytest.approx(0.826, abs=0.03)
    assert majority(PAID[1], 3) == pytest.approx(0.689, abs=0.03)
    assert majority(PAID[2], 3) == pytest.approx(0.929, abs=0.02)


def test_the_three_usual_ways_cost_what_they_should() -> None:
    from _paid import usual
    from _worlds import PAID, qualified

    paid = qualified(PAID[2], np.random.default_rng(1))
    ways = usual(paid, np.random.default_rng(1))
    assert 3 < ways["any three"].pay < 9
    assert 2 < ways["two generalists, then an expert"].pay < 5
    assert 1 < ways["one expert"].pay <= 3
    assert set(np.unique(paid.pay)) == {1.0, 3.0}
