from kernel.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable


class HoldResolved(Conflict):
    code = "hold_resolved"
    title = "The money of this work was paid or given back already, and cannot be both"


class HoldMissing(Conflict):
    code = "hold_missing"
    title = "No money was set aside for this assignment although it has a price; nothing can be paid"


class BusinessKeyReused(Conflict):
    code = "business_key_reused"
    title = "This key names another movement of money; send a new key for a new movement"


class BadRateCard(Invalid):
    code = "bad_rate_card"
    title = "The rate card cannot be used as it is"


class NoSuchProject(NotFound):
    code = "project_not_found"
    title = "There is no such project for this account"


class NoSuchPeriod(NotFound):
    code = "pay_period_not_found"
    title = "There is no such pay period"


class PeriodNotOver(Conflict):
    code = "pay_period_not_over"
    title = "A pay period is closed once its time is over, and after the one before it"


class NoSuchStatement(NotFound):
    code = "statement_not_found"
    title = "There is no such statement for this account"


class BadStatementFile(Invalid):
    code = "bad_statement_file"
    title = "This is no statement as Callboard writes them"


class NoSuchAdjustment(NotFound):
    code = "adjustment_not_found"
    title = "There is no such adjustment for this account"


class BadAdjustment(Invalid):
    code = "bad_adjustment"
    title = "The adjustment cannot be made like that"


class AdjustmentDecided(Conflict):
    code = "adjustment_decided"
    title = "This adjustment was decided already"


class AdjustmentsChanged(Conflict):
    code = "adjustments_changed"
    title = "Others came, or some were decided, since the list was shown; look at it again"


class OwnAdjustment(Forbidden):
    code = "own_adjustment"
    title = "Somebody else decides this: nobody approves what they proposed, or what they get"


class BadPayFloor(Invalid):
    code = "bad_pay_floor"
    title = "The floor is an amount per hour from zero to 10,000 units, in the project's currency"


class BadExchangeRates(Invalid):
    code = "bad_exchange_rates"
    title = "The exchange rates cannot be imported like that"


class BadBankDetails(Invalid):
    code = "bad_bank_details"
    title = "No bank account looks like that; check the digits"


class NoSuchPayout(NotFound):
    code = "payout_not_found"
    title = "There is no such payout"


class BadPayout(Invalid):
    code = "bad_payout"
    title = "The payout cannot be made like that"


class NothingToPay(Conflict):
    code = "nothing_to_pay"
    title = "Nobody can be paid in this batch; see who is left out, and why"


class OwnPayout(Forbidden):
    code = "own_payout"
    title = "Somebody else approves this: nobody approves the batch that they drafted, or that pays them"


class PayoutState(Conflict):
    code = "payout_state"
    title = "The batch or line is past this step, or not there yet"


class PayoutStale(Conflict):
    code = "payout_stale"
    title = "Something has changed since the batch was drafted; take these lines out"


class PayerMissing(Conflict):
    code = "payer_missing"
    title = "The settings do not say from which account payouts leave"


class PayoutNotReconciled(Conflict):
    code = "payout_not_reconciled"
    title = "The batch does not agree with the bank's statement yet"


class NoSuchPayLine(NotFound):
    code = "pay_line_not_found"
    title = "There is no such line among the earnings of this account, and no such work"


class NoSuchPayDispute(NotFound):
    code = "pay_dispute_not_found"
    title = "There is no such dispute for this account"


class PayDisputeMade(Conflict):
    code = "pay_dispute_made"
    title = "This line is disputed already, or was answered; each is answered once"


class PayDisputeEarly(Conflict):
    code = "pay_dispute_early"
    title = "The work is still under way or in review; wait for its end, or until it has waited too long"


class PayDisputeLate(Conflict):
    code = "pay_dispute_late"
    title = "The time in which this line could be disputed is over"


class PayDisputeOver(Conflict):
    code = "pay_dispute_over"
    title = "This dispute was answered or withdrawn already"


class PayDisputeOvertaken(Conflict):
    code = "pay_dispute_overtaken"
    title = "The work was paid meanwhile; upholding would pay it twice"


class OwnPayDispute(Forbidden):
    code = "own_pay_dispute"
    title = "Somebody else answers this: neither who caused the line nor who earns by it"


class BadPayDispute(Invalid):
    code = "bad_pay_dispute"
    title = "The dispute cannot be made or answered like that"


class BadBankFile(Invalid):
    code = "bad_bank_file"
    title = "This file of a bank cannot be read"


class PeriodBlocked(Conflict):
    code = "period_blocked"
    title = "Something stands in the way of closing this period; see its checklist"


class BooksTooLarge(Unavailable):
    code = "books_too_large"
    title = "The ledger is too large to be checked while somebody waits; callboard ledger verify --note does it"
