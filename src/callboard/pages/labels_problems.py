"""Refusals in the words of whoever reads them, by the code of the error."""

from callboard.pages.i18n import mark as _

PROBLEM_LABELS: dict[str, dict[str, str]] = {
    "problem": {
        "invalid_credentials": _("The e-mail address or the password is not right."),
        "sign_in_throttled": _("Too many failed sign-ins. Wait a little, then try again."),
        "too_many_requests": _("Too many attempts. Wait a little, then try again."),
        "unauthenticated": _("Your sign-in has ended. Sign in again; your drafts are kept."),
        "handed_on": _("Somebody else goes on with this dialogue"),
        "forbidden": _("Your account may not do that."),
        "not_found": _("There is nothing here, or it is not yours to see."),
        "assignment_not_found": _("There is nothing here, or it is not yours to see."),
        "task_not_found": _("There is nothing here, or it is not yours to see."),
        "annotator_not_found": _("There is nothing here, or it is not yours to see."),
        "credential_not_found": _("There is nothing here, or it is not yours to see."),
        "exam_not_found": _("There is nothing here, or it is not yours to see."),
        "exam_item_not_found": _("There is nothing here, or it is not yours to see."),
        "exam_attempt_not_found": _("There is nothing here, or it is not yours to see."),
        "standing_not_found": _("There is nothing here, or it is not yours to see."),
        "standing_rule_not_found": _("There is nothing here, or it is not yours to see."),
        "statement_not_found": _("There is nothing here, or it is not yours to see."),
        "pay_period_not_found": _("There is nothing here, or it is not yours to see."),
        "webhook_not_found": _("There is nothing here, or it is not yours to see."),
        "webhooks_full": _("There are as many webhooks as this installation allows. Delete one first."),
        "webhook_not_active": _("Only a webhook that is active can be paused."),
        "bad_event_type": _("An event type is written as task.accepted, or task.* for all of a noun."),
        "adjustment_not_found": _("There is nothing here, or it is not yours to see."),
        "pay_period_not_over": _("A pay period is closed once its time is over, and after the one before it."),
        "books_too_large": _(
            "The ledger is too large to be checked while you wait. Run callboard ledger verify --note on the server."
        ),
        "period_blocked": _("Something blocks this period. See its checklist."),
        "adjustments_changed": _("Others came, or some were decided, since the list was shown. Look at it again."),
        "own_adjustment": _("Somebody else decides this: nobody approves what they proposed, or what they get."),
        "payout_not_found": _("There is nothing here, or it is not yours to see."),
        "own_payout": _("Somebody else approves this: nobody approves the batch that they drafted, or that pays them."),
        "nothing_to_pay": _(
            "Nobody can be paid like this: everything is paid or on its way, or the bank details are missing."
        ),
        "payout_state": _("This is past that step, or not there yet. Reload to see how it stands."),
        "adjustment_decided": _("This was decided already. Reload to see how it stands."),
        "pay_line_not_found": _("There is nothing here, or it is not yours to see."),
        "pay_dispute_not_found": _("There is nothing here, or it is not yours to see."),
        "pay_dispute_made": _("This line is disputed already, or was answered; each is answered once."),
        "pay_dispute_early": _(
            "This work is still under way or in review. Wait for its end, or until it has waited too long."
        ),
        "pay_dispute_over": _("This dispute was answered or withdrawn already. Reload to see how it stands."),
        "pay_dispute_overtaken": _("The work was paid meanwhile; upholding would pay it twice."),
        "own_pay_dispute": _("Somebody else answers this: neither who caused the line nor who earns by it."),
        "bad_pay_floor": _("A floor is an amount per hour from 0 to 10,000."),
        "annotator_not_active": _("This profile is not active; nothing new can be begun."),
        "bad_cursor": _("This list cannot go on from there. Open it again from its beginning."),
        "bad_language": _("A language is a BCP 47 tag such as en, zh-CN or pt-BR."),
        "exam_key_is_so": _("This is the key of the question already."),
        "conflict": _("Somebody else changed this in the meantime. Reload to see how it stands."),
        "precondition_failed": _(
            "This was changed in another tab meanwhile. Reload to see it; your text is kept here."
        ),
        "unavailable": _("The database cannot be reached at the moment. Nothing was lost; try again."),
        "storage_full": _("The storage is full. Nothing was changed, and your drafts are kept in this browser."),
        "csrf": _("This page was open too long. Reload it and try again."),
        "bot_unavailable": _("The bot did not answer. Your message is kept."),
        "bot_slow": _("The bot took too long. Your message is kept."),
        "bot_unreachable": _("The bot cannot be reached. Your message is kept."),
        "bot_cut": _("The connection to the bot was cut. Your message is kept, and so is what arrived."),
        "bot_busy": _("The bot is overloaded. Try again in a moment; your message is kept."),
        "bot_failing": _("The bot reports a fault of its own. Your message is kept."),
        "bot_key_refused": _(
            "The bot does not accept the project's key. Its manager can mend that; your message is kept."
        ),
        "bot_address_refused": _(
            "The bot's address may not be called from here. Its manager can mend that; your message is kept."
        ),
        "bot_filtered": _("The bot's own filter held its reply back. Your message is kept."),
        "bot_restarted": _("The server was restarted while the bot was writing. Your message is kept."),
        "bots_off": _("All bots of this project are switched off. You can write the reply yourself."),
        "bot_rejected": _("The bot does not accept the request. Its manager can mend that; your message is kept."),
        "bot_too_long": _("The bot's reply is too long. What arrived is kept."),
        "bot_empty": _("The bot sent an empty reply. Your message is kept."),
        "bot_exists": _("There is a bot with this name already."),
        "bot_not_found": _("There is nothing here, or it is not yours to see."),
        "topic_full": _(
            "No further dialogue about this topic is needed: the last place was taken meanwhile. Choose another one; your words are kept."
        ),
        "topic_not_offered": _(
            "This topic cannot be chosen for this task. Choose one of those that are shown; your words are kept."
        ),
        "too_many_bots": _("The project has as many bots as it may have."),
        "bad_bot_settings": _(
            "The bot cannot be set up like that: an endpoint needs an address and a model, and a key is plain characters without spaces."
        ),
        "address_refused": _(
            "This address may not be called: it begins with https://, without user name or query, on port 443 or 8443, and does not lead into the own network unless whoever runs the installation has listed the host."
        ),
        "configuration": _("A stored key cannot be opened any more. Enter it again."),
        "bot_broken": _("The bot answered with something that is no reply. Your message is kept."),
        "lease_lost": _("The time for this task ran out. Your text is kept."),
        "stale_epoch": _("This task was handed to you anew in another tab. Continue there."),
        "verdict_says_so": _("This is what counts already. Uphold the verdict if you found the same."),
        "verdict_superseded": _("The work has moved on since this verdict; its newest verdict is the one to overturn."),
        "own_piece": _("Whoever made or reviewed a piece does not look at it for a lot."),
        "lot_decided": _("This lot was decided meanwhile. Reload to see how it stands."),
        "piece_looked_at": _("Somebody looked at this piece meanwhile. Reload to see how it stands."),
        "bad_lot": _("No lot can be made like that: it takes 2 to 150,000 accepted pieces that are in no other lot."),
        "gold_contested": _("The key of this gold is in doubt already; that is decided first."),
        "gold_contest_over": _("This doubt was decided meanwhile. Reload to see how."),
        "own_gold_contest": _("Somebody other than who doubted the key decides."),
        "same_gold_key": _("This is the key already. Let it stand if it is right."),
        "own_verdict": _("Neither the author nor the reviewer takes the second look."),
        "already_submitted": _("This was handed in already."),
        "rating_required": _("Rate the last reply first."),
        "turn_out_of_order": _("The dialogue has moved on, perhaps in another tab. Reload to see where it stands."),
        "turn_changed": _("This reply was changed in another tab. Reload to see it; your text is kept here."),
        "turn_limit": _("The dialogue has reached its greatest length. Hand it in."),
        "conversation_exists": _("The dialogue has begun already, perhaps in another tab. Reload to see it."),
        "text_empty": _("Write something first."),
        "topic_missing": _("Choose a topic, or write your own."),
        "not_ready": _("Something on the list is still open."),
        "scores_missing": _("Score every scale before you give the verdict."),
        "outcome_missing": _("Choose an outcome."),
        "reason_required": _("Say which rule of the rubric, and what the author should know."),
        "unknown_rubric_item": _("Name a rule of the project's rubric; the list shows what may stand there."),
        "correction_missing": _("Correct at least one reply, or choose another outcome."),
        "rework_limit": _("This work was sent back as often as it may be. Accept, fix or reject it."),
        "nothing_selected": _("Select at least one line of the list."),
        "bulk_not_found": _("This change cannot be taken back any more."),
        "exam_closed": _("This exam is closed."),
        "exam_passed": _("You have passed this exam already."),
        "exam_attempts_used": _("All attempts at this exam are used. A manager can help."),
        "exam_cooling_down": _("The next attempt is not open yet."),
        "exam_bank_too_small": _("The questions of this exam are still being prepared."),
        "exam_question_changed": _("Another question is open now, perhaps in another tab. Reload to see it."),
        "exam_budget_exhausted": _("The budget that pays this exam is used up; its manager has to add to it."),
        "exchange_rate_missing": _(
            "There is no exchange rate of these days for this project's pay. A manager has to import one."
        ),
        "exam_payer_closed": _("The project that pays this exam is closed; a manager has to name another."),
        "exam_item_shown": _("This question was shown already and stays as it is; retire it and add another one."),
        "exam_item_over_exposed": _("This question was shown too often to come back; add another one."),
        "exam_answered_otherwise": _("This question was answered already, perhaps in another tab. Reload to go on."),
        "bad_tree": _(
            "The tree cannot be changed like that: nothing stands below itself, general knowledge stays at the top, and what is below a domain is archived before it."
        ),
        "domain_in_use": _("Published projects still have open tasks in this domain. Finish or cancel them first."),
        "domain_exists": _("There is a domain of this code already."),
        "domain_archived": _("This domain is archived and takes nothing new."),
        "role_exists": _("There is a role of this code already."),
        "credential_decided": _("This credential was decided meanwhile. Reload to see how it stands."),
        "bad_credential": _(
            "This credential cannot be taken: a degree needs its level, and nothing expires before it was issued."
        ),
        "bad_form": _("The declaration cannot be used as it is. The places that are wrong stand beside it."),
        "form_breaks_tasks": _(
            "There are unfinished tasks that this declaration could not show. Keep what they hold, or make it optional."
        ),
        "reason_missing": _("Say why; it stays in the history."),
        "standing_over": _("This is over already. Reload to see how it ended."),
        "appeal_made": _("There is an appeal already; each restriction has one."),
        "no_open_appeal": _("This appeal is decided already. Reload to see how."),
        "own_decision": _("You imposed it yourself: another manager refuses or grants. You may lift it."),
        "standing_rule_exists": _("There is a rule with this name already."),
        "bad_password": _("This password cannot be used: too short, or one of the first that anybody would try."),
    },
}
