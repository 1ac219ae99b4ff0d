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


class ConversationMoved(Conflict):
    """`current` is the dialogue as it stands, `version` its version: nothing of the writer's was stored."""

    code = "conversation_moved"
    title = "The dialogue was changed elsewhere since it was read; look at it again"


class TooManyBranches(Conflict):
    code = "too_many_branches"
    title = "The dialogue has reached its greatest number of turns over all branches"


class TooManyEdits(Conflict):
    code = "too_many_edits"
    title = "This text was edited so often that no further version of it is kept"


class NoBranches(Conflict):
    code = "no_branches"
    title = "In this project a dialogue goes one way; it cannot be taken up from an earlier turn"


class NothingToUndo(Conflict):
    code = "nothing_to_undo"
    title = "There is no choice on the active path that could be undone"


class NotPreferred(Conflict):
    code = "not_preferred"
    title = "The way there leads over a reply that was not preferred; choose that reply first"


class NoSuchChoice(NotFound):
    code = "choice_not_found"
    title = "There is no such choice in this dialogue"


class CandidatesWanted(Conflict):
    code = "candidates_wanted"
    title = "This project wants several candidates for each reply; ask for those"


class ChoiceMissing(Conflict):
    code = "choice_missing"
    title = "Choose between the candidates first"


class BadDecision(Invalid):
    code = "bad_decision"
    title = "The candidates cannot be decided like that"


class TopicNotOffered(Conflict):
    code = "topic_not_offered"
    title = "This topic is not one of those that may be chosen for the task"


class TopicFull(Conflict):
    code = "topic_full"
    title = "No further dialogue about this topic is needed; choose another one"


class BadTopics(Invalid):
    code = "bad_topics"
    title = "The list of topics cannot be used like that"


class NoRubric(NotFound):
    code = "rubric_not_found"
    title = "This project has no rubric; its replies are rated from 1 to 5"


class BadRubric(Invalid):
    code = "bad_rubric"
    title = "The rubric cannot be used like that"


class BadScore(Invalid):
    code = "bad_score"
    title = "The rubric does not have this dimension, value or place"


class BadSpan(Invalid):
    code = "bad_span"
    title = "This passage cannot be marked"


class NoSuchSpan(NotFound):
    code = "span_not_found"
    title = "There is no such marked passage in this dialogue"


class BadTree(Invalid):
    code = "bad_dialogue_tree"
    title = "These turns are no dialogue tree"


class BadFilter(Invalid):
    code = "bad_export_filter"
    title = "This filter cannot be used"


class NoSuchFormat(Invalid):
    code = "export_format_unknown"
    title = "There is no such export format"


class NoSuchExport(NotFound):
    code = "export_not_found"
    title = "There is no such snapshot"


class ExportNotReady(Conflict):
    code = "export_not_ready"
    title = "This snapshot has no file yet, or no longer; a removed one can be built again"


class ExportNotUnderWay(Conflict):
    code = "export_not_under_way"
    title = "Nothing is being written for this snapshot any more; reload to see how it stands"


class ExportOver(Conflict):
    code = "export_over"
    title = "This snapshot was never finished; make a new one"


class ReasonWanted(Invalid):
    code = "export_reason_missing"
    title = "Real ids of people go out with a reason only"


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


class NoSuchBot(NotFound):
    code = "bot_not_found"
    title = "There is no such bot in this project"


class BotExists(Conflict):
    code = "bot_exists"
    title = "There is a bot with this name in this project already"


class TooManyBots(Conflict):
    code = "too_many_bots"
    title = "The project has as many bots as it may have; change one of them, or switch one off and rename it"


class SeveralBots(Conflict):
    code = "several_bots"
    title = "The project has several bots; name the one that is meant"


class BotUnavailable(DomainError):  # noqa: N818  these read as facts, not as exceptions
    """Nothing was lost: the message is kept, and the reply can be asked for again or written by hand."""

    code = "bot_unavailable"
    status = 503
    title = "The bot does not answer; try again, or write the reply yourself"


class BotSlow(BotUnavailable):
    code = "bot_slow"
    title = "The bot took too long; try again, or write the reply yourself"


class BotUnreachable(BotUnavailable):
    code = "bot_unreachable"
    title = "The bot cannot be reached; try again, or write the reply yourself"


class BotCut(BotUnavailable):
    code = "bot_cut"
    title = "The connection to the bot was cut; try again, or go on from what arrived"


class BotBusy(BotUnavailable):
    code = "bot_busy"
    title = "The bot is overloaded; try again in a moment, or write the reply yourself"


class BotFailing(BotUnavailable):
    code = "bot_failing"
    title = "The bot reports a fault of its own; try again, or write the reply yourself"


class BotKeyRefused(BotUnavailable):
    code = "bot_key_refused"
    title = "The bot does not accept the project's key; tell the project's manager"


class BotAddressRefused(BotUnavailable):
    code = "bot_address_refused"
    title = "The bot's address may not be called from here; tell the project's manager"


class BotFiltered(BotUnavailable):
    code = "bot_filtered"
    title = "The bot's own filter held its reply back; change the message, or write the reply yourself"


class BotRestarted(BotUnavailable):
    code = "bot_restarted"
    title = "The server was restarted while the bot was writing; ask for the reply again"


class BotsOff(BotUnavailable):
    code = "bots_off"
    title = "All bots of this project are switched off; write the reply yourself"


class BotBroken(BotUnavailable):
    """It answered, but not with a reply; trying again will hardly help before somebody mends it."""

    code = "bot_broken"
    status = 502
    title = "The bot answered with something that is not a reply; try again, or write the reply yourself"


class BotRejected(BotBroken):
    code = "bot_rejected"
    title = "The bot does not accept the request; tell the project's manager"


class BotTooLong(BotBroken):
    code = "bot_too_long"
    title = "The bot's reply is longer than the limit; go on from what arrived, or try again"


class BotEmpty(BotBroken):
    code = "bot_empty"
    title = "The bot sent an empty reply; try again, or write the reply yourself"


def known_failure(code: str | None) -> BotUnavailable:
    """The error of a stored code, for whoever comes later."""
    kinds: list[type[BotUnavailable]] = [
        BotUnavailable,
        *BotUnavailable.__subclasses__(),
        *BotBroken.__subclasses__(),
    ]
    return next((kind for kind in kinds if kind.code == code), BotUnavailable)()


class HandedOn(Conflict):
    code = "handed_on"
    title = "Somebody else goes on with this dialogue; your part of it counts, and is paid with the whole"
