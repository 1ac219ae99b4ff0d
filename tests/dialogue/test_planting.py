"""A tree from elsewhere is stored whole, with ranks, languages and labels, and reads out as it came."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialogue.errors import BadTree, ConversationExists
from dialogue.invariants import INVARIANTS
from dialogue.planting import Node, _best_end, _in_order, plant, planted
from kernel import db
from kernel.invariants import run
from kernel.settings import Settings, load_settings
from tests.dialogue.factory import make_desk

ASKED, ANSWERED = "user", "assistant"
TREE = [
    Node(key="q", parent=None, role=ASKED, text="What is a tide?", language="en", labels={"spam": {"value": 0.0}}),
    Node(key="a", parent="q", role=ANSWERED, text="Waves.", language="en", rank=2, source={"user_id": "u1"}),
    Node(key="b", parent="q", role=ANSWERED, text="The pull of the moon.", language="en", rank=1),
    Node(key="m", parent="b", role=ASKED, text="¿Y el sol?", language="es"),
    Node(key="n", parent="a", role=ASKED, text="Sure?", language="en"),
]


@pytest.mark.usefixtures("pool")
async def test_a_tree_goes_in_whole_and_comes_out_equal(settings: Settings) -> None:
    desk = await make_desk(settings)
    async with db.transaction("test"):
        await plant(desk.held.task_id, TREE, topic="Tides", settings=settings, source={"tree_state": "done"})
    found = await planted(desk.held.task_id)
    assert found is not None
    keys = {turn.text: node.key for turn in found.turns for node in TREE if node.text == turn.text}
    by_id = {turn.id: keys[turn.text] for turn in found.turns}
    assert {keys[turn.text]: _facts(turn, by_id) for turn in found.turns} == {
        node.key: (node.parent, node.role, node.text, node.language, node.rank, node.labels, node.source)
        for node in TREE
    }
    assert (by_id[found.head_id], found.source) == ("m", {"tree_state": "done"})
    assert not [one for one in await run(INVARIANTS) if one.violations]
    with pytest.raises(ConversationExists):
        async with db.transaction("test"):
            await plant(desk.held.task_id, TREE, topic="Tides", settings=settings)
    opened = await desk.open()
    assert len(opened.turns) == 1, "the annotator's own dialogue is another one"


def _facts(turn: Any, by_id: dict[Any, str]) -> tuple[Any, ...]:
    parent = by_id[turn.parent] if turn.parent else None
    return (parent, turn.role, turn.text, turn.language, turn.rank, turn.labels, turn.source)


@pytest.mark.parametrize(
    "nodes",
    [
        [],
        [TREE[1]],
        [TREE[0], TREE[0]],
        [TREE[0], Node(key="z", parent=None, role=ASKED, text="Another root")],
        [TREE[0], Node(key="x", parent="y", role=ASKED, text="1"), Node(key="y", parent="x", role=ASKED, text="2")],
        [Node(key="q", parent=None, role="prompter", text="x")],
        [Node(key="q", parent=None, role=ASKED, text="a\x00b")],
        [Node(key="q", parent=None, role=ASKED, text="x", rank=0)],
    ],
)
def test_what_is_no_tree_is_refused(nodes: list[Node]) -> None:
    with pytest.raises(BadTree):
        _in_order(nodes, load_settings(environ={}))


@given(st.data())
def test_any_order_of_a_tree_is_put_right(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 30))
    parents = [None, *(data.draw(st.integers(0, n - 1)) for n in range(1, count))]
    nodes = [
        Node(key=str(n), parent=None if parent is None else str(parent), role=ASKED, text="x")
        for n, parent in enumerate(parents)
    ]
    ordered = _in_order(data.draw(st.permutations(nodes)), load_settings(environ={}))
    seen: set[str | None] = {None}
    for node in ordered:
        assert node.parent in seen
        seen.add(node.key)
    assert len(ordered) == count
    assert _best_end(ordered) in seen
