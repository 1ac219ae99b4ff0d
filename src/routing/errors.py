from uuid import UUID

from kernel.errors import Conflict, Forbidden, Invalid, NotFound


class LeaseLost(Conflict):
    code = "lease_lost"
    title = "This assignment is no longer yours; its draft is kept"


class ProjectExists(Conflict):
    code = "project_exists"
    title = "There is a project with this name already"


class BadPolicy(Invalid):
    code = "bad_policy"
    title = "The weights cannot be used like that"


class BadPlan(Invalid):
    code = "bad_plan"
    title = "The plan of review cannot be used like that"


class NoSuchPlan(NotFound):
    code = "plan_not_found"
    title = "There is no plan of review with this version"


class PlanInForce(Conflict):
    code = "plan_in_force"
    title = "This plan of review is in force already"


class NoSuchPolicy(NotFound):
    code = "policy_not_found"
    title = "There is no policy with this version"


class PolicyInForce(Conflict):
    code = "policy_in_force"
    title = "This policy is in force already"


class StaleEpoch(Conflict):
    code = "stale_epoch"
    title = "This assignment was given out again since; send the epoch of the newest claim"


class WrongState(Conflict):
    code = "wrong_state"
    title = "The state does not allow that"


class AlreadySubmitted(Conflict):
    code = "already_submitted"
    title = "This assignment was submitted already"


class ReworkLimit(Conflict):
    code = "rework_limit"
    title = "The limit of rework rounds is reached; accept, fix or reject"


class BadCorrection(Invalid):
    code = "bad_correction"
    title = "A correction is the whole work again, in the form in which it was handed in"


class BadRequirement(Invalid):
    code = "bad_requirement"
    title = "A requirement cannot be used; `at` says where, `allowed` what may stand there"


class ReasonRequired(Invalid):
    code = "reason_required"
    title = "A rework or reject names at least one rubric item and a reason"


class UnknownItem(Invalid):
    """With `allowed`: what may stand there."""

    code = "unknown_rubric_item"
    title = "A rework or reject names an item of the project's rubric"


class NoSuchOffer(NotFound):
    code = "offer_not_found"
    title = "There is no such offer for this account"


class OfferOver(Conflict):
    """With `state`: accepted, declined, timed_out or rescinded."""

    code = "offer_over"
    title = "This offer is over"


class PlaceTaken(Conflict):
    code = "place_taken"
    title = "This place was taken meanwhile, or its project was paused"


class NotEligible(Conflict):
    """With `failures`, in the form of `explain`."""

    code = "not_eligible"
    title = "This person may not be given this task"


class NotHeld(Conflict):
    code = "not_held"
    title = "Nobody holds this assignment any more"


class PresenceReasonMissing(Invalid):
    code = "presence_reason_missing"
    title = "Say why: the person whose presence somebody else sets reads the reason"


class NoSuchTask(NotFound):
    code = "task_not_found"
    title = "There is no such task for this account"


class NoSuchTaskChange(NotFound):
    code = "task_change_not_found"
    title = "There is no such change that can still be taken back by this account"


class NoSuchCalendar(NotFound):
    code = "calendar_not_found"
    title = "There is no calendar of this name"


class NoSuchAssignment(NotFound):
    code = "assignment_not_found"
    title = "There is no such assignment for this account"


class NoSuchProject(NotFound):
    code = "project_not_found"
    title = "There is no such project for this account"


class NoSuchVerdict(NotFound):
    code = "verdict_not_found"
    title = "There is no such verdict for this account"


class NoSuchDispute(NotFound):
    code = "dispute_not_found"
    title = "There is no such dispute for this account"


class DisputeMade(Conflict):
    code = "dispute_made"
    title = "This verdict was disputed already; each can be once"


class DisputeLate(Conflict):
    code = "dispute_late"
    title = "The time in which this verdict could be disputed is over"


class DisputeOver(Conflict):
    """With `state`: upheld, overturned or withdrawn."""

    code = "dispute_over"
    title = "This dispute is over"


class ReviewerHeld(Conflict):
    code = "reviewer_held"
    title = "Your rejections are looked at a second time first; until that is decided, none is taken"


class RejectionTrips(ReviewerHeld):
    """The one too many: it is not taken, and whoever opened the transaction writes down the hold (`holds.hold`)."""

    def __init__(self, subject: str, author_id: UUID, reviewer_id: UUID | None = None) -> None:
        super().__init__()
        self.subject, self.author_id, self.reviewer_id = subject, author_id, reviewer_id


class NoSuchHold(NotFound):
    code = "hold_not_found"
    title = "There is no such hold that could be lifted"


class LessQualified(Forbidden):
    code = "less_qualified"
    title = "Whoever decides a dispute is no less able in the domain than the reviewer"


class OwnVerdict(Forbidden):
    code = "own_verdict"
    title = "Neither the author of the work nor its reviewer takes the second look at a verdict"


class SameOutcome(Conflict):
    code = "verdict_says_so"
    title = "This is what counts already; a second look that finds the same upholds the verdict"


class VerdictSuperseded(Conflict):
    code = "verdict_superseded"
    title = "This answer has moved on since; its newest verdict is the one to overturn"


class BadLot(Invalid):
    code = "bad_lot"
    title = "The lot cannot be made like that"


class NoSuchLot(NotFound):
    code = "lot_not_found"
    title = "There is no such lot, or no such piece in its sample"


class LotDecided(Conflict):
    code = "lot_decided"
    title = "This lot was decided already"


class PieceLookedAt(Conflict):
    code = "piece_looked_at"
    title = "Somebody looked at this piece already"


class OwnPiece(Forbidden):
    code = "own_piece"
    title = "Whoever made or reviewed a piece does not look at it for a lot"


class BadGold(Invalid):
    code = "bad_gold"
    title = "The gold cannot be made or changed like that"


class NoSuchGold(NotFound):
    code = "gold_not_found"
    title = "There is no such gold, or no such doubt about one"


class GoldContested(Conflict):
    code = "gold_contested"
    title = "The key of this gold is in doubt already; that is decided first"


class GoldContestOver(Conflict):
    code = "gold_contest_over"
    title = "This doubt was decided already"


class OwnGoldContest(Forbidden):
    code = "own_gold_contest"
    title = "Somebody other than who doubted the key, or wrote it, decides"


class SameGoldKey(Conflict):
    code = "same_gold_key"
    title = "This is the key already"


class UnknownLabel(Invalid):
    code = "unknown_label"
    title = "This is none of the task's choices"


class BadCalibration(Invalid):
    code = "bad_calibration"
    title = "The calibration set cannot be made like that"


class NoSuchCalibration(NotFound):
    code = "calibration_not_found"
    title = "There is no such calibration set"


class CalibrationRetired(Conflict):
    code = "calibration_retired"
    title = "This calibration set is retired already"
