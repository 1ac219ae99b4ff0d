"""The manager's screens, for samples.py."""

from callboard.pages import views as v
from callboard.pages import views_floor as f
from callboard.pages import views_who as w
from callboard.pages.views_by_hand import GiveView
from callboard.pages.views_judged import PlanStage
from kernel.money import Money
from payments.budget_notices import BudgetNotice
from routing.by_hand import Candidate
from routing.difficulty import DifficultySource, Errors
from routing.eligibility import Failure
from routing.estimating import BandSeen, DifficultyReport, TaskDifficulty
from routing.explain import CandidateView, KeptBy
from routing.risk import Forecast, ProjectRisk
from skills.belief import Belief
from tests.pages.sample_facts import BONDS, CACHE, DOSE, KEYS, LEASE, REASON, minutes, uid, usd


def _cell(waiting: int, live: int, in_review: int, accepted: int, oldest: int | None) -> f.MatrixCell:
    return f.MatrixCell(waiting=waiting, live=live, in_review=in_review, accepted=accepted, oldest_seconds=oldest)


def _matrix() -> list[f.MatrixRow]:
    rows = []
    for index, domain in enumerate(("general", "finance", "medicine", "law", "technology")):
        cells = [
            _cell(
                w := (index * 7 + step * 13) % 41, (index + step) % 5, (index * step) % 4, 20 + 9 * step, w * 97 or None
            )
            if (index, step) not in ((2, 1), (3, 1))
            else f.MatrixCell()
            for step in range(1, 6)
        ]
        total = _cell(
            *(sum(getattr(c, name) for c in cells) for name in ("waiting", "live", "in_review", "accepted")), 3900
        )
        rows.append(f.MatrixRow(domain=domain, cells=cells, total=total))
    return rows


PEOPLE = [
    "Mei Lin",
    "Tomás Herrera",
    "Ingrid Solberg",
    "Wei Zhang",
    "Dr. Amara Oyelaran",
    "Farid Haddad",
    "李晓彤",
    "Nina Kowalczyk",
]
LIVE = [
    f.LiveRow(
        assignment_id=uid(700 + i), person=name, vendor="Northlight" if i % 2 else "Harbour", task=facts,
        stage=("annotation", "annotation", "review", "rework")[i % 4], since=minutes(-3 - i * 2.7),
        lease_until=minutes((27.0, 3.2, 18.5, -0.2)[i % 4]), active_seconds=90 + i * 61, price=usd(90 + 30 * i),
    )
    for i, (name, facts) in enumerate(zip(PEOPLE, [KEYS, DOSE, LEASE, BONDS, CACHE, KEYS, DOSE, BONDS], strict=True))
]  # fmt: skip
HERE = f.Here(
    counts={"available": 3, "busy": 2, "break": 1, "draining": 2},
    rows=[
        f.HereRow(id=uid(800 + i), name=name, vendor="Northlight" if i % 2 else "Harbour", state=("available", "available", "available", "busy", "busy", "break", "draining", "draining")[i],
                  since=minutes(-4 - i * 37), held=(0, 1, 2, 3, 5, 1, 2, 1)[i], capacity=(3, 3, 3, 3, 5, 3, 3, 3)[i])
        for i, name in enumerate(PEOPLE)
    ],
)  # fmt: skip
RISKS = [
    ProjectRisk(uid(51), "Clinic notes", Forecast("high", "sla_will_be_missed", 212, 14.5, 6, 61_000, 0.7, minutes(900), minutes(909), minutes(700)), []),
    ProjectRisk(uid(52), "法律咨询", Forecast("medium", "no_rate", 12, None, 1, 300, 0.1, None, None, None), []),
    ProjectRisk(uid(50), "Spring dialogues", Forecast("low", "nothing_waits", 0, 22.0, 4, 0, 0.0, None, None, None), []),
]  # fmt: skip
FLOOR = f.FloorView(
    risks=RISKS, here=HERE,
    budgets=[
        BudgetNotice(project_id=uid(51), project="Clinic notes", threshold=95, used_percent=96, left=usd(7_110), runs_out_at=minutes(5_400)),
        BudgetNotice(project_id=uid(50), project="Spring dialogues", threshold=80, used_percent=100, left=usd(0), runs_out_at=None),
    ],
    filter=f.FloorFilter(), domains=["general", "law"], live=LIVE, live_total=23, matrix=_matrix(),
    projects=[v.Option(value=str(uid(50)), label="Spring dialogues"), v.Option(value=str(uid(51)), label="Clinic notes")],
    kpis=f.Kpis(waiting=412, live=23, in_review=31, accepted_today=188, rejected_share=0.041, spent_today=[usd(31_420)], committed=[usd(9_730)], budget_left=[usd(458_850)]),
    per_minute=[(i * i * 7 + i * 3) % 9 if i > 12 else i % 2 for i in range(60)],
    costs=[
        f.ProjectCost(project_id=uid(50), project="Spring dialogues", budget=usd(400_000), reserved=usd(6_830), posted=usd(121_160), accepted=655),
        f.ProjectCost(project_id=uid(51), project="Clinic notes", budget=usd(200_000), reserved=usd(22_900), posted=usd(169_990), accepted=408),
        f.ProjectCost(project_id=uid(52), project="法律咨询", budget=None, reserved=Money(0, "CNY"), posted=Money(8_800_000_000, "CNY"), accepted=0),
    ],
    events=[
        f.FloorEvent(at=minutes(-0.1), kind="submitted", person="Mei Lin", task=KEYS),
        f.FloorEvent(at=minutes(-0.4), kind="accept", person="Dr. Amara Oyelaran", task=BONDS),
        f.FloorEvent(at=minutes(-0.9), kind="paid", person="Wei Zhang", task=BONDS, count=None),
        f.FloorEvent(at=minutes(-2), kind="rework", person="Ingrid Solberg", task=LEASE, project=None),
        f.FloorEvent(at=minutes(-4), kind="expired", person="Farid Haddad", task=DOSE),
        f.FloorEvent(at=minutes(-6), kind="claimed", person="李晓彤", task=DOSE),
    ],
)  # fmt: skip
FLOOR_EMPTY = f.FloorView(
    filter=f.FloorFilter(), domains=[], live=[], live_total=0, matrix=[], projects=[], costs=[], events=[], per_minute=[0] * 60,
    kpis=f.Kpis(waiting=0, live=0, in_review=0, accepted_today=0, rejected_share=None, spent_today=[], committed=[], budget_left=[]),
)  # fmt: skip

