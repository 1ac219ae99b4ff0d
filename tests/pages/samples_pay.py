"""The screens of payroll and statements."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from callboard.pages.views_pay import PayrollPage, PeriodPage, StatementPage
from kernel.money import Money
from payments.periods import PeriodTotal, PeriodView
from payments.statements import FORMAT, StatementDocument, StatementLine, StatementView

PERIODS = [UUID(int=n) for n in (1, 2, 3)]
HASH = "5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8"


def usd(micros: int) -> Money:
    return Money(micros, "USD")


def month(n: int) -> datetime:
    return datetime(2026, n, 1, tzinfo=UTC)


def period(n: int, state: str, *, totals: bool = False) -> PeriodView:
    sums = [PeriodTotal(38, usd(4_813_402_500), usd(4_813_210_000)), PeriodTotal(2, Money(98_000_250_000, "JPY"), Money(98_000_000_000, "JPY"))]  # fmt: skip
    closed = state == "closed"
    return PeriodView(
        PERIODS[n - 1], month(n), month(n + 1), state, 40 if closed else 0, 9_412 if closed else 0, sums if totals else [],
        "person:1" if closed else None, month(n + 1) if closed else None, HASH if closed else None,
    )  # fmt: skip


def statement(number: int, name: str, earned: int) -> StatementView:
    return StatementView(
        id=UUID(int=number), number=number, period_id=PERIODS[0], starts_at=month(1), ends_at=month(2), annotator_id=UUID(int=7), name=name,
        lines=3, earned=usd(earned), carried_in=usd(3400), payable=usd((earned + 3400) // 10_000 * 10_000), carried_out=usd((earned + 3400) % 10_000),
        hash=HASH, created_at=month(2),
    )  # fmt: skip


def line(seq: int, title: str, work: str, micros: int, **more: Any) -> StatementLine:
    price = {
        "rate_card_version": 3,
        "base": "1.500000",
        "difficulty_band": 4,
        "difficulty_factor": "1.2",
        "expert_factor": "1.1",
    }
    given: dict[str, Any] = {
        "kind": "post", "late": False, "external_id": f"t-{seq}", "domain": "law", "language": "en", "project": "Clinic dialogues", "price": price,
        "reason": "", "refers_to": None,
    } | more  # fmt: skip
    return StatementLine(
        seq=seq, work=work, title=title, at=month(1), amount=usd(micros), task_id=UUID(int=seq), entry="[]", digest=HASH, held_entry="[]",
        held_digest=HASH, **given,
    )  # fmt: skip


STATEMENT = StatementPage(
    document=StatementDocument(
        format=FORMAT, statement=statement(4, "Ana Moreno", 3_961_500), entry="[]", previous_hash=HASH, lines_hash=HASH, chain_head=HASH,
        lines=[
            line(1207, "May my landlord raise the rent twice in a year?", "annotation", 1_980_000),
            line(1266, "Deposit and repairs", "review", 1_980_000, late=True, refers_to=1014),
            line(1301, "", "share", 1500, external_id=None, price={"turns": 2, "of": 8, "kept": 6}, reason="2 of 8 turns of a dialogue that somebody else handed in"),
        ],
    ),
    own=True,
)  # fmt: skip
PAYROLL = PayrollPage(
    periods=[period(3, "open"), period(2, "closing"), period(1, "closed", totals=True)], may_write=True
)
PAYROLL_FIRST = PayrollPage(periods=[])
PERIOD_OVER = PeriodPage(period=period(1, "open"), may_write=True, over=True, waiting_count=12)
PERIOD_CLOSED = PeriodPage(
    period=period(1, "closed", totals=True), may_write=True, over=True,
    statements=[statement(4, "Ana Moreno", 3_961_500), statement(5, "Wei Chen", 120_004_100)], next_cursor="WyJhIl0",
)  # fmt: skip
