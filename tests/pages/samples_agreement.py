"""Agreement in a project, sets of known verdicts, a decision between answers, and figures of reviewers."""

from typing import Any

from callboard.pages.views_agreement import AdjudicationPage, AgreementPage, Named, ReviewersPage, SetForm
from callboard.pages.views_projects import Fault
from routing.adjudicating import AdjudicationWork, BlindAnswer
from routing.agreeing import AgreementLine, AgreementReport
from routing.calibration_sets import CalibrationCandidate, CalibrationSetView
from routing.reviewer_figures import ReviewerFigures, ReviewersReport, Strictness, proportion
from tests.pages.sample_facts import minutes, uid
from tests.pages.samples_kinds import HELD
from tests.pages.samples_projects import DRAFT, head

LINES = [
    AgreementLine("answers", "choice", None, "label", "nominal", 0.743, 0.61, 0.86, 412, 980),
    AgreementLine("answers", "choice", "finance", "label", "nominal", 0.81, 0.7, 0.9, 250, 600),
    AgreementLine("answers", "choice", "law", "label", "nominal", -0.05, -0.4, 0.31, 12, 20),
    AgreementLine("answers", "preference_ranking", None, "ranking", "rank", 0.52, 0.44, 0.6, 120, 300),
    AgreementLine("answers", "rating", None, "fluency", "ordinal", None, None, None, 3, 3),
    AgreementLine("reviews", "dialogue", None, "outcome", "ordinal", 0.66, 0.41, 0.84, 58, 58),
    AgreementLine("reviews", "dialogue", None, "factuality", "ordinal", 0.4, None, None, 4, 4),
]


def made(n: int, **changes: Any) -> CalibrationSetView:
    facts: dict[str, Any] = {
        "id": uid(980 + n), "project_id": uid(21), "name": f"Finance, spring {n}", "note": "From the lots of March.", "share": 0.05,
        "state": "active", "created_by": "person:1", "created_at": minutes(-4000), "retired_at": None, "items": 40,
        "looks": 61, "right": 49, "people": 9,
    }  # fmt: skip
    return CalibrationSetView(**(facts | changes))


CANDIDATES = [
    CalibrationCandidate(uid(960), uid(700), "How a bank closes its books at the end of a year", "finance", "reject", 3, minutes(-300)),
    CalibrationCandidate(uid(961), uid(701), "What a notary does, and why it takes so long in some places and not in others", "law", "accept", 1, minutes(-900)),
]  # fmt: skip
AGREEMENT = {
    "project-agreement": (
        "projects/agreement.html",
        AgreementPage(
            head=head("agreement"), report=AgreementReport(20_000, 4102, LINES), may_write=True,
            sets=[made(1), made(2, state="retired", retired_at=minutes(-30), note="")], candidates=CANDIDATES,
            form=SetForm(name="", chosen=[str(uid(960))]), faults={"name": Fault("missing")},
        ),
    ),
    "project-agreement-empty": (
        "projects/agreement.html",
        AgreementPage(head=head("agreement", DRAFT), report=AgreementReport(20_000, 0, []), may_write=True),
    ),
}  # fmt: skip
ANSWERS = [
    BlindAnswer("A", "Paris", {"label": "Paris", "comment": "It has been the capital since the 10th century."}),
    BlindAnswer("B", "Lyon", {"label": "Lyon"}),
    BlindAnswer("C", "Paris", {"label": "Paris", "comment": "See page 12."}),
]
DECIDING = {
    "adjudicate": AdjudicationPage(
        held=HELD, brief="Which city is the capital of France?", guidelines=[], payload_text="",
        work=AdjudicationWork(ANSWERS, ["Paris", "Lyon", "Marseille"], open=False),
    ),
    "adjudicate-open": AdjudicationPage(
        held=HELD, brief="", guidelines=[], payload_text='{"source": "page 12"}',
        work=AdjudicationWork(ANSWERS, ["Lyon", "Paris"], open=True),
    ),
    "adjudicate-ended": AdjudicationPage(
        held=HELD, brief="", guidelines=[], payload_text="", work=AdjudicationWork(ANSWERS, ["Paris"], open=False),
        ended="submitted", decided="Paris",
    ),
}  # fmt: skip


def figures(n: int, name: str, *counts: int, strict: Strictness | None) -> ReviewerFigures:
    looks, down, same, twice, right, known, stood, checked = counts
    return ReviewerFigures(
        uid(990 + n), name, "active", looks, proportion(down, looks), 140.0 + n, proportion(same, twice),
        proportion(right, known), proportion(stood, checked), strict, minutes(-n),
    )  # fmt: skip


REVIEWERS = {
    "reviewers": ReviewersPage(
        report=ReviewersReport(
            [
                figures(1, "Mila Novák", 812, 201, 31, 44, 50, 61, 70, 74, strict=Strictness(2.1, 1.6, 2.8, "stricter")),
                figures(2, "Jonas Weber", 640, 51, 40, 44, 55, 58, 31, 40, strict=Strictness(0.6, 0.4, 0.9, "milder")),
                figures(3, "Ngozi Okonkwo-Featherstonehaugh", 12, 1, 0, 0, 0, 0, 0, 0, strict=Strictness(0.9, 0.4, 2.0, "as_others")),
            ],
            20_000,
        ),
        projects=[Named(str(uid(21)), "Kitchen talk")], domains=["finance", "law"], project=str(uid(21)), query="sort=looks",
    ),
    "reviewers-empty": ReviewersPage(report=ReviewersReport([], 20_000), projects=[], domains=["finance"]),
}  # fmt: skip
