"""`hierarchy.belief_about` for many people at once: the same messages in the same order, each over everybody's column.

A test holds the two together. Import this module where it is used: numpy takes a while to load (decision 9).
"""

from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from skills.belief import UNKNOWN_VARIANCE, kept
from skills.hierarchy import Tree

Column = NDArray[np.float64]


class Learned(msgspec.Struct, frozen=True):
    """Rows of `skill` as columns. None in an anchor or an edge: there is none."""

    places: list[int]
    """Whose row it is, counted from 0."""
    nodes: list[str]
    idle_hours: list[float]
    """Whole ones."""
    precisions: list[float]
    shifts: list[float]
    anchor_means: list[float | None]
    anchor_variances: list[float | None]
    edge_means: list[float | None]
    edge_variances: list[float | None]


class _Grid:
    """By node, from the root down, and person."""

    def __init__(self, tree: Tree, learned: Learned, people: int, domain: str, half_life_days: float) -> None:
        paths = {node: tree.path(node) for node in {*learned.nodes, domain}}
        depth = {code: level for path in paths.values() for level, code in enumerate(path)}
        self.order = sorted(depth, key=lambda code: (depth[code], code))
        self.row = {code: row for row, code in enumerate(self.order)}
        self._where = (np.array([self.row[node] for node in learned.nodes], np.intp), np.array(learned.places, np.intp))
        self._people = people
        # Python's own power, once for each age: what is found here must be what `hierarchy` finds.
        share = {hours: kept(hours / 24.0, half_life_days) for hours in set(learned.idle_hours)}
        shares = np.array([share[hours] for hours in learned.idle_hours])
        variances = np.array(learned.anchor_variances, np.float64)
        surplus = 1 / variances - 1 / UNKNOWN_VARIANCE
        fading = (surplus > 0) & (np.array(learned.idle_hours) > 0)
        self.heard_precision = self._of(np.array(learned.precisions) * shares, 0.0)
        self.heard_shift = self._of(np.array(learned.shifts) * shares, 0.0)
        self.anchor_mean = self._of(learned.anchor_means, np.nan)
        self.anchor_variance = self._of(
            np.where(fading, 1 / (1 / UNKNOWN_VARIANCE + surplus * shares), variances), np.nan
        )
        self.anchored = ~np.isnan(self.anchor_mean)
        edges = [tree.edge(code) for code in self.order]
        self.edge_mean = self._of(learned.edge_means, np.array([edge.mean for edge in edges]))
        self.edge_variance = self._of(learned.edge_variances, np.array([edge.variance for edge in edges]))

    def _of(self, values: Any, otherwise: Any) -> Column:
        found = np.empty((len(self.order), self._people))
        found[:] = otherwise[:, np.newaxis] if isinstance(otherwise, np.ndarray) else otherwise
        given = np.array(values, np.float64)
        there = ~np.isnan(given)
        found[self._where[0][there], self._where[1][there]] = given[there]
        return found


def beliefs_about(
    tree: Tree, learned: Learned, people: int, domain: str, half_life_days: float
) -> tuple[Column, Column]:
    """Means and variances of the beliefs about `domain`, by place, from 0 to `people` - 1."""
    with np.errstate(divide="ignore", invalid="ignore"):  # of branches that `where` does not take
        grid = _Grid(tree, learned, people, domain, half_life_days)
        said_precision, said_shift = _upwards(tree, grid)
        mean, variance = np.full(people, tree.root.mean), np.full(people, tree.root.variance)
        for level, code in enumerate(tree.path(domain)):
            n = grid.row[code]
            if level:
                mean, variance = _without(mean, variance, said_precision[n], said_shift[n])
                mean, variance = mean - grid.edge_mean[n], variance + grid.edge_variance[n]
            mean = np.where(grid.anchored[n], grid.anchor_mean[n], mean)
            variance = np.where(grid.anchored[n], grid.anchor_variance[n], variance)
            mean, variance = _times(mean, variance, grid.heard_precision[n], grid.heard_shift[n])
    return mean, variance


def _upwards(tree: Tree, grid: _Grid) -> tuple[Column, Column]:
    """What each node says to its parent; `heard_*` of the grid become the node's own and what its children say."""
    precisions, shifts = np.zeros_like(grid.heard_precision), np.zeros_like(grid.heard_shift)
    for code in reversed(grid.order):
        parent = tree.parent(code)
        if parent is None:
            continue
        n, above = grid.row[code], grid.row[parent]
        blur = 1 + grid.heard_precision[n] * grid.edge_variance[n]
        shift = (grid.heard_shift[n] + grid.heard_precision[n] * grid.edge_mean[n]) / blur
        precisions[n] = np.where(grid.anchored[n], 0.0, grid.heard_precision[n] / blur)
        shifts[n] = np.where(grid.anchored[n], 0.0, shift)
        grid.heard_precision[above] += precisions[n]
        grid.heard_shift[above] += shifts[n]
    return precisions, shifts


def _without(mean: Column, variance: Column, said_precision: Column, said_shift: Column) -> tuple[Column, Column]:
    precision, spoke = 1 / variance - said_precision, said_precision > 0
    return (
        np.where(spoke, (mean / variance - said_shift) / precision, mean),
        np.where(spoke, 1 / precision, variance),
    )


def _times(mean: Column, variance: Column, heard_precision: Column, heard_shift: Column) -> tuple[Column, Column]:
    precision, spoke = 1 / variance + heard_precision, heard_precision > 0
    return (
        np.where(spoke, (mean / variance + heard_shift) / precision, mean),
        np.where(spoke, 1 / precision, variance),
    )
