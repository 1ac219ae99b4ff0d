"""The screens of payroll and statements."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from callboard.api.pay import ChecklistEntry
from callboard.pages.project_rates import typed
from callboard.pages.views import Option
from callboard.pages.views_pay import (
    AdjustmentsPage,
    BankPage,
    BankStatusPage,
    CostsPage,
    ExceptionsPage,
    ExchangeRatesPage,
    PayoutPage,
    PayoutsPage,
    PayrollPage,
    PeriodPage,
    ProjectPayPage,
    ProjectRatesPage,
    StatementPage,
)
from kernel.money import Money
from payments.adjustments import AdjustmentView
from payments.bank import BankDetailsView
from payments.bank_answers import BankAnswerReport, BankAnswerRow
from payments.books import BookCheckView
from payments.calibration import Calibration, LaneTime, Rate
from payments.checklist import CHECKS, PayException
from payments.costing import CostCell
from payments.earnings import ProjectBudget
from payments.exchange_rates import ExchangeRateView, LineProblem, MissingRate, RateDraft, RatesReport
from payments.floors import PayFloorView
from payments.forecast import BudgetOutlook
from payments.payout_views import BatchView, LeftOut, LineView, Owed
from payments.periods import PeriodTotal, PeriodView
from payments.rates import RateCardView
from payments.repricing import RepricedPart, Repricing
from payments.statements import FORMAT, StatementDocument, StatementLine, StatementView
from tests.pages.samples_projects import head

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


TOP_UP_INPUTS = {
    "kind": "floor", "tasks": 41, "active_seconds": 15_000, "counted_seconds": 13_320, "earned_micros": 41_200_000, "wanted_micros": 55_500_000,
    "hourly_micros": 15_000_000,
}  # fmt: skip
STATEMENT = StatementPage(
    document=StatementDocument(
        format=FORMAT, statement=statement(4, "Ana Moreno", 3_961_500), entry="[]", previous_hash=HASH, lines_hash=HASH, chain_head=HASH,
        lines=[
            line(1207, "May my landlord raise the rent twice in a year?", "annotation", 1_980_000),
            line(1266, "Deposit and repairs", "review", 1_980_000, late=True, refers_to=1014),
            line(1288, "合同纠纷", "annotation", 1_684_800, kind="convert", project="Court dialogues", price={"rate_card_version": 2, "base": "12.000000", "difficulty_band": 3, "difficulty_factor": "1", "expert_factor": "1", "converted_from": "12.000000", "exchange": {"from": "CNY", "to": "USD", "rate": "0.1404", "day": "2026-01-14", "source": "Central bank, daily fixing"}}),
            line(1290, "", "floor", 14_300_000, external_id=None, domain=None, language=None, price=TOP_UP_INPUTS, reason="Floor per active hour"),
            line(1301, "", "share", 1500, external_id=None, price={"turns": 2, "of": 8, "kept": 6}, reason="2 of 8 turns of a dialogue that somebody else handed in"),
        ],
    ),
    own=True,
)  # fmt: skip
PAYROLL = PayrollPage(
    periods=[period(3, "open"), period(2, "closing"), period(1, "closed", totals=True)], may_write=True
)
PAYROLL_FIRST = PayrollPage(periods=[])


def adjustment(n: int, name: str, state: str, **more: Any) -> AdjustmentView:
    given: dict[str, Any] = {
        "kind": "bonus", "amount": usd(5_000_000), "reason": "Covered the night shift at short notice", "corrects": None, "period_id": None,
        "language": None, "inputs": {"kind": "bonus"}, "author": "person:1", "needs_approval": state == "waiting", "decision": "",
    } | more  # fmt: skip
    return AdjustmentView(
        id=UUID(int=n), project_id=UUID(int=9), project="Clinic dialogues", annotator_id=UUID(int=7), name=name, state=state, acts_at=month(3),
        decided_by=None, decided_at=None, created_at=month(2), **given,
    )  # fmt: skip


TOP_UP = adjustment(
    5,
    "Wei Chen",
    "short",
    kind="floor",
    amount=usd(14_300_000),
    period_id=PERIODS[0],
    language="zh-CN",
    inputs=TOP_UP_INPUTS,
)
ADJUSTMENTS = AdjustmentsPage(
    rows=[
        adjustment(1, "Ana Moreno", "waiting", amount=usd(120_000_000)),
        adjustment(2, "Wei Chen", "waiting", author="person:2", kind="adjustment", amount=usd(-80_000_000), corrects=1207, reason="Paid twice in January"),
        adjustment(3, "Lena Vogt", "scheduled"), TOP_UP, adjustment(4, "Priya Nair", "refused", decision="Paid with the last statement already"),
        adjustment(6, "Tomás Ruiz", "posted"), adjustment(7, "Tomás Ruiz", "undone"),
    ],
    next_page="state=waiting&cursor=IjEi", state="", kind="", project_id="", annotator_id=None, me="person:1",
    projects=[Option(value="9", label="Clinic dialogues (USD)")],
    values={"kind": "bonus", "project": "9", "people": "Ana Moreno", "amount": "", "reason": "", "corrects": ""}, opened=True,
    limits="USD 50, EUR 50, JPY 7500", undo_minutes=10, done="made", all_count=2, all_amounts=[usd(40_000_000)], all_most=1000,
    kept={"state": "waiting"},
)  # fmt: skip
ADJUSTMENTS_EMPTY = AdjustmentsPage(
    rows=[], next_page="", state="", kind="", project_id="", annotator_id=None, me="person:1", projects=[],
    values=dict.fromkeys(("kind", "project", "people", "amount", "reason", "corrects"), ""), opened=False, limits="USD 50", undo_minutes=10,
)  # fmt: skip


def floor(version: int, language: str | None, hourly: int, *, in_force: bool) -> PayFloorView:
    return PayFloorView(
        id=UUID(int=version), project_id=UUID(int=9), version=version, language=language, hourly=usd(hourly), reason="Agreed with the works council",
        created_by="person:1", effective_from=month(version), in_force=in_force,
    )  # fmt: skip


def checklist(*codes: str) -> list[ChecklistEntry]:
    """Those that are named are not clear."""
    blocking = {check.code: check for check in CHECKS if check.level == "blocking"}
    found = [
        ChecklistEntry(
            code=check.code, level=check.level, overridable=check.overridable, clear=check.code not in codes, count=12 * (check.code in codes),
            amounts=[usd(84_120_000)] if check.code in codes and not check.by_time else [], page="/payroll/adjustments",
        )
        for check in CHECKS
    ]  # fmt: skip
    return sorted(found, key=lambda one: (one.clear, one.code not in blocking))


def pay_exception(n: int, name: str, why: Any, micros: int, usual: int | None = None) -> PayException:
    return PayException(
        why=why, annotator_id=UUID(int=n), name=name, amount=usd(micros), usual=None if usual is None else usd(usual), statement_id=None
    )  # fmt: skip


EXCEPTIONS = [
    pay_exception(1, "Ana Moreno", "unusual", 912_400_000, 120_000_000), pay_exception(2, "Wei Chen", "unusual", 3_100_000, 240_000_000),
    pay_exception(3, "Lena Vogt", "negative_carried", -14_000_000), pay_exception(4, "Priya Nair", "no_bank_details", 84_000_000),
]  # fmt: skip
ALL_CODES = [check.code for check in CHECKS]
PERIOD_OVER = PeriodPage(
    period=period(1, "open"), may_write=True, over=True, items=checklist(*ALL_CODES), books=BookCheckView(month(2), ["ledger_balances", "payouts_move_once"])
)  # fmt: skip
PERIOD_OVERRIDE = PeriodPage(
    period=period(1, "open"), may_write=True, over=True, may_override=True, done="checked", books=BookCheckView(month(2), []),
    items=checklist("adjustments_waiting", "unusual", "no_bank_details"),
)  # fmt: skip
PERIOD_CLOSED = PeriodPage(
    period=period(1, "closed", totals=True), may_write=True, over=True,
    statements=[statement(4, "Ana Moreno", 3_961_500), statement(5, "Wei Chen", 120_004_100)], next_cursor="WyJhIl0", exceptions=EXCEPTIONS,
)  # fmt: skip
PERIOD_CLEAR = PeriodPage(period=period(1, "open"), may_write=True, over=True, items=checklist())
EXCEPTIONS_PAGE = ExceptionsPage(period=period(1, "open"), rows=EXCEPTIONS, deviations=4.0)


def project_pay() -> ProjectPayPage:
    budget = ProjectBudget(usd(9_000_000_000), usd(310_000_000), usd(7_412_500_000), usd(1_277_500_000), usd(0))
    return ProjectPayPage(
        head=head("pay"), outlook=BudgetOutlook(budget, 85, 80, usd(143_210_000), month(4)),
        floors=[floor(3, "zh-CN", 12_000_000, in_force=True), floor(2, None, 15_000_000, in_force=True), floor(1, None, 14_000_000, in_force=False)],
        may_write=True, multiple=3.0, least_minutes=30, done="floor",
    )  # fmt: skip


def payout(number: int, state: str, **more: Any) -> BatchView:
    given: dict[str, Any] = {
        "lines": 38,
        "open_lines": 0,
        "paid": usd(0),
        "returned": usd(0),
        "bounced": usd(0),
        "format": "pain.001",
        "file": None,
    } | more
    file = given.pop("file")
    return BatchView(
        id=UUID(int=number), number=number, period_id=PERIODS[0], starts_at=month(1), ends_at=month(2), currency="USD", state=state,
        pay_on=month(2).date(), total=usd(4_813_210_000), author="person:1", approved_by=None if state == "drafted" else "person:2",
        approved_at=None, exported_at=month(2) if file else None, reconciled_at=None, file_name=file, file_digest=HASH if file else None,
        created_at=month(2), **given,
    )  # fmt: skip


def payout_line(number: int, name: str, state: str, *flags: str, **more: Any) -> LineView:
    given: dict[str, Any] = {
        "attempt": 1,
        "retry_of": None,
        "reason": "",
        "kind": "iban",
        "country": "DE",
        "tail": "3000",
    } | more
    return LineView(
        id=UUID(int=number), annotator_id=UUID(int=number), name=name, statement_id=UUID(int=number), statement_number=4, starts_at=month(1),
        ends_at=month(2), amount=usd(120_000_000 + number * 10_000), state=state, flags=list(flags), decided_by=None, decided_at=None, **given,
    )  # fmt: skip


PAYOUT_VALUES = {"period": str(PERIODS[0]), "currency": "USD", "format": "pain.001", "pay_on": "2026-02-03"}
PAYOUTS = PayoutsPage(
    rows=[
        payout(4, "drafted"), payout(3, "exported", open_lines=6, paid=usd(3_000_000_000), returned=usd(120_000_000), file="payout-3-USD.xml"),
        payout(2, "cancelled", format="nacha"), payout(1, "reconciled", paid=usd(4_813_210_000), file="payout-1-USD.csv", format="csv"),
    ],
    periods=[Option(value=str(PERIODS[0]), label="2026-01-01 – 2026-01-31")], owed=[Owed(3, usd(84_120_000))], values=PAYOUT_VALUES, next_cursor="WzFd",
)  # fmt: skip
PAYOUTS_FIRST = PayoutsPage(rows=[], periods=[], owed=[], values=dict.fromkeys(PAYOUT_VALUES, ""))
CHANGED = payout_line(7, "Wei Chen", "drafted", "changed_lately", "shared", kind="other", country="CN", tail="5702")
PAYOUT_DRAFT = PayoutPage(
    batch=payout(4, "drafted"), author="Mira Boss", approver="", mine=False, flagged=[CHANGED], left_out_count=4,
    left_out=[LeftOut(UUID(int=30 + n), name, 1, usd(9_000_000), why) for n, (name, why) in enumerate([("Lena Vogt", "no_details"), ("Priya Nair", "other_kind"), ("Tomás Ruiz", "uncovered"), ("José Pérez", "below_minimum")])],
    lines=[payout_line(6, "Ana Moreno", "drafted"), CHANGED, payout_line(8, "Yuki Sato", "dropped", attempt=2, reason="Asked to wait")], changed_days=14,
)  # fmt: skip
PAYOUT_SENT = PayoutPage(
    batch=payout(3, "exported", open_lines=6, paid=usd(3_000_000_000), returned=usd(120_000_000), file="payout-3-USD.xml"), author="Mira Boss",
    approver="Second Boss", mine=True, flagged=[], left_out=[], left_out_count=0, changed_days=14, next_cursor="WzFd", done="returned",
    lines=[payout_line(6, "Ana Moreno", "sent"), payout_line(7, "Wei Chen", "returned", reason="AC04 closed account"), payout_line(8, "Yuki Sato", "paid", attempt=2)],
)  # fmt: skip
PAYOUT_DONE = PayoutPage(
    batch=payout(1, "reconciled", paid=usd(4_690_000_000), bounced=usd(120_000_000), file="payout-1-USD.xml"), author="Mira Boss", approver="Second Boss",
    mine=False, flagged=[], left_out=[], left_out_count=0, changed_days=14, done="bounced",
    lines=[payout_line(6, "Ana Moreno", "paid"), payout_line(7, "Wei Chen", "bounced", reason="AC06 blocked account")],
)  # fmt: skip


def answered(place: int, does: Any, name: str = "", reason: str = "") -> BankAnswerRow:
    known = (
        {"payout_id": UUID(int=3), "payout_number": 3, "annotator_id": UUID(int=place), "name": name} if name else {}
    )
    return BankAnswerRow(
        place=place, does=does, reference=UUID(int=place << 90).hex, reason=reason, amount=usd(120_000_000), **known
    )  # fmt: skip


def bank_answer(*, taken: bool) -> BankStatusPage:
    rows = [
        answered(1, "returned", "Wei Chen", "AC04 Closed account number"), answered(2, "bounced", "Ana Moreno", "AC06"), answered(3, "paid", "Yuki Sato"),
        answered(4, "other_amount", "Lena Vogt"), answered(5, "unknown"), answered(6, "open", "Priya Nair", "PDNG"),
    ]  # fmt: skip
    report = BankAnswerReport(
        format="pain.002", digest=HASH, taken_by="person:1" if taken else None, taken_at=month(2) if taken else None, again=False,
        counts={row.does: 1 for row in rows}, rows=rows,
    )  # fmt: skip
    return BankStatusPage(report=report, name="pain.002-2026-02-03.xml", data="PGEvPg==", doing=3)


BANK = BankPage(
    path="/bank-details", name="", versions=[BankDetailsView(2, "iban", "DE", "3000", "person:7", month(2)), BankDetailsView(1, "aba", "US", "4411", "person:7", month(1))],
    values={"kind": "iban", "holder": "", "bic": ""}, done=True,
)  # fmt: skip


def exchange_rate(n: int, quote: str, rate: str, *, in_use: bool = False) -> ExchangeRateView:
    day = month(1).date() + timedelta(days=n)
    return ExchangeRateView(
        UUID(int=n), "USD", quote, day, rate, "Central bank, daily fixing", day + timedelta(days=7), "person:1", month(1), in_use
    )  # fmt: skip


EXCHANGE_RATES = ExchangeRatesPage(
    rows=[exchange_rate(6, "JPY", "154.87", in_use=True), exchange_rate(5, "CNY", "7.1243", in_use=True), exchange_rate(4, "CNY", "7.118002")],
    missing=[MissingRate("EUR", "CNY", 3), MissingRate("USD", "BRL", 1)], days=7, done="imported", added="2", next_page="cursor=x",
)  # fmt: skip
NEW_RATES = [
    RateDraft("USD", "CNY", month(1).date(), "7.1243"),
    RateDraft("EUR", "CNY", month(1).date(), "8.012345678912"),
]
EXCHANGE_REPORT = ExchangeRatesPage(
    rows=[], missing=[], days=7, source="Central bank", csv="from,to,day,rate",
    report=RatesReport(lines=3, added=2, unchanged=1, problems=[], rates=NEW_RATES),
)  # fmt: skip
EXCHANGE_MEND = ExchangeRatesPage(
    rows=[exchange_rate(5, "CNY", "7.1243")], missing=[], days=7, source="Central bank", csv="from,to,day,rate",
    report=RatesReport(lines=9, added=0, unchanged=0, rates=[], problems=[LineProblem(n + 2, code, "USD CNY 2026-11-20: 7.12") for n, code in enumerate(("columns", "currency", "same_currency", "day", "far_day", "rate", "twice", "known"))]),
)  # fmt: skip
EXCHANGE_EMPTY = ExchangeRatesPage(rows=[], missing=[], days=7)


def rate_card(version: int, annotation: int) -> RateCardView:
    return RateCardView(
        UUID(int=version), UUID(int=9), version, month(version), "USD", usd(annotation), usd(150_000), {"4": "1.25", "5": "1.5"}, "1.3",
        class_factors={"4": "1.2"}, language_factors={"pt": "1.1", "pt-BR": "1.25"}, minimum=usd(400_000), per_turn=usd(50_000), most_turns=20, per_hour=usd(12_000_000), most_minutes=60, bill_annotation=usd(900_000),
    )  # fmt: skip


def repriced(part: Any, key: str, works: int, old: int, new: int) -> RepricedPart:
    return RepricedPart(
        part=part,
        key=key,
        works=works,
        old=usd(old),
        new=usd(new),
        difference=usd(new - old),
        below=12,
        billed=usd(2 * new),
    )


CALIBRATIONS = [
    Calibration(
        kind="annotation", works=860, left_out=120, paid=usd(412_000_000),
        median=Rate(base=usd(512_340), low=usd(498_000), high=usd(530_120), cost=usd(449_100_000)),
        p75=Rate(base=usd(701_000), low=usd(668_000), high=usd(735_500), cost=usd(614_000_000)),
        lanes=[LaneTime(domain="law", language="pt-BR", difficulty_band=4, works=310, median_seconds=154, p75_seconds=221, hourly=usd(10_940_000))],
    ),
    Calibration(kind="review", works=4, left_out=2, paid=usd(600_000), median=None, p75=None, lanes=[]),
]  # fmt: skip


def project_rates(*, preview: bool) -> ProjectRatesPage:
    cards = [rate_card(3, 470_000), rate_card(2, 450_000)] if preview else []
    told = Repricing(
        days=30, total=repriced("all", "", 1_240, 612_310_000, 655_171_700),
        parts=[repriced("kind", "annotation", 1_100, 590_310_000, 633_171_700), repriced("domain", "law", 300, 190_000_000, 180_500_000), repriced("difficulty", "4", 210, 150_000_000, 161_000_000)],
    )  # fmt: skip
    return ProjectRatesPage(
        head=head("pay"), cards=cards, card=cards[1] if cards else None, now=month(2), may_write=True,
        values=typed(cards[0] if cards else None), next_version=len(cards) + 1, target="12.00" if preview else "", calibrations=CALIBRATIONS if preview else [], most_minutes=120, preview=told if preview else None, done="" if preview else "saved",
    )  # fmt: skip


def cost_cell(
    n: int, project: str, stage: str, micros: int, *, items: int = 120, billed: int | None = None
) -> CostCell:
    cost, bill = usd(micros), None if billed is None else usd(billed)
    return CostCell(
        project_id=UUID(int=n), project=project, domain="law", difficulty=4, stage=stage, span=month(n).date(), cost=cost, lines=n * 40, items=items,
        per_item=usd(micros // items) if items else None, billed=bill, unbilled=3 if bill else 0, margin=bill - cost if bill else None,
        margin_share=round((bill.micros - micros) / bill.micros, 4) if bill else None,
    )  # fmt: skip


COST_CELLS = [
    cost_cell(1, "Clinic dialogues", "annotation", 4_813_210_000, billed=7_100_000_000), cost_cell(2, "Clinic dialogues", "review:1", 913_000_000, billed=800_000_000),
    cost_cell(3, "Court questions", "floor", 84_000_000, items=0), cost_cell(4, "Court questions", "bonus", -14_000_000),
]  # fmt: skip
COST_VALUES = {
    "by": "project,stage", "project_id": "", "domain": "", "difficulty": "", "stage": "", "since": "2026-01-01", "until": "2026-01-31", "sort": "-cost",
}  # fmt: skip
COSTS = CostsPage(
    rows=COST_CELLS, totals=[cost_cell(1, "", "", 5_796_210_000, billed=7_900_000_000), cost_cell(1, "", "", 96_210_000, items=0)], trend=COST_CELLS, values=COST_VALUES,
    cuts=["project", "project,stage"], projects=[Option(value="1", label="Clinic dialogues")], domains=["law"], query="by=project%2Cstage",
)  # fmt: skip
COSTS_NONE = CostsPage(
    rows=[],
    totals=[],
    trend=[],
    values=COST_VALUES | {"by": "domain,difficulty"},
    cuts=["project"],
    projects=[],
    domains=[],
    query="",
)
BOSS = ("manager",)
PAY: dict[str, tuple[str, Any, str, tuple[str, ...]]] = {
    "payroll": ("payroll.html", PAYROLL, "/payroll", BOSS),
    "payroll-first": ("payroll.html", PAYROLL_FIRST, "/payroll", BOSS),
    "payroll-over": ("payroll_period.html", PERIOD_OVER, "/payroll/1", BOSS),
    "payroll-override": ("payroll_period.html", PERIOD_OVERRIDE, "/payroll/1", BOSS),
    "payroll-clear": ("payroll_period.html", PERIOD_CLEAR, "/payroll/1", BOSS),
    "payroll-exceptions": ("payroll_exceptions.html", EXCEPTIONS_PAGE, "/payroll/1/exceptions", BOSS),
    "payroll-closed": ("payroll_period.html", PERIOD_CLOSED, "/payroll/1", BOSS),
    "payroll-adjustments": ("payroll_adjustments.html", ADJUSTMENTS, "/payroll/adjustments", BOSS),
    "exchange-rates": ("exchange_rates.html", EXCHANGE_RATES, "/payroll/exchange-rates", BOSS),
    "exchange-rates-report": ("exchange_rates.html", EXCHANGE_REPORT, "/payroll/exchange-rates", BOSS),
    "exchange-rates-mend": ("exchange_rates.html", EXCHANGE_MEND, "/payroll/exchange-rates", BOSS),
    "exchange-rates-empty": ("exchange_rates.html", EXCHANGE_EMPTY, "/payroll/exchange-rates", BOSS),
    "payroll-adjustments-empty": ("payroll_adjustments.html", ADJUSTMENTS_EMPTY, "/payroll/adjustments", BOSS),
    "project-pay": ("projects/pay.html", project_pay(), "/projects/9/pay", BOSS),
    "costs": ("costs.html", COSTS, "/payroll/costs", BOSS),
    "costs-none": ("costs.html", COSTS_NONE, "/payroll/costs", BOSS),
    "payouts": ("payouts.html", PAYOUTS, "/payroll/payouts", BOSS),
    "payouts-first": ("payouts.html", PAYOUTS_FIRST, "/payroll/payouts", BOSS),
    "payout-draft": ("payout.html", PAYOUT_DRAFT, "/payroll/payouts/4", BOSS),
    "payout-sent": ("payout.html", PAYOUT_SENT, "/payroll/payouts/3", BOSS),
    "payout-done": ("payout.html", PAYOUT_DONE, "/payroll/payouts/1", BOSS),
    "bank-status": ("bank_status.html", bank_answer(taken=False), "/payroll/payouts/bank-status", BOSS),
    "bank-status-taken": ("bank_status.html", bank_answer(taken=True), "/payroll/payouts/bank-status", BOSS),
    "bank-status-first": ("bank_status.html", BankStatusPage(), "/payroll/payouts/bank-status", BOSS),
    "bank-details": ("bank_details.html", BANK, "/bank-details", ("annotator",)),
    "project-rates": ("projects/rates.html", project_rates(preview=True), "/projects/9/rates", BOSS),
    "project-rates-empty": ("projects/rates.html", project_rates(preview=False), "/projects/9/rates", BOSS),
    "statement": ("statement.html", STATEMENT, "/statements/1", ("annotator",)),
}
"""Template, view, path and roles by name."""
