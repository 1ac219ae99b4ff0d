"""The money's invariants (DESIGN.md, 4 and 5) as SQL that must return no row, and the ledger's two sides."""

import msgspec

from kernel import db
from kernel.invariants import Invariant
from kernel.money import Money
from kernel.sql import load

sql = load(__package__)


class LedgerTotal(msgspec.Struct, frozen=True):
    """All accounts of one currency, pending money included; the two are equal or the books are wrong."""

    currency: str
    debits: Money
    credits: Money


async def ledger_totals() -> list[LedgerTotal]:
    """One per currency that ever moved."""
    return [
        LedgerTotal(
            row["currency"], Money(row["debits_micros"], row["currency"]), Money(row["credits_micros"], row["currency"])
        )
        for row in await db.fetch(sql.ledger_totals)
    ]


INVARIANTS = [
    Invariant(
        "accepted_work_is_paid_once",
        "Each accepted unit of work has exactly one posted accrual, of the price shown at the claim, to its worker.",
        sql.check_accepted_work_is_paid_once,
        4,
    ),
    Invariant(
        "accruals_sum_to_the_price",
        "What all who made a paid piece of work earned of it sums to its price, to the micro.",
        sql.check_accruals_sum_to_the_price,
        4,
    ),
    Invariant(
        "shares_follow_their_turns",
        "Each share of pay comes out of paid work, in proportion to the turns that it names.",
        sql.check_shares_follow_their_turns,
        4,
    ),
    Invariant(
        "nothing_else_is_paid",
        "Work that was released, expired, sent back or rejected has no posted accrual.",
        sql.check_nothing_else_is_paid,
        4,
    ),
    Invariant(
        "open_work_has_money_set_aside",
        "Each live assignment and each submission that waits for its verdict has its price held.",
        sql.check_open_work_has_money_set_aside,
        4,
    ),
    Invariant(
        "ended_work_holds_no_money",
        "No money is held for an assignment that ended without paid work.",
        sql.check_ended_work_holds_no_money,
        4,
    ),
    Invariant(
        "hold_is_the_price_shown",
        "A hold has the amount, person, project and task of its assignment.",
        sql.check_hold_is_the_price_shown,
        4,
    ),
    Invariant(
        "price_follows_the_rate_card",
        "Each held amount is base × factors of its rate card, rounded once, half to even, at the micro.",
        sql.check_price_follows_the_rate_card,
        4,
    ),
    Invariant(
        "earned_exam_is_paid_once",
        "Each paid attempt at an exam that was earned has exactly one posted accrual, of the pay shown at its start.",
        sql.check_earned_exam_is_paid_once,
        4,
    ),
    Invariant(
        "no_other_exam_is_paid",
        "Training, running attempts and attempts that were left too early have no posted accrual.",
        sql.check_no_other_exam_is_paid,
        4,
    ),
    Invariant(
        "money_is_held_while_an_exam_runs",
        "A paid attempt at an exam has its pay held while it runs, and not after its end.",
        sql.check_money_is_held_while_an_exam_runs,
        4,
    ),
    Invariant(
        "transfer_has_two_sides",
        "Each transfer debits and credits the right two accounts by one positive amount in one currency.",
        sql.check_transfer_has_two_sides,
        5,
    ),
    Invariant(
        "ledger_balances",
        "Over the whole ledger debits equal credits, posted and pending, in every currency.",
        sql.check_ledger_balances,
        5,
    ),
    Invariant(
        "account_is_the_fold_of_its_transfers",
        "The sums of each account equal the sums of its transfers.",
        sql.check_account_is_the_fold_of_its_transfers,
        5,
    ),
    Invariant(
        "budget_is_not_exceeded",
        "What a project has reserved and posted never exceeds what it was funded with.",
        sql.check_budget_is_not_exceeded,
        5,
    ),
    Invariant(
        "hold_is_resolved_once",
        "Each hold is posted or voided at most once, never both.",
        sql.check_hold_is_resolved_once,
        5,
    ),
    Invariant(
        "resolution_matches_its_hold",
        "What is posted or voided is exactly what was held.",
        sql.check_resolution_matches_its_hold,
        5,
    ),
    Invariant(
        "statements_are_their_lines",
        "Every line of every closed period is in exactly one statement, which sums and hashes its lines.",
        sql.check_statements_are_their_lines,
        5,
    ),
    Invariant(
        "statements_follow_each_other",
        "A statement carries on what the one before it left over, and names its hash.",
        sql.check_statements_follow_each_other,
        5,
    ),
    Invariant(
        "conversions_match_their_rate",
        "What goes through somebody's exchange account is converted once, half to even at the micro, by the rate stored with its hold.",
        sql.check_conversions_match_their_rate,
        5,
    ),
    Invariant(
        "fees_follow_their_card",
        "Each price whose rate card has a fee has it held beside it, and taken or given back with it.",
        sql.check_fees_follow_their_card,
        5,
    ),
    Invariant(
        "adjustments_are_paid_once",
        "Each posted adjustment moved its amount once; no other moved any, and open ones upwards are held.",
        sql.check_adjustments_are_paid_once,
        4,
    ),
    Invariant(
        "pay_disputes_are_answered",
        "Each dispute of pay that was decided was so by somebody else, and who was right has an adjustment that corrects the line.",
        sql.check_pay_disputes_are_answered,
        4,
    ),
    Invariant(
        "payouts_move_once",
        "Each line of a payout moved its money by the steps of its state, once each; none is both paid and returned.",
        sql.check_payouts_move_once,
        5,
    ),
    Invariant(
        "payouts_fit_their_statements",
        "What left for a statement, less what came back, is never more than it says.",
        sql.check_payouts_fit_their_statements,
        5,
    ),
]
