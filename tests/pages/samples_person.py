"""The pages about one person: as they see them, and as their manager does."""

from datetime import UTC, datetime, timedelta
from typing import Any

from callboard.pages.charts_skill import history_chart
from callboard.pages.views import HeldTask, Option
from callboard.pages.views_person import (
    EvidenceView,
    Feedback,
    ForManagers,
    PersonHead,
    PersonView,
    SkillLine,
)
from callboard.persons.evidence import Difficulty, EvidenceRow, PercentChange, Retracted, Source
from callboard.persons.facts import End, Figures, Held, Spoken
from callboard.persons.prospects import CredentialSeen, ExamAhead, Expertise, NextLevel, OpenWork
from kernel.money import Money
from routing.presence import PresenceView
from skills.belief import Belief
from skills.history import Point
from skills.profiles import Restriction, SkillView
from skills.progress import Way
from tests.pages.sample_facts import DOSE, KEYS, LEASE, NOW, REASON, minutes, uid, usd

NAMES = {
    "general": ("General", "通用"), "finance": ("Finance", "金融"), "medicine": ("Medicine", "医学"), "law": ("Law", "法律"),
    "cardiology": ("Cardiology", "心脏病学"), "technology": ("Technology", "技术"),
}  # fmt: skip
LEVEL_NAMES = (("Beginner", "入门"), ("Basic", "基础"), ("Solid", "熟练"), ("Expert", "专家"), ("Authority", "权威"))


def skill(domain: str, percent: int, low: int, high: int, level: int, **changes: Any) -> SkillView:
    values: dict[str, Any] = {
        "task_kind": "", "reason_code": "no_proof",
        "domain": domain, "mean": 0.4, "variance": 0.2, "percent": percent, "interval": (low, high), "level": level,
        "skill_class": "generalist", "reason": "", "evidence_count": 14, "inferred": False, "updated_at": NOW,
        "parent": None, "name_en": NAMES[domain][0], "name_zh": NAMES[domain][1], "level_name_en": LEVEL_NAMES[level - 1][0],
        "level_name_zh": LEVEL_NAMES[level - 1][1], "proved_percent": (low + percent) // 2, "proof": None,
        "missing": ["proof", "level"],
    }  # fmt: skip
    return SkillView(**{**values, **changes})


def ahead(number: int, **changes: Any) -> ExamAhead:
    values: dict[str, Any] = {
        "id": uid(700 + number), "name": "Medicine, level 4", "domain": "medicine", "language": "en", "cut_level": 4,
        "attempts_left": 2, "opens_again_at": None, "speaks": True, "can_start": True, "running": False,
    }  # fmt: skip
    return ExamAhead(**{**values, **changes})


def next_level(domain: str, level: int, **changes: Any) -> NextLevel:
    values: dict[str, Any] = {
        "domain": domain, "level": level, "next_level": level + 1, "bound_percent": 52, "needed_percent": 60,
        "ways": [Way(level + 1, 6, 9), Way(level, 8, None)], "exams": [], "opens": [],
        "expertise": Expertise(False, None, ["proof", "level"], []),
    }  # fmt: skip
    return NextLevel(**{**values, **changes})


EXAMS = [
    ahead(1),
    ahead(2, opens_again_at=minutes(900), can_start=False),
    ahead(3, language="zh-CN", speaks=False, running=True),
    ahead(4),
]
LINES = [
    SkillLine(skill=skill("general", 71, 63, 78, 4), depth=0, change_30=4, next=next_level("general", 4, opens=[OpenWork("annotation", 5, 12)], exams=EXAMS[:1])),
    SkillLine(
        skill=skill("medicine", 62, 48, 74, 3, evidence_count=1, skill_class="domain expert"), depth=0, change_30=-2,
        next=next_level("medicine", 3, exams=EXAMS, ways=[Way(4, 1, 1)], opens=[OpenWork("annotation", 4, 1)]),
    ),
    SkillLine(
        skill=skill("cardiology", 55, 35, 74, 2, parent="medicine"), depth=1, change_30=0, next=next_level("cardiology", 2, ways=[]),
        kinds=[skill("cardiology", 66, 51, 79, 3, parent="medicine", task_kind="review", evidence_count=6)],
    ),
    SkillLine(
        skill=skill("finance", 88, 81, 94, 5, proof="credential", missing=[]), depth=0,
        next=next_level("finance", 5, next_level=None, needed_percent=None, ways=[], expertise=Expertise(True, "credential", [], [])),
    ),
]  # fmt: skip
GUESSED = [
    SkillLine(
        skill=skill("law", 41, 13, 76, 1, inferred=True, evidence_count=0), depth=0,
        next=next_level(
            "law", 1,
            expertise=Expertise(False, None, ["proof", "level"], [CredentialSeen(uid(3), "law", "LL.M.", "unverified", False), CredentialSeen(uid(4), "law", "Bar", "verified", False)]),
        ),
    ),
    SkillLine(skill=skill("technology", 45, 15, 80, 1, inferred=True, evidence_count=0), depth=0, next=next_level("technology", 1, ways=[], exams=EXAMS[:1])),
]  # fmt: skip


