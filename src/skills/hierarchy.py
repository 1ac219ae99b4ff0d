"""One person's skills as a tree: what is known in each domain, and what that says about the others. Pure functions.

A domain's skill is its parent's, less a loss, give or take a variance (the edge); the root is `general`. Each domain
keeps only what was learned in it (`Local`), as a normal likelihood whose precision halves with time. The belief about a
domain is worked out from all of them, exactly, by passing messages up and down the tree: evidence in medicine speaks for
cardiology, a little less for general skill, and through it for law. That is the shrinkage towards the person; the start
of the root and the edges come from the crowd (`skills.crowd`).

A kind of work that has a skill of its own (reviewing) hangs below each domain as a child does: its node is `law/review`.
"""

from collections.abc import Iterable, Mapping

import msgspec

from skills.belief import (
    CHILD_LOSS,
    CHILD_VARIANCE,
    HALF_LIFE_DAYS,
    KIND_LOSS,
    KIND_VARIANCE,
    TRANSFER_LOSS,
    TRANSFER_VARIANCE,
    UNKNOWN,
    Belief,
    Gain,
    faded,
    gain,
    kept,
    times,
)

GENERAL = "general"
MOST_GENERATIONS = 16
"""Of domains; a loop in the tree, were there ever one, ends here."""
NOTHING = Gain(0.0, 0.0)

Edge = Belief
"""Mean: how much lower the skill is in the child than in the parent. Variance: how much that differs between people."""
EDGE_FROM_GENERAL = Edge(TRANSFER_LOSS, TRANSFER_VARIANCE)
EDGE_WITHIN_FIELD = Edge(CHILD_LOSS, CHILD_VARIANCE)
EDGE_OF_KIND = Edge(KIND_LOSS, KIND_VARIANCE)
OF_KIND = "/"
"""Between domain and kind; codes of domains and kinds have none."""


def node_of(domain: str, task_kind: str = "") -> str:
    """The place in a person's tree: the domain itself, or a kind of work in it."""
    return f"{domain}{OF_KIND}{task_kind}" if task_kind else domain


def parts_of(node: str) -> tuple[str, str]:
    """Domain and kind; the kind is empty for the domain itself."""
    domain, _, task_kind = node.partition(OF_KIND)
    return domain, task_kind


class Local(msgspec.Struct, frozen=True, gc=False):
    """What was learned in one domain itself."""

    precision: float = 0.0
    """Of all outcomes together, faded; 0: none."""
    shift: float = 0.0
    """Precision times the skill at which the outcomes point."""
    anchor: Belief | None = None
    """A belief stated outright. It replaces what the parent says, and what was learned before it."""
    edge: Edge | None = None
    """How this domain hung on its parent when the first evidence came in."""

    def faded(self, idle_days: float, half_life_days: float = HALF_LIFE_DAYS) -> "Local":
        if idle_days <= 0:
            return self
        share = kept(idle_days, half_life_days)
        anchor = self.anchor and faded(self.anchor, idle_days, half_life_days)
        return Local(self.precision * share, self.shift * share, anchor, self.edge)

    def learned(self, news: Gain) -> "Local":
        return Local(self.precision + news.precision, self.shift + news.shift, self.anchor, self.edge)


class Tree(msgspec.Struct, frozen=True):
    """The domains, and what the crowd says about each where a person has not been seen."""

    parents: Mapping[str, str | None] = {}
    root: Belief = UNKNOWN
    edges: Mapping[str, Edge] = {}

    def parent(self, domain: str) -> str | None:
        """Top domains hang on `general`, which hangs on nothing; a kind of work hangs on its domain."""
        above, task_kind = parts_of(domain)
        if task_kind:
            return above
        return None if domain == GENERAL else self.parents.get(domain) or GENERAL

    def path(self, domain: str) -> list[str]:
        """From the root to the domain."""
        found = [domain]
        while (above := self.parent(found[-1])) is not None and len(found) < MOST_GENERATIONS:
            found.append(above)
        return found[::-1]

    def edge(self, domain: str) -> Edge:
        if OF_KIND in domain:
            return EDGE_OF_KIND
        return self.edges.get(domain) or (EDGE_FROM_GENERAL if self.parent(domain) == GENERAL else EDGE_WITHIN_FIELD)


