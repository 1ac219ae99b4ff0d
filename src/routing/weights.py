"""The weights of the score: each with its unit, its reason and its range, and the values that were measured to be best."""

import math
from typing import Annotated

import msgspec
from msgspec import Meta


def _weight(about: str, unit: str, least: float, most: float) -> Meta:
    """What managers read beside a weight, and how far it may be turned."""
    return Meta(title=unit, description=about, ge=least, le=most)


VALUE, SLAS, SHARE = "task values", "SLAs", "share"


class Policy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every weight of the score, with what it is for, its unit and its range. The defaults are ROUTING.md's.

    A task value is the value of one middling task done acceptably; SLAs are multiples of the task's own SLA.
    """

    priority_factor: Annotated[
        float,
        _weight(
            "Times the value for every step of priority above the middle, divided by it below: 5 counts 1.6 tasks, 1 two thirds of one.",
            "factor",
            1,
            3,
        ),
    ] = 1.25
    pay_weight: Annotated[
        float,
        _weight(
            "What a unit of pay takes off; a unit is what a generalist gets. An expert at 3 units must be better by 0.2 to be worth it.",
            "task values per unit of pay",
            0,
            2,
        ),
    ] = 0.10
    ageing_weight: Annotated[
        float,
        _weight(
            "At one SLA of waiting, growing with the square: before the SLA is over, age outweighs any fit.",
            VALUE,
            0,
            20,
        ),
    ] = 2.0
    most_slas: Annotated[
        float,
        _weight(
            "Waiting beyond which a task ages no further: everything is equally overdue and the fit decides again.",
            SLAS,
            1,
            100,
        ),
    ] = 4.0
    late_share: Annotated[
        float,
        _weight(
            "Part of the ageing that stays once the SLA is missed. Below 1 late tasks let those pass that can still be in time: under overload one task is late instead of two.",
            SHARE,
            0,
            1,
        ),
    ] = 1.0
    rescue_weight: Annotated[
        float,
        _weight(
            "At the rescue's time, growing with the fourth power from the SLA on: what is late is not forgotten.",
            VALUE,
            0,
            100,
        ),
    ] = 0.0
    rescue_first_slas: Annotated[
        float,
        _weight(
            "The time of rescue while nearly everything can be in time: a quarter over, so that nobody waits for long.",
            SLAS,
            1.05,
            10,
        ),
    ] = 1.25
    rescue_last_slas: Annotated[
        float, _weight("The time of rescue in overload; twice the SLA counts as starved.", SLAS, 1.05, 10)
    ] = 2.0
    overload_slas: Annotated[
        float,
        _weight(
            "Time to work off the queue beyond which not everything can be in time, whatever comes first.",
            SLAS,
            0.1,
            10,
        ),
    ] = 1.0
    rescue_delay: Annotated[
        float,
        _weight(
            "By how much the rescue comes later for every SLA of queue beyond that: from 1.1 on it comes last.",
            "SLAs per SLA",
            0,
            100,
        ),
    ] = 8.0
    overload_fades_hours: Annotated[
        float,
        _weight(
            "Time in which what is remembered of the longest queue falls to 1/e. Were it forgotten as the queue shrinks, all that was put off would come due at once.",
            "hours",
            0.1,
            168,
        ),
    ] = 12.0
    reserve_weight: Annotated[
        float,
        _weight(
            "What somebody's time is worth elsewhere, for every logit of advantage that this task does not use.",
            "task values per logit",
            0,
            5,
        ),
    ] = 0.25
    ease_shift: Annotated[
        float,
        _weight(
            "How much harder a task counts when it is asked whether it needs skill; a task of -0.3 needs half of it.",
            "logits",
            -3,
            3,
        ),
    ] = 0.3
    reserve_fade: Annotated[
        float, _weight("The reserve falls by e to this power for every SLA of waiting.", "per SLA", 0, 20)
    ] = 2.0
    reserve_fades_for_slas: Annotated[
        float, _weight("Waiting after which the reserve falls no further.", SLAS, 0, 20)
    ] = 2.0
    patience_least: Annotated[
        float,
        _weight(
            "By how much somebody else on shift may be better although nothing waits: less is noise of the estimates.",
            VALUE,
            0,
            2,
        ),
    ] = 0.04
    patience_per_sla: Annotated[
        float, _weight("How much more for every SLA of waiting.", "task values per SLA", 0, 10)
    ] = 0.6
    patience_per_backlog: Annotated[
        float,
        _weight(
            "How much more for every waiting task per person on shift: with a backlog everybody is needed.",
            "task values per task",
            0,
            10,
        ),
    ] = 0.5
    most_backlog: Annotated[
        float, _weight("Waiting tasks per person beyond which patience is not worth less.", "tasks per person", 0, 100)
    ] = 2.0
    patience_ends_slas: Annotated[
        float,
        _weight("Waiting after which whoever is eligible and free may take it, however well it fits.", SLAS, 0, 2),
    ] = math.inf
    patience_longest_sla_minutes: Annotated[
        float,
        _weight(
            "How long an SLA counts at most where patience is asked: nobody is sent away for a day because somebody better may come. It was measured with SLAs up to this.",
            "minutes",
            1,
            1440,
        ),
    ] = 60.0
    welcome_bonus: Annotated[
        float,
        _weight(
            "For whoever the work names as welcome, or whose vendor: as much as a chance of acceptable work that is better by 0.15. Others wait a little for them, as for a better fit.",
            VALUE,
            0,
            2,
        ),
    ] = 0.15
    topic_bonus: Annotated[
        float,
        _weight(
            "Right after work on the same topic, in projects that stick to topics: nobody has to find their way in again.",
            VALUE,
            0,
            2,
        ),
    ] = 0.1
    topic_fade_minutes: Annotated[
        float,
        _weight("Time in which the bonus of the topic falls to 1/e: what was read is forgotten.", "minutes", 1, 1440),
    ] = 30.0
    author_bonus: Annotated[
        float,
        _weight(
            "For a review of the author whom this person judged last, in projects that stick to authors; taken off where the project asks for another reviewer. Two thirds of the way to an SLA of ageing outweigh it.",
            VALUE,
            0,
            2,
        ),
    ] = 0.8
    least_total: Annotated[
        float,
        _weight(
            "Score that a match must exceed where patience is asked for: below, the person's time is worth more than the task.",
            VALUE,
            -10,
            10,
        ),
    ] = 0.0


POLICY = Policy(
    pay_weight=0.11,
    late_share=0.0,
    rescue_weight=8.0,
    reserve_weight=0.8,
    patience_least=0.0,
    patience_per_sla=0.3,
    patience_per_backlog=0.15,
    patience_ends_slas=1.5,
)
"""Where it differs from ROUTING.md it was measured to be better: docs/routing.md has the figures."""
IMPATIENT = msgspec.structs.replace(POLICY, patience_ends_slas=0.0)
"""`POLICY` where nobody knows who is on shift: whoever comes gets the best there is for them."""
