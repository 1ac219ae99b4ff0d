from kernel.errors import Conflict, Forbidden, Invalid, NotFound


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