STATES = ["open", "in_progress", "in_review", "rework", "accepted", "rejected", "cancelled"]
TASKS = f.TasksView(
    filter=f.TaskFilter(domain="law"), next_cursor="xyz", total=1284, projects=FLOOR.projects,
    domains=["general", "law", "medicine"], languages=["en", "zh-CN"],
    rows=[
        f.TaskRow(task=facts, state=STATES[i % 7], priority=1 + i % 5, created_at=minutes(-300 * (i + 1)), due_at=minutes(600) if i % 3 else None, days_left=13 if i == 0 else None, person=PEOPLE[i] if i % 7 in {1, 2} else None)
        for i, facts in enumerate([KEYS, DOSE, LEASE, BONDS, CACHE, KEYS, LEASE])
    ],
)  # fmt: skip
TASKS_DONE = f.TasksView(
    filter=f.TaskFilter(),
    rows=TASKS.rows,
    projects=[],
    domains=[],
    languages=[],
    done=3,
    kept=2,
    bulk_id=uid(4),
    next_cursor="xyz",
)
TASKS_EMPTY = f.TasksView(filter=f.TaskFilter(q="nothing"), rows=[], projects=[], domains=[], languages=[])
WORK = [
    v.Turn(number=1, prompt="What is a bond's duration?", state="ready", message_no=1, reply="How long the money is out.", original="Time.", reply_no=2, rating=3, author="bot"),
]  # fmt: skip
GIVE = GiveView(
    task=LEASE, state="open", q="", moving=uid(95),
    people=[
        Candidate(uid(1), "Mei Lin", "Northlight", "available", 2, eligible=True, failures=[], score=0.9),
        Candidate(uid(2), "Tomás Herrera", None, "break", 0, eligible=False, score=0.4, failures=[
            Failure("level", "law at level 4 (lower bound 0.50)", "lower bound 0.21", "raise the lower bound in law by 0.29 logits, or ask for a lower level"),
            Failure("present", "somebody who is there", "break", "wait until they are available, or set their presence"),
        ]),
    ],
)  # fmt: skip
TASK = f.TaskView(
    work=WORK,
    task=LEASE, state="rework", priority=3, created_at=minutes(-400), due_at=minutes(900), attempts=2, live=LIVE[3],
    payload_text='{\n  "topic": "Deposit withheld at the end of a lease",\n  "min_turns": 3\n}',
    second_look=True, by_hand=True,
    difficulty=TaskDifficulty(
        prior=Belief(0.42, 0.3), now=Belief(0.61, 0.24), model_version=3,
        sources=[DifficultySource("stated", 0.0, 0.36, 0.5), DifficultySource("lane", 0.7, 0.6, 0.3), DifficultySource("text", 1.05, 0.9, 0.2)],
    ),
    timeline=[
        f.TimelineEntry(at=minutes(-400), kind="arrived", note="external id topic-0003, from the API"),
        f.TimelineEntry(at=minutes(-180), kind="claimed", person="Tomás Herrera", state="in_progress", amount=usd(210)),
        f.TimelineEntry(at=minutes(-150), kind="submitted", person="Tomás Herrera", state="in_review"),
        f.TimelineEntry(at=minutes(-95), kind="rework", person="Dr. Amara Oyelaran", state="rework", note=REASON.points[0].text, scores={"helpfulness": 3, "factuality": 2}, verdict_id=uid(95), counts="reject"),
        f.TimelineEntry(at=minutes(-94), kind="let_pass", stage=PlanStage(number=2, of=3, name="spot"), look=f.Look(rule="promise", chance=0.1, promised=0.05, upper=0.031)),
        f.TimelineEntry(at=minutes(-93), kind="looked", stage=PlanStage(number=3, of=3, name="expert"), look=f.Look(rule="stratified", chance=0.4, seen=12, looked=5), round=2),
        f.TimelineEntry(at=minutes(-92), kind="stage_overdue", stage=PlanStage(number=3, of=3, name="expert"), overdue="escalate"),
        f.TimelineEntry(at=minutes(-90), kind="held", person="Dr. Amara Oyelaran"),
        f.TimelineEntry(at=minutes(-80), kind="disputed", person="Tomás Herrera", note="Page 12 says so.", due_at=minutes(2000)),
        f.TimelineEntry(at=minutes(-70), kind="hold_lifted", person="Dr. Amara Oyelaran", note="2 of 8 were overturned"),
        f.TimelineEntry(at=minutes(-60), kind="overturned", person="person:manager", state="rejected", note="The author copied it."),
    ],
    decisions=[
        f.Decision(at=minutes(-180), person="Tomás Herrera", summary="best", candidates=[
            f.Candidate(lane="annotation · law · en · difficulty 3", score=0.912, fit=0.86, wait_seconds=13_200, chosen=True),
            f.Candidate(lane="annotation · general · en · difficulty 2", score=0.655),
            f.Candidate(lane="annotation · law · en · difficulty 5", score=0.402),
        ])
    ],
    money=[f.TaskMoney(at=minutes(-180), person="Tomás Herrera", what="reserved", state="pending", amount=usd(210))],
)  # fmt: skip

