"""A held dialogue task, made through the product's own functions, and short forms of what an annotator does with it."""

from typing import Any, NamedTuple
from uuid import UUID

from dialogue import conversations, replies
from dialogue.views import ConversationView, TurnView
from kernel import db
from kernel.settings import Settings
from routing.assignments import AssignmentView
from tests.routing.factory import claim_one, make_annotator, make_project, make_tasks

OPENING = "What is a share buyback?"


class Desk(NamedTuple):
    """One annotator with one live assignment. Each method is one request: a transaction of its own."""

    settings: Settings
    project_id: UUID
    held: AssignmentView

    @property
    def hold(self) -> tuple[UUID, UUID, int]:
        return self.held.id, self.held.annotator_id, self.held.epoch

    async def open(self, topic: str = "Buybacks", text: str | None = OPENING) -> ConversationView:
        async with db.transaction("test"):
            return await conversations.open_conversation(*self.hold, topic, text, settings=self.settings)

    async def say(self, text: str, *, no: int | None = None) -> TurnView:
        async with db.transaction("test"):
            return await conversations.add_user_turn(*self.hold, text, settings=self.settings, no=no)

    async def hear(self, user_turn_no: int) -> TurnView:
        return await replies.reply(*self.hold, user_turn_no, settings=self.settings)

    async def write(self, user_turn_no: int, text: str) -> TurnView:
        async with db.transaction("test"):
            return await conversations.write_reply_myself(*self.hold, user_turn_no, text, settings=self.settings)

    async def rate(self, turn: TurnView, rating: int = 4, comment: str | None = None) -> TurnView:
        async with db.transaction("test"):
            return await conversations.rate(*self.hold, turn.id, rating=rating, comment=comment, settings=self.settings)

    async def edit(self, turn: TurnView, text: str, **options: Any) -> TurnView:
        async with db.transaction("test"):
            return await conversations.edit_reply(*self.hold, turn.id, text, settings=self.settings, **options)

    async def see(self) -> ConversationView:
        found = await conversations.conversation_of(self.held.task_id, self.held.annotator_id)
        assert found is not None
        return found

    async def exchange(self, text: str | None = None, rating: int = 4) -> TurnView:
        """One whole round; without text the reply to what stands last."""
        no = (await self.say(text)).no if text is not None else (await self.see()).turns[-1].no
        return await self.rate(await self.hear(no), rating)


async def make_desk(settings: Settings, *, payload: dict[str, Any] | None = None, **changes: Any) -> Desk:
    project_id = await make_project(settings, **changes)
    await make_tasks(project_id, payload=payload or {})
    annotator_id = await make_annotator(settings)
    return Desk(settings, project_id, await claim_one(settings, annotator_id))
