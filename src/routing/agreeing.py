"""How far a project's people agree: by kind of task, domain and what was asked of them. Read off the answers as they stand.

Which figure fits follows from the form of the kind: a choice is nominal, a scale ordinal, a number an interval, an order of
candidates a rank. Kinds without a form, whose answers hold a `label`, are nominal. Of reviews only what two people said who
did not know of each other (`routing.double_looks`).
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal
from uuid import UUID

import msgspec

from kernel import db
from kernel.sql import load
from routing.forms import store as forms
from routing.forms.declaration import Choice, Declaration, MultiChoice, Number, Ranking, Scale, ShowCandidates, Yes
from routing.outcomes import EVIDENCE_OUTCOME
from routing.projects import project

sql = load(__package__)
NEWEST = 20_000
"""Answers that are looked at; people change, and so does what they agree on."""
LABEL = "label"
Measure = Literal["nominal", "ordinal", "interval", "rank"]


class AgreementLine(msgspec.Struct, frozen=True):
    of: Literal["answers", "reviews"]
    """`answers` of different people to one task; `reviews` of one piece by two people who did not know of each other."""
    kind: str
    domain: str | None
    """None: all domains together."""
    dimension: str
    """The field of the answer; of reviews `outcome`, or a dimension that was scored."""
    measure: Measure
    """`nominal`, `ordinal` and `interval`: Krippendorff's alpha; `rank`: Kendall's u, the mean tau of two people."""
    value: float | None
    """1: always the same; 0: as by chance. None: nothing was answered twice, or everybody always said the same."""
    low: float | None
    """95 % interval, resampled over units; none below five units."""
    high: float | None
    units: int
    """Tasks, or pieces of work, that at least two people judged."""
    pairs: int


class AgreementReport(msgspec.Struct, frozen=True):
    newest: int
    """Answers that are looked at."""
    answers: int
    lines: list[AgreementLine]


_Key = tuple[Literal["answers", "reviews"], str, str, Measure]
"""Of, kind, dimension, measure."""
_Units = dict[_Key, dict[str, dict[UUID, list[Any]]]]
"""Then by domain and unit."""


async def agreement(project_id: UUID) -> AgreementReport:
    """Raises `NoSuchProject`."""
    await project(project_id)
    answers = await db.fetch(sql.answers_to_agree, project_id=project_id, limit=NEWEST)
    reviews = await db.fetch(sql.reviews_to_agree, project_id=project_id, limit=NEWEST)
    declared = {one.kind: one.declaration for one in await forms.forms(project_id)}
    units = _read(answers, reviews, declared)
    return AgreementReport(NEWEST, len(answers), await asyncio.to_thread(lambda: list(_lines(units))))


def _read(answers: Sequence[Any], reviews: Sequence[Any], declared: Mapping[str, Declaration]) -> _Units:
    units: _Units = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    for row in answers:
        for dimension, measure, value in said(row["payload"], row["task_payload"], declared.get(row["kind"])):
            units["answers", row["kind"], dimension, measure][row["domain"]][row["unit"]].append(value)
    for row in reviews:
        known = units["reviews", row["kind"], "outcome", "ordinal"]
        known[row["domain"]][row["unit"]].append(1 - EVIDENCE_OUTCOME[row["outcome"]])
        for name, score in row["scores"].items():
            units["reviews", row["kind"], name, "ordinal"][row["domain"]][row["unit"]].append(score)
    return units


def said(
    payload: Mapping[str, Any], task: Mapping[str, Any], form: Declaration | None
) -> Iterator[tuple[str, Measure, Any]]:
    """Dimension, measure and value of whatever in an answer can be held against another's."""
    if form is None:
        if isinstance(payload.get(LABEL), str):
            yield LABEL, "nominal", payload[LABEL]
        return
    for block in form.layout:
        name = getattr(block, "answer", None)
        value = payload.get(name) if name else None
        found = None if value is None else _read_block(block, value, task, form)
        if found is not None:
            yield str(name), *found


def _read_block(block: Any, value: Any, task: Mapping[str, Any], form: Declaration) -> tuple[Measure, Any] | None:
    match block:
        case Choice() if (shown := form.candidates(block.options_from)) is not None:
            return "rank", preferred(value, candidates_of(task, shown))
        case Ranking():
            return "rank", value
        case Scale() | Number():
            return "ordinal" if isinstance(block, Scale) else "interval", float(value)
        case Choice() | Yes():
            return "nominal", str(value)
        case MultiChoice():
            return "nominal", " + ".join(sorted(map(str, value)))
    return None


