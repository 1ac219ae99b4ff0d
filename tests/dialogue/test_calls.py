"""Several replies for one message: each by itself, each stored once, one that fails harming none of the others."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest
from msgspec.structs import replace

from dialogue import bot_settings, calls
from dialogue.bot_settings import BotDraft
from dialogue.bots import Ask, BotConfig, Message
from dialogue.calls import Landed, Question
from dialogue.errors import BotCut, BotUnavailable
from dialogue.views import TurnView
from kernel import db
from kernel.clock import now
from kernel.errors import Conflict, Invalid
from kernel.ids import uuid7
from kernel.settings import Settings
from tests.dialogue.factory import OPENING, Desk, make_desk
from tests.dialogue.fake_endpoint import endpoint, streams

pytestmark = pytest.mark.usefixtures("pool")


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, bot_allow_private_addresses=True, offline_bot_pause_seconds=0.0)


@pytest.fixture
async def desk(settings: Settings) -> AsyncIterator[Desk]:
    desk = await make_desk(settings)
    await desk.open()
    yield desk
    await calls.stop()


async def question_of(desk: Desk) -> Question:
    turn = (await desk.see()).turns[0]
    ask = Ask(messages=[Message("user", OPENING)], language="en", domain="general", seed=3)
    return Question(turn_id=turn.id, project_id=desk.project_id, ask=ask)


class Shelf:
    """What a caller stores of the replies: here, in memory."""

    def __init__(self) -> None:
        self.landed: dict[int, Landed] = {}

    async def keep(self, landed: Landed) -> TurnView:
        assert db.in_transaction()
        self.landed[landed.place] = landed
        return TurnView(id=uuid7(), no=2, role="assistant", text=landed.text, created_at=now(), changed_at=now())


async def add_bot(desk: Desk, name: str, url: str, **changes: object) -> UUID | None:
    async with db.transaction("test"):
        draft = BotDraft(name=name, kind="openai", base_url=url, model=name, **changes)  # type: ignore[arg-type]
        return (await bot_settings.create_bot(desk.project_id, draft, settings=desk.settings)).id


async def ask(desk: Desk, shelf: Shelf, places: range) -> list[object]:
    flights = await calls.replies_for(
        await question_of(desk), places, actor="test", keep=shelf.keep, settings=desk.settings
    )
    return list(await calls.settled(flights))


async def test_one_of_three_fails_and_the_others_stay(desk: Desk) -> None:
    async with endpoint(streams("Good")) as good, endpoint(streams("Half", end=b""), streams("Mended")) as bad:
        await add_bot(desk, "good", good.url, candidates=2)
        await add_bot(desk, "bad", bad.url)
        shelf = Shelf()
        found = await ask(desk, shelf, range(3))
        assert Counter(type(one).__name__ for one in found) == {"str": 2, "BotCut": 1}
        (fault,) = [one for one in found if isinstance(one, BotCut)]
        assert fault.extra["partial"] == "Half"
        assert len(good.seen) == 2
        assert {landed.text for landed in shelf.landed.values()} == {"Good"}

        again = await ask(desk, shelf, range(3))
        assert all(isinstance(text, str) for text in again), "only what is missing is asked again"
        assert len(good.seen) + len(bad.seen) == 4


async def test_they_are_asked_at_the_same_time_and_heard_while_they_come(desk: Desk) -> None:
    gate = asyncio.Event()
    async with endpoint(streams("First ", "then", gate=gate)) as fake:
        await add_bot(desk, "m", fake.url, candidates=3)
        shelf = Shelf()
        flights = await calls.replies_for(
            await question_of(desk), range(3), actor="test", keep=shelf.keep, settings=desk.settings
        )
        firsts = [await asyncio.wait_for(anext(flight.pieces()), 30) for flight in flights]
        assert firsts == ["First "] * 3
        assert len(fake.seen) == 3
        gate.set()
        assert await calls.settled(flights) == ["First then"] * 3
    assert {landed.params["temperature"] for landed in shelf.landed.values()} == {0.7}
    assert {flight.place for flight in flights} == {0, 1, 2}


async def test_each_bot_gives_its_share(desk: Desk) -> None:
    async with endpoint(streams("x")) as one, endpoint(streams("y")) as two:
        await add_bot(desk, "one", one.url, candidates=3)
        await add_bot(desk, "two", two.url)
        assert await calls.places_of(desk.project_id, desk.settings) == 4
        await ask(desk, Shelf(), range(8))
        assert (len(one.seen), len(two.seen)) == (6, 2)


async def test_the_built_in_bot_says_something_else_at_each_place(desk: Desk) -> None:
    found = await ask(desk, Shelf(), range(4))
    assert len(set(found)) > 1


async def test_what_cannot_be_kept_is_kept_by_whoever_asks_next(desk: Desk) -> None:
    async def refuse(_landed: Landed) -> TurnView:
        raise Conflict("the hold is gone")

    async with endpoint(streams("Paid once")) as fake:
        await add_bot(desk, "m", fake.url)
        question = await question_of(desk)
        (flight,) = await calls.replies_for(question, [0], actor="test", keep=refuse, settings=desk.settings)
        assert await flight.landed() == "Paid once"
        assert flight.kept is None
        (flight,) = await calls.replies_for(question, [0], actor="test", keep=refuse, settings=desk.settings)
        assert await flight.landed() == "Paid once"
        assert len(fake.seen) == 1


async def test_too_many_or_no_places_are_refused(desk: Desk) -> None:
    for places in (range(9), range(0), [-1]):
        with pytest.raises(Invalid):
            await calls.replies_for(
                await question_of(desk), places, actor="test", keep=Shelf().keep, settings=desk.settings
            )


async def test_a_key_that_cannot_be_opened_stops_its_own_bot_alone(desk: Desk) -> None:
    async with endpoint(streams("Good")) as good, endpoint(streams("Never")) as locked:
        await add_bot(desk, "good", good.url)
        bad = await add_bot(desk, "locked", locked.url, api_key="sk-1")
        await db.execute("UPDATE bot SET api_key_encrypted = '\\x00'::bytea WHERE id = :id", id=bad)
        found = await ask(desk, Shelf(), range(2))
        assert "Good" in found
        (fault,) = [one for one in found if not isinstance(one, str)]
        assert not isinstance(fault, BotUnavailable)
        assert fault.code == "configuration"  # type: ignore[attr-defined]
        assert not locked.seen


async def test_which_bot_is_where_cannot_be_reckoned_from_ids(desk: Desk, tmp_path: Path) -> None:
    question = await question_of(desk)
    bots = [BotConfig(project_id=desk.project_id, kind="offline", model=name) for name in "abcdef"]

    def drawn(settings: Settings, draw: int = 1) -> str:
        return "".join(bot.model for bot in calls._ring(bots, question, draw, settings))

    elsewhere = replace(desk.settings, data_dir=tmp_path, master_key="")
    assert drawn(desk.settings) == drawn(desk.settings), "the same for the same message"
    assert len({drawn(settings, draw) for settings in (desk.settings, elsewhere) for draw in (1, 2, 3)}) > 3
