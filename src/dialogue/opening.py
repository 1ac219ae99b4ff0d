"""How a dialogue may begin, and what counts as the same beginning when it is sent again."""

from uuid import UUID

from dialogue.errors import ConversationExists, TurnOutOfOrder
from dialogue.texts import require_text
from dialogue.views import ConversationView, Start
from kernel.settings import Settings


def require_first_message(start: Start, text: str | None, settings: Settings) -> None:
    if start.begins_with_reply and text is not None:
        raise TurnOutOfOrder("The imported dialogue ends with a question; the bot's reply comes first.")
    if not start.begins_with_reply:
        require_text(text or "", settings.turn_text_limit, "The message")


def require_same_beginning(
    existing: ConversationView, topic: str, topic_id: UUID | None, text: str | None
) -> ConversationView:
    first = next((turn.text for turn in existing.turns if turn.role == "user" and not turn.imported), None)
    same_topic = existing.topic == topic if topic_id is None else existing.topic_id == topic_id
    if not same_topic or (text is not None and first != text):
        raise ConversationExists
    return existing.blind()
