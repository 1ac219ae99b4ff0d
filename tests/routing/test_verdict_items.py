"""What a rework or a reject may name: where the project has a rubric, what stands in it or in the general list."""

from typing import Any

import pytest

from callboard.pages.labels import LABELS
from callboard.wiring import wire
from dialogue.rubrics import Dimension, RubricDraft, SpanLabel, put_rubric
from kernel import db
from kernel.settings import Settings
from routing.errors import UnknownItem
from routing.review import Reason
from routing.verdict_items import GENERAL
from tests.routing.factory import (
    WORK,
    claim_one,
    make_annotator,
    make_project,
    make_reviewer,
    make_tasks,
    submit,
    verdict,
)


def test_every_general_item_has_words() -> None:
    assert tuple(LABELS["rubric"]) == GENERAL


@pytest.mark.usefixtures("pool")
async def test_an_item_is_held_against_the_projects_rubric(settings: Settings) -> None:
    wire()
    project = await make_project(settings)
    author, reviewer = await make_annotator(settings), await make_reviewer(settings)
    await make_tasks(project, 5)

    async def judge(item: str, outcome: str = "reject", **work: Any) -> None:
        await submit(settings, await claim_one(settings, author, project_ids=[project]), WORK | work)
        held = await claim_one(settings, reviewer, project_ids=[project])
        try:
            await verdict(settings, held, outcome, reasons=[Reason(item=item, text="So it is.")])
        except UnknownItem:
            await verdict(settings, held, "accept", reasons=[Reason(item=item, text="Free.")])
            raise

    await judge("anything goes")
    async with db.transaction("person:manager"):
        for code in ("tone", "depth"):
            dimension = Dimension(code=code, name={"en": code.title()})
            label = SpanLabel(code="wrong_fact", name={"en": "Wrong"})
            await put_rubric(project, RubricDraft(dimensions=[dimension], span_labels=[label]))
    await judge("depth")
    with pytest.raises(UnknownItem, match=r"'tone' is none of: depth, wrong_fact, factual_error, .*other") as refused:
        await judge("tone")
    assert refused.value.extra["allowed"] == ["depth", "wrong_fact", *GENERAL]
    await judge("tone", rubric={"version": 1})
    await judge("low_effort")
