"""Lots on the database: frozen, looked at by others, decided by the sample, and one for a piece at a time."""

import asyncpg
import pytest

from kernel import db
from kernel.settings import Settings
from routing import holds, inspecting, lot_book, overturn
from routing.breaker import LIMIT
from routing.errors import (
    BadLot,
    BadRequirement,
    LotDecided,
    NoSuchLot,
    OwnPiece,
    PieceLookedAt,
    RejectionTrips,
    ReviewerHeld,
    WrongState,
)
from routing.lot_book import Inspector, LookDraft, LotDraft, LotFilter, LotView, LotWish
from routing.overturn import OverturnDraft
from tests.routing.factory import WORK, make_annotator, make_project, make_reviewer, make_tasks
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


@pytest.mark.usefixtures("pool")
async def test_an_open_lot_is_withdrawn_with_a_reason_and_its_pieces_are_free(settings: Settings) -> None:
    project = await make_project(settings)
    author, reviewer = await make_annotator(settings, capacity=50), await make_reviewer(settings, capacity=50)
    await make_tasks(project, 4)
    for _ in range(4):
        await judged(settings, project, author, reviewer, "accept")
    draft = LotDraft(name="First", aql=6.5)
    async with db.transaction("person:m"):
        first = await lot_book.lot(await lot_book.make(project, draft, "person:m", settings))
    await looked(first, GOOD)
    async with db.transaction("person:m"):
        gone = await lot_book.withdraw(first.id, "The customer wants two lots.")
    assert (gone.state, gone.reason, gone.looked) == ("withdrawn", "The customer wants two lots.", 1)
    with pytest.raises(LotDecided):
        await looked(first, GOOD)
    with pytest.raises(WrongState):
        async with db.transaction("person:m"):
            await lot_book.withdraw(first.id, "Again.")
    audited = await db.fetch("SELECT action, reason FROM audit_entry WHERE subject_type = 'lot' ORDER BY seq")
    assert ("lot.withdraw", "The customer wants two lots.") in [(row["action"], row["reason"]) for row in audited]
    assert (await lot_book.preview(project, LotWish(aql=6.5))).size == 4
    assert await broken() == []


@pytest.mark.usefixtures("pool")
async def test_people_whom_the_lot_names_look_at_its_sample(settings: Settings) -> None:
    project = await make_project(settings)
    author, reviewer = await make_annotator(settings, capacity=50), await make_reviewer(settings, capacity=50)
    able, weak = await make_reviewer(settings, "Able"), await make_reviewer(settings, "Weak", skills={"general": 2})
    await make_tasks(project, 3)
    for _ in range(3):
        await judged(settings, project, author, reviewer, "accept")
    with pytest.raises(BadRequirement, match="inspectors"):
        async with db.transaction("person:m"):
            await lot_book.make(project, LotDraft(name="x", inspectors={"role": "wizard"}), "person:m", settings)
    with pytest.raises(BadRequirement, match="no one domain"):
        async with db.transaction("person:m"):
            await lot_book.make(project, LotDraft(name="x", inspectors={"min_level": 4}), "person:m", settings)
    draft = LotDraft(name="L", aql=10, filter=LotFilter(domain="general"), inspectors={"min_level": 4})
    async with db.transaction("person:m"):
        lot = await lot_book.make(project, draft, "person:m", settings)
    may = {
        name: [one.id for one in await inspecting.lots_for(who, settings)]
        for name, who in (("author", author), ("reviewer", reviewer), ("able", able), ("weak", weak))
    }
    assert may == {"author": [], "reviewer": [lot], "able": [lot], "weak": []}
    assert await inspecting.next_piece(reviewer, lot) is None, "they reviewed all of it"
    with pytest.raises(NoSuchLot):
        await inspecting.lot_for(weak, lot, settings)
    piece = await inspecting.next_piece(able, lot)
    assert piece is not None
    assert (piece.place, piece.payload) == (1, WORK)
    async with db.transaction("annotator:able"):
        await lot_book.look(lot, piece.id, GOOD, Inspector(f"annotator:{able}", "reviewer", able))
    after = await inspecting.next_piece(able, lot)
    assert after is None or after.place == 2
    with pytest.raises(asyncpg.CheckViolationError, match="stay as they were made"):
        await db.execute("UPDATE lot SET inspectors = '{}'")
    assert await broken() == []


@pytest.mark.usefixtures("pool")
async def test_the_rework_of_a_lot_is_one_decision_and_no_burst_of_rejections(settings: Settings) -> None:
    """Whoever overturned nearly as much as the breaker lets pass may still press it, and it adds nothing to their sum."""
    project = await make_project(settings, answer_limit=1)
    author, honest = await make_annotator(settings, capacity=50), await make_reviewer(settings, "H", capacity=50)
    await make_tasks(project, 24)
    verdicts = [await judged(settings, project, author, honest, "accept") for _ in range(24)]

    async def summed() -> float:
        async with db.transaction("person:m"):
            return (await holds._summed(RejectionTrips("person:m", author)))[1]

    singly = 0
    while await summed() < LIMIT - 1.5:
        async with db.transaction("person:m"):
            await overturn.overturn(verdicts[singly], OverturnDraft(outcome="reject", reason="No."), by=None)
        singly += 1
    assert 3 < singly < 15
    async with db.transaction("person:m"):
        wish = LotDraft(name="Many", level="III", aql=10)
        lot = await lot_book.lot(await lot_book.make(project, wish, "person:m", settings))
    while lot.state == "open":
        lot = await looked(lot, BAD)
    assert lot.defects > 1
    before = await summed()
    async with db.transaction("person:m"):
        done = await lot_book.rework(lot.id, "As agreed.", "person:m", None)
    assert (done.sent, done.left) == (lot.defects, 0)
    assert await summed() <= before
    assert await broken() == []
    async with db.transaction("person:m"):
        await holds.hold(RejectionTrips("person:m", author))
    with pytest.raises(ReviewerHeld):
        async with db.transaction("person:m"):
            await holds.refuse_held()
