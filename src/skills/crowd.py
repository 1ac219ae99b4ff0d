"""What the crowd says about somebody who has not been seen: where people start, and how domains hang together.

Pure: the estimate is expectation-maximisation over the people's own evidence. Each round asks what everybody is believed
to be under the last estimate, and takes the mean and spread of that, with a few imaginary people of the constants in
`skills.belief` among them, so that the first dozen newcomers do not decide alone.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from skills.belief import UNKNOWN, Belief
from skills.hierarchy import GENERAL, OF_KIND, Edge, Local, Tree, belief_about, edge_seen

ROUNDS = 8
"""Each round moves a smaller part of the way; after eight less than a tenth of it is left."""
IMAGINARY_PEOPLE = 8.0
"""Weight of the constants, in people."""
LEAST_PEOPLE = 5
"""With fewer the constants stand alone: a start must not describe one person."""
LEAST_VARIANCE = 0.05


class Crowd(msgspec.Struct, frozen=True):
    root: Belief
    edges: dict[str, Edge]
    people: dict[str, int]
    """How many people's evidence stands behind each domain's figures."""

    def tree(self, parents: Mapping[str, str | None]) -> Tree:
        return Tree(parents, self.root, self.edges)


def estimate(parents: Mapping[str, str | None], people: Sequence[Mapping[str, Local]]) -> Crowd:
    """From what is known of each person now (faded), without what a manager stated: that was not measured.

    How a kind of work hangs on its domain is the constant for everybody; what was seen in it speaks for the domain.
    """
    measured = [{code: msgspec.structs.replace(local, anchor=None, edge=None) for code, local in known.items()
                 if local.precision > 0 and (local.anchor is None or code == GENERAL)} for known in people]  # fmt: skip
    measured = [known for known in measured if known]
    domains = sorted({code for known in measured for code in known if OF_KIND not in code} - {GENERAL})
    tree, counts = Tree(parents), {GENERAL: len(measured)}
    for _ in range(ROUNDS):
        root = spread(UNKNOWN, (belief_about(tree, known, GENERAL) for known in measured))[0]
        edges: dict[str, Edge] = {}
        for code in domains:
            seen = (edge_seen(tree, known, code) for known in measured if code in known)
            edge, counts[code] = spread(Tree(parents).edge(code), (edge for edge in seen if edge is not None))
            if counts[code] >= LEAST_PEOPLE:
                edges[code] = edge
        tree = Tree(parents, root if len(measured) >= LEAST_PEOPLE else UNKNOWN, edges)
    return Crowd(tree.root, dict(tree.edges), counts)


def spread(assumed: Belief, seen: Iterable[Belief]) -> tuple[Belief, int]:
    """Mean and variance of a population of whose members only beliefs are known; the imaginary ones are as assumed."""
    found = list(seen)
    weight = IMAGINARY_PEOPLE + len(found)
    mean = (IMAGINARY_PEOPLE * assumed.mean + sum(one.mean for one in found)) / weight
    variance = (
        IMAGINARY_PEOPLE * (assumed.variance + (assumed.mean - mean) ** 2)
        + sum(one.variance + (one.mean - mean) ** 2 for one in found)
    ) / weight
    return Belief(mean, max(variance, LEAST_VARIANCE)), len(found)
