"""Projects and calendars, for samples.py."""

from typing import Any

from callboard.pages.project_calendars import USUAL
from callboard.pages.project_reviews import typed_of as typed_stage
from callboard.pages.views import Problem
from callboard.pages.views_projects import (
    CalendarPage,
    ConsensusView,
    Fault,
    GeneralView,
    HistoryLine,
    LadderPreview,
    LadderView,
    Named,
    OverviewView,
    Pause,
    ProjectHead,
    ProjectRow,
    ProjectsView,
    RequirementCheck,
    RequirementForm,
    RequirementsView,
    RulesView,
    StepEffect,
    StepForm,
    TextFault,
    TimeView,
    Waits,
)
from callboard.pages.views_reviews import PlanPage, StageForm
from kernel.money import Money
from payments.earnings import ProjectBudget
from payments.rates import RateCardView
from routing.calendar_store import CalendarView
from routing.fitting import Fit, LaneFit, StepFit
from routing.projects import CapacityCost, ProjectView
from routing.promises import StagePromise
from routing.refitting import ConsensusReport, ForetoldError
from routing.review_plans import ONE_LOOK, PlanActivation, PlanComparison, ReviewPlanView, Share, Stage, differences
from routing.review_replay import PlanReplay, PlanReplays, StageReplay
from routing.risk import Forecast
from tests.pages.sample_facts import minutes, uid, usd

PROMISED = StagePromise(1, "sample", 0.05, 0.95, 1840, 612, 2100, 0.021, 0.012, 0.034, 0.004, 0.061, minutes(-1))
SAMPLED = Stage(name="sample", share=Share(mode="adaptive"), due_hours=48, overdue="escalate", second_look="same")
EXPERT = Stage(
    name="expert",
    who={"min_level": 5, "require": "credential finance"},
    other_vendor=True,
    share=Share(mode="stratified", share=0.2),
)


WAITS = Waits(waiting=128, in_work=9, review_waiting=4, in_review=2)
SOON = Forecast(
    risk="medium", reason="sla_close", waiting=128, per_hour=14.5, people_here=6, waited_seconds=16_400, sla_share=0.19,
    last_started_at=minutes(300), last_finished_at=minutes(340), earliest_due_at=None,
)  # fmt: skip


def project(n: int = 1, **changes: Any) -> ProjectView:
    facts: dict[str, Any] = {
        "id": uid(20 + n), "name": "Finance dialogues", "description": "", "guidelines": "", "state": "published", "currency": "USD",
        "overlap": 2, "min_turns": 3, "max_turns": 20, "language_level": 3, "required_role": None, "review_other_vendor": True,
        "rework_limit": 2, "answer_limit": 3, "lease_seconds": 1800, "deadline_seconds": 14_400, "sla_seconds": 86_400,
        "skill_half_life_days": None, "expert_level": 4, "consensus_target": 0.9, "most_answers": 5, "calendar": "berlin-office",
        "ladder": [{"after_minutes": 30, "relax": {"min_level": -1}}], "task_expires_days": 14, "lease_grace_minutes": 5, "capacity_cost": CapacityCost(), "cap_per_person_day": None, "cap_per_person_live": None, "paused_at": None,
        "paused_seconds": 0, "push": True, "stick_to_topic": True, "stick_to_author": "same", "requirements": {"require": "finance >= 4 and language en >= 3", "min_level": 3},
        "version": 7, "created_at": minutes(-90_000),
    }  # fmt: skip
    return ProjectView(**(facts | changes))


def head(tab: str, of: ProjectView | None = None, **changes: Any) -> ProjectHead:
    return ProjectHead(project=of or project(), tab=tab, may_edit=True, **changes)


