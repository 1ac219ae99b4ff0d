"""Another version of the plan over the last works: how much it would have looked at, what it would have seen, who could look."""

from uuid import UUID, uuid4

import pytest

from kernel.settings import Settings
from routing.review_plans import Share, Stage
from routing.review_replay import Piece, replay, replayed
from routing.sampling import Promise
from tests.routing.factory import make_annotator, make_project, make_reviewer, make_tasks
from tests.routing.test_overturn import judged
from tests.routing.test_review_plans import put

ALL, HALF = Stage(name="all"), Stage(name="half", share=Share(share=0.5))


def pieces(author: UUID, count: int, outcome: str | None = "accept", turn: int = 1) -> list[Piece]:
    return [Piece(author, "law", 3, turn, outcome)] * count


def test_a_replay_counts_chances_and_ends_the_way_of_what_a_stage_turns_down() -> None:
    one = uuid4()
    found = replayed(pieces(one, 8), [HALF, HALF], {})
    assert (found.looks, found.looked) == ([4.0, 4.0], 6.0)
    found = replayed(pieces(one, 8, "reject"), [HALF, ALL], {})
    assert found.looks == [4.0, 4.0], "what the first stage rejects does not reach the second"
    assert (found.looked, found.defects_seen) == (8.0, 8.0)
    assert replayed(pieces(one, 4, turn=2), [HALF], {}).looks == [4.0], "what came back is looked at for sure"
    assert replayed(pieces(one, 4, None), [ALL], {}).defects_seen == 0


def test_an_adaptive_stage_learns_on_its_way_and_spares_the_proven() -> None:
    good, bad = uuid4(), uuid4()
    mixed = [one for pair in zip(pieces(good, 300), pieces(bad, 300, "rework"), strict=True) for one in pair]
    stage = Stage(name="a", share=Share(mode="adaptive", promise=Promise(defects=0.3, newcomers=10, floor=0.1)))
    found = replayed(mixed, [stage], {})
    assert 200 < found.looks[0] < 590
    assert found.defects_seen > found.looks[0] - found.defects_seen, "it looks where the defects are"
    fresh = replayed(mixed[:20], [stage], {})
    assert fresh.looks[0] == 20, "newcomers"


@pytest.mark.usefixtures("pool")
async def test_two_versions_stand_side_by_side(settings: Settings) -> None:
    project = await make_project(settings, answer_limit=1)
    author, reviewer = await make_annotator(settings, capacity=50), await make_reviewer(settings, capacity=50)
    await make_reviewer(settings, "Low", skills={"general": 3})
    await make_tasks(project, 5)
    empty = await replay(project, 0, 0, settings)
    assert (empty.pieces, empty.a.share, empty.a.stages[0].people) == (0, 0.0, None)
    for outcome in ("accept", "accept", "accept", "reject"):
        await judged(settings, project, author, reviewer, outcome)
    version = await put(project, HALF, Stage(name="experts", who={"min_level": 5}))
    found = await replay(project, 0, version, settings)
    assert (found.pieces, found.defects, found.currency) == (4, 1, "USD")
    assert (found.a.share, found.a.looks, found.a.defects_seen, found.a.cost_micros) == (1.0, 4.0, 1.0, 1_600_000)
    assert (found.b.looks, found.b.share) == (2.0 + 3.5, 1.0)
    assert [one.people for one in found.b.stages] == [2, 1]
    assert found.b.cost_micros == 2_200_000