def candidates_of(task: Mapping[str, Any], shown: ShowCandidates) -> list[str]:
    found = task.get(shown.source.removeprefix("/"))
    return [str(one["id"]) for one in found if isinstance(one, dict) and "id" in one] if isinstance(found, list) else []


def preferred(value: Any, candidates: Sequence[str]) -> list[list[str]]:
    """The one that was preferred before the others; anything else that can be said (a tie, all bad) puts none before another."""
    if value in candidates:
        rest = [one for one in candidates if one != value]
        return [[str(value)], rest] if rest else [[str(value)]]
    return [list(candidates)]


def _lines(units: _Units) -> Iterator[AgreementLine]:
    from routing.alpha import kendall_u, krippendorff  # noqa: PLC0415  numpy: decision 9

    for (of, kind, dimension, measure), domains in sorted(units.items()):
        together = [values for by_unit in domains.values() for values in by_unit.values()]
        parts: list[tuple[str | None, list[list[Any]]]] = [(None, together)]
        if len(domains) > 1:
            parts += [(domain, list(by_unit.values())) for domain, by_unit in sorted(domains.items())]
        for domain, values in parts:
            found = kendall_u(values) if measure == "rank" else krippendorff(values, measure)
            yield AgreementLine(of, kind, domain, dimension, measure, **msgspec.structs.asdict(found))


class TaskAnswer(msgspec.Struct, frozen=True):
    name: str
    """`A`, `B` …: in an order that says nothing of who they are."""
    said: dict[str, Any]
    """By dimension."""


class Aggregate(msgspec.Struct, frozen=True):
    """What the answers to one task say together."""

    dimension: str
    measure: Measure
    votes: dict[str, int]
    """How often each value was given; of ranks none."""
    majority: str | None
    """The value that more people gave than any other; none: a tie, or ranks."""
    strengths: dict[str, float]
    """Of ranks: candidate → strength by Bradley and Terry, all of them summing to 1."""
    median: float | None
    """Of numbers."""


class TaskAgreement(msgspec.Struct, frozen=True):
    answers: list[TaskAnswer]
    together: list[Aggregate]


async def of_task(task_id: UUID) -> TaskAgreement:
    """Of the answers that still count, by id."""
    rows = await db.fetch(sql.answers_of_task, task_id=task_id)
    form = await forms.form_of(rows[0]["project_id"], rows[0]["kind"]) if rows else None
    given = [list(said(row["payload"], row["task_payload"], form.declaration if form else None)) for row in rows]
    answers = [TaskAnswer(letter(n), {dimension: value for dimension, _, value in one}) for n, one in enumerate(given)]
    by_dimension: dict[tuple[str, Measure], list[Any]] = defaultdict(list)
    for one in given:
        for dimension, measure, value in one:
            by_dimension[dimension, measure].append(value)
    return TaskAgreement(answers, [together(*key, values) for key, values in by_dimension.items()])


def letter(n: int) -> str:
    """A, B, … Z, AA: a name that says nothing of who somebody is."""
    return (letter(n // 26 - 1) if n >= 26 else "") + chr(ord("A") + n % 26)  # noqa: PLR2004  letters


def together(dimension: str, measure: Measure, values: Sequence[Any]) -> Aggregate:
    """Majority of labels, median of numbers, strengths of ranks."""
    if measure == "rank":
        from routing.alpha import strengths  # noqa: PLC0415  numpy: decision 9

        return Aggregate(dimension, measure, {}, None, strengths(values), None)
    votes: dict[str, int] = defaultdict(int)
    for value in values:
        votes[f"{value:g}" if isinstance(value, float) else str(value)] += 1
    most = max(votes.values())
    first = [name for name, count in votes.items() if count == most]
    numbers = sorted(value for value in values if isinstance(value, float))
    median = (numbers[(len(numbers) - 1) // 2] + numbers[len(numbers) // 2]) / 2 if numbers else None
    return Aggregate(dimension, measure, dict(votes), first[0] if len(first) == 1 else None, {}, median)