PAUSED = project(
    2, name="A long name of a project in which people talk about medicine", state="paused", paused_at=minutes(-300)
)
DRAFT = project(
    3, name="Kitchen talk", state="draft", calendar=None, ladder=[], requirements={}, push=False, consensus_target=None,
    task_expires_days=None, review_other_vendor=False, overlap=1,
)  # fmt: skip
PRICES = RateCardView(
    id=uid(60), project_id=uid(21), version=3, effective_from=minutes(-9000), currency="USD", annotation=usd(150), review=usd(60),
    difficulty_factors={"1": "1", "4": "1.5", "5": "2"}, expert_factor="1.25",
)  # fmt: skip
BUDGET = ProjectBudget(funded=usd(500_000), reserved=usd(1_620), posted=usd(48_260), left=usd(450_120), fees=usd(0))
NOTHING = Money(0, "USD")
HISTORY = [
    HistoryLine(
        at=minutes(-12), who="Jonas Weber", action="changed", names=["sla_seconds", "push", "ladder", "consensus_target"],
        before={"sla_seconds": 172_800, "push": False, "ladder": [], "consensus_target": None},
        after={"sla_seconds": 86_400, "push": True, "ladder": [{}], "consensus_target": 0.9}, reason="The customer waits.",
    ),
    HistoryLine(at=minutes(-500), who="Jonas Weber", action="requirements", names=[], before={}, after={}, reason="Beginners are too slow."),
    HistoryLine(at=minutes(-600), who=None, action="published", names=[], before={}, after={}, reason=None),
]  # fmt: skip
OVERVIEW: dict[str, Any] = {
    "waits": WAITS, "accepted": 1840, "forecast": SOON, "card": PRICES, "budget": BUDGET,
    "requirement": "finance >= 4 and language en >= 3", "history": HISTORY,
}  # fmt: skip
BARE: dict[str, Any] = {
    "waits": Waits(), "accepted": 0, "forecast": None, "card": None, "requirement": "", "history": [],
    "budget": ProjectBudget(funded=NOTHING, reserved=NOTHING, posted=NOTHING, left=NOTHING, fees=NOTHING),
}  # fmt: skip

NORTH, SOUTH = Named(id=uid(70), name="Northlight"), Named(id=uid(71), name="Southbank Annotation Services")
FORM = RequirementForm(
    text="finance >= 4 and language en >= 3", min_level="3", credential=True, vendors={str(SOUTH.id): "out"},
    people={str(uid(3)): "welcome"}, reason="Beginners are too slow.",
)  # fmt: skip
FIT = Fit(
    "finance >= 4 and language en >= 3", 180, 12, 24,
    [LaneFit("finance", "en", 4, 96, "finance >= 4", 31, 24), LaneFit("finance", "zh-CN", 5, 32, "finance >= 4", 3, 0)], 2,
)  # fmt: skip
ASKS: dict[str, Any] = {
    "vendors": [NORTH, SOUTH], "people": [Named(id=uid(3), name="Mei Lin")], "roles": ["annotator", "reviewer"],
    "suggestions": ["Mei Lin", "Tomás Rey"], "words": ["finance", "general", "law", "medicine"],
}  # fmt: skip
WRONG = TextFault(
    before="finance >= 4 and ", at="banana", after=" >= 3", position=18, kind="unknown", allowed=["finance", "general", "law", "medicine"]
)  # fmt: skip
EXPECTED = TextFault(before="law >= ", at="9", position=8, kind="unexpected", allowed=["a level from 1 to 5"])

STEPS = [StepForm(after="30", level="-1"), StepForm(share="80", unit="hours", language="-1", role="annotator"), StepForm(queue="200", level="-1", expedite=False)]  # fmt: skip
LADDER = LadderPreview(
    effects=[StepEffect(at=minutes(30), waits_seconds=1800), StepEffect(at=None, waits_seconds=69_120), StepEffect(at=None, waits_seconds=None)],
    lanes=[StepFit("finance", "en", 4, 96, [24, 41, 41, 66]), StepFit("medicine", "zh-CN", 5, 1, [0, 0, 2, 3])],
)  # fmt: skip
OFFICE = CalendarView(
    id=uid(80), name="berlin-office", zone="Europe/Berlin", weekly={"mon": [("09:00", "12:30"), ("13:00", "18:00")]},
    holidays=["2026-12-25"], version=3,
)  # fmt: skip
GENERAL = {
    "name": "Finance dialogues",
    "description": "For a bank.",
    "guidelines": "# Be exact\nName your sources.",
    "required_role": "guide",
    "expert_level": "4",
    "half_life": "",
    "reason": "",
}
TIME = {
    "calendar": "berlin-office", "sla": "1", "sla_unit": "days", "lease": "90", "lease_unit": "seconds", "deadline": "4",
    "deadline_unit": "hours", "expires": "14", "reason": "",
}  # fmt: skip
RULES = {
    "asking": "sure", "overlap": "2", "target": "90", "most_answers": "5", "language_level": "3", "rework_limit": "2",
    "answer_limit": "3", "review_other_vendor": "yes", "push": "yes", "stick_to_topic": "yes", "stick_to_author": "different", "reason": "",
    "cap_day": "8", "cap_live": "", "annotation_cost": "1", "review_cost": "2", "grace": "5",
}  # fmt: skip
OFFERS: dict[str, Any] = {"offer_seconds": 120, "offer_parallel": 3, "offers_per_round": 200, "vendors": 1}
DAYS = USUAL | {"mon": "09:00-12:30, 13:00-18:00", "zone": "Europe/Berlin", "holidays": "2026-12-25\n2027-01-01"}
REFUSED = Problem(status=409, code="no_rate_card", title="No price", detail="The project has no price for this.")

