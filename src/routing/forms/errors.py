from kernel.errors import Conflict, Invalid, NotFound


class AnswerRefused(Invalid):
    """With `errors`: a JSON Pointer into the answer, a stable code and a sentence for each."""

    code = "answer_refused"
    title = "The answer does not fit what the task asks for"


class PayloadRefused(Invalid):
    """With `errors`, as `AnswerRefused`, pointing into the task's payload."""

    code = "payload_refused"
    title = "The task does not hold what its kind shows"


class BadForm(Invalid):
    """With `errors`, as `AnswerRefused`, pointing into the declaration."""

    code = "bad_form"
    title = "The declaration cannot be used as it is"


class NoSuchForm(NotFound):
    code = "form_not_found"
    title = "This project has no declaration of that kind"


class FormBreaksTasks(Conflict):
    """With `external_id` and `errors` of the first task that could not be shown any more."""

    code = "form_breaks_tasks"
    title = "There are unfinished tasks that this declaration could not show"
