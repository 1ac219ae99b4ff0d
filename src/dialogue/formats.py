"""One dialogue in the forms that trainers read. Pure: an exported record in, lines out, or the reason why there is none.

docs/exports.md shows each form. Texts are never changed, joined or cut: what a form cannot hold is left out, and counted
by its reason.
"""

from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from typing import Any

import msgspec
from msgspec import Struct

from dialogue import oasst
from dialogue.comparisons import Comparison, Messages, comparisons_of
from dialogue.csv_lines import HEAD, csv_line, turns_as_cells

Record = Mapping[str, Any]
GOOD_RATING, BAD_RATING = 4, 2
"""Of 1 to 5: from here up, and down to here, a rating says that a reply is wanted or not; 3 says neither."""


class Reason(StrEnum):
    """Why a dialogue, or a part of it, is not in a file."""

    NO_REPLY = "no_reply"
    """It has no message that is followed by a reply, or work in a form of its own."""
    NOT_ALTERNATING = "not_alternating"
    """Two messages or two replies in a row, or a reply first: the form has a pair for every turn."""
    NO_COMPARISON = "no_comparison"
    """Nothing was chosen, ranked or rated in it."""
    SAME_TEXT = "same_text"
    """Both sides of a pair say the same."""
    NO_PROMPT = "no_prompt"
    """Its tree does not begin with a person's message."""


Made = Iterator["dict[str, Any] | str | Reason"]


class Format(Struct, frozen=True, kw_only=True):
    code: str
    extension: str
    media_type: str
    make: Callable[[Record], Made]
    head: bytes = b""
    between: bytes = b"\n"
    tail: bytes = b"\n"
    trees: bool = True
    """Whether it is made of more than the path that was handed in."""

    def lines(self, record: Record) -> Iterator[bytes | Reason]:
        for one in self.make(record):
            if isinstance(one, Reason):
                yield one
            else:
                yield one.encode() if isinstance(one, str) else msgspec.json.encode(one)


def _whole(record: Record) -> Made:
    yield dict(record)


def _chat(record: Record) -> Made:
    messages = finished(record["messages"])
    yield {"messages": messages} if messages else Reason.NO_REPLY


def _sharegpt(record: Record) -> Made:
    system, talk = apart(finished(record["messages"]))
    if not talk:
        yield Reason.NO_REPLY
    elif not alternates(talk):
        yield Reason.NOT_ALTERNATING
    else:
        yield {"id": record["id"], "conversations": _from_value(system, talk)}


def _sft(record: Record) -> Made:
    system, talk = apart(finished(record["messages"]))
    if not talk:
        yield Reason.NO_REPLY
    elif not alternates(talk):
        yield Reason.NOT_ALTERNATING
    else:
        pairs = [[talk[n]["content"], talk[n + 1]["content"]] for n in range(0, len(talk), 2)]
        for n, (prompt, response) in enumerate(pairs):
            yield {
                "id": f"{record['id']}-{n + 1}", "system": system, "history": pairs[:n], "prompt": prompt, "response": response,
            }  # fmt: skip


def _dpo(record: Record) -> Made:
    """As LLaMA-Factory reads preference pairs in the ShareGPT form."""
    for prompt, better, worse in _pairs(record):
        if isinstance(prompt, Reason):
            yield prompt
            continue
        system, talk = apart(prompt)
        yield {
            "conversations": _from_value(system, talk), "chosen": {"from": "gpt", "value": better},
            "rejected": {"from": "gpt", "value": worse},
        }  # fmt: skip


def _dpo_messages(record: Record) -> Made:
    """As TRL and others read them."""
    for prompt, better, worse in _pairs(record):
        if isinstance(prompt, Reason):
            yield prompt
            continue
        yield {
            "prompt": prompt, "chosen": [{"role": "assistant", "content": better}],
            "rejected": [{"role": "assistant", "content": worse}],
        }  # fmt: skip


def _sft_weighted(record: Record) -> Made:
    """As LLaMA-Factory's own form since version 1 has it: every reply is learned, nothing else is."""
    messages = finished(record["messages"])
    talk = apart(messages)[1]
    if not talk:
        yield Reason.NO_REPLY
    elif not alternates(talk):
        yield Reason.NOT_ALTERNATING
    else:
        yield {"messages": [_weighted(one, learned=one["role"] == "assistant") for one in messages]}


def _dpo_weighted(record: Record) -> Made:
    """The same for preference pairs: of each side the last reply is learned."""
    for prompt, better, worse in _pairs(record):
        if isinstance(prompt, Reason):
            yield prompt
            continue
        before = [_weighted(one, learned=False) for one in prompt]
        sides = (("chosen_messages", better), ("rejected_messages", worse))
        yield {name: [*before, _weighted({"role": "assistant", "content": text}, learned=True)] for name, text in sides}


def _weighted(message: dict[str, str], *, learned: bool) -> dict[str, Any]:
    content = [{"type": "text", "value": message["content"]}]
    return {"role": message["role"], "content": content, "loss_weight": 1.0 if learned else 0.0}


