from kernel.errors import Conflict, Invalid, NotFound


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
