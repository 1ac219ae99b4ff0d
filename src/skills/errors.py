from kernel.errors import Conflict, Invalid, NotFound


class NoSuchAnnotator(NotFound):
    code = "annotator_not_found"
    title = "There is no such annotator for this account"


class NoSuchDomain(Invalid):
    code = "unknown_domain"
    title = "There is no such domain"


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


class NoSuchEvidence(NotFound):
    code = "evidence_not_found"
    title = "There is no such evidence for this account"


class AlreadyRetracted(Conflict):
    code = "evidence_retracted"
    title = "This evidence was retracted already"


class NotRetractable(Invalid):
    code = "evidence_not_retractable"
    title = "This row of evidence cannot be retracted or corrected"


class NoSuchBulk(NotFound):
    code = "bulk_not_found"
    title = "There is no change of yours that can be taken back"
