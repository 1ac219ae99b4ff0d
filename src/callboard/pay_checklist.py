"""Where each item of a period's checklist is seen and mended."""

from uuid import UUID

_PAGES = {
    "not_over": "/payroll/{period}",
    "earlier_open": "/payroll",
    "books_broken": "/payroll/{period}#books",
    "books_unchecked": "/payroll/{period}#books",
    "seals_behind": "/payroll/{period}#books",
    "adjustments_waiting": "/payroll/adjustments?state=waiting",
    "adjustments_scheduled": "/payroll/adjustments?state=scheduled",
    "payouts_unreconciled": "/payroll/payouts",
    "pay_disputes_overdue": "/payroll/disputes?overdue=1",
    "pay_disputes_open": "/payroll/disputes",
    "exchange_rates_missing": "/payroll/exchange-rates",
    "reviews_overdue": "/tasks?state=in_review",
    "works_waiting": "/tasks?state=in_review",
    "top_ups_short": "/payroll/adjustments?state=short&kind=floor",
    "deductions_short": "/payroll/adjustments?state=short",
    "no_bank_details": "/payroll/{period}/exceptions#no_bank_details",
    "negative_carried": "/payroll/{period}/exceptions#negative_carried",
    "unusual": "/payroll/{period}/exceptions#unusual",
}


def page_of(code: str, period_id: UUID) -> str:
    return _PAGES[code].format(period=period_id)
