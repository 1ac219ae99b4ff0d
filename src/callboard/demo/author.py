"""A simulated annotator at one task: opens the dialogue, rates and edits the replies, goes on, hands in.

What to do next follows from the dialogue as it stands, so that a person who was interrupted (a lost answer, a restart
of the site, a former run of the demo) simply goes on.
"""

import random
from typing import Any

from callboard.demo.client import NO_BOT, Refused, path_of
from callboard.demo.content import edit_reply, follow_ups, rate, rating_note
from callboard.demo.stage import GONE, Player, Stage, domain_of, language_of

MOST_RELOADS = 10
"""Of one dialogue: more disagreement between us and the site about where it stands is a fault."""
MOST_REPLIES_ASKED = 3
MOST_EXCHANGES = 6
LONGEST_TOPIC, LONGEST_MESSAGE = 120, 30_000  # characters; the site takes a little more

# Shares and seconds at pace 1, as a floor with people looks.
RELEASE_SHARE, DECLINE_SHARE = 0.02, 0.015
NOTE_SHARE = 0.4
EDIT_SHARE_POOR, EDIT_SHARE_GOOD = 0.85, 0.25
FAIR = 3
READ_SECONDS, RATE_SECONDS, EDIT_SECONDS, HAND_IN_SECONDS = 3.0, 2.0, 5.0, 2.0
LONGEST_TYPING_SECONDS = 8.0
CHARACTERS_A_WORD = 5.0

RELOAD = frozenset(
    {
        "conversation_exists",
        "conversation_not_found",
        "not_ready",
        "rating_required",
        "turn_changed",
        "turn_out_of_order",
    }
)
"""The dialogue stands elsewhere than we thought."""

OWN_REPLY = {
    "en": "I cannot say that for certain. What I would do first is to write down what you know, and ask somebody who has seen it.",
    "zh-CN": "这一点我不能肯定。建议先把已知的情况写下来，再请了解实情的人看一看。",
}
DECLINED = {"en": "Not my subject, somebody else will do this better.", "zh-CN": "不是我熟悉的内容，换个人会做得更好。"}
UNUSABLE = "The task cannot be worked as it came."


async def annotate(stage: Stage, player: Player, held: dict[str, Any]) -> None:
    """To the end, or as far as the hold lasts."""
    rng = stage.dice(player.person.key, held["id"])
    try:
        if not await _hand_back(stage, held, rng):
            await _work(stage, player, held, rng)
    except Refused as refusal:
        if refusal.code not in GONE:
            raise
        stage.counts["lost"] += 1


async def _hand_back(stage: Stage, held: dict[str, Any], rng: random.Random) -> bool:
    """Now and then somebody has to go, or does not want the task. Never with work that was begun."""
    throw = rng.random()
    if held["rework_rounds"] or throw >= RELEASE_SHARE + DECLINE_SHARE:
        return False
    await stage.pause(READ_SECONDS, rng)
    if throw < DECLINE_SHARE and (not stage.finite or stage.first_time("declined", held["task"]["id"])):
        await decline(stage, held, DECLINED[language_of(held["task"])])
    else:
        body = {"epoch": held["epoch"], "reason": "called away"}
        await stage.api.post(path_of(held, "release"), body)
        stage.moved("released")
    return True


async def decline(stage: Stage, held: dict[str, Any], reason: str) -> None:
    await stage.api.post(path_of(held, "decline"), {"epoch": held["epoch"], "reason": reason})
    stage.moved("declined")


async def _work(stage: Stage, player: Player, held: dict[str, Any], rng: random.Random) -> None:
    if held["task"]["kind"] != "dialogue":
        await _hand_in(stage, player, held, rng, {"answer": held["task"]["payload"].get("opening", "")})
        return
    for _ in range(MOST_RELOADS):
        try:
            await Dialogue(stage, player, held, rng).play()
        except Refused as refusal:
            if refusal.code in GONE:
                raise
            if refusal.code not in RELOAD:
                await decline(stage, held, UNUSABLE)
                return
        else:
            await _hand_in(stage, player, held, rng, None)
            return
    await decline(stage, held, UNUSABLE)


async def _hand_in(
    stage: Stage, player: Player, held: dict[str, Any], rng: random.Random, payload: dict[str, Any] | None
) -> None:
    await stage.pause(HAND_IN_SECONDS, rng)
    body: dict[str, Any] = {"epoch": held["epoch"]}
    if payload is not None:
        body["payload"] = payload
    taken = await stage.api.post(path_of(held, "submit"), body)
    stage.remember_quality(taken["submission_id"], _quality(player, held, rng))
    stage.moved("submitted")


def _quality(player: Player, held: dict[str, Any], rng: random.Random) -> float:
    """0 to 1, as a reviewer will see it. Whoever gets work back takes more care with it."""
    care = player.person.care
    if held["rework_rounds"]:
        care = (1 + care) / 2
    return rng.uniform(0.75, 0.97) if rng.random() < care else rng.uniform(0.25, 0.65)


