"""What people preferred to what: candidates that were chosen or ranked, and sibling replies whose ranks came with a file.

What is compared is the text that was shown: of a candidate that was edited afterwards, its first version.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from dialogue.records import path_of

Messages = list[dict[str, str]]


class Answer(Struct, frozen=True):
    text: str
    rank: int
    """1 is the best; ties are equal."""


class Comparison(Struct, frozen=True):
    prompt: Messages
    """From the first message to the one that is answered."""
    answers: list[Answer]
    """Best first; at least one."""
    outcome: str
    """`chosen` (one is better than the rest), `ranked`, or `all_bad`."""

    @property
    def decided(self) -> bool:
        return len({answer.rank for answer in self.answers}) > 1


def comparisons_of(record: Mapping[str, Any]) -> Iterator[Comparison]:
    """Over all branches, in the order of the tree."""
    tree = record["dialogue"]
    if tree is None:
        return
    decided = {(one["message"], one["round"]): one for one in tree["choices"] if one["state"] in OUTCOMES}
    replies: dict[tuple[str, int | None], list[dict[str, Any]]] = {}
    for turn in tree["turns"]:
        if turn["role"] == "assistant" and turn["parent"] is not None:
            replies.setdefault((turn["parent"], turn["round"]), []).append(turn)
    for (message, number), turns in replies.items():
        if number is None:
            ranked = [turn for turn in turns if turn["rank"] is not None]
            answers, outcome = [Answer(turn["text"], turn["rank"]) for turn in ranked], "ranked"
            if len(ranked) < 2:  # noqa: PLR2004  a comparison has two sides
                continue
        elif (message, number) in decided:
            choice = decided[message, number]
            answers, outcome = OUTCOMES[choice["state"]](turns, choice["chosen"]), choice["state"]
        else:
            continue
        prompt = [{"role": turn["role"], "content": turn["text"]} for turn in path_of(tree, message)]
        yield Comparison(prompt, sorted(answers, key=lambda answer: answer.rank), outcome)


def _shown(turn: Mapping[str, Any]) -> str:
    text: str = turn["text"] if turn["original_text"] is None else turn["original_text"]
    return text


def _chosen(turns: list[dict[str, Any]], chosen: str) -> list[Answer]:
    return [Answer(_shown(turn), 1 if turn["id"] == chosen else 2) for turn in turns]


def _ranked(turns: list[dict[str, Any]], _: str) -> list[Answer]:
    return [Answer(_shown(turn), turn["rank"]) for turn in turns]


def _all_bad(turns: list[dict[str, Any]], _: str | None) -> list[Answer]:
    return [Answer(_shown(turn), turn["rank"] or 1) for turn in turns]


OUTCOMES = {"chosen": _chosen, "ranked": _ranked, "all_bad": _all_bad}