PLAN = PlanPage(
    head=head("reviews", done="planned"),
    versions=[
        ReviewPlanView(2, [SAMPLED, EXPERT], "The customer promises 5 % to theirs.", "person:1", minutes(-60), active=True),
        ReviewPlanView(1, [EXPERT], "A sample by experts", "person:1", minutes(-9000), active=False),
        ReviewPlanView(0, ONE_LOOK, "", None, None, active=False),
    ],
    activations=[PlanActivation(2, "Agreed on Monday", "person:1", minutes(-50))], promises=[PROMISED], roles=["reviewer"], most_stages=5,
    stages=[typed_stage(SAMPLED), typed_stage(EXPERT)], start=2, active=2,
    comparison=PlanComparison(1, 2, 20.0, None, differences([EXPERT], [SAMPLED, EXPERT])),
    replays=PlanReplays(
        500, 61, "USD", PlanReplay(1, 0.2, 100.0, 13.4, 41_000_000, [StageReplay(1, "expert", 100.0, 7, 41_000_000)]),
        PlanReplay(2, 0.63, 402.3, 44.0, 164_900_000, [StageReplay(1, "peer sample", 315.2, 24, 129_200_000), StageReplay(2, "expert", 87.1, 7, 35_700_000)]),
    ),
)  # fmt: skip
PLAN_FIRST = PlanPage(
    head=head("reviews"), versions=[ReviewPlanView(0, ONE_LOOK, "", None, None, active=True)], activations=[],
    promises=[StagePromise(1, "sample", 0.05, 0.95, 0, 0, 0, 0, 0, 1, 0, 1, None)], roles=["reviewer"], most_stages=5,
    stages=[StageForm(overdue="accept")], start=0, active=0, comparison=PlanComparison(0, 0, 100.0, 100.0, []),
    faults={"name_1": Fault("missing"), "due_1": Fault("due_missing"), "note": Fault("reason")},
)  # fmt: skip

