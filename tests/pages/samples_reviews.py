"""The screens of verdicts on one's own work, and of disputes."""

from callboard.pages.views_reviews import DisputesPage, VerdictsPage
from routing.disputes import DisputeView, VerdictOnMine
from routing.holds import HoldView
from routing.review import Reason
from tests.pages.sample_facts import minutes, uid

WRONG = [Reason("factuality", "The founding year is 1872, not 1871; see the source in turn 2.")]
WORD = "Page 12 of the source says 1871. The reviewer looked at the year of the second edition."


def mine(n: int, outcome: str, given: str | None = None, state: str | None = None, decision: str = "") -> VerdictOnMine:
    return VerdictOnMine(
        uid(400 + n), uid(500 + n), "How a bank closes its books", "Finance dialogues", n, 1, given or outcome, outcome, WRONG, "",
        minutes(-300 * n), minutes(9000), outcome != "accept" and state is None, uid(600 + n) if state else None, state, minutes(2000) if state else None, decision,
    )  # fmt: skip


def dispute(n: int, state: str = "open", decision: str = "") -> DisputeView:
    return DisputeView(
        uid(600 + n), uid(400 + n), uid(700 + n), uid(21), "Finance dialogues", "How a bank closes its books", "finance", "reject", WRONG,
        "Please look at the other years, too.", WORD, state, minutes(-600), minutes(900 if n == 1 else -30), n == 2,
        None if state == "open" else minutes(-20), decision,
    )  # fmt: skip


HELD = HoldView(
    uid(800), "reviewer", uid(801), "Pat Held", "open", {"rejected": 14, "verdicts": 22, "expected": 3.1, "evidence": 13.6, "limit": 13},
    minutes(-60), None, "", [uid(810), uid(811)],
)  # fmt: skip
VERDICTS = VerdictsPage(
    rows=[mine(1, "reject"), mine(2, "rework", state="open"), mine(3, "accept", "reject", "overturned", "The page says so."), mine(4, "reject", None, "upheld", "Page 12 speaks of another bank.")],
    names={uid(401): {"factuality": {"en": "The facts of a bank", "zh": "银行事实"}}}, done="opened",
)  # fmt: skip
VERDICTS_EMPTY = VerdictsPage(rows=[])
DISPUTES = DisputesPage(
    open=[dispute(2), dispute(1)],
    over=[dispute(3, "overturned", "The page says so."), dispute(4, "withdrawn")],
    done="uphold",
    held=[HELD],
)
DISPUTES_EMPTY = DisputesPage(open=[], over=[])
