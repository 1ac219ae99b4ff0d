"""A log of real answers: read from CSV, whatever its columns are called, and handed out answer by answer."""

import csv
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Whole = NDArray[np.intp]
Floats = NDArray[np.float64]

COLUMNS = {
    "worker": ("worker", "worker_id", "workerid", "_worker_id", "annotator", "annotator_id", "user", "person", "judge"),
    "task": ("task", "task_id", "item", "item_id", "question", "unit", "_unit_id", "object", "example", "id"),
    "answer": ("answer", "label", "response", "choice", "vote", "worker_label"),
    "truth": ("truth", "gold", "true", "true_label", "gold_label", "correct", "expected", "ground_truth"),
    "domain": ("domain", "genre", "topic", "category", "subject"),
    "pay": ("pay", "price", "reward", "cost"),
}
NEEDED = ("worker", "task", "answer", "truth")
LEAST_ANSWERS, LEAST_ANSWERS_OF_SMALL_LOGS = 8, 5
"""Of a task that is replayed: with fewer there is nothing to choose from. 5 where 8 would leave under 100 tasks."""
ENOUGH_TASKS = 100


class LogError(ValueError):
    """The file cannot be replayed; the text says what is missing."""


class Log(NamedTuple):
    """One entry per answer in `person`, `task`, `choice`; `truth` and `domain` by task, `pay` by person."""

    name: str
    person: Whole
    task: Whole
    choice: Whole
    truth: Whole
    domain: Whole
    pay: Floats
    choices: int
    domains: int
    options: Whole | None = None
    """Of each task how many of the choices it has; none: all of them."""

    @property
    def people(self) -> int:
        return len(self.pay)

    @property
    def tasks(self) -> int:
        return len(self.truth)

    @property
    def text(self) -> str:
        share = float((self.choice == self.truth[self.task]).mean())
        return (
            f"{self.name}: {len(self.person):,} answers of {self.people} people to {self.tasks:,} tasks in {self.domains} "
            f"domain{'s' if self.domains > 1 else ''}, {self.choices} choices, {100 * share:.1f} % right"
        )


def read(path: Path) -> Log:
    """Raises `LogError` with what is missing; rows without answer or truth, and second answers, are left out."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            names = columns(reader.fieldnames or [], path.name)
            rows = list(_unique(reader, names))
    except OSError as error:
        raise LogError(f"{path} cannot be read: {error.strerror}.") from error
    return numbered(path.stem, _with_enough_answers(rows, path.name))


def columns(found: Iterable[str], where: str) -> dict[str, str]:
    """What is meant → what the file calls it; spelling in small letters, first name that fits."""
    by_small = {name.strip().lower(): name for name in found}
    names = {}
    for meant, spellings in COLUMNS.items():
        fits = [by_small[spelling] for spelling in spellings if spelling in by_small]
        if fits:
            names[meant] = fits[0]
    missing = [f"{meant} (or {', '.join(COLUMNS[meant][1:])})" for meant in NEEDED if meant not in names]
    if missing:
        raise LogError(
            f"{where} has no column {'; no column '.join(missing)}. It has: {', '.join(by_small) or 'none'}."
        )
    return names


def _unique(reader: Iterable[Mapping[str, str]], names: Mapping[str, str]) -> Iterable[dict[str, str]]:
    seen = set()
    for line in reader:
        row = {meant: (line[name] or "").strip() for meant, name in names.items()}
        key = row["worker"], row["task"]
        if all(row[meant] for meant in NEEDED) and key not in seen:
            seen.add(key)
            yield row


def _with_enough_answers(rows: Sequence[dict[str, str]], where: str) -> list[dict[str, str]]:
    answers = Counter(row["task"] for row in rows)
    for least in (LEAST_ANSWERS, LEAST_ANSWERS_OF_SMALL_LOGS):
        kept = [row for row in rows if answers[row["task"]] >= least]
        if len({row["task"] for row in kept}) >= ENOUGH_TASKS:
            return kept
    if not kept:
        raise LogError(
            f"{where} has no task with {LEAST_ANSWERS_OF_SMALL_LOGS} answers or more: nothing to choose from."
        )
    return kept


def numbered(name: str, rows: Sequence[Mapping[str, str]]) -> Log:
    people = _numbers(row["worker"] for row in rows)
    tasks = _numbers(row["task"] for row in rows)
    choices = _numbers(label for row in rows for label in (row["answer"], row["truth"]))
    domains = _numbers(row.get("domain", "") for row in rows)
    truth, domain = np.zeros(len(tasks), dtype=np.intp), np.zeros(len(tasks), dtype=np.intp)
    pay = np.ones(len(people))
    for row in rows:
        truth[tasks[row["task"]]] = choices[row["truth"]]
        domain[tasks[row["task"]]] = domains[row.get("domain", "")]
        if row.get("pay"):
            pay[people[row["worker"]]] = float(row["pay"])
    return Log(
        name,
        np.array([people[row["worker"]] for row in rows], dtype=np.intp),
        np.array([tasks[row["task"]] for row in rows], dtype=np.intp),
        np.array([choices[row["answer"]] for row in rows], dtype=np.intp),
        truth, domain, pay, len(choices), len(domains),
    )  # fmt: skip


def _numbers(values: Iterable[str]) -> dict[str, int]:
    return {value: n for n, value in enumerate(sorted(set(values)))}