class _Passed(msgspec.Struct, frozen=True):
    """Everything that was said in one pass up and one down."""

    found: dict[str, Belief]
    heard: dict[str, Gain]
    """By domain: its own outcomes and what its children say."""
    said: dict[str, Gain]
    """By domain: what it says to its parent."""


def beliefs(tree: Tree, known: Mapping[str, Local], wanted: Iterable[str]) -> dict[str, Belief]:
    """The belief about every wanted domain (and those between it and the root) from everything known of a person."""
    return _pass(tree, known, wanted).found


def _pass(tree: Tree, known: Mapping[str, Local], wanted: Iterable[str]) -> _Passed:
    paths = {domain: tree.path(domain) for domain in (*known, *wanted)}
    depth = {code: level for path in paths.values() for level, code in enumerate(path)}
    order = sorted(depth, key=lambda code: (depth[code], code))
    heard = {code: _own(known.get(code)) for code in order}
    said: dict[str, Gain] = {}
    for code in reversed(order):
        parent = tree.parent(code)
        if parent is not None and _anchor(known, code) is None:
            said[code] = _upwards(heard[code], edge_of(tree, known, code))
            heard[parent] = Gain(heard[parent].precision + said[code].precision, heard[parent].shift + said[code].shift)
    found: dict[str, Belief] = {}
    for code in order:
        start = _anchor(known, code)
        if start is None:
            above = _without(tree, code, found, said)
            start = tree.root if above is None else below(above, edge_of(tree, known, code))
        found[code] = times(start, heard[code])
    return _Passed(found, heard, said)


def belief_about(tree: Tree, known: Mapping[str, Local], domain: str) -> Belief:
    return beliefs(tree, known, (domain,))[domain]


def learned(
    tree: Tree, known: Mapping[str, Local], domain: str, outcome: float, difficulty: Belief, *, weight: float = 1.0
) -> Local:
    """What is known in `domain` after one more outcome; `known` is as of now, that is faded."""
    before = belief_about(tree, known, domain)
    return known.get(domain, Local()).learned(gain(before, difficulty, outcome, weight))


def below(parent: Belief, edge: Edge) -> Belief:
    return Belief(parent.mean - edge.mean, parent.variance + edge.variance)


def edge_of(tree: Tree, known: Mapping[str, Local], domain: str) -> Edge:
    local = known.get(domain)
    return tree.edge(domain) if local is None or local.edge is None else local.edge


def edge_seen(tree: Tree, known: Mapping[str, Local], domain: str) -> Edge | None:
    """What this person's outcomes say about how `domain` hangs on its parent; None: nothing."""
    passed = _pass(tree, known, (domain,))
    above = _without(tree, domain, passed.found, passed.said)
    heard = passed.heard[domain]
    if above is None or _anchor(known, domain) is not None or heard.precision <= 0:
        return None
    seen = Gain(1 / (above.variance + 1 / heard.precision), 0.0)
    return times(tree.edge(domain), Gain(seen.precision, seen.precision * (above.mean - heard.shift / heard.precision)))


def _own(local: Local | None) -> Gain:
    return NOTHING if local is None else Gain(local.precision, local.shift)


def _anchor(known: Mapping[str, Local], code: str) -> Belief | None:
    local = known.get(code)
    return None if local is None else local.anchor


def _upwards(child: Gain, edge: Edge) -> Gain:
    """What a likelihood over the child says over the parent: shifted by the loss, blurred by the edge's variance."""
    blur = 1 + child.precision * edge.variance
    return Gain(child.precision / blur, (child.shift + child.precision * edge.mean) / blur)


def _without(tree: Tree, code: str, found: Mapping[str, Belief], said: Mapping[str, Gain]) -> Belief | None:
    """The parent without what the child itself said, or that would be counted twice. None above the root."""
    parent = tree.parent(code)
    if parent is None or parent not in found:
        return None
    above, own = found[parent], said.get(code, NOTHING)
    if own.precision <= 0:
        return above
    precision = 1 / above.variance - own.precision
    return Belief((above.mean / above.variance - own.shift) / precision, 1 / precision)
