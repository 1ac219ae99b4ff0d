"""Where the difficulty of a task starts, from the tasks before it in the same lane (or on the same text). Pure functions.

A lane's difficulties are taken as normal. Its mean and variance are those that make the outcomes of its closed tasks
likely (empirical Bayes by expectation-maximisation), with a few imaginary tasks as assumed among them, so that the first
ones do not decide alone. Histories nest: what a lane says is what is assumed of the texts in it.
"""

from collections.abc import Sequence

from skills.belief import Belief, Gain, times

IMAGINARY_TASKS = 5.0
"""Weight of what is assumed, in tasks. Chosen on the log of bench/skills.py: 2, 5 and 8 make no difference, 20 costs .001 AUC."""
ROUNDS = 40
"""At most. Tasks that everybody got right say little about how easy they are, and that little is found slowly."""
SETTLED = 0.005
"""Change of mean and variance, in logits, below which another round is not worth it."""
LEAST_VARIANCE = 0.05


def seen_of(prior: Belief, now: Belief) -> Gain:
    """What the outcomes said of one task's difficulty: what turned the prior that it began with into what is believed now."""
    return Gain(max(0.0, 1 / now.variance - 1 / prior.variance), now.mean / now.variance - prior.mean / prior.variance)


def prior_from_history(seen: Sequence[Gain], assumed: Belief) -> Belief:
    """What to believe of the next task's difficulty; `assumed` where nothing was seen. `seen` is of `seen_of`."""
    found = assumed
    for _ in range(ROUNDS if seen else 0):
        before, found = found, _round(seen, assumed, found)
        if abs(found.mean - before.mean) < SETTLED and abs(found.variance - before.variance) < SETTLED:
            break
    return found


def _round(seen: Sequence[Gain], assumed: Belief, found: Belief) -> Belief:
    believed = [times(found, one) for one in seen]
    weight = IMAGINARY_TASKS + len(believed)
    mean = (IMAGINARY_TASKS * assumed.mean + sum(one.mean for one in believed)) / weight
    spread = IMAGINARY_TASKS * (assumed.variance + (assumed.mean - mean) ** 2)
    spread += sum(one.variance + (one.mean - mean) ** 2 for one in believed)
    return Belief(mean, max(spread / weight, LEAST_VARIANCE))
