"""Many beliefs at once are those that one person's functions find, to the last digit."""

import random

from skills.belief import Belief
from skills.hierarchy import Edge, Local, Tree, belief_about
from skills.hierarchy_many import Learned, beliefs_about

PARENTS = {
    "general": None, "law": None, "tax": "law", "medicine": None, "cardiology": "medicine", "hearts": "cardiology",
}  # fmt: skip
NODES = (*PARENTS, "law/review", "hearts/review", "unknown")
HALF_LIFE = 37.5


def test_columns_say_what_each_person_says() -> None:
    chance = random.Random(3)
    tree = Tree(PARENTS, Belief(-0.4, 0.7), {"law": Edge(0.3, 0.5), "hearts": Edge(-0.1, 0.2)})
    learned = Learned([], [], [], [], [], [], [], [], [])
    people: list[dict[str, Local]] = []
    for place in range(300):
        known: dict[str, Local] = {}
        for node in chance.sample(NODES, chance.choice([0, 1, 3, len(NODES)])):
            precision = chance.choice([0.0, chance.uniform(0, 30)])
            local = Local(
                precision, precision * chance.gauss(0, 1),
                chance.choice([None, Belief(chance.gauss(0, 1), chance.choice([0.16, 1.0, 4.0]))]),
                chance.choice([None, Edge(chance.gauss(0, 1), 0.4)]),
            )  # fmt: skip
            hours = float(chance.choice([0, 1, 700, 90_000]))
            for column, value in zip(
                (learned.places, learned.nodes, learned.idle_hours, learned.precisions, learned.shifts), (place, node, hours, local.precision, local.shift),
                strict=True,
            ):  # fmt: skip
                column.append(value)  # type: ignore[attr-defined]
            for means, variances, one in (
                (learned.anchor_means, learned.anchor_variances, local.anchor),
                (learned.edge_means, learned.edge_variances, local.edge),
            ):
                means.append(one.mean if one else None)
                variances.append(one.variance if one else None)
            known[node] = local.faded(hours / 24.0, HALF_LIFE)
        people.append(known)
    for domain in ("general", "law", "hearts", "tax", "unknown"):
        columns = beliefs_about(tree, learned, len(people), domain, HALF_LIFE)
        found = [Belief(mean, variance) for mean, variance in zip(*(one.tolist() for one in columns), strict=True)]
        assert found == [belief_about(tree, known, domain) for known in people]
