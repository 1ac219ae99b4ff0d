"""One dialogue through peer review, rework, expert review, dispute and overturn: what each person reads on the way."""

from typing import Any

from callboard.pages.mended import fields
from tests.api.conftest import Cast
from tests.pages.conftest import Browser, Play
from tests.pages.test_handlers import SCORES

BACK: Any = {"item": "factual_error", "reason": "Not every tea is green."} | SCORES
CHINESE = "; callboard_lang=zh-CN"
STAGES = [{"name": "peer"}, {"name": "expert"}, {"name": "customer", "share": {"mode": "fixed", "share": 0.01}}]


async def plan(play: Play) -> None:
    path = f"/projects/{play.site.project_id}/review-plans"
    await play.site.call("POST", path, play.site.manager, {"stages": STAGES, "note": "As agreed."}, 201)
    await play.site.call("POST", f"{path}/1/activate", play.site.manager, {"reason": "From today."})


def test_fields_of_other_work_are_compared_as_text() -> None:
    assert fields({"a": 1}, None) == []
    (mend,) = fields({"a": "one", "b": [1]}, {"a": "two", "b": [1]})
    assert (mend.what, mend.before, [part.text for part in mend.parts]) == ("a", "one", ["one", "two"])


async def test_a_dialogue_through_everything_reads_as_one_story(play: Play, cast: Cast) -> None:
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
    for word in ("Stage 2 of 3: expert", "Mended at an earlier stage", "Green &lt;b&gt;tea&lt;/b&gt;, mended."):
        assert word in page
    assert "<ins>" in page
    assert ">reviewer<" not in page, "nobody is named"
    assert "第 2 阶段（共 3 个）：expert" in await expert.get(look, cookie=second.headers["cookie"] + CHINESE)
