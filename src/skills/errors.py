from kernel.errors import Conflict, Forbidden, Invalid, NotFound


class NoSuchAnnotator(NotFound):
    code = "annotator_not_found"
    title = "There is no such annotator for this account"


class NoSuchDomain(Invalid):
    code = "unknown_domain"
    title = "There is no such domain"


class DomainExists(Conflict):
    code = "domain_exists"
    title = "There is a domain of this code already"


class DomainArchived(Conflict):
    code = "domain_archived"
    title = "This domain is archived and takes nothing new"


class DomainInUse(Conflict):
    code = "domain_in_use"
    title = "Published projects have open tasks in this domain"


class BadTree(Conflict):
    code = "bad_tree"
    title = "The tree of domains cannot be changed like that"


class NoSuchLevel(NotFound):
    code = "level_not_found"
    title = "There is no such level; the scales are skill and language, from 1 to 5"


class NoSuchTaskKind(NotFound):
    code = "task_kind_not_found"
    title = "There is no such kind of task"


class RoleExists(Conflict):
    code = "role_exists"
    title = "There is a role of this code already"


class NoSuchCredential(NotFound):
    code = "credential_not_found"
    title = "There is no such credential for this account"


class BadCredential(Invalid):
    code = "bad_credential"
    title = "The credential cannot be taken as it is"


class CredentialDecided(Conflict):
    code = "credential_decided"
    title = "The state of this credential does not allow that"


class NoSuchRole(Invalid):
    code = "unknown_annotator_role"
    title = "There is no such role for people who work"


class AnnotatorExists(Conflict):
    code = "annotator_exists"
    title = "There is an annotator with this external_id already"


class BadLanguage(Invalid):
    code = "bad_language"
    title = "A language is a BCP 47 tag such as en, zh-CN or pt-BR"


class NoSuchExam(NotFound):
    code = "exam_not_found"
    title = "There is no such exam for this account"


class NoSuchAttempt(NotFound):
    code = "exam_attempt_not_found"
    title = "There is no such attempt at an exam for this account"


class BadExam(Invalid):
    code = "bad_exam"
    title = "The exam cannot be held like that"


class BadExamItem(Invalid):
    code = "bad_exam_item"
    title = "A question of an exam cannot be used as it is"


class ExamClosed(Conflict):
    code = "exam_closed"
    title = "This exam is closed"


class ExamPassed(Conflict):
    code = "exam_passed"
    title = "This exam is passed already"


class NotActive(Conflict):
    code = "annotator_not_active"
    title = "This profile is not active; nothing new can be begun"


class NoAttemptsLeft(Conflict):
    code = "exam_attempts_used"
    title = "All attempts at this exam are used"


class CoolingDown(Conflict):
    code = "exam_cooling_down"
    title = "The next attempt at this exam is not open yet"


class BankTooSmall(Conflict):
    code = "exam_bank_too_small"
    title = "The bank has too few questions for this exam; add some first"


class WrongQuestion(Conflict):
    code = "exam_question_changed"
    title = "Another question is open now; reload to see it"


class AnsweredOtherwise(Conflict):
    code = "exam_answered_otherwise"
    title = "This question was answered already, with another answer"


class SameKey(Conflict):
    code = "exam_key_is_so"
    title = "This is the key of the question already"


class NoSuchEvidence(NotFound):
    code = "evidence_not_found"
    title = "There is no such evidence for this account"


class AlreadyRetracted(Conflict):
    code = "evidence_retracted"
    title = "This evidence was retracted already"


class NotRetractable(Invalid):
    code = "evidence_not_retractable"
    title = "This row of evidence cannot be retracted or corrected"


class NoSuchStandingRule(NotFound):
    code = "standing_rule_not_found"
    title = "There is no such standing rule for this account"


class StandingRuleExists(Conflict):
    code = "standing_rule_exists"
    title = "There is a standing rule with this name already"


class BadStandingRule(Invalid):
    code = "bad_standing_rule"
    title = "A restriction cannot be made like that"


class NoSuchStanding(NotFound):
    code = "standing_not_found"
    title = "There is no such restriction for this account"


class StandingOver(Conflict):
    code = "standing_over"
    title = "This restriction is over already"


class AppealMade(Conflict):
    code = "appeal_made"
    title = "There is an appeal against this restriction already; each has one"


class NoOpenAppeal(Conflict):
    code = "no_open_appeal"
    title = "There is no open appeal here; it may be decided already"


class OwnDecision(Forbidden):
    code = "own_decision"
    title = "Who imposed it does not refuse the appeal; another manager decides"


class NoSuchExamItem(NotFound):
    code = "exam_item_not_found"
    title = "The bank of this exam has no such question"


class ExamItemShown(Conflict):
    code = "exam_item_shown"
    title = "This question was shown to somebody already and stays as it is; retire it and add another one"


class ExamItemOverExposed(Conflict):
    code = "exam_item_over_exposed"
    title = "This question was shown too often to come back; add another one"


class NoSuchBulk(NotFound):
    code = "bulk_not_found"
    title = "There is no change of yours that can be taken back"