def _pairs(record: Record) -> Iterator[tuple[Messages | Reason, str, str]]:
    """Every answer with every other that is worse; ties make no pair."""
    found = False
    for comparison in comparisons_of(record):
        if not comparison.decided or comparison.outcome == "all_bad":
            continue
        found = True
        if not alternates([*apart(comparison.prompt)[1], {"role": "assistant", "content": ""}]):
            yield Reason.NOT_ALTERNATING, "", ""
            continue
        for better in comparison.answers:
            for worse in comparison.answers:
                if better.rank >= worse.rank:
                    continue
                same = better.text == worse.text
                yield Reason.SAME_TEXT if same else comparison.prompt, better.text, worse.text
    if not found:
        yield Reason.NO_COMPARISON, "", ""


def _kto(record: Record) -> Made:
    found = False
    for prompt, text, label in _labelled(record):
        found = True
        whole = [*prompt, {"role": "assistant", "content": text}]
        if alternates(apart(whole)[1]):
            yield {"messages": whole, "label": label}
        else:
            yield Reason.NOT_ALTERNATING
    if not found:
        yield Reason.NO_COMPARISON


def _labelled(record: Record) -> Iterator[tuple[Messages, str, bool]]:
    """The best of a comparison is wanted, the worst is not, what lies between says nothing; then rated replies."""
    for comparison in comparisons_of(record):
        worst = comparison.answers[-1].rank
        for answer in comparison.answers:
            if comparison.outcome == "all_bad":
                yield comparison.prompt, answer.text, False
            elif comparison.decided and answer.rank in {1, worst}:
                yield comparison.prompt, answer.text, answer.rank == 1
    yield from _rated(record)


def _rated(record: Record) -> Iterator[tuple[Messages, str, bool]]:
    """Replies of the path that were compared with nothing. A rating is of what the bot wrote; an edit is what was wanted."""
    compared = {answer.text for comparison in comparisons_of(record) for answer in comparison.answers}
    path: Messages = []
    for turn in record["turns"]:
        rating, text, original = turn.get("rating"), turn["text"], turn.get("original_text")
        shown = text if original is None else original
        if turn["role"] == "assistant" and shown not in compared:
            if isinstance(rating, int) and not BAD_RATING < rating < GOOD_RATING:
                yield list(path), shown, rating >= GOOD_RATING
            if original is not None and original != text:
                yield list(path), text, True
        path.append({"role": turn["role"], "content": text})


def _ranked(record: Record) -> Made:
    found = False
    for comparison in comparisons_of(record):
        if comparison.decided:
            found = True
            yield _ranking(comparison)
    if not found:
        yield Reason.NO_COMPARISON


def _ranking(comparison: Comparison) -> dict[str, Any]:
    """`complete` is false where only the best is known: the rest share a rank and were not compared."""
    return {
        "prompt": comparison.prompt,
        "responses": [{"text": answer.text, "rank": answer.rank} for answer in comparison.answers],
        "complete": comparison.outcome != "chosen" or len(comparison.answers) == 2,  # noqa: PLR2004
    }


def _oasst(record: Record) -> Made:
    tree = oasst.tree_of(record)
    yield Reason.NO_PROMPT if tree is None else oasst.encoded(tree)


def _table(record: Record) -> Made:
    rows = list(turns_as_cells(record))
    if not rows:
        yield Reason.NO_REPLY
    for row in rows:
        yield csv_line(row)


def finished(messages: Messages) -> Messages:
    """Up to the last reply: a message that nobody answered teaches nothing. Empty: there is no reply."""
    last = max((n for n, message in enumerate(messages) if message["role"] == "assistant"), default=-1)
    return messages[: last + 1]


def apart(messages: Messages) -> tuple[str, Messages]:
    """The system prompt, where a dialogue begins with one, and the rest."""
    if messages and messages[0]["role"] == "system":
        return messages[0]["content"], messages[1:]
    return "", messages


def alternates(talk: Messages) -> bool:
    return len(talk) % 2 == 0 and all(message["role"] == ("user", "assistant")[n % 2] for n, message in enumerate(talk))


def _from_value(system: str, talk: Messages) -> list[dict[str, str]]:
    names = {"user": "human", "assistant": "gpt"}
    said = [{"from": names[message["role"]], "value": message["content"]} for message in talk]
    return [{"from": "system", "value": system}, *said] if system else said


JSONL: dict[str, Any] = {"extension": "jsonl", "media_type": "application/x-ndjson"}
ARRAY: dict[str, Any] = {
    "extension": "json", "media_type": "application/json", "head": b"[\n", "between": b",\n", "tail": b"\n]\n",
}  # fmt: skip
FORMATS = {
    one.code: one
    for one in (
        Format(code="callboard", make=_whole, **JSONL),
        Format(code="openai", make=_chat, trees=False, **JSONL),
        Format(code="sharegpt", make=_sharegpt, trees=False, **ARRAY),
        Format(code="sft", make=_sft, trees=False, **JSONL),
        Format(code="sft_weighted", make=_sft_weighted, trees=False, **JSONL),
        Format(code="dpo", make=_dpo, **ARRAY),
        Format(code="dpo_messages", make=_dpo_messages, **JSONL),
        Format(code="dpo_weighted", make=_dpo_weighted, **JSONL),
        Format(code="kto", make=_kto, **ARRAY),
        Format(code="ranked", make=_ranked, **JSONL),
        Format(code="oasst", make=_oasst, **JSONL),
        Format(
            code="csv", extension="csv", media_type="text/csv", make=_table, head=HEAD, between=b"\r\n", tail=b"\r\n"
        ),
    )
}
"""By code, in the order in which people meet them."""