PROJECTS: dict[str, tuple[str, object]] = {
    "projects": (
        "projects.html",
        ProjectsView(
            rows=[ProjectRow(project=project(), waits=WAITS, forecast=SOON), ProjectRow(project=PAUSED, waits=WAITS), ProjectRow(project=DRAFT, waits=Waits())],
            next_cursor="abc",
        ),
    ),
    "projects-empty": ("projects.html", ProjectsView(rows=[])),
    "project": ("project.html", OverviewView(head=head("overview"), **OVERVIEW)),
    "project-paused": ("project.html", OverviewView(head=head("overview", PAUSED, done="paused"), **OVERVIEW)),
    "project-draft": (
        "project.html",
        OverviewView(head=head("overview", DRAFT, problem=REFUSED), **BARE, faults={"reason": Fault("reason")}),
    ),
    "project-seen": (
        "project.html", OverviewView(head=ProjectHead(project=project(), tab="overview", may_edit=False), **OVERVIEW),
    ),
    "project-asks": ("projects/requirements.html", RequirementsView(head=head("requirements", done="saved", undo_version=7), form=FORM, **ASKS)),
    "project-asks-fit": ("projects/requirements.html", RequirementsView(head=head("requirements", stale=True), form=FORM, check=RequirementCheck(fit=FIT, short="finance >= 4 and language en >= 3"), **ASKS)),
    "project-asks-wrong": (
        "projects/requirements.html",
        RequirementsView(
            head=head("requirements"), form=RequirementForm(text="finance >= 4 and banana >= 3", person="Mei"), check=RequirementCheck(fault=WRONG), **ASKS,
            faults={"text": Fault("expression"), "person": Fault("several", {"names": "Mei Lin, Mei Wu"}), "reason": Fault("reason")}, focus="text",
        ),
    ),
    "project-asks-seen": ("projects/requirements.html", RequirementsView(head=ProjectHead(project=project(), tab="requirements", may_edit=False), form=RequirementForm(), **(ASKS | {"people": [], "vendors": []}))),
    "fragment-asks-fit": ("projects/requirement_check.html", RequirementCheck(fit=FIT, short="finance >= 4 and language en >= 3")),
    "fragment-asks-nothing": ("projects/requirement_check.html", RequirementCheck(fit=Fit("anybody", 3, 0, 0, [], 0))),
    "fragment-asks-expected": ("projects/requirement_check.html", RequirementCheck(fault=EXPECTED)),
    "fragment-asks-end": ("projects/requirement_check.html", RequirementCheck(fault=TextFault(before="law >=", position=7, allowed=["a level from 1 to 5"]))),
    "fragment-asks-contradiction": ("projects/requirement_check.html", RequirementCheck(fault=TextFault(kind="contradiction"))),
    "fragment-asks-together": ("projects/requirement_check.html", RequirementCheck(fault=TextFault(kind="together"))),
    "fragment-asks-other": ("projects/requirement_check.html", RequirementCheck(fault=TextFault(kind="other", detail="Too many conditions."))),
    "project-ladder": ("projects/ladder.html", LadderView(head=head("ladder", done="undone"), steps=STEPS, roles=["annotator"], most_steps=8, preview=LADDER)),
    "project-ladder-empty": ("projects/ladder.html", LadderView(head=head("ladder"), steps=[], roles=[], most_steps=8, preview=LadderPreview(effects=[], lanes=[]))),
    "project-ladder-wrong": (
        "projects/ladder.html",
        LadderView(
            head=head("ladder"), steps=[StepForm(after="soon", level="-1"), StepForm()], roles=["annotator"], most_steps=8, focus="after_1",
            faults={"after_1": Fault("number", {"low": 1, "high": 525_600}), "after_2": Fault("never"), "level_2": Fault("nothing")},
            preview=LadderPreview(effects=[], lanes=[], fault=True),
        ),
    ),
    "project-reviews": ("projects/reviews.html", PLAN),
    "project-reviews-first": ("projects/reviews.html", PLAN_FIRST),
    "fragment-ladder": ("projects/ladder_preview.html", LADDER),
    "project-time": (
        "projects/time.html",
        TimeView(
            head=head("time"), values=TIME, calendars=[OFFICE], open_hours=40.0, done_at=minutes(1440),
            pauses=[Pause(begin=minutes(-300), end=None), Pause(begin=minutes(-9000), end=minutes(-8000))],
        ),
    ),
    "project-time-wrong": (
        "projects/time.html",
        TimeView(
            head=head("time", DRAFT), values=TIME | {"sla": "soon", "calendar": ""}, calendars=[], open_hours=None, pauses=[], done_at=None,
            faults={"sla": Fault("duration", {"low": 60, "high": 31_536_000}), "lease": Fault("lease_above_deadline")},
        ),
    ),
    "project-general": ("projects/general.html", GeneralView(head=head("general"), values=GENERAL, roles=["annotator", "guide"], usual_half_life=90, waits=12)),
    "project-general-wrong": (
        "projects/general.html",
        GeneralView(head=head("general", DRAFT), values=GENERAL | {"name": "", "half_life": "soon"}, roles=[], usual_half_life=90, faults={"name": Fault("missing"), "half_life": Fault("number", {"low": 1, "high": 3650})}),
    ),
    "project-consensus": (
        "projects/consensus.html",
        ConsensusView(
            head=head("consensus"),
            report=ConsensusReport(
                90.0, 20_000, version=12, fitted_at=minutes(-3), answers=5_120, tasks=2_204, people=41, domains=4, strength=6.1,
                temperature=0.62, expected_accuracy=0.914,
                errors=ForetoldError(tasks=412, claimed=0.91, right=0.896, calibration=0.021, calibration_before=0.058),
            ),
        ),
    ),
    "project-consensus-empty": ("projects/consensus.html", ConsensusView(head=head("consensus", DRAFT), report=ConsensusReport(0.0, 20_000))),
    "project-rules": ("projects/rules.html", RulesView(head=head("rules", done="same"), values=RULES, **OFFERS)),
    "project-rules-wrong": (
        "projects/rules.html",
        RulesView(head=head("rules"), values=RULES | {"overlap": "6"}, **OFFERS, faults={"overlap": Fault("number", {"low": 1, "high": 5})}),
    ),
    "calendar": (
        "projects/calendar.html",
        CalendarPage(calendar=OFFICE, values=DAYS, zones=["UTC", "Europe/Berlin"], used_by=[Named(id=uid(21), name="Finance dialogues")], project=Named(id=uid(22), name="Law"), hours=42.5, done="saved", may_undo=True),
    ),
    "calendar-new": (
        "projects/calendar.html",
        CalendarPage(
            calendar=None, values=DAYS | {"tue": "9 until 5", "name": "B"}, zones=["UTC"], used_by=[], stale=True,
            faults={"name": Fault("name"), "tue": Fault("span", {"part": "9 until 5"}), "holidays": Fault("date", {"line": "25.12."})},
        ),
    ),
}  # fmt: skip
