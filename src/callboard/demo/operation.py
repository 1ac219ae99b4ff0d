"""The demo's projects: what each pays, what it asks for, and the tasks that it begins with."""

from importlib import resources
from typing import Any

import msgspec

from callboard.demo.content import Domain, Language, Topic, topics, tour
from payments.rates import DIFFICULTY_BANDS
from routing.intake import TaskDraft

GUIDE = "guide"
"""Role of the demo annotator alone: tasks that ask for it wait for the visitor, and no simulated person gets them."""

ARBITER = "arbiter"
"""Role of the demo reviewer alone, who finds a decision between answers that waits for them."""

TOUR = "Guided tour"
COMPARE = "Side by side"
"""Two candidates a reply and a rubric, for the visitor as the tour is: simulated people write dialogues of the plain form."""

CHECKS = "Fact checks"
"""What several people answered and others judged before the visitor came (`judging`); nobody is simulated there."""

GUIDED = (TOUR, COMPARE)
COMPARE_TO_LEVEL = 2
TOUR_ROUNDS = 4
"""Each topic of the tour stands there this often: several visitors, or one who likes it, find it again."""

EXPERT_FROM_LEVEL = 4
"""From this difficulty on the expert projects ask for a verified credential."""

DAY_SECONDS = 86_400
TOUR_SLA_SECONDS = 3 * 3600
"""Short, so that the tour's tasks count as long overdue at once and come before everything else (routing.scoring)."""

FACTORS = {"1": "0.8", "2": "0.9", "4": "1.25", "5": "1.6"}
assert set(FACTORS) <= set(DIFFICULTY_BANDS)


class DemoProject(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    description: str
    guidelines: tuple[str, ...]
    """Files of `guidelines/`, in the order in which they are shown."""
    domains: tuple[Domain, ...]
    languages: tuple[Language, ...]
    currency: str
    annotation: str
    review: str
    expert_factor: str = "1"
    budget: str
    sla_seconds: int = 7 * DAY_SECONDS
    asks_credential: bool = False
    required_role: str | None = None
    review_other_vendor: bool = False

    def topics(self) -> list[Topic]:
        if self.name == TOUR:
            return sorted(tour(), key=lambda topic: topic.language != "en")
        fitting = [topic for topic in topics() if topic.domain in self.domains and topic.language in self.languages]
        return [topic for topic in fitting if self.name != COMPARE or topic.level <= COMPARE_TO_LEVEL]

    def drafts(self) -> list[TaskDraft]:
        """The tasks that the project begins with."""
        rounds = TOUR_ROUNDS if self.name == TOUR else 1
        return [self.draft(topic, number) for number in range(1, rounds + 1) for topic in self.topics()]

    def draft(self, topic: Topic, number: int = 1) -> TaskDraft:
        """The topic as a task; `number` tells its further copies from the first."""
        needs_expert = self.asks_credential and topic.level >= EXPERT_FROM_LEVEL
        return TaskDraft(
            external_id=topic.external_id if number == 1 else f"{topic.external_id}-{number}",
            domain=topic.domain,
            language=topic.language,
            difficulty=topic.level,
            priority=self._priority(topic),
            requirements={"credential": True} if needs_expert else {},
            payload={
                "title": topic.title,
                "brief": topic.brief,
                "opening": topic.opening,
                "follow_ups": list(topic.follow_ups),
            },
        )

    def _priority(self, topic: Topic) -> int:
        if self.name == TOUR:
            return 5 if topic.language == "en" else 4
        return 4 if len(topic.title) % 7 == 0 else 3  # some urgent ones, always the same

    def facts(self) -> dict[str, Any]:
        """What `ProjectDraft` takes besides the money."""
        return {
            "name": self.name,
            "description": self.description,
            "guidelines": guidelines(*self.guidelines),
            "currency": self.currency,
            "sla_seconds": self.sla_seconds,
            "required_role": self.required_role,
            "review_other_vendor": self.review_other_vendor,
        }


def guidelines(*names: str) -> str:
    folder = resources.files("callboard.demo") / "guidelines"
    return "\n---\n\n".join((folder / f"{name}.md").read_text(encoding="utf-8") for name in names)


PROJECTS = (
    DemoProject(
        name="Everyday conversations",
        description="Everyday questions in English, for people with a good pen.",
        guidelines=("everyday.en",),
        domains=("general",),
        languages=("en",),
        currency="USD",
        annotation="2.40",
        review="0.80",
        budget="12000",
    ),
    DemoProject(
        name="日常对话",
        description="中文日常话题的多轮对话。",
        guidelines=("everyday.zh-CN",),
        domains=("general",),
        languages=("zh-CN",),
        currency="CNY",
        annotation="15.00",
        review="5.00",
        budget="75000",
    ),
    DemoProject(
        name="Experts: finance and medicine",
        description="Questions for people of the trade; the hardest ask for a verified credential.",
        guidelines=("experts.en", "experts.zh-CN"),
        domains=("finance", "medicine"),
        languages=("en", "zh-CN"),
        currency="USD",
        annotation="9.50",
        review="3.20",
        expert_factor="1.5",
        budget="60000",
        asks_credential=True,
    ),
    DemoProject(
        name="Experts: law and technology",
        description="As finance and medicine; here the reviewer always comes from another vendor than the author.",
        guidelines=("experts.en", "experts.zh-CN"),
        domains=("law", "technology"),
        languages=("en", "zh-CN"),
        currency="USD",
        annotation="8.80",
        review="3.00",
        expert_factor="1.4",
        budget="60000",
        asks_credential=True,
        review_other_vendor=True,
    ),
    DemoProject(
        name=TOUR,
        description="Short dialogues for a first visit. They wait for the demo annotator, and their review for the demo reviewer.",
        guidelines=("tour.en", "tour.zh-CN"),
        domains=("general",),
        languages=("en", "zh-CN"),
        currency="USD",
        annotation="3.00",
        review="1.00",
        budget="1000",
        sla_seconds=TOUR_SLA_SECONDS,
        required_role=GUIDE,
    ),
    DemoProject(
        name=COMPARE,
        description="Two bots answer each message: choose the better reply, rate it, go on. They wait for the demo annotator.",
        guidelines=("compare.en", "compare.zh-CN"),
        domains=("general",),
        languages=("en", "zh-CN"),
        currency="USD",
        annotation="4.50",
        review="1.50",
        budget="1000",
        required_role=GUIDE,
    ),
)
