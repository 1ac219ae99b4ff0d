from kernel.errors import Conflict, Invalid, NotFound


class NoSuchAnnotator(NotFound):
    code = "annotator_not_found"
    title = "There is no such annotator for this account"


class NoSuchDomain(Invalid):
    code = "unknown_domain"
    title = "There is no such domain"


class AnnotatorExists(Conflict):
    code = "annotator_exists"
    title = "There is an annotator with this external_id already"


class BadLanguage(Invalid):
    code = "bad_language"
    title = "A language is a BCP 47 tag such as en, zh-CN or pt-BR"


class NoSuchEvidence(NotFound):
    code = "evidence_not_found"
    title = "There is no such evidence for this account"


class AlreadyRetracted(Conflict):
    code = "evidence_retracted"
    title = "This evidence was retracted already"


class NotRetractable(Invalid):
    code = "evidence_not_retractable"
    title = "This row of evidence cannot be retracted or corrected"