def points() -> list[Point]:
    start = datetime(2025, 12, 12, 9, tzinfo=UTC)
    found = []
    for n in range(40):
        belief = Belief(-0.4 + 0.04 * n, 0.9 / (1 + n / 4))
        kinds = ["exam_item"] if n == 12 else ["review_verdict"] if n % 3 else []
        found.append(
            Point(
                start + timedelta(days=2.2 * n), belief.mean, belief.variance, belief.percent, belief.interval(), kinds
            )
        )
    return found


MINE = PersonHead(id=uid(1), name="Mei Lin", state="active", vendor="Northlight", own=True)
THEIRS = PersonHead(
    id=uid(1), name="Mei Lin", state="active", vendor="Northlight", manages=True, assesses=True, reads_tasks=True
)
OWN = PersonView(
    head=MINE, seen=LINES, inferred=GUESSED, chart=history_chart(points()), chart_domain="medicine",
    languages=[Spoken("zh-CN", 5, "Native", "母语"), Spoken("en", 3, None, None)],
    roles=[Held("annotator", "Annotator", "标注员", None), Held("prompt_writer", "Prompt writer", "提示词作者", "Spring dialogues")],
    ends=[
        End("exam", "Medicine, level 4", "medicine", minutes(900)),
        End("credential", "Registered nurse", "medicine", minutes(60 * 24 * 12)),
        End("standing", "pause", "law", minutes(60 * 24 * 40)),
    ],
    restrictions=[
        Restriction(uid(5), "law", "pause", "Four of the last ten pieces were sent back.", "最近十份中有四份被退回。", minutes(9000)),
        Restriction(uid(6), None, "ask_manager", "A manager looks at it.", "管理员会查看。", None),
    ],
    feedback=[
        Feedback(reason=REASON, task=LEASE, assignment_id=uid(901)),
        Feedback(reason=type(REASON)(outcome="accept", points=[], at=minutes(-900)), task=KEYS, assignment_id=uid(902)),
        Feedback(reason=type(REASON)(outcome="fix", points=[], at=minutes(-990), comment="One dose was off."), task=DOSE, assignment_id=uid(903)),
    ],
)  # fmt: skip
NEW = PersonView(head=MINE, inferred=GUESSED)
MANAGED = PersonView(
    head=THEIRS, seen=OWN.seen, inferred=OWN.inferred, chart=OWN.chart, chart_domain="medicine", languages=OWN.languages,
    roles=OWN.roles, ends=OWN.ends, feedback=OWN.feedback, notice="assessed",
    managing=ForManagers(
        figures=Figures(2, 14, 51, 40, 37), capacity=3, cap_per_day=12, given_today=5, roles=["annotator", "reviewer"], language_tags=["en", "zh-CN"],
        projects=[Option(value=str(uid(1)), label="Clinic talk")],
        presence=PresenceView(uid(1), "break", "break", minutes(-12), minutes(-14), "", 1),
        pay_per_accepted=[usd(213), Money(14_200_000, "CNY")],
        holds=[
            HeldTask(
                assignment_id=uid(904), epoch=1, task=DOSE, stage="annotation", price=usd(180), lease_until=minutes(20),
                deadline=minutes(100), turns_done=1, turns_wanted=3,
            )
        ],
    ),
)  # fmt: skip
PAUSED = PersonView(
    head=PersonHead(
        id=uid(1), name="Mei Lin", state="paused", state_reason="On parental leave until May.", manages=True
    ),
    managing=ForManagers(figures=Figures(0, 0, 0, 0, 0), capacity=3),
)


def row(number: int, kind: str, **changes: Any) -> EvidenceRow:
    values: dict[str, Any] = {
        "id": uid(800 + number), "at": minutes(-number * 600), "kind": kind, "domain": "medicine", "domain_en": "Medicine",
        "domain_zh": "医学", "outcome": 1.0, "stated_level": None, "difficulty": Difficulty(4, 69), "weight": 1.0, "counts": True,
        "revision": 0, "source": Source(type="submission", id=uid(3), title=DOSE.title, verdict="accept", task_id=uid(2), assignment_id=uid(903)),
        "retracted": None, "effect": PercentChange(58, 61),
    }  # fmt: skip
    return EvidenceRow(**{**values, **changes})


ROWS = [
    row(1, "review_verdict"),
    row(2, "review_given", weight=0.0, counts=False, effect=None),
    row(3, "exam_item", outcome=0.0, weight=0.5, source=Source(type="exam_answer", id=uid(4), title="Medicine, level 4", exam_id=uid(701), attempt_id=uid(750))),
    row(4, "assessment", outcome=None, difficulty=None, stated_level=3, source=Source(type="assessment", id=uid(5), title=None)),
    row(5, "review_verdict", counts=False, effect=None, retracted=Retracted("The verdict was overturned on appeal.", minutes(-30))),
    row(6, "agreement", outcome=0.62, source=Source(type="import", id=uid(6), title=None)),
    row(7, "gold", outcome=1.0, source=Source(type="item", id=uid(7), title="A task", task_id=uid(2))),
]  # fmt: skip
FILTERED = [("medicine", "Medicine", "医学"), ("law", "Law", "法律")]
EVIDENCE = EvidenceView(
    head=MINE, rows=ROWS, domains=FILTERED, kinds=["assessment", "review_verdict", "exam_item"], next_cursor="abc="
)
EVIDENCE_MANAGED = EvidenceView(head=THEIRS, rows=ROWS, domains=FILTERED, kinds=["review_verdict"])
EVIDENCE_EMPTY = EvidenceView(head=MINE)
