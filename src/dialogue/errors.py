from kernel.errors import Conflict, DomainError, Invalid, NotFound, PreconditionFailed


class NoSuchConversation(NotFound):
    code = "conversation_not_found"
    title = "The dialogue has not begun yet; choose a topic and write the first message"


class NoSuchTurn(NotFound):
    code = "turn_not_found"
    title = "There is no such turn in this dialogue"


class NoDialogue(Conflict):
    code = "no_dialogue"
    title = "This assignment is not worked as a dialogue"


class SeedUnusable(Conflict):
    code = "seed_unusable"
    title = "The dialogue that came with the task cannot be used; hand the task back"


class ConversationExists(Conflict):
    code = "conversation_exists"
    title = "The dialogue has begun already, with another topic or message; reload to see it"


class TurnOutOfOrder(Conflict):
    code = "turn_out_of_order"
    title = "It is not this turn's time; reload to see where the dialogue stands"


class RatingRequired(Conflict):
    code = "rating_required"
    title = "Rate the last reply first"


class NotRateable(Conflict):
    code = "not_rateable"
    title = "Only the replies of a bot are rated"


class NotEditable(Conflict):
    code = "not_editable"
    title = "Only replies that were given in this dialogue can be edited"


class TurnLimit(Conflict):
    code = "turn_limit"
    title = "The dialogue has reached its greatest number of exchanges"


class TurnChanged(PreconditionFailed):
    code = "turn_changed"
    title = "The reply was changed elsewhere since it was read; reload to see it"


class TextEmpty(Invalid):
    code = "text_empty"
    title = "Text is missing"


class TextTooLong(Invalid):
    code = "text_too_long"
    title = "The text is longer than the limit"


class TextUnstorable(Invalid):
    code = "text_unstorable"
    title = "The text holds characters that cannot be stored"


class BadRating(Invalid):
    code = "bad_rating"
    title = "A rating is a whole number from 1 to 5"


class BadBotSettings(Invalid):
    code = "bad_bot_settings"
    title = "The bot cannot be set up like that"


class BotUnavailable(DomainError):  # noqa: N818  these read as facts, not as exceptions
    """Nothing was lost: the message is kept, and the reply can be asked for again or written by hand."""

    code = "bot_unavailable"
    status = 503
    title = "The bot does not answer; try again, or write the reply yourself"


class BotBroken(BotUnavailable):
    """It answered, but not with a reply; trying again will hardly help before somebody mends it."""

    code = "bot_broken"
    status = 502
    title = "The bot answered with something that is not a reply; try again, or write the reply yourself"