class Dialogue:
    def __init__(self, stage: Stage, player: Player, held: dict[str, Any], rng: random.Random) -> None:
        self.stage = stage
        self.player = player
        self.held = held
        self.rng = rng
        self.epoch = held["epoch"]
        self.language = language_of(held["task"])
        self.turns: list[dict[str, Any]] = []

    async def play(self) -> None:
        """Until it can be handed in."""
        workspace = (await self.stage.api.get(path_of(self.held, "dialogue")))["workspace"]
        start, conversation = workspace["start"], workspace["conversation"]
        if conversation is None:
            conversation = await self._open(start)
        self.turns = conversation["turns"]
        wanted = min(max(workspace["min_turns"], 1 + len(start["follow_ups"])), workspace["max_turns"], MOST_EXCHANGES)
        wanted = max(wanted, workspace["min_turns"])
        messages = self._messages(start)
        mended = not self.held["rework_rounds"]
        while True:
            last = self.turns[-1]
            if last["role"] == "user":
                self.turns.append(await self._reply(last))
            elif _lacks_rating(last):
                self.turns[-1] = await self._judge(last)
            elif not mended:
                await self._mend()
                mended = True
            elif _exchanges(self.turns) < wanted:
                self.turns.append(await self._ask(messages[_exchanges(self.turns) % len(messages)]))
            else:
                return

    def _messages(self, start: dict[str, Any]) -> list[str]:
        """By exchange: the message after the first one comes first."""
        own = [text[:LONGEST_MESSAGE] for text in start["follow_ups"] if text.strip()]
        more = follow_ups(None, self.language, self.stage.dice(self.held["task"]["id"]))
        return [more[-1], *own, *more]

    def _path(self, turn: dict[str, Any], action: str) -> str:
        return path_of(self.held, f"dialogue/turns/{turn['id']}/{action}")

    async def _open(self, start: dict[str, Any]) -> Any:
        await self.stage.pause(READ_SECONDS, self.rng)
        seeds = start["seeds"]
        begins_with_reply = bool(seeds) and seeds[-1]["role"] == "user"
        text = start["opening"].strip() or self._messages(start)[1]
        topic = (start["title"].strip() or text or seeds[-1]["text"]).splitlines()[0][:LONGEST_TOPIC].strip()
        body = {"epoch": self.epoch, "topic": topic or self.held["task"]["external_id"]}
        if not begins_with_reply:
            body["text"] = text[:LONGEST_MESSAGE]
        conversation = await self.stage.api.post(path_of(self.held, "dialogue"), body)
        self.stage.moved("opened")
        return conversation

    async def _reply(self, message: dict[str, Any]) -> dict[str, Any]:
        where = path_of(self.held, f"dialogue/turns/{message['no']}")
        for _ in range(MOST_REPLIES_ASKED):
            try:
                turn: dict[str, Any] = await self.stage.api.post(f"{where}/reply", {"epoch": self.epoch})
            except Refused as refusal:
                if not refusal.code.startswith(NO_BOT):
                    raise
                await self.stage.pause(READ_SECONDS, self.rng)
            else:
                self.stage.moved("replies")
                return turn
        body = {"epoch": self.epoch, "text": OWN_REPLY[self.language]}
        turn = await self.stage.api.post(f"{where}/own-reply", body)
        self.stage.moved("replies")
        return turn

    async def _judge(self, turn: dict[str, Any]) -> dict[str, Any]:
        """Rated as this person rates, and put right where it is not good enough."""
        rng, stage = self.rng, self.stage
        await stage.pause(READ_SECONDS + RATE_SECONDS, rng)
        stars = rate(rng.betavariate(4, 2), self.player.person.tendency, rng)
        note = rating_note(stars, self.language, rng) if rng.random() < NOTE_SHARE else ""
        turn = await stage.api.put(self._path(turn, "rating"), {"epoch": self.epoch, "rating": stars, "comment": note})
        stage.moved("rated")
        if rng.random() < (EDIT_SHARE_POOR if stars <= FAIR else EDIT_SHARE_GOOD):
            turn = await self._edit(turn)
        if stage.pace is not None:
            await stage.api.post(path_of(self.held, "heartbeat"), {"epoch": self.epoch})
        return turn

    async def _edit(self, turn: dict[str, Any]) -> dict[str, Any]:
        await self.stage.pause(EDIT_SECONDS, self.rng)
        text = edit_reply(turn["text"], self.rng, domain=domain_of(self.held["task"]), language=self.language)
        body = {"epoch": self.epoch, "text": text[:LONGEST_MESSAGE]}
        edited: dict[str, Any] = await self.stage.api.put(self._path(turn, "text"), body)
        self.stage.moved("edited")
        return edited

    async def _mend(self) -> None:
        """After the reviewer sent it back: one reply is put right, the rest stands."""
        ours = [n for n, turn in enumerate(self.turns) if turn["role"] == "assistant" and turn["model"] != "import"]
        chosen = self.rng.choice(ours)
        self.turns[chosen] = await self._edit(self.turns[chosen])

    async def _ask(self, text: str) -> dict[str, Any]:
        words = len(text) / CHARACTERS_A_WORD
        await self.stage.pause(min(LONGEST_TYPING_SECONDS, 60 * words / self.player.person.speed), self.rng)
        body = {"epoch": self.epoch, "text": text, "no": len(self.turns) + 1}
        turn: dict[str, Any] = await self.stage.api.post(path_of(self.held, "dialogue/turns"), body)
        self.stage.moved("asked")
        return turn


def _lacks_rating(turn: dict[str, Any]) -> bool:
    return turn["role"] == "assistant" and turn["rating"] is None and turn["model"] not in ("import", "annotator")


def _exchanges(turns: list[dict[str, Any]]) -> int:
    return sum(turn["role"] == "assistant" and turn["model"] != "import" for turn in turns)
