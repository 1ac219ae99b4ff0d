"""Lots on the database: frozen, looked at by others, decided by the sample, and one for a piece at a time."""

import asyncpg
import pytest

from kernel import db
from kernel.settings import Settings
from routing import lot_book
from routing.errors import BadLot, LotDecided, OwnPiece, PieceLookedAt, WrongState
from routing.lot_book import Inspector, LookDraft, LotDraft, LotFilter, LotView, LotWish
from tests.routing.factory import make_annotator, make_project, make_reviewer, make_tasks
from tests.routing.test_overturn import broken, judged

BY = Inspector("person:m", "manager", None)
GOOD, BAD = LookDraft(outcome="good"), LookDraft(outcome="defect", reason="The year is wrong.")


async def looked(view: LotView, draft: LookDraft, by: Inspector = BY) -> LotView:
    piece = next(one for one in await lot_book.sample(view.id) if one.outcome is None)
    async with db.transaction("person:m"):
        return await lot_book.look(view.id, piece.id, draft, by)


@pytest.mark.usefixtures("pool")
async def test_a_lot_is_sent_back_mended_and_the_rest_accepted_in_another(settings: Settings) -> None:
    project = await make_project(settings)
    author, reviewer = await make_annotator(settings, capacity=50), await make_reviewer(settings, capacity=50)
    await make_tasks(project, 9)
    for _ in range(9):
        await judged(settings, project, author, reviewer, "accept")
    wish = LotWish(level="II", aql=6.5)
    plan = await lot_book.preview(project, wish)
    assert (plan.size, plan.letter, plan.sample, plan.accept) == (9, "A", 2, 0)
    with pytest.raises(BadLot):
        await lot_book.preview(project, LotWish(filter=LotFilter(domain="law")))
    with pytest.raises(BadLot):
        await lot_book.preview(project, LotWish(aql=3))
    draft = LotDraft(name="First", level="II", aql=6.5, filter=LotFilter(domain="general", kind="dialogue"))
    async with db.transaction("person:m"):
        first = await lot_book.lot(await lot_book.make(project, draft, "person:m", settings))
    with pytest.raises(BadLot, match="would have 0"):
        await lot_book.preview(project, wish)
    drawn = await lot_book.sample(first.id, reviewer)
    assert [one.own for one in drawn] == [True, True]
    for person in (author, reviewer):
        with pytest.raises(OwnPiece):
            await looked(first, GOOD, Inspector("person:x", "manager", person))
        with pytest.raises(asyncpg.CheckViolationError, match="made or reviewed"):
            await db.execute(
                "INSERT INTO lot_look (id, lot, member, outcome, reason, inspector, role, annotator) "
                "VALUES (gen_random_uuid(), :lot, :member, 'good', '', 'x', 'manager', :person)",
                lot=first.id, member=drawn[0].id, person=person,
            )  # fmt: skip
    for change in (
        "UPDATE lot SET accept = 5", "UPDATE lot_member SET place = 9 WHERE place = 1",
        "INSERT INTO lot_member (id, lot, submission, live) SELECT gen_random_uuid(), lot, id, false FROM lot_member LIMIT 1",
    ):  # fmt: skip
        with pytest.raises(asyncpg.CheckViolationError, match="stay as they were made"):
            await db.execute(change)
    with pytest.raises(BadLot):
        await looked(first, LookDraft(outcome="defect", reason=" "))
    over = await looked(first, BAD)
    assert (over.state, over.looked, over.reason) == ("sent_back", 1, "1 of 1 pieces had a defect; 0 are allowed.")
    with pytest.raises(LotDecided):
        await looked(first, GOOD)
    async with db.transaction("person:m"):
        done = await lot_book.rework(first.id, "As agreed.", "person:m", None)
    assert (done.sent, done.left) == (1, 0)
    assert await db.fetch_value("SELECT count(*) FROM submission WHERE state = 'rejected'") == 1
    with pytest.raises(WrongState):
        async with db.transaction("person:m"):
            await lot_book.rework(first.id, "Again.", "person:m", None)
    async with db.transaction("person:m"):
        second = await lot_book.lot(
            await lot_book.make(project, LotDraft(name="Second", aql=6.5), "person:m", settings)
        )
    assert (second.size, second.state) == (8, "open")
    assert second.digest != first.digest
    await looked(second, GOOD)
    (piece, *_) = await lot_book.sample(second.id)
    with pytest.raises(PieceLookedAt):
        async with db.transaction("person:m"):
            await lot_book.look(second.id, piece.id, GOOD, BY)
    assert (await looked(second, GOOD)).state == "accepted"
    told = await lot_book.certificate(second.id, project)
    assert [(one.role, one.people, one.looks) for one in told.inspectors] == [("manager", 1, 2)]
    assert (told.findings, told.characteristic[0].accepted) == ([], 1.0)
    assert [one.name for one in await lot_book.lots_of(project)] == ["Second", "First"]
    assert await broken() == []
