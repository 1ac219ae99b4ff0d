"""People, tasks, texts and times that all samples share."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from callboard.pages import views as v
from kernel.money import Money

NOW = datetime(2026, 3, 12, 14, 3, 20, tzinfo=UTC)
LOCKED = "I left my keys inside and the door fell shut. What now?"
BOT = (
    "First check whether a window or a second door is open. If not, call a locksmith and ask for the total price "
    "before they start.\n\n- Say that the door **fell shut** and is not locked: opening it then takes minutes.\n"
    "- Pay by card, never in advance.\n\nYou may also break the small pane beside the lock."
)
BETTER = (
    "First check whether a window or a second door is open. If not, call a locksmith near you and ask for the total "
    "price, with travel, before they start.\n\n- Say that the door **fell shut** and is not locked: opening it then "
    "takes minutes.\n- Pay by card after the work, never in advance.\n\nDo not break anything: glass costs more than "
    "the locksmith."
)
BOT_ZH = "高血压患者日常饮食应当少盐，每天食盐不超过 10 克，多吃蔬菜和水果，并且按时服药。如果头晕，可以自行加倍用药。"
BETTER_ZH = "高血压患者日常饮食应当少盐，每天食盐不超过 5 克，多吃蔬菜和水果，并且按时服药。如果头晕，请先测量血压并联系医生，不要自行加量。"


def usd(cents: float) -> Money:
    return Money(round(cents * 10_000), "USD")


def uid(number: int) -> UUID:
    return UUID(int=(0x0195_8A00 << 96) + (7 << 76) + (2 << 62) + number)


def minutes(count: float) -> datetime:
    return NOW + timedelta(minutes=count)


def task(number: int, title: str, domain: str = "general", level: int | None = 3, language: str = "en") -> v.TaskFacts:
    return v.TaskFacts(
        id=uid(number), title=title, project="Spring dialogues", kind="dialogue", domain=domain, language=language,
        level=level, external_id=f"topic-{number:04d}",
    )  # fmt: skip


KEYS = task(1, "Locked out late at night", level=2)
DOSE = task(2, "饮食与降压药：给患者的说明", "medicine", 4, "zh-CN")
LEASE = task(3, "Deposit withheld at the end of a lease", "law", 3)
BONDS = task(4, "Why bond prices fall when rates rise", "finance", 5)
CACHE = task(5, "A cache that serves stale prices", "technology", None)

REASON = v.Reason(
    outcome="rework",
    points=[
        v.ReasonPoint(
            "factual_error",
            "A landlord may not keep the deposit for ordinary wear. Correct it and name who has to prove the damage.",
            2,
        )
    ],
    at=minutes(-95),
)
