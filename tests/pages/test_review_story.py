"""One dialogue through peer review, rework, expert review, dispute and overturn: what each person reads on the way."""

import html
import re
from typing import Any
from uuid import UUID

import pytest

from callboard.pages.mended import fields
from callboard.pages.review import review_view
from callboard.wiring import wire
from kernel import db
from kernel.ids import uuid7
from kernel.settings import Settings
from routing import staging
from tests.api.conftest import Cast
from tests.pages.conftest import Browser, Play
from tests.pages.test_handlers import SCORES
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

BACK: Any = {"item": "factual_error", "reason": "Not every tea is green."} | SCORES
CHINESE = "; callboard_lang=zh-CN"
STAGES = [{"name": "peer"}, {"name": "spot", "share": {"mode": "fixed", "share": 0.01}}, {"name": "expert"}]


async def plan(play: Play) -> None:
    path = f"/projects/{play.site.project_id}/review-plans"
    await play.site.call("POST", path, play.site.manager, {"stages": STAGES, "note": "As agreed."}, 201)
    await play.site.call("POST", f"{path}/1/activate", play.site.manager, {"reason": "From today."})


def test_fields_of_other_work_are_compared_as_text() -> None:
    assert fields({"a": 1}, None) == []
    (mend,) = fields({"a": "one", "b": [1]}, {"a": "two", "b": [1]})
    assert (mend.what, mend.before, [part.text for part in mend.parts]) == ("a", "one", ["one", "two"])


async def test_a_dialogue_through_everything_reads_as_one_story(
    play: Play, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "drawn", lambda *_: 0.5)
    await plan(play)
    second = await cast.person("expert", ["reviewer"], vendor="North", works=True)
    expert = Browser(play.site.client, second)
    at = await play.take(play.author)
    for _ in range(2):
        await play.converse(play.author, at)
    await play.author.post(f"{at}/submit", epoch=1)
    look = await play.take(play.reviewer, "reviews")
    page = await play.reviewer.get(look)
    assert "Stage 1 of 3: peer" in page
    assert "Mended at an earlier stage" not in page
    await play.reviewer.post(f"{look}/verdict", epoch=1, outcome="rework", **BACK)
    again = await play.take(play.author)
    await play.author.post(f"{again}/submit", epoch=2)
    look = await play.take(play.reviewer, "reviews")
    mended: Any = SCORES | {"corrected-1": "Green <b>tea</b>, mended."}
    await play.reviewer.post(f"{look}/verdict", epoch=2, outcome="fix", **mended)
    look = await play.take(expert, "reviews")
    page = await expert.get(look)
    for word in ("Stage 3 of 3: expert", "Mended at an earlier stage", "Green &lt;b&gt;tea&lt;/b&gt;, mended."):
        assert word in page
    assert "<ins>" in page
    assert ">reviewer<" not in page, "nobody is named"
    assert "第 3 阶段（共 3 个）：expert" in await expert.get(look, cookie=second.headers["cookie"] + CHINESE)
    await expert.post(f"{look}/verdict", epoch=1, outcome="reject", **BACK | {"reason": "The mended one is wrong."})
    verdict = await db.fetch_value("SELECT id FROM verdict WHERE outcome = 'reject'")
    await held(verdict, second.annotator_id)
    await play.author.post(f"/verdicts/{verdict}/dispute", reason="Page 12 says so.")
    dispute = await db.fetch_value("SELECT id FROM dispute")
    await play.manager.post(f"/disputes/{dispute}/decide", outcome="overturn", reason="It does.")
    task = await db.fetch_value("SELECT task FROM submission LIMIT 1")
    path = f"/tasks/{task}"
    lines = iter(told(await play.manager.get(path)))
    assert not [one for one in STORY if one not in lines], "each after the one before it"
    chinese = told(await play.manager.get(path, cookie=play.site.manager.headers["cookie"] + CHINESE))
    for word in (
        "免审放行",
        "作者对审核结论提出异议",
        "退回已暂缓生效",
        "每件被抽中的机会相同。 被审核的机会：1%。",
    ):
        assert any(word in one for one in chinese), word


STORY = [
    "Task arrived", "Taken", "Handed in", "Chosen for a look", "Taken for review", "Sent back", "Something stated is wrong",
    "Not every tea is green.", "Taken", "Handed in", "Chosen for a look",
    "This stage sent it back, and looks again. Chance of a look: 100%.", "Taken for review", "Accepted with a fix", "Let pass",
    "Stage 2 of 3: spot", "Each piece has the same chance. Chance of a look: 1%.", "Chosen for a look", "Stage 3 of 3: expert",
    "Everything is looked at here. Chance of a look: 100%.", "Taken for review", "Rejected", "The mended one is wrong.",
    "Rejections are held", "The author disputes the verdict", "Page 12 says so.", "Verdict overturned", "It does.",
    "Payment posted",
]  # fmt: skip
"""What stands there in this order, among other things."""


def told(page: str) -> list[str]:
    """The texts of the page's timeline, in their order."""
    line = page.partition('class="card timeline"')[2].partition("</ol>")[0]
    texts = (html.unescape(" ".join(text.split())) for text in re.split(r"<[^>]*>", line))
    return [text for text in texts if text]


async def held(verdict: UUID, reviewer: UUID | None) -> None:
    """A hold on the reviewer, in whose second sample the verdict is."""
    hold = uuid7()
    await db.execute(
        "INSERT INTO review_hold (id, kind, subject, annotator, state, figures, opened_at) "
        "VALUES (:id, 'reviewer', :subject, :reviewer, 'open', '{}', clock_timestamp())", id=hold, reviewer=reviewer, subject=str(reviewer),
    )  # fmt: skip
    await db.execute(
        "INSERT INTO hold_sample (id, hold, verdict) VALUES (:id, :id, :verdict)", id=hold, verdict=verdict
    )


@pytest.mark.usefixtures("pool")
async def test_what_comes_back_stands_beside_what_was_sent_back_and_earlier_answers(settings: Settings) -> None:
    wire()
    project = await make_project(settings)
    author, reviewer = await make_annotator(settings), await make_reviewer(settings)
    await make_tasks(project, 2)
    for n in range(2):
        await submit(settings, await claim_one(settings, author), WORK)
        await verdict(settings, await claim_one(settings, reviewer), "rework")
        reply = {"role": "assistant", "text": f"Mended {n}.", "rating": 4}
        await submit(settings, await claim_one(settings, author), WORK | {"turns": [WORK["turns"][0], reply]})
        looked = await claim_one(settings, reviewer)
        view = await review_view(looked.id, reviewer, settings)
        (mend,) = view.turns[0].mended
        assert (mend.by, mend.before, mend.parts[-1].text[:6]) == ("author", "!", "Mended")
        assert len(view.answered) == n, "of other works alone"
        await verdict(settings, looked, "accept")
    (before,) = view.answered
    assert (before.item, before.text, before.outcome) == ("factuality", "wrong year", "accepted")
    assert before.mends[0].before == "!"
