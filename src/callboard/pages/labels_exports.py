"""The forms of exports and what they are for, why something is left out, and how far a snapshot is."""

from callboard.pages.i18n import mark as _

EXPORT_LABELS: dict[str, dict[str, str]] = {
    "export_format": {
        "callboard": _("Whole dialogues"),
        "openai": _("OpenAI chat"),
        "sharegpt": _("ShareGPT"),
        "sft": _("Prompt and response (SFT)"),
        "dpo": _("Preference pairs (DPO)"),
        "dpo_messages": _("Preference pairs, as messages"),
        "dpo_weighted": _("Preference pairs with loss weights"),
        "sft_weighted": _("Messages with loss weights"),
        "kto": _("Wanted or not (KTO)"),
        "ranked": _("Ranked lists"),
        "oasst": _("OpenAssistant trees"),
        "csv": _("Table (CSV)"),
    },
    "export_about": {
        "callboard": _("Everything: branches, edits, scores, passages, credits. Can be imported again."),
        "openai": _("One conversation a line, for fine-tuning chat models."),
        "sharegpt": _("human and gpt in turn, as FastChat and LLaMA-Factory read it."),
        "sft": _("Each reply with what came before it."),
        "dpo": _("Each better reply with each worse one, as LLaMA-Factory reads it."),
        "dpo_messages": _("The same as TRL reads it."),
        "dpo_weighted": _("Both sides whole, in LLaMA-Factory's newer form."),
        "sft_weighted": _("Whole conversations in LLaMA-Factory's newer form; replies are learned."),
        "kto": _("Single replies, each wanted or not."),
        "ranked": _("Several replies to one message, best first, for reward models."),
        "oasst": _("Every branch with ranks and labels."),
        "csv": _("A turn a row, for spreadsheets; no cell is run as a formula."),
    },
    "export_state": {
        "making": _("Being made"),
        "ready": _("Ready"),
        "failed": _("Failed"),
        "cancelled": _("Cancelled"),
        "removed": _("File removed"),
        "rebuilding": _("Being built again"),
    },
    "export_failure": {
        "changed": _("Some of its dialogues are no longer what they were, so the same file cannot be built again."),
    },
    "export_reason": {
        "no_reply": _("without a reply"),
        "not_alternating": _("not in turn"),
        "no_comparison": _("nothing compared"),
        "same_text": _("both sides equal"),
        "no_prompt": _("without a first message"),
    },
    "work_state": {
        "accepted": _("Accepted"),
        "pending": _("Waiting for review"),
        "rework": _("Sent back"),
        "rejected": _("Rejected"),
    },
    "export_verdict": {
        "accept": _("Accepted as it was"),
        "fix": _("Corrected"),
        "rework": _("Sent back"),
        "reject": _("Rejected"),
    },
}
