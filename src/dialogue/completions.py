"""The bodies of the OpenAI-compatible chat API, as far as a dialogue needs them. What else they hold is ignored."""

import msgspec
from msgspec import Struct, field

from dialogue.errors import BotBroken, BotFailing, BotFiltered

DONE = b"[DONE]"


class _Piece(Struct):
    content: str | None = None


class _Choice(Struct):
    delta: _Piece = field(default_factory=_Piece)
    message: _Piece = field(default_factory=_Piece)
    finish_reason: str | None = None


class Completion(Struct):
    """A chunk of a stream (`delta`) or a whole answer (`message`)."""

    choices: list[_Choice] = field(default_factory=list)
    error: msgspec.Raw = msgspec.Raw(b"null")

    @property
    def text(self) -> str:
        choice = self.choices[0] if self.choices else _Choice()
        return choice.delta.content or choice.message.content or ""

    @property
    def finished(self) -> bool:
        return bool(self.choices) and self.choices[0].finish_reason is not None

    @property
    def filtered(self) -> bool:
        return bool(self.choices) and self.choices[0].finish_reason == "content_filter"


_decoder = msgspec.json.Decoder(Completion)


def read_completion(data: bytes) -> Completion:
    """Raises `BotBroken` for what is no completion, `BotFailing` or `BotFiltered` for an error or a refusal of the endpoint."""
    try:
        completion = _decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BotBroken("The bot's endpoint sent something that is not a chat completion.") from error
    if bytes(completion.error).strip() != b"null":
        raise BotFailing("The bot's endpoint reported an error in the middle of its reply; try again.")
    if completion.filtered:
        raise BotFiltered("The bot's own filter held its reply back; change the message, or write the reply yourself.")
    return completion