DIFFICULTY = DifficultyReport(
    version=3, fitted_at=minutes(-500), needs=200, closed=1312, errors=Errors(1312, 2.31, 2.52, 0.29, 0.97), text_variance=0.78,
    stated_variance=0.41, left_open={"stated": 0.33, "unstated": 0.66}, weights={"constant": -1.2, "length": 0.31, "terms": 0.12},
    bands=[BandSeen(n, 90 * n, 0.8 * (n - 3), 0.7 * (n - 3) + 0.05, 0.9 + 0.1 * n, 0.95 - 0.1 * n) for n in range(1, 6)],
)  # fmt: skip
DIFFICULTY_EMPTY = DifficultyReport(
    version=None, fitted_at=None, needs=200, closed=12, errors=None, text_variance=None, stated_variance=None, left_open={},
    weights={}, bands=[],
)  # fmt: skip

WHO_PLACE = w.WhoPlace(
    kind="annotation", no=1, state="free", requirement='law >= 4 and language en >= 3 and not vendor "Northwind"', able=1, fitting=2,
    kept=[KeptBy("level", 31, 12), KeptBy("any", 4, 0), KeptBy("capacity", 2, 2)],
    best=[
        CandidateView(uid(7), "Tomás Herrera", {"total": 0.912}, 86, 1, 3, preferred=True),
        CandidateView(uid(8), "Dr. Amara Oyelaran", {"total": 0.655}, 71, 3, 3, preferred=False),
    ],
)  # fmt: skip
WHO = w.WhoView(
    task_id=uid(1), title="Deposit withheld", active=42, left_out=8, person="Imogen",
    places=[WHO_PLACE, w.WhoPlace(kind="review", no=1, state="free", requirement="role reviewer", able=0, fitting=0, kept=[], best=[])],
    found=[w.PersonFound(id=uid(9), name="Imogen Takeda")],
    answers=[
        w.Asked(kind="annotation", no=1, eligible=False, conditions=["level", "not_vendor"], score=0.4, lanes_before=2, steps=[
            w.Step(action="raise", of="law", kind="review", level=4), w.Step(action="relax"),
        ]),
        w.Asked(kind="review", no=1, eligible=True, conditions=[], steps=[], score=0.91, lanes_before=1),
    ],
)  # fmt: skip
WHO_SEVERAL = w.WhoView(
    task_id=uid(1), title="Deposit withheld", active=42, left_out=0, person="a", places=[WHO_PLACE],
    found=[w.PersonFound(id=uid(9), name="Imogen Takeda"), w.PersonFound(id=uid(8), name="Amara Oyelaran")],
)  # fmt: skip
